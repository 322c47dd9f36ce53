//! ListOffsets, 1 to 11.

use std::borrow::Cow;
use std::collections::HashMap;

use kafka_log::log::TimestampSpec;
use kafka_log::log::error::KafkaError as _;
use kafka_log::log::types::FetchIsolation;
use kafka_rpc::ErrorCode;
use kafka_rpc::acl::AclOperation;
use kafka_rpc::messages::list_offsets_request::ListOffsetsPartition;
use kafka_rpc::messages::list_offsets_response::{ListOffsetsPartitionResponse, ListOffsetsTopicResponse};
use kafka_rpc::messages::{ListOffsetsRequest, ListOffsetsResponse};

use super::{Call, Handled, Refusal};

/// The replica id of a consumer; others see up to the log end.
const CONSUMER: i32 = -1;
/// The replica id of a tool, which may ask followers, too.
const DEBUGGING: i32 = -2;

pub(super) fn handle(call: &mut Call<'_>) -> Result<Handled, Refusal> {
    let request: ListOffsetsRequest<'_> = call.message()?;
    let isolation = match request.replica_id {
        CONSUMER if request.isolation_level == 1 => FetchIsolation::TxnCommitted,
        CONSUMER => FetchIsolation::HighWatermark,
        _ => FetchIsolation::LogEnd,
    };
    let rights = call.rights();
    let denied = rights.denied_topics(AclOperation::Describe, request.topics.iter().map(|topic| &*topic.name));
    let topics = request.topics.iter().map(|topic| {
        let is_denied = denied.contains(&topic.name);
        // Each partition may be asked for once.
        let mut times: HashMap<i32, usize> = HashMap::with_capacity(topic.partitions.len());
        topic.partitions.iter().for_each(|asked| *times.entry(asked.partition_index).or_default() += 1);
        let partitions = topic.partitions.iter().map(|partition| {
            let found = if is_denied {
                Err(ErrorCode::TopicAuthorizationFailed)
            } else if times.get(&partition.partition_index).is_some_and(|times| *times > 1) {
                Err(ErrorCode::InvalidRequest)
            } else {
                look_up(call, &topic.name, partition, request.replica_id, isolation)
            };
            found.unwrap_or_else(|code| ListOffsetsPartitionResponse {
                partition_index: partition.partition_index,
                error_code: code.code(),
                timestamp: -1,
                offset: -1,
                leader_epoch: -1,
                ..Default::default()
            })
        });
        ListOffsetsTopicResponse {
            name: Cow::Borrowed(&topic.name),
            partitions: partitions.collect(),
            ..Default::default()
        }
    });
    let response = ListOffsetsResponse { topics: topics.collect(), ..Default::default() };
    call.respond(&response)
}

fn look_up(
    call: &Call<'_>,
    topic: &str,
    asked: &ListOffsetsPartition,
    replica_id: i32,
    isolation: FetchIsolation,
) -> Result<ListOffsetsPartitionResponse, ErrorCode> {
    let topic = call.shared.topics.named(topic)?;
    let partition = topic.partition(asked.partition_index)?;
    let (log, leader_epoch) = match replica_id {
        DEBUGGING => partition.replica_log(asked.current_leader_epoch)?,
        _ => partition.leader_log(asked.current_leader_epoch)?,
    };
    let spec = TimestampSpec::from_wire(asked.timestamp).filter(|spec| is_known(*spec, call.version()));
    let spec = spec.ok_or(ErrorCode::UnsupportedVersion)?;
    // After an election the high watermark may be lower than it was at the old leader: consumers must not be sent back.
    let is_lagging =
        replica_id == CONSUMER && partition.epoch_start().is_some_and(|start| start > log.high_watermark());
    let not_available = match call.version() {
        5.. => ErrorCode::OffsetNotAvailable,
        _ => ErrorCode::LeaderNotAvailable,
    };
    if is_lagging && spec == TimestampSpec::Latest {
        return Err(not_available);
    }
    let found = log.offset_for_timestamp(spec, isolation).map_err(|error| error.code())?;
    Ok(match found {
        Some(found) => ListOffsetsPartitionResponse {
            partition_index: asked.partition_index,
            timestamp: found.timestamp,
            offset: found.offset,
            // The epoch of the newest records is that of the leader, also before it has written any.
            leader_epoch: match spec {
                _ if call.version() < 4 => -1,
                TimestampSpec::Latest => leader_epoch,
                _ => found.leader_epoch.unwrap_or(-1),
            },
            ..Default::default()
        },
        None if is_lagging => return Err(not_available),
        None => ListOffsetsPartitionResponse {
            partition_index: asked.partition_index,
            timestamp: -1,
            offset: -1,
            leader_epoch: -1,
            ..Default::default()
        },
    })
}

/// The version in which a special timestamp came.
const fn is_known(spec: TimestampSpec, version: i16) -> bool {
    match spec {
        TimestampSpec::At(_) | TimestampSpec::Earliest | TimestampSpec::Latest => true,
        TimestampSpec::Max => version >= 7,
        TimestampSpec::EarliestLocal => version >= 8,
        TimestampSpec::LatestTiered => version >= 9,
        TimestampSpec::EarliestPendingUpload => version >= 11,
    }
}
