//! `--verify`.

use std::collections::{BTreeMap, BTreeSet};

use kafka_rpc::ErrorCode;
use kafka_thin_client::admin::{self, TopicDescription};
use kafka_thin_client::{ApiError, Client, TopicPartition};

use super::moves::{self, MoveState};
use super::plan::Plan;
use super::{ReassignError, joined, replicas, throttles};
use crate::terminal::Terminal;

/// How far a partition is.
#[derive(Debug, PartialEq, Eq)]
struct State {
    current: Vec<i32>,
    target: Vec<i32>,
    is_done: bool,
}

/// Says how far the moves of a plan are; takes the throttles away if nothing moves any more.
pub(super) fn verify(
    client: &mut Client,
    plan: &str,
    preserve_throttles: bool,
    terminal: &mut Terminal<'_>,
) -> Result<(), ReassignError> {
    let plan = Plan::read(plan)?;
    let (states, is_reassigning) = states(client, &plan)?;
    terminal.line("Status of partition reassignment:")?;
    states.iter().try_for_each(|(partition, state)| terminal.line(line(partition, state)))?;
    let moves = moves::states(client, &plan.log_dirs)?;
    terminal.line(joined(moves.iter().map(|(replica, state)| moves::line(replica, state)), "\n"))?;
    let is_moving = moves.values().any(|state| matches!(state, MoveState::Active { .. }));
    if !is_reassigning && !is_moving && !preserve_throttles {
        throttles::clear(client, &plan, terminal)?;
    }
    Ok(())
}

/// The states of the partitions in a plan, and whether any partition of the cluster is being reassigned.
fn states(client: &mut Client, plan: &Plan) -> Result<(BTreeMap<TopicPartition, State>, bool), ReassignError> {
    let current = admin::list_partition_reassignments(client, None);
    let current = current.map_err(|error| ReassignError::Client("listPartitionReassignments", error))?;
    let (moving, resting): (Vec<_>, Vec<_>) =
        plan.partitions.iter().partition(|(partition, _)| current.contains_key(partition));
    let topics: BTreeSet<&str> = resting.iter().map(|(partition, _)| partition.topic.as_str()).collect();
    let described: BTreeMap<_, _> = replicas::describe(client, &topics)?.into_iter().collect();
    let mut states = BTreeMap::new();
    for (partition, target) in moving {
        let replicas = current.get(partition).map(|reassignment| reassignment.replicas.clone()).unwrap_or_default();
        states.insert(partition.clone(), State { current: replicas, target: target.clone(), is_done: false });
    }
    for (partition, target) in resting {
        let current = described.get(&partition.topic).map_or(Ok(Vec::new()), |of| replicas_of(partition, of))?;
        states.insert(partition.clone(), State { current, target: target.clone(), is_done: true });
    }
    Ok((states, !current.is_empty()))
}

/// The replicas of a partition; none if it does not exist.
fn replicas_of(
    partition: &TopicPartition,
    described: &Result<TopicDescription, ApiError>,
) -> Result<Vec<i32>, ReassignError> {
    let partitions = match described {
        Ok(described) => &described.partitions,
        Err(ApiError { code: ErrorCode::UnknownTopicOrPartition, .. }) => return Ok(Vec::new()),
        Err(error) => return Err(error.clone().into()),
    };
    let (index, count) = (partition.partition, partitions.len());
    match partitions.iter().find(|found| found.index == index) {
        Some(found) => Ok(found.replicas.clone()),
        None if usize::try_from(index).is_ok_and(|index| index > count) => Ok(Vec::new()),
        // Kafka looks one partition too far.
        None => Err(ReassignError::Refused(format!("Index {index} out of bounds for length {count}"))),
    }
}

fn line(partition: &TopicPartition, state: &State) -> String {
    let State { current, target, is_done } = state;
    match is_done {
        false => format!("Reassignment of partition {partition} is still in progress."),
        true if current == target => format!("Reassignment of partition {partition} is completed."),
        true => format!(
            "There is no active reassignment of partition {partition}, but replica set is {} rather than {}.",
            joined(current, ","),
            joined(target, ",")
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_have_kafkas_words() {
        let of = |current: &[i32], is_done| {
            let state = State { current: current.to_vec(), target: vec![1, 2], is_done };
            line(&TopicPartition::new("t", 0), &state)
        };
        assert_eq!(of(&[1, 2, 3], false), "Reassignment of partition t-0 is still in progress.");
        assert_eq!(of(&[1, 2], true), "Reassignment of partition t-0 is completed.");
        assert_eq!(
            of(&[], true),
            "There is no active reassignment of partition t-0, but replica set is  rather than 1,2."
        );
    }
}
