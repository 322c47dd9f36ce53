//! DescribeProducers, 0.

use std::borrow::Cow;
use std::collections::HashSet;

use kafka_rpc::ErrorCode;
use kafka_rpc::acl::{AclOperation, ResourceType};
use kafka_rpc::messages::describe_producers_response::{PartitionResponse, ProducerState, TopicResponse};
use kafka_rpc::messages::{DescribeProducersRequest, DescribeProducersResponse};

use super::{Call, Handled, Refusal};

pub(super) fn handle(call: &mut Call<'_>) -> Result<Handled, Refusal> {
    let request: DescribeProducersRequest<'_> = call.message()?;
    let rights = call.rights();
    let mut seen = HashSet::new();
    let topics = request.topics.iter().map(|topic| {
        let is_denied = !rights.may(AclOperation::Read, ResourceType::Topic, &topic.name);
        // Each partition once: one with many producers could be named many times in a short request.
        let asked = topic.partition_indexes.iter().filter(|index| seen.insert((topic.name.as_ref(), **index)));
        let partitions = asked.map(|&partition_index| {
            if is_denied {
                let code = ErrorCode::TopicAuthorizationFailed;
                let (error_code, error_message) = (code.code(), Some(code.message().into()));
                return PartitionResponse { partition_index, error_code, error_message, ..Default::default() };
            }
            let found = producers(call, &topic.name, partition_index);
            let error_code = found.as_ref().err().copied().unwrap_or(ErrorCode::None).code();
            let active_producers = found.unwrap_or_default();
            PartitionResponse { partition_index, error_code, active_producers, ..Default::default() }
        });
        TopicResponse { name: Cow::Borrowed(&topic.name), partitions: partitions.collect(), ..Default::default() }
    });
    let response = DescribeProducersResponse { topics: topics.collect(), ..Default::default() };
    call.respond(&response)
}

fn producers(call: &Call<'_>, topic: &str, partition: i32) -> Result<Vec<ProducerState>, ErrorCode> {
    let topic = call.shared.topics.named(topic)?;
    let log = topic.partition(partition)?.log()?;
    let mut producers = Vec::new();
    log.for_each_producer(|producer_id, state| {
        producers.push(ProducerState {
            producer_id,
            producer_epoch: state.producer_epoch().into(),
            last_sequence: state.last_sequence(),
            last_timestamp: state.last_timestamp(),
            coordinator_epoch: state.coordinator_epoch(),
            current_txn_start_offset: state.current_txn_first_offset().unwrap_or(-1),
            ..Default::default()
        });
    });
    Ok(producers)
}
