//! Replication between brokers: pure state machines, and what their users share.

mod alter_partition;
pub(crate) mod fetcher;
mod follower;
mod isr;
mod leader;
mod quota;
mod replica;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::mpsc::Sender;

use kafka_rpc::ErrorCode;
use kafka_rpc::messages::AlterPartitionResponse;

pub(crate) use alter_partition::{PartitionKey, refuse};
pub(crate) use isr::{IsrEvent, run};
pub(crate) use leader::{Accepted, Altered, FollowerFetch, IsrChange, Leader};
pub(crate) use replica::{Appended, Offsets, Replica, ReplicaError};

use self::leader::{Alive, Brokers};
use crate::clock::Clock;
use crate::metadata;
use crate::metrics::Counter;

/// What the replicas of a broker share.
pub(crate) struct Replication {
    pub(crate) node_id: i32,
    pub(crate) clock: Arc<Clock>,
    image: metadata::Shared,
    /// How long a follower may be late and in sync (`replica.lag.time.max.ms`).
    lag_max_ms: i64,
    events: Sender<IsrEvent>,
    /// How often an ISR has become smaller or larger, and could not be changed.
    pub(crate) isr_shrinks: Counter,
    pub(crate) isr_expands: Counter,
    pub(crate) failed_isr_updates: Counter,
}

impl Replication {
    pub(crate) fn new(
        node_id: i32,
        clock: Arc<Clock>,
        image: metadata::Shared,
        lag_max_ms: i64,
        events: Sender<IsrEvent>,
    ) -> Self {
        Replication {
            node_id,
            clock,
            image,
            lag_max_ms,
            events,
            isr_shrinks: Counter::default(),
            isr_expands: Counter::default(),
            failed_isr_updates: Counter::default(),
        }
    }

    pub(crate) const fn lag_max_ms(&self) -> i64 {
        self.lag_max_ms
    }

    /// Sends a change of an ISR to the controller.
    pub(crate) fn submit(&self, partition: PartitionKey, change: IsrChange) {
        self.tell(IsrEvent::Change(partition, change));
    }

    /// Has the group coordinator send the answers that waited for followers.
    pub(crate) fn groups_committed(&self, partition: i32, high_watermark: i64) {
        self.tell(IsrEvent::GroupsCommitted(partition, high_watermark));
    }

    /// Takes the controller's answer to the changes that were sent last.
    pub(crate) fn altered(&self, answer: Result<AlterPartitionResponse, ErrorCode>) {
        self.tell(IsrEvent::Answered(answer));
    }

    /// Ends the thread of ISRs.
    pub(crate) fn stop(&self) {
        self.tell(IsrEvent::Stop);
    }

    fn tell(&self, event: IsrEvent) {
        if self.events.send(event).is_err() {
            tracing::debug!("the thread of ISRs has stopped");
        }
    }
}

impl Brokers for Replication {
    fn alive(&self, id: i32) -> Option<Alive> {
        // Callers hold locks of partitions, and others those of partitions under this one: no reader may wait for a writer.
        let image = self.image.read_recursive();
        let broker = image.broker(id).filter(|broker| !broker.fenced)?;
        Some(Alive { epoch: broker.broker_epoch, is_shutting_down: broker.in_controlled_shutdown })
    }
}
