//! Batches to brokers, and responses to callbacks (`Sender`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use kafka_log::format::builder::BatchFields;
use kafka_rpc::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_rpc::messages::{InitProducerIdRequest, ProduceRequest, ProduceResponse};
use kafka_rpc::{ErrorCode, Records, Uuid};

use super::batch::{Batch, Identity};
use super::record::ProduceError;
use super::{Acks, Producer};
use crate::TopicPartition;
use crate::connection::Pending;
use crate::error::{ApiError, ClientError};

/// A request that waits for its response.
#[derive(Debug)]
struct InFlight {
    node: i32,
    pending: Pending,
    sent: Instant,
    batches: Vec<(TopicPartition, Batch)>,
    /// Ids of the topics: what is known of the cluster may be forgotten before the response comes.
    topic_ids: BTreeMap<String, Uuid>,
}

#[derive(Debug)]
pub(super) struct Sender {
    fields: BatchFields,
    /// Oldest first.
    in_flight: Vec<InFlight>,
    /// Of an idempotent producer; `None` until the cluster has given one out, and after numbers got lost.
    identity: Option<Identity>,
    /// When to ask for an identity again.
    identity_not_before: Option<Instant>,
}

impl Sender {
    pub(super) fn new(fields: BatchFields) -> Self {
        Sender { fields, in_flight: Vec::new(), identity: None, identity_not_before: None }
    }

    pub(super) fn in_flight(&self) -> usize {
        self.in_flight.len()
    }
}

impl Producer {
    pub(super) fn drive(&mut self, flush: bool, wait: Duration) {
        let deadline = Instant::now().checked_add(wait);
        loop {
            self.expire();
            self.send_ready(flush);
            let now = Instant::now();
            let left = deadline.map_or(Duration::from_secs(1), |deadline| deadline.saturating_duration_since(now));
            if self.receive(left) {
                return;
            }
            if left.is_zero() {
                return;
            }
            if self.sender.in_flight.is_empty() {
                let event = self.accumulator.next_event().map(|event| event.saturating_duration_since(now));
                match event {
                    None => return,
                    Some(event) => {
                        thread::sleep(event.clamp(Duration::from_millis(1), left.max(Duration::from_millis(1))))
                    }
                }
            }
        }
    }

    fn expire(&mut self) {
        let now = Instant::now();
        for (partition, batch) in self.accumulator.expired(now) {
            if batch.sequence.is_some() {
                self.sender.identity = None;
            }
            let age_ms = now.saturating_duration_since(batch.created).as_millis();
            let error = ProduceError::Expired { partition, count: batch.len(), age_ms };
            batch.fail(&error);
        }
    }

    fn send_ready(&mut self, flush: bool) {
        let ready = self.accumulator.ready(Instant::now(), flush);
        if ready.is_empty() || !self.has_identity(&ready) {
            return;
        }
        let mut by_node: BTreeMap<i32, Vec<TopicPartition>> = BTreeMap::new();
        for partition in ready {
            match self.client.leader(&partition.topic, partition.partition) {
                Ok(node) => by_node.entry(node).or_default().push(partition),
                Err(error) if error.is_retriable() => {
                    self.accumulator.postpone(&partition, Instant::now() + self.config.retry_backoff);
                }
                Err(error) => self.fail_first(&partition, &failure(error)),
            }
        }
        for (node, partitions) in by_node {
            let mut requests = partitions.into_iter().peekable();
            while requests.peek().is_some() {
                let count = self.sender.in_flight.iter().filter(|request| request.node == node).count();
                if count >= self.config.max_in_flight {
                    break;
                }
                let (mut batches, mut bytes) = (Vec::new(), 0);
                // A batch that alone is longer than a request goes by itself.
                while let Some(partition) = requests.next_if(|_| bytes < self.config.max_request_size) {
                    if let Some(batch) = self.accumulator.take(&partition, self.sender.identity) {
                        bytes += batch.sealed().len();
                        batches.push((partition, batch));
                    }
                }
                if !batches.is_empty() {
                    self.send_to(node, batches);
                }
            }
        }
    }

