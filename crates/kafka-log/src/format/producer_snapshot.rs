//! Producer snapshot (`ProducerStateManager`, `<offset>.snapshot`): what is known of each producer at an offset.
//!
//! int16 version (1), uint32 CRC-32C over everything from byte 6, int32 count, then 46 bytes per producer. Holds the
//! state up to, not including, the offset in the file name. The order of the producers means nothing.

use std::fmt;

use nom::number::complete::{be_i16, be_i32, be_i64, be_u32};
use nom::{IResult, Parser};

use super::checksum::crc32c;
use super::{FormatError, FormatErrorKind};

const VERSION_AT: usize = 0;
const CRC_AT: usize = VERSION_AT + size_of::<i16>();
const COUNT_AT: usize = CRC_AT + size_of::<u32>();
const ENTRIES_AT: usize = COUNT_AT + size_of::<i32>();
const _: () = assert!(ENTRIES_AT == 10);

/// Bytes of an entry.
pub const PRODUCER_ENTRY_LEN: usize = 4 * size_of::<i64>() + 3 * size_of::<i32>() + size_of::<i16>();
const _: () = assert!(PRODUCER_ENTRY_LEN == 46);

/// The one version there is.
const VERSION: i16 = 1;

/// What a snapshot holds of one producer (`ProducerSnapshot.ProducerEntry`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProducerEntry {
    /// Producer id.
    pub producer_id: i64,
    /// Producer epoch.
    pub producer_epoch: i16,
    /// Last sequence of the last batch; -1 if no batch is known.
    pub last_sequence: i32,
    /// Last offset of the last batch; negative if no batch is known.
    pub last_offset: i64,
    /// Last offset of the last batch less its first offset.
    pub offset_delta: i32,
    /// Timestamp of the last batch or marker, in ms.
    pub timestamp: i64,
    /// Epoch of the coordinator that wrote the last marker; -1 for none.
    pub coordinator_epoch: i32,
    /// First offset of the running transaction; negative if there is none.
    pub current_txn_first_offset: i64,
}

/// The last batch of a producer (`BatchMetadata`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchMetadata {
    /// First sequence; sequences start again at 0 after 2147483647.
    pub first_sequence: i32,
    /// Last sequence.
    pub last_sequence: i32,
    /// Last offset.
    pub last_offset: i64,
    /// Last offset less first offset.
    pub offset_delta: i32,
    /// Timestamp, in ms.
    pub timestamp: i64,
}

impl BatchMetadata {
    /// First offset.
    pub fn first_offset(&self) -> i64 {
        self.last_offset.wrapping_sub(self.offset_delta.into())
    }
}

impl ProducerEntry {
    /// The last batch, if one is known.
    pub fn batch(&self) -> Option<BatchMetadata> {
        (self.last_offset >= 0).then(|| BatchMetadata {
            first_sequence: decrement_sequence(self.last_sequence, self.offset_delta),
            last_sequence: self.last_sequence,
            last_offset: self.last_offset,
            offset_delta: self.offset_delta,
            timestamp: self.timestamp,
        })
    }

    /// First offset of the running transaction, if there is one.
    pub fn open_txn_first_offset(&self) -> Option<i64> {
        Some(self.current_txn_first_offset).filter(|&offset| offset >= 0)
    }

    fn parse(input: &[u8]) -> IResult<&[u8], Self, ()> {
        let fields = (be_i64, be_i16, be_i32, be_i64, be_i32, be_i64, be_i32, be_i64);
        let entry = |(
            producer_id,
            producer_epoch,
            last_sequence,
            last_offset,
            offset_delta,
            timestamp,
            coordinator_epoch,
            current_txn_first_offset,
        )| ProducerEntry {
            producer_id,
            producer_epoch,
            last_sequence,
            last_offset,
            offset_delta,
            timestamp,
            coordinator_epoch,
            current_txn_first_offset,
        };
        fields.map(entry).parse(input)
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.producer_id.to_be_bytes());
        out.extend_from_slice(&self.producer_epoch.to_be_bytes());
        out.extend_from_slice(&self.last_sequence.to_be_bytes());
        out.extend_from_slice(&self.last_offset.to_be_bytes());
        out.extend_from_slice(&self.offset_delta.to_be_bytes());
        out.extend_from_slice(&self.timestamp.to_be_bytes());
        out.extend_from_slice(&self.coordinator_epoch.to_be_bytes());
        out.extend_from_slice(&self.current_txn_first_offset.to_be_bytes());
    }
}

/// The sequence `decrement` before `sequence` (`DefaultRecordBatch.decrementSequence`), with Java's wrapping.
pub(crate) fn decrement_sequence(sequence: i32, decrement: i32) -> i32 {
    if sequence < decrement {
        i32::MAX.wrapping_sub(decrement.wrapping_sub(sequence)).wrapping_add(1)
    } else {
        sequence.wrapping_sub(decrement)
    }
}

/// View of a producer snapshot whose checksum holds (`ProducerStateManager.readSnapshot`).
#[derive(Clone, Copy, Debug)]
pub struct ProducerSnapshot<'a> {
    entries: &'a [[u8; PRODUCER_ENTRY_LEN]],
}

