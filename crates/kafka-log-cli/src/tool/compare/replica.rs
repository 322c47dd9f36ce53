//! The batches of one replica of a partition, in the order of their files.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use kafka_log::format::FormatError;
use kafka_log::format::batch::{BatchOverhead, HEADER_SIZE_UP_TO_MAGIC, NO_PARTITION_LEADER_EPOCH, RecordBatch};
use kafka_log::format::file_name::{FileKind, FileName, FileState};
use kafka_log::format::offset_checkpoint::read_offset_checkpoint;
use kafka_log::format::partition_dir::PartitionDirName;

use crate::visible;

/// Bytes that are read at once. A batch is read in pieces of this size, so that no length alone claims memory.
const READ_BYTES: usize = 256 * 1024;
/// Where batches of magic 0 and 1 have their checksum.
const LEGACY_CRC: std::ops::Range<usize> = HEADER_SIZE_UP_TO_MAGIC - 5..HEADER_SIZE_UP_TO_MAGIC - 1;

/// A batch, as replicas have to agree on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Batch {
    pub(super) base_offset: i64,
    pub(super) last_offset: i64,
    pub(super) leader_epoch: i32,
    pub(super) crc: u32,
    /// Whether the checksum is that of the bytes.
    pub(super) is_valid: bool,
}

/// Why a replica cannot be compared, or not further than this.
#[derive(Debug)]
pub(super) enum ReplicaError {
    Io { path: PathBuf, source: io::Error },
    Format { path: PathBuf, position: u64, source: FormatError },
    NoSegments { path: PathBuf },
}

impl fmt::Display for ReplicaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReplicaError::Io { path, source } => write!(f, "{}: {source}", visible::path(path)),
            ReplicaError::Format { path, position, source } => {
                write!(f, "{}, position {position}: {source}", visible::path(path))
            }
            ReplicaError::NoSegments { path } => write!(f, "{}: no segments", visible::path(path)),
        }
    }
}

/// One replica, read from front to back.
pub(super) struct Replica {
    /// The log start in the checkpoint, else the first segment's.
    pub(super) log_start: i64,
    /// The high watermark in the checkpoint, if there is one.
    pub(super) high_watermark: Option<i64>,
    /// Segments that have not been opened, the last one first.
    segments: Vec<PathBuf>,
    open: Option<Segment>,
    /// The next batch.
    pub(super) next: Option<Batch>,
    /// What ended the walk.
    pub(super) broken: Option<ReplicaError>,
}

struct Segment {
    path: PathBuf,
    file: BufReader<File>,
    position: u64,
    len: u64,
}

impl Replica {
    /// A replica by the directory of its partition.
    pub(super) fn open(path: &Path) -> Result<Self, ReplicaError> {
        let io = |source| ReplicaError::Io { path: path.to_owned(), source };
        let mut segments = Vec::new();
        for entry in fs::read_dir(path).map_err(io)? {
            let entry = entry.map_err(io)?;
            let name = entry.file_name();
            let parsed = name.to_str().and_then(FileName::parse);
            if let Some(FileName { kind: FileKind::Log, state: FileState::Live, offset: Some(base), .. }) = parsed {
                segments.push((base, entry.path()));
            }
        }
        segments.sort();
        let Some((first, _)) = segments.first() else { return Err(ReplicaError::NoSegments { path: path.to_owned() }) };
        let log_start = checkpoint(path, "log-start-offset-checkpoint").unwrap_or(*first).max(*first);
        let mut replica = Replica {
            log_start,
            high_watermark: checkpoint(path, "replication-offset-checkpoint"),
            segments: segments.into_iter().rev().map(|(_, path)| path).collect(),
            open: None,
            next: None,
            broken: None,
        };
        replica.advance();
        Ok(replica)
    }

    /// Goes to the next batch.
    pub(super) fn advance(&mut self) {
        self.next = match self.read() {
            Ok(next) => next,
            Err(error) => {
                (self.segments, self.open, self.broken) = (Vec::new(), None, Some(error));
                None
            }
        };
    }

    fn read(&mut self) -> Result<Option<Batch>, ReplicaError> {
        loop {
            if let Some(segment) = &mut self.open
                && let Some(batch) = segment.read()?
            {
                return Ok(Some(batch));
            }
            let Some(path) = self.segments.pop() else { return Ok(None) };
            self.open = Some(Segment::open(path)?);
        }
    }
}

impl Segment {
    fn open(path: PathBuf) -> Result<Self, ReplicaError> {
        let opened = File::open(&path).and_then(|file| Ok((file.metadata()?.len(), file)));
        let (len, file) = opened.map_err(|source| ReplicaError::Io { path: path.clone(), source })?;
        Ok(Segment { path, file: BufReader::with_capacity(READ_BYTES, file), position: 0, len })
    }

    /// The next whole batch. A part of one at the end of a file is what a crash leaves: it is no batch.
    fn read(&mut self) -> Result<Option<Batch>, ReplicaError> {
        let left = self.len.saturating_sub(self.position);
        let mut overhead = [0; HEADER_SIZE_UP_TO_MAGIC];
        if left < overhead.len() as u64 {
            return Ok(None);
        }
        let io = |source| ReplicaError::Io { path: self.path.clone(), source };
        self.file.read_exact(&mut overhead).map_err(io)?;
        let format = |source| ReplicaError::Format { path: self.path.clone(), position: self.position, source };
        let head = BatchOverhead::parse(&overhead).map_err(format)?;
        let size = head.size() as u64;
        if size > left {
            self.position = self.len;
            return Ok(None);
        }
        let mut bytes = overhead.to_vec();
        let rest = size - overhead.len() as u64;
        let read = (&mut self.file).take(rest).read_to_end(&mut bytes).map_err(io)?;
        if (read as u64) < rest {
            return Err(io(io::ErrorKind::UnexpectedEof.into()));
        }
        let batch = if head.magic < 2 {
            let crc = bytes.get(LEGACY_CRC).and_then(|crc| crc.try_into().ok()).map_or(0, u32::from_be_bytes);
            let (base_offset, last_offset) = (head.offset, head.offset);
            Batch { base_offset, last_offset, leader_epoch: NO_PARTITION_LEADER_EPOCH, crc, is_valid: true }
        } else {
            let parsed = RecordBatch::parse(&bytes).map_err(format)?;
            let header = parsed.header();
            Batch {
                base_offset: header.base_offset(),
                last_offset: header.last_offset(),
                leader_epoch: header.partition_leader_epoch(),
                crc: header.crc(),
                is_valid: parsed.is_valid(),
            }
        };
        self.position += size;
        Ok(Some(batch))
    }
}

/// The offset of a partition in a checkpoint of its log directory.
fn checkpoint(partition: &Path, file: &str) -> Option<i64> {
    let name = PartitionDirName::parse(partition.file_name()?.to_str()?)?;
    let bytes = fs::read(partition.parent()?.join(file)).ok()?;
    let entries = read_offset_checkpoint(&bytes).ok()?;
    let own = entries.iter().rev().find(|entry| entry.topic == name.topic && entry.partition == name.partition)?;
    Some(own.offset)
}
