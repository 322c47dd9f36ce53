//! Throttles of moves: set when a move begins, taken away when it has ended.

use std::collections::{BTreeMap, BTreeSet};

use kafka_thin_client::admin::{
    self, AlterConfigOp, ConfigOperation, ConfigResource, ConfigResourceType, PartitionReassignment,
};
use kafka_thin_client::{Client, TopicPartition};

use super::plan::{Assignment, Plan};
use super::{ReassignError, joined, plural, replicas};
use crate::terminal::Terminal;

const LEADER_RATE: &str = "leader.replication.throttled.rate";
const FOLLOWER_RATE: &str = "follower.replication.throttled.rate";
const LOG_DIRS_RATE: &str = "replica.alter.log.dirs.io.max.bytes.per.second";
const LEADER_REPLICAS: &str = "leader.replication.throttled.replicas";
const FOLLOWER_REPLICAS: &str = "follower.replication.throttled.replicas";

/// Where the bytes of a partition come from, and where they go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Move {
    sources: BTreeSet<i32>,
    destinations: BTreeSet<i32>,
}

type Moves = BTreeMap<TopicPartition, Move>;

/// Takes all throttles from the brokers of the cluster and of a plan, and from the topics of the plan.
pub(super) fn clear(client: &mut Client, plan: &Plan, terminal: &mut Terminal<'_>) -> Result<(), ReassignError> {
    let mut brokers: BTreeSet<i32> = replicas::brokers(client)?.into_iter().map(|broker| broker.id).collect();
    brokers.extend(plan.partitions.iter().flat_map(|(_, replicas)| replicas));
    let what =
        format_args!("Clearing broker-level throttles on broker{} {}", plural(brokers.len()), joined(&brokers, ","));
    terminal.line(what)?;
    alter(client, brokers.iter().map(|id| (broker(*id), deleted(&[LEADER_RATE, FOLLOWER_RATE, LOG_DIRS_RATE]))))?;
    let topics: BTreeSet<&str> = plan.partitions.iter().map(|(partition, _)| partition.topic.as_str()).collect();
    let what = format_args!("Clearing topic-level throttles on topic{} {}", plural(topics.len()), joined(&topics, ","));
    terminal.line(what)?;
    alter(client, topics.iter().map(|name| (topic(name), deleted(&[LEADER_REPLICAS, FOLLOWER_REPLICAS]))))
}

/// Limits what moves between brokers: those that run, and those of an assignment.
pub(super) fn limit_between_brokers(
    client: &mut Client,
    running: &BTreeMap<TopicPartition, PartitionReassignment>,
    proposed: &Assignment,
    current: &Assignment,
    rate: i64,
    terminal: &mut Terminal<'_>,
) -> Result<(), ReassignError> {
    let moves = moves(running, proposed, current);
    let topics: BTreeSet<&str> = moves.keys().map(|partition| partition.topic.as_str()).collect();
    let changes = topics.iter().map(|name| {
        let leaders = throttled(&moves, name, |of| of.sources.iter().copied().collect());
        let followers = throttled(&moves, name, |of| of.destinations.difference(&of.sources).copied().collect());
        (topic(name), vec![set(LEADER_REPLICAS, leaders), set(FOLLOWER_REPLICAS, followers)])
    });
    alter(client, changes)?;
    let brokers: BTreeSet<i32> =
        moves.values().flat_map(|of| of.sources.iter().chain(&of.destinations)).copied().collect();
    let rates = || vec![set(LEADER_RATE, rate.to_string()), set(FOLLOWER_RATE, rate.to_string())];
    alter(client, brokers.iter().map(|id| (broker(*id), rates())))?;
    Ok(terminal.line(format_args!("The inter-broker throttle limit was set to {rate} B/s"))?)
}

/// Limits what moves between the log directories of these brokers.
pub(super) fn limit_between_log_dirs(
    client: &mut Client,
    brokers: &BTreeSet<i32>,
    rate: i64,
    terminal: &mut Terminal<'_>,
) -> Result<(), ReassignError> {
    alter(client, brokers.iter().map(|id| (broker(*id), vec![set(LOG_DIRS_RATE, rate.to_string())])))?;
    Ok(terminal.line(format_args!("The replica-alter-dir throttle limit was set to {rate} B/s"))?)
}