impl<'a> ProducerSnapshot<'a> {
    /// Checks a whole file. Bytes after the last entry are accepted if the checksum covers them, as Kafka does.
    ///
    /// # Errors
    /// Whatever makes Kafka throw the snapshot away, in the order in which Kafka notices.
    pub fn read(bytes: &'a [u8]) -> Result<Self, CorruptSnapshotError> {
        let too_short = CorruptSnapshotError::TooShort { len: bytes.len() };
        let ends = |_: nom::Err<()>| too_short;
        let (rest, version) = be_i16(bytes).map_err(ends)?;
        if version != VERSION {
            return Err(CorruptSnapshotError::UnknownVersion { version });
        }
        let (covered, stored) = be_u32(rest).map_err(ends)?;
        let (entries, count) = be_i32(covered).map_err(ends)?;
        let count = usize::try_from(count).map_err(|_| CorruptSnapshotError::NegativeCount { count })?;
        if count > entries.len() {
            return Err(CorruptSnapshotError::CountTooLarge { count, remaining: entries.len() });
        }
        let entries = entries.as_chunks().0.get(..count).ok_or(too_short)?;
        let computed = crc32c(covered);
        if stored != computed {
            return Err(CorruptSnapshotError::Checksum { stored, computed });
        }
        Ok(ProducerSnapshot { entries })
    }

    /// Number of producers.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no producer.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// All producers in file order, each read when asked for.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = ProducerEntry> + 'a {
        self.entries.iter().map(|bytes| ProducerEntry::parse(bytes).expect("as many bytes as the fields have").1)
    }
}

/// Appends a snapshot of `entries` to `out` (`ProducerStateManager.writeSnapshot`).
///
/// # Panics
/// If there are more than 2147483647 entries, 92 GiB.
pub fn write_producer_snapshot(entries: impl ExactSizeIterator<Item = ProducerEntry>, out: &mut Vec<u8>) {
    let start = out.len();
    let count = i32::try_from(entries.len()).expect("the format counts producers as int32");
    out.reserve(ENTRIES_AT + entries.len() * PRODUCER_ENTRY_LEN);
    out.extend_from_slice(&VERSION.to_be_bytes());
    out.extend_from_slice(&0u32.to_be_bytes());
    out.extend_from_slice(&count.to_be_bytes());
    for entry in entries {
        entry.write(out);
    }
    let crc = crc32c(&out[start + COUNT_AT..]);
    out[start + CRC_AT..start + COUNT_AT].copy_from_slice(&crc.to_be_bytes());
}

/// A producer snapshot that Kafka throws away (`CorruptSnapshotException`).
///
/// Shown as the message of Kafka's exception, which its dump tool prints; [`FormatError::from`] tells position, field,
/// expected and found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CorruptSnapshotError {
    /// The file ends inside a field.
    TooShort {
        /// Bytes in the file.
        len: usize,
    },
    /// A version other than 1.
    UnknownVersion {
        /// Version found.
        version: i16,
    },
    /// The number of producers is negative.
    NegativeCount {
        /// Number found.
        count: i32,
    },
    /// More producers than bytes.
    CountTooLarge {
        /// Number found.
        count: usize,
        /// Bytes after the number.
        remaining: usize,
    },
    /// The checksum does not match.
    Checksum {
        /// Checksum in the file.
        stored: u32,
        /// Checksum of the bytes.
        computed: u32,
    },
}

impl fmt::Display for CorruptSnapshotError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SCHEMA: &str = "Snapshot failed schema validation: ";
        match *self {
            // What Java gives as the message of an exception without one.
            Self::TooShort { .. } => write!(f, "{SCHEMA}null"),
            Self::UnknownVersion { version } => {
                write!(f, "{SCHEMA}Snapshot contained an unknown file version {version}")
            }
            Self::NegativeCount { .. } => {
                write!(f, "{SCHEMA}non-nullable field producerEntries was serialized as null")
            }
            Self::CountTooLarge { count, remaining } => write!(
                f,
                "{SCHEMA}Tried to allocate a collection of size {count}, but there are only {remaining} bytes remaining."
            ),
            Self::Checksum { stored, computed } => write!(
                f,
                "Snapshot is corrupt (CRC is no longer valid). Stored crc: {stored}. Computed crc: {computed}"
            ),
        }
    }
}

impl std::error::Error for CorruptSnapshotError {}

impl From<CorruptSnapshotError> for FormatError {
    fn from(error: CorruptSnapshotError) -> Self {
        use CorruptSnapshotError as E;
        match error {
            E::TooShort { len } => {
                let (at, field, needed) = match len {
                    0..CRC_AT => (VERSION_AT, "snapshot version", CRC_AT),
                    CRC_AT..COUNT_AT => (CRC_AT, "snapshot checksum", COUNT_AT - CRC_AT),
                    COUNT_AT..ENTRIES_AT => (COUNT_AT, "producer count", ENTRIES_AT - COUNT_AT),
                    _ => (len - (len - ENTRIES_AT) % PRODUCER_ENTRY_LEN, "producer entry", PRODUCER_ENTRY_LEN),
                };
                let kind = FormatErrorKind::Truncated { needed: needed as u64, available: (len - at) as u64 };
                FormatError::new(at, field, kind)
            }
            E::UnknownVersion { version } => {
                let kind = FormatErrorKind::Mismatch { expected: i64::from(VERSION), found: i64::from(version) };
                FormatError::new(VERSION_AT, "snapshot version", kind)
            }
            E::NegativeCount { count } => {
                let kind = FormatErrorKind::OutOfRange { min: 0, max: i64::from(i32::MAX), found: i64::from(count) };
                FormatError::new(COUNT_AT, "producer count", kind)
            }
            E::CountTooLarge { count, remaining } => {
                let max = (remaining / PRODUCER_ENTRY_LEN) as i64;
                let kind = FormatErrorKind::OutOfRange { min: 0, max, found: count as i64 };
                FormatError::new(COUNT_AT, "producer count", kind)
            }
            E::Checksum { stored, computed } => {
                FormatError::new(CRC_AT, "snapshot checksum", FormatErrorKind::Checksum { computed, stored })
            }
        }
    }
}
