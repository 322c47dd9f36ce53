//! What Kafka would do with a partition at its next start.
//!
//! The engine of this library decides as Kafka does, file by file. So the prediction is a start: on a file system that keeps
//! all changes to itself, and is then compared with the one below.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::CLUSTER_METADATA;
use super::finding::{Finding, OffsetRange, Severity};
use super::node::{LogDirCheckpoints, NodeStart};
use super::options::AuditOptions;
use super::partition::{self, Checkpoints};
use super::paths::{VerifyError, name_of, parent_of};
use super::report::{PartitionReport, Report, SegmentReport};
use crate::format::partition_dir::{PartitionDirName, PartitionDirState};
use crate::fs::overlay::{Change, OverlayFs};
use crate::fs::{Fs, OpenMode, is_same};
use crate::log::config::LogConfig;
use crate::log::error::KafkaError;
use crate::log::{Log, LogOptions, OpenReport};

/// How the broker was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stop {
    /// It closed its logs and left `.kafka_cleanshutdown`.
    Clean,
    /// It was killed, or the machine went down.
    Unclean,
}

impl Stop {
    /// Name in output: `clean`, `unclean`.
    pub const fn name(self) -> &'static str {
        match self {
            Stop::Clean => "clean",
            Stop::Unclean => "unclean",
        }
    }
}

/// What a prediction starts from.
#[derive(Clone, Debug)]
pub struct PredictOptions {
    /// How the broker was stopped.
    pub stop: Stop,
    /// Settings of the topic.
    pub config: Arc<LogConfig>,
    /// From `log-start-offset-checkpoint`, 0 without it.
    pub log_start_offset: i64,
    /// From `recovery-point-offset-checkpoint`, 0 without it.
    pub recovery_point: i64,
    /// The time of the start in ms since 1970.
    pub now_ms: i64,
    /// Whether the log is closed again afterwards, which writes files, too.
    pub and_close: bool,
}

impl PredictOptions {
    /// A start on what the checkpoints say of a partition.
    pub(super) fn of(
        checkpoints: &Checkpoints,
        stop: Stop,
        partition: &PartitionReport,
        options: &AuditOptions,
    ) -> Self {
        // The metadata log is opened by the controller, which knows of no clean stops and no checkpoints.
        let is_metadata = partition.topic == CLUSTER_METADATA;
        let of_checkpoint = |offset: Option<i64>| if is_metadata { 0 } else { offset.unwrap_or(0) };
        PredictOptions {
            stop,
            config: Arc::clone(&options.config),
            log_start_offset: of_checkpoint(checkpoints.log_start_offset),
            recovery_point: of_checkpoint(checkpoints.recovery_point),
            now_ms: options.now_ms,
            and_close: false,
        }
    }

    /// What the log is opened with to see what Kafka would do.
    pub fn of_log(&self) -> LogOptions {
        LogOptions {
            refuse_like_kafka: true,
            config: Arc::clone(&self.config),
            log_start_offset: self.log_start_offset,
            recovery_point: self.recovery_point,
            had_clean_shutdown: self.stop == Stop::Clean,
            now_ms: self.now_ms,
            ..LogOptions::default()
        }
    }
}

/// How a start ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The log is opened.
    Opens(OpenReport),
    /// The log is opened, then renamed to a stray one, and an empty log takes its place.
    SetAside {
        /// Why.
        why: String,
    },
    /// The log is not opened, and its log directory with it: a broker with no other does not start.
    Refuses {
        /// Simple name of the class that Kafka throws.
        exception: &'static str,
        /// What is wrong.
        message: String,
    },
}

/// Records that a start takes away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// The log file.
    pub path: PathBuf,
    /// Bytes that are cut; all of them where the segment goes.
    pub bytes: u64,
    /// Offsets from the first that is gone to the last that could be read.
    pub offsets: OffsetRange,
    /// Records in good batches that are gone.
    pub records: u64,
    /// Whether the segment goes as a whole.
    pub is_whole: bool,
}

/// What Kafka would do with a partition at its next start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prediction {
    /// The directory.
    pub path: PathBuf,
    /// How the broker was stopped.
    pub stop: Stop,
    /// Whether the log opens, and what was done for it.
    pub outcome: Outcome,
    /// Files that are made, written, cut, renamed and removed.
    pub changes: Vec<Change>,
    /// Records that could be read before, and cannot be read afterwards.
    pub lost: Vec<Loss>,
    /// Damage that stays in the log.
    pub remaining: Vec<Finding>,
}

impl Prediction {
    /// Good records that the start takes away.
    pub fn records_lost(&self) -> u64 {
        self.lost.iter().map(|loss| loss.records).sum()
    }
}

