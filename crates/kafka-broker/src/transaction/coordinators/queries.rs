//! ListTransactions, DescribeTransactions, and figures for an operator.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::atomic::Ordering;

use kafka_rpc::ErrorCode;
use kafka_rpc::messages::describe_transactions_response::{TopicData, TransactionState as Described};
use kafka_rpc::messages::list_transactions_response::TransactionState as Listed;
use kafka_rpc::messages::{DescribeTransactionsResponse, ListTransactionsResponse};
use regex_lite::RegexBuilder;

use super::super::machine::Transaction;
use super::super::state::State;
use super::super::{Counts, Filter};
use super::{Coordinators, Slot};

/// Memory of a pattern, compiled.
const PATTERN_BYTES_MAX: usize = 256 * 1024;

impl Coordinators {
    /// ListTransactions.
    pub(crate) fn list(&self, filter: Filter<'_>, now_ms: i64) -> ListTransactionsResponse<'static> {
        let refused = |error: ErrorCode| ListTransactionsResponse { error_code: error.code(), ..Default::default() };
        if self.slots.iter().any(|slot| matches!(&*slot.lock(), Slot::Loading { .. })) {
            return refused(ErrorCode::CoordinatorLoadInProgress);
        }
        let pattern = match filter.pattern.filter(|pattern| !pattern.is_empty()).map(whole) {
            None => None,
            Some(Ok(pattern)) => Some(pattern),
            Some(Err(_)) => return refused(ErrorCode::InvalidRegularExpression),
        };
        let states: HashSet<&str> = filter.states.iter().map(AsRef::as_ref).collect();
        let producer_ids: HashSet<i64> = filter.producer_ids.iter().copied().collect();
        let is_wanted = |id: &str, of: &Transaction| {
            (producer_ids.is_empty() || producer_ids.contains(&of.producer_id))
                && (states.is_empty() || states.contains(of.state.name()))
                && filter.longer_than_ms.is_none_or(|longer| now_ms.saturating_sub(of.start_ms) > longer)
                && pattern.as_ref().is_none_or(|pattern| pattern.is_match(id))
        };
        let mut found = Vec::new();
        for slot in &self.slots {
            if let Slot::Active { shard, .. } = &*slot.lock() {
                let wanted = shard.transactions.iter().filter(|(id, of)| is_wanted(id, of));
                found.extend(wanted.map(|(id, of)| Listed {
                    transactional_id: Cow::Owned(id.to_string()),
                    producer_id: of.producer_id,
                    transaction_state: of.state.name().into(),
                    ..Default::default()
                }));
            }
        }
        let unknown = states.into_iter().filter(|name| !State::is_known(name));
        ListTransactionsResponse {
            unknown_state_filters: unknown.map(|name| Cow::Owned(name.to_owned())).collect(),
            transaction_states: found,
            ..Default::default()
        }
    }

    /// DescribeTransactions.
    pub(crate) fn describe(&self, ids: &[Cow<'_, str>]) -> DescribeTransactionsResponse<'static> {
        // Each once: one with many partitions could be named many times in a short request.
        let mut seen = HashSet::new();
        let ids = ids.iter().map(AsRef::as_ref).filter(|id: &&str| seen.insert(*id));
        let described = ids.map(|id| {
            self.describe_one(id).unwrap_or_else(|error| Described {
                error_code: error.code(),
                transactional_id: Cow::Owned(id.to_owned()),
                ..Default::default()
            })
        });
        DescribeTransactionsResponse { transaction_states: described.collect(), ..Default::default() }
    }

    fn describe_one(&self, id: &str) -> Result<Described<'static>, ErrorCode> {
        if id.is_empty() {
            return Err(ErrorCode::InvalidRequest);
        }
        let mut slot = self.slot(self.partition_for(id)).ok_or(ErrorCode::NotCoordinator)?.lock();
        let of = slot.shard_mut()?.transactions.get(id).ok_or(ErrorCode::TransactionalIdNotFound)?;
        let mut topics: Vec<TopicData<'static>> = Vec::new();
        for (topic, partition) in &of.partitions {
            match topics.last_mut() {
                Some(last) if *last.topic == **topic => last.partitions.push(*partition),
                _ => topics.push(TopicData {
                    topic: Cow::Owned(topic.to_string()),
                    partitions: vec![*partition],
                    ..Default::default()
                }),
            }
        }
        Ok(Described {
            transactional_id: Cow::Owned(id.to_owned()),
            transaction_state: of.state.name().into(),
            transaction_timeout_ms: of.timeout_ms,
            transaction_start_time_ms: of.start_ms,
            producer_id: of.producer_id,
            producer_epoch: of.producer_epoch,
            topics,
            ..Default::default()
        })
    }

    /// How much there is.
    pub(crate) fn counts(&self) -> Counts {
        let total = |of: &std::sync::atomic::AtomicU64| of.load(Ordering::Relaxed);
        let mut counts = Counts {
            fenced: total(&self.totals.fenced),
            timed_out: total(&self.totals.timed_out),
            expired: total(&self.totals.expired),
            ..Counts::default()
        };
        for slot in &self.slots {
            if let Slot::Active { shard, .. } = &*slot.lock() {
                counts.ids += shard.transactions.len();
                counts.ongoing += shard.transactions.values().filter(|of| of.is_open()).count();
                counts.unfinished += shard.transactions.values().filter(|of| of.state.is_prepared()).count();
            }
        }
        counts
    }
}

/// A pattern that has to match the whole text (`Matcher.matches`).
fn whole(pattern: &str) -> Result<regex_lite::Regex, regex_lite::Error> {
    let build = |pattern: &str| RegexBuilder::new(pattern).size_limit(PATTERN_BYTES_MAX).build();
    // Alone first: it must not get out of the parentheses.
    build(pattern)?;
    build(&format!("^(?:{pattern})$"))
}
