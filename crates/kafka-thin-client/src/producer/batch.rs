//! Records of one partition on their way.

use std::fmt;
use std::time::{Duration, Instant};

use kafka_log::compression::{Compressor, DECOMPRESSED_MAX, Decompressor};
use kafka_log::format::FormatError;
use kafka_log::format::batch::{RECORD_BATCH_OVERHEAD, RecordBatch};
use kafka_log::format::builder::{BatchFields, RecordBatchBuilder};
use kafka_log::format::record::Header;

use super::record::{Callback, ProduceError, ProducerRecord, RecordMetadata};
use crate::TopicPartition;

/// Producer id and epoch of an idempotent producer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) producer_id: i64,
    pub(super) epoch: i16,
}

/// A batch: open until it is full or sent, then bytes.
pub(super) struct Batch {
    builder: RecordBatchBuilder,
    sealed: Option<Vec<u8>>,
    /// Takes no more records.
    pub(super) is_closed: bool,
    callbacks: Vec<Callback>,
    /// An upper bound of the uncompressed bytes.
    pub(super) bytes_max: usize,
    pub(super) created: Instant,
    pub(super) attempts: u32,
    /// Not to be sent before: a pause after a failed attempt.
    pub(super) not_before: Option<Instant>,
    /// With an idempotent producer: who sends it, and the sequence number of its first record.
    pub(super) sequence: Option<(Identity, i32)>,
}

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.callbacks.len();
        f.debug_struct("Batch").field("count", &count).field("sequence", &self.sequence).finish_non_exhaustive()
    }
}

impl Batch {
    pub(super) fn new(created: Instant, fields: BatchFields) -> Self {
        Batch {
            builder: RecordBatchBuilder::new(fields),
            sealed: None,
            is_closed: false,
            callbacks: Vec::new(),
            bytes_max: RECORD_BATCH_OVERHEAD,
            created,
            attempts: 0,
            not_before: None,
            sequence: None,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.callbacks.len()
    }

    /// The callback comes back with the error if the record cannot be written.
    pub(super) fn append(
        &mut self,
        record: &ProducerRecord<'_>,
        timestamp: i64,
        callback: Callback,
    ) -> Result<(), (FormatError, Callback)> {
        let headers: Vec<Header<'_>> =
            record.headers.iter().map(|(key, value)| Header { key: key.as_bytes(), value: *value }).collect();
        // The number of records is below that of their bytes, which is at most an int.
        let offset = self.callbacks.len() as i64;
        if let Err(error) = self.builder.append(offset, timestamp, record.key, record.value, &headers) {
            return Err((error, callback));
        }
        self.bytes_max += record.bytes_max();
        self.callbacks.push(callback);
        Ok(())
    }

    /// Makes the bytes that are sent, unless they are there, under this sequence number.
    pub(super) fn seal(
        &mut self,
        compressor: &mut Compressor,
        sequence: Option<(Identity, i32)>,
    ) -> Result<(), FormatError> {
        if self.sealed.is_some() && self.sequence == sequence {
            return Ok(());
        }
        if let Some((identity, first)) = sequence {
            self.builder.set_producer(identity.producer_id, identity.epoch, first);
        }
        let mut sealed = Vec::new();
        self.builder.finish(compressor, &mut sealed)?;
        self.sealed = Some(sealed);
        self.is_closed = true;
        self.sequence = sequence;
        Ok(())
    }

    pub(super) fn sealed(&self) -> &[u8] {
        self.sealed.as_deref().unwrap_or_default()
    }

    /// Keeps the first half of the records and returns the rest, after the broker found the batch too large; `None` for a
    /// single record.
    pub(super) fn split(&mut self, fields: BatchFields) -> Result<Option<Batch>, FormatError> {
        let half = self.len() / 2;
        if half == 0 {
            return Ok(None);
        }
        let (first, second) = self.builders(half, fields)?;
        let callbacks = self.callbacks.split_off(half);
        let first_callbacks = std::mem::take(&mut self.callbacks);
        let (created, bytes_max) = (self.created, self.bytes_max.div_ceil(2));
        // The broker has written none of it: both keep their numbers.
        let sequence = self.sequence;
        let next = sequence.map(|(identity, first)| (identity, next_sequence(first, half)));
        let part = |builder, callbacks, sequence| Batch {
            builder,
            callbacks,
            sequence,
            bytes_max,
            is_closed: true,
            ..Batch::new(created, fields)
        };
        *self = part(first, first_callbacks, sequence);
        Ok(Some(part(second, callbacks, next)))
    }

    fn builders(
        &self,
        half: usize,
        fields: BatchFields,
    ) -> Result<(RecordBatchBuilder, RecordBatchBuilder), FormatError> {
        let mut decompressor = Decompressor::new(DECOMPRESSED_MAX);
        let (mut first, mut second) = (RecordBatchBuilder::new(fields), RecordBatchBuilder::new(fields));
        for (at, record) in RecordBatch::parse(self.sealed())?.records(&mut decompressor)?.enumerate() {
            let mut record = record?;
            if at < half {
                first.append_record(&record)?;
            } else {
                record.offset -= half as i64;
                second.append_record(&record)?;
            }
        }
        Ok((first, second))
    }

    pub(super) fn is_due(&self, now: Instant, linger: Duration) -> bool {
        match self.not_before {
            Some(not_before) => now >= not_before,
            None => now.saturating_duration_since(self.created) >= linger,
        }
    }

    pub(super) fn succeed(self, partition: &TopicPartition, base_offset: i64) {
        for (callback, offset) in self.callbacks.into_iter().zip(base_offset..) {
            let offset = Some(offset).filter(|_| base_offset >= 0);
            callback(Ok(RecordMetadata { partition: partition.clone(), offset }));
        }
    }

    pub(super) fn fail(self, error: &ProduceError) {
        for callback in self.callbacks {
            callback(Err(error.clone()));
        }
    }
}

/// The sequence number after so many records; after the largest int comes 0 (`DefaultRecordBatch.incrementSequence`).
pub(super) fn next_sequence(sequence: i32, count: usize) -> i32 {
    let next = (i64::from(sequence) + count as i64) % (i64::from(i32::MAX) + 1);
    i32::try_from(next).unwrap_or_default()
}
