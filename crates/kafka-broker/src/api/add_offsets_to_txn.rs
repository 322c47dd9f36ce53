//! AddOffsetsToTxn, 0 to 4.

use kafka_rpc::ErrorCode;
use kafka_rpc::acl::AclOperation;
use kafka_rpc::messages::{AddOffsetsToTxnRequest, AddOffsetsToTxnResponse};

use super::transactions::fenced_error;
use super::{Call, Handled, Refusal};
use crate::topics::GROUP_METADATA_TOPIC;
use crate::transaction::Producer;

/// Since this version clients know `PRODUCER_FENCED`.
const PRODUCER_FENCED_MIN_VERSION: i16 = 2;
/// What clients that ask speak.
const CLIENT_VERSION: i16 = 0;

pub(super) fn handle(call: &mut Call<'_>) -> Result<Handled, Refusal> {
    let request: AddOffsetsToTxnRequest<'_> = call.message()?;
    let rights = call.rights();
    let checked = rights.check_transactional_id(AclOperation::Write, &request.transactional_id);
    if let Err(code) = checked.and_then(|()| rights.check_group(AclOperation::Read, &request.group_id)) {
        return call.respond(&AddOffsetsToTxnResponse { error_code: code.code(), ..Default::default() });
    }
    let shared = call.shared;
    let partition = (GROUP_METADATA_TOPIC.into(), shared.groups.partition_for(&request.group_id));
    let producer = Producer { id: request.producer_id, epoch: request.producer_epoch };
    let of = (request.transactional_id.as_ref(), producer);
    let added = shared.transactions.add_partitions(shared, of, &[partition], CLIENT_VERSION, call.at.now_ms);
    let error = added.err().unwrap_or(ErrorCode::None);
    let error = fenced_error(error, call.version() >= PRODUCER_FENCED_MIN_VERSION);
    call.respond(&AddOffsetsToTxnResponse { error_code: error.code(), ..Default::default() })
}
