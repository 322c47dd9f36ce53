//! Topics and partitions that `--topic` names.

use std::collections::BTreeSet;

use kafka_thin_client::{ApiError, Client, TopicPartition, admin};

use super::GroupsError;

/// Partitions in one response.
const PARTITIONS_MAX: i32 = 2000;

/// Partitions that are named, and topics that there are not.
pub(super) struct Scope {
    pub(super) partitions: BTreeSet<TopicPartition>,
    pub(super) unknown: Vec<(String, ApiError)>,
}

/// Reads `topic` and `topic:0,1`; of a topic alone, all partitions are meant.
pub(super) fn read(client: &mut Client, args: &[String]) -> Result<Scope, GroupsError> {
    let mut scope = Scope { partitions: BTreeSet::new(), unknown: Vec::new() };
    for arg in args.iter().filter(|arg| arg.contains(':')) {
        scope.partitions.extend(listed(arg).map_err(GroupsError::Usage)?);
    }
    let topics: Vec<&str> = args.iter().map(String::as_str).filter(|arg| !arg.contains(':')).collect();
    let described = admin::describe_topics(client, &topics, PARTITIONS_MAX);
    let described = described.map_err(|error| GroupsError::caused(&error, "describeTopicPartitions"))?;
    for (topic, result) in described {
        match result {
            Ok(description) => {
                let partitions = description.partitions.iter();
                scope.partitions.extend(partitions.map(|partition| TopicPartition::new(&topic, partition.index)));
            }
            Err(error) => scope.unknown.push((topic, error)),
        }
    }
    Ok(scope)
}

fn listed(arg: &str) -> Result<Vec<TopicPartition>, String> {
    let parts: Vec<&str> = arg.trim_end_matches(':').split(':').collect();
    let [topic, partitions] = parts[..] else {
        return Err(format!("Invalid topic arg '{arg}', expected topic name and partitions"));
    };
    let partition = |text: &str| {
        let number = text.parse().map_err(|_| format!("Invalid partition '{text}' specified in topic arg '{arg}''"))?;
        Ok(TopicPartition::new(topic, number))
    };
    partitions.trim_end_matches(',').split(',').map(partition).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_of_a_topic_are_listed_behind_a_colon() {
        let t = |partition| TopicPartition::new("t", partition);
        assert_eq!(listed("t:0,2"), Ok(vec![t(0), t(2)]));
        assert_eq!(listed("t:x"), Err("Invalid partition 'x' specified in topic arg 't:x''".into()));
        assert_eq!(listed("t:1:2"), Err("Invalid topic arg 't:1:2', expected topic name and partitions".into()));
        assert_eq!(listed("t:"), Err("Invalid topic arg 't:', expected topic name and partitions".into()));
    }
}
