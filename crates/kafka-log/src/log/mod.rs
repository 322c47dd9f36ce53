//! One partition's log: the engine (`UnifiedLog`, `LocalLog`).
//!
//! [`Log::open`] brings the files of a partition into the state that Kafka's loader brings them to, and tells what it did;
//! then there is a verb a module: [`Log::append_as_leader`], [`Log::append_as_follower`], [`Log::read`],
//! [`Log::offset_for_timestamp`], [`Log::roll`], [`Log::flush`], [`Log::truncate_to`], [`Log::delete_old_segments`],
//! [`Log::close`]. All take `&self` and may be called from any thread: one appends at a time, no reader waits for him.
//!
//! Nothing here looks at a clock or starts a thread: `now_ms` comes in, and [`Log::run_due`] does what may be done later.

pub(crate) mod cleaner;
pub mod config;
pub(crate) mod epochs;
pub mod error;
pub mod metrics;
pub(crate) mod producers;
pub mod types;
pub(crate) mod validate;

mod append;
mod health;
mod load;
mod observer;
mod offsets;
mod options;
mod read;
mod segments;
mod state;
mod topic_partition;
mod upkeep;
mod writer;

use std::any::Any;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

pub(crate) use append::analyze;
pub use append::{Answer, Combiner, GroupAppend, GroupedAppend, LeaderAppend};
pub use cleaner::{Cleaned, CleanerStats};
pub use health::DirHealth;
pub use load::{OpenError, OpenReport, RecoveredSegment, RecoveryReason};
pub use observer::LogObserver;
pub use offsets::LogStartOffsetReason;
pub use options::LogOptions;
pub use producers::{ProducerState, ProducerStateConfig, VerificationGuard};
pub use read::{FetchDataInfo, FileSlice, TimestampAndOffset, TimestampSpec};
pub use state::Ended;
pub use topic_partition::{InvalidTopic, TOPIC_NAME_LEN_MAX, TopicPartition, validate_topic_name};

use crate::format::leader_epoch_checkpoint::EpochEntry;
use crate::format::uuid::Uuid;
use crate::fs::{Fs, OsFs};
use crate::segment::log_segment::{Home, LogSegment, SegmentError, SegmentOptions};
use crate::sync::{AtomicBool, AtomicI64, Mutex, RwLock};
use config::LogConfig;
use error::{AppendError, LogError, Refused, StorageError};
use metrics::{LogMetrics, Traffic, TrafficCounters};
use observer::Observed;
use offsets::Offsets;
use segments::Segments;
use state::LogState;
use types::Watermarks;
use upkeep::{Syncs, Task};
use writer::WriterLock;

/// The log of one partition (`UnifiedLog`).
pub struct Log<F: Fs = OsFs> {
    topic_partition: TopicPartition,
    home: Home<F>,
    config: RwLock<Arc<LogConfig>>,
    health: DirHealth,
    state: LogState,
    /// Held until the log ends.
    dir_lock: Mutex<Option<Arc<dyn Any + Send + Sync>>>,
    writer: WriterLock<F>,
    segments: RwLock<Arc<Segments<F>>>,
    offsets: RwLock<Offsets>,
    tasks: Mutex<Vec<Task>>,
    syncs: Syncs,
    last_flush_ms: AtomicI64,
    metrics: Arc<LogMetrics>,
    traffic: TrafficCounters,
    observed: Observed,
    /// Whether the high watermark follows the log end.
    is_sole_replica: AtomicBool,
    jitter: Option<fn(i64) -> i64>,
}

impl<F: Fs> Log<F> {
    /// Topic and partition.
    pub fn topic_partition(&self) -> &TopicPartition {
        &self.topic_partition
    }

    /// The directory of the partition.
    pub fn dir(&self) -> Arc<Path> {
        self.home.dir()
    }

    /// The settings in force.
    pub fn config(&self) -> Arc<LogConfig> {
        Arc::clone(&self.config.read())
    }

    /// Puts other settings in force (`updateConfig`). Sizes of indexes take effect with the next segment.
    pub fn update_config(&self, config: Arc<LogConfig>) {
        *self.config.write() = config;
    }

    /// Puts other settings of producers in force.
    pub fn update_producer_config(&self, config: ProducerStateConfig) {
        self.writer.lock_beside_segments().producers.set_config(config);
    }

    /// Id of the topic, if it has one.
    pub fn topic_id(&self) -> Option<Uuid> {
        self.writer.lock_beside_segments().topic_id
    }

    /// First offset that may be read.
    pub fn log_start_offset(&self) -> i64 {
        self.offsets.read().log_start
    }

