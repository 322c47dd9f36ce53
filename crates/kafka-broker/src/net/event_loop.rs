//! One thread that serves its connections, and never waits for anything but events.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use slab::Slab;

use super::Peer;
use super::connection::{Connection, EndReason, LoopContext, Turn};
use super::listener::{Accepted, Listener, admit};
use super::mailbox::{LoopEvent, Mailbox};
use super::ticket::Ticket;
use super::transport::Transport;
use crate::broker::Shared;
use crate::security::Principal;

/// The token of the mailbox. Listeners follow downwards, connections count from 0.
const MAILBOX: Token = Token(usize::MAX);
/// What one read takes at most.
const SCRATCH: usize = 256 * 1024;
/// How often connections are searched for those that have been idle for too long, and more often where that is a shorter time.
const SWEEP: Duration = Duration::from_secs(10);
const SWEEP_MIN: Duration = Duration::from_millis(100);

/// Connections that came too fast and are held before they are closed. More are closed at once.
const HELD_MAX: usize = 1000;

/// An event loop that is not running yet.
pub(crate) struct EventLoop {
    number: usize,
    poll: Poll,
    mailbox: Arc<Mailbox>,
    /// Those of loop 0, which hands connections to all loops.
    listeners: Vec<Listener>,
}

impl EventLoop {
    /// A loop; `listeners` are those it accepts connections from.
    pub(crate) fn new(number: usize, mut listeners: Vec<Listener>) -> io::Result<Self> {
        let poll = Poll::new()?;
        let mailbox = Mailbox::new(&poll, MAILBOX)?;
        for (at, listener) in listeners.iter_mut().enumerate() {
            poll.registry().register(listener.socket(), listener_token(at), Interest::READABLE)?;
        }
        Ok(EventLoop { number, poll, mailbox, listeners })
    }

    pub(crate) fn mailbox(&self) -> &Arc<Mailbox> {
        &self.mailbox
    }

    /// Serves until told to stop.
    pub(crate) fn run(self, shared: &Shared) {
        let EventLoop { number, poll, mailbox, listeners } = self;
        let running = Running {
            shared,
            number,
            poll,
            mailbox,
            listeners,
            connections: Slab::new(),
            deadlines: BTreeSet::new(),
            ready: Vec::new(),
            next_sequence: 0,
            scratch: vec![0; SCRATCH],
            is_draining: false,
            stuck: Vec::new(),
            stalled: BTreeSet::new(),
            held: BTreeMap::new(),
            waiting: BTreeMap::new(),
        };
        if let Err(error) = running.run() {
            tracing::error!(%error, event_loop = number, "an event loop has ended");
            shared.fail();
        }
    }
}

const fn listener_token(at: usize) -> Token {
    Token(usize::MAX - 1 - at)
}

struct Running<'s> {
    shared: &'s Shared,
    number: usize,
    poll: Poll,
    mailbox: Arc<Mailbox>,
    listeners: Vec<Listener>,
    connections: Slab<Connection>,
    /// When to look at which fetch: the number of the request guards against a later one on the same connection.
    deadlines: BTreeSet<(Instant, usize, u64)>,
    /// Connections with work left from their last turn.
    ready: Vec<usize>,
    next_sequence: u64,
    scratch: Vec<u8>,
    is_draining: bool,
    /// Listeners that could not accept, for lack of files for example: they are asked again.
    stuck: Vec<usize>,
    /// Connections without memory for their requests: they are asked again.
    stalled: BTreeSet<usize>,
    /// Connections that came too fast, and when they are closed.
    held: BTreeMap<(Instant, SocketAddr), TcpStream>,
    /// Listeners that take no connection until a time, and the one that they take then.
    waiting: BTreeMap<usize, (Instant, TcpStream, SocketAddr)>,
}

/// When to ask again who lacked files or memory.
const STUCK: Duration = Duration::from_millis(100);

