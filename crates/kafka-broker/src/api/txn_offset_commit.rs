//! TxnOffsetCommit, 0 to 5.

use kafka_log::log::VerificationGuard;
use kafka_rpc::ErrorCode;
use kafka_rpc::acl::AclOperation;
use kafka_rpc::messages::TxnOffsetCommitRequest;

use super::groups::Names;
use super::verify::{Origin, Support, verify};
use super::{Call, Handled, Refusal};
use crate::broker::{at_once, write_reply};
use crate::group::{self, Reply, Topics as _};
use crate::topics::GROUP_METADATA_TOPIC;
use crate::transaction::Producer;

/// Stands for no sequence: the coordinator's batches have none.
const NO_SEQUENCE: i32 = -1;
/// Since these versions clients know `TRANSACTION_ABORTABLE`, and do not add offsets to the transaction themselves.
const ABORTABLE_MIN_VERSION: i16 = 4;
const IMPLICIT_MIN_VERSION: i16 = 5;
/// Before this version clients cannot do anything with `COORDINATOR_LOAD_IN_PROGRESS` (KAFKA-7296).
const LOADING_MIN_VERSION: i16 = 2;

pub(super) fn handle(call: &mut Call<'_>) -> Result<Handled, Refusal> {
    let request: TxnOffsetCommitRequest<'_> = call.message()?;
    let (shared, now_ms, ticket, version) = (call.shared, call.at.now_ms, call.ticket(), call.version());
    let rights = call.rights();
    let checked = rights.check_transactional_id(AclOperation::Write, &request.transactional_id);
    if let Err(code) = checked.and_then(|()| rights.check_group(AclOperation::Read, &request.group_id)) {
        return call.respond(&group::refuse_txn_offset_commit(&request, code));
    }
    let names = Names { shared, rights: &rights, operation: AclOperation::Read };
    // Where no offset can be taken, nothing becomes a part of the transaction.
    let is_possible = |name: &str| !names.refuses(name) && names.topic_id(name).is_some();
    let guard = match request.topics.iter().any(|topic| is_possible(&topic.name)) {
        true => guard(call, &request).map_err(group::append_error),
        false => Ok(VerificationGuard::SENTINEL),
    };
    let reply = at_once(ticket, || shared.groups.txn_offset_commit(&request, guard, &names, ticket, now_ms));
    // The offsets are answered when they are written, which is at once.
    let Some(mut reply) = reply else { return Ok(Handled::Later(ticket)) };
    if version < LOADING_MIN_VERSION
        && let Reply::TxnOffsetCommit(response) = &mut reply
    {
        let partitions = response.topics.iter_mut().flat_map(|topic| topic.partitions.iter_mut());
        let loading = partitions.filter(|of| of.error_code == ErrorCode::CoordinatorLoadInProgress.code());
        loading.for_each(|of| of.error_code = ErrorCode::CoordinatorNotAvailable.code());
    }
    write_reply(&reply, ticket, call.out).map_err(|error| Refusal::Response(ticket.api_key, error))?;
    Ok(Handled::Done)
}

/// The proof that the offsets are part of the transaction.
fn guard(call: &Call<'_>, request: &TxnOffsetCommitRequest<'_>) -> Result<VerificationGuard, ErrorCode> {
    let shared = call.shared;
    let offsets = shared.topics.named(GROUP_METADATA_TOPIC)?;
    let partition = offsets.partition(shared.groups.partition_for(&request.group_id))?;
    let support = match call.version() {
        IMPLICIT_MIN_VERSION.. => Support::Implicit,
        ABORTABLE_MIN_VERSION => Support::Abortable,
        _ => Support::OldErrors,
    };
    let producer = Producer { id: request.producer_id, epoch: request.producer_epoch };
    let origin = Origin { transactional_id: &request.transactional_id, producer, support };
    let verified = verify(shared, origin, &[(partition.as_ref(), NO_SEQUENCE)], call.at.now_ms);
    verified.into_iter().next().unwrap_or(Ok(VerificationGuard::SENTINEL))
}
