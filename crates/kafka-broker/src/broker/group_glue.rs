//! What the group coordinator needs from a broker: the logs of `__consumer_offsets`, the way back to clients, and a clock.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use kafka_log::log::error::KafkaError as _;
use kafka_log::log::types::AppendOrigin;
use kafka_log::log::{LeaderAppend, VerificationGuard};
use kafka_rpc::{ErrorCode, Message, SchemaError};
use parking_lot::{Condvar, Mutex};

use super::Shared;
use super::read_log::read_log;
use crate::clock::Clock;
use crate::disk::Log;
use crate::group::{Appended, Journal, Load, Replies, Reply};
use crate::marker::Marker;
use crate::net::{LoopEvent, Mailbox, Output, Ticket};
use crate::partitions::{Partition, Topics};
use crate::topics::GROUP_METADATA_TOPIC;

/// Bytes that are read at once when a partition is loaded (`offsets.load.buffer.size`).
const LOAD_BYTES: usize = 5 * 1024 * 1024;

/// The logs of `__consumer_offsets`.
pub(super) struct OffsetsLogs {
    pub(super) topics: Arc<Topics>,
    pub(super) clock: Arc<Clock>,
}

/// A partition of `__consumer_offsets`.
fn partition_of(topics: &Topics, number: i32) -> Result<Arc<Partition>, ErrorCode> {
    topics.named(GROUP_METADATA_TOPIC)?.partition(number).cloned()
}

impl Journal for OffsetsLogs {
    fn append(&self, partition: i32, batch: &mut Vec<u8>, guard: VerificationGuard) -> Result<Appended, ErrorCode> {
        let partition = partition_of(&self.topics, partition)?;
        partition.with_coordinator_log(|log, leader_epoch| {
            let append = LeaderAppend {
                origin: AppendOrigin::Coordinator,
                verification_guard: guard,
                ..LeaderAppend::from_client(leader_epoch)
            };
            let info = log.append_as_leader(batch, append, self.clock.now_ms()).map_err(|error| error.code())?;
            Ok(Appended { base_offset: info.first_offset, high_watermark: log.high_watermark() })
        })?
    }

    fn append_marker(&self, partition: i32, marker: &Marker) -> Result<(), ErrorCode> {
        partition_of(&self.topics, partition)?.append_marker(marker, self.clock.now_ms())
    }

    fn batch_len_max(&self, partition: i32) -> usize {
        let log = partition_of(&self.topics, partition).and_then(|of| of.log());
        let max = log.map(|log| log.config().max_message_bytes);
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
    pub(super) clock: Arc<Clock>,
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
            mailbox.post(LoopEvent::Answer(ticket, out.into_bytes()));
        }
    }

    fn wake_at(&self, deadline_ms: i64) {
        self.alarm.set(deadline_ms);
    }

    fn skew_ms(&self) -> i64 {
        self.clock.skew_ms()
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

/// When the timers of groups and transactions are due next.
pub(crate) struct Alarm {
    clock: Arc<Clock>,
    /// In ms of the time of timers; `None` when the broker stops.
    next: Mutex<Option<i64>>,
    changed: Condvar,
}

impl Alarm {
    pub(super) fn new(clock: Arc<Clock>) -> Self {
        Alarm { clock, next: Mutex::new(Some(i64::MAX)), changed: Condvar::new() }
    }

    /// Looks at the clock again, which a test has moved.
    pub(crate) fn look(&self) {
        let _next = self.next.lock();
        self.changed.notify_all();
    }

    pub(super) fn set(&self, deadline_ms: i64) {
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
            let mut wait_ms = deadline_ms.saturating_sub(self.clock.steady_ms());
            if wait_ms <= 0 {
                *next = Some(i64::MAX);
                return true;
            }
            if self.clock.is_frozen() {
                wait_ms = i64::MAX;
            }
            // No longer than a minute: the machine may have slept, which the condition variable need not notice.
            self.changed.wait_for(&mut next, Duration::from_millis(wait_ms.clamp(1, 60_000).unsigned_abs()));
        }
    }
}

/// Fires the timers of groups and transactions until the broker stops.
pub(super) fn run_timers(shared: &Shared) {
    let (alarm, clock) = (&shared.alarm, &shared.clock);
    let set = || {
        if let Some(deadline_ms) = shared.groups.next_deadline() {
            alarm.set(deadline_ms);
        }
        // Transactions count in the time of day, which is in their records.
        alarm.set(shared.transactions.next_deadline().saturating_add(clock.skew_ms()));
    };
    set();
    while alarm.wait() {
        shared.groups.expire(clock.now_ms());
        shared.transactions.tick(shared, clock.now_ms());
        set();
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
        let hosted = partition_of(&shared.topics, partition).ok()?;
        let (log, leader_epoch) = hosted.leader_log(-1).ok()?;
        let groups = shared.groups.load(partition, leader_epoch)?;
        Some(Loading { partition, log, groups })
    }

    /// Reads the log.
    pub(super) fn finish(mut self, shared: &Shared) {
        let (groups, clock) = (&mut self.groups, &shared.clock);
        match read_log(&self.log, LOAD_BYTES, |bytes| groups.batches(bytes, clock.now_ms())) {
            Ok(()) => self.groups.finish(clock.now_ms()),
            Err(error) => {
                drop(self.groups);
                shared.groups.unload(self.partition, None);
                if error.may_pass() {
                    tracing::warn!(partition = self.partition, %error, "groups cannot be loaded yet");
                    shared.unread_groups.lock().insert(self.partition);
                } else {
                    tracing::error!(partition = self.partition, %error, "groups cannot be loaded and are not served");
                }
            }
        }
    }
}

/// Loads groups that could not be read before, and those that a test had taken away.
pub(super) fn retry_groups(shared: &Shared) {
    let mut unread = std::mem::take(&mut *shared.unread_groups.lock());
    let now_ms = shared.clock.steady_ms();
    shared.moved_groups.lock().retain(|number, until_ms| {
        let is_away = *until_ms > now_ms;
        if !is_away {
            unread.insert(*number);
        }
        is_away
    });
    unread.into_iter().filter_map(|number| Loading::begin(shared, number)).for_each(|loading| loading.finish(shared));
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::super::Broker;
    use super::*;
    use crate::controller_thread::Job;

    /// Whether the groups of a partition are served.
    fn is_served(broker: &Broker, number: i32) -> bool {
        broker.shared.groups.load(number, 0).is_none()
    }

    #[test]
    fn groups_that_could_not_be_read_are_read_again() {
        let broker = Broker::ephemeral_with(&[("offsets.topic.num.partitions".to_owned(), "2".to_owned())]).unwrap();
        broker.shared.controller.send(Job::AutoCreate(vec![GROUP_METADATA_TOPIC.to_owned()]));
        let until = Instant::now() + Duration::from_secs(30);
        let wait_until_served = || {
            while !is_served(&broker, 1) {
                assert!(Instant::now() < until, "the groups are not served");
                std::thread::sleep(Duration::from_millis(10));
            }
        };
        wait_until_served();
        broker.shared.groups.unload(1, None);
        assert!(!is_served(&broker, 1));
        broker.shared.unread_groups.lock().insert(1);
        wait_until_served();
        assert!(broker.shared.unread_groups.lock().is_empty());
    }
}
