//! Reading a log file: which batches survived, and the bytes in which none did.

use std::io;
use std::ops::Range;
use std::path::Path;

use super::plan::Depth;
use super::runs::Runs;
use super::survivor::{Survivor, with_length_and_magic};
use crate::compression::Decompressor;
use crate::format::FormatError;
use crate::format::batch::{BatchHeader, HEADER_SIZE_UP_TO_MAGIC};
use crate::fs::{Fs, OpenMode, ReadAt};
use crate::segment::batch::RawBatch;
use crate::segment::error::StorageError;
use crate::segment::resync::{Resync, Step};

/// Longest stretch that is tried for one batch with a wiped header, in bytes.
const WIPED_MAX: u64 = 256 * 1024 * 1024;

/// A stretch of a log file whose batches are lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LostBytes {
    /// Where.
    pub(super) bytes: Range<u64>,
    /// First and last offset that a header in it claims; nothing vouches for them.
    pub(super) claimed: Option<(i64, i64)>,
    /// Whether they are all zero.
    pub(super) is_zero: bool,
    /// What is wrong.
    pub(super) error: FormatError,
}

/// What is in a log file.
#[derive(Clone, Debug, Default)]
pub(super) struct LogScan {
    pub(super) len: u64,
    /// In file order, where it is not asked for each with many of them as one.
    pub(super) survivors: Vec<Survivor>,
    /// In file order.
    pub(super) lost: Vec<LostBytes>,
}

/// Reads the log file at `path`, of a segment with this base offset.
/// `inside` are the offsets that it may have.
///
/// # Errors
/// Those of the medium.
pub(super) fn scan_log<F: Fs>(
    fs: &F,
    path: &Path,
    base_offset: i64,
    inside: Range<i64>,
    depth: Depth,
) -> Result<LogScan, StorageError> {
    let file = fs.open(path, OpenMode::Read).map_err(StorageError::io("open", path))?;
    let len = crate::fs::FsFile::len(&file).map_err(StorageError::io("look at", path))?;
    let mut scan = LogScan { len, ..LogScan::default() };
    walk(&file, base_offset, inside, depth, &mut scan).map_err(StorageError::io("read", path))?;
    Ok(scan)
}

fn walk<R: ReadAt>(file: &R, base_offset: i64, inside: Range<i64>, depth: Depth, scan: &mut LogScan) -> io::Result<()> {
    let offsets = base_offset..=base_offset.saturating_add(i32::MAX.into());
    let mut resync = Resync::new(file, 0..scan.len, offsets, None);
    let mut reader = Reader {
        depth,
        decompressor: Decompressor::new(depth.decompressed_max),
        after_loss: false,
        runs: Runs::new(inside),
    };
    while let Some(step) = resync.step()? {
        match step {
            Step::Batch(batch) => reader.take(&batch, false, scan),
            Step::WrongLength { batch, .. } => reader.take(&batch, true, scan),
            Step::Damaged(batch) => {
                let mut bytes = batch.as_bytes().to_vec();
                if with_length_and_magic(&mut bytes) {
                    reader.take_restored(&bytes, batch.position, scan);
                } else {
                    let error = FormatError::new(0, "batch", CHECKSUM).shifted(batch.position);
                    reader.lose(&batch, error, scan);
                }
            }
            Step::Unreadable(found) => {
                let size = found.bytes.end - found.bytes.start;
                if !found.is_zero && size <= WIPED_MAX {
                    let mut bytes = vec![0; size as usize];
                    let got = file.read_full_at(&mut bytes, found.bytes.start)?;
                    bytes.truncate(got);
                    if with_length_and_magic(&mut bytes) {
                        reader.take_restored(&bytes, found.bytes.start, scan);
                        continue;
                    }
                }
                reader.after_loss = true;
                let claimed = claim(file, found.bytes.start)?;
                let (is_zero, error) = (found.is_zero, found.error);
                scan.lost.push(LostBytes { bytes: found.bytes, claimed, is_zero, error });
            }
        }
    }
    Ok(())
}

const CHECKSUM: crate::format::FormatErrorKind =
    crate::format::FormatErrorKind::Invalid("expected a checksum that holds, found another");

/// What a header at this place says of its offsets, if there is one.
fn claim<R: ReadAt>(file: &R, at: u64) -> io::Result<Option<(i64, i64)>> {
    let mut bytes = [0; crate::format::batch::RECORD_BATCH_OVERHEAD];
    let got = file.read_full_at(&mut bytes, at)?;
    let header = BatchHeader::split_first(&bytes[..got]).ok().map(|(header, _)| header);
    Ok(header.filter(|header| header.magic() == 2).map(|header| (header.base_offset(), header.last_offset())))
}

struct Reader {
    depth: Depth,
    decompressor: Decompressor,
    after_loss: bool,
    runs: Runs,
}

impl Reader {
    /// Keeps a batch whose checksum holds, if its records can be read.
    fn take(&mut self, batch: &RawBatch<'_>, is_restored: bool, scan: &mut LogScan) {
        match Survivor::read(batch, self.depth.is_deep, &mut self.decompressor) {
            Ok(mut survivor) => {
                if let Some(mut head) = batch.as_bytes().first_chunk::<HEADER_SIZE_UP_TO_MAGIC>().copied()
                    && (is_restored || batch.overhead.magic > 2)
                {
                    head[HEADER_SIZE_UP_TO_MAGIC - 1] = head[HEADER_SIZE_UP_TO_MAGIC - 1].min(2);
                    survivor.magic = head[HEADER_SIZE_UP_TO_MAGIC - 1] as i8;
                    survivor.restored = Some(head);
                }
                survivor.follows_loss = std::mem::take(&mut self.after_loss);
                if self.depth.keeps_each {
                    scan.survivors.push(survivor);
                } else {
                    self.runs.push(&mut scan.survivors, survivor);
                }
            }
            Err(error) => self.lose(batch, error.shifted(batch.position), scan),
        }
    }

    fn take_restored(&mut self, bytes: &[u8], position: u64, scan: &mut LogScan) {
        if let Ok(Some(batch)) = RawBatch::split_first(bytes, position) {
            self.take(&batch, true, scan);
        }
    }

    fn lose(&mut self, batch: &RawBatch<'_>, error: FormatError, scan: &mut LogScan) {
        self.after_loss = true;
        let bytes = batch.position..batch.position + batch.overhead.size() as u64;
        let header = batch.header().ok().filter(|header| header.magic() == 2);
        let claimed = header.map(|header| (header.base_offset(), header.last_offset()));
        scan.lost.push(LostBytes { bytes, claimed, is_zero: false, error });
    }
}
