//! What all threads of a broker share.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use kafka_rpc::stored::metadata::RegisterBrokerRecord;
use mio::net::TcpStream;
use parking_lot::Mutex;

use super::group_glue::{Alarm, retry_groups};
use super::settings::Settings;
use super::transaction_glue::retry_transactions;
use crate::api::fetch::Sessions;
use crate::clock::Clock;
use crate::cluster::Member;
use crate::controller_thread::ControllerHandle;
use crate::disk::LogManager;
use crate::faults::FaultTable;
use crate::group::Coordinators;
use crate::metadata;
use crate::metrics::Metrics;
use crate::mover::MoverHandle;
use crate::net::{Connections, LoopEvent, Mailbox, QueuedBytes, Ticket};
use crate::partitions::Topics;
use crate::producer_ids::ProducerIds;
use crate::quotas::Quotas;
use crate::replication::Replication;
use crate::replication::fetcher::Fetchers;
use crate::security::Listeners;
use crate::security::authorizer::Authorizer;
use crate::transaction;

/// The parts of a broker. Each guards itself.
pub(crate) struct Shared {
    pub(crate) config: Settings,
    pub(crate) clock: Arc<Clock>,
    pub(crate) cluster_id: String,
    pub(crate) node_id: i32,
    pub(crate) image: metadata::Shared,
    pub(crate) manager: Arc<LogManager>,
    pub(crate) topics: Arc<Topics>,
    pub(crate) replication: Arc<Replication>,
    pub(crate) groups: Coordinators<Ticket>,
    /// Partitions of `__consumer_offsets` that could not be read, and are to be tried again.
    pub(crate) unread_groups: Mutex<BTreeSet<i32>>,
    /// Partitions of `__consumer_offsets` that a test has taken away, and the time of timers when they come back.
    pub(crate) moved_groups: Mutex<BTreeMap<i32, i64>>,
    pub(crate) faults: FaultTable,
    pub(crate) transactions: transaction::Coordinators,
    /// Partitions of `__transaction_state` that could not be read, and are to be tried again.
    pub(crate) unread_transactions: Mutex<BTreeSet<i32>>,
    /// Wakes the thread with the timers of both.
    pub(crate) alarm: Arc<Alarm>,
    pub(crate) sessions: Sessions,
    pub(crate) producer_ids: ProducerIds,
    /// Nothing is forbidden where there is none.
    pub(crate) authorizer: Option<Arc<Authorizer>>,
    pub(crate) quotas: Quotas,
    pub(crate) controller: ControllerHandle,
    /// The membership, where the controllers are other nodes.
    pub(crate) member: Option<Member>,
    pub(crate) mover: MoverHandle,
    pub(crate) fetchers: Fetchers,
    pub(crate) metrics: Metrics,
    pub(crate) security: Listeners,
    pub(crate) connections: Connections,
    pub(crate) queued: QueuedBytes,
    pub(crate) loops: Arc<[Arc<Mailbox>]>,
    pub(crate) next_loop: AtomicUsize,
    pub(crate) has_failed: AtomicBool,
}

impl Shared {
    /// Longest request (`socket.request.max.bytes`).
    pub(crate) const fn request_max(&self) -> usize {
        self.config.request_max_bytes
    }

    /// After which time a connection without requests ends (`connections.max.idle.ms`).
    pub(crate) const fn idle_max(&self) -> Option<Duration> {
        self.config.connections_max_idle
    }

    /// Most bytes of a fetch response (`fetch.max.bytes`).
    pub(crate) const fn fetch_max_bytes(&self) -> usize {
        self.config.fetch_max_bytes
    }

    /// Gives a new connection to an event loop, to each in turn.
    pub(crate) fn hand_out(&self, socket: TcpStream, from: SocketAddr, listener: usize) {
        let next = self.next_loop.fetch_add(1, Ordering::Relaxed);
        if let Some(mailbox) = self.loops.get(next % self.loops.len().max(1)) {
            mailbox.post(LoopEvent::Connected(socket, from, listener));
        }
    }

    /// Host and port of a broker for clients of a listener.
    pub(crate) fn endpoint_of(&self, broker: &RegisterBrokerRecord<'_>, listener: usize) -> Option<(String, i32)> {
        let name = &self.config.listeners.get(listener)?.name;
        let endpoint = broker.end_points.iter().find(|endpoint| endpoint.name == **name)?;
        Some((endpoint.host.clone().into_owned(), endpoint.port.into()))
    }

    /// Answers a request that was left waiting.
    pub(crate) fn answer(&self, ticket: Ticket, frame: Vec<u8>) {
        if let Some(mailbox) = self.loops.get(ticket.event_loop) {
            mailbox.post(LoopEvent::Answer(ticket, frame));
        }
    }

    /// Does what the controller's thread has to do every second, wherever the controllers are.
    pub(crate) fn tick(&self) {
        retry_groups(self);
        retry_transactions(self);
        self.security.watch();
    }

    /// A thread without which the broker cannot serve has ended.
    pub(crate) fn fail(&self) {
        self.has_failed.store(true, Ordering::Release);
        self.loops.iter().for_each(|mailbox| mailbox.post(LoopEvent::Stop));
    }
}