    /// The offset that the next record gets.
    pub fn log_end_offset(&self) -> i64 {
        self.offsets.read().log_end_offset()
    }

    /// First offset that consumers do not see yet.
    pub fn high_watermark(&self) -> i64 {
        self.offsets.read().high_watermark.message_offset
    }

    /// First offset that consumers of committed records do not see yet.
    pub fn last_stable_offset(&self) -> i64 {
        self.offsets.read().last_stable_offset()
    }

    /// Log start, last stable offset, high watermark and log end, as they were at one moment.
    pub fn watermarks(&self) -> Watermarks {
        self.offsets.read().watermarks()
    }

    /// First offset of the oldest transaction that is open, or whose marker is not below the high watermark.
    pub fn first_unstable_offset(&self) -> Option<i64> {
        self.offsets.read().first_unstable.map(|unstable| unstable.message_offset)
    }

    /// Offset up to which all is on disk.
    pub fn recovery_point(&self) -> i64 {
        self.offsets.read().recovery_point
    }

    /// When something was flushed last, in ms.
    pub(crate) fn last_flush_ms(&self) -> i64 {
        self.last_flush_ms.load(Ordering::Relaxed)
    }

    /// Bytes in all local segments.
    pub fn size(&self) -> u64 {
        self.segments.read().size()
    }

    /// The segments as they are now, oldest first; the last one is active. For this workspace's tests.
    #[doc(hidden)]
    pub fn segments(&self) -> Vec<Arc<LogSegment<F>>> {
        self.segments.read().all().to_vec()
    }

    /// What the log counts, perhaps together with others.
    pub fn metrics(&self) -> &Arc<LogMetrics> {
        &self.metrics
    }

    /// What producers and consumers have moved through the log since it was opened.
    pub fn traffic(&self) -> Traffic {
        self.traffic.get()
    }

    /// Where the files are; what a segment needs to get at its own. For this workspace's tests.
    #[doc(hidden)]
    pub fn home(&self) -> &Home<F> {
        &self.home
    }

    /// The leader epochs, ascending.
    pub fn epochs(&self) -> Vec<EpochEntry> {
        self.writer.lock_beside_segments().epochs.entries().to_vec()
    }

    /// The last leader epoch.
    pub fn latest_epoch(&self) -> Option<i32> {
        self.writer.lock_beside_segments().epochs.latest_epoch()
    }

    /// Notes that a leader epoch starts at an offset (`assignEpochStartOffset`).
    ///
    /// # Errors
    /// `IllegalArgument` for negative numbers; I/O errors.
    pub fn assign_epoch_start_offset(&self, epoch: i32, start_offset: i64) -> Result<(), LogError> {
        let mut writer = self.lock_usable_beside_segments()?;
        let assigned = writer.epochs.assign(self.home.fs(), &self.home.dir(), epoch, start_offset);
        self.guard(assigned).map(|_| ())
    }

    /// Notes that a leader epoch starts at the log end. It has no records yet, and is on disk before the first of them. Kafka
    /// writes it at once; a crash before the first record leaves the same answers either way, because the next leader has
    /// another epoch.
    ///
    /// # Errors
    /// `IllegalArgument` for a negative epoch; a log that is offline or has ended.
    pub fn begin_epoch(&self, epoch: i32) -> Result<(), LogError> {
        let mut writer = self.lock_usable_beside_segments()?;
        writer.epochs.announce(epoch, self.log_end_offset()).map(|_| ())
    }

    /// The largest epoch not above `epoch`, and the offset where it ends (`endOffsetForEpoch`).
    pub fn end_offset_for_epoch(&self, epoch: i32) -> Option<(i32, i64)> {
        let writer = self.writer.lock_beside_segments();
        writer.epochs.end_offset_for(epoch, self.log_end_offset())
    }

    /// Visits all producers that are known, with their ids (`activeProducers`).
    pub fn for_each_producer(&self, mut visit: impl FnMut(i64, &ProducerState)) {
        self.writer.lock_beside_segments().producers.active_producers().for_each(|(id, state)| visit(id, state));
    }

    /// The offset that the producer state reflects (`latestProducerStateEndOffset`).
    pub fn producer_state_end_offset(&self) -> i64 {
        self.writer.lock_beside_segments().producers.map_end_offset()
    }

    /// Forgets producers that have been silent for too long.
    pub fn remove_expired_producers(&self, now_ms: i64) {
        self.writer.lock_beside_segments().producers.remove_expired(now_ms);
    }

    /// Whether a transaction has been silent for longer than it may.
    pub fn has_late_transaction(&self, now_ms: i64) -> bool {
        self.writer.lock_beside_segments().producers.has_late_transaction(now_ms)
    }

