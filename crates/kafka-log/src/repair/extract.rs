//! Copying good batches into a new partition directory.

use std::io;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use super::content::Content;
use super::epochs;
use super::error::RepairError;
use super::files;
use super::layout;
use super::partition::{plan_txn_indexes, read_segments, resolve_transactions};
use super::plan::{Checkpoints, Depth, Options, PartitionPlan};
use super::segment::{SegmentState, reread, summarize};
use super::transactions::Snapshots;
use crate::fs::{self, Fs};
use crate::segment::error::StorageError;

/// Which batches to copy. A batch is copied whole where any of its records may be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtractOptions {
    /// Offsets.
    pub offsets: RangeInclusive<i64>,
    /// Timestamps in ms since 1970. Markers of transactions are copied whenever their offsets are asked for.
    pub timestamps: RangeInclusive<i64>,
    /// Base offset of the one segment to copy from, if it is one.
    pub segment: Option<i64>,
    /// Not to look into the records.
    pub is_shallow: bool,
}

impl Default for ExtractOptions {
    fn default() -> Self {
        ExtractOptions { offsets: 0..=i64::MAX, timestamps: i64::MIN..=i64::MAX, segment: None, is_shallow: false }
    }
}

/// What was copied.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extracted {
    /// The new directory.
    pub path: PathBuf,
    /// Batches in it.
    pub batches: u64,
    /// Bytes of its log files.
    pub bytes: u64,
    /// First offset in it.
    pub first_offset: Option<i64>,
    /// Last offset in it.
    pub last_offset: Option<i64>,
    /// Stretches of the source in which no batch can be made out, and batches that cannot be read.
    pub unreadable: u64,
    /// Headers that were put right on the way.
    pub restored: u64,
}

/// Copies the good batches of the partition in `source` into `target`, a directory that must be empty or missing, and
/// writes everything that Kafka needs to open it. The source is only read.
///
/// # Errors
/// Those of the medium; what was written then stays for a look. `NotFound` where `target` is in use.
pub fn extract<F: Fs>(
    fs: &F,
    source: &Path,
    target: &Path,
    options: &ExtractOptions,
) -> Result<Extracted, RepairError> {
    let is_taken = match fs.read_dir(target) {
        Ok(entries) => !entries.is_empty(),
        Err(e) if e.kind() == io::ErrorKind::NotFound => false,
        Err(e) => return Err(StorageError::io("list", target)(e).into()),
    };
    if is_taken {
        return Err(RepairError::NotFound { path: target.to_owned(), expected: "an empty directory or none" });
    }
    let files = files::list(fs, source)?;
    let filed = if files.has_epochs { epochs::read(fs, source)? } else { None };
    let trusted = filed.as_ref().and_then(|epochs| epochs.as_ref().ok());
    let how = Options { is_shallow: options.is_shallow, ..Options::default() };
    let depth = Depth { keeps_each: true, ..how.depth() };
    let mut segments =
        read_segments(fs, source, &files, &Checkpoints::default(), depth, trusted.map(Vec::as_slice), &mut |_| {})?;

    let mut extracted = Extracted { path: target.to_owned(), ..Extracted::default() };
    let is_asked_for = |base: i64| options.segment.is_none_or(|segment| segment == base);
    segments.retain(|segment| segment.files.log.is_some() && is_asked_for(segment.base_offset));
    for segment in &mut segments {
        let lost = segment.lost.iter().filter(|lost| !lost.is_zero).count();
        extracted.unreadable += (lost + segment.misplaced) as u64;
        extracted.restored += segment.restored.len() as u64;
        if !segment.is_changed {
            *segment = reread(fs, source, segment, depth)?;
        }
        let mut batches = std::mem::take(&mut segment.survivors);
        batches.retain(|batch| !batch.is_misplaced && wants(options, batch));
        summarize(segment, &batches);
        segment.survivors = batches;
        (segment.lost, segment.misplaced) = (Vec::new(), 0);
    }
    segments.retain(|segment| !segment.survivors.is_empty());
    // Where a message wraps others, only a look into it tells its first offset.
    let knows_first = |segment: &SegmentState| !options.is_shallow || segment.survivors.iter().all(|b| b.magic > 1);
    if let Some(first) = segments.first_mut().filter(|first| knows_first(first)) {
        // The log starts with what was asked for; a base that compaction has left behind stays.
        let start = first.first_offset.unwrap_or(first.base_offset).min(*options.offsets.start());
        first.base_offset = first.base_offset.max(start);
        let has_been_cut = *options.timestamps.start() != i64::MIN;
        if has_been_cut {
            first.base_offset = first.first_offset.unwrap_or(first.base_offset);
        }
    }
    let mut plan = PartitionPlan::default();
    for segment in &mut segments {
        segment.is_changed = true;
        extracted.batches += segment.survivors.len() as u64;
        extracted.bytes += segment.survivors.iter().map(|batch| u64::from(batch.size)).sum::<u64>();
        extracted.first_offset = extracted.first_offset.or(segment.first_offset);
        extracted.last_offset = segment.last_offset.or(extracted.last_offset);
    }
    let count = segments.len();
    for (at, segment) in segments.iter().enumerate() {
        layout::plan(fs, source, segment, Vec::new(), at + 1 == count, &mut plan.changes)?;
    }
    let resolved = resolve_transactions(&segments, &[], &Snapshots::new());
    plan_txn_indexes(&segments, &resolved, &[], true, &mut plan);
    plan.changes.retain(|change| change.content.is_some());
    write(fs, source, target, &files, &segments, plan)?;
    Ok(extracted)
}

fn wants(options: &ExtractOptions, batch: &super::survivor::Survivor) -> bool {
    use super::survivor::Kind;
    let has_offset = batch.first_offset <= *options.offsets.end() && batch.last_offset >= *options.offsets.start();
    let is_marker = matches!(batch.kind, Kind::Marker { .. });
    let has_time =
        batch.base_timestamp <= *options.timestamps.end() && batch.max_timestamp >= *options.timestamps.start();
    has_offset && (is_marker || has_time)
}

fn write<F: Fs>(
    fs: &F,
    source: &Path,
    target: &Path,
    files: &files::PartitionFiles,
    segments: &[SegmentState],
    plan: PartitionPlan,
) -> Result<(), RepairError> {
    fs.create_dir_all(target).map_err(StorageError::io("make", target))?;
    let mut contents: Vec<(String, Content)> =
        plan.changes.into_iter().filter_map(|change| Some((change.name, change.content?))).collect();
    let runs = segments.iter().flat_map(|segment| segment.epoch_runs.iter().copied());
    let entries = epochs::of_batches(runs);
    if !entries.is_empty() {
        contents.push((epochs::FILE.to_owned(), Content::of(epochs::file_of(&entries))));
    }
    if files.has_metadata {
        let path = source.join("partition.metadata");
        let bytes = fs::read_whole(fs, &path).map_err(StorageError::io("read", &path))?.unwrap_or_default();
        contents.push(("partition.metadata".to_owned(), Content::of(bytes)));
    }
    for (name, content) in contents {
        let path = target.join(name);
        content.write(fs, &path)?;
        fs.own_as(&path, source).map_err(StorageError::io("set the owner of", &path))?;
    }
    fs.sync_dir(target).map_err(StorageError::io("sync", target))?;
    match target.parent() {
        Some(parent) => Ok(fs.sync_dir(parent).map_err(StorageError::io("sync", parent))?),
        None => Ok(()),
    }
}
