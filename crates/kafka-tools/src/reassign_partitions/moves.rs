//! Moves of replicas between the log directories of a broker.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use kafka_rpc::ErrorCode;
use kafka_thin_client::admin::{self, ReplicaLogDirs, TopicPartitionReplica};
use kafka_thin_client::{ApiError, Client};

use super::{ReassignError, joined, plural};
use crate::terminal::Terminal;

/// The pause between two attempts: a replica can only be moved once its broker has it.
const PAUSE: Duration = Duration::from_millis(100);

/// How far a move is (`LogDirMoveState`).
#[derive(Debug, PartialEq, Eq)]
pub(super) enum MoveState {
    /// No directory that is online has the replica.
    NoLogDir,
    /// The replica is in another directory, and stays there.
    Cancelled { current: String, target: String },
    /// The replica is where it is to be.
    Completed,
    /// The replica is on its way.
    Active { current: String, target: String, future: String },
}

/// How far the moves to these directories are.
pub(super) fn states(
    client: &mut Client,
    targets: &BTreeMap<TopicPartitionReplica, String>,
) -> Result<BTreeMap<TopicPartitionReplica, MoveState>, ReassignError> {
    if client.config().bootstrap_controllers {
        let why = "This Admin API is not yet supported when communicating directly with the controller quorum.";
        return Err(ApiError { code: ErrorCode::UnsupportedEndpointType, message: Some(why.to_owned()) }.into());
    }
    let described = admin::describe_replica_log_dirs(client, &targets.keys().cloned().collect());
    let described = described.map_err(|error| ReassignError::Client("describeReplicaLogDirs", error))?;
    let state = |(replica, dirs): (TopicPartitionReplica, ReplicaLogDirs)| {
        let target = targets.get(&replica).cloned()?;
        Some((replica, state(dirs, target)))
    };
    Ok(described.into_iter().filter_map(state).collect())
}

fn state(dirs: ReplicaLogDirs, target: String) -> MoveState {
    match (dirs.current, dirs.future) {
        (None, _) => MoveState::NoLogDir,
        (Some(current), Some(future)) => MoveState::Active { current, target, future },
        (Some(current), None) if current == target => MoveState::Completed,
        (Some(current), None) => MoveState::Cancelled { current, target },
    }
}

/// What there is to say of a move.
pub(super) fn line(replica: &TopicPartitionReplica, state: &MoveState) -> String {
    let TopicPartitionReplica { broker, partition } = replica;
    match state {
        MoveState::NoLogDir => format!(
            "Partition {partition} is not found in any live log dir on broker {broker}. There is likely an offline log \
             directory on the broker."
        ),
        MoveState::Cancelled { current, target } => {
            format!("Partition {partition} on broker {broker} is not being moved from log dir {current} to {target}.")
        }
        MoveState::Completed => format!("Reassignment of replica {replica} completed successfully."),
        MoveState::Active { target, future, .. } if target == future => {
            format!("Reassignment of replica {replica} is still in progress.")
        }
        MoveState::Active { target, future, .. } => {
            format!("Partition {partition} on broker {broker} is being moved to log dir {future} instead of {target}.")
        }
    }
}

/// Starts moves, with as many attempts as there is time for.
pub(super) fn execute(
    client: &mut Client,
    mut pending: BTreeMap<TopicPartitionReplica, String>,
    timeout: Duration,
    terminal: &mut Terminal<'_>,
) -> Result<(), ReassignError> {
    let start = Instant::now();
    loop {
        let failed =
            |replica: &TopicPartitionReplica| ReassignError::Refused(format!("Failed to alter dir for {replica}"));
        let results = admin::alter_replica_log_dirs(client, &pending).map_err(|error| {
            tracing::error!("{error}");
            pending.keys().next().map_or(ReassignError::Client("alterReplicaLogDirs", error), failed)
        })?;
        for (replica, result) in results {
            match result {
                Ok(()) => {
                    let TopicPartitionReplica { broker, partition } = &replica;
                    let dir = pending.remove(&replica).unwrap_or_default();
                    let what = "Successfully started moving log directory to";
                    terminal.line(format_args!("{what} {dir} for replica {partition} with broker {broker} "))?;
                }
                Err(error) if error.code == ErrorCode::ReplicaNotAvailable => {}
                Err(error) => {
                    tracing::error!("{error}");
                    return Err(failed(&replica));
                }
            }
        }
        if pending.is_empty() {
            return Ok(());
        }
        if start.elapsed() >= timeout {
            return Err(ReassignError::Terse(format!(
                "Timed out before log directory move{} could be started for: {}",
                plural(pending.len()),
                joined(pending.keys(), ",")
            )));
        }
        terminal.out().flush()?;
        thread::sleep(PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kafka_thin_client::TopicPartition;

    #[test]
    fn the_state_of_a_move_follows_from_its_directories() {
        let replica = TopicPartitionReplica { broker: 2, partition: TopicPartition::new("t", 0) };
        let of = |current: Option<&str>, future: Option<&str>| {
            let dirs = ReplicaLogDirs { current: current.map(str::to_owned), future: future.map(str::to_owned) };
            line(&replica, &state(dirs, "/d".to_owned()))
        };
        assert_eq!(of(Some("/d"), None), "Reassignment of replica t-0-2 completed successfully.");
        assert_eq!(of(Some("/c"), Some("/d")), "Reassignment of replica t-0-2 is still in progress.");
        assert_eq!(of(Some("/c"), Some("/e")), "Partition t-0 on broker 2 is being moved to log dir /e instead of /d.");
        assert_eq!(of(Some("/c"), None), "Partition t-0 on broker 2 is not being moved from log dir /c to /d.");
        assert!(of(None, None).starts_with("Partition t-0 is not found in any live log dir on broker 2."));
    }
}
