//! What a leader takes, and what it writes for it (`LogValidator`).
//!
//! [`validate`] runs without the log's lock: nothing in it depends on the offsets the batch will get. The records are
//! checked, and then either stay where they are, with a few fields of their header changed, or are rewritten as one batch
//! of magic 2. Under the lock [`Validated::assign_offsets`] then writes the base offset and the leader epoch, which the
//! checksum does not cover.
//!
//! | batches come | topic wants | |
//! | --- | --- | --- |
//! | magic 2, uncompressed | uncompressed | in place (`in_place`) |
//! | magic 2, compressed | the same codec, of any level | in place (`recompress`) |
//! | magic 2, control records, uncompressed | a codec | in place |
//! | magic 2 | another codec | rebuilt |
//! | magic 0 or 1 | anything | rebuilt (`convert`) |

pub(crate) mod batches;
mod checks;
mod convert;
pub(crate) mod every_record;
mod heads;
mod in_place;
mod legacy;
mod rebuild;
mod recompress;
mod refuse;
mod skip;

use super::config::{CompressionType, LogConfig};
use super::error::{AppendError, Refused};
use super::types::AppendOrigin;
use crate::compression::{Codec, Compressor, DECOMPRESSED_MAX, DecompressError, Decompressor};
use crate::format::batch::{BatchHeader, NO_TIMESTAMP, RECORD_BATCH_OVERHEAD, RecordBatch, TimestampType};
use crate::format::batch_mut::BatchHeaderMut;
use crate::format::builder::{BatchFields, RecordBatchBuilder};
use crate::format::record::{Record, Records};
use crate::format::{FormatError, FormatErrorKind};
use batches::{AppendedBatches, BatchView};
use checks::check_batch;
use refuse::{broken_record, broken_stream, corrupt, not_for_us};

/// Buffers above this many bytes are given back after the call that needed them.
const KEPT_BYTES_MAX: usize = 16 * 1024 * 1024;

/// What a leader's append is measured against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ValidationParams {
    /// Time of the append in ms.
    pub now_ms: i64,
    /// Who appends: some checks are for clients alone.
    pub origin: AppendOrigin,
    /// Codec of the batch as it came.
    pub source_codec: Codec,
    /// Codec to write.
    pub target_codec: Codec,
    /// Level of that codec, `None` for its default.
    pub target_level: Option<i32>,
    /// Is the topic compacted, and so wants keys?
    pub compact: bool,
    /// `message.timestamp.type`
    pub timestamp_type: TimestampType,
    /// `message.timestamp.before.max.ms`
    pub timestamp_before_max_ms: i64,
    /// `message.timestamp.after.max.ms`
    pub timestamp_after_max_ms: i64,
}

impl ValidationParams {
    /// As the topic has it (`BrokerCompressionType.targetCompression` for the codec).
    pub fn new(config: &LogConfig, source_codec: Codec, origin: AppendOrigin, now_ms: i64) -> Self {
        let (target_codec, target_level) = match config.compression_type {
            CompressionType::Producer => (source_codec, None),
            CompressionType::Always(codec) => (codec, level_of(config, codec)),
        };
        ValidationParams {
            now_ms,
            origin,
            source_codec,
            target_codec,
            target_level,
            compact: config.compact,
            timestamp_type: config.message_timestamp_type,
            timestamp_before_max_ms: config.message_timestamp_before_max_ms,
            timestamp_after_max_ms: config.message_timestamp_after_max_ms,
        }
    }
}

fn level_of(config: &LogConfig, codec: Codec) -> Option<i32> {
    match codec {
        Codec::None | Codec::Snappy => None,
        Codec::Gzip => Some(config.compression_gzip_level),
        Codec::Lz4 => Some(config.compression_lz4_level),
        Codec::Zstd => Some(config.compression_zstd_level),
    }
}

/// Records that a leader takes (`LogValidator.ValidationResult`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validated {
    /// Were the records rewritten? Then they are in [`ValidationScratch::rebuilt_mut`], of another size than they came
    /// with, and it is for the caller to compare that with `max.message.bytes` again. Otherwise they are where they were.
    pub rebuilt: bool,
    /// Number of offsets they take.
    pub record_count: i32,
    /// Largest timestamp in ms, -1 none.
    pub max_timestamp: i64,
    /// Time of the append in ms where the topic stamps it on the batch, else -1.
    pub log_append_time: i64,
}

