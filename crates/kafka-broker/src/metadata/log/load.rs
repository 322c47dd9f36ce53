//! From the files to an image: the newest snapshot, then the records after it.

use std::path::Path;

use kafka_log::compression::Compressor;
use kafka_log::format::control::ControlRecordType;
use kafka_log::format::file_name::{FileKind, FileName, FileState};
use kafka_log::fs::{Fs, read_at_most, read_whole};
use kafka_log::log::Log;
use kafka_log::log::types::FetchIsolation;

use super::{
    BOOTSTRAP, Entry, EntryKind, FOLDER, LogOptions, MetadataLog, MetadataLogError, SnapshotId, Voters, for_each_entry,
};
use crate::metadata::{Delta, Image, METADATA_TOPIC_ID, Position, Replay};

/// Bytes of the largest snapshot that is read.
pub(super) const SNAPSHOT_BYTES_MAX: u64 = 2 * 1024 * 1024 * 1024;
/// Bytes of the log that are read at once.
pub(super) const READ_BYTES: usize = 4 * 1024 * 1024;

/// What was in a metadata log.
#[derive(Debug)]
pub struct Loaded {
    /// The state after the last record.
    pub image: Image,
    /// Records of a transaction that has not ended.
    pub replay: Replay,
    /// Whether there was no record at all, in no snapshot either.
    pub is_empty: bool,
}

impl<F: Fs> MetadataLog<F> {
    /// Opens the log of a directory, and makes it if there is none. As Kafka does, it checks all records after the oldest
    /// snapshot, and cuts off what a crash left of the last batch.
    ///
    /// # Errors
    /// What Kafka would not start with either; I/O errors.
    pub fn open(fs: F, options: LogOptions, now_ms: i64) -> Result<(Self, Loaded), MetadataLogError> {
        let mut metadata_log = Self::open_files(fs, options, now_ms)?;
        metadata_log.log.set_sole_replica(true)?;
        let loaded = metadata_log.load(now_ms)?;
        Ok((metadata_log, loaded))
    }

    pub(super) fn open_files(fs: F, options: LogOptions, now_ms: i64) -> Result<Self, MetadataLogError> {
        let folder = options.dir.join(FOLDER);
        fs.create_dir_all(&folder).map_err(MetadataLogError::io("create", &folder))?;
        // Records that are on disk must be found there.
        fs.sync_dir(&options.dir).map_err(MetadataLogError::io("sync", &options.dir))?;
        let snapshots = list_snapshots(&fs, &folder)?;
        let log_options = kafka_log::log::LogOptions {
            config: options.log_config().into(),
            had_clean_shutdown: false,
            topic_id: Some(METADATA_TOPIC_ID),
            now_ms,
            ..kafka_log::log::LogOptions::default()
        };
        let (log, _) = Log::open(fs.clone(), &folder, log_options)?;
        Ok(MetadataLog {
            fs,
            options,
            log,
            snapshots,
            voters: Voters::default(),
            epoch: 0,
            bytes_since_snapshot: 0,
            last_snapshot_ms: now_ms,
            compressor: Compressor::new(),
        })
    }

    fn load(&mut self, now_ms: i64) -> Result<Loaded, MetadataLogError> {
        let (mut target, start) = self.load_newest_snapshot(now_ms)?;
        self.load_records(start, &mut target)?;
        self.settle(&mut target);
        Ok(Loaded { image: target.image, replay: target.replay, is_empty: !target.has_records })
    }

    /// What the newest snapshot has, and the offset after it.
    pub(super) fn load_newest_snapshot(&mut self, now_ms: i64) -> Result<(Target, i64), MetadataLogError> {
        let newest = self.snapshots.last().copied();
        if let Some(id) = newest {
            let (epoch, end) = (self.log.latest_epoch().unwrap_or(0), self.end_offset());
            // (`truncateToLatestSnapshot`)
            if (epoch, end) < (id.epoch, id.offset) {
                self.log.truncate_fully_and_start_at(id.offset, None, now_ms)?;
            }
        }
        let start = newest.map_or(0, |id| id.offset);
        let log_start_offset = self.start_offset();
        if log_start_offset > start {
            return Err(MetadataLogError::MissingSnapshot { log_start_offset });
        }
        let mut target = Target::default();
        if let Some(id) = newest {
            let path = self.folder().join(id.to_string());
            let mut voters = std::mem::take(&mut self.voters);
            self.read_snapshot(id, &path, &mut target, &mut voters)?;
            self.voters = voters;
        }
        Ok((target, start))
    }

    /// Tells an image where it stands.
    pub(super) fn settle(&self, target: &mut Target) {
        target.image.set_position(target.position);
        target.image.set_kraft_version(self.kraft_version());
    }

