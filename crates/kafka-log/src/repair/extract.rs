//! Copying good batches into a new partition directory.

use std::io;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use super::error::RepairError;
use super::home::check_target;
use super::layout;
use super::plan::PartitionPlan;
use super::txn_indexes;
use crate::audit::batch::{BatchSummary, Kind};
use crate::audit::partition::epochs::EpochRun;
use crate::audit::partition::evidence::{Evidence, SegmentEvidence};
use crate::audit::partition::transactions::{Event, Evidence as TransactionEvidence, Snapshots, resolve};
use crate::audit::partition::{self, Checkpoints, epochs};
use crate::audit::segment::Hold;
use crate::audit::{AuditOptions, Content, Level};
use crate::compression::DECOMPRESSED_MAX;
use crate::format::transaction_index::AbortedTxn;
use crate::fs::{self, Fs};
use crate::segment::error::StorageError;

/// Which batches to copy. A batch is copied whole where any of its records may be requested.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtractOptions {
    /// Offsets.
    pub offsets: RangeInclusive<i64>,
    /// Timestamps in ms since 1970. Markers of transactions are copied whenever their offsets are requested.
    pub timestamps: RangeInclusive<i64>,
    /// Base offset of the one segment to copy from, if it is one.
    pub segment: Option<i64>,
    /// Not to look into the records.
    pub is_shallow: bool,
    /// Bytes that a batch may decompress to; what is longer is taken for readable.
    pub decompressed_max: usize,
}

