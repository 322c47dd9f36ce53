//! Groups.

use std::collections::{BTreeMap, BTreeSet};

use kafka_rpc::ErrorCode;
use kafka_rpc::messages::offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use kafka_rpc::messages::offset_delete_request::{OffsetDeleteRequestPartition, OffsetDeleteRequestTopic};
use kafka_rpc::messages::offset_fetch_request::OffsetFetchRequestGroup;
use kafka_rpc::messages::{
    ConsumerGroupDescribeRequest, DeleteGroupsRequest, DescribeGroupsRequest, ListGroupsRequest, OffsetCommitRequest,
    OffsetDeleteRequest, OffsetFetchRequest,
};

use super::{Results, result};
use crate::cluster::{Client, CoordinatorType};
use crate::error::{ApiError, ClientError};
use crate::group::TopicPartition;
use crate::group::protocol::{PROTOCOL_TYPE, read_assignment};

/// The last version of OffsetFetch and OffsetCommit that names topics instead of giving their ids.
const NAMED_TOPICS_VERSION_MAX: i16 = 9;
/// The first version of OffsetFetch that takes several groups.
const GROUPS_VERSION_MIN: i16 = 8;

/// A group as a list of groups has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupListing {
    /// Its id.
    pub id: String,
    /// Protocol type; `consumer` for groups of consumers, empty for one that only has offsets.
    pub protocol_type: String,
    /// State, such as `Stable`; empty where the broker does not tell.
    pub state: String,
    /// Type, such as `classic` or `consumer`; empty where the broker does not tell.
    pub group_type: String,
}

/// A group with its members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupDescription {
    /// Its id.
    pub id: String,
    /// `classic` or `consumer`.
    pub group_type: &'static str,
    /// State, such as `Stable`.
    pub state: String,
    /// Protocol type; `consumer` for groups of consumers.
    pub protocol_type: String,
    /// Assignor.
    pub assignor: String,
    /// Epoch of the group and of its target assignment, in groups of type `consumer`.
    pub epochs: Option<(i32, i32)>,
    /// The broker that coordinates it.
    pub coordinator: i32,
    /// Members.
    pub members: Vec<GroupMember>,
}

/// A member of a [`GroupDescription`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupMember {
    /// Its id.
    pub id: String,
    /// `group.instance.id`.
    pub instance_id: Option<String>,
    /// `client.id`.
    pub client_id: String,
    /// Address.
    pub host: String,
    /// What it has.
    pub assignment: BTreeSet<TopicPartition>,
    /// Epoch and target assignment, in groups of type `consumer`; whether the member takes part in that protocol yet.
    pub consumer: Option<ConsumerMember>,
}

/// What only members of groups of type `consumer` have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsumerMember {
    /// Epoch of the member.
    pub epoch: i32,
    /// What it is to have.
    pub target: BTreeSet<TopicPartition>,
    /// Whether it is a member by the classic protocol; `None` where the broker does not tell.
    pub is_classic: Option<bool>,
}

/// An offset that a group has committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommittedOffset {
    /// The offset.
    pub offset: i64,
    /// Epoch of the leader; -1 if unknown.
    pub leader_epoch: i32,
    /// What the consumer wrote beside it.
    pub metadata: String,
}

/// All groups that have one of these states and types; empty lists stand for all (`listGroups`).
///
/// # Errors
/// If a broker does not answer, or with an error.
pub fn list_groups(client: &mut Client, states: &[String], types: &[String]) -> Result<Vec<GroupListing>, ClientError> {
    let request = ListGroupsRequest {
        states_filter: states.iter().map(Into::into).collect(),
        types_filter: types.iter().map(Into::into).collect(),
        ..Default::default()
    };
    client.retry(|client| {
        client.fetch_topics(Some(&[]), false)?;
        let brokers: Vec<i32> = client.cluster().nodes.keys().copied().collect();
        let mut groups = BTreeMap::new();
        for broker in brokers {
            let reply = client.send_to(broker, &request)?;
            let response = reply.message()?;
            ApiError::check(response.error_code, None)?;
            let of = response.groups.iter().map(|group| GroupListing {
                id: group.group_id.to_string(),
                protocol_type: group.protocol_type.to_string(),
                state: group.group_state.to_string(),
                group_type: group.group_type.to_string(),
            });
            groups.extend(of.map(|group| (group.id.clone(), group)));
        }
        Ok(groups.into_values().collect())
    })
}

