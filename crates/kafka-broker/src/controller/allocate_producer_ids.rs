//! `AllocateProducerIds` (`ProducerIdControlManager`).

use kafka_rpc::ErrorCode;
use kafka_rpc::messages::{AllocateProducerIdsRequest, AllocateProducerIdsResponse};
use kafka_rpc::stored::metadata::{MetadataRecord, ProducerIdsRecord};

use super::{Context, Outcome};
use crate::metadata::Image;

/// Ids in a block (`ProducerIdsBlock.PRODUCER_ID_BLOCK_SIZE`).
const BLOCK_SIZE: i32 = 1000;

/// Gives a broker the next block of producer ids.
pub fn plan(
    image: &Image,
    _context: &Context<'_>,
    request: &AllocateProducerIdsRequest,
) -> Outcome<AllocateProducerIdsResponse> {
    let refused = |code: ErrorCode| {
        Outcome::none(AllocateProducerIdsResponse { error_code: code.code(), ..AllocateProducerIdsResponse::default() })
    };
    match image.broker(request.broker_id) {
        None => return refused(ErrorCode::BrokerIdNotRegistered),
        Some(broker) if broker.broker_epoch != request.broker_epoch => return refused(ErrorCode::StaleBrokerEpoch),
        Some(_) => {}
    }
    let first = image.next_producer_id();
    let Some(next_producer_id) = first.checked_add(BLOCK_SIZE.into()) else {
        return refused(ErrorCode::UnknownServerError);
    };
    let record = MetadataRecord::ProducerIds(ProducerIdsRecord {
        broker_id: request.broker_id,
        broker_epoch: request.broker_epoch,
        next_producer_id,
        ..ProducerIdsRecord::default()
    });
    let response = AllocateProducerIdsResponse {
        producer_id_start: first,
        producer_id_len: BLOCK_SIZE,
        ..AllocateProducerIdsResponse::default()
    };
    Outcome::of(vec![record], response)
}
