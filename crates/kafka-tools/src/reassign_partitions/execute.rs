//! `--execute`.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use kafka_options::Options;
use kafka_thin_client::{Client, TopicPartition, admin};

use super::plan::{self, Assignment, Plan};
use super::{ReassignError, joined, moves, plural, replicas, throttles};
use crate::terminal::Terminal;

const EXISTING: &str = "Cannot execute because there is an existing partition assignment.  Use --additional to override this \
                        and create a new partition assignment in addition to the existing one. The --additional flag can also \
                        be used to change the throttle by resubmitting the current reassignment.";
const VERIFY: &str = "Warning: You must run --verify periodically, until the reassignment completes, to ensure the throttle is \
                      removed.";
/// How long the tool tries to start moves between log directories.
const TIMEOUT_MS: i64 = 10_000;

/// Starts the moves of a plan.
pub(super) fn execute(
    client: &mut Client,
    options: &Options,
    plan: &str,
    terminal: &mut Terminal<'_>,
) -> Result<(), ReassignError> {
    let throttle: Option<i64> = options.number("throttle")?.filter(|rate| *rate >= 0);
    let log_dirs_throttle: Option<i64> = options.number("replica-alter-log-dirs-throttle")?.filter(|rate| *rate >= 0);
    let timeout = timeout(options)?;
    let plan = Plan::read(plan)?;
    let proposed = plan.assignment()?;
    let running = admin::list_partition_reassignments(client, None);
    let running = running.map_err(|error| ReassignError::Client("listPartitionReassignments", error))?;
    if !options.has("additional") && !running.is_empty() {
        return Err(ReassignError::Terse(EXISTING.to_owned()));
    }
    check_brokers(client, &proposed)?;
    let current = replicas::of_partitions(client, &proposed)?;
    let log_dirs = replicas::log_dirs(client, &current)?;
    terminal.line(format_args!(
        "Current partition replica assignment\n\n{}\n\nSave this to use as the --reassignment-json-file option during \
         rollback",
        plan::write(&current, &log_dirs)
    ))?;
    if throttle.is_some() || log_dirs_throttle.is_some() {
        terminal.line(VERIFY)?;
    }
    if let Some(rate) = throttle {
        throttles::limit_between_brokers(client, &running, &proposed, &current, rate, terminal)?;
    }
    if let Some(rate) = log_dirs_throttle {
        let brokers: BTreeSet<i32> = plan.log_dirs.keys().map(|replica| replica.broker).collect();
        throttles::limit_between_log_dirs(client, &brokers, rate, terminal)?;
    }
    let targets: Vec<_> =
        proposed.iter().map(|(partition, replicas)| (partition.clone(), Some(replicas.clone()))).collect();
    let errors = alter(client, &targets, !options.has("disallow-replication-factor-change"))?;
    if !errors.is_empty() {
        let errors = joined(errors.iter().map(|(partition, error)| format!("{partition}: {error}")), "\n");
        return Err(ReassignError::Terse(format!("Error reassigning partition(s):\n{errors}")));
    }
    terminal.line(format_args!(
        "Successfully started partition reassignment{} for {}",
        plural(proposed.len()),
        joined(proposed.keys(), ",")
    ))?;
    if plan.log_dirs.is_empty() { Ok(()) } else { moves::execute(client, plan.log_dirs, timeout, terminal) }
}

/// The value of `--timeout`; a negative one leaves no time.
pub(super) fn timeout(options: &Options) -> Result<Duration, ReassignError> {
    let millis = options.number("timeout")?.unwrap_or(TIMEOUT_MS);
    Ok(Duration::from_millis(u64::try_from(millis).unwrap_or(0)))
}

fn check_brokers(client: &mut Client, proposed: &Assignment) -> Result<(), ReassignError> {
    let known: BTreeSet<i32> = replicas::brokers(client)?.into_iter().map(|broker| broker.id).collect();
    let wanted: BTreeSet<i32> = proposed.values().flatten().copied().collect();
    match wanted.difference(&known).next() {
        Some(unknown) => Err(ReassignError::Refused(format!("Unknown broker id {unknown}"))),
        None => Ok(()),
    }
}

/// Changes the replicas of partitions, or ends changes; returns the error of each partition that has one.
pub(super) fn alter(
    client: &mut Client,
    targets: &[(TopicPartition, Option<Vec<i32>>)],
    allow_replication_factor_change: bool,
) -> Result<BTreeMap<TopicPartition, String>, ReassignError> {
    match admin::alter_partition_reassignments(client, targets, allow_replication_factor_change) {
        Ok(results) => {
            let errors = results.into_iter().filter_map(|(partition, result)| Some((partition, result.err()?)));
            Ok(errors.map(|(partition, error)| (partition, error.to_string())).collect())
        }
        // In Kafka each partition has the error of the whole call.
        Err(error) => {
            let message = crate::client::explain(&error, "alterPartitionReassignments");
            Ok(targets.iter().map(|(partition, _)| (partition.clone(), message.clone())).collect())
        }
    }
}
