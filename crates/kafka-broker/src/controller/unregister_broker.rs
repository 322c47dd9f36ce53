//! `UnregisterBroker` (`ClusterControlManager`, `ReplicationControlManager.unregisterBroker`).

use kafka_rpc::ErrorCode;
use kafka_rpc::messages::{UnregisterBrokerRequest, UnregisterBrokerResponse};
use kafka_rpc::stored::metadata::{MetadataRecord, UnregisterBrokerRecord};

use super::elections::{BrokerEvent, updates};
use super::outcome::check_count;
use super::{ApiError, Context, Outcome};
use crate::metadata::Image;

/// Forgets a broker.
pub fn plan(
    image: &Image,
    context: &Context<'_>,
    request: &UnregisterBrokerRequest,
) -> Outcome<UnregisterBrokerResponse<'static>> {
    let unregistered = unregister(image, context, request.broker_id);
    let (records, verdict) = match unregistered {
        Ok(records) => (records, Ok(())),
        Err(error) => (Vec::new(), Err(error)),
    };
    let (error_code, error_message) = ApiError::parts(&verdict);
    let response = UnregisterBrokerResponse { error_code, error_message, ..UnregisterBrokerResponse::default() };
    Outcome::atomic(records, response)
}

fn unregister(image: &Image, context: &Context<'_>, id: i32) -> Result<Vec<MetadataRecord<'static>>, ApiError> {
    let Some(broker) = image.broker(id) else {
        let why = format!("Broker ID {id} is not currently registered");
        return Err(ApiError::new(ErrorCode::BrokerIdNotRegistered, why));
    };
    let mut records = Vec::new();
    updates(image, context, BrokerEvent::Goes(id), &mut records);
    records.push(MetadataRecord::UnregisterBroker(UnregisterBrokerRecord {
        broker_id: id,
        broker_epoch: broker.broker_epoch,
        ..UnregisterBrokerRecord::default()
    }));
    check_count(&records)?;
    Ok(records)
}
