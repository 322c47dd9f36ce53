//! The replicas that partitions have.

use std::collections::{BTreeMap, BTreeSet};

use kafka_rpc::ErrorCode;
use kafka_thin_client::admin::{self, TopicDescription, TopicPartitionReplica};
use kafka_thin_client::{ApiError, Client, TopicPartition};

use super::plan::Assignment;
use super::{ReassignError, joined};

/// Partitions in one response.
const PARTITIONS_MAX: i32 = 2000;

/// Describes topics; each may have an error.
pub(super) fn describe(
    client: &mut Client,
    topics: &BTreeSet<&str>,
) -> Result<admin::Results<TopicDescription>, ReassignError> {
    let names: Vec<&str> = topics.iter().copied().collect();
    admin::describe_topics(client, &names, PARTITIONS_MAX)
        .map_err(|error| ReassignError::Client("describeTopicPartitions", error))
}

/// The replicas of all partitions of topics.
pub(super) fn of_topics(client: &mut Client, topics: &BTreeSet<&str>) -> Result<Assignment, ReassignError> {
    let mut assignment = Assignment::new();
    for (topic, described) in describe(client, topics)? {
        let described = described.map_err(|error| match error.code {
            ErrorCode::UnknownTopicOrPartition => unknown(format!("Topic {topic} not found.")),
            _ => error,
        })?;
        let partitions = described.partitions.into_iter();
        assignment
            .extend(partitions.map(|partition| (TopicPartition::new(&topic, partition.index), partition.replicas)));
    }
    Ok(assignment)
}

/// The replicas of partitions.
pub(super) fn of_partitions(client: &mut Client, wanted: &Assignment) -> Result<Assignment, ReassignError> {
    let mut assignment = of_topics(client, &wanted.keys().map(|partition| partition.topic.as_str()).collect())?;
    assignment.retain(|partition, _| wanted.contains_key(partition));
    let missing = joined(wanted.keys().filter(|partition| !assignment.contains_key(partition)), ", ");
    match missing.is_empty() {
        true => Ok(assignment),
        false => Err(unknown(format!("Unable to find partition: {missing}")).into()),
    }
}

fn unknown(message: String) -> ApiError {
    ApiError { code: ErrorCode::UnknownTopicOrPartition, message: Some(message) }
}

/// The brokers of the cluster.
pub(super) fn brokers(client: &mut Client) -> Result<Vec<admin::DescribedBroker>, ReassignError> {
    let cluster = admin::describe_cluster(client, false);
    Ok(cluster.map_err(|error| ReassignError::Client("listNodes", error))?.brokers)
}

/// The log directories of replicas, as far as the brokers that have them are there.
pub(super) fn log_dirs(
    client: &mut Client,
    assignment: &Assignment,
) -> Result<BTreeMap<TopicPartitionReplica, String>, ReassignError> {
    let live: BTreeSet<i32> = brokers(client)?.into_iter().map(|broker| broker.id).collect();
    let replicas = assignment.iter().flat_map(|(partition, replicas)| {
        let live = replicas.iter().filter(|broker| live.contains(broker));
        live.map(|broker| TopicPartitionReplica { broker: *broker, partition: partition.clone() })
    });
    let described = admin::describe_replica_log_dirs(client, &replicas.collect());
    let described = described.map_err(|error| ReassignError::Client("describeReplicaLogDirs", error))?;
    Ok(described.into_iter().filter_map(|(replica, dirs)| Some((replica, dirs.current?))).collect())
}
