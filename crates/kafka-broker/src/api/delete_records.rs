//! DeleteRecords, 0 to 2: moves the log start.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use kafka_log::log::LogStartOffsetReason;
use kafka_log::log::error::KafkaError as _;
use kafka_rpc::ErrorCode;
use kafka_rpc::acl::AclOperation;
use kafka_rpc::messages::delete_records_response::{DeleteRecordsPartitionResult, DeleteRecordsTopicResult};
use kafka_rpc::messages::{DeleteRecordsRequest, DeleteRecordsResponse};

use super::{Call, Handled, Refusal, Unfinished};
use crate::net::{Output, Ticket};
use crate::partitions::Partition;
use crate::topics::is_internal;

/// Stands for the high watermark (`DeleteRecordsRequest.HIGH_WATERMARK`).
const HIGH_WATERMARK: i64 = -1;

pub(super) fn handle(call: &mut Call<'_>) -> Result<Handled, Refusal> {
    let request: DeleteRecordsRequest<'_> = call.message()?;
    let rights = call.rights();
    let denied = rights.denied_topics(AclOperation::Delete, request.topics.iter().map(|topic| &*topic.name));
    let mut waits = Vec::new();
    let topics = request.topics.iter().enumerate().map(|(at_topic, topic)| {
        let is_denied = denied.contains(&topic.name);
        let partitions = topic.partitions.iter().enumerate().map(|(at, asked)| {
            let deleted = match is_denied {
                true => Err(ErrorCode::TopicAuthorizationFailed),
                false => delete(call, &topic.name, asked.partition_index, asked.offset),
            };
            let low_watermark = deleted.map(|(partition, required, low_watermark)| {
                if low_watermark < required {
                    waits.push(Wait { topic: at_topic, answer: at, partition, required });
                }
                low_watermark
            });
            DeleteRecordsPartitionResult {
                partition_index: asked.partition_index,
                low_watermark: *low_watermark.as_ref().unwrap_or(&-1),
                error_code: low_watermark.err().unwrap_or(ErrorCode::None).code(),
                ..Default::default()
            }
        });
        DeleteRecordsTopicResult {
            name: Cow::Owned(topic.name.clone().into_owned()),
            partitions: partitions.collect(),
            ..Default::default()
        }
    });
    let response = DeleteRecordsResponse { topics: topics.collect(), ..Default::default() };
    if waits.is_empty() {
        return call.respond(&response);
    }
    let max_wait = Duration::from_millis(u64::try_from(request.timeout_ms).unwrap_or(0));
    let mut waiting = WaitingDelete { response, waits, max_wait };
    let ticket = call.ticket();
    Ok(match waiting.look(ticket, false, call.out)? {
        true => Handled::Done,
        false => Handled::Waits(ticket, Box::new(Unfinished::DeleteRecords(waiting))),
    })
}

/// A request that waits until all replicas have deleted the records (`DelayedDeleteRecords`).
pub(crate) struct WaitingDelete {
    response: DeleteRecordsResponse<'static>,
    waits: Vec<Wait>,
    max_wait: Duration,
}

/// A partition some of whose replicas still have the records.
struct Wait {
    /// Place of the topic in the response, and of the partition in the topic.
    topic: usize,
    answer: usize,
    partition: Arc<Partition>,
    /// The offset that the low watermark has to reach.
    required: i64,
}

impl WaitingDelete {
    /// How long it may wait.
    pub(super) const fn max_wait(&self) -> Duration {
        self.max_wait
    }

    /// Answers if all replicas are done, or the time is over; says whether it did.
    ///
    /// # Errors
    /// Where the response cannot be written.
    pub(super) fn look(&mut self, ticket: Ticket, is_over: bool, out: &mut Output) -> Result<bool, Refusal> {
        if !is_over {
            self.waits.iter().for_each(|wait| wait.partition.watch().add(ticket));
        }
        let topics = &mut self.response.topics;
        self.waits.retain(|wait| {
            let (error, low_watermark) = match wait.partition.low_watermark() {
                Ok(reached) if reached >= wait.required => (ErrorCode::None, reached),
                Ok(_) if !is_over => return true,
                Ok(reached) => (ErrorCode::RequestTimedOut, reached),
                Err(code) => (code, -1),
            };
            let topic = topics.get_mut(wait.topic);
            if let Some(answer) = topic.and_then(|topic| topic.partitions.get_mut(wait.answer)) {
                (answer.error_code, answer.low_watermark) = (error.code(), low_watermark);
            }
            false
        });
        if !self.waits.is_empty() {
            return Ok(false);
        }
        out.respond(&self.response, ticket.header()).map_err(|error| Refusal::Response(ticket.api_key, error))?;
        Ok(true)
    }
}

/// The partition, the offset that its log start has to reach on all replicas, and the one that it has reached
/// (`Partition.deleteRecordsOnLeader`).
fn delete(call: &Call<'_>, topic: &str, partition: i32, offset: i64) -> Result<(Arc<Partition>, i64, i64), ErrorCode> {
    let found = call.shared.topics.named(topic)?;
    let partition = found.partition(partition)?;
    if is_internal(topic) {
        return Err(ErrorCode::InvalidTopicException);
    }
    let required = partition.with_leader_log(|log, _| {
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
        Ok(to)
    })??;
    Ok((Arc::clone(partition), required, partition.low_watermark()?))
}