/// Describes a group (`describeConsumerGroups`, `describeClassicGroups`).
///
/// # Errors
/// If the coordinator does not answer, and with the group's error: `GROUP_ID_NOT_FOUND` for one that there is not.
pub fn describe_group(client: &mut Client, group: &str) -> Result<GroupDescription, ClientError> {
    client.retry(|client| {
        match describe_consumer_group(client, group) {
            Err(ClientError::UnsupportedApi { .. }) => {}
            Err(error) if matches!(error.code(), Some(ErrorCode::GroupIdNotFound | ErrorCode::UnsupportedVersion)) => {}
            outcome => return outcome,
        }
        describe_classic_group(client, group)
    })
}

fn describe_consumer_group(client: &mut Client, group: &str) -> Result<GroupDescription, ClientError> {
    let request = ConsumerGroupDescribeRequest { group_ids: vec![group.into()], ..Default::default() };
    let coordinator = client.coordinator(CoordinatorType::Group, group)?;
    let reply = client.send_to(coordinator, &request)?;
    let response = reply.message()?;
    let missing = ApiError { code: ErrorCode::GroupIdNotFound, message: None };
    let found = response.groups.iter().find(|described| described.group_id == group).ok_or(missing)?;
    ApiError::check(found.error_code, found.error_message.as_deref())?;
    let partitions = |assignment: &kafka_rpc::messages::consumer_group_describe_response::Assignment<'_>| {
        let topics = assignment.topic_partitions.iter();
        topics
            .flat_map(|topic| {
                topic.partitions.iter().map(|index| TopicPartition::new(topic.topic_name.as_ref(), *index))
            })
            .collect()
    };
    let members = found.members.iter().map(|member| GroupMember {
        id: member.member_id.to_string(),
        instance_id: member.instance_id.as_deref().map(str::to_owned),
        client_id: member.client_id.to_string(),
        host: member.client_host.to_string(),
        assignment: partitions(&member.assignment),
        consumer: Some(ConsumerMember {
            epoch: member.member_epoch,
            target: partitions(&member.target_assignment),
            is_classic: Some(member.member_type == 0).filter(|_| member.member_type >= 0),
        }),
    });
    Ok(GroupDescription {
        id: group.to_owned(),
        group_type: "consumer",
        state: found.group_state.to_string(),
        protocol_type: "consumer".to_owned(),
        assignor: found.assignor_name.to_string(),
        epochs: Some((found.group_epoch, found.assignment_epoch)),
        coordinator,
        members: members.collect(),
    })
}

fn describe_classic_group(client: &mut Client, group: &str) -> Result<GroupDescription, ClientError> {
    let request = DescribeGroupsRequest { groups: vec![group.into()], ..Default::default() };
    let coordinator = client.coordinator(CoordinatorType::Group, group)?;
    let reply = client.send_to(coordinator, &request)?;
    let response = reply.message()?;
    let missing = ApiError { code: ErrorCode::GroupIdNotFound, message: None };
    let found = response.groups.iter().find(|described| described.group_id == group).ok_or(missing)?;
    ApiError::check(found.error_code, found.error_message.as_deref())?;
    let members = found.members.iter().map(|member| GroupMember {
        id: member.member_id.to_string(),
        instance_id: member.group_instance_id.as_deref().map(str::to_owned),
        client_id: member.client_id.to_string(),
        host: member.client_host.to_string(),
        assignment: assigned(found.protocol_type.as_ref(), &member.member_assignment),
        consumer: None,
    });
    Ok(GroupDescription {
        id: group.to_owned(),
        group_type: "classic",
        state: found.group_state.to_string(),
        protocol_type: found.protocol_type.to_string(),
        assignor: found.protocol_data.to_string(),
        epochs: None,
        coordinator,
        members: members.collect(),
    })
}

