//! DeleteRecords, 0 to 2: moves the log start.

use std::borrow::Cow;

use kafka_log::log::LogStartOffsetReason;
use kafka_log::log::error::KafkaError as _;
use kafka_rpc::ErrorCode;
use kafka_rpc::acl::AclOperation;
use kafka_rpc::messages::delete_records_response::{DeleteRecordsPartitionResult, DeleteRecordsTopicResult};
use kafka_rpc::messages::{DeleteRecordsRequest, DeleteRecordsResponse};

use super::{Call, Handled, Refusal};
use crate::topics::is_internal;

/// Stands for the high watermark (`DeleteRecordsRequest.HIGH_WATERMARK`).
const HIGH_WATERMARK: i64 = -1;

pub(super) fn handle(call: &mut Call<'_>) -> Result<Handled, Refusal> {
    let request: DeleteRecordsRequest<'_> = call.message()?;
    let rights = call.rights();
    let denied = rights.denied_topics(AclOperation::Delete, request.topics.iter().map(|topic| &*topic.name));
    let topics = request.topics.iter().map(|topic| {
        let is_denied = denied.contains(&topic.name);
        let partitions = topic.partitions.iter().map(|asked| {
            let deleted = match is_denied {
                true => Err(ErrorCode::TopicAuthorizationFailed),
                false => delete(call, &topic.name, asked.partition_index, asked.offset),
            };
            DeleteRecordsPartitionResult {
                partition_index: asked.partition_index,
                low_watermark: *deleted.as_ref().unwrap_or(&-1),
                error_code: deleted.err().unwrap_or(ErrorCode::None).code(),
                ..Default::default()
            }
        });
        DeleteRecordsTopicResult {
            name: Cow::Borrowed(&topic.name),
            partitions: partitions.collect(),
            ..Default::default()
        }
    });
    let response = DeleteRecordsResponse { topics: topics.collect(), ..Default::default() };
    call.respond(&response)
}

/// (`Partition.deleteRecordsOnLeader`)
fn delete(call: &Call<'_>, topic: &str, partition: i32, offset: i64) -> Result<i64, ErrorCode> {
    let found = call.shared.topics.named(topic)?;
    let partition = found.partition(partition)?;
    if is_internal(topic) {
        return Err(ErrorCode::InvalidTopicException);
    }
    partition.with_leader_log(|log, _| {
        if !log.config().delete {
            return Err(ErrorCode::PolicyViolation);
        }
        let high_watermark = log.high_watermark();
        let to = if offset == HIGH_WATERMARK { high_watermark } else { offset };
        if to < 0 || to > high_watermark {
            return Err(ErrorCode::OffsetOutOfRange);
        }
        let reason = LogStartOffsetReason::ClientRecordDeletion;
        log.maybe_increment_log_start_offset(to, reason, call.at.now_ms).map_err(|error| error.code())?;
        Ok(log.log_start_offset())
    })?
}
