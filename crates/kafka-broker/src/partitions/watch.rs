//! Fetches that wait for a partition.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering, fence};

use kafka_log::log::error::StorageError;
use kafka_log::log::types::Watermarks;
use kafka_log::log::{LogObserver, TopicPartition};
use parking_lot::Mutex;

use crate::net::{LoopEvent, Mailbox, Ticket};

/// Wakes the event loops of fetches that wait when an offset of the log moves.
pub(crate) struct Watch {
    loops: Arc<[Arc<Mailbox>]>,
    /// Whether a fetch waits: spares an append the lock.
    is_awaited: AtomicBool,
    /// The last fetch of each connection, by event loop and slot.
    waiting: Mutex<HashMap<(usize, usize), Ticket>>,
}

impl Watch {
    pub(crate) fn new(loops: Arc<[Arc<Mailbox>]>) -> Self {
        Watch { loops, is_awaited: AtomicBool::new(false), waiting: Mutex::default() }
    }

    /// Has the fetch looked at once when something moves. It must look once more after this call.
    pub(crate) fn add(&self, ticket: Ticket) {
        let mut waiting = self.waiting.lock();
        waiting.insert((ticket.event_loop, ticket.slot), ticket);
        self.is_awaited.store(true, Ordering::SeqCst);
        // Pairs with that in `wake`: one of the two sees what the other has written.
        fence(Ordering::SeqCst);
    }

    /// Wakes those who wait.
    pub(crate) fn wake(&self) {
        fence(Ordering::SeqCst);
        if !self.is_awaited.load(Ordering::SeqCst) {
            return;
        }
        let woken = {
            let mut waiting = self.waiting.lock();
            self.is_awaited.store(false, Ordering::SeqCst);
            std::mem::take(&mut *waiting)
        };
        for ticket in woken.into_values() {
            if let Some(mailbox) = self.loops.get(ticket.event_loop) {
                mailbox.post(LoopEvent::Look(ticket));
            }
        }
    }
}

impl LogObserver for Watch {
    fn moved(&self, _partition: &TopicPartition, _at: Watermarks) {
        self.wake();
    }

    fn ended(&self, _partition: &TopicPartition, _why: &StorageError) {
        self.wake();
    }
}
