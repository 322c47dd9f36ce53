//! The record in a control batch of a producer.

use crate::compression::{Codec, Decompressor};
use crate::format::batch::{NO_PRODUCER_ID, RECORD_BATCH_OVERHEAD, RecordBatch};
use crate::format::control::{ControlRecordType, EndTransactionMarker};
use crate::format::record::{Record, Records};
use crate::format::{FormatError, FormatErrorKind};
use crate::log::error::AppendError;

/// More than a control batch can hold; nothing beyond it is decompressed.
const DECOMPRESSED_MAX: usize = 1024 * 1024;

/// What a marker says (`EndTransactionMarker`, with the timestamp of its record).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndTransaction {
    /// Whether the transaction was aborted.
    pub is_aborted: bool,
    /// Epoch of the coordinator that wrote it.
    pub coordinator_epoch: i32,
    /// Timestamp of the record in ms.
    pub timestamp: i64,
}

impl EndTransaction {
    /// What the first record of a control batch of a producer says. `None` for other batches, which are not looked into
    /// (KRaft has control records of its own), and for one without records: what is left when the cleaner has removed a
    /// whole transaction.
    ///
    /// # Errors
    /// `InvalidRecord` where the record cannot be read, `IllegalArgument` where it is a control record of another type.
    pub fn read(batch: &RecordBatch<'_>) -> Result<Option<Self>, AppendError> {
        let header = batch.header();
        if !header.attributes().is_control() || header.producer_id() <= NO_PRODUCER_ID {
            return Ok(None);
        }
        if header.attributes().codec().map_err(refused)? == Codec::None {
            // Without a decompressor, and so without a buffer of its own.
            let mut records = Records::new(&header, batch.stored_records(), RECORD_BATCH_OVERHEAD).map_err(refused)?;
            return records.next().map(|record| Self::of(record.map_err(refused)?)).transpose();
        }
        let mut decompressor = Decompressor::new(DECOMPRESSED_MAX);
        let mut records = batch.records(&mut decompressor).map_err(refused)?;
        records.next().map(|record| Self::of(record.map_err(refused)?)).transpose()
    }

    fn of(record: Record<'_>) -> Result<Self, AppendError> {
        let is_aborted = match ControlRecordType::parse(record.key).map_err(refused)? {
            ControlRecordType::Abort => true,
            ControlRecordType::Commit => false,
            other => {
                let message = format!("{} is no marker of a transaction, at offset {}", other.name(), record.offset);
                return Err(AppendError::IllegalArgument(message));
            }
        };
        let EndTransactionMarker { coordinator_epoch } = EndTransactionMarker::parse(record.value).map_err(refused)?;
        Ok(EndTransaction { is_aborted, coordinator_epoch, timestamp: record.timestamp })
    }
}

fn refused(error: FormatError) -> AppendError {
    match error.kind {
        FormatErrorKind::Compression(_) => AppendError::CorruptRecord(format!("control batch: {error}")),
        _ => AppendError::InvalidRecord { message: format!("control batch: {error}"), records: Vec::new() },
    }
}
