//! A broker as a member of a cluster whose controllers are elsewhere (`BrokerServer` with `process.roles=broker`).
//!
//! | thread | what it does |
//! | --- | --- |
//! | observer | fetches the metadata from the quorum, keeps a copy, publishes what is committed |
//! | life | registers, sends heartbeats, says when the broker stops |
//! | controller | forwards to the active controller what is not this broker's to decide |
//!
//! Each has a connection of its own to the active controller, which the observer finds.

mod channel;
mod forwarding;
mod life;
mod lifecycle;
mod observer;
mod quorum;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use kafka_rpc::Uuid;

pub(crate) use channel::{ActiveController, ControllerChannel};
pub(crate) use forwarding::run as forward;
pub(crate) use lifecycle::{LifeEvent, Terms, cordon, run as live};
pub use observer::ObserverError;
pub(crate) use observer::{Observer, Terms as ObserverTerms, run as observe};

/// How long the controller may take to move leadership away before an orderly stop goes on without it.
const CONTROLLED_SHUTDOWN_MAX: Duration = Duration::from_secs(5 * 60);

/// What the threads of a broker know of its membership.
pub(crate) struct Member {
    active: Arc<ActiveController>,
    /// -1 before the first registration.
    broker_epoch: AtomicI64,
    life: Sender<LifeEvent>,
    is_stopping: AtomicBool,
}

impl Member {
    pub(crate) fn new(active: Arc<ActiveController>) -> (Self, Receiver<LifeEvent>) {
        let (life, events) = channel();
        let (broker_epoch, is_stopping) = (AtomicI64::new(-1), AtomicBool::new(false));
        (Member { active, broker_epoch, life, is_stopping }, events)
    }

    /// A connection to the active controller, for one thread.
    pub(crate) fn channel(&self) -> ControllerChannel {
        ControllerChannel::new(Arc::clone(&self.active))
    }

    /// The epoch of the registration, -1 without one.
    pub(crate) fn broker_epoch(&self) -> i64 {
        self.broker_epoch.load(Ordering::Acquire)
    }

    fn set_broker_epoch(&self, epoch: i64) {
        self.broker_epoch.store(epoch, Ordering::Release);
    }

    /// Says that a log directory has failed.
    pub(crate) fn directory_failed(&self, dir: Uuid) {
        self.tell(LifeEvent::DirectoryFailed(dir));
    }

    /// Has the next heartbeat sent at once: something in it has changed.
    pub(crate) fn nudge(&self) {
        self.tell(LifeEvent::Nudge);
    }

    /// Clients can be served: the broker may be unfenced.
    pub(crate) fn ready(&self) {
        self.tell(LifeEvent::Ready);
    }

    fn tell(&self, event: LifeEvent) {
        if self.life.send(event).is_err() {
            tracing::debug!("the broker is not registered any more");
        }
    }

    /// Has the controller move leadership elsewhere, and waits for that.
    pub(crate) fn leave(&self) {
        let (left, has_left) = channel();
        self.tell(LifeEvent::Leave(left));
        if has_left.recv_timeout(CONTROLLED_SHUTDOWN_MAX).is_err() {
            tracing::warn!("the controller has not agreed to the stop, the broker stops all the same");
        }
    }

    /// Ends the threads.
    pub(crate) fn stop(&self) {
        self.is_stopping.store(true, Ordering::Release);
        self.tell(LifeEvent::Stop);
    }

    fn is_stopping(&self) -> bool {
        self.is_stopping.load(Ordering::Acquire)
    }
}
