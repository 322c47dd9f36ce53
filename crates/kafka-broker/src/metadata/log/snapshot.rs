//! Snapshots: the state before an offset, in batches between a header and a footer (`RecordsSnapshotWriter`, KIP-630).

use std::fmt;
use std::path::Path;

use kafka_log::compression::Compressor;
use kafka_log::format::builder::{BatchFields, RecordBatchBuilder};
use kafka_log::format::control::ControlRecordType;
use kafka_log::format::file_name::{FileKind, FileName, FileState};
use kafka_log::fs::{Fs, FsFile as _, OpenMode};
use kafka_rpc::Uuid;
use kafka_rpc::stored::RecordError;
use kafka_rpc::stored::control::voters_record::{Endpoint, KRaftVersionFeature, Voter};
use kafka_rpc::stored::control::{SnapshotFooterRecord, SnapshotHeaderRecord, VotersRecord};
use kafka_rpc::stored::metadata::MetadataRecord;

use super::quorum::encoded;
use super::{BATCH_BYTES_MAX, MetadataLog, MetadataLogError, Voters};
use crate::metadata::Image;

/// A snapshot, by the offset after its last record and the epoch of that (`OffsetAndEpoch`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SnapshotId {
    /// The offset.
    pub offset: i64,
    /// The epoch.
    pub epoch: i32,
}

impl SnapshotId {
    /// The snapshot with this file name, if it is the name of one that is in use.
    pub(super) fn of_file(name: &str) -> Option<Self> {
        let name =
            FileName::parse(name).filter(|it| it.kind == FileKind::KRaftSnapshot && it.state == FileState::Live)?;
        Some(SnapshotId { offset: name.offset?, epoch: name.epoch? })
    }

    fn file_in(self, state: FileState) -> String {
        let (offset, epoch) = (Some(self.offset), Some(self.epoch));
        FileName { kind: FileKind::KRaftSnapshot, state, offset, epoch, remote_segment_id: None }.to_string()
    }
}

/// The name of the file of a snapshot that is not complete.
pub(super) fn partial_name(id: SnapshotId) -> String {
    id.file_in(FileState::Partial)
}

impl fmt::Display for SnapshotId {
    /// The name of its file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file_in(FileState::Live))
    }
}

/// Makes the bytes of a snapshot.
pub(crate) struct SnapshotWriter {
    epoch: i32,
    now_ms: i64,
    out: Vec<u8>,
    compressor: Compressor,
    builder: RecordBatchBuilder,
    value: Vec<u8>,
    next_offset: i64,
    /// Bytes of values in the batch that is open.
    batch_len: usize,
}

impl SnapshotWriter {
    /// A snapshot with its header: the time of the last record that it holds, and the voters if there are records of them.
    pub(crate) fn new(
        epoch: i32,
        last_contained_ms: i64,
        voters: &Voters,
        now_ms: i64,
    ) -> Result<Self, MetadataLogError> {
        let mut writer = SnapshotWriter {
            epoch,
            now_ms,
            out: Vec::new(),
            compressor: Compressor::new(),
            builder: RecordBatchBuilder::new(BatchFields::default()),
            value: Vec::new(),
            next_offset: 0,
            batch_len: 0,
        };
        let header =
            SnapshotHeaderRecord { last_contained_log_timestamp: last_contained_ms, ..SnapshotHeaderRecord::default() };
        let mut records = vec![(ControlRecordType::SnapshotHeader, encoded(&header))];
        records.extend(voters.records());
        writer.control(&records)?;
        Ok(writer)
    }

    fn reset(&mut self, is_control: bool) {
        let fields = BatchFields {
            base_offset: self.next_offset,
            partition_leader_epoch: self.epoch,
            is_control,
            ..BatchFields::default()
        };
        self.builder.reset(fields);
        self.batch_len = 0;
    }

    fn finish(&mut self) -> Result<(), MetadataLogError> {
        let finished = self.builder.finish(&mut self.compressor, &mut self.out);
        finished.map(|_| ()).map_err(MetadataLogError::format(Path::new("snapshot")))
    }

    fn control(&mut self, records: &[(ControlRecordType, Vec<u8>)]) -> Result<(), MetadataLogError> {
        self.reset(true);
        for (kind, value) in records {
            let added = self.builder.append(self.next_offset, self.now_ms, Some(&kind.key()), Some(value), &[]);
            added.map_err(MetadataLogError::format(Path::new("snapshot")))?;
            self.next_offset += 1;
        }
        self.finish()?;
        self.reset(false);
        Ok(())
    }

