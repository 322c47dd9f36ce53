//! One partition's log: the engine (`UnifiedLog`, `LocalLog`).
//!
//! [`Log::open`] brings the files of a partition into the state that Kafka's loader brings them to, and tells what it did;
//! then there is a verb a module: [`Log::append_as_leader`], [`Log::append_as_follower`], [`Log::read`],
//! [`Log::offset_for_timestamp`], [`Log::roll`], [`Log::flush`], [`Log::truncate_to`], [`Log::delete_old_segments`],
//! [`Log::close`]. All take `&self` and may be called from any thread: one appends at a time, no reader waits for him.
//!
//! Nothing here looks at a clock or starts a thread: `now_ms` comes in, and [`Log::run_due`] does what may be done later.

pub mod analyze;
pub mod cleaner;
pub mod config;
pub mod epochs;
pub mod error;
pub mod load;
pub mod metrics;
pub mod producers;
pub mod types;
pub mod validate;

mod append;
mod append_group;
mod close;
mod debug;
mod flush;
mod health;
mod lookup;
mod metadata;
mod options;
mod read;
mod rebuild;
mod replace;
mod retention;
mod roll;
mod slice;
mod split;
mod state;
mod tasks;
mod tiered;
mod truncate;
mod watermark;
mod writer;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

pub use append::LeaderAppend;
pub use append_group::GroupedAppend;
pub use health::DirHealth;
pub use load::{OpenError, OpenReport};
pub use lookup::{TimestampAndOffset, TimestampSpec};
pub use options::{LogOptions, TopicPartition};
pub use read::FetchDataInfo;
pub use slice::FileSlice;
pub use tiered::TierableSegment;
pub use watermark::LogStartOffsetReason;

use crate::format::leader_epoch_checkpoint::EpochEntry;
use crate::format::uuid::Uuid;
use crate::fs::{Fs, OsFs};
use crate::segment::log_segment::{Home, LogSegment, SegmentError, SegmentOptions};
use crate::sync::{AtomicBool, AtomicI64, Mutex, RwLock};
use config::LogConfig;
use error::{AppendError, LogError, Refused, StorageError};
use flush::Syncs;
use metrics::LogMetrics;
use producers::{ProducerState, VerificationGuard};
use state::{Offsets, Segments};
use tasks::Task;
use writer::WriterLock;

/// The log of one partition (`UnifiedLog`).
pub struct Log<F: Fs = OsFs> {
    topic_partition: TopicPartition,
    home: Home<F>,
    config: RwLock<Arc<LogConfig>>,
    health: DirHealth,
    is_closed: AtomicBool,
    writer: WriterLock<F>,
    segments: RwLock<Arc<Segments<F>>>,
    offsets: RwLock<Offsets>,
    tasks: Mutex<Vec<Task>>,
    syncs: Syncs,
    last_flush_ms: AtomicI64,
    metrics: Arc<LogMetrics>,
    remote_storage_system_enable: bool,
    jitter: Option<fn(i64) -> i64>,
    append_ahead_bytes: u32,
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

    /// Id of the topic, if it has one.
    pub fn topic_id(&self) -> Option<Uuid> {
        self.writer.lock_beside_segments().topic_id
    }

    /// First offset that may be read.
    pub fn log_start_offset(&self) -> i64 {
        self.offsets.read().log_start
    }

    /// First offset that is in local files; above the log start only with tiered storage.
    pub fn local_log_start_offset(&self) -> i64 {
        self.offsets.read().local_log_start
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

    /// First offset of the oldest transaction that is open, or whose marker is not below the high watermark.
    pub fn first_unstable_offset(&self) -> Option<i64> {
        self.offsets.read().first_unstable.map(|unstable| unstable.message_offset)
    }

    /// Offset up to which all is on the medium.
    pub fn recovery_point(&self) -> i64 {
        self.offsets.read().recovery_point
    }

    /// When something was flushed last, in ms.
    pub fn last_flush_ms(&self) -> i64 {
        self.last_flush_ms.load(Ordering::Relaxed)
    }

    /// Bytes in all local segments.
    pub fn size(&self) -> u64 {
        self.segments.read().size()
    }

    /// The segments as they are now, oldest first; the last one is active.
    pub fn segments(&self) -> Vec<Arc<LogSegment<F>>> {
        self.segments.read().all().to_vec()
    }

    /// What the log counts, perhaps together with others.
    pub fn metrics(&self) -> &Arc<LogMetrics> {
        &self.metrics
    }

    /// Where the files are; what a segment needs to get at its own.
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
    /// `IllegalArgument` for negative numbers; those of the medium.
    pub fn assign_epoch_start_offset(&self, epoch: i32, start_offset: i64) -> Result<(), LogError> {
        self.check_usable()?;
        let mut writer = self.writer.lock_beside_segments();
        let assigned = writer.epochs.assign(self.home.fs(), &self.home.dir(), epoch, start_offset);
        self.guard(assigned).map(|_| ())
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
    /// Those of the medium.
    pub fn take_producer_snapshot(&self) -> Result<(), LogError> {
        self.check_usable()?;
        let taken = self.writer.lock_beside_segments().producers.take_snapshot(self.home.fs(), &self.home.dir(), true);
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

    /// Lets go of open files, maps and memory that are not needed until the next read or append.
    ///
    /// # Errors
    /// Those of the medium: index entries in memory are written first.
    pub fn release_idle(&self) -> Result<(), LogError> {
        self.check_usable()?;
        let segments = Arc::clone(&self.segments.read());
        // No append must run meanwhile: it would have to load everything again.
        let _writer = self.writer.lock();
        segments.all().iter().try_for_each(|segment| self.guard(segment.release_idle(&self.home)))?;
        Ok(())
    }

    fn remote_log_enabled(&self, config: &LogConfig) -> bool {
        self.remote_storage_system_enable && config.remote_storage_enable && !config.compact
    }

    fn segment_options(&self, config: &LogConfig) -> SegmentOptions {
        segment_options(config, self.jitter)
    }

    /// Whether the log takes calls at all.
    fn check_usable(&self) -> Result<(), StorageError> {
        if self.is_closed.load(Ordering::Acquire) {
            return Err(StorageError::Closed { path: self.home.dir().to_path_buf() });
        }
        if self.health.is_offline() { self.health.check(&self.home.dir()) } else { Ok(()) }
    }

    /// Takes the log offline when the medium failed.
    fn guard<T, E: MediumFailure>(&self, result: Result<T, E>) -> Result<T, E> {
        self.watch(&result);
        result
    }

    /// As [`Self::guard`], of what stays where it is.
    fn watch<T, E: MediumFailure>(&self, result: &Result<T, E>) {
        if let Err(error) = result
            && error.is_medium_failure()
        {
            self.health.set_offline();
        }
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

/// Errors that may say that the medium failed.
trait MediumFailure {
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
