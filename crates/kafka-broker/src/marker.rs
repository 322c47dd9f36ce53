//! Markers: the control records that end a transaction in a partition (`EndTransactionMarker`, KIP-98).

use kafka_log::compression::Compressor;
use kafka_log::format::FormatError;
use kafka_log::format::builder::{BatchFields, RecordBatchBuilder};
use kafka_log::format::control::{ControlRecordType, EndTransactionMarker};

/// The end of a transaction, for one partition after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Marker {
    /// The producer.
    pub(crate) producer_id: i64,
    /// Its epoch: that of the transaction, or the one after it since version 2 of transactions.
    pub(crate) producer_epoch: i16,
    /// Epoch of the coordinator, which fences those before it.
    pub(crate) coordinator_epoch: i32,
    /// Whether the transaction is committed.
    pub(crate) is_commit: bool,
    /// Version of the transaction, which decides how strictly the epoch is checked.
    pub(crate) transaction_version: i16,
}

impl Marker {
    /// The control batch (`MemoryRecords.withEndTransactionMarker`).
    ///
    /// # Errors
    /// None that values of these types can bring about.
    pub(crate) fn batch(&self, now_ms: i64) -> Result<Vec<u8>, FormatError> {
        let kind = if self.is_commit { ControlRecordType::Commit } else { ControlRecordType::Abort };
        let value = EndTransactionMarker { coordinator_epoch: self.coordinator_epoch }.to_bytes();
        let mut builder = RecordBatchBuilder::new(BatchFields {
            producer_id: self.producer_id,
            producer_epoch: self.producer_epoch,
            is_transactional: true,
            is_control: true,
            ..BatchFields::default()
        });
        builder.append(0, now_ms, Some(&kind.key()), Some(&value), &[])?;
        let mut bytes = Vec::new();
        builder.finish(&mut Compressor::new(), &mut bytes)?;
        Ok(bytes)
    }
}
