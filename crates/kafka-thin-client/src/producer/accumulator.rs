//! Batches that wait, by partition (`RecordAccumulator`). No I/O and no clock.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::time::{Duration, Instant};

use kafka_log::compression::Compressor;
use kafka_log::format::FormatError;
use kafka_log::format::builder::BatchFields;

use super::batch::{Batch, Identity, next_sequence};
use super::record::{Callback, ProduceError, ProducerRecord};
use crate::TopicPartition;

/// What an accumulator decides by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) batch_size: usize,
    pub(super) linger: Duration,
    pub(super) buffer_memory: usize,
    pub(super) delivery_timeout: Duration,
    /// Codec and level of every batch.
    pub(super) fields: BatchFields,
}

#[derive(Debug, Default)]
struct Queue {
    batches: VecDeque<Batch>,
    /// One batch of a partition is sent at a time, so that retries keep the order.
    in_flight: bool,
    /// Who sent the last batch, and the sequence number of the next record.
    next: Option<(Identity, i32)>,
}

pub(super) struct Accumulator {
    limits: Limits,
    queues: BTreeMap<TopicPartition, Queue>,
    /// Upper bound of the bytes of all batches, those in flight included.
    buffered: usize,
    compressor: Compressor,
}

impl fmt::Debug for Accumulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Accumulator")
            .field("queues", &self.queues)
            .field("buffered", &self.buffered)
            .finish_non_exhaustive()
    }
}

impl Accumulator {
    pub(super) fn new(limits: Limits) -> Self {
        Accumulator { limits, queues: BTreeMap::new(), buffered: 0, compressor: Compressor::new() }
    }

    /// Whether a record of this size has to wait for others to be sent.
    pub(super) fn is_full_for(&self, bytes: usize) -> bool {
        self.buffered > 0 && self.buffered.saturating_add(bytes) > self.limits.buffer_memory
    }

    pub(super) fn is_empty(&self) -> bool {
        self.queues.values().all(|queue| queue.batches.is_empty() && !queue.in_flight)
    }

    /// Appends to the partition's last batch, or to a new one. Returns whether a batch has become full.
    pub(super) fn append(
        &mut self,
        partition: TopicPartition,
        record: &ProducerRecord<'_>,
        timestamp: i64,
        callback: Callback,
        now: Instant,
    ) -> Result<bool, (FormatError, Callback)> {
        let bytes = record.bytes_max();
        let mut has_filled = false;
        let limits = self.limits;
        let queue = self.queues.entry(partition).or_default();
        let has_room = |batch: &Batch| !batch.is_closed && batch.bytes_max + bytes <= limits.batch_size;
        if !queue.batches.back().is_some_and(has_room) {
            if let Some(last) = queue.batches.back_mut() {
                has_filled |= !last.is_closed;
                last.is_closed = true;
            }
            let batch = Batch::new(now, limits.fields);
            self.buffered += batch.bytes_max;
            queue.batches.push_back(batch);
        }
        let Some(batch) = queue.batches.back_mut() else { return Ok(false) };
        batch.append(record, timestamp, callback)?;
        self.buffered += bytes;
        if batch.bytes_max >= limits.batch_size {
            batch.is_closed = true;
            has_filled = true;
        }
        Ok(has_filled)
    }

    /// Partitions whose first batch is to be sent: full, old enough, or flushed.
    pub(super) fn ready(&self, now: Instant, flush: bool) -> Vec<TopicPartition> {
        let exhausted = self.buffered.saturating_add(self.limits.batch_size) > self.limits.buffer_memory;
        let is_ready = |queue: &Queue| {
            let first = queue.batches.front().filter(|_| !queue.in_flight);
            first.is_some_and(|batch| match batch.not_before {
                Some(not_before) => now >= not_before,
                None => flush || exhausted || batch.is_closed || batch.is_due(now, self.limits.linger),
            })
        };
        self.queues.iter().filter(|(_, queue)| is_ready(queue)).map(|(partition, _)| partition.clone()).collect()
    }

