//! What the group coordinator needs from a broker: the logs of `__consumer_offsets`, the way back to clients, and a clock.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use kafka_log::format::FormatError;
use kafka_log::log::error::{KafkaError as _, LogError};
use kafka_log::log::types::{AppendOrigin, FetchIsolation};
use kafka_log::log::{LeaderAppend, Log};
use kafka_log::segment::batch::Batches;
use kafka_rpc::{ErrorCode, Message, SchemaError};
use parking_lot::{Condvar, Mutex};

use super::Shared;
use crate::clock::now_ms;
use crate::group::{self, Appended, Journal, Load, Replies, Reply};
use crate::net::{Letter, Mailbox, Output, Ticket};
use crate::partitions::{Partition, Topics};
use crate::topics::GROUP_METADATA_TOPIC;

/// Bytes that are read at once when a partition is loaded (`offsets.load.buffer.size`).
const LOAD_BYTES: usize = 5 * 1024 * 1024;

/// The logs of `__consumer_offsets`.
pub(super) struct OffsetsLogs(pub(super) Arc<Topics>);

impl OffsetsLogs {
    fn partition(&self, number: i32) -> Result<Arc<Partition>, ErrorCode> {
        self.0.named(GROUP_METADATA_TOPIC)?.partition(number).cloned()
    }
}

impl Journal for OffsetsLogs {
    fn append(&self, partition: i32, batch: &mut Vec<u8>) -> Result<Appended, ErrorCode> {
        let partition = self.partition(partition)?;
        let append =
            LeaderAppend { origin: AppendOrigin::Coordinator, ..LeaderAppend::from_client(partition.leader_epoch()) };
        partition.with_log(|log| {
            let info = log.append_as_leader(batch, append, now_ms()).map_err(|error| error.code())?;
            Ok(Appended { base_offset: info.first_offset, high_watermark: log.high_watermark() })
        })?
    }

    fn batch_len_max(&self, partition: i32) -> usize {
        let max = self.partition(partition).and_then(|of| of.with_log(|log| log.config().max_message_bytes));
        usize::try_from(max.unwrap_or(0)).unwrap_or(0)
    }
}

thread_local! {
    /// The request that this thread is handling, and its reply if that came at once: it needs no detour through the mailbox.
    static AT_HAND: RefCell<Option<(Ticket, Option<Reply>)>> = const { RefCell::new(None) };
}

/// Hands a request to the coordinator; gives the reply if it came at once.
pub(crate) fn at_once(ticket: Ticket, handle: impl FnOnce()) -> Option<Reply> {
    AT_HAND.with_borrow_mut(|at_hand| *at_hand = Some((ticket, None)));
    handle();
    AT_HAND.take().and_then(|(_, reply)| reply)
}

/// Takes replies to their connections.
pub(super) struct ReplyToClients {
    pub(super) loops: Arc<[Arc<Mailbox>]>,
    pub(super) alarm: Arc<Alarm>,
}

impl Replies<Ticket> for ReplyToClients {
    fn reply(&self, ticket: Ticket, reply: Reply) {
        let mut reply = Some(reply);
        AT_HAND.with_borrow_mut(|at_hand| {
            if let Some((of, place @ None)) = at_hand
                && *of == ticket
            {
                *place = reply.take();
            }
        });
        let Some(reply) = reply else { return };
        let mut out = Output::default();
        // Nothing is in `out` then, which ends the connection.
        if let Err(error) = write_reply(&reply, ticket, &mut out) {
            tracing::error!(api = ticket.api_key.name(), %error, "a reply cannot be written");
        }
        if let Some(mailbox) = self.loops.get(ticket.event_loop) {
            mailbox.post(Letter::Answer(ticket, out.into_bytes()));
        }
    }

    fn wake_at(&self, deadline_ms: i64) {
        self.alarm.set(deadline_ms);
    }
}

/// Adds a reply to what a connection has to send.
pub(crate) fn write_reply(reply: &Reply, ticket: Ticket, out: &mut Output) -> Result<(), SchemaError> {
    match reply {
        Reply::JoinGroup(response) => out.respond(response, ticket.header()),
        Reply::SyncGroup(response) => out.respond(response, ticket.header()),
        Reply::Heartbeat(response) => out.respond(response, ticket.header()),
        Reply::LeaveGroup(response) => out.respond(response, ticket.header()),
        Reply::ConsumerGroupHeartbeat(response) => out.respond(response, ticket.header()),
        Reply::OffsetCommit(response) => out.respond(response, ticket.header()),
        Reply::TxnOffsetCommit(response) => out.respond(response, ticket.header()),
        Reply::OffsetDelete(response) => out.respond(response, ticket.header()),
        Reply::DeleteGroups(response) => out.respond(response, ticket.header()),
    }
}

