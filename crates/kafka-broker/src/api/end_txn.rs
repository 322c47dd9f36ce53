//! EndTxn, 0 to 5.

use kafka_rpc::acl::AclOperation;
use kafka_rpc::messages::{EndTxnRequest, EndTxnResponse};

use super::transactions::fenced_error;
use super::{Call, Handled, Refusal};
use crate::transaction::Producer;

/// Since this version clients know `PRODUCER_FENCED`.
const PRODUCER_FENCED_MIN_VERSION: i16 = 2;
/// Since this version each transaction has an epoch of its own, which the answer gives.
const EPOCH_BUMP_MIN_VERSION: i16 = 5;
/// What clients that ask in these versions speak (`transactionVersionForEndTxn`).
const CLIENT_VERSION: i16 = 0;
const EPOCH_BUMP_CLIENT_VERSION: i16 = 2;

pub(super) fn handle(call: &mut Call<'_>) -> Result<Handled, Refusal> {
    let request: EndTxnRequest<'_> = call.message()?;
    if let Err(code) = call.rights().check_transactional_id(AclOperation::Write, &request.transactional_id) {
        return call.respond(&EndTxnResponse { error_code: code.code(), ..Default::default() });
    }
    let has_bump = call.version() >= EPOCH_BUMP_MIN_VERSION;
    let client_version = if has_bump { EPOCH_BUMP_CLIENT_VERSION } else { CLIENT_VERSION };
    let producer = Producer { id: request.producer_id, epoch: request.producer_epoch };
    let of = (request.transactional_id.as_ref(), producer);
    let shared = call.shared;
    let asked = (call.ticket(), call.at.now_ms);
    let ended = shared.transactions.end_transaction(shared, of, request.committed, client_version, asked);
    match ended {
        Ok(None) => Ok(Handled::Later(asked.0)),
        Ok(Some(next)) => call.respond(&ended_with(next)),
        Err(error) => call.respond(&EndTxnResponse {
            error_code: fenced_error(error, call.version() >= PRODUCER_FENCED_MIN_VERSION).code(),
            ..ended_with(Producer::NONE)
        }),
    }
}

/// The answer to a request that has ended its transaction.
pub(crate) fn ended_with(producer: Producer) -> EndTxnResponse {
    EndTxnResponse { producer_id: producer.id, producer_epoch: producer.epoch, ..Default::default() }
}