impl Validated {
    /// Gives the batch its offsets and its leader epoch, and says which is the last offset. `batch` is what was validated, or
    /// what was built of it. Neither is covered by the checksum.
    #[inline]
    pub fn assign_offsets(&self, batch: &mut [u8], first_offset: i64, leader_epoch: i32) -> i64 {
        let last_offset = self.last_offset(first_offset);
        // Nothing is left of a batch without records that was to be rebuilt. All that was validated has magic 2 now.
        if let Some(mut header) = BatchHeaderMut::of(batch) {
            header.set_last_offset(last_offset);
            header.set_partition_leader_epoch(leader_epoch);
        }
        last_offset
    }

    /// The last offset of a batch whose first one this is.
    pub const fn last_offset(&self, first_offset: i64) -> i64 {
        first_offset.wrapping_add(self.record_count as i64).wrapping_sub(1)
    }
}

/// What validation works with, kept from call to call: in the steady state nothing is allocated.
pub struct ValidationScratch {
    decompressor: Decompressor,
    decompressed_bytes_max: usize,
    compressor: Compressor,
    builder: RecordBatchBuilder,
    rebuilt: Vec<u8>,
    /// Header of the batch that stays as it is but for this.
    header: [u8; RECORD_BATCH_OVERHEAD],
}

impl Default for ValidationScratch {
    /// With [`DECOMPRESSED_MAX`]; what is larger is answered as `RecordTooLarge`, at which Kafka's producer sends the batch again in two
    /// halves.
    fn default() -> Self {
        Self::new(DECOMPRESSED_MAX)
    }
}

impl ValidationScratch {
    /// Buffers that are empty yet; batches that decompress to more than this are refused.
    pub fn new(decompressed_bytes_max: usize) -> Self {
        ValidationScratch {
            decompressor: Decompressor::new(decompressed_bytes_max),
            decompressed_bytes_max,
            compressor: Compressor::new(),
            builder: RecordBatchBuilder::new(BatchFields::default()),
            rebuilt: Vec::new(),
            header: [0; RECORD_BATCH_OVERHEAD],
        }
    }

    /// The batch that was built last; empty where it has no records.
    pub fn rebuilt(&self) -> &[u8] {
        &self.rebuilt
    }

    /// As [`Self::rebuilt`], to assign offsets and epoch.
    pub fn rebuilt_mut(&mut self) -> &mut [u8] {
        &mut self.rebuilt
    }

    /// The header of a batch that was not rebuilt, as it is to be written, and what was rebuilt. One of them counts.
    pub(crate) fn parts_mut(&mut self) -> (&mut [u8; RECORD_BATCH_OVERHEAD], &mut [u8]) {
        (&mut self.header, &mut self.rebuilt)
    }

    /// Gives back what a large batch needed.
    fn shrink(&mut self) {
        if self.decompressor.output().len() > KEPT_BYTES_MAX {
            self.decompressor = Decompressor::new(self.decompressed_bytes_max);
            self.builder = RecordBatchBuilder::new(BatchFields::default());
        }
    }
}

/// Checks `records`, the whole batches of one append as [`analyze`](super::analyze::analyze) found them, and makes of them
/// what is to be written (`LogValidator.validateMessagesAndAssignOffsets`), all but offsets and leader epoch.
///
/// When they stay as they are, in `records`, only the largest timestamp and timestamp type of the one batch may change, and the
/// checksum with them. The appends of a log leave the caller's records alone and keep that header apart.
///
/// # Errors
/// `InvalidRecord` for batches and records that break a rule, with the indexes of the records where it is about those;
/// `InvalidTimestamp` where a timestamp of one is out of range; `CorruptRecord` for a wrapped message with a wrong checksum or
/// size; `RecordTooLarge` where a batch decompresses to more than the scratch allows; `IllegalArgument` and `Unreadable`
/// where Kafka trips over the bytes. `records` are then as they were.
pub fn validate(
    records: &mut [u8],
    params: &ValidationParams,
    scratch: &mut ValidationScratch,
) -> Result<Validated, Refused> {
    let validated = validate_shared(records, params, scratch)?;
    if let Some(header) = records.first_chunk_mut().filter(|_| !validated.rebuilt) {
        *header = scratch.header;
    }
    Ok(validated)
}

/// As [`validate`], of records that stay as they are. If they are not rebuilt, the header that they get is the scratch's.
///
/// # Errors
/// As [`validate`].
#[inline(always)]
pub(crate) fn validate_shared(
    records: &[u8],
    params: &ValidationParams,
    scratch: &mut ValidationScratch,
) -> Result<Validated, Refused> {
    if params.source_codec == Codec::None
        && params.target_codec == Codec::None
        && let (first @ BatchView::Default(batch), false) = AppendedBatches::first(records)?
    {
        check_batch(params, first.magic(), &first)?;
        let (count, max_timestamp) = in_place::check_records(&batch, params)?;
        return stamp(records, params, count, max_timestamp, &mut scratch.header);
    }
    validate_with_buffers(records, params, scratch)
}

