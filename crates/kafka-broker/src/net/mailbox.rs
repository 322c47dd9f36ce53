//! How other threads reach an event loop.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use mio::net::TcpStream;
use mio::{Poll, Token, Waker};
use parking_lot::Mutex;

use super::ticket::Ticket;

/// What an event loop is told.
pub(crate) enum Letter {
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

/// The letters to one event loop.
pub(crate) struct Mailbox {
    letters: Mutex<Vec<Letter>>,
    waker: Waker,
}

impl Mailbox {
    pub(super) fn new(poll: &Poll, token: Token) -> io::Result<Arc<Self>> {
        Ok(Arc::new(Mailbox { letters: Mutex::default(), waker: Waker::new(poll.registry(), token)? }))
    }

    /// Leaves a letter and wakes the loop.
    pub(crate) fn post(&self, letter: Letter) {
        let was_empty = {
            let mut letters = self.letters.lock();
            letters.push(letter);
            letters.len() == 1
        };
        // Who left the first letter has woken the loop, or is about to.
        if was_empty && let Err(error) = self.waker.wake() {
            tracing::error!(%error, "cannot wake an event loop");
        }
    }

    /// Exchanges the letters for an empty vector.
    pub(super) fn take(&self, into: &mut Vec<Letter>) {
        std::mem::swap(&mut *self.letters.lock(), into);
    }
}
