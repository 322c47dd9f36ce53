//! What happens once records are written, committed, or neither.

use std::sync::Arc;

use kafka_rpc::ErrorCode;

use super::super::Reply;
use super::super::outcome::{Completion, Downgrade, Outcome, append_error};
use super::{Group, Shard, Uncommitted};

impl<T: Copy> Shard<T> {
    /// Takes an outcome whose records were appended from `base_offset` on; offsets are visible from now on.
    pub(in super::super) fn appended(&mut self, mut outcome: Outcome<T>, base_offset: i64, now_ms: i64) {
        let producer_id = outcome.producer.map(|(producer_id, _)| producer_id);
        let mut last_offset = base_offset;
        for (record, offset) in outcome.records.iter().zip(base_offset..) {
            self.apply(record, offset, producer_id, now_ms);
            last_offset = offset;
        }
        if let Some(Downgrade { group, rebalances }) = outcome.downgrade.take() {
            let id = Arc::clone(&group.id);
            self.groups.insert(Arc::clone(&id), Group::Classic(group));
            // No member waits in the group yet, so there is nothing to answer.
            self.with_classic(&id, now_ms, &mut Outcome::default(), |group, cx| group.downgraded(cx, rebalances));
        }
        self.uncommitted.push_back(Uncommitted { last_offset, outcome });
    }

    /// Takes an outcome without records. Its answers must not overtake the commit of what they rest on.
    pub(in super::super) fn hold(&mut self, mut outcome: Outcome<T>) -> Vec<(T, Reply)> {
        match self.uncommitted.back_mut() {
            None => outcome.replies,
            Some(last) => {
                last.outcome.replies.append(&mut outcome.replies);
                Vec::new()
            }
        }
    }

    /// Takes an outcome whose records could not be appended; what comes of it is an outcome again.
    pub(in super::super) fn append_failed(&mut self, outcome: Outcome<T>, error: ErrorCode, now_ms: i64) -> Outcome<T> {
        let error = append_error(error);
        let mut out = Outcome { replies: outcome.replies, ..Outcome::default() };
        for (_, reply) in &mut out.replies {
            reply.fail(error);
        }
        match outcome.completion {
            None | Some(Completion::ClassicMember { .. }) => {}
            Some(Completion::NewGroup { group }) => {
                if let Some(Group::Classic(mut group)) = self.groups.remove(&group) {
                    let waiters = group.take_waiters().join.into_iter();
                    let refused = |waiter: super::super::outcome::Waiter<T>| {
                        (waiter.ticket, Reply::join_error(error, "", waiter.version))
                    };
                    out.replies.extend(waiters.map(|(_, waiter)| refused(waiter)));
                }
            }
            Some(Completion::Assignment { group, generation, .. }) => {
                self.with_classic(&group, now_ms, &mut out, |group, cx| group.assignment_lost(cx, generation, error));
            }
            Some(Completion::StaticMember { group, member, before }) => {
                self.with_classic(&group, now_ms, &mut out, |group, cx| {
                    group.static_member_lost(cx, &member, &before, error);
                });
            }
        }
        out
    }

    /// Gives the answers to everything that is committed, now that the high watermark is there.
    pub(in super::super) fn committed(&mut self, high_watermark: i64, now_ms: i64) -> Vec<(T, Reply)> {
        let mut replies = Vec::new();
        while self.uncommitted.front().is_some_and(|first| first.last_offset < high_watermark) {
            let Some(Uncommitted { outcome, .. }) = self.uncommitted.pop_front() else { break };
            let mut out = Outcome { replies: outcome.replies, ..Outcome::default() };
            match outcome.completion {
                None | Some(Completion::NewGroup { .. }) => {}
                Some(Completion::ClassicMember { group, member, session_timeout_ms, sync_timeout_ms }) => {
                    self.with_consumer(&group, now_ms, |group, cx| {
                        group.await_sync(cx, &member, session_timeout_ms, sync_timeout_ms);
                    });
                }
                Some(Completion::Assignment { group, generation, assignments }) => {
                    self.with_classic(&group, now_ms, &mut out, |group, cx| {
                        group.assignment_stored(cx, generation, &assignments);
                    });
                }
                Some(Completion::StaticMember { group, member, before }) => {
                    self.with_classic(&group, now_ms, &mut out, |group, cx| {
                        group.static_member_stored(cx, &member, &before);
                    });
                }
            }
            replies.append(&mut out.replies);
        }
        replies
    }
}
