//! Where to read: committed offsets, the ends of logs; and commits.

use std::collections::BTreeMap;
use std::time::Instant;

use kafka_rpc::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_rpc::messages::offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use kafka_rpc::messages::offset_fetch_request::{
    OffsetFetchRequestGroup, OffsetFetchRequestTopic, OffsetFetchRequestTopics,
};
use kafka_rpc::messages::{ListOffsetsRequest, OffsetCommitRequest, OffsetFetchRequest};
use kafka_rpc::{ApiKey, ErrorCode};

use super::config::OffsetReset;
use super::record::ConsumeError;
use super::{Consumer, Place};
use crate::error::{ApiError, ClientError};
use crate::group::coordinator::Coordinator;
use crate::group::membership::Membership;
use crate::{Client, TopicPartition};

/// `ListOffsetsRequest.LATEST_TIMESTAMP`.
const LATEST: i64 = -1;
/// `ListOffsetsRequest.EARLIEST_TIMESTAMP`.
const EARLIEST: i64 = -2;

/// The first version of OffsetFetch that takes several groups.
const GROUPS_VERSION_MIN: i16 = 8;
/// The first version of OffsetFetch that can wait for transactions.
const STABLE_VERSION_MIN: i16 = 7;

impl Consumer {
    /// Looks up positions that are not known. What fails for now is tried again by a later call.
    pub(super) fn find_positions(&mut self) -> Result<(), ConsumeError> {
        let committed = self.due(|place| place == Place::Committed);
        if !committed.is_empty() {
            self.find_committed(&committed)?;
        }
        for (end, timestamp) in [(OffsetReset::Earliest, EARLIEST), (OffsetReset::Latest, LATEST)] {
            let partitions = self.due(|place| place == Place::Reset(end));
            if !partitions.is_empty() {
                self.find_ends(partitions, timestamp)?;
            }
        }
        Ok(())
    }

    fn due(&self, wanted: impl Fn(Place) -> bool) -> Vec<TopicPartition> {
        let now = Instant::now();
        let due = self.positions.iter().filter(|(_, position)| wanted(position.place) && position.is_due(now));
        due.map(|(partition, _)| partition.clone()).collect()
    }

    fn find_committed(&mut self, partitions: &[TopicPartition]) -> Result<(), ConsumeError> {
        let committed = match &mut self.coordinator {
            None => Ok(BTreeMap::new()),
            Some(coordinator) => committed_offsets(&mut self.client, coordinator, partitions),
        };
        let committed = match committed {
            Ok(committed) => committed,
            Err(error) => {
                self.after(&error);
                partitions.iter().for_each(|partition| self.pause(partition));
                return if is_passing(&error) { Ok(()) } else { Err(error.into()) };
            }
        };
        let mut without = Vec::new();
        for partition in partitions {
            let place = match committed.get(partition) {
                Some(offset) => Place::At(*offset),
                None if self.config.offset_reset == OffsetReset::None => {
                    without.push(partition.clone());
                    continue;
                }
                None => Place::Reset(self.config.offset_reset),
            };
            self.place(partition, place);
        }
        if without.is_empty() { Ok(()) } else { Err(ConsumeError::NoOffset(without)) }
    }

