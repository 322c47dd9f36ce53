//! Partitions: more of them, their leaders, their replicas.

use std::collections::BTreeMap;

use kafka_rpc::messages::alter_partition_reassignments_request::{ReassignablePartition, ReassignableTopic};
use kafka_rpc::messages::create_partitions_request::CreatePartitionsTopic;
use kafka_rpc::messages::elect_leaders_request::TopicPartitions;
use kafka_rpc::messages::list_partition_reassignments_request::ListPartitionReassignmentsTopics;
use kafka_rpc::messages::{
    AlterPartitionReassignmentsRequest, CreatePartitionsRequest, ElectLeadersRequest, ListPartitionReassignmentsRequest,
};

use super::{Results, result, still_controller, timeout_ms};
use crate::cluster::Client;
use crate::error::{ApiError, ClientError};
use crate::group::TopicPartition;

/// A change of replicas that has not ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionReassignment {
    /// All replicas, those that come and those that go included.
    pub replicas: Vec<i32>,
    /// Those that come.
    pub adding_replicas: Vec<i32>,
    /// Those that go.
    pub removing_replicas: Vec<i32>,
}

/// Which replica is to become the leader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ElectionType {
    /// The first one.
    Preferred,
    /// One that is not in sync, if there is no other.
    Unclean,
}

/// Adds partitions to topics (`createPartitions`).
///
/// # Errors
/// If the cluster does not answer.
pub fn create_partitions(
    client: &mut Client,
    topics: Vec<CreatePartitionsTopic<'_>>,
    validate_only: bool,
) -> Result<Results<()>, ClientError> {
    let timeout_ms = timeout_ms(client);
    let request = CreatePartitionsRequest { topics, timeout_ms, validate_only, ..Default::default() };
    client.retry(|client| {
        let reply = client.send_to_controller(&request)?;
        let response = reply.message()?;
        response.results.iter().try_for_each(|topic| still_controller(topic.error_code))?;
        let of = response.results.iter();
        Ok(of.map(|t| (t.name.to_string(), result(t.error_code, t.error_message.as_deref(), ()))).collect())
    })
}

/// The changes of replicas that have not ended (`listPartitionReassignments`), of these partitions or of all.
///
/// # Errors
/// If the cluster does not answer, or with an error.
pub fn list_partition_reassignments(
    client: &mut Client,
    partitions: Option<&[TopicPartition]>,
) -> Result<BTreeMap<TopicPartition, PartitionReassignment>, ClientError> {
    let topics = partitions.map(by_topic).map(|topics| {
        let of = topics.into_iter().map(|(name, partition_indexes)| ListPartitionReassignmentsTopics {
            name: name.into(),
            partition_indexes,
            ..Default::default()
        });
        of.collect()
    });
    let request = ListPartitionReassignmentsRequest { topics, timeout_ms: timeout_ms(client), ..Default::default() };
    client.retry(|client| {
        let reply = client.send_to_controller(&request)?;
        let response = reply.message()?;
        ApiError::check(response.error_code, response.error_message.as_deref())?;
        let of = response.topics.iter().flat_map(|topic| {
            topic.partitions.iter().map(|partition| {
                let reassignment = PartitionReassignment {
                    replicas: partition.replicas.clone(),
                    adding_replicas: partition.adding_replicas.clone(),
                    removing_replicas: partition.removing_replicas.clone(),
                };
                (TopicPartition::new(topic.name.as_ref(), partition.partition_index), reassignment)
            })
        });
        Ok(of.collect())
    })
}

/// Changes the replicas of partitions, or (`None`) ends a change before its time (`alterPartitionReassignments`). The number of
/// replicas stays what it is unless `allow_replication_factor_change` is set.
///
/// # Errors
/// If the cluster does not answer, or with an error of the whole.
pub fn alter_partition_reassignments(
    client: &mut Client,
    targets: &[(TopicPartition, Option<Vec<i32>>)],
    allow_replication_factor_change: bool,
) -> Result<Results<(), TopicPartition>, ClientError> {
    let mut topics: BTreeMap<&str, Vec<ReassignablePartition>> = BTreeMap::new();
    for (TopicPartition { topic, partition }, replicas) in targets {
        let (partition_index, replicas) = (*partition, replicas.clone());
        let partition = ReassignablePartition { partition_index, replicas, ..Default::default() };
        topics.entry(topic).or_default().push(partition);
    }
    let topics = topics.into_iter().map(|(name, partitions)| ReassignableTopic {
        name: name.into(),
        partitions,
        ..Default::default()
    });
    let request = AlterPartitionReassignmentsRequest {
        topics: topics.collect(),
        timeout_ms: timeout_ms(client),
        allow_replication_factor_change,
        ..Default::default()
    };
    client.retry(|client| {
        let reply = client.send_to_controller(&request)?;
        let response = reply.message()?;
        ApiError::check(response.error_code, response.error_message.as_deref())?;
        let of = response.responses.iter().flat_map(|topic| {
            topic.partitions.iter().map(|p| {
                let outcome = result(p.error_code, p.error_message.as_deref(), ());
                (TopicPartition::new(topic.name.as_ref(), p.partition_index), outcome)
            })
        });
        Ok(of.collect())
    })
}

/// Elects leaders of these partitions or of all (`electLeaders`).
///
/// # Errors
/// If the cluster does not answer, or with an error of the whole.
pub fn elect_leaders(
    client: &mut Client,
    election: ElectionType,
    partitions: Option<&[TopicPartition]>,
) -> Result<Results<(), TopicPartition>, ClientError> {
    let topic_partitions = partitions.map(by_topic).map(|topics| {
        let of = topics.into_iter().map(|(topic, partitions)| TopicPartitions {
            topic: topic.into(),
            partitions,
            ..Default::default()
        });
        of.collect()
    });
    let election_type = match election {
        ElectionType::Preferred => 0,
        ElectionType::Unclean => 1,
    };
    let timeout_ms = timeout_ms(client);
    let request = ElectLeadersRequest { election_type, topic_partitions, timeout_ms, ..Default::default() };
    client.retry(|client| {
        let reply = client.send_to_controller(&request)?;
        let response = reply.message()?;
        ApiError::check(response.error_code, None)?;
        let of = response.replica_election_results.iter().flat_map(|topic| {
            topic.partition_result.iter().map(|p| {
                let outcome = result(p.error_code, p.error_message.as_deref(), ());
                (TopicPartition::new(topic.topic.as_ref(), p.partition_id), outcome)
            })
        });
        Ok(of.collect())
    })
}

fn by_topic(partitions: &[TopicPartition]) -> BTreeMap<&str, Vec<i32>> {
    let mut topics: BTreeMap<&str, Vec<i32>> = BTreeMap::new();
    for TopicPartition { topic, partition } in partitions {
        topics.entry(topic).or_default().push(*partition);
    }
    topics
}
