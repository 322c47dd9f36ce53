//! Records out of the bytes of a log or a snapshot.

use std::path::Path;

use kafka_log::compression::Decompressor;
use kafka_log::format::control::ControlRecordType;
use kafka_log::segment::batch::{Batch, Batches};

use super::MetadataLogError;

/// Most bytes that a compressed batch may become.
const DECOMPRESSED_BYTES_MAX: usize = 64 * 1024 * 1024;

/// A record and where it stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry<'a> {
    pub(crate) offset: i64,
    pub(crate) epoch: i32,
    pub(crate) timestamp_ms: i64,
    pub(crate) kind: EntryKind<'a>,
}

/// What a record is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum EntryKind<'a> {
    /// A record of the quorum or a snapshot, and its value.
    Control(ControlRecordType, &'a [u8]),
    /// A record of the metadata.
    Data(&'a [u8]),
}

/// Visits the records of all whole batches; gives the offset after the last of them, `None` without one.
pub(crate) fn for_each_entry(
    path: &Path,
    bytes: &[u8],
    mut visit: impl FnMut(Entry<'_>) -> Result<(), MetadataLogError>,
) -> Result<Option<i64>, MetadataLogError> {
    let mut decompressor = Decompressor::new(DECOMPRESSED_BYTES_MAX);
    let mut next = None;
    for raw in Batches::new(bytes) {
        let raw = raw.map_err(MetadataLogError::format(path))?;
        let corrupt = || MetadataLogError::CorruptBatch { path: path.to_owned(), offset: raw.overhead.offset };
        let Batch::Default(batch) = raw.parse().map_err(MetadataLogError::format(path))? else {
            return Err(corrupt());
        };
        if !batch.is_valid() {
            return Err(corrupt());
        }
        let header = batch.header();
        let is_control = header.attributes().is_control();
        for record in batch.records(&mut decompressor).map_err(MetadataLogError::format(path))? {
            let record = record.map_err(MetadataLogError::format(path))?;
            let value = record.value.unwrap_or_default();
            let kind = if is_control {
                let kind = ControlRecordType::parse(record.key).map_err(MetadataLogError::format(path))?;
                EntryKind::Control(kind, value)
            } else {
                EntryKind::Data(value)
            };
            visit(Entry {
                offset: record.offset,
                epoch: header.partition_leader_epoch(),
                timestamp_ms: record.timestamp,
                kind,
            })?;
        }
        next = Some(header.last_offset().saturating_add(1));
    }
    Ok(next)
}
