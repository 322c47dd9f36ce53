//! Produce requests that wait until all replicas in sync have their records (`DelayedProduce`).

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use kafka_rpc::messages::ProduceResponse;
use kafka_rpc::messages::produce_response::{
    BatchIndexAndErrorMessage, PartitionProduceResponse, TopicProduceResponse,
};
use kafka_rpc::{ApiKey, ErrorCode};

use super::with_leaders;
use crate::api::Refusal;
use crate::broker::Shared;
use crate::net::{Output, Ticket};
use crate::partitions::Partition;

/// Requests of a connection that have been appended together, in the order of their answers. All of them may wait for as long as
/// the one that may wait longest.
pub(crate) struct WaitingProduce {
    listener: usize,
    requests: VecDeque<Pending>,
    max_wait: Duration,
}

/// A request whose records are appended.
pub(super) struct Pending {
    header: (ApiKey, i16, i32),
    response: ProduceResponse<'static>,
    waits: Vec<Wait>,
}

/// Records that are not on all replicas in sync yet.
pub(super) struct Wait {
    /// Place of the topic in the response, and of the partition in the topic.
    pub(super) topic: usize,
    pub(super) answer: usize,
    pub(super) partition: Arc<Partition>,
    /// The offset that the high watermark has to reach.
    pub(super) required: i64,
}

impl Pending {
    pub(super) fn new(header: (ApiKey, i16, i32), response: ProduceResponse<'_>, waits: Vec<Wait>) -> Self {
        let responses = response.responses.into_iter().map(|topic| TopicProduceResponse {
            name: Cow::Owned(topic.name.into_owned()),
            topic_id: topic.topic_id,
            partition_responses: topic.partition_responses.into_iter().map(owned).collect(),
            ..TopicProduceResponse::default()
        });
        let responses = responses.collect();
        let throttle_time_ms = response.throttle_time_ms;
        Pending { header, response: ProduceResponse { responses, throttle_time_ms, ..Default::default() }, waits }
    }

    /// Notes which partitions are done; says whether all are. `is_over`: those that are not have taken too long.
    fn settle(&mut self, is_over: bool) -> bool {
        let responses = &mut self.response.responses;
        self.waits.retain(|wait| {
            let acknowledged = wait.partition.acknowledged(wait.required);
            let late = || is_over.then_some(Err(ErrorCode::RequestTimedOut));
            let Some(acknowledged) = acknowledged.or_else(late) else { return true };
            let topic = responses.get_mut(wait.topic);
            if let Some(answer) = topic.and_then(|topic| topic.partition_responses.get_mut(wait.answer)) {
                answer.error_code = acknowledged.err().unwrap_or(ErrorCode::None).code();
            }
            false
        });
        self.waits.is_empty()
    }
}

/// An answer that outlives its request.
fn owned(answer: PartitionProduceResponse<'_>) -> PartitionProduceResponse<'static> {
    let text = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
    let record_errors = answer.record_errors.into_iter().map(|error| BatchIndexAndErrorMessage {
        batch_index: error.batch_index,
        batch_index_error_message: error.batch_index_error_message.map(text),
        ..Default::default()
    });
    PartitionProduceResponse {
        index: answer.index,
        error_code: answer.error_code,
        base_offset: answer.base_offset,
        log_append_time_ms: answer.log_append_time_ms,
        log_start_offset: answer.log_start_offset,
        record_errors: record_errors.collect(),
        error_message: answer.error_message.map(text),
        ..Default::default()
    }
}

impl WaitingProduce {
    pub(super) const fn new(listener: usize) -> Self {
        WaitingProduce { listener, requests: VecDeque::new(), max_wait: Duration::ZERO }
    }

    pub(super) fn push(&mut self, request: Pending, timeout_ms: i32) {
        let timeout = Duration::from_millis(u64::try_from(timeout_ms).unwrap_or(0));
        self.max_wait = self.max_wait.max(timeout);
        self.requests.push_back(request);
    }

    /// How long they may wait.
    pub(in crate::api) const fn max_wait(&self) -> Duration {
        self.max_wait
    }

    /// Answers the requests that are done, up to the first that is not; says whether all are answered.
    ///
    /// # Errors
    /// Where a response cannot be written.
    pub(in crate::api) fn look(
        &mut self,
        shared: &Shared,
        ticket: Ticket,
        is_over: bool,
        out: &mut Output,
    ) -> Result<bool, Refusal> {
        if !is_over {
            let waits = self.requests.iter().flat_map(|request| &request.waits);
            waits.for_each(|wait| wait.partition.watch().add(ticket));
        }
        while let Some(mut first) = self.requests.pop_front() {
            if !first.settle(is_over) {
                self.requests.push_front(first);
                return Ok(false);
            }
            let (api_key, version, _) = first.header;
            let response = with_leaders(first.response, version, shared, self.listener);
            out.respond(&response, first.header).map_err(|error| Refusal::Response(api_key, error))?;
        }
        Ok(true)
    }
}