/// What the leader of a classic group gave a member. Other groups than those of consumers assign other things, and what cannot
/// be read counts as nothing, as in Kafka.
fn assigned(protocol_type: &str, bytes: &[u8]) -> BTreeSet<TopicPartition> {
    if protocol_type != PROTOCOL_TYPE {
        return BTreeSet::new();
    }
    read_assignment(bytes).unwrap_or_default().into_iter().collect()
}

/// Deletes groups (`deleteConsumerGroups`).
///
/// # Errors
/// If a coordinator does not answer.
pub fn delete_groups(client: &mut Client, groups: &[String]) -> Result<Results<()>, ClientError> {
    let mut results = Vec::new();
    for group in groups {
        let request = DeleteGroupsRequest { groups_names: vec![group.into()], ..Default::default() };
        let outcome = client.retry(|client| {
            let reply = client.send_to_coordinator(group, &request)?;
            let response = reply.message()?;
            let code = response.results.iter().find(|item| item.group_id == *group).map_or(0, |item| item.error_code);
            Ok(ApiError::check(code, None)?)
        });
        match outcome {
            Err(ClientError::Api(error)) => results.push((group.clone(), Err(error))),
            outcome => results.push((group.clone(), Ok(outcome?))),
        }
    }
    Ok(results)
}

/// The offsets that a group has committed (`listConsumerGroupOffsets`), of all partitions that have one.
///
/// # Errors
/// If the coordinator does not answer, or with an error.
pub fn list_group_offsets(
    client: &mut Client,
    group: &str,
) -> Result<BTreeMap<TopicPartition, CommittedOffset>, ClientError> {
    client.retry(|client| {
        let coordinator = client.coordinator(CoordinatorType::Group, group)?;
        let connection = client.connection(coordinator)?;
        let version = connection.latest::<OffsetFetchRequest<'_>>()?.min(NAMED_TOPICS_VERSION_MAX);
        let wanted = OffsetFetchRequestGroup { group_id: group.into(), topics: None, ..Default::default() };
        let request = if version >= GROUPS_VERSION_MIN {
            OffsetFetchRequest { groups: vec![wanted], ..Default::default() }
        } else {
            OffsetFetchRequest { group_id: group.into(), topics: None, ..Default::default() }
        };
        let reply = client.send_to_at(coordinator, &request, version)?;
        let response = reply.message()?;
        ApiError::check(response.error_code, None)?;
        let mut offsets = BTreeMap::new();
        let mut add = |topic: &str, partition: i32, code: i16, found: CommittedOffset| -> Result<(), ClientError> {
            ApiError::check(code, None)?;
            if found.offset >= 0 {
                offsets.insert(TopicPartition::new(topic, partition), found);
            }
            Ok(())
        };
        for topic in &response.topics {
            for of in &topic.partitions {
                let found = committed(of.committed_offset, of.committed_leader_epoch, of.metadata.as_deref());
                add(&topic.name, of.partition_index, of.error_code, found)?;
            }
        }
        for group in &response.groups {
            ApiError::check(group.error_code, None)?;
            for topic in &group.topics {
                for of in &topic.partitions {
                    let found = committed(of.committed_offset, of.committed_leader_epoch, of.metadata.as_deref());
                    add(&topic.name, of.partition_index, of.error_code, found)?;
                }
            }
        }
        Ok(offsets)
    })
}