/// Predicts a start with every partition of a report made at level default or deep, where that is not known from the report.
/// The files of their log directories tell where the logs start, and what is recovered. Nothing is written.
///
/// # Errors
/// A directory cannot be listed.
pub fn predict<B: Fs>(
    fs: &B,
    report: &Report,
    stop: Stop,
    options: &AuditOptions,
) -> Result<Vec<Prediction>, VerifyError> {
    let in_directories = report.directories.iter().map(|directory| (Some(&directory.path), &directory.partitions));
    let starts = NodeStart::Starts { set_aside: Vec::new(), unserved: Vec::new() };
    let mut predictions = Vec::new();
    for (dir, partitions) in in_directories.chain([(None, &report.partitions)]) {
        let start = dir.and(report.start.as_ref()).unwrap_or(&starts);
        let around = dir.map(|dir| LogDirCheckpoints::of_dir(fs, dir));
        for partition in partitions {
            if let Some(known) = partition.predictions.iter().find(|known| known.stop == stop) {
                predictions.push(known.clone());
                continue;
            }
            let own;
            let around = match &around {
                Some(around) => around,
                None => {
                    own = LogDirCheckpoints::of_dir(fs, parent_of(&partition.path));
                    &own
                }
            };
            let checkpoints = match PartitionDirName::parse(&name_of(&partition.path)) {
                Some(name) if name.state == PartitionDirState::Live => around.of(name.topic, name.partition),
                _ => Checkpoints::default(),
            };
            let how = PredictOptions::of(&checkpoints, stop, partition, options);
            predictions.push(of_partition(fs, partition, start, &how)?);
        }
    }
    Ok(predictions)
}

/// Predicts what a start of the node does with a partition.
///
/// # Errors
/// The directory cannot be listed.
pub(super) fn of_partition<B: Fs>(
    fs: &B,
    partition: &PartitionReport,
    start: &NodeStart,
    options: &PredictOptions,
) -> Result<Prediction, VerifyError> {
    let prediction = predict_partition(fs, &partition.path, partition, options)?;
    let NodeStart::Starts { set_aside, .. } = start else { return Ok(prediction) };
    let Some(stray) = set_aside.iter().find(|stray| stray.path == partition.path) else { return Ok(prediction) };
    let whole = partition.segments.iter().filter(|segment| segment.records > 0);
    let lost = whole.map(|segment| Loss {
        path: segment.path.clone(),
        bytes: segment.size,
        offsets: OffsetRange { first: segment.first_offset.unwrap_or_default(), last: segment.last_offset },
        records: segment.records,
        is_whole: true,
    });
    Ok(Prediction { outcome: Outcome::SetAside { why: stray.why.clone() }, lost: lost.collect(), ..prediction })
}

/// Predicts a start with the partition in `dir`, of which `before` is what a verification found. Nothing is written.
///
/// # Errors
/// The directory cannot be listed.
pub fn predict_partition<B: Fs>(
    fs: &B,
    dir: &Path,
    before: &PartitionReport,
    options: &PredictOptions,
) -> Result<Prediction, VerifyError> {
    let (prediction, _) = start(fs, dir, before, options)?;
    Ok(prediction)
}

/// As [`predict_partition`], and returns the file system as the start leaves it.
///
/// # Errors
/// The directory cannot be listed.
pub fn start<B: Fs>(
    fs: &B,
    dir: &Path,
    before: &PartitionReport,
    options: &PredictOptions,
) -> Result<(Prediction, OverlayFs<B>), VerifyError> {
    let overlay = OverlayFs::new(fs.clone());
    let is_metadata = before.topic == CLUSTER_METADATA;
    let log_options = LogOptions {
        topic_id: before.topic_id,
        had_clean_shutdown: options.stop == Stop::Clean && !is_metadata,
        ..options.of_log()
    };
    let refuses =
        |error: &dyn KafkaError| Outcome::Refuses { exception: error.exception(), message: error.to_string() };
    let outcome = match Log::open(overlay.clone(), dir, log_options) {
        Err(error) => refuses(&error),
        Ok((log, report)) => {
            // What is put off to the background is done soon after.
            let delay_ms = options.config.file_delete_delay_ms;
            let done = log.run_due(options.now_ms.saturating_add(delay_ms));
            let closed = if options.and_close { done.and_then(|()| log.close()) } else { done };
            match closed {
                Ok(()) => Outcome::Opens(report),
                Err(error) => refuses(&error),
            }
        }
    };
    let mut prediction = Prediction {
        path: dir.to_owned(),
        stop: options.stop,
        outcome,
        changes: Vec::new(),
        lost: Vec::new(),
        remaining: Vec::new(),
    };
    if let Outcome::Opens(_) = prediction.outcome {
        let io = |source| VerifyError::Io { path: dir.to_owned(), source };
        let checkpoints = Checkpoints { log_start_offset: Some(options.log_start_offset), ..Checkpoints::default() };
        let after = partition::audit(&overlay, dir, &checkpoints, &AuditOptions::default()).map_err(io)?.report;
        prediction.lost = losses(before, &after);
        let damage = after.all_findings().filter(|finding| finding.severity == Severity::Damage);
        prediction.remaining = damage.cloned().collect();
    }
    prediction.changes = overlay.changes();
    // What was written as it was before is no change.
    prediction.changes.retain(|change| {
        let is_same_len = change.before.is_some() && change.before == change.after && change.renamed_from.is_none();
        let is_same = |len| {
            let (before, after) = (fs.open(&change.path, OpenMode::Read)?, overlay.open(&change.path, OpenMode::Read)?);
            is_same(&before, &after, len)
        };
        !is_same_len || !change.after.is_some_and(|len| is_same(len).unwrap_or(false))
    });
    Ok((prediction, overlay))
}

