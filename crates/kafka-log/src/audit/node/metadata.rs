//! The metadata log of a node, `__cluster_metadata-0`: what a start reads from its snapshots and segments, and whether
//! other files prove that there was more.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::image::Image;
use super::small::Small;
use super::snapshot::{self, SnapshotFault};
use crate::compression::Decompressor;
use crate::format::file_name::{FileKind, FileName, FileState};
use crate::format::leader_epoch_checkpoint::read_leader_epoch_checkpoint;
use crate::format::uuid::Uuid;
use crate::fs::{Fs, FsFile, OpenMode, ReadAt};
use crate::segment::batch::{Batch, RawBatch};
use crate::segment::scan::{BatchWorker, ScanEnd, Turn, scan};

/// Name of the directory of the metadata log.
pub(super) const DIR_NAME: &str = "__cluster_metadata-0";
/// Topic id of the metadata log, the same in every cluster (`Uuid.METADATA_TOPIC_ID`).
pub(super) const TOPIC_ID: Uuid = Uuid([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);

/// A KRaft snapshot.
#[derive(Clone, Debug)]
pub(super) struct Snapshot {
    pub(super) path: PathBuf,
    /// Offset after the last record that it stands for.
    pub(super) end: i64,
    pub(super) epoch: i32,
    pub(super) fault: Option<SnapshotFault>,
}

/// Where the log cannot be read any further: a start cuts it there.
#[derive(Clone, Debug)]
pub(super) struct Cut {
    pub(super) path: PathBuf,
    pub(super) position: u64,
    pub(super) is_zero: bool,
}

/// A file that proves that the log reached further than it does.
#[derive(Clone, Debug)]
pub(super) struct Proof {
    pub(super) path: PathBuf,
    /// Log end offset that it proves at least; `None` where it proves only that the log was not empty.
    pub(super) end: Option<i64>,
}

/// The metadata log as a start reads it.
#[derive(Clone, Debug, Default)]
pub(super) struct MetadataLog {
    pub(super) dir: PathBuf,
    pub(super) image: Image,
    /// What a start reads instead, where its newest snapshot was not finished: Kafka does not look for the end. `None`
    /// also where nothing of the snapshot is there.
    pub(super) unfinished: Option<Image>,
    /// Ascending.
    pub(super) snapshots: Vec<Snapshot>,
    /// Base offset of the first segment.
    pub(super) start: i64,
    /// Log end offset.
    pub(super) end: i64,
    pub(super) cut: Option<Cut>,
    /// The strongest proof of more, if there is any.
    pub(super) proof: Option<Proof>,
    /// The last segment file that a start reads.
    pub(super) last_segment: Option<PathBuf>,
}

impl MetadataLog {
    /// Reads the metadata log in `dir`; `None` where there is none.
    pub(super) fn read<F: Fs>(fs: &F, dir: &Path) -> Option<Self> {
        let mut names: Vec<_> = fs.read_dir(dir).ok()?.into_iter().filter(|entry| !entry.is_dir).collect();
        names.sort_unstable();
        let named = |name: &str| FileName::parse(name).filter(|name| name.state == FileState::Live);
        let files: Vec<(FileName, PathBuf)> =
            names.iter().filter_map(|entry| Some((named(&entry.name)?, dir.join(&entry.name)))).collect();
        let mut log = MetadataLog { dir: dir.to_owned(), ..MetadataLog::default() };
        log.read_snapshots(fs, &files);
        log.read_segments(fs, &files);
        log.proof = log.proof_of_more(fs, &files);
        Some(log)
    }

    /// The newest snapshot, which a start reads first.
    pub(super) fn latest_snapshot(&self) -> Option<&Snapshot> {
        self.snapshots.last()
    }

    /// Whether it ends before other files say it did, or at damage.
    pub(super) fn is_short(&self) -> bool {
        self.cut.is_some() || self.proof.is_some()
    }

    /// Whether topics may have been in it that are not in the image.
    pub(super) fn may_lack_topics(&self) -> bool {
        self.is_short() || self.image.is_without_topics()
    }

    /// Whether the metadata below its first segment is there, too.
    pub(super) fn is_complete(&self) -> bool {
        let mut whole = self.snapshots.iter().filter(|snapshot| snapshot.fault.is_none());
        self.start == 0 || whole.any(|snapshot| snapshot.end >= self.start)
    }

    fn read_snapshots<F: Fs>(&mut self, fs: &F, files: &[(FileName, PathBuf)]) {
        for (name, path) in files {
            if let (FileKind::KRaftSnapshot, Some(end), Some(epoch)) = (name.kind, name.offset, name.epoch) {
                self.snapshots.push(Snapshot { path: path.clone(), end, epoch, fault: None });
            }
        }
        self.snapshots.sort_by_key(|snapshot| (snapshot.end, snapshot.epoch));
        let (mut is_read, mut is_newest) = (false, true);
        for snapshot in self.snapshots.iter_mut().rev() {
            let mut image = Image::default();
            snapshot.fault = snapshot::read(fs, &snapshot.path, &mut image).err();
            if snapshot.fault.is_none() && !is_read {
                (is_read, self.image, self.end) = (true, image, snapshot.end);
            } else if is_newest && snapshot.fault.as_ref().is_some_and(SnapshotFault::is_unfinished) {
                self.unfinished = Some(image).filter(|image| !image.is_empty());
            }
            is_newest = false;
        }
    }

    fn read_segments<F: Fs>(&mut self, fs: &F, files: &[(FileName, PathBuf)]) {
        let logs = files.iter().filter(|(name, _)| name.kind == FileKind::Log);
        let mut logs: Vec<(i64, &Path)> =
            logs.filter_map(|(name, path)| Some((name.offset?, path.as_path()))).collect();
        logs.sort_unstable();
        self.start = logs.first().map_or(self.end, |(base, _)| *base);
        if let (Some(image), Some(newest)) = (&mut self.unfinished, self.snapshots.last()) {
            replay(fs, &logs, newest.end, image);
        }
        let replayed = replay(fs, &logs, self.end, &mut self.image);
        (self.end, self.cut) = (replayed.end, replayed.cut);
        self.last_segment = replayed.last.map(Path::to_owned);
    }

    /// Files that prove a log end offset above that of the log.
    fn proof_of_more<F: Fs>(&self, fs: &F, files: &[(FileName, PathBuf)]) -> Option<Proof> {
        let mut proofs = Vec::new();
        let is_empty = self.end == self.start && self.snapshots.iter().all(|snapshot| snapshot.end <= self.start);
        for (name, path) in files {
            let end = match name.kind {
                FileKind::ProducerSnapshot | FileKind::KRaftSnapshot => name.offset,
                FileKind::LeaderEpochCheckpoint => last_epoch_start(fs, path),
                FileKind::OffsetIndex | FileKind::TimeIndex if is_empty && has_content(fs, path) => {
                    proofs.push(Proof { path: path.clone(), end: None });
                    continue;
                }
                _ => continue,
            };
            if let Some(end) = end.filter(|&end| end > self.end) {
                proofs.push(Proof { path: path.clone(), end: Some(end) });
            }
        }
        proofs.into_iter().max_by_key(|proof| proof.end)
    }
}

/// What a replay of segments comes to.
struct Replayed<'p> {
    end: i64,
    cut: Option<Cut>,
    last: Option<&'p Path>,
}