/// A response as a frame.
pub(crate) fn frame<'a>(response: &impl Message<'a>, ticket: Ticket) -> Result<Vec<u8>, SchemaError> {
    let mut out = Output::default();
    out.respond(response, ticket.header())?;
    Ok(out.into_bytes())
}

/// When the timers of groups are due next.
#[derive(Default)]
pub(crate) struct Alarm {
    /// In ms; `None` when the broker stops.
    next: Mutex<Option<i64>>,
    changed: Condvar,
}

impl Alarm {
    pub(super) fn new() -> Self {
        Alarm { next: Mutex::new(Some(i64::MAX)), changed: Condvar::new() }
    }

    fn set(&self, deadline_ms: i64) {
        let mut next = self.next.lock();
        if next.is_some_and(|next| deadline_ms < next) {
            *next = Some(deadline_ms);
            self.changed.notify_all();
        }
    }

    pub(super) fn stop(&self) {
        *self.next.lock() = None;
        self.changed.notify_all();
    }

    /// Waits until the time has come; says whether to go on.
    fn wait(&self) -> bool {
        let mut next = self.next.lock();
        loop {
            let Some(deadline_ms) = *next else { return false };
            let wait_ms = deadline_ms.saturating_sub(now_ms());
            if wait_ms <= 0 {
                *next = Some(i64::MAX);
                return true;
            }
            // No longer than a minute: the clock may be set.
            self.changed.wait_for(&mut next, Duration::from_millis(wait_ms.clamp(1, 60_000).unsigned_abs()));
        }
    }
}

/// Fires the timers of groups until the broker stops.
pub(super) fn run_timers(shared: &Shared, alarm: &Alarm) {
    if let Some(deadline_ms) = shared.groups.next_deadline() {
        alarm.set(deadline_ms);
    }
    while alarm.wait() {
        shared.groups.expire(now_ms());
        if let Some(deadline_ms) = shared.groups.next_deadline() {
            alarm.set(deadline_ms);
        }
    }
}

/// A partition of `__consumer_offsets` whose groups are being loaded.
pub(super) struct Loading<'s> {
    partition: i32,
    log: Arc<Log>,
    groups: Load<'s, Ticket>,
}

impl<'s> Loading<'s> {
    /// From now on clients are told that the groups are being loaded. `None` where they are loaded, or the log is not here.
    pub(super) fn begin(shared: &'s Shared, partition: i32) -> Option<Self> {
        let hosted = OffsetsLogs(Arc::clone(&shared.topics)).partition(partition).ok()?;
        let log = hosted.log().ok()?;
        let groups = shared.groups.load(partition, hosted.leader_epoch())?;
        Some(Loading { partition, log, groups })
    }

    /// Reads the log.
    pub(super) fn finish(mut self, shared: &Shared) {
        match read_all(&self.log, &mut self.groups) {
            Ok(()) => self.groups.finish(now_ms()),
            Err(error) => {
                tracing::error!(partition = self.partition, %error, "groups cannot be loaded");
                drop(self.groups);
                shared.groups.unload(self.partition, None);
            }
        }
    }
}

/// Why a partition cannot be loaded.
#[derive(Debug)]
enum LoadError {
    Log(LogError),
    Io(std::io::Error),
    Format(FormatError),
    Records(group::LoadError),
    /// The log does not end here, and what follows is not a batch.
    NoWholeBatch {
        offset: i64,
    },
}

impl std::fmt::Display for LoadError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            LoadError::Log(error) => error.fmt(f),
            LoadError::Io(error) => error.fmt(f),
            LoadError::Format(error) => error.fmt(f),
            LoadError::Records(error) => error.fmt(f),
            LoadError::NoWholeBatch { offset } => {
                write!(f, "offset {offset}: expected a batch, found none that is whole")
            }
        }
    }
}

fn read_all(log: &Log, loading: &mut Load<'_, Ticket>) -> Result<(), LoadError> {
    let mut offset = log.log_start_offset();
    loop {
        let read = log.read(offset, LOAD_BYTES, FetchIsolation::LogEnd, true).map_err(LoadError::Log)?;
        if read.records.is_empty() {
            return Ok(());
        }
        let bytes = read.records.read().map_err(LoadError::Io)?;
        let mut batches = Batches::new(&bytes);
        let mut last = None;
        for batch in &mut batches {
            let batch = batch.map_err(LoadError::Format)?;
            // The offset of a message of magic 0 or 1 is that of its last record.
            let is_legacy = batch.overhead.magic < 2;
            last = Some(if is_legacy {
                batch.overhead.offset
            } else {
                batch.header().map_err(LoadError::Format)?.last_offset()
            });
        }
        let last = last.filter(|last| *last >= offset).ok_or(LoadError::NoWholeBatch { offset })?;
        let whole = bytes.len() - batches.rest().len();
        loading.batches(bytes.get(..whole).unwrap_or_default(), now_ms()).map_err(LoadError::Records)?;
        offset = last + 1;
    }
}
