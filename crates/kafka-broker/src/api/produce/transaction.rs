//! Records that are part of a transaction: verified with its coordinator before they are appended.

use std::sync::Arc;

use kafka_log::format::batch::BatchHeader;
use kafka_rpc::ErrorCode;

use super::super::verify::{Origin, Support, verify};
use super::{Failure, Part};
use crate::broker::Shared;
use crate::transaction::Producer;

/// Since these versions clients know `TRANSACTION_ABORTABLE`, and do not add partitions to the transaction themselves.
const ABORTABLE_MIN_VERSION: i16 = 11;
const IMPLICIT_MIN_VERSION: i16 = 12;

/// Producer and first sequence of a transactional batch.
pub(super) fn of(records: &[u8]) -> Option<(Producer, i32)> {
    let (header, _) = BatchHeader::split_first(records).ok()?;
    let is_transactional = header.producer_id() >= 0 && header.attributes().is_transactional();
    is_transactional.then(|| {
        let producer = Producer { id: header.producer_id(), epoch: header.producer_epoch() };
        (producer, header.base_sequence())
    })
}

/// Verifies the transactional parts of a request, at least one (`handleProduceAppend`).
pub(super) fn verify_parts(shared: &Shared, version: i16, id: Option<&str>, parts: &mut [Part<'_>], now_ms: i64) {
    let Some(transactional_id) = id else {
        parts.iter_mut().for_each(|part| part.refuse(Failure::Code(ErrorCode::TransactionalIdAuthorizationFailed)));
        return;
    };
    let mut producers = parts.iter().filter_map(|part| part.transaction).map(|(producer, _)| producer);
    let Some(producer) = producers.next() else { return };
    if producers.any(|other| other != producer) {
        parts.iter_mut().for_each(|part| part.refuse(Failure::Code(ErrorCode::InvalidProducerIdMapping)));
        return;
    }
    let support = match version {
        IMPLICIT_MIN_VERSION.. => Support::Implicit,
        ABORTABLE_MIN_VERSION => Support::Abortable,
        _ => Support::OldErrors,
    };
    let mut open: Vec<_> = parts
        .iter_mut()
        .filter_map(|part| {
            let ((_, sequence), partition) = (part.transaction?, part.partition.clone()?);
            Some((part, partition, sequence))
        })
        .collect();
    let records: Vec<_> = open.iter().map(|(_, partition, sequence)| (Arc::as_ref(partition), *sequence)).collect();
    let verified = verify(shared, Origin { transactional_id, producer, support }, &records, now_ms);
    for ((part, ..), verified) in open.iter_mut().zip(verified) {
        match verified {
            Ok(guard) => part.guard = guard,
            Err(error) => part.refuse(refusal(error, support)),
        }
    }
}

/// What a producer hears, which knows some errors of coordinators only from its own requests to them.
fn refusal(error: ErrorCode, support: Support) -> Failure {
    let retry = |error: ErrorCode| {
        let why = format!(
            "Unable to verify the partition has been added to the transaction. Underlying error: {}",
            error.name()
        );
        Failure::Said(ErrorCode::NotEnoughReplicas, why.into())
    };
    match error {
        ErrorCode::InvalidTxnState => Failure::Said(error, "Partition was not added to the transaction".into()),
        ErrorCode::NetworkException
        | ErrorCode::CoordinatorLoadInProgress
        | ErrorCode::CoordinatorNotAvailable
        | ErrorCode::NotCoordinator => retry(error),
        ErrorCode::ConcurrentTransactions if support != Support::Implicit => retry(error),
        other => Failure::Code(other),
    }
}
