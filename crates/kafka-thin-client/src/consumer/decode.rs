//! From fetched bytes to records (`CompletedFetch`). No I/O.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use kafka_log::compression::Decompressor;
use kafka_log::format::FormatError;
use kafka_log::format::batch::RecordBatch;
use kafka_log::format::control::ControlRecordType;
use kafka_log::format::legacy::LegacyRecord;
use kafka_log::segment::batch::{Batch, Batches, RawBatch};

use super::record::{ConsumeError, ConsumerRecord};
use crate::TopicPartition;
use crate::admin::IsolationLevel;

/// What one Fetch response has of a partition, decoded batch by batch.
#[derive(Debug)]
pub(super) struct Fetched {
    pub(super) partition: TopicPartition,
    topic: Arc<str>,
    bytes: Vec<u8>,
    at: usize,
    /// The next offset to return.
    pub(super) position: i64,
    isolation: IsolationLevel,
    check_crcs: bool,
    /// First offsets and producer ids of aborted transactions that have not begun yet, in their order.
    aborted: VecDeque<(i64, i64)>,
    /// Producers whose transaction at this place was aborted.
    aborting: BTreeSet<i64>,
    /// Records of the current batch.
    records: VecDeque<ConsumerRecord>,
    /// The offset after the current batch.
    batch_end: i64,
}

impl Fetched {
    pub(super) fn new(
        partition: TopicPartition,
        bytes: Vec<u8>,
        position: i64,
        isolation: IsolationLevel,
        check_crcs: bool,
        mut aborted: Vec<(i64, i64)>,
    ) -> Self {
        aborted.sort_unstable();
        let topic = partition.topic.as_str().into();
        Fetched {
            partition,
            topic,
            bytes,
            at: 0,
            position,
            isolation,
            check_crcs,
            aborted: aborted.into(),
            aborting: BTreeSet::new(),
            records: VecDeque::new(),
            batch_end: position,
        }
    }

    /// The next record; `None` at the end. The position is then that after the last batch.
    pub(super) fn next(&mut self, decompressor: &mut Decompressor) -> Result<Option<ConsumerRecord>, ConsumeError> {
        loop {
            if let Some(record) = self.records.pop_front() {
                self.position = record.offset.saturating_add(1);
                return Ok(Some(record));
            }
            self.position = self.position.max(self.batch_end);
            if !self.next_batch(decompressor)? {
                return Ok(None);
            }
        }
    }

    /// Decodes one more batch; false at the end.
    fn next_batch(&mut self, decompressor: &mut Decompressor) -> Result<bool, ConsumeError> {
        let bytes = std::mem::take(&mut self.bytes);
        let decoded = self.decode(&bytes, decompressor);
        self.bytes = bytes;
        decoded.map_err(|source| ConsumeError::Corrupt {
            partition: self.partition.clone(),
            offset: self.position,
            source,
        })
    }

    fn decode(&mut self, bytes: &[u8], decompressor: &mut Decompressor) -> Result<bool, Option<FormatError>> {
        let Some(batch) = Batches::new(bytes.get(self.at..).unwrap_or_default()).next() else { return Ok(false) };
        let raw: RawBatch<'_> = batch?;
        self.at += raw.as_bytes().len();
        if self.check_crcs && !raw.is_valid() {
            return Err(None);
        }
        match raw.parse()? {
            Batch::Default(batch) => self.default_batch(batch, decompressor)?,
            Batch::Legacy(message) => self.legacy_message(message, decompressor)?,
        }
        Ok(true)
    }

    fn default_batch(&mut self, batch: RecordBatch<'_>, decompressor: &mut Decompressor) -> Result<(), FormatError> {
        let header = batch.header();
        let attributes = header.attributes();
        self.batch_end = header.last_offset().saturating_add(1);
        if self.isolation == IsolationLevel::ReadCommitted && header.producer_id() >= 0 {
            while let Some((_, producer_id)) =
                self.aborted.front().copied().filter(|(first_offset, _)| *first_offset <= header.last_offset())
            {
                self.aborted.pop_front();
                self.aborting.insert(producer_id);
            }
            let is_aborting = self.aborting.contains(&header.producer_id());
            if attributes.is_control() {
                let marker = batch.records(decompressor)?.next().transpose()?;
                let kind = marker.map(|marker| ControlRecordType::parse(marker.key)).transpose()?;
                if kind == Some(ControlRecordType::Abort) {
                    self.aborting.remove(&header.producer_id());
                }
            } else if attributes.is_transactional() && is_aborting {
                return Ok(());
            }
        }
        if attributes.is_control() {
            return Ok(());
        }
        let leader_epoch = Some(header.partition_leader_epoch()).filter(|epoch| *epoch >= 0);
        for record in batch.records(decompressor)? {
            let record = record?;
            if record.offset < self.position {
                continue;
            }
            let headers = record
                .headers
                .map(|header| (String::from_utf8_lossy(header.key).into_owned(), header.value.map(<[u8]>::to_vec)));
            self.records.push_back(ConsumerRecord {
                topic: Arc::clone(&self.topic),
                partition: self.partition.partition,
                offset: record.offset,
                leader_epoch,
                timestamp: record.timestamp,
                timestamp_type: attributes.timestamp_type(),
                key: record.key.map(<[u8]>::to_vec),
                value: record.value.map(<[u8]>::to_vec),
                headers: headers.collect(),
            });
        }
        Ok(())
    }

