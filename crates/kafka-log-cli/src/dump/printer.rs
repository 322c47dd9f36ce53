//! What the batches and records of a log are told to: Kafka's lines or JSON.

use kafka_log::format::FormatError;
use kafka_log::format::batch::Attributes;
use kafka_log::format::legacy::LegacyRecord;
use kafka_log::format::record::Record;
use kafka_log::format::schema::KafkaVersion;
use kafka_log::segment::batch::RawBatch;
use kafka_log::segment::scan::Turn;

use super::error::DumpError;
use super::output::Output;
use crate::visible;

/// Writes what it is told to the output of one thread.
pub(crate) trait Printer: Send {
    /// A batch; tells whether its checksum holds. What is written before an error stays.
    fn batch(&mut self, out: &mut Vec<u8>, batch: &RawBatch<'_>) -> Result<bool, FormatError>;

    /// A record of magic 2.
    fn default_record(
        &mut self,
        out: &mut Output<'_>,
        turn: &mut Turn<'_>,
        attributes: Attributes,
        record: &Record<'_>,
    ) -> Result<(), DumpError>;

    /// A record of magic 0 or 1 inside `batch`, the message itself or the wrapper around it.
    fn legacy_record(
        &mut self,
        out: &mut Output<'_>,
        turn: &mut Turn<'_>,
        batch: &LegacyRecord<'_>,
        record: &LegacyRecord<'_>,
    ) -> Result<(), DumpError>;
}

/// What of batches and records is printed, in any form.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shown {
    /// Offsets, timestamps, sizes.
    pub(crate) metadata: bool,
    /// Keys and values.
    pub(crate) contents: bool,
    /// Timestamps as ISO-8601.
    pub(crate) iso_timestamps: bool,
    /// Lengths instead of keys, values and header values.
    pub(crate) redact: bool,
    /// Escapes in place of display controls, in lines of text.
    pub(crate) escape: bool,
    /// The release whose records are known.
    pub(crate) kafka: KafkaVersion,
}

impl Shown {
    /// Escapes control characters in `out` from `start` on, if escaping is on.
    #[inline]
    pub(crate) fn escape_from(self, out: &mut Vec<u8>, start: usize) {
        if self.escape {
            visible::escape_from(out, start);
        }
    }
}
