//! `DescribeQuorum` of a quorum with one voter (`KafkaRaftClient.handleDescribeQuorumRequest`).

use std::borrow::Cow;

use kafka_rpc::messages::describe_quorum_response::{Listener, Node, PartitionData, ReplicaState, TopicData};
use kafka_rpc::messages::{DescribeQuorumRequest, DescribeQuorumResponse};
use kafka_rpc::stored::metadata::RegisterControllerRecord;
use kafka_rpc::{ErrorCode, Uuid};

use super::{ApiError, Context, Outcome};
use crate::metadata::{Image, METADATA_TOPIC};

/// The state of the quorum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quorum {
    /// Epoch of the leader.
    pub leader_epoch: i32,
    /// Directory id of the voter; zero where no record names it.
    pub voter_directory_id: Uuid,
}

/// Describes the quorum, whose leader and only voter this node is.
pub fn plan(
    image: &Image,
    context: &Context<'_>,
    request: &DescribeQuorumRequest<'_>,
    version: i16,
    quorum: &Quorum,
) -> Outcome<DescribeQuorumResponse<'static>> {
    let is_metadata = matches!(&request.topics[..], [topic] if topic.topic_name == METADATA_TOPIC
        && matches!(&topic.partitions[..], [partition] if partition.partition_index == 0));
    if !is_metadata {
        return Outcome::none(unknown(request));
    }
    let leader_id = context.settings.node_id;
    let voter = ReplicaState {
        replica_id: leader_id,
        // In the response from version 2 on, as the nodes.
        replica_directory_id: if version >= 2 { quorum.voter_directory_id } else { Uuid::ZERO },
        log_end_offset: context.next_offset,
        last_fetch_timestamp: context.now_ms,
        last_caught_up_timestamp: context.now_ms,
        ..ReplicaState::default()
    };
    let partition = PartitionData {
        error_message: None,
        leader_id,
        leader_epoch: quorum.leader_epoch,
        high_watermark: context.next_offset,
        current_voters: vec![voter],
        ..PartitionData::default()
    };
    let topic = TopicData { topic_name: METADATA_TOPIC.into(), partitions: vec![partition], ..TopicData::default() };
    Outcome::none(DescribeQuorumResponse {
        error_message: None,
        topics: vec![topic],
        nodes: image.controllers().filter(|_| version >= 2).map(node).collect(),
        ..DescribeQuorumResponse::default()
    })
}

/// Where a voter is reached.
fn node(controller: &RegisterControllerRecord<'static>) -> Node<'static> {
    let listeners = controller.end_points.iter().map(|point| Listener {
        name: point.name.clone(),
        host: point.host.clone(),
        port: point.port,
        ..Listener::default()
    });
    Node { node_id: controller.controller_id, listeners: listeners.collect(), ..Node::default() }
}

/// The answer about partitions that are not that of the metadata.
fn unknown(request: &DescribeQuorumRequest<'_>) -> DescribeQuorumResponse<'static> {
    let (error_code, error_message) = ApiError::parts(&Err(ErrorCode::UnknownTopicOrPartition.into()));
    let partition = |asked: &kafka_rpc::messages::describe_quorum_request::PartitionData| PartitionData {
        partition_index: asked.partition_index,
        error_code,
        error_message: error_message.clone(),
        ..PartitionData::default()
    };
    let topic = |asked: &kafka_rpc::messages::describe_quorum_request::TopicData<'_>| TopicData {
        topic_name: Cow::Owned(asked.topic_name.clone().into_owned()),
        partitions: asked.partitions.iter().map(partition).collect(),
        ..TopicData::default()
    };
    DescribeQuorumResponse {
        error_message: None,
        topics: request.topics.iter().map(topic).collect(),
        ..DescribeQuorumResponse::default()
    }
}