    fn legacy_message(
        &mut self,
        message: LegacyRecord<'_>,
        decompressor: &mut Decompressor,
    ) -> Result<(), FormatError> {
        self.batch_end = message.offset().saturating_add(1);
        for record in message.records(decompressor)? {
            let record = record?;
            if record.offset() < self.position {
                continue;
            }
            self.records.push_back(ConsumerRecord {
                topic: Arc::clone(&self.topic),
                partition: self.partition.partition,
                offset: record.offset(),
                leader_epoch: None,
                timestamp: record.timestamp(),
                timestamp_type: record.timestamp_type(),
                key: record.key()?.map(<[u8]>::to_vec),
                value: record.value()?.map(<[u8]>::to_vec),
                headers: Vec::new(),
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use kafka_log::compression::{Codec, Compressor};
    use kafka_log::format::builder::{BatchFields, RecordBatchBuilder};
    use kafka_log::format::control::EndTransactionMarker;

    use super::*;

    fn batch(out: &mut Vec<u8>, base_offset: i64, producer_id: i64, values: &[&str]) {
        let fields = BatchFields {
            base_offset,
            codec: Codec::Lz4,
            is_transactional: producer_id >= 0,
            producer_id,
            producer_epoch: 0,
            ..BatchFields::default()
        };
        let mut builder = RecordBatchBuilder::new(fields);
        for (offset, value) in (base_offset..).zip(values) {
            builder.append(offset, 5, None, Some(value.as_bytes()), &[]).unwrap();
        }
        builder.finish(&mut Compressor::new(), out).unwrap();
    }

    fn marker(out: &mut Vec<u8>, base_offset: i64, producer_id: i64, kind: ControlRecordType) {
        let fields = BatchFields {
            base_offset,
            is_transactional: true,
            is_control: true,
            producer_id,
            producer_epoch: 0,
            ..BatchFields::default()
        };
        let mut builder = RecordBatchBuilder::new(fields);
        let value = EndTransactionMarker { coordinator_epoch: 0 }.to_bytes();
        builder.append(base_offset, 5, Some(&kind.key()), Some(&value), &[]).unwrap();
        builder.finish(&mut Compressor::new(), out).unwrap();
    }

    fn values(bytes: &[u8], position: i64, isolation: IsolationLevel, aborted: Vec<(i64, i64)>) -> (Vec<String>, i64) {
        let partition = TopicPartition::new("t", 0);
        let mut fetched = Fetched::new(partition, bytes.to_vec(), position, isolation, true, aborted);
        let mut decompressor = Decompressor::new(1024);
        let mut values = Vec::new();
        while let Some(record) = fetched.next(&mut decompressor).unwrap() {
            values.push(String::from_utf8(record.value.unwrap()).unwrap());
        }
        (values, fetched.position)
    }

    #[test]
    fn aborted_records_and_markers_are_left_out() {
        let mut bytes = Vec::new();
        batch(&mut bytes, 0, 1, &["a0", "a1"]);
        batch(&mut bytes, 2, 2, &["b2"]);
        batch(&mut bytes, 3, -1, &["plain3"]);
        marker(&mut bytes, 4, 1, ControlRecordType::Abort);
        batch(&mut bytes, 5, 1, &["a5"]);
        marker(&mut bytes, 6, 2, ControlRecordType::Commit);
        marker(&mut bytes, 7, 1, ControlRecordType::Commit);
        let (committed, position) = values(&bytes, 0, IsolationLevel::ReadCommitted, vec![(0, 1)]);
        assert_eq!((committed, position), (vec!["b2".into(), "plain3".into(), "a5".into()], 8));
        let (all, _) = values(&bytes, 1, IsolationLevel::ReadUncommitted, vec![]);
        assert_eq!(all, ["a1", "b2", "plain3", "a5"]);
    }

    #[test]
    fn a_batch_that_is_cut_off_is_fetched_again_and_a_damaged_one_is_an_error() {
        let mut bytes = Vec::new();
        batch(&mut bytes, 0, -1, &["a", "b"]);
        let whole = bytes.len();
        batch(&mut bytes, 2, -1, &["c"]);
        let (found, position) = values(&bytes[..whole + 30], 0, IsolationLevel::ReadUncommitted, vec![]);
        assert_eq!((found, position), (vec!["a".into(), "b".into()], 2));
        bytes[whole - 1] ^= 1;
        let partition = TopicPartition::new("t", 0);
        let mut fetched = Fetched::new(partition, bytes, 0, IsolationLevel::ReadUncommitted, true, vec![]);
        let error = fetched.next(&mut Decompressor::new(1024));
        assert!(matches!(error, Err(ConsumeError::Corrupt { offset: 0, source: None, .. })));
    }
}