    /// Asks for a producer id if one is needed; false if it has to be waited for.
    fn has_identity(&mut self, ready: &[TopicPartition]) -> bool {
        if !self.config.enable_idempotence || self.sender.identity.is_some() {
            return true;
        }
        let now = Instant::now();
        if self.sender.identity_not_before.is_some_and(|not_before| now < not_before) {
            return false;
        }
        let request = InitProducerIdRequest {
            transactional_id: None,
            transaction_timeout_ms: i32::MAX,
            producer_id: -1,
            producer_epoch: -1,
            ..Default::default()
        };
        let identity = self.client.send_to_any(&request).and_then(|reply| {
            let response = reply.message()?;
            ApiError::check(response.error_code, None)?;
            Ok(Identity { producer_id: response.producer_id, epoch: response.producer_epoch })
        });
        self.sender.identity_not_before = Some(now + self.config.retry_backoff);
        match identity {
            Ok(identity) => self.sender.identity = Some(identity),
            Err(error) if error.is_retriable() => {
                let later = now + self.config.retry_backoff;
                ready.iter().for_each(|partition| self.accumulator.postpone(partition, later));
            }
            Err(error) => {
                let error = failure(error);
                ready.iter().for_each(|partition| self.fail_first(partition, &error));
            }
        }
        self.sender.identity.is_some()
    }

    fn fail_first(&mut self, partition: &TopicPartition, error: &ProduceError) {
        if let Some(batch) = self.accumulator.drop_first(partition) {
            batch.fail(error);
        }
    }

    fn send_to(&mut self, node: i32, batches: Vec<(TopicPartition, Batch)>) {
        let mut topic_data: Vec<TopicProduceData<'_>> = Vec::new();
        let mut topic_ids = BTreeMap::new();
        for (TopicPartition { topic, partition }, batch) in &batches {
            let records = Some(Records::Bytes(batch.sealed()));
            let data = PartitionProduceData { index: *partition, records, ..Default::default() };
            match topic_data.last_mut().filter(|last| last.name == topic.as_str()) {
                Some(last) => last.partition_data.push(data),
                None => {
                    let topic_id = self.client.cluster().topics.get(topic).map(|topic| topic.id).unwrap_or_default();
                    topic_ids.insert(topic.clone(), topic_id);
                    let name = topic.as_str().into();
                    topic_data.push(TopicProduceData {
                        name,
                        topic_id,
                        partition_data: vec![data],
                        ..Default::default()
                    });
                }
            }
        }
        let timeout_ms = i32::try_from(self.config.request_timeout.as_millis()).unwrap_or(i32::MAX);
        let request = ProduceRequest {
            transactional_id: None,
            acks: self.config.acks.code(),
            timeout_ms,
            topic_data,
            ..Default::default()
        };
        let wants_response = self.config.acks != Acks::None;
        let sent = self.client.connection(node).and_then(|connection| {
            if wants_response {
                connection.send(&request).map(Some)
            } else {
                connection.send_without_response(&request).map(|()| None)
            }
        });
        drop(request);
        match sent {
            Ok(Some(pending)) => {
                self.sender.in_flight.push(InFlight { node, pending, sent: Instant::now(), batches, topic_ids });
            }
            Ok(None) => {
                for (partition, batch) in batches {
                    self.accumulator.done(&partition, &batch);
                    batch.succeed(&partition, -1);
                }
            }
            Err(error) => {
                self.client.disconnect(node);
                self.all_failed(batches, error);
            }
        }
    }

    /// Takes in the responses that have come; waits a moment, and no longer than this, if none has. Returns whether there was one.
    fn receive(&mut self, wait: Duration) -> bool {
        /// How long to wait for one broker before the others are looked at.
        const MOMENT: Duration = Duration::from_millis(10);
        let nodes: BTreeSet<i32> = self.sender.in_flight.iter().map(|request| request.node).collect();
        let wait = wait.min(MOMENT) / u32::try_from(nodes.len()).unwrap_or(u32::MAX).max(1);
        let mut received = false;
        for node in nodes {
            received |= self.receive_from(node, wait);
        }
        received
    }

