//! InitProducerId, 0 to 5: for idempotent and transactional producers.

use kafka_rpc::acl::{AclOperation, ResourceType};
use kafka_rpc::messages::{InitProducerIdRequest, InitProducerIdResponse};
use kafka_rpc::{ErrorCode, RequestFrame};

use super::{Call, Handled, Refusal, Rights, memory_for};
use crate::broker::{Shared, frame};
use crate::controller_thread::Job;
use crate::net::Ticket;
use crate::transaction::{Host as _, Init, Producer};

/// Since this version clients know `PRODUCER_FENCED`.
const PRODUCER_FENCED_MIN_VERSION: i16 = 4;

pub(super) fn handle(call: &mut Call<'_>) -> Result<Handled, Refusal> {
    let request: InitProducerIdRequest<'_> = call.message()?;
    if let Err(code) = check(&call.rights(), request.transactional_id.as_deref()) {
        let error_code = code.code();
        return call.respond(&InitProducerIdResponse {
            error_code,
            producer_id: -1,
            producer_epoch: -1,
            ..Default::default()
        });
    }
    if call.shared.producer_ids.is_used_up() {
        let (ticket, body) = (call.ticket(), call.request.body.to_vec());
        call.shared.controller.send(Job::InitProducerId(ticket, body));
        return Ok(Handled::Later(ticket));
    }
    let response = answer(call.shared, &request, call.version(), call.at.now_ms);
    call.respond(&response)
}

/// Answers a request with this message that came when no producer id was left, and now there are some. Runs on the controller's
/// thread.
pub(crate) fn answer_later(shared: &Shared, ticket: Ticket, body: &[u8]) {
    let request = RequestFrame {
        api_key: ticket.api_key,
        version: ticket.version,
        correlation_id: ticket.correlation_id,
        client_id: "".into(),
        body,
    };
    let frame = match request.message::<InitProducerIdRequest<'_>>(memory_for(body)) {
        Ok(message) => {
            frame(&answer(shared, &message, ticket.version, shared.clock.now_ms()), ticket).unwrap_or_else(|error| {
                tracing::error!(%error, "a response cannot be written");
                Vec::new()
            })
        }
        // The event loop has read the same message.
        Err(error) => {
            tracing::error!(%error, "a request cannot be read again");
            Vec::new()
        }
    };
    shared.answer(ticket, frame);
}

fn answer(shared: &Shared, request: &InitProducerIdRequest<'_>, version: i16, now_ms: i64) -> InitProducerIdResponse {
    let (producer, error) = match init(shared, request, now_ms) {
        Ok(producer) => (producer, ErrorCode::None),
        Err(ErrorCode::ProducerFenced) if version < PRODUCER_FENCED_MIN_VERSION => {
            (Producer::NONE, ErrorCode::InvalidProducerEpoch)
        }
        Err(error) => (Producer::NONE, error),
    };
    InitProducerIdResponse {
        error_code: error.code(),
        producer_id: producer.id,
        producer_epoch: producer.epoch,
        ..Default::default()
    }
}

/// A transactional id has to be the client's. Who may write to some topic may do so with a producer id.
fn check(rights: &Rights<'_>, transactional_id: Option<&str>) -> Result<(), ErrorCode> {
    if let Some(id) = transactional_id {
        return rights.check_transactional_id(AclOperation::Write, id);
    }
    let is_allowed = rights.may_on_cluster_quietly(AclOperation::IdempotentWrite)
        || rights.may_on_any(AclOperation::Write, ResourceType::Topic);
    if is_allowed { Ok(()) } else { Err(ErrorCode::ClusterAuthorizationFailed) }
}

fn init(shared: &Shared, request: &InitProducerIdRequest<'_>, now_ms: i64) -> Result<Producer, ErrorCode> {
    let expected = match (request.producer_id, request.producer_epoch) {
        (-1, -1) => None,
        (-1, _) | (_, -1) => return Err(ErrorCode::InvalidRequest),
        (id, epoch) => Some(Producer { id, epoch }),
    };
    let Some(transactional_id) = request.transactional_id.as_deref() else {
        return Ok(Producer { id: shared.next_producer_id()?, epoch: 0 });
    };
    let timeout_ms = request.transaction_timeout_ms;
    shared.transactions.init_producer_id(shared, Init { transactional_id, timeout_ms, expected }, now_ms)
}
