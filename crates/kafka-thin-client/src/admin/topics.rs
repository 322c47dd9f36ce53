//! Topics.

use std::collections::BTreeMap;

use kafka_rpc::messages::create_topics_request::CreatableTopic;
use kafka_rpc::messages::delete_topics_request::DeleteTopicState;
use kafka_rpc::messages::describe_topic_partitions_request::{Cursor, TopicRequest};
use kafka_rpc::messages::describe_topic_partitions_response::DescribeTopicPartitionsResponsePartition;
use kafka_rpc::messages::{CreateTopicsRequest, DeleteTopicsRequest, DescribeTopicPartitionsRequest};
use kafka_rpc::{ErrorCode, Uuid};

use super::{Results, result, still_controller, timeout_ms};
use crate::cluster::{Client, Partition, Topic};
use crate::error::{ApiError, ClientError};

/// The first version of DeleteTopics that knows ids, and names topics in another field.
const DELETE_BY_STATE_VERSION_MIN: i16 = 6;

/// A topic with all that a broker tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicDescription {
    /// Its name.
    pub name: String,
    /// Its id; zero where the broker does not tell.
    pub id: Uuid,
    /// Whether it is one of Kafka's own.
    pub is_internal: bool,
    /// Its partitions, by number.
    pub partitions: Vec<PartitionDescription>,
}

/// A partition of a [`TopicDescription`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionDescription {
    /// Its number.
    pub index: i32,
    /// The leader's node; `None` if there is none.
    pub leader: Option<i32>,
    /// Nodes of the replicas.
    pub replicas: Vec<i32>,
    /// Nodes of the replicas in sync.
    pub isr: Vec<i32>,
    /// Eligible leader replicas (KIP-966); `None` where the broker does not tell.
    pub elr: Option<Vec<i32>>,
    /// The last known ones.
    pub last_known_elr: Option<Vec<i32>>,
}

/// All topics of the cluster (`listTopics` with internal ones), by name.
///
/// # Errors
/// If the cluster does not answer.
pub fn list_topics(client: &mut Client) -> Result<Vec<Topic>, ClientError> {
    let mut topics = client.retry(|client| client.fetch_topics(None, false))?;
    topics.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(topics)
}

/// Creates topics (`createTopics`); the results are their ids.
///
/// # Errors
/// If the cluster does not answer.
pub fn create_topics(
    client: &mut Client,
    topics: Vec<CreatableTopic<'_>>,
    validate_only: bool,
) -> Result<Results<Uuid>, ClientError> {
    let (nameless, topics): (Vec<_>, Vec<_>) = topics.into_iter().partition(|topic| topic.name.is_empty());
    let mut results: Results<Uuid> = nameless.iter().map(|topic| unrepresentable(&topic.name)).collect();
    if topics.is_empty() {
        return Ok(results);
    }
    let request = CreateTopicsRequest { topics, timeout_ms: timeout_ms(client), validate_only, ..Default::default() };
    results.extend(client.retry(|client| {
        let reply = client.send_to_controller(&request)?;
        let response = reply.message()?;
        response.topics.iter().try_for_each(|topic| still_controller(topic.error_code))?;
        let of = response.topics.iter();
        let of = of.map(|t| (t.name.to_string(), result(t.error_code, t.error_message.as_deref(), t.topic_id)));
        Ok(of.collect::<Vec<_>>())
    })?);
    Ok(results)
}

/// Deletes topics by name (`deleteTopics`).
///
/// # Errors
/// If the cluster does not answer.
pub fn delete_topics(client: &mut Client, names: &[&str]) -> Result<Results<()>, ClientError> {
    let (nameless, names): (Vec<&str>, Vec<&str>) = names.iter().partition(|name| name.is_empty());
    let mut results: Results<()> = nameless.iter().map(|name| unrepresentable(name)).collect();
    if names.is_empty() {
        return Ok(results);
    }
    let timeout_ms = timeout_ms(client);
    results.extend(client.retry(|client| {
        let topic_names = names.iter().map(|name| (*name).into()).collect();
        let topics = names.iter().map(|name| DeleteTopicState { name: Some((*name).into()), ..Default::default() });
        let by_name = DeleteTopicsRequest { topic_names, timeout_ms, ..Default::default() };
        let by_state = DeleteTopicsRequest { topics: topics.collect(), timeout_ms, ..Default::default() };
        let is_old = client
            .controller_connection()?
            .latest::<DeleteTopicsRequest<'_>>()
            .is_ok_and(|version| version < DELETE_BY_STATE_VERSION_MIN);
        let reply = client.send_to_controller(if is_old { &by_name } else { &by_state })?;
        let response = reply.message()?;
        response.responses.iter().try_for_each(|topic| still_controller(topic.error_code))?;
        let name = |name: Option<&str>| name.unwrap_or_default().to_owned();
        let of = response.responses.iter();
        let of = of.map(|t| (name(t.name.as_deref()), result(t.error_code, t.error_message.as_deref(), ())));
        Ok(of.collect::<Vec<_>>())
    })?);
    Ok(results)
}