impl Running<'_> {
    fn run(mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(256);
        let (mut mail, mut ready) = (Vec::new(), Vec::new());
        let sweep = self.shared.idle_max().map_or(SWEEP, |max| SWEEP.min(max).max(SWEEP_MIN));
        let mut next_sweep = Instant::now() + sweep;
        loop {
            let timeout = if self.ready.is_empty() {
                let next = self.deadlines.first().map_or(next_sweep, |(deadline, ..)| next_sweep.min(*deadline));
                let next = self.held.first_key_value().map_or(next, |((until, _), _)| next.min(*until));
                let next = self.waiting.values().fold(next, |next, (until, ..)| next.min(*until));
                let wait = next.saturating_duration_since(Instant::now());
                if self.stuck.is_empty() && self.stalled.is_empty() { wait } else { wait.min(STUCK) }
            } else {
                Duration::ZERO
            };
            match self.poll.poll(&mut events, Some(round_up_to_ms(timeout))) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                other => other?,
            }
            for event in &events {
                match event.token() {
                    MAILBOX => {}
                    Token(token) if token >= listener_token(self.listeners.len()).0 => {
                        self.accept(MAILBOX.0 - 1 - token)
                    }
                    Token(slot) => {
                        let Some(connection) = self.connections.get_mut(slot) else { continue };
                        if event.is_readable() || event.is_read_closed() || event.is_error() {
                            connection.readable(event.is_read_closed() || event.is_error());
                        }
                        match connection.abandoned_fetch() {
                            Some(sequence) => self.look(slot, sequence, true),
                            None => self.turn(slot),
                        }
                    }
                }
            }
            self.mailbox.take(&mut mail);
            for event in mail.drain(..) {
                match event {
                    LoopEvent::Stop => return Ok(()),
                    LoopEvent::Drain => self.drain(),
                    LoopEvent::Connected(socket, from, listener) => self.adopt(socket, from, listener),
                    LoopEvent::Answer(ticket, frame) => self.answer(ticket, &frame),
                    LoopEvent::Look(ticket) => self.look(ticket.slot, ticket.sequence, false),
                }
            }
            self.look_at_due();
            self.let_go();
            self.take_waiting();
            std::mem::take(&mut self.stuck).into_iter().for_each(|listener| self.accept(listener));
            std::mem::take(&mut self.stalled).into_iter().for_each(|slot| self.turn(slot));
            std::mem::swap(&mut self.ready, &mut ready);
            ready.drain(..).for_each(|slot| self.turn(slot));
            let now = Instant::now();
            if next_sweep <= now {
                self.sweep(now);
                next_sweep = now + sweep;
            }
        }
    }

    fn accept(&mut self, listener: usize) {
        while !self.waiting.contains_key(&listener)
            && let Some(from) = self.listeners.get(listener)
        {
            match from.accept(listener, self.shared) {
                Ok(Accepted::None) => return,
                Ok(accepted) => self.accepted(accepted, listener),
                Err(error) => {
                    // The client stays in the queue of the kernel.
                    tracing::warn!(%error, "cannot accept a connection");
                    self.stuck.push(listener);
                    return;
                }
            }
        }
    }

    fn accepted(&mut self, accepted: Accepted, listener: usize) {
        match accepted {
            Accepted::None | Accepted::Refused => {}
            Accepted::Later(socket, from, pause) => {
                self.waiting.insert(listener, (Instant::now() + pause, socket, from));
            }
            Accepted::Throttled(socket, from, pause) if self.held.len() < HELD_MAX => {
                self.held.insert((Instant::now() + pause, from), socket);
            }
            Accepted::Throttled(_, from, _) => self.shared.connections.left(from.ip()),
            Accepted::Client(socket, from) => self.shared.hand_out(socket, from, listener),
        }
    }

    /// Takes the connections that have waited for long enough, and those after them.
    fn take_waiting(&mut self) {
        let now = Instant::now();
        let due = self.waiting.iter().filter(|(_, (until, ..))| *until <= now).map(|(listener, _)| *listener);
        for listener in due.collect::<Vec<_>>() {
            if let Some((_, socket, from)) = self.waiting.remove(&listener) {
                self.accepted(admit(socket, from, self.shared), listener);
            }
            self.accept(listener);
        }
    }

    fn adopt(&mut self, mut socket: TcpStream, from: SocketAddr, listener: usize) {
        let entry = self.connections.vacant_entry();
        let interest = Interest::READABLE | Interest::WRITABLE;
        let registered = self.poll.registry().register(&mut socket, Token(entry.key()), interest);
        let security = self.shared.security.get(listener).unwrap_or_default();
        let transport =
            registered.and_then(|()| Transport::new(socket, security.tls.as_ref()).map_err(io::Error::other));
        match transport {
            Ok(transport) if !self.is_draining => {
                let of = self.shared.config.listeners.get(listener);
                let peer = Peer {
                    address: from,
                    listener,
                    listener_name: of.map_or_else(|| "".into(), |of| Arc::clone(&of.name)),
                    principal: Arc::new(Principal::anonymous()),
                };
                entry.insert(Connection::new(transport, peer, security.sasl, Instant::now()));
            }
            other => {
                if let Err(error) = other {
                    tracing::warn!(peer = %from, %error, "cannot serve a connection");
                }
                self.shared.connections.left(from.ip());
            }
        }
    }

    fn answer(&mut self, ticket: Ticket, frame: &[u8]) {
        let Some((connection, mut context)) = self.with_context(ticket.slot) else { return };
        match connection.answer(ticket, frame, &mut context) {
            Ok(()) => self.turn(ticket.slot),
            Err(reason) => self.end(ticket.slot, Some(reason)),
        }
    }

    /// A connection, and what it shares with the others during a turn.
    fn with_context(&mut self, slot: usize) -> Option<(&mut Connection, LoopContext<'_>)> {
        let context = LoopContext {
            shared: self.shared,
            event_loop: self.number,
            slot,
            next_sequence: &mut self.next_sequence,
            scratch: &mut self.scratch,
            now: Instant::now(),
            now_ms: self.shared.clock.now_ms(),
        };
        Some((self.connections.get_mut(slot)?, context))
    }

    /// Looks at the fetch that waits under this number.
    fn look(&mut self, slot: usize, sequence: u64, is_over: bool) {
        let Some((connection, mut context)) =
            self.with_context(slot).filter(|(of, _)| of.waits_for() == Some(sequence))
        else {
            return;
        };
        let deadline = connection.waits_until();
        match connection.look(&mut context, is_over) {
            // Some of several requests may be answered.
            Ok(()) if connection.waits_for() == Some(sequence) && !connection.has_output() => {}
            Ok(()) if connection.waits_for() == Some(sequence) => self.turn(slot),
            Ok(()) => {
                if let Some(deadline) = deadline {
                    self.deadlines.remove(&(deadline, slot, sequence));
                }
                self.turn(slot);
            }
            Err(reason) => self.end(slot, Some(reason)),
        }
    }

    fn look_at_due(&mut self) {
        while let Some(&(deadline, slot, sequence)) = self.deadlines.first()
            && deadline <= Instant::now()
        {
            self.deadlines.pop_first();
            self.look(slot, sequence, true);
        }
    }

    /// Closes connections that were held for as long as they had to be.
    fn let_go(&mut self) {
        while let Some(held) = self.held.first_entry().filter(|held| held.key().0 <= Instant::now()) {
            let ((_, from), _) = held.remove_entry();
            self.shared.connections.left(from.ip());
        }
    }

    fn turn(&mut self, slot: usize) {
        let Some((connection, mut context)) = self.with_context(slot) else { return };
        match connection.turn(&mut context) {
            Turn::Rest => {}
            Turn::RestUntil(deadline) => {
                if let Some(sequence) = connection.waits_for() {
                    self.deadlines.insert((deadline, slot, sequence));
                }
            }
            Turn::Again => self.ready.push(slot),
            Turn::Stalled => {
                self.stalled.insert(slot);
            }
            Turn::End(reason) => self.end(slot, reason),
        }
    }

    fn end(&mut self, slot: usize, reason: Option<EndReason>) {
        let Some(mut connection) = self.connections.try_remove(slot) else { return };
        connection.give_back(self.shared);
        let peer = connection.peer.clone();
        if let (Some(deadline), Some(sequence)) = (connection.waits_until(), connection.waits_for()) {
            self.deadlines.remove(&(deadline, slot, sequence));
        }
        match reason {
            None => tracing::debug!(peer = %peer.address, principal = %peer.principal, "connection closed"),
            Some(reason @ EndReason::Io(_)) => {
                tracing::debug!(peer = %peer.address, %reason, "connection lost");
            }
            Some(reason @ (EndReason::Authentication(_) | EndReason::Tls(_) | EndReason::Certificate(_))) => {
                connection.send_last();
                self.shared.metrics.failed_authentications.add(1);
                tracing::warn!(peer = %peer.address, listener = &*peer.listener_name, %reason, "authentication failed");
            }
            Some(reason @ EndReason::SessionExpired) => {
                let principal = &peer.principal;
                tracing::info!(peer = %peer.address, %principal, %reason, "connection ended");
            }
            Some(reason) => {
                // Requests before the one at fault have their answers.
                connection.send_last();
                self.shared.metrics.bad_requests.add(1);
                tracing::warn!(peer = %peer.address, listener = &*peer.listener_name, %reason, "connection ended");
            }
        }
        connection.transport.close();
        if let Err(error) = self.poll.registry().deregister(connection.transport.socket()) {
            tracing::debug!(%error, "cannot deregister a socket");
        }
        self.shared.connections.left(peer.address.ip());
    }

    /// Ends connections that have been idle for too long, and takes memory from the others that do not need it.
    fn sweep(&mut self, now: Instant) {
        let max = self.shared.idle_max();
        let mut over = Vec::new();
        for (slot, connection) in &mut self.connections {
            let idle = now.saturating_duration_since(connection.last_active);
            // A peer that neither sends the rest of its frame nor reads its response is as idle as one that does nothing. So is, as
            // in Kafka, one whose request waits: it may be gone.
            if max.is_some_and(|max| idle > max) {
                over.push(slot);
            } else if idle > SWEEP {
                connection.shrink();
            }
        }
        over.into_iter().for_each(|slot| self.end(slot, None));
    }

    /// Answers fetches that wait, and ends each connection when its responses are sent.
    fn drain(&mut self) {
        self.is_draining = true;
        std::mem::take(&mut self.held).keys().for_each(|(_, from)| self.shared.connections.left(from.ip()));
        for listener in &mut self.listeners {
            if let Err(error) = self.poll.registry().deregister(listener.socket()) {
                tracing::debug!(%error, "cannot deregister a listener");
            }
        }
        self.listeners.clear();
        self.waiting.clear();
        let slots: Vec<usize> = self.connections.iter().map(|(slot, _)| slot).collect();
        for slot in slots {
            if let Some(connection) = self.connections.get_mut(slot) {
                connection.is_draining = true;
                if connection.is_idle() {
                    self.end(slot, None);
                } else if let Some(sequence) = connection.waits_for() {
                    self.look(slot, sequence, true);
                }
            }
        }
    }
}

/// epoll counts in ms: rounded down, the loop would turn idly until the time has come.
const fn round_up_to_ms(wait: Duration) -> Duration {
    Duration::from_millis(wait.as_micros().div_ceil(1000) as u64)
}
