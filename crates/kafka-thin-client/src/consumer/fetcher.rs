//! Fetch requests to the leaders, one at a time to each (`Fetcher`).

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use kafka_rpc::messages::fetch_request::{FetchPartition, FetchTopic, ForgottenTopic};
use kafka_rpc::messages::fetch_response::PartitionData;
use kafka_rpc::messages::{FetchRequest, FetchResponse};
use kafka_rpc::{ApiKey, ErrorCode};

use super::config::OffsetReset;
use super::decode::Fetched;
use super::offsets::leader_epoch;
use super::record::{ConsumeError, ConsumerRecord};
use super::{Consumer, Place};
use crate::TopicPartition;
use crate::connection::Pending;
use crate::error::{ApiError, ClientError};
use crate::fetch_session::{FetchFrom, FetchSession};

#[derive(Debug, Default)]
pub(super) struct NodeFetch {
    session: FetchSession<TopicPartition>,
    pending: Option<(Pending, Instant)>,
}

impl Consumer {
    pub(super) fn is_fetching(&self) -> bool {
        self.nodes.values().any(|node| node.pending.is_some())
    }

    /// Asks for records of partitions of which none have been fetched.
    pub(super) fn send_fetches(&mut self) -> Result<(), ConsumeError> {
        let now = Instant::now();
        let due = self.positions.iter().filter(|(partition, position)| {
            position.is_due(now) && !self.fetched.iter().any(|fetched| fetched.partition == **partition)
        });
        let due = due.filter_map(|(partition, position)| match position.place {
            Place::At(offset) => Some((partition.clone(), offset)),
            Place::Committed | Place::Reset(_) => None,
        });
        let due: Vec<(TopicPartition, i64)> = due.collect();
        let mut by_node: BTreeMap<i32, BTreeMap<TopicPartition, FetchFrom>> = BTreeMap::new();
        for (partition, offset) in due {
            match self.client.leader(&partition.topic, partition.partition) {
                Ok(node) => {
                    let leader_epoch = leader_epoch(&self.client, &partition.topic, partition.partition);
                    let topic = self.client.cluster().topics.get(&partition.topic);
                    let topic_id = topic.map(|topic| topic.id).unwrap_or_default();
                    let from =
                        FetchFrom { topic_id, offset, leader_epoch, last_fetched_epoch: -1, log_start_offset: -1 };
                    by_node.entry(node).or_default().insert(partition, from);
                }
                Err(error) if error.is_retriable() => self.pause(&partition),
                Err(error) => return Err(error.into()),
            }
        }
        for (node, wanted) in by_node {
            if self.nodes.get(&node).is_none_or(|node| node.pending.is_none()) {
                self.fetch(node, wanted)?;
            }
        }
        Ok(())
    }

    fn fetch(&mut self, node: i32, wanted: BTreeMap<TopicPartition, FetchFrom>) -> Result<(), ConsumeError> {
        let isolation_level = i8::from(self.is_read_committed());
        let state = self.nodes.entry(node).or_default();
        let session = state.session.request(wanted);
        let config = &self.config;
        let mut topics: Vec<FetchTopic<'_>> = Vec::new();
        for (TopicPartition { topic, partition }, from) in &session.changed {
            let data = FetchPartition {
                partition: *partition,
                current_leader_epoch: from.leader_epoch,
                fetch_offset: from.offset,
                partition_max_bytes: config.partition_max_bytes,
                ..Default::default()
            };
            match topics.last_mut().filter(|last| last.topic == topic.as_str()) {
                Some(last) => last.partitions.push(data),
                None => topics.push(FetchTopic {
                    topic: topic.as_str().into(),
                    topic_id: from.topic_id,
                    partitions: vec![data],
                    ..Default::default()
                }),
            }
        }
        let forgotten = session.forgotten.iter().map(|(TopicPartition { topic, partition }, topic_id)| {
            let (topic, partitions) = (topic.as_str().into(), vec![*partition]);
            ForgottenTopic { topic, topic_id: *topic_id, partitions, ..Default::default() }
        });
        let request = FetchRequest {
            max_wait_ms: i32::try_from(config.fetch_max_wait.as_millis()).unwrap_or(i32::MAX),
            min_bytes: config.fetch_min_bytes,
            max_bytes: config.fetch_max_bytes,
            isolation_level,
            session_id: session.id,
            session_epoch: session.epoch,
            topics,
            forgotten_topics_data: forgotten.collect(),
            ..Default::default()
        };
        match self.client.connection(node).and_then(|connection| connection.send(&request)) {
            Ok(pending) => {
                state.pending = Some((pending, Instant::now()));
                Ok(())
            }
            Err(error) => self.lost(node, error),
        }
    }

