//! The coordinators with logs in memory and virtual time.

mod end;
mod init;
mod load;
mod partitions;
mod time;

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use kafka_rpc::messages::describe_transactions_response::TransactionState as Described;
use kafka_rpc::{ApiKey, ErrorCode};

use super::{Coordinators, Host, Init, Producer, TransactionConfig};
use crate::marker::Marker;
use crate::net::Ticket;

const PARTITIONS: i32 = 4;
const MINUTE: i64 = 60_000;
const ID: &str = "t";
const TICKET: Ticket =
    Ticket { event_loop: 0, slot: 0, sequence: 0, api_key: ApiKey::EndTxn, version: 5, correlation_id: 0 };

/// A broker in memory.
struct World {
    coordinators: Coordinators,
    version: Cell<i16>,
    next_id: Cell<i64>,
    /// Batches, by partition of `__transaction_state`.
    logs: RefCell<Vec<Vec<Vec<u8>>>>,
    /// Why nothing can be appended.
    append_error: Cell<Option<ErrorCode>>,
    markers: RefCell<Vec<(String, i32, Marker)>>,
    /// Why a topic takes no markers.
    marker_error: RefCell<Option<(String, ErrorCode)>>,
    woken_at: Cell<Option<i64>>,
    /// What the request that ended a transaction was told.
    ended: Cell<Option<Producer>>,
    /// Whether the partitions of `__transaction_state` go elsewhere when the next marker is written.
    moves_at_marker: Cell<bool>,
}

impl Host for World {
    fn transaction_version(&self) -> i16 {
        self.version.get()
    }

    fn next_producer_id(&self) -> Result<i64, ErrorCode> {
        let id = self.next_id.get();
        self.next_id.set(id + 1);
        Ok(id)
    }

    fn append(&self, partition: i32, batch: &[u8]) -> Result<(), ErrorCode> {
        if let Some(error) = self.append_error.get() {
            return Err(error);
        }
        self.logs.borrow_mut()[partition as usize].push(batch.to_vec());
        Ok(())
    }

    fn batch_len_max(&self, _: i32) -> usize {
        400
    }

    fn write_marker(&self, topic: &str, partition: i32, marker: &Marker) -> Result<(), ErrorCode> {
        if let Some((of, error)) = &*self.marker_error.borrow()
            && of == topic
        {
            return Err(*error);
        }
        if self.moves_at_marker.take() {
            (0..PARTITIONS).for_each(|partition| self.coordinators.unload(partition));
        }
        self.markers.borrow_mut().push((topic.to_owned(), partition, *marker));
        Ok(())
    }

    fn ended(&self, _: Ticket, producer: Producer) {
        self.ended.set(Some(producer));
    }

    fn wake_at(&self, deadline_ms: i64) {
        self.woken_at.set(Some(deadline_ms));
    }
}

/// A new broker with an empty topic, at this level of `transaction.version`.
fn world(version: i16) -> World {
    let world = unloaded(version, vec![Vec::new(); PARTITIONS as usize]);
    world.load(1, 0);
    world
}

fn unloaded(version: i16, logs: Vec<Vec<Vec<u8>>>) -> World {
    World {
        coordinators: Coordinators::new(TransactionConfig::default(), PARTITIONS, 0),
        version: Cell::new(version),
        next_id: Cell::new(100),
        logs: RefCell::new(logs),
        append_error: Cell::new(None),
        markers: RefCell::default(),
        marker_error: RefCell::new(None),
        woken_at: Cell::new(None),
        ended: Cell::new(None),
        moves_at_marker: Cell::new(false),
    }
}

impl World {
    fn load(&self, leader_epoch: i32, now_ms: i64) {
        for partition in 0..PARTITIONS {
            let batches = self.logs.borrow()[partition as usize].concat();
            let mut load = self.coordinators.load(partition, leader_epoch).unwrap();
            load.batches(&batches, now_ms).unwrap();
            load.finish();
        }
        self.write_markers(now_ms);
    }

    /// A broker that comes after this one, with what was written.
    fn restarted(&self, leader_epoch: i32, now_ms: i64) -> World {
        let next = unloaded(self.version.get(), self.logs.borrow().clone());
        next.next_id.set(self.next_id.get());
        next.load(leader_epoch, now_ms);
        next
    }

    fn init(&self, expected: Option<(i64, i16)>, now_ms: i64) -> Result<(i64, i16), ErrorCode> {
        let expected = expected.map(|(id, epoch)| Producer { id, epoch });
        let request = Init { transactional_id: ID, timeout_ms: 60_000, expected };
        let producer = self.coordinators.init_producer_id(self, request, now_ms);
        self.write_markers(now_ms);
        producer.map(|producer| (producer.id, producer.epoch))
    }

    /// Adds partition 0 of a topic, as a client of this version of transactions.
    fn add(&self, (id, epoch): (i64, i16), topic: &str, version: i16, now_ms: i64) -> Result<(), ErrorCode> {
        let of = (ID, Producer { id, epoch });
        self.coordinators.add_partitions(self, of, &[(Arc::from(topic), 0)], version, now_ms)
    }

    fn verify(&self, (id, epoch): (i64, i16), topic: &str) -> Result<(), ErrorCode> {
        let of = (ID, Producer { id, epoch });
        self.coordinators.verify_partitions(self, of, &[(Arc::from(topic), 0)], 0)[0]
    }

    fn end(&self, (id, epoch): (i64, i16), commit: bool, version: i16) -> Result<(i64, i16), ErrorCode> {
        let asked = (TICKET, 5);
        let ended = self.coordinators.end_transaction(self, (ID, Producer { id, epoch }), commit, version, asked)?;
        self.write_markers(5);
        let producer = ended.or(self.ended.take()).expect("an answer");
        Ok((producer.id, producer.epoch))
    }

    fn tick(&self, now_ms: i64) {
        self.coordinators.tick(self, now_ms);
        self.write_markers(now_ms);
    }

    /// Does what the thread of markers does.
    fn write_markers(&self, now_ms: i64) {
        self.coordinators.write_markers(self, now_ms);
    }

    fn describe(&self) -> Described<'static> {
        self.coordinators.describe(&[ID.into()]).transaction_states.remove(0)
    }

    fn state(&self) -> String {
        self.describe().transaction_state.into_owned()
    }

    fn take_markers(&self) -> Vec<(String, i32, Marker)> {
        std::mem::take(&mut self.markers.borrow_mut())
    }

    /// Brings the producer to this epoch.
    fn at_epoch(&self, epoch: i16) -> (i64, i16) {
        let mut producer = self.init(None, 0).unwrap();
        while producer.1 < epoch {
            producer = self.init(None, 0).unwrap();
        }
        producer
    }
}
