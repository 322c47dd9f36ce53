//! The log directories of single replicas: where they are, and where they are to move.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use kafka_rpc::ErrorCode;
use kafka_rpc::messages::alter_replica_log_dirs_request::{AlterReplicaLogDir, AlterReplicaLogDirTopic};
use kafka_rpc::messages::describe_log_dirs_request::DescribableLogDirTopic;
use kafka_rpc::messages::{AlterReplicaLogDirsRequest, DescribeLogDirsRequest};

use super::{Results, result};
use crate::cluster::Client;
use crate::error::{ApiError, ClientError};
use crate::group::TopicPartition;

/// A replica of a partition, ordered by broker first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicPartitionReplica {
    /// The broker that has it.
    pub broker: i32,
    /// The partition.
    pub partition: TopicPartition,
}

impl fmt::Display for TopicPartitionReplica {
    /// `topic-partition-broker`, as Kafka writes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.partition, self.broker)
    }
}

/// Where a replica is (`ReplicaLogDirInfo`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReplicaLogDirs {
    /// The directory that it is in; `None` if it is in none that is online.
    pub current: Option<String>,
    /// The directory that it is on its way to.
    pub future: Option<String>,
}

/// Where these replicas are (`describeReplicaLogDirs`). A replica that its broker does not have is in no directory.
///
/// # Errors
/// If a broker does not answer, or with an error.
pub fn describe_replica_log_dirs(
    client: &mut Client,
    replicas: &BTreeSet<TopicPartitionReplica>,
) -> Result<BTreeMap<TopicPartitionReplica, ReplicaLogDirs>, ClientError> {
    let mut found: BTreeMap<_, _> =
        replicas.iter().map(|replica| (replica.clone(), ReplicaLogDirs::default())).collect();
    let mut brokers: BTreeMap<i32, BTreeMap<&str, Vec<i32>>> = BTreeMap::new();
    for TopicPartitionReplica { broker, partition } in replicas {
        brokers.entry(*broker).or_default().entry(&partition.topic).or_default().push(partition.partition);
    }
    for (broker, topics) in brokers {
        let topics = topics.into_iter().map(|(topic, partitions)| DescribableLogDirTopic {
            topic: topic.into(),
            partitions,
            ..Default::default()
        });
        let request = DescribeLogDirsRequest { topics: Some(topics.collect()), ..Default::default() };
        client.retry(|client| {
            let reply = client.send_to(broker, &request)?;
            let response = reply.message()?;
            ApiError::check(response.error_code, None)?;
            for dir in &response.results {
                match ApiError::check(dir.error_code, None) {
                    // The directory is offline: nothing is known of the replicas in it.
                    Err(ApiError { code: ErrorCode::KafkaStorageError, .. }) => continue,
                    outcome => outcome?,
                }
                let partitions = dir.topics.iter().flat_map(|topic| {
                    topic.partitions.iter().map(|p| (TopicPartition::new(topic.name.as_ref(), p.partition_index), p))
                });
                for (partition, state) in partitions {
                    let replica = TopicPartitionReplica { broker, partition };
                    let Some(dirs) = found.get_mut(&replica) else { continue };
                    let place = if state.is_future_key { &mut dirs.future } else { &mut dirs.current };
                    *place = Some(dir.log_dir.to_string());
                }
            }
            Ok(())
        })?;
    }
    Ok(found)
}

/// Moves replicas to other directories of their brokers (`alterReplicaLogDirs`).
///
/// # Errors
/// If a broker does not answer.
pub fn alter_replica_log_dirs(
    client: &mut Client,
    targets: &BTreeMap<TopicPartitionReplica, String>,
) -> Result<Results<(), TopicPartitionReplica>, ClientError> {
    let mut brokers: BTreeMap<i32, BTreeMap<&str, BTreeMap<&str, Vec<i32>>>> = BTreeMap::new();
    for (TopicPartitionReplica { broker, partition }, dir) in targets {
        let topics = brokers.entry(*broker).or_default().entry(dir).or_default();
        topics.entry(&partition.topic).or_default().push(partition.partition);
    }
    let mut results = Vec::new();
    for (broker, dirs) in brokers {
        let topic = |(name, partitions): (&str, Vec<i32>)| AlterReplicaLogDirTopic {
            name: name.to_owned().into(),
            partitions,
            ..Default::default()
        };
        let dir = |(path, topics): (&str, BTreeMap<&str, Vec<i32>>)| AlterReplicaLogDir {
            path: path.to_owned().into(),
            topics: topics.into_iter().map(topic).collect(),
            ..Default::default()
        };
        let request = AlterReplicaLogDirsRequest { dirs: dirs.into_iter().map(dir).collect(), ..Default::default() };
        let of_broker: Results<(), TopicPartitionReplica> = client.retry(|client| {
            let reply = client.send_to(broker, &request)?;
            let response = reply.message()?;
            let of = response.results.iter().flat_map(|topic| {
                topic.partitions.iter().map(|p| {
                    let partition = TopicPartition::new(topic.topic_name.as_ref(), p.partition_index);
                    (TopicPartitionReplica { broker, partition }, result(p.error_code, None, ()))
                })
            });
            Ok(of.collect())
        })?;
        results.extend(of_broker);
    }
    Ok(results)
}