    /// When a partition may become ready or a batch may expire, if nothing else happens.
    pub(super) fn next_event(&self) -> Option<Instant> {
        let queues = self.queues.values().filter(|queue| !queue.in_flight);
        let first = queues.filter_map(|queue| queue.batches.front());
        let limits = self.limits;
        let event = |batch: &Batch| {
            let due = batch.not_before.or_else(|| batch.created.checked_add(limits.linger));
            let expires = batch.created.checked_add(limits.delivery_timeout);
            [due, expires].into_iter().flatten().min()
        };
        first.filter_map(event).min()
    }

    /// Takes a partition's first batch to be sent, as bytes. The partition is in flight until the batch is back.
    pub(super) fn take(&mut self, partition: &TopicPartition, identity: Option<Identity>) -> Option<Batch> {
        let queue = self.queues.get_mut(partition).filter(|queue| !queue.in_flight)?;
        let mut batch = queue.batches.pop_front()?;
        let sequence = match (batch.sequence, identity) {
            (Some(sequence), _) => Some(sequence),
            (None, None) => None,
            (None, Some(identity)) => {
                let first = queue.next.filter(|(owner, _)| *owner == identity).map_or(0, |(_, next)| next);
                queue.next = Some((identity, next_sequence(first, batch.len())));
                Some((identity, first))
            }
        };
        if let Err(error) = batch.seal(&mut self.compressor, sequence) {
            self.buffered = self.buffered.saturating_sub(batch.bytes_max);
            batch.fail(&ProduceError::Format(error));
            return None;
        }
        batch.attempts += 1;
        queue.in_flight = true;
        Some(batch)
    }

    /// The batch in flight is done. Its memory is free again.
    pub(super) fn done(&mut self, partition: &TopicPartition, batch: &Batch) {
        self.buffered = self.buffered.saturating_sub(batch.bytes_max);
        if let Some(queue) = self.queues.get_mut(partition) {
            queue.in_flight = false;
            // The next one has to be the first of a new identity to start at 0 again, so what is known stays.
            if queue.batches.is_empty() && queue.next.is_none() {
                self.queues.remove(partition);
            }
        }
    }

    /// The batch in flight is to be sent again, not before this time.
    pub(super) fn put_back(&mut self, partition: &TopicPartition, batches: Vec<Batch>, not_before: Instant) {
        let Some(queue) = self.queues.get_mut(partition) else { return };
        queue.in_flight = false;
        for mut batch in batches.into_iter().rev() {
            batch.not_before = Some(not_before);
            queue.batches.push_front(batch);
        }
    }

    /// A partition without a leader is looked at again at this time.
    pub(super) fn postpone(&mut self, partition: &TopicPartition, not_before: Instant) {
        if let Some(batch) = self.queues.get_mut(partition).and_then(|queue| queue.batches.front_mut()) {
            batch.not_before = Some(not_before);
        }
    }

    /// Takes a partition's first batch to fail it.
    pub(super) fn drop_first(&mut self, partition: &TopicPartition) -> Option<Batch> {
        let queue = self.queues.get_mut(partition).filter(|queue| !queue.in_flight)?;
        let batch = queue.batches.pop_front()?;
        self.buffered = self.buffered.saturating_sub(batch.bytes_max);
        Some(batch)
    }

