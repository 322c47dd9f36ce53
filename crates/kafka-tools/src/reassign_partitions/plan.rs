//! Plans: which replicas partitions are to have, and in which log directories. Read from JSON and written as JSON.

use std::collections::{BTreeMap, BTreeSet};

use kafka_thin_client::TopicPartition;
use kafka_thin_client::admin::TopicPartitionReplica;
use serde_json::Value;

use super::{ReassignError, joined};
use crate::json::{self, JsonError};

/// Stands for whichever directory the broker chooses.
const ANY_LOG_DIR: &str = "any";
/// The version of plans and lists of topics; files without a version have it too.
const VERSION: i32 = 1;

/// Replicas of partitions, the preferred leader first.
pub(super) type Assignment = BTreeMap<TopicPartition, Vec<i32>>;

/// What a file asks for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// The partitions in their order, each with its replicas.
    pub(super) partitions: Vec<(TopicPartition, Vec<i32>)>,
    /// The log directories of replicas for which the file names one.
    pub(super) log_dirs: BTreeMap<TopicPartitionReplica, String>,
}

impl Plan {
    /// Reads `{"version": 1, "partitions": [{"topic": "t", "partition": 0, "replicas": [1, 2], "log_dirs": ["any", "/d"]}]}`.
    pub(super) fn read(text: &str) -> Result<Self, ReassignError> {
        let value = json::read(text)?;
        check_version(&value)?;
        let mut plan = Plan::default();
        let partitions = json::optional(&value, "partitions")?.map_or(Ok([].as_slice()), json::array)?;
        for item in partitions {
            let topic = json::string(json::field(item, "topic")?)?;
            let partition = TopicPartition::new(topic, json::integer(json::field(item, "partition")?)?);
            let replicas = json::list(json::field(item, "replicas")?, json::integer)?;
            let log_dirs = json::optional(item, "log_dirs")?.map(|dirs| json::list(dirs, json::string)).transpose()?;
            let log_dirs = log_dirs.unwrap_or_else(|| vec![ANY_LOG_DIR.to_owned(); replicas.len()]);
            if log_dirs.len() != replicas.len() {
                return Err(ReassignError::Refused(format!(
                    "Size of replicas list [{}] is different from size of log dirs list [{}] for partition {partition}",
                    joined(&replicas, ", "),
                    joined(&log_dirs, ", ")
                )));
            }
            for (broker, dir) in replicas.iter().zip(log_dirs).filter(|(_, dir)| dir != ANY_LOG_DIR) {
                plan.log_dirs.insert(TopicPartitionReplica { broker: *broker, partition: partition.clone() }, dir);
            }
            plan.partitions.push((partition, replicas));
        }
        Ok(plan)
    }

    /// The replicas of each partition, if the plan can be executed.
    pub(super) fn assignment(&self) -> Result<Assignment, ReassignError> {
        let refused = |why: &str| Err(ReassignError::Refused(why.to_owned()));
        if self.partitions.is_empty() {
            return refused("Partition reassignment list cannot be empty");
        }
        if self.partitions.iter().any(|(_, replicas)| replicas.is_empty()) {
            return refused("Partition replica list cannot be empty");
        }
        let partitions = duplicates(self.partitions.iter().map(|(partition, _)| partition));
        if !partitions.is_empty() {
            return Err(ReassignError::Refused(format!(
                "Partition reassignment contains duplicate topic partitions: {}",
                joined(partitions, ",")
            )));
        }
        let twice = self.partitions.iter().filter_map(|(partition, replicas)| {
            let brokers = joined(duplicates(replicas), ",");
            (!brokers.is_empty()).then(|| format!("{partition} contains multiple entries for {brokers}"))
        });
        let twice = joined(twice, ". ");
        match twice.is_empty() {
            true => Ok(self.partitions.iter().cloned().collect()),
            false => Err(ReassignError::Refused(format!(
                "Partition replica lists may not contain duplicate entries: {twice}"
            ))),
        }
    }
}

/// Reads the topics of `{"topics": [{"topic": "t"}], "version": 1}`.
pub(super) fn topics(text: &str) -> Result<Vec<String>, ReassignError> {
    let value = json::read(text).map_err(|error| match error {
        JsonError::Empty | JsonError::Syntax(..) => {
            ReassignError::Refused("The input string is not a valid JSON".to_owned())
        }
        error => error.into(),
    })?;
    check_version(&value)?;
    let topics = json::optional(&value, "topics")?.map_or(Ok([].as_slice()), json::array)?;
    let names = topics.iter().map(|item| json::field(item, "topic").and_then(json::string));
    Ok(names.collect::<Result<_, _>>()?)
}

