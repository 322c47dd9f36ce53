//! A metadata log that copies the one of a quorum elsewhere (`KafkaRaftClient` as an observer, `KafkaRaftLog`).

#[cfg(test)]
mod tests;

use std::path::PathBuf;

use kafka_log::fs::{Fs, FsFile as _, OpenMode};
use kafka_log::log::types::FetchIsolation;
use parking_lot::RwLock;

use super::load::{READ_BYTES, SNAPSHOT_BYTES_MAX, Target};
use super::quorum::{self, LeaderAndEpoch};
use super::{EntryKind, MetadataLog, MetadataLogError, SnapshotId, for_each_entry, snapshot};
use crate::metadata::image::ConfigResource;
use crate::metadata::{Delta, Image, Position, Replay};

/// How far the records of a replica have been applied to an image.
#[derive(Debug, Default)]
pub struct Progress {
    replay: Replay,
    /// The first offset that is not applied. All before it is committed.
    next: i64,
}

impl Progress {
    /// The first offset that is not applied.
    pub fn next_offset(&self) -> i64 {
        self.next
    }
}

/// A snapshot that is being fetched.
pub struct PartialSnapshot<F: Fs> {
    id: SnapshotId,
    path: PathBuf,
    file: F::File,
    size: Option<u64>,
    len: u64,
}

impl<F: Fs> PartialSnapshot<F> {
    /// Which one.
    pub fn id(&self) -> SnapshotId {
        self.id
    }

    /// Where the next part begins: how many bytes are here.
    pub fn position(&self) -> u64 {
        self.len
    }

    /// Whether all bytes are here.
    pub fn is_complete(&self) -> bool {
        self.size == Some(self.len)
    }

    /// Takes the next part.
    ///
    /// # Errors
    /// `SnapshotPart` for a part that does not go with those before it; I/O errors.
    pub fn take(&mut self, position: i64, size: i64, bytes: &[u8]) -> Result<(), MetadataLogError> {
        let (position, size) = (u64::try_from(position).ok(), u64::try_from(size).ok());
        let end = self.len + bytes.len() as u64;
        let is_right = position == Some(self.len)
            && size.is_some_and(|size| size > 0 && size <= SNAPSHOT_BYTES_MAX && end <= size)
            && (self.size.is_none() || self.size == size)
            && !bytes.is_empty();
        if !is_right {
            return Err(MetadataLogError::SnapshotPart {
                path: self.path.clone(),
                expected: self.len,
                position,
                size,
                len: bytes.len(),
            });
        }
        self.size = size;
        self.file.write_all_at(bytes, self.len).map_err(MetadataLogError::io("write", &self.path))?;
        self.len = end;
        Ok(())
    }
}

impl<F: Fs> MetadataLog<F> {
    /// Opens the log of a node that does not vote. The image has what is certain to be committed, that is the newest snapshot; the
    /// records after it are applied when the leader says that they are committed.
    ///
    /// # Errors
    /// As [`MetadataLog::open`].
    pub fn open_replica(
        fs: F,
        options: super::LogOptions,
        now_ms: i64,
    ) -> Result<(Self, Image, Progress), MetadataLogError> {
        let mut log = Self::open_files(fs, options, now_ms)?;
        log.log.set_sole_replica(false)?;
        let (mut target, next) = log.load_newest_snapshot(now_ms)?;
        log.epoch = quorum::read_epoch(&log.fs, &log.folder())?.max(log.log.latest_epoch().unwrap_or(0));
        log.settle(&mut target);
        Ok((log, target.image, Progress { replay: target.replay, next }))
    }

    /// Epoch of the last record, or of the snapshot that stands for it.
    pub fn last_epoch(&self) -> i32 {
        let snapshot = self.snapshots.last().filter(|id| id.offset == self.end_offset()).map(|id| id.epoch);
        snapshot.or_else(|| self.log.latest_epoch()).unwrap_or(0)
    }