    /// Adds a record.
    pub(crate) fn append(&mut self, record: &MetadataRecord<'_>, version: i16) -> Result<(), MetadataLogError> {
        self.value.clear();
        record.encode(version, &mut self.value).map_err(MetadataLogError::Encode)?;
        // The rest of a record is some bytes of numbers.
        const RECORD_OVERHEAD: usize = 32;
        let len = self.value.len() + RECORD_OVERHEAD;
        if self.batch_len > 0 && self.batch_len + len > BATCH_BYTES_MAX {
            self.finish()?;
            self.reset(false);
        }
        self.batch_len += len;
        let added = self.builder.append(self.next_offset, self.now_ms, None, Some(&self.value), &[]);
        added.map_err(MetadataLogError::format(Path::new("snapshot")))?;
        self.next_offset += 1;
        Ok(())
    }

    /// Adds the footer; the bytes of the whole snapshot.
    pub(crate) fn into_bytes(mut self) -> Result<Vec<u8>, MetadataLogError> {
        if self.batch_len > 0 {
            self.finish()?;
        }
        self.control(&[(ControlRecordType::SnapshotFooter, encoded(&SnapshotFooterRecord::default()))])?;
        Ok(self.out)
    }
}

/// The snapshot at offset 0 that makes a node the only voter of a new quorum (`kafka-storage format --standalone`).
pub(crate) fn standalone_snapshot(
    node_id: i32,
    directory_id: Uuid,
    listener: (&str, &str, u16),
    now_ms: i64,
) -> Result<(SnapshotId, Vec<u8>), MetadataLogError> {
    let (name, host, port) = listener;
    let voter = Voter {
        voter_id: node_id,
        voter_directory_id: directory_id,
        endpoints: vec![Endpoint {
            name: name.to_owned().into(),
            host: host.to_owned().into(),
            port,
            ..Endpoint::default()
        }],
        k_raft_version_feature: KRaftVersionFeature {
            min_supported_version: 0,
            max_supported_version: 1,
            ..KRaftVersionFeature::default()
        },
        ..Voter::default()
    };
    let record = Some(VotersRecord { voters: vec![voter], ..VotersRecord::default() });
    let voters = Voters { kraft_version: 1, record, is_in_log: false };
    let bytes = SnapshotWriter::new(0, now_ms, &voters, now_ms)?.into_bytes()?;
    Ok((SnapshotId { offset: 0, epoch: 0 }, bytes))
}

impl<F: Fs> MetadataLog<F> {
    /// Whether enough has been written, or enough time has passed, for the next snapshot.
    pub fn is_snapshot_due(&self, now_ms: i64) -> bool {
        let interval_ms = self.options.snapshot_interval_ms;
        self.bytes_since_snapshot >= self.options.snapshot_bytes
            || (interval_ms > 0
                && self.bytes_since_snapshot > 0
                && now_ms.saturating_sub(self.last_snapshot_ms) >= interval_ms)
    }

    /// Writes a snapshot of an image that holds all records of the log. It is on disk when this returns.
    ///
    /// # Errors
    /// I/O errors.
    pub fn write_snapshot(&mut self, image: &Image, now_ms: i64) -> Result<SnapshotId, MetadataLogError> {
        let position = image.position();
        let id = SnapshotId { offset: position.offset + 1, epoch: position.epoch };
        if !self.snapshots.contains(&id) {
            let mut writer = SnapshotWriter::new(id.epoch, position.timestamp_ms, &self.voters, now_ms)?;
            image.write(|record, version| writer.append(record, version))?;
            write_file(&self.fs, &self.folder(), id, &writer.into_bytes()?)?;
            self.snapshots.push(id);
            self.snapshots.sort_unstable();
        }
        self.bytes_since_snapshot = 0;
        self.last_snapshot_ms = now_ms;
        Ok(id)
    }
}

/// Writes a snapshot under another name, syncs it and gives it its own.
pub(super) fn write_file<F: Fs>(fs: &F, folder: &Path, id: SnapshotId, bytes: &[u8]) -> Result<(), MetadataLogError> {
    let partial = folder.join(id.file_in(FileState::Partial));
    let path = folder.join(id.to_string());
    let write = || {
        match fs.remove_file(&partial) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let file = fs.open(&partial, OpenMode::CreateNew)?;
        file.write_all_at(bytes, 0)?;
        file.sync()?;
        drop(file);
        fs.rename(&partial, &path)?;
        fs.sync_dir(folder)
    };
    write().map_err(MetadataLogError::io("write", &path))
}

impl From<RecordError> for MetadataLogError {
    fn from(error: RecordError) -> Self {
        MetadataLogError::Encode(error)
    }
}
