//! Reading every record of an append for nothing but what goes wrong on the way (`AbstractRecords.records`). Only calls that
//! are refused or converted come here.

use super::batches::{AppendedBatches, BatchView};
use super::legacy::OldRecords;
use super::records_of;
use crate::compression::{DECOMPRESSED_MAX, Decompressor};
use crate::log::error::Refused;

/// Reads the first `limit` records.
pub(crate) fn check_every_record(records: &[u8], limit: usize) -> Result<(), Refused> {
    let mut decompressor = Decompressor::new(DECOMPRESSED_MAX);
    let mut left = limit;
    let mut batches = AppendedBatches::new(records);
    while left > 0 {
        let Some(batch) = batches.next_batch()? else { break };
        match batch.view_to_read()? {
            BatchView::Default(batch) => {
                if batch.header().record_count() == 0 {
                    continue;
                }
                // An uncompressed batch is read as far as it is needed, a compressed one to its end.
                let limit = if batch.header().attributes().codec_id() == 0 { left } else { usize::MAX };
                let mut read = 0;
                records_of(&batch, &mut decompressor, limit, |_| {
                    read += 1;
                    Ok(())
                })?;
                left = left.saturating_sub(read);
            }
            BatchView::Legacy(message) => {
                let mut inner = OldRecords::open(message, &mut decompressor)?;
                while left > 0 && inner.next()?.is_some() {
                    left -= 1;
                }
            }
        }
    }
    Ok(())
}

/// Reads the key and the value of every message (`AbstractRecords.estimateSizeInBytes`), none of them compressed.
pub(super) fn check_every_size(records: &[u8]) -> Result<(), Refused> {
    let mut decompressor = Decompressor::new(DECOMPRESSED_MAX);
    let mut batches = AppendedBatches::new(records);
    while let Some(batch) = batches.next_batch()? {
        match batch.view_to_read()? {
            BatchView::Default(batch) if batch.header().record_count() == 0 => {}
            BatchView::Default(batch) => records_of(&batch, &mut decompressor, usize::MAX, |_| Ok(()))?,
            BatchView::Legacy(message) => {
                let mut inner = OldRecords::open(message, &mut decompressor)?;
                while let Some(record) = inner.next()? {
                    record.key()?;
                    record.value()?;
                }
            }
        }
    }
    Ok(())
}