fn moves(
    running: &BTreeMap<TopicPartition, PartitionReassignment>,
    proposed: &Assignment,
    current: &Assignment,
) -> Moves {
    let of_running = |reassignment: &PartitionReassignment| {
        let destinations: BTreeSet<i32> = reassignment.adding_replicas.iter().copied().collect();
        let sources = reassignment.replicas.iter().copied().filter(|broker| !destinations.contains(broker));
        Move { sources: sources.collect(), destinations }
    };
    let mut moves: Moves =
        running.iter().map(|(partition, reassignment)| (partition.clone(), of_running(reassignment))).collect();
    for (partition, replicas) in proposed {
        // The replicas that a running move adds may not have all records yet: they are no sources.
        let of_move = moves.get(partition).map(|of| of.sources.clone());
        let sources = of_move.or_else(|| Some(current.get(partition)?.iter().copied().collect())).unwrap_or_default();
        let destinations = replicas.iter().copied().filter(|broker| !sources.contains(broker)).collect();
        moves.insert(partition.clone(), Move { sources, destinations });
    }
    moves
}

/// `partition:broker` for the brokers of each partition of a topic, in the order of the texts.
fn throttled(moves: &Moves, topic: &str, brokers: fn(&Move) -> Vec<i32>) -> String {
    let of_topic = moves.iter().filter(|(partition, _)| partition.topic == topic);
    let items: BTreeSet<String> = of_topic
        .flat_map(|(partition, of)| brokers(of).into_iter().map(|broker| format!("{}:{broker}", partition.partition)))
        .collect();
    joined(items, ",")
}

fn set(name: &str, value: String) -> AlterConfigOp {
    AlterConfigOp { name: name.to_owned(), operation: ConfigOperation::Set, value: Some(value) }
}

fn deleted(names: &[&str]) -> Vec<AlterConfigOp> {
    let of = names.iter().map(|name| AlterConfigOp {
        name: (*name).to_owned(),
        operation: ConfigOperation::Delete,
        value: None,
    });
    of.collect()
}

fn broker(id: i32) -> ConfigResource {
    ConfigResource { kind: ConfigResourceType::Broker, name: id.to_string() }
}

fn topic(name: &str) -> ConfigResource {
    ConfigResource { kind: ConfigResourceType::Topic, name: name.to_owned() }
}

/// Makes all changes; the first error is returned after the others have been tried.
fn alter(
    client: &mut Client,
    changes: impl Iterator<Item = (ConfigResource, Vec<AlterConfigOp>)>,
) -> Result<(), ReassignError> {
    let outcomes: Vec<_> =
        changes.map(|(resource, ops)| admin::incremental_alter_configs(client, &resource, &ops)).collect();
    let outcome: Result<(), _> = outcomes.into_iter().collect();
    outcome.map_err(|error| ReassignError::Client("incrementalAlterConfigs", error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn t(partition: i32) -> TopicPartition {
        TopicPartition::new("t", partition)
    }

    #[test]
    fn throttled_replicas_are_those_that_send_and_those_that_receive() {
        let running =
            PartitionReassignment { replicas: vec![2, 3, 1], adding_replicas: vec![3], removing_replicas: vec![1] };
        let running = BTreeMap::from([(t(0), running)]);
        let proposed = Assignment::from([(t(0), vec![3, 1]), (t(10), vec![2, 4])]);
        let current = Assignment::from([(t(0), vec![2, 3, 1]), (t(10), vec![1, 2])]);
        let moves = moves(&running, &proposed, &current);
        assert_eq!(throttled(&moves, "t", |of| of.sources.iter().copied().collect()), "0:1,0:2,10:1,10:2");
        assert_eq!(throttled(&moves, "t", |of| of.destinations.iter().copied().collect()), "0:3,10:4");
    }
}