    pub(super) fn read_snapshot(
        &self,
        id: SnapshotId,
        path: &Path,
        target: &mut Target,
        voters: &mut Voters,
    ) -> Result<(), MetadataLogError> {
        let bytes = read_at_most(&self.fs, path, SNAPSHOT_BYTES_MAX).map_err(MetadataLogError::io("read", path))?;
        let incomplete = || MetadataLogError::IncompleteSnapshot { path: path.to_owned() };
        let bytes = bytes.ok_or_else(incomplete)?;
        let (mut first, mut last) = (None, None);
        for_each_entry(path, &bytes, |entry| {
            let kind = match entry.kind {
                EntryKind::Control(kind, value) => {
                    let control =
                        |source| MetadataLogError::Control { path: path.to_owned(), offset: entry.offset, source };
                    voters.replay(kind, value, id.offset > 0).map_err(control)?;
                    Some(kind)
                }
                EntryKind::Data(value) => {
                    target.replay(&entry, value)?;
                    None
                }
            };
            first = first.or(Some(kind));
            last = Some(kind);
            target.position.timestamp_ms = entry.timestamp_ms;
            Ok(())
        })?;
        let is = |found: Option<Option<ControlRecordType>>, kind| found == Some(Some(kind));
        if !is(first, ControlRecordType::SnapshotHeader) || !is(last, ControlRecordType::SnapshotFooter) {
            return Err(incomplete());
        }
        target.position.offset = id.offset - 1;
        target.position.epoch = id.epoch;
        Ok(())
    }

    fn load_records(&mut self, start: i64, target: &mut Target) -> Result<(), MetadataLogError> {
        let folder = self.folder();
        let mut offset = start;
        while offset < self.end_offset() {
            let bytes = self.log.read(offset, READ_BYTES, FetchIsolation::LogEnd, true)?.records.read();
            let bytes = bytes.map_err(MetadataLogError::io("read", &folder))?;
            let voters = &mut self.voters;
            let next = for_each_entry(&folder, &bytes, |entry| {
                // A batch is read as a whole, and a snapshot may end within one.
                if entry.offset < offset {
                    return Ok(());
                }
                match entry.kind {
                    EntryKind::Control(kind, value) => {
                        let control = MetadataLogError::control(&folder, entry.offset);
                        voters.replay(kind, value, true).map_err(control)?;
                    }
                    EntryKind::Data(value) => target.replay(&entry, value)?,
                }
                target.position =
                    Position { offset: entry.offset, epoch: entry.epoch, timestamp_ms: entry.timestamp_ms };
                Ok(())
            })?;
            self.bytes_since_snapshot += bytes.len() as u64;
            let corrupt = || MetadataLogError::CorruptBatch { path: folder.to_path_buf(), offset };
            offset = next.filter(|next| *next > offset).ok_or_else(corrupt)?;
        }
        Ok(())
    }

    /// The values of the first records of the cluster, from `bootstrap.checkpoint`; `None` where there is no such file.
    ///
    /// # Errors
    /// I/O errors; a damaged file.
    pub fn bootstrap_records(&self) -> Result<Option<Vec<Vec<u8>>>, MetadataLogError> {
        let path = self.options.dir.join(BOOTSTRAP);
        let bytes = read_whole(&self.fs, &path).map_err(MetadataLogError::io("read", &path))?;
        let Some(bytes) = bytes else { return Ok(None) };
        let mut values = Vec::new();
        for_each_entry(&path, &bytes, |entry| {
            if let EntryKind::Data(value) = entry.kind {
                values.push(value.to_vec());
            }
            Ok(())
        })?;
        Ok(Some(values))
    }
}

/// What the records make.
#[derive(Default)]
pub(super) struct Target {
    pub(super) image: Image,
    pub(super) replay: Replay,
    position: Position,
    has_records: bool,
}

impl Target {
    fn replay(&mut self, entry: &Entry<'_>, value: &[u8]) -> Result<(), MetadataLogError> {
        self.has_records = true;
        // There is no reader of an earlier state that would need the changes.
        let replayed = self.replay.replay(value, &mut self.image, &mut Delta::default());
        replayed.map_err(|source| MetadataLogError::Replay { offset: entry.offset, source })
    }
}

/// The snapshots, oldest first; removes those that were not completed or are on their way out.
fn list_snapshots<F: Fs>(fs: &F, folder: &Path) -> Result<Vec<SnapshotId>, MetadataLogError> {
    let entries = fs.read_dir(folder).map_err(MetadataLogError::io("list", folder))?;
    let mut snapshots = Vec::new();
    for entry in entries.into_iter().filter(|entry| !entry.is_dir) {
        let Some(name) = FileName::parse(&entry.name).filter(|it| it.kind == FileKind::KRaftSnapshot) else { continue };
        match name.state {
            FileState::Live => snapshots.extend(SnapshotId::of_file(&entry.name)),
            FileState::Partial | FileState::Deleted | FileState::Temporary => {
                let path = folder.join(&entry.name);
                fs.remove_file(&path).map_err(MetadataLogError::io("remove", &path))?;
            }
            _ => {}
        }
    }
    snapshots.sort_unstable();
    Ok(snapshots)
}