    fn receive_from(&mut self, node: i32, wait: Duration) -> bool {
        let Some(at) = self.sender.in_flight.iter().position(|request| request.node == node) else { return false };
        let request = &self.sender.in_flight[at];
        let (pending, overdue) = (request.pending, request.sent.elapsed() >= self.config.request_timeout);
        let reply = self.client.connection(node).and_then(|connection| {
            let peer = connection.peer().clone();
            match connection.poll::<ProduceRequest<'_>>(pending, wait)? {
                None if overdue => Err(ClientError::RequestTimedOut {
                    peer,
                    api: kafka_rpc::ApiKey::Produce,
                    after: self.config.request_timeout,
                }),
                reply => Ok(reply),
            }
        });
        match reply {
            Ok(None) => return false,
            Ok(Some(reply)) => {
                let request = self.sender.in_flight.remove(at);
                match reply.message() {
                    Ok(response) => self.handle(request.batches, &request.topic_ids, &response),
                    Err(error) => self.all_failed(request.batches, error),
                }
            }
            Err(error) => {
                // No other response will come on this connection.
                self.client.disconnect(node);
                let (broken, others) =
                    std::mem::take(&mut self.sender.in_flight).into_iter().partition(|request| request.node == node);
                self.sender.in_flight = others;
                let broken: Vec<InFlight> = broken;
                let batches = broken.into_iter().flat_map(|request| request.batches).collect();
                self.all_failed(batches, error);
            }
        }
        true
    }

    fn handle(
        &mut self,
        batches: Vec<(TopicPartition, Batch)>,
        topic_ids: &BTreeMap<String, Uuid>,
        response: &ProduceResponse<'_>,
    ) {
        for (partition, batch) in batches {
            let mut topics = response.responses.iter();
            let topic = topics.find(|topic| {
                topic.name == partition.topic.as_str()
                    || (topic.name.is_empty() && topic_ids.get(&partition.topic) == Some(&topic.topic_id))
            });
            let answer = topic
                .and_then(|topic| topic.partition_responses.iter().find(|answer| answer.index == partition.partition));
            let outcome = match answer {
                None => Err(ApiError { code: ErrorCode::UnknownServerError, message: None }),
                Some(answer) => {
                    ApiError::check(answer.error_code, answer.error_message.as_deref()).map(|()| answer.base_offset)
                }
            };
            match outcome {
                Ok(base_offset) => {
                    self.accumulator.done(&partition, &batch);
                    batch.succeed(&partition, base_offset);
                }
                Err(ApiError { code: ErrorCode::DuplicateSequenceNumber, .. }) => {
                    self.accumulator.done(&partition, &batch);
                    batch.succeed(&partition, -1);
                }
                Err(error) => self.refused(partition, batch, error),
            }
        }
    }

    fn refused(&mut self, partition: TopicPartition, mut batch: Batch, error: ApiError) {
        use ErrorCode::{
            InvalidProducerEpoch, MessageTooLarge, OutOfOrderSequenceNumber, RecordListTooLarge, UnknownProducerId,
        };
        match error.code {
            MessageTooLarge | RecordListTooLarge => match batch.split(self.sender.fields) {
                Ok(Some(second)) => self.accumulator.put_back(&partition, vec![batch, second], Instant::now()),
                Ok(None) => self.failed(&partition, batch, &ProduceError::Api(error)),
                Err(error) => self.failed(&partition, batch, &ProduceError::Format(error)),
            },
            OutOfOrderSequenceNumber | UnknownProducerId | InvalidProducerEpoch
                if batch.sequence.is_some() && self.has_attempts_left(&batch) =>
            {
                // The broker has lost track. The batch starts again under another producer id.
                self.sender.identity = None;
                batch.sequence = None;
                self.retry(&partition, batch);
            }
            code if code.is_retriable() && self.has_attempts_left(&batch) => {
                self.client.forget_metadata();
                self.retry(&partition, batch);
            }
            _ => self.failed(&partition, batch, &ProduceError::Api(error)),
        }
    }

    fn all_failed(&mut self, batches: Vec<(TopicPartition, Batch)>, error: ClientError) {
        // A connection that was replaced knows nothing of earlier requests.
        let is_retriable = error.is_retriable() || matches!(error, ClientError::Correlation { .. });
        let error = failure(error);
        for (partition, batch) in batches {
            if is_retriable && self.has_attempts_left(&batch) {
                self.retry(&partition, batch);
            } else {
                self.failed(&partition, batch, &error);
            }
        }
    }

    fn has_attempts_left(&self, batch: &Batch) -> bool {
        batch.attempts <= self.config.retries
    }

    fn retry(&mut self, partition: &TopicPartition, batch: Batch) {
        self.accumulator.put_back(partition, vec![batch], Instant::now() + self.config.retry_backoff);
    }

    fn failed(&mut self, partition: &TopicPartition, batch: Batch, error: &ProduceError) {
        // Its sequence numbers are lost, and the broker would refuse what comes after.
        if batch.sequence.is_some() {
            self.sender.identity = None;
        }
        self.accumulator.done(partition, &batch);
        batch.fail(error);
    }
}

fn failure(error: ClientError) -> ProduceError {
    match error {
        ClientError::Api(error) => ProduceError::Api(error),
        error => ProduceError::Client(Arc::new(error)),
    }
}
