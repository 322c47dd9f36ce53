//! The thread that moves partitions between log directories (`ReplicaAlterLogDirsManager`).

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError};
use std::time::Duration;

use kafka_log::log::TopicPartition;
use kafka_log::log::error::KafkaError as _;
use kafka_log::manager::ManagerError;
use kafka_rpc::ErrorCode;

use crate::broker::Shared;
use crate::controller_thread::Job;
use crate::net::Ticket;
use crate::partitions::{Hosted, Partition};

/// Bytes that are copied before another partition has its turn.
const ROUND_BYTES: usize = 1024 * 1024;
/// How long to wait after an error.
const BACKOFF: Duration = Duration::from_secs(1);

/// Something to do for the mover.
pub(crate) enum Order {
    /// A request: partitions and the directories that they are to be in. The answer is what `answer` makes of the results.
    Move {
        ticket: Ticket,
        moves: Vec<(TopicPartition, PathBuf)>,
        answer: AnswerMoves,
    },
    Stop,
}

/// Writes the answer to a request from a result for each move.
pub(crate) type AnswerMoves = Box<dyn FnOnce(&[ErrorCode]) -> Vec<u8> + Send>;

/// Where orders are left.
pub(crate) struct MoverHandle(Sender<Order>);

impl MoverHandle {
    pub(crate) const fn new(orders: Sender<Order>) -> Self {
        MoverHandle(orders)
    }

    pub(crate) fn send(&self, order: Order) {
        if self.0.send(order).is_err() {
            tracing::debug!("the mover of log directories has stopped");
        }
    }
}

/// Works until told to stop. Moves that are not over go on after the next start.
pub(crate) fn run(orders: &Receiver<Order>, shared: &Shared) {
    let mut moving: VecDeque<Arc<Partition>> = unfinished(shared);
    let mut pause = None;
    loop {
        let order = match (moving.is_empty(), pause.take()) {
            (true, _) => orders.recv().map_err(|_| TryRecvError::Disconnected),
            (false, None) => orders.try_recv(),
            (false, Some(pause)) => orders.recv_timeout(pause).map_err(|error| match error {
                RecvTimeoutError::Timeout => TryRecvError::Empty,
                RecvTimeoutError::Disconnected => TryRecvError::Disconnected,
            }),
        };
        match order {
            Ok(Order::Stop) | Err(TryRecvError::Disconnected) => return,
            Ok(Order::Move { ticket, moves, answer }) => {
                let results: Vec<ErrorCode> = moves.iter().map(|(tp, to)| start(shared, tp, to, &mut moving)).collect();
                shared.answer(ticket, answer(&results));
            }
            Err(TryRecvError::Empty) => {}
        }
        let Some(partition) = moving.pop_front() else { continue };
        match step(shared, &partition) {
            Ok(true) => {}
            Ok(false) => moving.push_back(partition),
            // The move was given up, or the partition deleted.
            Err(ManagerError::NoSuchPartition { .. }) => {}
            Err(error) => {
                tracing::warn!(partition = %partition.topic_partition(), %error, "a move to another log directory waits");
                moving.push_back(partition);
                pause = Some(BACKOFF);
            }
        }
    }
}

/// Moves that were going on when the broker stopped.
fn unfinished(shared: &Shared) -> VecDeque<Arc<Partition>> {
    let topics = shared.topics.all();
    let partitions = topics.iter().flat_map(|topic| topic.hosted()).map(|(_, partition)| partition);
    let moving = partitions.filter(|partition| shared.manager.get_future_log(partition.topic_partition()).is_some());
    moving.cloned().collect()
}

fn start(
    shared: &Shared,
    tp: &TopicPartition,
    to: &std::path::Path,
    moving: &mut VecDeque<Arc<Partition>>,
) -> ErrorCode {
    let Some(dir) = shared.manager.log_dirs().into_iter().find(|dir| dir.path == to) else {
        return ErrorCode::LogDirNotFound;
    };
    if dir.failure.is_some() {
        return ErrorCode::KafkaStorageError;
    }
    let found = shared.topics.named(tp.topic()).and_then(|topic| topic.partition(tp.partition()).cloned());
    let Ok(partition) = found else {
        // The partition may come later; Kafka answers so, too.
        let noted = shared.manager.set_preferred_log_dir(tp, to);
        return noted.map_or_else(|error| error.code(), |()| ErrorCode::ReplicaNotAvailable);
    };
    match shared.manager.start_move(tp, to, shared.clock.now_ms()) {
        Ok(None) => ErrorCode::None,
        Ok(Some(_)) => {
            if !moving.iter().any(|other| Arc::ptr_eq(other, &partition)) {
                moving.push_back(partition);
            }
            ErrorCode::None
        }
        Err(error) => error.code(),
    }
}

/// Copies a part; says whether the copy has taken the place of the log.
fn step(shared: &Shared, partition: &Arc<Partition>) -> Result<bool, ManagerError> {
    let tp = partition.topic_partition();
    if !shared.manager.copy_to_future_log(tp, ROUND_BYTES, shared.clock.now_ms())? {
        return Ok(false);
    }
    // The topic may have been deleted, and created again with that name.
    let Ok(topic) = shared.topics.named(tp.topic()) else { return Ok(true) };
    if !topic.partition(tp.partition()).is_ok_and(|known| Arc::ptr_eq(known, partition)) {
        return Ok(true);
    }
    // Clients wait during the exchange: what takes long is done before.
    if let Some(future) = shared.manager.get_future_log(tp) {
        future.flush(true, shared.clock.now_ms())?;
    }
    let before = partition.log().ok();
    // What was appended since is a little. While it is copied nothing else is appended.
    partition.exchange(|| -> Result<Hosted, ManagerError> {
        while !shared.manager.copy_to_future_log(tp, ROUND_BYTES, shared.clock.now_ms())? {}
        let replaced = shared.manager.replace_current_with_future_log(tp, shared.clock.now_ms());
        // Where the old directory fails in the last moment, the copy has taken the place all the same.
        let log = replaced.or_else(|error| match shared.manager.get_log(tp) {
            Some(log) if before.as_ref().is_none_or(|before| !Arc::ptr_eq(before, &log)) => {
                tracing::warn!(partition = %tp, %error, "the old log cannot be removed");
                Ok(log)
            }
            _ => Err(error),
        })?;
        log.set_sole_replica(before.as_ref().is_some_and(|before| before.is_sole_replica()))?;
        Ok(Hosted::Log(log))
    })?;
    shared.controller.send(Job::Moved(topic.id, tp.partition()));
    Ok(true)
}