    /// The voters that records name: ids with hosts and ports.
    pub fn voters(&self) -> Vec<(i32, String, u16)> {
        let voters = self.voters.record.as_ref().map(|record| record.voters.as_slice()).unwrap_or_default();
        let endpoint = |voter: &kafka_rpc::stored::control::voters_record::Voter<'_>| {
            let endpoint = voter.endpoints.first()?;
            Some((voter.voter_id, endpoint.host.to_string(), endpoint.port))
        };
        voters.iter().filter_map(endpoint).collect()
    }

    /// Writes the leader to `quorum-state`, `None` if it is not known. `voters` are those of the settings.
    ///
    /// # Errors
    /// I/O errors.
    pub fn follow(&mut self, leader: Option<i32>, epoch: i32, voters: &[i32]) -> Result<(), MetadataLogError> {
        let elected = LeaderAndEpoch { leader_id: leader.unwrap_or(-1), leader_epoch: epoch };
        quorum::write_leader(&self.fs, &self.folder(), self.voters.kraft_version, elected, voters)?;
        self.epoch = epoch;
        Ok(())
    }

    /// Appends batches of the leader as they are.
    ///
    /// # Errors
    /// Whatever is wrong with them; I/O errors.
    pub fn append_fetched(&mut self, batches: &[u8], now_ms: i64) -> Result<(), MetadataLogError> {
        self.log.append_as_follower(batches, self.epoch, now_ms)?;
        self.bytes_since_snapshot += batches.len() as u64;
        Ok(())
    }

    /// Cuts off what the leader does not have: its records of `epoch`, or of the last epoch before it, end at `end_offset`
    /// (`ReplicatedLog.truncateToEndOffset`).
    ///
    /// # Errors
    /// `TruncationOfCommitted`; I/O errors.
    pub fn truncate_diverging(
        &mut self,
        progress: &Progress,
        (epoch, end_offset): (i32, i64),
        now_ms: i64,
    ) -> Result<(), MetadataLogError> {
        let to = match self.log.end_offset_for_epoch(epoch) {
            Some((found, end)) if found == epoch => end.min(end_offset),
            Some((_, end)) => end,
            None => end_offset.min(self.end_offset()),
        };
        if to < progress.next {
            return Err(MetadataLogError::TruncationOfCommitted { to, committed: progress.next });
        }
        self.log.truncate_to(to, now_ms)?;
        Ok(())
    }

    /// Applies the records that are committed; gives what has changed.
    ///
    /// # Errors
    /// Records that cannot be read, or contradict the image; I/O errors. The image may then have a part of them.
    pub fn publish(
        &mut self,
        progress: &mut Progress,
        image: &RwLock<Image>,
        high_watermark: i64,
        now_ms: i64,
    ) -> Result<Delta, MetadataLogError> {
        let mut delta = Delta::default();
        let folder = self.folder();
        let end = high_watermark.min(self.end_offset());
        if end > self.log.high_watermark() {
            self.log.update_high_watermark(end)?;
        }
        while progress.next < end {
            let from = progress.next;
            let bytes = self.log.read(from, READ_BYTES, FetchIsolation::LogEnd, true)?.records.read();
            let bytes = bytes.map_err(MetadataLogError::io("read", &folder))?;
            let mut image = image.write();
            let (voters, replay) = (&mut self.voters, &mut progress.replay);
            let mut last = None;
            let next = for_each_entry(&folder, &bytes, |entry| {
                if entry.offset < from || entry.offset >= end {
                    return Ok(());
                }
                match entry.kind {
                    EntryKind::Control(kind, value) => {
                        let control = MetadataLogError::control(&folder, entry.offset);
                        voters.replay(kind, value, true).map_err(control)?;
                    }
                    EntryKind::Data(value) => {
                        let replayed = replay.replay(value, &mut image, &mut delta);
                        replayed.map_err(|source| MetadataLogError::Replay { offset: entry.offset, source })?;
                    }
                }
                if !replay.is_in_transaction() {
                    let (offset, epoch, timestamp_ms) = (entry.offset, entry.epoch, entry.timestamp_ms);
                    last = Some(Position { offset, epoch, timestamp_ms });
                }
                Ok(())
            })?;
            if let Some(position) = last {
                image.set_position(position);
            }
            image.set_kraft_version(self.voters.kraft_version);
            let corrupt = || MetadataLogError::CorruptBatch { path: folder.to_path_buf(), offset: from };
            progress.next = next.filter(|next| *next > from).ok_or_else(corrupt)?.min(end);
        }
        if self.is_snapshot_due(now_ms) {
            let image = image.read();
            self.write_snapshot(&image, now_ms)?;
        }
        self.clean(now_ms)?;
        Ok(delta)
    }

    /// Begins to fetch a snapshot.
    ///
    /// # Errors
    /// I/O errors.
    pub fn begin_snapshot(&self, id: SnapshotId) -> Result<PartialSnapshot<F>, MetadataLogError> {
        let path = self.folder().join(snapshot::partial_name(id));
        let create = || {
            match self.fs.remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            self.fs.open(&path, OpenMode::CreateNew)
        };
        let file = create().map_err(MetadataLogError::io("create", &path))?;
        Ok(PartialSnapshot { id, path, file, size: None, len: 0 })
    }

    /// Puts a snapshot that is complete in the place of all records before it, and its state in the place of the image. It is read
    /// before anything is given up.
    ///
    /// # Errors
    /// A snapshot that cannot be read, after which log and image are as they were; I/O errors.
    pub fn install_snapshot(
        &mut self,
        snapshot: PartialSnapshot<F>,
        progress: &mut Progress,
        image: &RwLock<Image>,
        now_ms: i64,
    ) -> Result<Delta, MetadataLogError> {
        let PartialSnapshot { id, path, file, .. } = snapshot;
        file.sync().map_err(MetadataLogError::io("sync", &path))?;
        drop(file);
        let mut target = Target::default();
        let mut voters = super::Voters::default();
        self.read_snapshot(id, &path, &mut target, &mut voters)?;
        let live = self.folder().join(id.to_string());
        self.fs.rename(&path, &live).map_err(MetadataLogError::io("rename", &live))?;
        self.fs.sync_dir(&self.folder()).map_err(MetadataLogError::io("sync", &live))?;
        self.snapshots.push(id);
        self.snapshots.sort_unstable();
        self.snapshots.dedup();
        self.voters = voters;
        self.log.truncate_fully_and_start_at(id.offset, None, now_ms)?;
        self.bytes_since_snapshot = 0;
        self.last_snapshot_ms = now_ms;
        self.settle(&mut target);
        *progress = Progress { replay: target.replay, next: id.offset };
        let mut image = image.write();
        let delta = between(&image, &target.image);
        *image = target.image;
        Ok(delta)
    }
}

/// What changes when one image takes the place of another: all that either has, as nothing says what is the same.
fn between(before: &Image, after: &Image) -> Delta {
    let mut delta =
        Delta { has_changed_features: true, has_changed_quotas: true, has_changed_scram: true, ..Delta::default() };
    for topic in after.topics() {
        if before.topic_by_id(topic.id).is_none() {
            delta.created_topics.insert(topic.id, topic.name.clone());
        }
        delta.changed_partitions.extend(topic.partitions().map(|(number, _)| (topic.id, number)));
    }
    let gone = before.topics().filter(|topic| after.topic_by_id(topic.id).is_none());
    gone.for_each(|topic| delta.topic_deleted(topic));
    let is_there = |resource: &&ConfigResource| {
        resource.kind != crate::metadata::ConfigResourceType::Topic || after.topic(&resource.name).is_some()
    };
    let resources = before.config_resources().chain(after.config_resources()).filter(is_there);
    delta.changed_configs.extend(resources.cloned());
    delta.changed_brokers.extend(before.brokers().chain(after.brokers()).map(|broker| broker.broker_id));
    delta.changed_acls.extend(before.acls().chain(after.acls()).map(|acl| acl.id));
    delta
}
