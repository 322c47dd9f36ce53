//! How other threads reach an event loop.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use mio::net::TcpStream;
use mio::{Poll, Token, Waker};
use parking_lot::Mutex;

use super::ticket::Ticket;

/// What an event loop is told.
pub(crate) enum LoopEvent {
    /// A client has connected.
    Connected(TcpStream, SocketAddr, usize),
    /// The answer to a request: a whole frame. Empty: there is none, and the connection ends.
    Answer(Ticket, Vec<u8>),
    /// A partition that a fetch waits for has changed.
    Look(Ticket),
    /// Take no more requests; finish those in progress.
    Drain,
    /// End now.
    Stop,
}

/// The events to one event loop.
pub(crate) struct Mailbox {
    events: Mutex<Vec<LoopEvent>>,
    waker: Waker,
}

impl Mailbox {
    pub(super) fn new(poll: &Poll, token: Token) -> io::Result<Arc<Self>> {
        Ok(Arc::new(Mailbox { events: Mutex::default(), waker: Waker::new(poll.registry(), token)? }))
    }

    /// Leaves an event and wakes the loop.
    pub(crate) fn post(&self, event: LoopEvent) {
        let was_empty = {
            let mut events = self.events.lock();
            events.push(event);
            events.len() == 1
        };
        // The thread that posted the first event has woken the loop, or is about to.
        if was_empty && let Err(error) = self.waker.wake() {
            tracing::error!(%error, "cannot wake an event loop");
        }
    }

    /// Exchanges the events for an empty vector.
    pub(super) fn take(&self, into: &mut Vec<LoopEvent>) {
        std::mem::swap(&mut *self.events.lock(), into);
    }
}
