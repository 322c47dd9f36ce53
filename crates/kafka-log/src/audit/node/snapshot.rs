//! Snapshots of metadata, `*.checkpoint`: batches of records between a header and a footer (`RecordsSnapshotReader`).

use std::fmt;
use std::path::Path;

use super::image::Image;
use super::small::Small;
use crate::compression::Decompressor;
use crate::format::batch::{BatchOverhead, HEADER_SIZE_UP_TO_MAGIC};
use crate::format::control::ControlRecordType;
use crate::fs::Fs;
use crate::segment::batch::{Batch, Batches};

/// Bytes that a batch of metadata may decompress to.
pub(super) const DECOMPRESSED_MAX: usize = 64 * 1024 * 1024;

/// What is wrong with a snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum SnapshotFault {
    /// It cannot be read.
    Unreadable(String),
    /// It has no bytes.
    Empty,
    /// Nothing but zeros from a position on.
    Zeros { from: usize },
    /// A batch that is damaged.
    Batch { position: usize },
    /// It ends in the middle of a batch.
    Torn { position: usize },
    /// It does not start with a header.
    NoHeader,
    /// It ends without a footer: it was not finished.
    NoFooter,
}

impl SnapshotFault {
    /// Whether Kafka takes the batches that are there for a whole snapshot: it does not look for the end.
    pub(super) fn is_unfinished(&self) -> bool {
        matches!(self, SnapshotFault::Torn { .. } | SnapshotFault::NoFooter)
    }
}

impl fmt::Display for SnapshotFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SnapshotFault::Unreadable(why) => f.write_str(why),
            SnapshotFault::Empty => f.write_str("an empty file, as after a power failure"),
            SnapshotFault::Zeros { from: 0 } => f.write_str("zeros, as after a power failure"),
            SnapshotFault::Zeros { from } => write!(f, "zeros from byte {from} on, as after a power failure"),
            SnapshotFault::Batch { position } => write!(f, "a damaged batch at byte {position}"),
            SnapshotFault::Torn { position } => {
                write!(f, "an incomplete batch at byte {position}, where the file ends")
            }
            SnapshotFault::NoHeader => f.write_str("no header record at the start"),
            SnapshotFault::NoFooter => f.write_str("no footer record at the end: the snapshot was not finished"),
        }
    }
}

/// Takes the records of a snapshot into an image.
///
/// # Errors
/// What is wrong with the snapshot; the image then has the records before.
pub(super) fn read<F: Fs>(fs: &F, path: &Path, image: &mut Image) -> Result<(), SnapshotFault> {
    let bytes = match Small::read(fs, path) {
        Small::Bytes(bytes) => bytes,
        Small::Unreadable(why) => return Err(SnapshotFault::Unreadable(why)),
        Small::Missing => return Err(SnapshotFault::Unreadable("no such file".to_owned())),
    };
    if bytes.is_empty() {
        return Err(SnapshotFault::Empty);
    }
    let mut decompressor = Decompressor::new(DECOMPRESSED_MAX);
    let (mut first, mut last) = (None, None);
    let mut at = 0;
    for raw in Batches::new(&bytes) {
        let position = at;
        let raw = raw.map_err(|_| fault_at(&bytes, position))?;
        let good = match raw.parse() {
            Ok(Batch::Default(batch)) if batch.is_valid() => Some(batch),
            _ => None,
        };
        let batch = good.ok_or_else(|| fault_at(&bytes, position))?;
        let is_control = batch.header().attributes().is_control();
        for record in batch.records(&mut decompressor).map_err(|_| SnapshotFault::Batch { position })? {
            let record = record.map_err(|_| SnapshotFault::Batch { position })?;
            if is_control {
                last = ControlRecordType::parse(record.key).ok();
                first = first.or(Some(last));
                image.control(record.key, record.value);
            } else {
                first = first.or(Some(None));
                last = None;
                image.record(record.value);
            }
        }
        at += raw.as_bytes().len();
    }
    if at < bytes.len() {
        return Err(if can_begin_batch(&bytes[at..]) {
            SnapshotFault::Torn { position: at }
        } else {
            fault_at(&bytes, at)
        });
    }
    if first != Some(Some(ControlRecordType::SnapshotHeader)) {
        return Err(SnapshotFault::NoHeader);
    }
    if last != Some(ControlRecordType::SnapshotFooter) {
        return Err(SnapshotFault::NoFooter);
    }
    Ok(())
}

fn fault_at(bytes: &[u8], position: usize) -> SnapshotFault {
    if bytes[position..].iter().all(|&byte| byte == 0) {
        SnapshotFault::Zeros { from: position }
    } else {
        SnapshotFault::Batch { position }
    }
}

/// Whether a batch may begin with these bytes, as far as they go.
fn can_begin_batch(bytes: &[u8]) -> bool {
    match bytes.first_chunk::<HEADER_SIZE_UP_TO_MAGIC>() {
        Some(head) => BatchOverhead::parse(head).is_ok_and(|overhead| (0..=2).contains(&overhead.magic)),
        None => true,
    }
}
