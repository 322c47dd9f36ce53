//! What is known of one producer (`ProducerStateEntry`): its epoch, its last batches, its running transaction.

use crate::format::batch::{BatchHeader, NO_PRODUCER_EPOCH, NO_SEQUENCE, NO_TIMESTAMP};
use crate::format::producer_snapshot::{BatchMetadata, ProducerEntry, decrement_sequence};

/// Batches kept of each producer, in which a repeated one is found (`NUM_BATCHES_TO_RETAIN`): as many as a client may
/// have in flight.
pub(crate) const NUM_BATCHES_TO_RETAIN: usize = 5;

/// The part of [`BatchMetadata`] that the rest of it follows from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct KeptBatch {
    last_offset: i64,
    timestamp: i64,
    last_sequence: i32,
    offset_delta: i32,
}

impl KeptBatch {
    fn first_sequence(&self) -> i32 {
        decrement_sequence(self.last_sequence, self.offset_delta)
    }

    fn metadata(&self) -> BatchMetadata {
        BatchMetadata {
            first_sequence: self.first_sequence(),
            last_sequence: self.last_sequence,
            last_offset: self.last_offset,
            offset_delta: self.offset_delta,
            timestamp: self.timestamp,
        }
    }
}

/// State of one producer (`ProducerStateEntry`). Takes no memory besides its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProducerState {
    /// Oldest first; those from `batch_count` on mean nothing and are zero.
    batches: [KeptBatch; NUM_BATCHES_TO_RETAIN],
    last_timestamp: i64,
    current_txn_first_offset: Option<i64>,
    coordinator_epoch: i32,
    producer_epoch: i16,
    batch_count: u8,
}

impl ProducerState {
    /// Of a producer of which nothing is known (`ProducerStateEntry.empty`).
    pub(super) const EMPTY: Self = ProducerState {
        batches: [KeptBatch { last_offset: 0, timestamp: 0, last_sequence: 0, offset_delta: 0 }; NUM_BATCHES_TO_RETAIN],
        last_timestamp: NO_TIMESTAMP,
        current_txn_first_offset: None,
        coordinator_epoch: -1,
        producer_epoch: NO_PRODUCER_EPOCH,
        batch_count: 0,
    };

    /// Producer epoch, -1 when only an empty control batch of it was seen.
    pub fn producer_epoch(&self) -> i16 {
        self.producer_epoch
    }

    /// Epoch of the coordinator that wrote the last marker, -1 for none.
    pub fn coordinator_epoch(&self) -> i32 {
        self.coordinator_epoch
    }

    /// Timestamp of the last batch or marker in ms, -1 none.
    pub fn last_timestamp(&self) -> i64 {
        self.last_timestamp
    }

    /// First offset of the running transaction.
    pub fn current_txn_first_offset(&self) -> Option<i64> {
        self.current_txn_first_offset
    }

    /// Whether no batch is known.
    pub fn is_empty(&self) -> bool {
        self.batch_count == 0
    }

    /// Last sequence of the last batch, -1 when no batch is known (`lastSeq`).
    pub fn last_sequence(&self) -> i32 {
        self.last().map_or(NO_SEQUENCE, |batch| batch.last_sequence)
    }

    /// Last offset of the last batch, -1 when no batch is known.
    pub(crate) fn last_data_offset(&self) -> i64 {
        self.last().map_or(-1, |batch| batch.last_offset)
    }

