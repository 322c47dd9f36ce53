//! `--describe`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use kafka_broker::metadata::is_internal;
use kafka_options::Options;
use kafka_rpc::{ErrorCode, Uuid};
use kafka_thin_client::admin::{
    self, ConfigEntry, ConfigResource, ConfigResourceType, ConfigSource, PartitionDescription, PartitionReassignment,
    TopicDescription,
};
use kafka_thin_client::{Client, ClientError, TopicPartition};

use super::{TopicError, all, all_topics, expected, joined};
use crate::terminal::Terminal;
use crate::uuid;

/// Partitions in one response unless `--partition-size-limit-per-response` says otherwise.
const PARTITIONS_MAX: i32 = 2000;
const MIN_ISR: &str = "min.insync.replicas";

/// Describes topics.
pub(super) fn describe(client: &mut Client, options: &Options, terminal: &mut Terminal<'_>) -> Result<(), TopicError> {
    let id = options.value("topic-id")?.map(|id| uuid::parse(&id)).transpose();
    let id = id.map_err(|error| TopicError::Argument(error.to_string()))?.filter(|id| *id != Uuid::ZERO);
    let topics = match id {
        Some(id) => by_id(client, id, options)?,
        None => {
            let names = expected(client, options)?;
            described(client, &names.iter().map(String::as_str).collect::<Vec<_>>(), options)?
        }
    };
    let resources: Vec<ConfigResource> = topics
        .iter()
        .map(|topic| ConfigResource { kind: ConfigResourceType::Topic, name: topic.name.clone() })
        .collect();
    let configs = admin::describe_configs(client, &resources, false);
    let configs = configs.map_err(|error| TopicError::Client("describeConfigs", error))?;
    let mut configs: BTreeMap<String, _> = configs.into_iter().map(|(of, result)| (of.name, result)).collect();
    let cluster = admin::describe_cluster(client, false);
    let live = cluster.map_err(|error| TopicError::Client("listNodes", error))?.brokers;
    let live: BTreeSet<i32> = live.into_iter().map(|broker| broker.id).collect();
    let reassignments = reassignments(client, &topics)?;
    for topic in &topics {
        let configs = configs.remove(&topic.name).transpose()?.unwrap_or_default();
        Described { topic, configs: &configs, live: &live, reassignments: &reassignments, options }.print(terminal)?;
    }
    Ok(())
}

fn by_id(client: &mut Client, id: Uuid, options: &Options) -> Result<Vec<TopicDescription>, TopicError> {
    let exclude_internal = options.has("exclude-internal");
    let mut topics = all_topics(client)?.into_iter().filter(|topic| !(exclude_internal && is_internal(&topic.name)));
    match topics.any(|topic| topic.id == id) {
        true => {
            let topics = admin::describe_topics_by_id(client, &[id]);
            Ok(all(topics.map_err(|error| TopicError::Client("describeTopicsWithIds", error))?)?)
        }
        false if options.has("if-exists") => Ok(Vec::new()),
        false => Err(TopicError::NoTopicId(id)),
    }
}

/// Descriptions of topics that exist.
pub(super) fn described(
    client: &mut Client,
    names: &[&str],
    options: &Options,
) -> Result<Vec<TopicDescription>, TopicError> {
    let limit = options.number("partition-size-limit-per-response")?.unwrap_or(PARTITIONS_MAX);
    let topics = admin::describe_topics(client, names, limit);
    Ok(all(topics.map_err(|error| TopicError::Client("describeTopicPartitions", error))?)?)
}

type Reassignments = BTreeMap<TopicPartition, PartitionReassignment>;

/// Replicas that move; none where the broker does not tell.
fn reassignments(client: &mut Client, topics: &[TopicDescription]) -> Result<Reassignments, TopicError> {
    let partitions = topics
        .iter()
        .flat_map(|topic| topic.partitions.iter().map(|partition| TopicPartition::new(&topic.name, partition.index)))
        .collect::<Vec<_>>();
    match admin::list_partition_reassignments(client, Some(&partitions)) {
        Err(ClientError::UnsupportedApi { .. }) => Ok(Reassignments::new()),
        Err(error) if error.code() == Some(ErrorCode::ClusterAuthorizationFailed) => Ok(Reassignments::new()),
        outcome => outcome.map_err(|error| TopicError::Client("listPartitionReassignments", error)),
    }
}

/// A topic with what its lines say.
struct Described<'a> {
    topic: &'a TopicDescription,
    configs: &'a [ConfigEntry],
    live: &'a BTreeSet<i32>,
    reassignments: &'a Reassignments,
    options: &'a Options,
}