/// What is compressed, is to be, or is to become a batch of magic 2.
#[inline(never)]
fn validate_with_buffers(
    records: &[u8],
    params: &ValidationParams,
    scratch: &mut ValidationScratch,
) -> Result<Validated, Refused> {
    let validated = match AppendedBatches::first(records)? {
        (first @ BatchView::Default(batch), false) => {
            check_batch(params, first.magic(), &first)?;
            match recompress::validate(&batch, params, scratch) {
                Ok(Way::InPlace { count, max_timestamp }) => {
                    stamp(records, params, count, max_timestamp, &mut scratch.header)
                }
                Ok(Way::Rebuilt(validated)) => Ok(validated),
                Err(error) => Err(error),
            }
        }
        (_, more) => {
            let at_once = params.source_codec == Codec::None && params.target_codec == Codec::None;
            convert::validate(records, params, scratch, at_once, more)
        }
    };
    scratch.shrink();
    validated
}

/// What is to be written.
enum Way {
    /// What came.
    InPlace { count: i32, max_timestamp: i64 },
    /// What was built of it.
    Rebuilt(Validated),
}

/// Puts into `header` what is to be in that of a batch that stays as it is otherwise, and answers.
#[inline(always)]
fn stamp(
    batch: &[u8],
    params: &ValidationParams,
    record_count: i32,
    max_timestamp: i64,
    header: &mut [u8; RECORD_BATCH_OVERHEAD],
) -> Result<Validated, Refused> {
    let log_append_time = params.timestamp_type == TimestampType::LogAppendTime;
    let max_timestamp = if log_append_time { params.now_ms } else { max_timestamp };
    let (stored, records) = BatchHeader::split_bytes(batch).map_err(|error| corrupt(error.to_string()))?;
    *header = *stored;
    BatchHeaderMut::new(header)
        .set_max_timestamp(params.timestamp_type, max_timestamp, records)
        .map_err(|error| corrupt(error.to_string()))?;
    Ok(Validated {
        rebuilt: false,
        record_count,
        max_timestamp,
        log_append_time: if log_append_time { params.now_ms } else { NO_TIMESTAMP },
    })
}

/// Gives the records of a batch of magic 2, with their fields, to `each` (`DefaultRecordBatch.streamingIterator`).
fn records_of(
    batch: &RecordBatch<'_>,
    decompressor: &mut Decompressor,
    limit: usize,
    mut each: impl FnMut(Record<'_>) -> Result<(), Refused>,
) -> Result<(), Refused> {
    let header = batch.header();
    let (bytes, shift, fault) = match codec_of(&header)? {
        Codec::None => (batch.stored_records(), RECORD_BATCH_OVERHEAD, None),
        codec => {
            let (bytes, fault) = decompress(batch, codec, decompressor)?;
            (bytes, 0, fault)
        }
    };
    if header.record_count() == 0 {
        return Ok(());
    }
    let records = Records::new(&header, bytes, shift).map_err(|error| broken_record(0, error))?;
    for (index, record) in records.take(limit).enumerate() {
        each(record.map_err(|error| match fault {
            Some(fault) if wants_more(&error) => broken_stream(fault),
            _ => broken_record(index, error),
        })?)?;
    }
    fault.map_or(Ok(()), |fault| Err(broken_stream(fault)))
}

fn codec_of(header: &BatchHeader<'_>) -> Result<Codec, Refused> {
    header.attributes().codec().map_err(|error| AppendError::IllegalArgument(error.to_string()).into())
}

/// The records of a batch as far as a reader of Kafka's gets, and why it gets no further. Nothing of a batch that counts none.
fn decompress<'d>(
    batch: &RecordBatch<'_>,
    codec: Codec,
    decompressor: &'d mut Decompressor,
) -> Result<(&'d [u8], Option<DecompressError>), Refused> {
    let (magic, stored) = (batch.header().magic(), batch.stored_records());
    if batch.header().record_count() <= 0 {
        decompressor.open(codec, magic, stored).map_err(broken_stream)?;
        return Ok((&[], None));
    }
    let fault = decompressor.decompress(codec, magic, stored).err();
    match fault.and_then(|fault| not_for_us(fault, stored.len())) {
        Some(error) => Err(error),
        None => Ok((decompressor.delivered(), fault)),
    }
}

/// Does a record go on where the stream ends? Kafka's reader then meets what is wrong with the stream.
fn wants_more(error: &FormatError) -> bool {
    error.field == "record length"
        && match error.kind {
            FormatErrorKind::Truncated { .. } => true,
            FormatErrorKind::OutOfRange { found, .. } => found > 0,
            _ => false,
        }
}

#[cfg(test)]
mod tests;