    /// Takes all batches that are too old. Whether those that were sent have been written is unknown.
    pub(super) fn expired(&mut self, now: Instant) -> Vec<(TopicPartition, Batch)> {
        let timeout = self.limits.delivery_timeout;
        let mut expired = Vec::new();
        for (partition, queue) in self.queues.iter_mut().filter(|(_, queue)| !queue.in_flight) {
            let is_old = |batch: &Batch| now.saturating_duration_since(batch.created) >= timeout;
            while queue.batches.front().is_some_and(is_old)
                && let Some(batch) = queue.batches.pop_front()
            {
                self.buffered = self.buffered.saturating_sub(batch.bytes_max);
                expired.push((partition.clone(), batch));
            }
        }
        expired
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINGER: Duration = Duration::from_millis(100);

    fn accumulator() -> Accumulator {
        Accumulator::new(Limits {
            batch_size: 1000,
            linger: LINGER,
            buffer_memory: 5000,
            delivery_timeout: Duration::from_secs(10),
            fields: BatchFields::default(),
        })
    }

    fn append(accumulator: &mut Accumulator, len: usize, now: Instant) {
        let value = vec![b'v'; len];
        let record = ProducerRecord { topic: "t", value: Some(&value), ..ProducerRecord::default() };
        accumulator.append(TopicPartition::new("t", 0), &record, 1, Box::new(|_| {}), now).map_err(|(e, _)| e).unwrap();
    }

    #[test]
    fn a_batch_is_ready_when_it_is_full_or_old_or_flushed() {
        let (mut accumulator, start) = (accumulator(), Instant::now());
        append(&mut accumulator, 100, start);
        assert!(accumulator.ready(start, false).is_empty());
        assert_eq!(accumulator.ready(start, true).len(), 1);
        assert_eq!(accumulator.next_event(), Some(start + LINGER));
        assert_eq!(accumulator.ready(start + LINGER, false).len(), 1);
        append(&mut accumulator, 900, start);
        assert_eq!(accumulator.ready(start, false).len(), 1, "the second record needs another batch");
    }

    #[test]
    fn a_retry_keeps_its_sequence_and_its_place() {
        let (mut accumulator, now) = (accumulator(), Instant::now());
        let (partition, identity) = (TopicPartition::new("t", 0), Identity { producer_id: 7, epoch: 0 });
        (0..3).for_each(|_| append(&mut accumulator, 600, now));
        let first = accumulator.take(&partition, Some(identity)).unwrap();
        assert_eq!(first.sequence, Some((identity, 0)));
        assert!(accumulator.take(&partition, Some(identity)).is_none(), "one batch in flight per partition");
        accumulator.put_back(&partition, vec![first], now + LINGER);
        assert!(accumulator.ready(now, true).is_empty(), "even a flush waits for the pause");
        let again = accumulator.take(&partition, Some(identity)).unwrap();
        assert_eq!((again.sequence, again.attempts), (Some((identity, 0)), 2));
        accumulator.done(&partition, &again);
        let second = accumulator.take(&partition, Some(identity)).unwrap();
        assert_eq!(second.sequence, Some((identity, 1)));
        accumulator.done(&partition, &second);
        let other = Identity { producer_id: 8, epoch: 0 };
        assert_eq!(accumulator.take(&partition, Some(other)).unwrap().sequence, Some((other, 0)));
    }

    #[test]
    fn a_batch_that_is_too_large_is_split_with_its_numbers() {
        let (mut accumulator, now) = (accumulator(), Instant::now());
        let (partition, identity) = (TopicPartition::new("t", 0), Identity { producer_id: 7, epoch: 0 });
        (0..5).for_each(|_| append(&mut accumulator, 100, now));
        let mut batch = accumulator.take(&partition, Some(identity)).unwrap();
        let second = batch.split(BatchFields::default()).unwrap().unwrap();
        accumulator.put_back(&partition, vec![batch, second], now);
        for (sequence, count) in [(0, 2), (2, 3)] {
            let half = accumulator.take(&partition, Some(identity)).unwrap();
            assert_eq!((half.sequence, half.len()), (Some((identity, sequence)), count));
            accumulator.done(&partition, &half);
        }
    }

    #[test]
    fn memory_is_bounded_and_comes_back() {
        let (mut accumulator, now) = (accumulator(), Instant::now());
        (0..5).for_each(|_| append(&mut accumulator, 800, now));
        assert!(accumulator.is_full_for(900));
        let expired = accumulator.expired(now + Duration::from_secs(10));
        assert_eq!(expired.len(), 5);
        assert!(!accumulator.is_full_for(900) && accumulator.is_empty());
    }
}