    /// Writes a snapshot of the producers, if their state has moved past the last one.
    ///
    /// # Errors
    /// I/O errors.
    pub fn take_producer_snapshot(&self) -> Result<(), LogError> {
        self.check_usable()?;
        let taken = self.lock_usable_beside_segments()?.producers.take_snapshot(self.home.fs(), &self.home.dir(), true);
        Ok(self.guard(taken).map(|_| ())?)
    }

    /// Starts the verification of a transaction, or joins one that runs (`maybeStartTransactionVerification`). The guard
    /// goes along with the first append of the transaction; the sentinel means that none is needed.
    ///
    /// # Errors
    /// `InvalidProducerEpoch`, `OutOfOrderSequence`.
    pub fn maybe_start_transaction_verification(
        &self,
        producer_id: i64,
        sequence: i32,
        epoch: i16,
        supports_epoch_bump: bool,
        now_ms: i64,
    ) -> Result<VerificationGuard, AppendError> {
        let mut writer = self.writer.lock_beside_segments();
        writer.producers.maybe_start_transaction_verification(producer_id, sequence, epoch, supports_epoch_bump, now_ms)
    }

    /// The guard that is out for a producer, the sentinel without one.
    pub fn verification_guard(&self, producer_id: i64) -> VerificationGuard {
        self.writer.lock_beside_segments().producers.verification_guard(producer_id)
    }

    /// Lets go of open files and memory that are not needed until the next read or append.
    ///
    /// # Errors
    /// I/O errors: index entries in memory are written first.
    pub fn release_idle(&self) -> Result<(), LogError> {
        self.check_usable()?;
        let segments = Arc::clone(&self.segments.read());
        // No append must run meanwhile: it would have to load everything again.
        let _writer = self.lock_usable()?;
        segments.all().iter().try_for_each(|segment| self.guard(segment.release_idle(&self.home)))?;
        Ok(())
    }

    fn segment_options(&self, config: &LogConfig) -> SegmentOptions {
        segment_options(config, self.jitter)
    }

    /// Takes the log offline when the disk failed.
    fn guard<T, E: MediumFailure>(&self, result: Result<T, E>) -> Result<T, E> {
        self.watch(&result);
        result
    }

    /// As [`Self::guard`], of what stays where it is.
    fn watch<T, E: MediumFailure>(&self, result: &Result<T, E>) {
        if let Err(error) = result
            && error.is_medium_failure()
            // The files of a deleted log may be gone.
            && self.ended() != Some(Ended::Deleted)
        {
            if !self.health.is_offline() {
                tracing::error!(partition = %self.topic_partition, %error, "the log directory goes offline");
            }
            self.health.set_offline();
        }
    }
}

impl<F: Fs> fmt::Debug for Log<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Log")
            .field("dir", &self.dir())
            .field("log_start_offset", &self.log_start_offset())
            .field("high_watermark", &self.high_watermark())
            .field("log_end_offset", &self.log_end_offset())
            .finish_non_exhaustive()
    }
}

fn segment_options(config: &LogConfig, jitter: Option<fn(i64) -> i64>) -> SegmentOptions {
    let jitter_ms = config.segment_jitter_ms.min(config.segment_ms);
    SegmentOptions {
        index_bytes_max: config.segment_index_bytes.max(0).cast_unsigned(),
        index_interval_bytes: config.index_interval_bytes.max(0).cast_unsigned(),
        roll_jitter_ms: jitter.filter(|_| jitter_ms > 0).map_or(0, |draw| draw(jitter_ms)),
        preallocate_bytes: config.preallocate.then(|| u64::from(config.segment_bytes.max(0).cast_unsigned())),
    }
}

/// Errors that may say that the disk failed.
trait MediumFailure: fmt::Display {
    fn is_medium_failure(&self) -> bool;
}

impl MediumFailure for StorageError {
    fn is_medium_failure(&self) -> bool {
        matches!(self, StorageError::Io { .. })
    }
}

impl MediumFailure for SegmentError {
    fn is_medium_failure(&self) -> bool {
        matches!(self, SegmentError::Storage(error) if error.is_medium_failure())
    }
}

impl MediumFailure for LogError {
    fn is_medium_failure(&self) -> bool {
        matches!(self, LogError::Storage(error) if error.is_medium_failure())
    }
}

impl MediumFailure for Refused {
    fn is_medium_failure(&self) -> bool {
        self.as_ref().is_medium_failure()
    }
}

impl MediumFailure for AppendError {
    fn is_medium_failure(&self) -> bool {
        matches!(self, AppendError::Storage(error) if error.is_medium_failure())
    }
}
