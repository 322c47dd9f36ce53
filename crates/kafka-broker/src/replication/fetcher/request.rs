//! Requests of a fetcher, and what is in their responses (`RemoteLeaderEndPoint`).

use kafka_log::log::TopicPartition;
use kafka_rpc::messages::fetch_request::{FetchPartition, FetchTopic, ForgottenTopic, ReplicaState};
use kafka_rpc::messages::fetch_response::PartitionData;
use kafka_rpc::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_rpc::messages::{FetchRequest, ListOffsetsRequest, ListOffsetsResponse};
use kafka_rpc::{ErrorCode, Records};
use kafka_thin_client::fetch_session::SessionRequest;

use super::Common;
use crate::replication::follower::{End, Fetched};

/// The first version in which a follower tells the epoch of its broker.
const WITH_REPLICA_STATE: i16 = 15;
/// `ListOffsetsRequest.LATEST_TIMESTAMP`, `EARLIEST_TIMESTAMP`
const LATEST: i64 = -1;
const EARLIEST: i64 = -2;

/// A fetch of a follower. Topics have names and ids: the version decides which are sent.
pub(super) fn fetch<'a>(
    session: &'a SessionRequest<TopicPartition>,
    common: &Common,
    version: i16,
) -> FetchRequest<'a> {
    let config = &common.config;
    let mut request = FetchRequest {
        max_wait_ms: config.replica_fetch_wait_max_ms,
        min_bytes: config.replica_fetch_min_bytes,
        max_bytes: config.replica_fetch_response_max_bytes,
        session_id: session.id,
        session_epoch: session.epoch,
        ..Default::default()
    };
    if version < WITH_REPLICA_STATE {
        request.replica_id = common.node_id;
    } else {
        let replica_epoch = common.image.read().broker(common.node_id).map_or(-1, |broker| broker.broker_epoch);
        request.replica_state = ReplicaState { replica_id: common.node_id, replica_epoch, ..Default::default() };
    }
    for (name, from) in &session.changed {
        let partition = FetchPartition {
            partition: name.partition(),
            current_leader_epoch: from.leader_epoch,
            fetch_offset: from.offset,
            last_fetched_epoch: from.last_fetched_epoch,
            log_start_offset: from.log_start_offset,
            partition_max_bytes: config.replica_fetch_max_bytes,
            ..Default::default()
        };
        match request.topics.last_mut().filter(|last| last.topic_id == from.topic_id && last.topic == name.topic()) {
            Some(topic) => topic.partitions.push(partition),
            None => request.topics.push(FetchTopic {
                topic: name.topic().into(),
                topic_id: from.topic_id,
                partitions: vec![partition],
                ..Default::default()
            }),
        }
    }
    let forgotten = session.forgotten.iter().map(|(name, topic_id)| ForgottenTopic {
        topic: name.topic().into(),
        topic_id: *topic_id,
        partitions: vec![name.partition()],
        ..Default::default()
    });
    request.forgotten_topics_data = forgotten.collect();
    request
}

/// What a leader answers for a partition.
pub(super) fn fetched<'a>(data: &'a PartitionData<'a>) -> Fetched<'a> {
    let diverging = &data.diverging_epoch;
    Fetched {
        error: ErrorCode::from_code(data.error_code).unwrap_or(ErrorCode::UnknownServerError),
        high_watermark: data.high_watermark,
        log_start_offset: data.log_start_offset,
        diverging: (diverging.epoch >= 0).then_some((diverging.epoch, diverging.end_offset)),
        records: data.records.as_ref().and_then(Records::bytes).unwrap_or_default(),
    }
}

/// Asks for the ends of the leader's logs.
pub(super) fn list<'a>(wanted: &'a [(TopicPartition, End, i32)], node_id: i32) -> ListOffsetsRequest<'a> {
    let topics = wanted.iter().map(|(name, end, leader_epoch)| ListOffsetsTopic {
        name: name.topic().into(),
        partitions: vec![ListOffsetsPartition {
            partition_index: name.partition(),
            current_leader_epoch: *leader_epoch,
            timestamp: if *end == End::Latest { LATEST } else { EARLIEST },
            ..Default::default()
        }],
        ..Default::default()
    });
    ListOffsetsRequest { replica_id: node_id, topics: topics.collect(), ..Default::default() }
}

/// The leader's answer for a partition, if it has one.
pub(super) fn listed(response: &ListOffsetsResponse<'_>, name: &TopicPartition) -> Option<Result<i64, ErrorCode>> {
    let topic = response.topics.iter().filter(|topic| topic.name == name.topic());
    let found = topic.flat_map(|topic| &topic.partitions).find(|found| found.partition_index == name.partition())?;
    Some(match ErrorCode::from_code(found.error_code).unwrap_or(ErrorCode::UnknownServerError) {
        ErrorCode::None => Ok(found.offset),
        code => Err(code),
    })
}
