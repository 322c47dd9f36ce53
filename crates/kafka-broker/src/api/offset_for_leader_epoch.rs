//! OffsetForLeaderEpoch, 2 to 4.

use std::borrow::Cow;

use kafka_rpc::ErrorCode;
use kafka_rpc::acl::AclOperation;
use kafka_rpc::messages::offset_for_leader_epoch_request::OffsetForLeaderPartition;
use kafka_rpc::messages::offset_for_leader_epoch_response::{EpochEndOffset, OffsetForLeaderTopicResult};
use kafka_rpc::messages::{OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse};

use super::{Call, Handled, Refusal};

pub(super) fn handle(call: &mut Call<'_>) -> Result<Handled, Refusal> {
    let request: OffsetForLeaderEpochRequest<'_> = call.message()?;
    let rights = call.rights();
    let names = request.topics.iter().map(|topic| &*topic.topic);
    // Followers ask, too, with the rights of brokers.
    let denied = (!rights.may_on_cluster_quietly(AclOperation::ClusterAction))
        .then(|| rights.denied_topics(AclOperation::Describe, names));
    let topics = request.topics.iter().map(|topic| {
        let is_denied = denied.as_ref().is_some_and(|denied| denied.contains(&topic.topic));
        let partitions = topic.partitions.iter().map(|asked| {
            let found = match is_denied {
                true => Err(ErrorCode::TopicAuthorizationFailed),
                false => look_up(call, &topic.topic, asked),
            };
            let (error, end) = match found {
                Ok(end) => (ErrorCode::None, end),
                Err(code) => (code, None),
            };
            let (leader_epoch, end_offset) = end.unwrap_or((-1, -1));
            let error_code = error.code();
            EpochEndOffset { error_code, partition: asked.partition, leader_epoch, end_offset, ..Default::default() }
        });
        OffsetForLeaderTopicResult {
            topic: Cow::Borrowed(&topic.topic),
            partitions: partitions.collect(),
            ..Default::default()
        }
    });
    let response = OffsetForLeaderEpochResponse { topics: topics.collect(), ..Default::default() };
    call.respond(&response)
}

fn look_up(call: &Call<'_>, topic: &str, asked: &OffsetForLeaderPartition) -> Result<Option<(i32, i64)>, ErrorCode> {
    let topic = call.shared.topics.named(topic)?;
    let partition = topic.partition(asked.partition)?;
    let (log, _) = partition.leader_log(asked.current_leader_epoch)?;
    Ok(log.end_offset_for_epoch(asked.leader_epoch))
}