/// Takes the records of segments from an offset on into an image, up to the first damage.
fn replay<'p, F: Fs>(fs: &F, logs: &[(i64, &'p Path)], from: i64, image: &mut Image) -> Replayed<'p> {
    let mut replayed = Replayed { end: from, cut: None, last: None };
    for (at, &(base, path)) in logs.iter().enumerate() {
        replayed.last = Some(path);
        let decompressor = Decompressor::new(snapshot::DECOMPRESSED_MAX);
        let mut worker =
            Replay { image: &mut *image, next: replayed.end.max(base), reached: base, position: 0, decompressor };
        let read = fs.open(path, OpenMode::Read).and_then(|file| {
            let len = file.len()?;
            if let Some(scanned) = scan(&file, 0..len, len, std::slice::from_mut(&mut worker)) {
                if let ScanEnd::Io(error) = scanned.end {
                    return Err(error);
                }
                worker.position = scanned.position;
            }
            let is_zero = worker.position < len && is_zero(&file, worker.position)?;
            Ok((len, is_zero))
        });
        replayed.end = worker.next;
        let (position, reached) = (worker.position, worker.reached);
        let (len, is_zero) = read.unwrap_or((u64::MAX, false));
        // Zeros between two segments that follow each other hide nothing once they are cut.
        let is_followed = is_zero && logs.get(at + 1).is_some_and(|(next, _)| *next == reached);
        if position < len && !is_followed {
            replayed.cut = Some(Cut { path: path.to_owned(), position, is_zero });
            break;
        }
    }
    replayed
}

fn last_epoch_start<F: Fs>(fs: &F, path: &Path) -> Option<i64> {
    let Small::Bytes(bytes) = Small::read(fs, path) else { return None };
    read_leader_epoch_checkpoint(&bytes).ok()?.last().map(|entry| entry.start_offset)
}

/// Whether an index has entries.
fn has_content<F: Fs>(fs: &F, path: &Path) -> bool {
    // Entries stand at the start; what follows in a preallocated index is zeros.
    let Ok(file) = fs.open(path, OpenMode::Read) else { return false };
    let mut head = [0; 64];
    file.read_full_at(&mut head, 0).is_ok_and(|got| head[..got].iter().any(|&byte| byte != 0))
}

fn is_zero<R: ReadAt + ?Sized>(file: &R, from: u64) -> std::io::Result<bool> {
    let mut buf = vec![0; 64 * 1024];
    let mut at = from;
    loop {
        let got = file.read_full_at(&mut buf, at)?;
        if buf[..got].iter().any(|&byte| byte != 0) {
            return Ok(false);
        }
        if got < buf.len() {
            return Ok(true);
        }
        at += got as u64;
    }
}

/// Takes the records of good batches into an image, and ends at the first batch that is not good.
struct Replay<'i> {
    image: &'i mut Image,
    /// Offset after the last record that is in the image.
    next: i64,
    /// Offset after the last good batch of the file.
    reached: i64,
    /// Position after the last good batch.
    position: u64,
    decompressor: Decompressor,
}

impl BatchWorker for Replay<'_> {
    fn batch(&mut self, raw: &RawBatch<'_>, turn: &mut Turn<'_>) -> ControlFlow<()> {
        let good = match raw.parse() {
            Ok(Batch::Default(batch)) if batch.is_valid() => Some(batch),
            _ => None,
        };
        let Some(batch) = good else {
            turn.wait()?;
            return ControlFlow::Break(());
        };
        self.position = raw.position + raw.as_bytes().len() as u64;
        let header = batch.header();
        self.reached = header.last_offset().saturating_add(1);
        if header.last_offset() < self.next {
            return ControlFlow::Continue(());
        }
        if let Ok(records) = batch.records(&mut self.decompressor) {
            for record in records.map_while(Result::ok).filter(|record| record.offset >= self.next) {
                if header.attributes().is_control() {
                    self.image.control(record.key, record.value);
                } else {
                    self.image.record(record.value);
                }
            }
        }
        self.next = header.last_offset().saturating_add(1);
        ControlFlow::Continue(())
    }

    fn window_done(&mut self) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}
