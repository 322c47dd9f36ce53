//! InitProducerId, 0 to 5: for idempotent producers.

use kafka_rpc::ErrorCode;
use kafka_rpc::acl::{AclOperation, ResourceType};
use kafka_rpc::messages::{InitProducerIdRequest, InitProducerIdResponse};

use super::{Call, Handled, Refusal, Rights};
use crate::controller_thread::Job;

pub(super) fn handle(call: &mut Call<'_>) -> Result<Handled, Refusal> {
    let request: InitProducerIdRequest<'_> = call.message()?;
    let response = InitProducerIdResponse { producer_id: -1, producer_epoch: -1, ..Default::default() };
    if let Err(code) = check(&call.rights(), request.transactional_id.as_deref()) {
        return call.respond(&InitProducerIdResponse { error_code: code.code(), ..response });
    }
    if request.transactional_id.is_some() {
        // There are no transactions yet. A producer takes this answer as final.
        let error_code = ErrorCode::InvalidRequest.code();
        return call.respond(&InitProducerIdResponse { error_code, ..response });
    }
    if (request.producer_id == -1) != (request.producer_epoch == -1) {
        let error_code = ErrorCode::InvalidRequest.code();
        return call.respond(&InitProducerIdResponse { error_code, ..response });
    }
    match call.shared.producer_ids.take() {
        Some(producer_id) => call.respond(&InitProducerIdResponse { producer_id, producer_epoch: 0, ..response }),
        None => {
            let ticket = call.ticket();
            call.shared.controller.send(Job::ProducerId(ticket));
            Ok(Handled::Later(ticket))
        }
    }
}

/// A transactional id has to be the client's. Who may write to some topic may do so with a producer id.
fn check(rights: &Rights<'_>, transactional_id: Option<&str>) -> Result<(), ErrorCode> {
    if let Some(id) = transactional_id {
        let is_allowed = rights.may(AclOperation::Write, ResourceType::TransactionalId, id);
        return if is_allowed { Ok(()) } else { Err(ErrorCode::TransactionalIdAuthorizationFailed) };
    }
    let is_allowed = rights.may_on_cluster_quietly(AclOperation::IdempotentWrite)
        || rights.may_on_any(AclOperation::Write, ResourceType::Topic);
    if is_allowed { Ok(()) } else { Err(ErrorCode::ClusterAuthorizationFailed) }
}
