//! The part of a batch's records that is kept where not all of them are.

use crate::compression::Decompressor;
use crate::format::batch::RecordBatch;
use crate::format::record::Records;

/// The records of a batch that are kept: those from its first one up to an offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Partial {
    /// Offset of the last record that is kept.
    pub(crate) last_kept: i64,
}

impl Partial {
    /// The records that Kafka's consumer is given of a batch whose records cannot all be read; `None` where it is given
    /// none, and where offsets do not grow.
    pub(super) fn delivered(batch: &RecordBatch<'_>, decompressor: &mut Decompressor) -> Option<Self> {
        let mut partial = None;
        each_delivered(batch, decompressor, |offset| {
            if partial.is_none_or(|Partial { last_kept }| offset > last_kept) {
                partial = Some(Partial { last_kept: offset });
            }
        });
        partial
    }
}

/// Shows the offsets of the records that Kafka's consumer is given.
fn each_delivered(batch: &RecordBatch<'_>, decompressor: &mut Decompressor, mut shown: impl FnMut(i64)) {
    let is_whole = match batch.records(decompressor) {
        Ok(records) => {
            records.map_while(Result::ok).for_each(|record| shown(record.offset));
            true
        }
        Err(_) => false,
    };
    if !is_whole && let Ok(records) = Records::new(&batch.header(), decompressor.delivered(), 0) {
        records.map_while(Result::ok).for_each(|record| shown(record.offset));
    }
}