/// Segments that are shorter or gone.
fn losses(before: &PartitionReport, after: &PartitionReport) -> Vec<Loss> {
    let left = Left::of(before, after);
    let mut losses = Vec::new();
    let mut rest = before.segments.as_slice();
    while let [segment, following @ ..] = rest {
        // Segments that one before them has replaced, or that were merged into it.
        let reaches = start_of(segment).and_then(|start| left.at(start)).and_then(|left| left.last_offset);
        let replaced = following.iter().take_while(|next| {
            start_of(next).is_some_and(|start| left.at(start).is_none() && reaches.is_some_and(|last| last >= start))
        });
        let count = 1 + replaced.count();
        let (group, others) = rest.split_at(count);
        losses.extend(loss(group, others.iter().find_map(start_of), &left));
        rest = others;
    }
    losses
}

/// The segments after a start, by what they were before.
struct Left<'r> {
    segments: &'r [SegmentReport],
    by_path: HashMap<&'r Path, usize>,
    /// The first one of each start.
    by_start: HashMap<i64, usize>,
    /// Starts of files that were not there before.
    made: BTreeSet<(i64, usize)>,
}

impl<'r> Left<'r> {
    fn of(before: &PartitionReport, after: &'r PartitionReport) -> Self {
        let known: HashSet<&Path> = before.segments.iter().map(|segment| segment.path.as_path()).collect();
        let (mut by_path, mut by_start, mut made) = (HashMap::new(), HashMap::new(), BTreeSet::new());
        for (at, segment) in after.segments.iter().enumerate() {
            by_path.insert(segment.path.as_path(), at);
            if let Some(start) = start_of(segment) {
                by_start.entry(start).or_insert(at);
                if !known.contains(segment.path.as_path()) {
                    made.insert((start, at));
                }
            }
        }
        Left { segments: &after.segments, by_path, by_start, made }
    }

    fn at(&self, start: i64) -> Option<&'r SegmentReport> {
        self.by_start.get(&start).map(|&at| &self.segments[at])
    }

    /// What is left of a group of segments: their own files, and those made with a start from `start` on and below `next`.
    fn of_group(
        &self,
        group: &[SegmentReport],
        start: i64,
        next: Option<i64>,
    ) -> impl Iterator<Item = &'r SegmentReport> {
        let own = group.iter().filter_map(|segment| self.by_path.get(segment.path.as_path()).copied());
        let made = self.made.range((start, 0)..).take_while(|(start, _)| next.is_none_or(|next| *start < next));
        let places: BTreeSet<usize> = own.chain(made.map(|(_, at)| *at)).collect();
        places.into_iter().map(|at| &self.segments[at])
    }
}

/// Where a segment begins, whatever its name is.
fn start_of(segment: &SegmentReport) -> Option<i64> {
    segment.first_offset.or(segment.base_offset)
}

/// What is lost of segments that follow each other, and that the same segments are left of: those below `next`.
fn loss(group: &[SegmentReport], next: Option<i64>, left: &Left<'_>) -> Option<Loss> {
    let segment = group.first()?;
    let start = start_of(segment)?;
    let sum = |of: fn(&SegmentReport) -> u64| group.iter().map(of).sum::<u64>();
    let (mut size, mut records, mut last, mut is_whole) = (0, 0, None, true);
    for left in left.of_group(group, start, next) {
        (size, records, is_whole) = (size + left.size, records + left.records, false);
        last = left.last_offset.or(last);
    }
    let (size_before, records_before) = (sum(|segment| segment.size), sum(|segment| segment.records));
    // A start only cuts files. Where one is as long as it was, all that can differ is what else is known of its batches.
    if size >= size_before && !is_whole {
        return None;
    }
    let end = group.iter().rev().find_map(|segment| segment.last_offset);
    let first = last.filter(|&last| Some(last) < end).map_or(start, |last| last + 1);
    Some(Loss {
        path: segment.path.clone(),
        bytes: size_before.saturating_sub(size),
        offsets: OffsetRange { first, last: end.filter(|&last| last >= first) },
        records: records_before.saturating_sub(records),
        is_whole,
    })
}
