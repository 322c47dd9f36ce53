//! `ListPartitionReassignments` (`ReplicationControlManager.listPartitionReassignments`).

use std::borrow::Cow;

use kafka_rpc::messages::list_partition_reassignments_response::{
    OngoingPartitionReassignment, OngoingTopicReassignment,
};
use kafka_rpc::messages::{ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse};

use super::{Context, Outcome};
use crate::metadata::{Image, Topic};

/// The reassignments that are under way, of these partitions or of all.
pub fn plan(
    image: &Image,
    _context: &Context<'_>,
    request: &ListPartitionReassignmentsRequest<'_>,
) -> Outcome<ListPartitionReassignmentsResponse<'static>> {
    let topics: Vec<_> = match &request.topics {
        None => image.topics().filter_map(|topic| ongoing(topic, topic.partitions().map(|(index, _)| index))).collect(),
        Some(topics) => {
            let of = |asked: &kafka_rpc::messages::list_partition_reassignments_request::ListPartitionReassignmentsTopics<'_>| {
                ongoing(image.topic(&asked.name)?, asked.partition_indexes.iter().copied())
            };
            topics.iter().filter_map(of).collect()
        }
    };
    Outcome::none(ListPartitionReassignmentsResponse { error_message: None, topics, ..Default::default() })
}

fn ongoing(topic: &Topic, indexes: impl Iterator<Item = i32>) -> Option<OngoingTopicReassignment<'static>> {
    let of = |index| {
        let partition = topic.partition(index).filter(|partition| partition.is_reassigning())?;
        Some(OngoingPartitionReassignment {
            partition_index: index,
            replicas: partition.replicas.to_vec(),
            adding_replicas: partition.adding_replicas.to_vec(),
            removing_replicas: partition.removing_replicas.to_vec(),
            ..OngoingPartitionReassignment::default()
        })
    };
    let partitions: Vec<_> = indexes.filter_map(of).collect();
    let name = Cow::Owned(topic.name.to_string());
    (!partitions.is_empty()).then_some(OngoingTopicReassignment { name, partitions, ..Default::default() })
}