impl Described<'_> {
    fn print(&self, terminal: &mut Terminal<'_>) -> Result<(), TopicError> {
        let report = |name| self.options.has(name);
        let reports = [
            ("under-replicated-partitions", Self::is_under_replicated as fn(&Self, &PartitionDescription) -> bool),
            ("unavailable-partitions", Self::is_unavailable),
            ("under-min-isr-partitions", Self::is_under_min_isr),
            ("at-min-isr-partitions", Self::is_at_min_isr),
        ];
        let reports: Vec<_> = reports.into_iter().filter(|(name, _)| report(*name)).map(|(_, holds)| holds).collect();
        let overridden = self.configs.iter().any(|entry| entry.source != ConfigSource::DefaultConfig);
        if reports.is_empty() && (!report("topics-with-overrides") || overridden) {
            terminal.line(self.topic_line())?;
        }
        if !report("topics-with-overrides") {
            let shown = |partition: &&PartitionDescription| {
                reports.is_empty() || reports.iter().any(|holds| holds(self, partition))
            };
            for partition in self.topic.partitions.iter().filter(shown) {
                terminal.line(self.partition_line(partition))?;
            }
        }
        Ok(())
    }

    fn reassignment(&self, partition: &PartitionDescription) -> Option<&PartitionReassignment> {
        self.reassignments.get(&TopicPartition::new(&self.topic.name, partition.index))
    }

    /// Without replicas that come. A reassignment that has ended since it was read does not count.
    fn replication_factor(&self, partition: &PartitionDescription) -> usize {
        let moving = self.reassignment(partition).filter(|moving| {
            let mut changing = moving.removing_replicas.iter().chain(&moving.adding_replicas);
            changing.any(|id| partition.replicas.contains(id))
        });
        match moving {
            Some(moving) => moving.replicas.len().saturating_sub(moving.adding_replicas.len()),
            None => partition.replicas.len(),
        }
    }

    fn min_isr(&self) -> usize {
        let entry = self.configs.iter().find(|entry| entry.name == MIN_ISR);
        entry.and_then(|entry| entry.value.as_deref()).and_then(|value| value.parse().ok()).unwrap_or(1)
    }

    fn is_under_replicated(&self, partition: &PartitionDescription) -> bool {
        self.replication_factor(partition) > partition.isr.len()
    }

    fn is_unavailable(&self, partition: &PartitionDescription) -> bool {
        partition.leader.is_none_or(|leader| !self.live.contains(&leader))
    }

    fn is_under_min_isr(&self, partition: &PartitionDescription) -> bool {
        partition.leader.is_none() || partition.isr.len() < self.min_isr()
    }

    fn is_at_min_isr(&self, partition: &PartitionDescription) -> bool {
        partition.isr.len() == self.min_isr()
    }

    fn topic_line(&self) -> String {
        let TopicDescription { name, id, partitions, .. } = self.topic;
        let mut line = format!("Topic: {name}");
        // Writing to memory cannot fail.
        if *id != Uuid::ZERO {
            let _ = write!(line, "\tTopicId: {id}");
        }
        let factor = partitions.first().map_or(0, |first| self.replication_factor(first));
        let _ = write!(line, "\tPartitionCount: {}\tReplicationFactor: {factor}", partitions.len());
        let set = self.configs.iter().filter(|entry| entry.source != ConfigSource::DefaultConfig);
        let set = set.map(|entry| format!("{}={}", entry.name, entry.value.as_deref().unwrap_or("null")));
        let _ = write!(line, "\tConfigs: {}", set.collect::<Vec<_>>().join(","));
        line
    }

    fn partition_line(&self, partition: &PartitionDescription) -> String {
        let PartitionDescription { index, leader, replicas, isr, elr, last_known_elr } = partition;
        let leader = leader.map_or("none".to_owned(), |leader| leader.to_string());
        let mut line = format!("\tTopic: {}\tPartition: {index}\tLeader: {leader}", self.topic.name);
        let _ = write!(line, "\tReplicas: {}\tIsr: {}", joined(replicas), joined(isr));
        if let Some(moving) = self.reassignment(partition) {
            let (adding, removing) = (joined(&moving.adding_replicas), joined(&moving.removing_replicas));
            let _ = write!(line, "\tAdding Replicas: {adding}\tRemoving Replicas: {removing}");
        }
        let known = |nodes: &Option<Vec<i32>>| nodes.as_deref().map_or("N/A".to_owned(), joined);
        let _ = write!(line, "\tElr: {}\tLastKnownElr: {}", known(elr), known(last_known_elr));
        line
    }
}
