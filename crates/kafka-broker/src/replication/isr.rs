//! The thread that looks for followers that are late, sends changes of ISRs to the controller, and tells the group coordinator what its
//! followers have.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use kafka_rpc::ErrorCode;
use kafka_rpc::messages::AlterPartitionResponse;

use super::alter_partition::{AlterPartitions, Outcome, PartitionKey};
use super::leader::{Altered, IsrChange};
use crate::broker::Shared;
use crate::controller_thread::Job;

/// How long to wait after a request that was refused as a whole.
const RETRY: Duration = Duration::from_millis(50);

/// Something for the thread to do.
pub(crate) enum IsrEvent {
    /// The leader of a partition wants another ISR.
    Change(PartitionKey, IsrChange),
    /// The controller's answer to the request in flight.
    Answered(Result<AlterPartitionResponse, ErrorCode>),
    /// Records of groups are committed, in this partition of their topic up to this offset.
    GroupsCommitted(i32, i64),
    Stop,
}

/// Works until told to stop.
pub(crate) fn run(events: &Receiver<IsrEvent>, shared: &Shared) {
    let mut changes = AlterPartitions::default();
    // Often enough that no follower is late for more than one and a half times what is allowed, as in Kafka.
    let interval = Duration::from_millis(u64::try_from(shared.replication.lag_max_ms() / 2).unwrap_or(0).max(1));
    let (mut next_look, mut next_request) = (Instant::now() + interval, Instant::now());
    loop {
        let now = Instant::now();
        let until = if next_request > now { next_request.min(next_look) } else { next_look };
        match events.recv_timeout(until.saturating_duration_since(now)) {
            Ok(IsrEvent::Change(partition, change)) => submit(&mut changes, partition, change, shared),
            Ok(IsrEvent::Answered(answer)) => match changes.answered(answer) {
                Ok(outcomes) => outcomes.into_iter().for_each(|outcome| settle(&mut changes, outcome, shared)),
                Err(code) => {
                    tracing::warn!(code = code.name(), "the controller has not changed ISRs yet");
                    next_request = Instant::now() + RETRY;
                }
            },
            Ok(IsrEvent::GroupsCommitted(partition, high_watermark)) => {
                shared.groups.committed(partition, high_watermark, shared.clock.now_ms());
            }
            Ok(IsrEvent::Stop) | Err(RecvTimeoutError::Disconnected) => return,
            Err(RecvTimeoutError::Timeout) => {}
        }
        if next_look <= Instant::now() {
            next_look = Instant::now() + interval;
            for topic in shared.topics.all() {
                topic.hosted().for_each(|(_, partition)| partition.shrink_isr());
            }
        }
        if next_request <= Instant::now()
            && let Some(request) = changes.next(shared.node_id)
        {
            shared.controller.send(Job::AlterPartition(request));
        }
    }
}

fn submit(changes: &mut AlterPartitions, partition: PartitionKey, change: IsrChange, shared: &Shared) {
    if let Err(change) = changes.submit(partition, change) {
        settle(changes, Outcome { partition, change, answer: Err(ErrorCode::OperationNotAttempted) }, shared);
    }
}

/// Tells the partition what has become of its change.
fn settle(changes: &mut AlterPartitions, outcome: Outcome, shared: &Shared) {
    let (id, number) = outcome.partition;
    let found = shared.topics.with_id(id).and_then(|topic| topic.partition(number).cloned());
    let Ok(partition) = found else { return };
    if partition.altered(&outcome.change, &outcome.answer) == Altered::Retry {
        submit(changes, outcome.partition, outcome.change, shared);
    }
}
