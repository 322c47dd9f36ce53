//! What Kafka would do with a partition at its next start.
//!
//! The engine of this library decides as Kafka does, file by file. So the prediction is a start: on a file system that keeps
//! all changes to itself, and is then compared with the one below.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::code::Code;
use super::directory::{CLUSTER_METADATA, DirectoryFiles};
use super::finding::{Finding, OffsetRange, Severity};
use super::options::VerifyOptions;
use super::report::{PartitionReport, Report, SegmentReport};
use super::run::{VerifyError, parent_of, verify_partition};
use crate::fs::overlay::{Change, OverlayFs};
use crate::fs::{Fs, read_whole};
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

/// Predicts a start with every partition of a report made at level default or deep. Checkpoints of their log directories
/// tell where the logs start, and what is recovered. Nothing is written.
///
/// # Errors
/// A directory cannot be listed.
pub fn predict<B: Fs>(
    fs: &B,
    report: &Report,
    stop: Stop,
    config: &Arc<LogConfig>,
    now_ms: i64,
) -> Result<Vec<Prediction>, VerifyError> {
    let mut directory: Option<(PathBuf, DirectoryFiles)> = None;
    let mut predictions = Vec::new();
    for partition in report.all_partitions() {
        let parent = parent_of(&partition.path);
        if directory.as_ref().is_none_or(|(dir, _)| dir != parent) {
            directory = Some((parent.to_owned(), DirectoryFiles::read(fs, parent, &mut Vec::new())));
        }
        let name = partition.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let outside = directory.as_ref().map(|(_, files)| files.outside(&name)).unwrap_or_default();
        // The metadata log is opened by the controller, which knows of no clean stops.
        let is_metadata = partition.topic == CLUSTER_METADATA;
        let of_checkpoint = |offset: Option<i64>| if is_metadata { 0 } else { offset.unwrap_or(0) };
        let options = PredictOptions {
            stop: if is_metadata { Stop::Unclean } else { stop },
            config: Arc::clone(config),
            log_start_offset: of_checkpoint(outside.log_start_offset),
            recovery_point: of_checkpoint(outside.recovery_point),
            now_ms,
            and_close: false,
        };
        let prediction = predict_partition(fs, &partition.path, partition, &options)?;
        predictions.push(Prediction { stop, ..prediction });
    }
    Ok(predictions)
}

/// Findings that keep a broker from starting at all, beside what each partition does.
pub fn refusals(report: &Report) -> impl Iterator<Item = &Finding> {
    report.all_findings().filter(|finding| {
        matches!(
            finding.code,
            Code::UnknownDirectory
                | Code::DuplicatePartition
                | Code::MetaPropertiesCorrupt
                | Code::MetaPropertiesMismatch
        )
    })
}

/// Findings over which a start takes a log directory offline once its logs are loaded, as if its checkpoint was empty: a
/// broker with no other directory ends.
pub fn takes_offline(report: &Report) -> impl Iterator<Item = &Finding> {
    report.all_findings().filter(|finding| finding.code == Code::CheckpointCorrupt)
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

/// As [`predict_partition`], and gives the file system as the start leaves it.
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
    let log_options = LogOptions { topic_id: before.topic_id, ..options.of_log() };
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
        let after = verify_partition(&overlay, dir, &VerifyOptions::default())?;
        prediction.lost = losses(before, &after);
        let damage = after.all_findings().filter(|finding| finding.severity == Severity::Damage);
        prediction.remaining = damage.cloned().collect();
    }
    prediction.changes = overlay.changes();
    // What was written as it was before is no change.
    prediction.changes.retain(|change| {
        let is_same_len = change.before.is_some() && change.before == change.after && change.renamed_from.is_none();
        !is_same_len || read_whole(fs, &change.path).ok() != read_whole(&overlay, &change.path).ok()
    });
    Ok((prediction, overlay))
}

/// Segments that are shorter or gone.
fn losses(before: &PartitionReport, after: &PartitionReport) -> Vec<Loss> {
    let of = |at: usize, segment: &SegmentReport| {
        let base = segment.base_offset?;
        let next = before.segments[at + 1..].iter().find_map(|next| next.base_offset);
        // One that was split is several.
        let is_part = |left: &&SegmentReport| {
            left.base_offset.is_some_and(|left| left >= base && next.is_none_or(|next| left < next))
        };
        let (mut size, mut records, mut last, mut is_whole) = (0, 0, None, true);
        for left in after.segments.iter().filter(is_part) {
            (size, records, is_whole) = (size + left.size, records + left.records, false);
            last = left.last_offset.or(last);
        }
        if size >= segment.size && !is_whole {
            return None;
        }
        let first = last.map_or(segment.first_offset.unwrap_or(base), |last| last.saturating_add(1));
        Some(Loss {
            path: segment.path.clone(),
            bytes: segment.size - size,
            offsets: OffsetRange { first, last: segment.last_offset.filter(|&last| last >= first) },
            records: segment.records.saturating_sub(records),
            is_whole,
        })
    };
    before.segments.iter().enumerate().filter_map(|(at, segment)| of(at, segment)).collect()
}
