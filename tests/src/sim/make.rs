//! Batches for simulated producers: small, every value there only once.

use kafka_log::compression::{Codec, Compressor};
use kafka_log::format::batch::TimestampType;
use kafka_log::format::builder::{BatchFields, RecordBatchBuilder};
use kafka_log::format::control::{ControlRecordType, EndTransactionMarker};

use crate::Random;

/// Makes batches.
pub struct Maker {
    compressor: Compressor,
    counter: u64,
}

/// Who a batch is from.
#[derive(Clone, Copy, Debug)]
pub struct Producer {
    /// Producer id, -1 none.
    pub id: i64,
    /// Producer epoch.
    pub epoch: i16,
    /// Sequence number of the first record.
    pub sequence: i32,
    /// Part of a transaction?
    pub is_transactional: bool,
}

impl Producer {
    /// No producer that a log would keep.
    pub const NONE: Producer = Producer { id: -1, epoch: -1, sequence: -1, is_transactional: false };
}

impl Maker {
    /// Values start from the beginning.
    #[expect(clippy::new_without_default, reason = "a maker is made once for each run")]
    pub fn new() -> Self {
        Maker { compressor: Compressor::new(), counter: 0 }
    }

    /// A data batch of `count` records at `base_offset`. With `keyed` all records have one of a few keys, and some have
    /// no value.
    ///
    /// # Panics
    /// Where a batch cannot be built, which no batch of this size may do.
    pub fn data(
        &mut self,
        random: &mut Random,
        base_offset: i64,
        count: i64,
        (timestamp, keyed): (i64, bool),
        producer: Producer,
        leader_epoch: i32,
    ) -> Vec<u8> {
        let codec = match random.below(12) {
            0 => Codec::Gzip,
            1 => Codec::Lz4,
            2 => Codec::Snappy,
            _ => Codec::None,
        };
        let mut builder = RecordBatchBuilder::new(BatchFields {
            base_offset,
            partition_leader_epoch: leader_epoch,
            codec,
            timestamp_type: TimestampType::CreateTime,
            producer_id: producer.id,
            producer_epoch: producer.epoch,
            base_sequence: producer.sequence,
            is_transactional: producer.is_transactional,
            ..BatchFields::default()
        });
        for offset in base_offset..base_offset + count {
            self.counter += 1;
            let key = (keyed || random.below(3) > 0).then(|| format!("k{}", random.below(8)));
            let fill = [0, 0, 10, 40, 200][random.below(5)];
            let value = format!("v{}{:fill$}", self.counter, "");
            let value = (!keyed || random.below(4) > 0).then_some(value.as_bytes());
            let timestamp = timestamp + random.below(50) as i64;
            builder.append(offset, timestamp, key.as_ref().map(String::as_bytes), value, &[]).expect("a small record");
        }
        self.finish(&mut builder)
    }

    /// A batch with a marker that ends a transaction.
    ///
    /// # Panics
    /// As [`Maker::data`].
    pub fn marker(
        &mut self,
        base_offset: i64,
        timestamp: i64,
        (id, epoch): (i64, i16),
        (kind, coordinator_epoch): (ControlRecordType, i32),
        leader_epoch: i32,
    ) -> Vec<u8> {
        let mut builder = RecordBatchBuilder::new(BatchFields {
            base_offset,
            partition_leader_epoch: leader_epoch,
            producer_id: id,
            producer_epoch: epoch,
            is_transactional: true,
            is_control: true,
            ..BatchFields::default()
        });
        let value = EndTransactionMarker { coordinator_epoch }.to_bytes();
        builder.append(base_offset, timestamp, Some(&kind.key()), Some(&value), &[]).expect("a small record");
        self.finish(&mut builder)
    }

    fn finish(&mut self, builder: &mut RecordBatchBuilder) -> Vec<u8> {
        let mut out = Vec::new();
        builder.finish(&mut self.compressor, &mut out).expect("a small batch");
        out
    }
}
