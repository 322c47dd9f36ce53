//! Sockets and event loops. A connection lives on one loop; requests are handled on its thread.

mod address;
mod connection;
mod event_loop;
mod input;
mod listener;
mod mailbox;
mod output;
mod queued;
mod throttle;
mod ticket;
mod transport;

use std::net::SocketAddr;
use std::sync::Arc;

pub(crate) use address::java_address;
pub(crate) use event_loop::EventLoop;
pub(crate) use listener::{ConnectionLimits, Connections, Listener};
pub(crate) use mailbox::{LoopEvent, Mailbox};
pub(crate) use output::Output;
pub(crate) use queued::QueuedBytes;
pub(crate) use ticket::Ticket;

use crate::security::Principal;

/// Who has sent a request.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    /// Its address.
    pub(crate) address: SocketAddr,
    /// The listener it connected to, as a position among those of the broker.
    pub(crate) listener: usize,
    /// The name of that listener.
    pub(crate) listener_name: Arc<str>,
    /// Who it acts for.
    pub(crate) principal: Arc<Principal>,
}