fn committed(offset: i64, leader_epoch: i32, metadata: Option<&str>) -> CommittedOffset {
    CommittedOffset { offset, leader_epoch, metadata: metadata.unwrap_or_default().to_owned() }
}

/// Commits offsets for a group without members (`alterConsumerGroupOffsets`).
///
/// # Errors
/// If the coordinator does not answer.
pub fn alter_group_offsets(
    client: &mut Client,
    group: &str,
    offsets: &BTreeMap<TopicPartition, CommittedOffset>,
) -> Result<Results<(), TopicPartition>, ClientError> {
    let mut topics: BTreeMap<&str, Vec<OffsetCommitRequestPartition<'_>>> = BTreeMap::new();
    for (TopicPartition { topic, partition }, committed) in offsets {
        topics.entry(topic).or_default().push(OffsetCommitRequestPartition {
            partition_index: *partition,
            committed_offset: committed.offset,
            committed_leader_epoch: committed.leader_epoch,
            committed_metadata: Some(committed.metadata.as_str().into()),
            ..Default::default()
        });
    }
    let topic = |(name, partitions): (&str, Vec<_>)| OffsetCommitRequestTopic {
        name: name.to_owned().into(),
        partitions,
        ..Default::default()
    };
    let topics = topics.into_iter().map(topic).collect();
    let request = OffsetCommitRequest { group_id: group.into(), topics, ..Default::default() };
    client.retry(|client| {
        let coordinator = client.coordinator(CoordinatorType::Group, group)?;
        let connection = client.connection(coordinator)?;
        let version = connection.latest::<OffsetCommitRequest<'_>>()?.min(NAMED_TOPICS_VERSION_MAX);
        let reply = client.send_to_at(coordinator, &request, version)?;
        let response = reply.message()?;
        let mut results = Vec::new();
        for topic in &response.topics {
            for partition in &topic.partitions {
                moved(partition.error_code)?;
                let outcome = result(partition.error_code, None, ());
                results.push((TopicPartition::new(topic.name.as_ref(), partition.partition_index), outcome));
            }
        }
        Ok(results)
    })
}

/// Deletes offsets of a group (`deleteConsumerGroupOffsets`).
///
/// # Errors
/// If the coordinator does not answer, or with an error of the whole.
pub fn delete_group_offsets(
    client: &mut Client,
    group: &str,
    partitions: &BTreeSet<TopicPartition>,
) -> Result<Results<(), TopicPartition>, ClientError> {
    let mut topics: BTreeMap<&str, Vec<OffsetDeleteRequestPartition>> = BTreeMap::new();
    for TopicPartition { topic, partition } in partitions {
        let partition = OffsetDeleteRequestPartition { partition_index: *partition };
        topics.entry(topic).or_default().push(partition);
    }
    let topic =
        |(name, partitions): (&str, Vec<_>)| OffsetDeleteRequestTopic { name: name.to_owned().into(), partitions };
    let topics = topics.into_iter().map(topic).collect();
    let request = OffsetDeleteRequest { group_id: group.into(), topics };
    client.retry(|client| {
        let reply = client.send_to_coordinator(group, &request)?;
        let response = reply.message()?;
        ApiError::check(response.error_code, None)?;
        let of = response.topics.iter().flat_map(|topic| {
            topic.partitions.iter().map(|partition| {
                let outcome = result(partition.error_code, None, ());
                (TopicPartition::new(topic.name.as_ref(), partition.partition_index), outcome)
            })
        });
        Ok(of.collect())
    })
}

/// `Err` for an error that makes the whole call worth another attempt, at the coordinator that there is then.
fn moved(code: i16) -> Result<(), ClientError> {
    match ErrorCode::from_code(code) {
        Some(
            code @ (ErrorCode::NotCoordinator
            | ErrorCode::CoordinatorNotAvailable
            | ErrorCode::CoordinatorLoadInProgress),
        ) => Err(ApiError { code, message: None }.into()),
        _ => Ok(()),
    }
}