impl Default for ExtractOptions {
    fn default() -> Self {
        ExtractOptions {
            offsets: 0..=i64::MAX,
            timestamps: i64::MIN..=i64::MAX,
            segment: None,
            is_shallow: false,
            decompressed_max: DECOMPRESSED_MAX,
        }
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
    /// Stretches of the source without a batch that can be read, and batches of which only some records can be read.
    pub unreadable: u64,
    /// Headers that were corrected on the way.
    pub restored: u64,
}

/// Copies the good batches of the partition in `source` into `target`, a directory that must be empty or missing, and
/// writes everything that Kafka needs to open it. The source is only read.
///
/// # Errors
/// `Inside` where `target` lies in the source or in the log directory around it, `NotFound` where it is in use. I/O errors;
/// what was written then stays for a look.
pub fn extract<F: Fs>(
    fs: &F,
    source: &Path,
    target: &Path,
    options: &ExtractOptions,
) -> Result<Extracted, RepairError> {
    let target = &check_target(fs, source, target)?;
    let is_taken = match fs.read_dir(target) {
        Ok(entries) => !entries.is_empty(),
        Err(e) if e.kind() == io::ErrorKind::NotFound => false,
        Err(e) => return Err(StorageError::io("list", target)(e).into()),
    };
    if is_taken {
        return Err(RepairError::NotFound { path: target.to_owned(), expected: "an empty directory or none" });
    }
    let level = if options.is_shallow { Level::Default } else { Level::Deep };
    let how = AuditOptions { level, decompressed_max: options.decompressed_max, ..AuditOptions::default() };
    let audit = partition::audit_with(fs, source, &Checkpoints::default(), &how, Hold::Each);
    let mut evidence = audit.map_err(StorageError::io("list", source))?.evidence;
    let mut segments = std::mem::take(&mut evidence.segments);

    let mut extracted = Extracted { path: target.to_owned(), ..Extracted::default() };
    let is_asked_for = |base: i64| options.segment.is_none_or(|segment| segment == base);
    segments.retain(|segment| segment.files.log.is_some() && is_asked_for(segment.base_offset));
    for segment in &mut segments {
        let lost = segment.holes.iter().filter(|hole| hole.kind != crate::audit::FaultKind::Zeros).count();
        extracted.unreadable += lost as u64;
        extracted.restored += segment.restored.len() as u64;
        segment.batches.retain(|batch| wants(options, batch));
        extracted.unreadable += segment.batches.iter().filter(|batch| batch.partial().is_some()).count() as u64;
        segment.first_offset = segment.batches.first().map(|batch| batch.first_offset);
        segment.last_offset = segment.batches.last().map(|batch| batch.last_offset);
        segment.holes.clear();
        segment.missing = None;
        // Nothing of the source's index is kept.
        (segment.aborts, segment.files.txn_index) = (None, None);
    }
    segments.retain(|segment| !segment.batches.is_empty());
    // Where a message wraps others, only a look into it tells its first offset.
    let knows_first = |segment: &SegmentEvidence| !options.is_shallow || segment.batches.iter().all(|b| b.knows_first);
    if let Some(first) = segments.first_mut().filter(|first| knows_first(first)) {
        // The log starts with what was requested; a base that compaction has left behind stays.
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
        extracted.batches += segment.batches.len() as u64;
        extracted.bytes += segment.batches.iter().map(|batch| u64::from(batch.size)).sum::<u64>();
        extracted.first_offset = extracted.first_offset.or(segment.first_offset);
        extracted.last_offset = segment.last_offset.or(extracted.last_offset);
    }
    let count = segments.len();
    for (at, segment) in segments.iter().enumerate() {
        layout::plan(fs, source, segment, Vec::new(), at + 1 == count, &mut plan)?;
    }
    let events: Vec<Event> = segments.iter().flat_map(|segment| &segment.batches).filter_map(Event::of).collect();
    let resolved = resolve(&TransactionEvidence {
        events: &events,
        holes: &[],
        aborts: &[],
        snapshots: &Snapshots::new(),
        open: &[],
        coordinator_epochs: &Default::default(),
    });
    txn_indexes::plan(&segments, &mut plan, |segment, end| {
        let within = |txn: &&AbortedTxn| (segment.base_offset..end).contains(&txn.last_offset);
        Some(resolved.aborted.iter().filter(within).copied().collect())
    });
    plan.changes.retain(|change| change.content.is_some());
    write(fs, source, target, &evidence, &segments, plan)?;
    Ok(extracted)
}

fn wants(options: &ExtractOptions, batch: &BatchSummary) -> bool {
    let has_offset = batch.first_offset <= *options.offsets.end() && batch.last_offset >= *options.offsets.start();
    let is_marker = matches!(batch.kind, Kind::Marker { .. });
    let has_time =
        batch.least_timestamp() <= *options.timestamps.end() && batch.max_timestamp >= *options.timestamps.start();
    has_offset && (is_marker || has_time)
}

fn write<F: Fs>(
    fs: &F,
    source: &Path,
    target: &Path,
    evidence: &Evidence,
    segments: &[SegmentEvidence],
    plan: PartitionPlan,
) -> Result<(), RepairError> {
    let is_made = !fs::exists(fs, target).map_err(StorageError::io("look at", target))?;
    fs.create_dir_all(target).map_err(StorageError::io("make", target))?;
    if is_made {
        own_as(fs, target, source)?;
    }
    let mut contents: Vec<(String, Content)> =
        plan.changes.into_iter().filter_map(|change| Some((change.name, change.content?))).collect();
    let batches = || segments.iter().flat_map(|segment| &segment.batches);
    let is_copied = |run: &EpochRun| {
        batches().any(|b| b.leader_epoch == run.epoch && b.first_offset <= run.last && b.last_offset >= run.first)
    };
    let mut runs: Vec<EpochRun> = evidence.epoch_runs.iter().filter(|run| is_copied(run)).copied().collect();
    if let (Some(run), Some(first)) = (runs.first_mut(), batches().next()) {
        run.first = run.first.max(first.first_offset);
    }
    let entries = epochs::of_batches(&runs);
    if !entries.is_empty() {
        contents.push((epochs::FILE.to_owned(), Content::of(epochs::file_of(&entries))));
    }
    if evidence.files.has_metadata {
        let path = source.join("partition.metadata");
        let bytes = fs::read_whole(fs, &path).map_err(StorageError::io("read", &path))?.unwrap_or_default();
        contents.push(("partition.metadata".to_owned(), Content::of(bytes)));
    }
    for (name, content) in contents {
        let path = target.join(name);
        content.write(fs, &path)?;
        own_as(fs, &path, source)?;
    }
    fs.sync_dir(target).map_err(StorageError::io("sync", target))?;
    match target.parent() {
        Some(parent) => Ok(fs.sync_dir(parent).map_err(StorageError::io("sync", parent))?),
        None => Ok(()),
    }
}

/// Gives what was written the owner of the source. A user who may not do that keeps it.
fn own_as<F: Fs>(fs: &F, path: &Path, source: &Path) -> Result<(), RepairError> {
    match fs.own_as(path, source) {
        Err(e) if e.kind() != io::ErrorKind::PermissionDenied => {
            Err(StorageError::io("set the owner of", path)(e).into())
        }
        _ => Ok(()),
    }
}