    /// The known batches, oldest first.
    pub fn batches(&self) -> impl DoubleEndedIterator<Item = BatchMetadata> + ExactSizeIterator + '_ {
        self.kept().iter().map(KeptBatch::metadata)
    }

    /// The known batch with the epoch and the first and last sequence of this one.
    pub(crate) fn find_duplicate_batch(&self, batch: &BatchHeader<'_>) -> Option<BatchMetadata> {
        if batch.producer_epoch() != self.producer_epoch {
            return None;
        }
        let (first, last) = (batch.base_sequence(), batch.last_sequence());
        let same = |kept: &&KeptBatch| kept.first_sequence() == first && kept.last_sequence == last;
        self.kept().iter().find(same).map(KeptBatch::metadata)
    }

    /// The same without batches: what an append starts from (`withProducerId`).
    pub(super) fn without_batches(&self) -> Self {
        ProducerState { batches: Self::EMPTY.batches, batch_count: 0, ..*self }
    }

    /// A data batch. One of another epoch, a lower one too, makes all others forgotten.
    pub(super) fn add_batch(
        &mut self,
        producer_epoch: i16,
        last_sequence: i32,
        last_offset: i64,
        offset_delta: i32,
        timestamp: i64,
    ) {
        self.set_producer_epoch(producer_epoch);
        self.push(KeptBatch { last_offset, timestamp, last_sequence, offset_delta });
        self.last_timestamp = timestamp;
    }

    /// A marker: ends the transaction, and forgets the batches only where it raises the epoch.
    pub(super) fn end_transaction(&mut self, producer_epoch: i16, coordinator_epoch: i32, timestamp: i64) {
        self.set_producer_epoch(producer_epoch);
        self.coordinator_epoch = coordinator_epoch;
        self.last_timestamp = timestamp;
        self.current_txn_first_offset = None;
    }

    pub(super) fn begin_transaction(&mut self, first_offset: i64) {
        self.current_txn_first_offset = Some(first_offset);
    }

    /// Takes over what an append made of [`ProducerState::without_batches`].
    pub(super) fn update(&mut self, next: &ProducerState) {
        self.set_producer_epoch(next.producer_epoch);
        for &batch in next.kept() {
            self.push(batch);
        }
        self.coordinator_epoch = next.coordinator_epoch;
        self.current_txn_first_offset = next.current_txn_first_offset;
        self.last_timestamp = next.last_timestamp;
    }

    fn set_producer_epoch(&mut self, producer_epoch: i16) {
        if self.producer_epoch != producer_epoch {
            *self = ProducerState { producer_epoch, ..self.without_batches() };
        }
    }

    fn push(&mut self, batch: KeptBatch) {
        let mut count = usize::from(self.batch_count);
        if count == NUM_BATCHES_TO_RETAIN {
            self.batches.copy_within(1.., 0);
            count -= 1;
        } else {
            self.batch_count += 1;
        }
        self.batches[count] = batch;
    }

    fn kept(&self) -> &[KeptBatch] {
        &self.batches[..usize::from(self.batch_count)]
    }

    fn last(&self) -> Option<&KeptBatch> {
        self.kept().last()
    }

    /// As a snapshot keeps it, which is without all batches but the last.
    pub(super) fn to_snapshot(self, producer_id: i64) -> ProducerEntry {
        ProducerEntry {
            producer_id,
            producer_epoch: self.producer_epoch,
            last_sequence: self.last_sequence(),
            last_offset: self.last_data_offset(),
            offset_delta: self.last().map_or(0, |batch| batch.offset_delta),
            timestamp: self.last_timestamp,
            coordinator_epoch: self.coordinator_epoch,
            current_txn_first_offset: self.current_txn_first_offset.unwrap_or(-1),
        }
    }

    pub(super) fn from_snapshot(entry: &ProducerEntry) -> Self {
        let mut state = ProducerState {
            producer_epoch: entry.producer_epoch,
            coordinator_epoch: entry.coordinator_epoch,
            last_timestamp: entry.timestamp,
            current_txn_first_offset: entry.open_txn_first_offset(),
            ..Self::EMPTY
        };
        if let Some(batch) = entry.batch() {
            state.push(KeptBatch {
                last_offset: batch.last_offset,
                timestamp: batch.timestamp,
                last_sequence: batch.last_sequence,
                offset_delta: batch.offset_delta,
            });
        }
        state
    }
}