    /// Takes in the responses that have come; waits a moment if none has.
    pub(super) fn receive_fetches(&mut self, wait: Duration) -> Result<(), ConsumeError> {
        let nodes = self.nodes.iter().filter_map(|(node, state)| Some((*node, state.pending?)));
        let nodes: Vec<(i32, (Pending, Instant))> = nodes.collect();
        let each = wait / u32::try_from(nodes.len()).unwrap_or(u32::MAX).max(1);
        for (node, (pending, sent)) in nodes {
            let limit = self.config.request_timeout.saturating_add(self.config.fetch_max_wait);
            let reply = self.client.connection(node).and_then(|connection| {
                let reply = connection.poll::<FetchRequest<'_>>(pending, each)?;
                if reply.is_none() && sent.elapsed() >= limit {
                    let peer = connection.peer().clone();
                    return Err(ClientError::RequestTimedOut { peer, api: ApiKey::Fetch, after: limit });
                }
                Ok(reply)
            });
            match reply {
                Ok(None) => {}
                Ok(Some(reply)) => {
                    if let Some(state) = self.nodes.get_mut(&node) {
                        state.pending = None;
                    }
                    self.handle(node, &reply.message()?)?;
                }
                Err(error) => self.lost(node, error)?,
            }
        }
        Ok(())
    }

    /// The connection to a node is gone, and the session with it.
    fn lost(&mut self, node: i32, error: ClientError) -> Result<(), ConsumeError> {
        let lost = self.nodes.remove(&node);
        let partitions = lost.iter().flat_map(|lost| lost.session.partitions().keys());
        partitions.for_each(|partition| self.pause(partition));
        if error.is_retriable() || matches!(error, ClientError::Correlation { .. }) {
            self.client.disconnect(node);
            return Ok(());
        }
        Err(error.into())
    }

    fn handle(&mut self, node: i32, response: &FetchResponse<'_>) -> Result<(), ConsumeError> {
        let Some(state) = self.nodes.get_mut(&node) else { return Ok(()) };
        if let Err(error) = ApiError::check(response.error_code, None) {
            state.session.reset();
            self.client.forget_metadata();
            return if error.code.is_retriable() { Ok(()) } else { Err(error.into()) };
        }
        let asked = state.session.partitions().clone();
        state.session.answered(response.session_id);
        for topic in &response.responses {
            // What is known of the cluster may have been forgotten since the request.
            let by_id = asked.iter().find(|(_, from)| topic.topic.is_empty() && from.topic_id == topic.topic_id);
            let name = by_id.map_or_else(|| topic.topic.to_string(), |(partition, _)| partition.topic.clone());
            for data in &topic.partitions {
                let partition = TopicPartition::new(name.as_str(), data.partition_index);
                let offset = asked.get(&partition).map(|from| from.offset);
                // The consumer may have gone elsewhere since.
                if let Some(offset) = offset.filter(|offset| self.position(&partition) == Some(*offset)) {
                    self.handle_partition(partition, offset, data)?;
                }
            }
        }
        Ok(())
    }

    fn handle_partition(
        &mut self,
        partition: TopicPartition,
        offset: i64,
        data: &PartitionData<'_>,
    ) -> Result<(), ConsumeError> {
        match ApiError::check(data.error_code, None) {
            Ok(()) => {
                let bytes = data.records.as_ref().and_then(kafka_rpc::Records::bytes).unwrap_or_default();
                if !bytes.is_empty() {
                    let aborted = data.aborted_transactions.iter().flatten();
                    let aborted = aborted.map(|aborted| (aborted.first_offset, aborted.producer_id)).collect();
                    let (isolation, check_crcs) = (self.config.isolation_level, self.config.check_crcs);
                    self.fetched.push_back(Fetched::new(
                        partition,
                        bytes.to_vec(),
                        offset,
                        isolation,
                        check_crcs,
                        aborted,
                    ));
                }
                Ok(())
            }
            Err(ApiError { code: ErrorCode::OffsetOutOfRange, .. }) => match self.config.offset_reset {
                OffsetReset::None => Err(ConsumeError::OffsetOutOfRange { partition, offset }),
                end => {
                    self.seek_to(&partition, end);
                    Ok(())
                }
            },
            Err(ApiError { code: ErrorCode::TopicAuthorizationFailed, .. }) => {
                Err(ConsumeError::UnauthorizedTopics(vec![partition.topic]))
            }
            Err(error) if error.code.is_retriable() => {
                self.client.forget_metadata();
                self.pause(&partition);
                Ok(())
            }
            Err(error) => {
                self.pause(&partition);
                Err(error.into())
            }
        }
    }

    /// Decodes records that have been fetched, up to `max.poll.records`.
    pub(super) fn take_records(&mut self) -> Result<Vec<ConsumerRecord>, ConsumeError> {
        let mut records = Vec::new();
        while records.len() < self.config.max_poll_records
            && let Some(mut fetched) = self.fetched.pop_front()
        {
            let next = fetched.next(&mut self.decompressor);
            // A seek would drop what has been fetched.
            if let Some(position) = self.positions.get_mut(&fetched.partition) {
                position.place = Place::At(fetched.position);
            }
            match next {
                Ok(Some(record)) => {
                    records.push(record);
                    self.fetched.push_front(fetched);
                }
                Ok(None) => {}
                // First what could be read; the next call comes to the same error.
                Err(_) if !records.is_empty() => break,
                Err(error) => return Err(error),
            }
        }
        Ok(records)
    }
}