    fn find_ends(&mut self, partitions: Vec<TopicPartition>, timestamp: i64) -> Result<(), ConsumeError> {
        let mut by_leader: BTreeMap<i32, Vec<TopicPartition>> = BTreeMap::new();
        for partition in partitions {
            match self.client.leader(&partition.topic, partition.partition) {
                Ok(leader) => by_leader.entry(leader).or_default().push(partition),
                Err(error) if error.is_retriable() => self.pause(&partition),
                Err(error) => return Err(error.into()),
            }
        }
        for (leader, partitions) in by_leader {
            // Those that get no answer are asked for again.
            partitions.iter().for_each(|partition| self.pause(partition));
            match self.list_offsets(leader, &partitions, timestamp) {
                Ok(offsets) => offsets.iter().for_each(|(partition, offset)| self.place(partition, Place::At(*offset))),
                Err(error) if is_passing(&error) => self.after(&error),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    fn list_offsets(
        &mut self,
        leader: i32,
        partitions: &[TopicPartition],
        timestamp: i64,
    ) -> Result<Vec<(TopicPartition, i64)>, ClientError> {
        let topics = by_topic(partitions).into_iter().map(|(topic, numbers)| ListOffsetsTopic {
            name: topic.into(),
            partitions: numbers
                .into_iter()
                .map(|partition_index| ListOffsetsPartition {
                    partition_index,
                    current_leader_epoch: leader_epoch(&self.client, topic, partition_index),
                    timestamp,
                    ..Default::default()
                })
                .collect(),
            ..Default::default()
        });
        let request = ListOffsetsRequest {
            replica_id: -1,
            isolation_level: i8::from(self.is_read_committed()),
            topics: topics.collect(),
            timeout_ms: i32::try_from(self.config.request_timeout.as_millis()).unwrap_or(i32::MAX),
            ..Default::default()
        };
        let reply = self.client.send_to(leader, &request)?;
        let response = reply.message()?;
        let mut offsets = Vec::new();
        for topic in &response.topics {
            for found in &topic.partitions {
                match ApiError::check(found.error_code, None) {
                    Ok(()) => {
                        offsets.push((TopicPartition::new(topic.name.as_ref(), found.partition_index), found.offset))
                    }
                    Err(error) if error.code.is_retriable() => self.client.forget_metadata(),
                    Err(error) => return Err(error.into()),
                }
            }
        }
        Ok(offsets)
    }

    /// Commits the positions of all partitions.
    ///
    /// # Errors
    /// Without `group.id`, and if the group does not take them, even after further attempts.
    pub fn commit(&mut self) -> Result<(), ConsumeError> {
        let member = self.membership.as_ref().map(Member::of);
        let positions = self.known_positions();
        let coordinator = self.coordinator.as_mut().ok_or(ConsumeError::NoGroup)?;
        let committed = self.client.retry(|client| {
            let committed = commit_offsets(client, coordinator, member.as_ref(), &positions);
            // The next attempt looks for the coordinator again.
            committed.inspect_err(|_| coordinator.disconnect())
        });
        Ok(committed?)
    }

    /// Commits when `auto.commit.interval.ms` is over.
    pub(super) fn auto_commit(&mut self) {
        let now = Instant::now();
        if !self.config.auto_commit || now < self.next_commit || self.config.group_id.is_none() {
            return;
        }
        self.next_commit = now + self.config.auto_commit_interval;
        match self.membership.as_ref().map(|membership| (membership.is_stable(), Member::of(membership))) {
            Some((false, _)) => {}
            member => self.commit_once(member.map(|(_, member)| member).as_ref()),
        }
    }

    /// Commits for a member that is about to lose partitions.
    pub(super) fn commit_quietly(&mut self, membership: &Membership) {
        self.commit_once(Some(&Member::of(membership)));
    }

    /// Makes one attempt. What fails now is committed later, or read again by another member.
    fn commit_once(&mut self, member: Option<&Member>) {
        let positions = self.known_positions();
        let Some(coordinator) = &mut self.coordinator else { return };
        let committed = commit_offsets(&mut self.client, coordinator, member, &positions);
        if let Err(error) = committed {
            self.after(&error);
            tracing::warn!("Offset commit failed: {error}");
        }
    }

    fn known_positions(&self) -> Vec<(TopicPartition, i64)> {
        let known = self.positions.iter().filter_map(|(partition, position)| match position.place {
            Place::At(offset) => Some((partition.clone(), offset)),
            Place::Committed | Place::Reset(_) => None,
        });
        known.collect()
    }

    /// Forgets what an error says is wrong.
    fn after(&mut self, error: &ClientError) {
        match error.code() {
            Some(ErrorCode::NotCoordinator | ErrorCode::CoordinatorNotAvailable) => {
                self.client.forget_coordinators();
                self.coordinator.iter_mut().for_each(Coordinator::disconnect);
            }
            Some(ErrorCode::CoordinatorLoadInProgress | ErrorCode::UnstableOffsetCommit) => {}
            Some(_) => self.client.forget_metadata(),
            None => self.client.forget_coordinators(),
        }
    }
}

/// Who commits.
struct Member {
    generation: i32,
    member_id: String,
    instance_id: Option<String>,
}

impl Member {
    fn of(membership: &Membership) -> Self {
        let (generation, member_id) = membership.generation();
        let instance_id = membership.instance_id().map(str::to_owned);
        Member { generation, member_id: member_id.to_owned(), instance_id }
    }
}

/// Whether an error is over after a while.
fn is_passing(error: &ClientError) -> bool {
    error.is_retriable() || error.code() == Some(ErrorCode::UnstableOffsetCommit)
}

pub(super) fn leader_epoch(client: &Client, topic: &str, partition: i32) -> i32 {
    client.cluster().partition(topic, partition).map_or(-1, |partition| partition.leader_epoch)
}

fn by_topic(partitions: &[TopicPartition]) -> BTreeMap<&str, Vec<i32>> {
    let mut topics: BTreeMap<&str, Vec<i32>> = BTreeMap::new();
    for TopicPartition { topic, partition } in partitions {
        topics.entry(topic).or_default().push(*partition);
    }
    topics
}

/// Asks the coordinator for the offsets of a group. Partitions without one are left out.
fn committed_offsets(
    client: &mut Client,
    coordinator: &mut Coordinator,
    partitions: &[TopicPartition],
) -> Result<BTreeMap<TopicPartition, i64>, ClientError> {
    let group_id = coordinator.group_id().to_owned();
    let version = coordinator.connect(client)?.versions().latest(ApiKey::OffsetFetch).unwrap_or_default();
    let mut committed = BTreeMap::new();
    let mut found = |topic: &str, partition: i32, offset: i64, code: i16| -> Result<(), ClientError> {
        ApiError::check(code, None)?;
        if offset >= 0 {
            committed.insert(TopicPartition::new(topic, partition), offset);
        }
        Ok(())
    };
    let require_stable = version >= STABLE_VERSION_MIN;
    if version < GROUPS_VERSION_MIN {
        let topics = by_topic(partitions).into_iter().map(|(topic, partition_indexes)| OffsetFetchRequestTopic {
            name: topic.into(),
            partition_indexes,
            ..Default::default()
        });
        let topics = Some(topics.collect());
        let request =
            OffsetFetchRequest { group_id: group_id.as_str().into(), topics, require_stable, ..Default::default() };
        let reply = coordinator.call(client, &request)?;
        let response = reply.message()?;
        ApiError::check(response.error_code, None)?;
        for topic in &response.topics {
            for partition in &topic.partitions {
                found(&topic.name, partition.partition_index, partition.committed_offset, partition.error_code)?;
            }
        }
        return Ok(committed);
    }
    let mut topics = Vec::new();
    for (topic, partition_indexes) in by_topic(partitions) {
        let topic_id = client.topic(topic)?.id;
        topics.push(OffsetFetchRequestTopics { name: topic.into(), topic_id, partition_indexes, ..Default::default() });
    }
    let group =
        OffsetFetchRequestGroup { group_id: group_id.as_str().into(), topics: Some(topics), ..Default::default() };
    let request = OffsetFetchRequest { groups: vec![group], require_stable, ..Default::default() };
    let reply = coordinator.call(client, &request)?;
    let response = reply.message()?;
    for group in &response.groups {
        ApiError::check(group.error_code, None)?;
        for topic in &group.topics {
            let name = match client.cluster().topic_by_id(topic.topic_id) {
                Some(known) if topic.name.is_empty() => known.name.as_str(),
                _ => topic.name.as_ref(),
            };
            for partition in &topic.partitions {
                found(name, partition.partition_index, partition.committed_offset, partition.error_code)?;
            }
        }
    }
    Ok(committed)
}

fn commit_offsets(
    client: &mut Client,
    coordinator: &mut Coordinator,
    member: Option<&Member>,
    positions: &[(TopicPartition, i64)],
) -> Result<(), ClientError> {
    if positions.is_empty() {
        return Ok(());
    }
    let mut topics: Vec<OffsetCommitRequestTopic<'_>> = Vec::new();
    for (TopicPartition { topic, partition }, offset) in positions {
        let committed = OffsetCommitRequestPartition {
            partition_index: *partition,
            committed_offset: *offset,
            committed_leader_epoch: leader_epoch(client, topic, *partition),
            committed_metadata: Some("".into()),
            ..Default::default()
        };
        match topics.last_mut().filter(|last| last.name == topic.as_str()) {
            Some(last) => last.partitions.push(committed),
            None => {
                let (topic_id, partitions) = (client.topic(topic)?.id, vec![committed]);
                let name = topic.as_str().into();
                topics.push(OffsetCommitRequestTopic { name, topic_id, partitions, ..Default::default() });
            }
        }
    }
    let group_id = coordinator.group_id().to_owned();
    let request = OffsetCommitRequest {
        group_id: group_id.as_str().into(),
        generation_id_or_member_epoch: member.map_or(-1, |member| member.generation),
        member_id: member.map_or("", |member| member.member_id.as_str()).into(),
        group_instance_id: member.and_then(|member| member.instance_id.as_deref()).map(Into::into),
        topics,
        ..Default::default()
    };
    let reply = coordinator.call(client, &request)?;
    for topic in &reply.message()?.topics {
        for partition in &topic.partitions {
            ApiError::check(partition.error_code, None)?;
        }
    }
    Ok(())
}
