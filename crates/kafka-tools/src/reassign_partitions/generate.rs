//! `--generate`.

use std::collections::{BTreeMap, BTreeSet};

use kafka_thin_client::{Client, TopicPartition};

use super::plan::{self, Assignment};
use super::{ReassignError, joined, placement, replicas};
use crate::terminal::Terminal;

/// Proposes a plan that moves topics to brokers.
pub(super) fn generate(
    client: &mut Client,
    topics: &str,
    brokers: &str,
    is_rack_aware: bool,
    terminal: &mut Terminal<'_>,
) -> Result<(), ReassignError> {
    let refused = |why: String| Err(ReassignError::Refused(why));
    let brokers = numbers(brokers)?;
    let twice = joined(plan::duplicates(&brokers), ", ");
    if !twice.is_empty() {
        return refused(format!("Broker list contains duplicate entries: [{twice}]"));
    }
    let topics = plan::topics(topics)?;
    let twice = joined(plan::duplicates(&topics), ", ");
    if !twice.is_empty() {
        return refused(format!("List of topics to reassign contains duplicate entries: [{twice}]"));
    }
    let topics: BTreeSet<&str> = topics.iter().map(String::as_str).collect();
    let current = replicas::of_topics(client, &topics)?;
    let log_dirs = replicas::log_dirs(client, &current)?;
    let racks = racks(client, &brokers, is_rack_aware)?;
    let proposed = proposal(&current, &racks)?;
    terminal.line(format_args!("Current partition replica assignment\n{}\n", plan::write(&current, &log_dirs)))?;
    let proposed = plan::write(&proposed, &BTreeMap::new());
    Ok(terminal.line(format_args!("Proposed partition reassignment configuration\n{proposed}"))?)
}

/// Numbers with commas between them. Java drops empty words at the end, except where there is no comma at all.
fn numbers(text: &str) -> Result<Vec<i32>, ReassignError> {
    let words = if text.is_empty() { text } else { text.trim_end_matches(',') };
    if words.is_empty() && !text.is_empty() {
        return Ok(Vec::new());
    }
    let number = |word: &str| word.parse().map_err(|_| ReassignError::Refused(format!("For input string: \"{word}\"")));
    words.split(',').map(number).collect()
}

/// The brokers of these ids that there are, with their racks.
fn racks(
    client: &mut Client,
    wanted: &[i32],
    is_rack_aware: bool,
) -> Result<Vec<(i32, Option<String>)>, ReassignError> {
    let brokers = replicas::brokers(client)?.into_iter().filter(|broker| wanted.contains(&broker.id));
    let brokers: Vec<_> = brokers.map(|broker| (broker.id, broker.rack.filter(|_| is_rack_aware))).collect();
    let without = brokers.iter().filter(|(_, rack)| rack.is_none()).count();
    if is_rack_aware && without != 0 && without != brokers.len() {
        return Err(ReassignError::Refused(
            "Not all brokers have rack information. Add --disable-rack-aware in command line to make replica assignment \
             without rack information."
                .to_owned(),
        ));
    }
    Ok(brokers)
}

/// Places each topic by itself, with as many replicas as its first partition has.
fn proposal(current: &Assignment, brokers: &[(i32, Option<String>)]) -> Result<Assignment, ReassignError> {
    let mut topics: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for (partition, replicas) in current {
        topics.entry(&partition.topic).or_insert((0, replicas.len())).0 += 1;
    }
    let mut proposed = Assignment::new();
    for (topic, (partitions, replicas)) in topics {
        let placed = placement::place(brokers, partitions, replicas, &mut fastrand::Rng::new());
        let placed = placed.map_err(|error| ReassignError::Refused(error.to_string()))?;
        let partition = |number| TopicPartition::new(topic, number);
        proposed.extend((0..).zip(placed).map(|(number, replicas)| (partition(number), replicas)));
    }
    Ok(proposed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_brokers_are_split_as_java_splits() {
        let text = |list: &str| numbers(list).map_or_else(|error| error.to_string(), |found| joined(found, " "));
        assert_eq!(text("1,2,,"), "1 2");
        assert_eq!(text(","), "");
        assert_eq!(text(""), "For input string: \"\"");
        assert_eq!(text("1,,2"), "For input string: \"\"");
    }

    #[test]
    fn a_topic_keeps_its_number_of_partitions_and_replicas() {
        let current = Assignment::from([
            (TopicPartition::new("t", 0), vec![1, 2]),
            (TopicPartition::new("t", 1), vec![1, 2]),
            (TopicPartition::new("u", 0), vec![1]),
        ]);
        let proposed = proposal(&current, &[(4, None), (5, None), (6, None)]).expect("enough brokers");
        let counts: Vec<_> =
            proposed.iter().map(|(partition, replicas)| (partition.to_string(), replicas.len())).collect();
        assert_eq!(counts, [("t-0".to_owned(), 2), ("t-1".to_owned(), 2), ("u-0".to_owned(), 1)]);
    }
}