fn check_version(value: &Value) -> Result<(), ReassignError> {
    match json::optional(value, "version")?.map_or(Ok(VERSION), json::integer)? {
        VERSION => Ok(()),
        other => Err(ReassignError::Refused(format!("Not supported version field value {other}"))),
    }
}

/// What there is more than once.
pub(super) fn duplicates<T: Ord + Copy>(items: impl IntoIterator<Item = T>) -> BTreeSet<T> {
    let mut seen = BTreeSet::new();
    items.into_iter().filter(|item| !seen.insert(*item)).collect()
}

/// Writes an assignment as a plan; replicas whose directory is not known may be in any.
pub(super) fn write(assignment: &Assignment, log_dirs: &BTreeMap<TopicPartitionReplica, String>) -> String {
    let partitions = assignment.iter().map(|(partition, replicas)| {
        let dirs = replicas.iter().map(|broker| {
            let replica = TopicPartitionReplica { broker: *broker, partition: partition.clone() };
            quoted(log_dirs.get(&replica).map_or(ANY_LOG_DIR, String::as_str))
        });
        // The order of the fields is Kafka's.
        format!(
            r#"{{"topic":{},"partition":{},"replicas":[{}],"log_dirs":[{}]}}"#,
            quoted(&partition.topic),
            partition.partition,
            joined(replicas, ","),
            joined(dirs, ",")
        )
    });
    format!(r#"{{"version":{VERSION},"partitions":[{}]}}"#, joined(partitions, ","))
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn t(partition: i32) -> TopicPartition {
        TopicPartition::new("t", partition)
    }

    fn refusal(partitions: &str) -> String {
        let plan = Plan::read(&format!(r#"{{"version":1,"partitions":[{partitions}]}}"#));
        plan.and_then(|plan| plan.assignment()).map_or_else(|error| error.to_string(), |_| "ok".to_owned())
    }

    #[test]
    fn plans_come_back() {
        let text =
            r#"{"version":1,"partitions":[{"topic":"t","partition":0,"replicas":[2,1],"log_dirs":["any","/d"]}]}"#;
        let plan = Plan::read(text).expect("a plan");
        let replica = TopicPartitionReplica { broker: 1, partition: t(0) };
        assert_eq!(plan.log_dirs, BTreeMap::from([(replica, "/d".to_owned())]));
        let assignment = plan.assignment().expect("an assignment");
        assert_eq!(assignment, Assignment::from([(t(0), vec![2, 1])]));
        assert_eq!(write(&assignment, &plan.log_dirs), text);
    }

    #[test]
    fn plans_that_cannot_be_executed_are_refused() {
        let one = r#"{"topic":"t","partition":0,"replicas":[1,2]}"#;
        assert_eq!(refusal(one), "ok");
        assert_eq!(refusal(""), "Partition reassignment list cannot be empty");
        assert_eq!(refusal(&format!("{one},{one}")), "Partition reassignment contains duplicate topic partitions: t-0");
        assert_eq!(
            refusal(r#"{"topic":"t","partition":0,"replicas":[1,1]}"#),
            "Partition replica lists may not contain duplicate entries: t-0 contains multiple entries for 1"
        );
        assert_eq!(refusal(r#"{"topic":"t","partition":0,"replicas":[]}"#), "Partition replica list cannot be empty");
        assert_eq!(
            refusal(r#"{"topic":"t","partition":0,"replicas":[1,2],"log_dirs":["any"]}"#),
            "Size of replicas list [1, 2] is different from size of log dirs list [any] for partition t-0"
        );
        assert_eq!(refusal(r#"{"topic":"t"}"#), "No such field exists: `partition`");
    }

    #[test]
    fn lists_of_topics_are_read() {
        assert_eq!(topics(r#"{"topics":[{"topic":"a"},{"topic":"b"}]}"#).expect("topics"), ["a", "b"]);
        let message = |text: &str| topics(text).map_or_else(|error| error.to_string(), |_| String::new());
        assert_eq!(message("{"), "The input string is not a valid JSON");
        assert_eq!(message(r#"{"version":2}"#), "Not supported version field value 2");
    }
}
