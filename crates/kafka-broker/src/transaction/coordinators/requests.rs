//! InitProducerId, AddPartitionsToTxn, EndTxn, and the verification of records.

use kafka_rpc::ErrorCode;

use super::super::machine::{Ended, Initialized, Outcome, Partition, Transaction};
use super::super::{Host, Init, Producer};
use super::Coordinators;
use crate::net::Ticket;

impl Coordinators {
    /// InitProducerId of a transactional id.
    ///
    /// # Errors
    /// `CONCURRENT_TRANSACTIONS` also where a transaction of another producer has just been aborted: the client asks again.
    pub(crate) fn init_producer_id(
        &self,
        host: &dyn Host,
        request: Init<'_>,
        now_ms: i64,
    ) -> Result<Producer, ErrorCode> {
        let (id, timeout_ms) = (request.transactional_id, request.timeout_ms);
        if id.is_empty() {
            return Err(ErrorCode::InvalidRequest);
        }
        if !(1..=self.config.max_timeout_ms).contains(&timeout_ms) {
            return Err(ErrorCode::InvalidTransactionTimeout);
        }
        self.with(host, id, now_ms, |led| {
            let next_id = || host.next_producer_id();
            let initialized = match led.shard.transactions.get(id) {
                Some(known) => known.init(timeout_ms, request.expected, &next_id, now_ms)?,
                None => Transaction::new(next_id()?, timeout_ms, now_ms).init(
                    timeout_ms,
                    request.expected,
                    &next_id,
                    now_ms,
                )?,
            };
            match initialized {
                Initialized::Next(next) => {
                    let producer = next.producer();
                    led.write(id, *next)?;
                    tracing::debug!(
                        transactional_id = id,
                        producer_id = producer.id,
                        producer_epoch = producer.epoch,
                        "initialized a transactional producer"
                    );
                    Ok(producer)
                }
                Initialized::Fence => {
                    if let Some(fenced) = led.abort(id)? {
                        Self::count(&self.totals.fenced, 1);
                        tracing::info!(
                            transactional_id = id,
                            producer_id = fenced.id,
                            producer_epoch = fenced.epoch,
                            "fenced a producer and aborted its transaction, because another one began"
                        );
                    }
                    Err(ErrorCode::ConcurrentTransactions)
                }
            }
        })
    }

    /// AddPartitionsToTxn of a client that speaks this version of transactions.
    ///
    /// # Errors
    /// Why the partitions were not added.
    pub(crate) fn add_partitions(
        &self,
        host: &dyn Host,
        (id, producer): (&str, Producer),
        partitions: &[Partition],
        client_version: i16,
        now_ms: i64,
    ) -> Result<(), ErrorCode> {
        if id.is_empty() {
            return Err(ErrorCode::InvalidRequest);
        }
        self.with(host, id, now_ms, |led| {
            let known = led.shard.transactions.get(id).ok_or(ErrorCode::InvalidProducerIdMapping)?;
            match known.add_partitions(producer, partitions, client_version, now_ms)? {
                Some(next) => led.write(id, next),
                None => Ok(()),
            }
        })
    }

    /// Whether partitions are part of the open transaction of a producer: the answer for each, in their order.
    pub(crate) fn verify_partitions(
        &self,
        host: &dyn Host,
        (id, producer): (&str, Producer),
        partitions: &[Partition],
        now_ms: i64,
    ) -> Vec<Result<(), ErrorCode>> {
        let all = |error| partitions.iter().map(|_| Err(error)).collect();
        if id.is_empty() {
            return all(ErrorCode::InvalidRequest);
        }
        let verified = self.with(host, id, now_ms, |led| {
            let known = led.shard.transactions.get(id).ok_or(ErrorCode::InvalidProducerIdMapping)?;
            Ok(partitions.iter().map(|partition| known.verify(producer, partition)).collect())
        });
        verified.unwrap_or_else(all)
    }

    /// EndTxn of a client that speaks this version of transactions. Gives what the producer is from now on; `None` where the outcome
    /// is stored and markers are to be written: then the answer comes with [`Host::ended`] after the first attempt.
    ///
    /// # Errors
    /// Why the transaction has not ended.
    pub(crate) fn end_transaction(
        &self,
        host: &dyn Host,
        (id, producer): (&str, Producer),
        is_commit: bool,
        client_version: i16,
        (ticket, now_ms): (Ticket, i64),
    ) -> Result<Option<Producer>, ErrorCode> {
        if id.is_empty() {
            return Err(ErrorCode::InvalidRequest);
        }
        let outcome = if is_commit { Outcome::Commit } else { Outcome::Abort };
        self.with(host, id, now_ms, |led| {
            let known = led.shard.transactions.get(id).ok_or(ErrorCode::InvalidProducerIdMapping)?;
            match known.end(producer, outcome, client_version, &|| host.next_producer_id(), now_ms)? {
                Ended::Already(producer) => Ok(Some(producer)),
                Ended::Prepared(prepared) => {
                    let next = prepared.complete(now_ms).producer();
                    led.write(id, *prepared)?;
                    self.finish_soon(led.partition, id.into(), Some((ticket, next)));
                    Ok(None)
                }
            }
        })
    }
}
