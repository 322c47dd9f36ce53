//! `--cancel`.

use std::collections::BTreeMap;

use kafka_options::Options;
use kafka_thin_client::admin::{self, PartitionReassignment};
use kafka_thin_client::{Client, TopicPartition};

use super::moves::{self, MoveState};
use super::plan::Plan;
use super::{ReassignError, execute, joined, plural, throttles};
use crate::terminal::Terminal;

/// Ends the moves of a plan: replicas stay where they were.
pub(super) fn cancel(
    client: &mut Client,
    options: &Options,
    plan: &str,
    terminal: &mut Terminal<'_>,
) -> Result<(), ReassignError> {
    let timeout = execute::timeout(options)?;
    let plan = Plan::read(plan)?;
    let partitions: Vec<TopicPartition> = plan.partitions.iter().map(|(partition, _)| partition.clone()).collect();
    let running = admin::list_partition_reassignments(client, Some(&partitions));
    let running = running.map_err(|error| ReassignError::Client("listPartitionReassignments", error))?;
    let is_moving = |of: &PartitionReassignment| !of.adding_replicas.is_empty() || !of.removing_replicas.is_empty();
    let targets: Vec<_> =
        running.into_iter().filter(|(_, of)| is_moving(of)).map(|(partition, _)| (partition, None)).collect();
    if targets.is_empty() {
        terminal.line("None of the specified partition reassignments are active.")?;
    } else {
        let errors = execute::alter(client, &targets, true)?;
        if !errors.is_empty() {
            let lines = joined(errors.iter().map(|(partition, error)| format!("{partition}: {error}")), "\n");
            let many = plural(errors.len());
            return Err(ReassignError::Terse(format!("Error cancelling partition reassignment{many} for:\n{lines}")));
        }
        let (many, partitions) = (plural(targets.len()), joined(targets.iter().map(|(partition, _)| partition), ","));
        terminal.line(format_args!("Successfully cancelled partition reassignment{many} for: {partitions}"))?;
    }
    // A replica that moves back to where it is does not move any more.
    let back = moves::states(client, &plan.log_dirs)?.into_iter().filter_map(|(replica, state)| match state {
        MoveState::Active { current, .. } => Some((replica, current)),
        _ => None,
    });
    let back: BTreeMap<_, _> = back.collect();
    if back.is_empty() {
        // Kafka's line has no end either.
        write!(terminal.out(), "None of the specified partition moves are active.")?;
    } else {
        moves::execute(client, back, timeout, terminal)?;
    }
    if options.has("preserve-throttles") { Ok(()) } else { throttles::clear(client, &plan, terminal) }
}
