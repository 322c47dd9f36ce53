//! Records are part of a transaction that its coordinator knows of, before they are appended (KIP-890, `AddPartitionsToTxnManager`).
//! On one broker the coordinator is asked with a call.

use std::sync::Arc;

use kafka_log::log::VerificationGuard;
use kafka_rpc::ErrorCode;

use crate::broker::Shared;
use crate::partitions::Partition;
use crate::transaction::Producer;

/// What clients of this version make of transactions (`TransactionVersion`).
const IMPLICIT_CLIENT_VERSION: i16 = 2;

/// What a client understands (`TransactionSupportedOperation`).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Support {
    /// The errors of old.
    OldErrors,
    /// `TRANSACTION_ABORTABLE`, too.
    Abortable,
    /// It leaves it to the broker to add the partition to the transaction.
    Implicit,
}

/// Whose records they are.
#[derive(Clone, Copy)]
pub(super) struct Origin<'a> {
    pub(super) transactional_id: &'a str,
    pub(super) producer: Producer,
    pub(super) support: Support,
}

/// Verifies records for partitions, each with the sequence of its first batch, or adds the partitions to the transaction. Gives the
/// guard that goes with each append.
pub(super) fn verify(
    shared: &Shared,
    origin: Origin<'_>,
    records: &[(&Partition, i32)],
    now_ms: i64,
) -> Vec<Result<VerificationGuard, ErrorCode>> {
    let Origin { transactional_id, producer, support } = origin;
    let is_implicit = support == Support::Implicit;
    if !is_implicit && !shared.manager.producer_config().verification_enabled {
        return records.iter().map(|_| Ok(VerificationGuard::SENTINEL)).collect();
    }
    let begin = |(partition, sequence): &(&Partition, i32)| {
        partition.start_verification(producer, *sequence, is_implicit, now_ms)
    };
    let mut guards: Vec<_> = records.iter().map(begin).collect();
    let is_out = |guard: &Result<VerificationGuard, ErrorCode>| {
        guard.as_ref().is_ok_and(|guard| *guard != VerificationGuard::SENTINEL)
    };
    let asked = records.iter().zip(&guards).filter(|(_, guard)| is_out(guard)).map(|((partition, _), _)| {
        let tp = partition.topic_partition();
        (Arc::from(tp.topic()), tp.partition())
    });
    let asked: Vec<_> = asked.collect();
    if asked.is_empty() {
        return guards;
    }
    let of = (transactional_id, producer);
    let answers = match is_implicit {
        true => {
            let added = shared.transactions.add_partitions(shared, of, &asked, IMPLICIT_CLIENT_VERSION, now_ms);
            vec![added; asked.len()]
        }
        false => shared.transactions.verify_partitions(shared, of, &asked, now_ms),
    };
    for (guard, answer) in guards.iter_mut().filter(|guard| is_out(guard)).zip(answers) {
        if let Err(error) = answer {
            *guard = Err(as_heard(error, support));
        }
    }
    guards
}

fn as_heard(error: ErrorCode, support: Support) -> ErrorCode {
    match error {
        ErrorCode::ProducerFenced => ErrorCode::InvalidProducerEpoch,
        ErrorCode::TransactionAbortable if support == Support::OldErrors => ErrorCode::InvalidTxnState,
        other => other,
    }
}