fn unrepresentable<T>(name: &str) -> (String, Result<T, ApiError>) {
    let message = format!("The given topic name '{name}' cannot be represented in a request.");
    (name.to_owned(), Err(ApiError { code: ErrorCode::InvalidTopicException, message: Some(message) }))
}

/// Describes topics (`describeTopics`), at most `partitions_max` partitions per response. A broker without
/// DescribeTopicPartitions is asked for Metadata.
///
/// # Errors
/// If the cluster does not answer.
pub fn describe_topics(
    client: &mut Client,
    names: &[&str],
    partitions_max: i32,
) -> Result<Results<TopicDescription>, ClientError> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    match client.retry(|client| describe_in_pages(client, names, partitions_max)) {
        Err(ClientError::UnsupportedApi { .. }) => {
            let topics = client.retry(|client| client.fetch_topics(Some(names), false))?;
            Ok(topics.into_iter().map(described).collect())
        }
        outcome => outcome,
    }
}

/// Describes topics by their ids (`describeTopics`); the results have the topics' names.
///
/// # Errors
/// If the cluster does not answer.
pub fn describe_topics_by_id(client: &mut Client, ids: &[Uuid]) -> Result<Results<TopicDescription>, ClientError> {
    let topics = client.retry(|client| client.fetch_topics_by_id(ids))?;
    Ok(topics.into_iter().map(described).collect())
}

fn described(topic: Topic) -> (String, Result<TopicDescription, ApiError>) {
    let partition = |partition: Partition| PartitionDescription {
        index: partition.index,
        leader: partition.leader,
        replicas: partition.replicas,
        isr: partition.isr,
        elr: None,
        last_known_elr: None,
    };
    let outcome = match topic.error {
        Some(code) => Err(ApiError { code, message: None }),
        None => Ok(TopicDescription {
            name: topic.name.clone(),
            id: topic.id,
            is_internal: topic.is_internal,
            partitions: topic.partitions.into_iter().map(partition).collect(),
        }),
    };
    (topic.name, outcome)
}

fn describe_in_pages(
    client: &mut Client,
    names: &[&str],
    partitions_max: i32,
) -> Result<Results<TopicDescription>, ClientError> {
    let mut names = names.to_vec();
    names.sort_unstable();
    let mut results: BTreeMap<String, Result<TopicDescription, ApiError>> = BTreeMap::new();
    let mut cursor: Option<(String, i32)> = None;
    loop {
        let from = cursor.as_ref().map_or("", |(topic, _)| topic);
        let rest = names.iter().filter(|name| **name >= from);
        let request = DescribeTopicPartitionsRequest {
            topics: rest.map(|name| TopicRequest { name: (*name).into(), ..Default::default() }).collect(),
            response_partition_limit: partitions_max,
            cursor: cursor.as_ref().map(|(topic_name, partition_index)| Cursor {
                topic_name: topic_name.as_str().into(),
                partition_index: *partition_index,
                ..Default::default()
            }),
            ..Default::default()
        };
        let reply = client.send_to_any(&request)?;
        let response = reply.message()?;
        for topic in &response.topics {
            let name = topic.name.as_deref().unwrap_or_default();
            let page = result(topic.error_code, None, ()).map(|()| TopicDescription {
                name: name.to_owned(),
                id: topic.topic_id,
                is_internal: topic.is_internal,
                partitions: topic.partitions.iter().map(partition).collect(),
            });
            match (results.get_mut(name), page) {
                (Some(Ok(known)), Ok(page)) => known.partitions.extend(page.partitions),
                (_, page) => {
                    results.insert(name.to_owned(), page);
                }
            }
        }
        let next = response.next_cursor.as_ref().map(|next| (next.topic_name.to_string(), next.partition_index));
        // A cursor that does not move would never end.
        if next.is_none() || next <= cursor {
            return Ok(results.into_iter().collect());
        }
        cursor = next;
    }
}

fn partition(partition: &DescribeTopicPartitionsResponsePartition) -> PartitionDescription {
    PartitionDescription {
        index: partition.partition_index,
        leader: Some(partition.leader_id).filter(|id| *id >= 0),
        replicas: partition.replica_nodes.clone(),
        isr: partition.isr_nodes.clone(),
        elr: partition.eligible_leader_replicas.clone(),
        last_known_elr: partition.last_known_elr.clone(),
    }
}
