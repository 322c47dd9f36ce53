//! InitProducerId, 0 to 5: for idempotent producers.

use kafka_rpc::ErrorCode;
use kafka_rpc::messages::{InitProducerIdRequest, InitProducerIdResponse};

use super::{Call, Handled, Refusal};
use crate::controller_thread::Job;

pub(super) fn handle(call: &mut Call<'_>) -> Result<Handled, Refusal> {
    let request: InitProducerIdRequest<'_> = call.message()?;
    let response = InitProducerIdResponse { producer_id: -1, producer_epoch: -1, ..Default::default() };
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
