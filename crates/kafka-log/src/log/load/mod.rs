//! From the files of a partition to a log (`LogLoader`, `UnifiedLog.create`).
//!
//! In this order: what interrupted deletions, cleanings and splits left behind is finished or undone (`leftovers`); the
//! segments are found, and those without an offset index recovered (`segments`); after an unclean stop everything from the
//! recovery point on is recovered (`recover`); log start, log end, leader epochs and producers are brought in line.
//! Whatever is rebuilt, cut or deleted on the way is in the [`OpenReport`].

mod error;
mod leftovers;
mod recover;
mod report;
mod segments;
mod split;

use std::any::Any;
use std::io;
use std::path::Path;
use std::sync::Arc;

pub use error::OpenError;
pub use report::{OpenReport, RecoveredSegment, RecoveryReason};

use super::epochs::LeaderEpochCache;
use super::error::{LogError, StorageError};
use super::metrics::TrafficCounters;
use super::observer::Observed;
use super::offsets::Offsets;
use super::producers::ProducerStateManager;
use super::segments::{Segments, rebuild_producer_state};
use super::state::LogState;
use super::types::LogOffsetMetadata;
use super::upkeep::{Syncs, Task, Work};
use super::writer::{Writer, WriterLock};
use super::{Log, LogOptions, TopicPartition, segment_options};
use crate::format::checkpoint_file::{CheckpointException, exception_of};
use crate::format::file_name::{FileKind, FileName, FileState};
use crate::format::partition_dir::{PartitionDirName, PartitionDirState};
use crate::format::partition_metadata::PartitionMetadata;
use crate::fs::{Fs, read_whole};
use crate::segment::log_segment::{Home, LogSegment, SegmentOptions};
use crate::sync::{AtomicBool, AtomicI64, Mutex, RwLock};

/// What the parts of a load share.
struct Loader<'l, F: Fs> {
    home: &'l Home<F>,
    options: &'l LogOptions,
    segment_options: SegmentOptions,
    segments: Segments<F>,
    epochs: LeaderEpochCache,
    producers: ProducerStateManager,
    /// The producers after the recovery of the last segment, unless snapshots have been changed since.
    recovered_producers: Option<ProducerStateManager>,
    report: OpenReport,
    tasks: Vec<Task>,
    /// Names of all files in order, as long as none has come or gone.
    names: Option<Vec<String>>,
    /// Whether a write of the leader epochs was interrupted.
    has_epochs_temporary: bool,
}

impl<F: Fs> Log<F> {
    /// Opens the log in `dir`, which is named after the partition, and makes it if there is none.
    ///
    /// After a clean shutdown it reads a few small files and the end of the last segment; after another one it recovers
    /// what lies after the recovery point. Nothing stays mapped or open.
    ///
    /// # Errors
    /// Whatever Kafka refuses to start with; the report of what had been done until then is lost, the files are as far as
    /// they came.
    pub fn open(fs: F, dir: &Path, options: LogOptions) -> Result<(Self, OpenReport), OpenError> {
        let span = tracing::info_span!("open_log", dir = %dir.display());
        let _entered = span.enter();
        options.health.check(dir)?;
        let opened = Self::load(fs, dir, &options);
        if let Err(OpenError::Log(LogError::Storage(StorageError::Io { .. }))) = &opened {
            options.health.set_offline();
        }
        opened
    }

    fn load(fs: F, dir: &Path, options: &LogOptions) -> Result<(Self, OpenReport), OpenError> {
        let name = dir.file_name().unwrap_or_default().to_string_lossy();
        let parsed = PartitionDirName::parse(&name).ok_or_else(|| OpenError::NotAPartition(dir.to_owned()))?;
        let topic_partition = TopicPartition::on_disk(parsed.topic, parsed.partition);
        let home = Home::new(fs, dir);
        let mut names = list_files(home.fs(), dir);
        if names.as_ref().is_err_and(|e| e.kind() == io::ErrorKind::NotFound) {
            home.fs().create_dir_all(dir).map_err(StorageError::io("create", dir))?;
            names = Ok(Vec::new());
        }
        let mut names = names.map_err(StorageError::io("list", dir))?;
        let dir_lock = match &options.dir_lock {
            Some(lock) => Some(Arc::clone(lock)),
            None => {
                let lock = lock_folder(home.fs(), dir)?;
                if lock.is_some() {
                    // The owner before may have changed them.
                    names = list_files(home.fs(), dir).map_err(StorageError::io("list", dir))?;
                }
                lock
            }
        };
        if !options.had_clean_shutdown {
            home.note_names();
        }
        let epochs = LeaderEpochCache::open(home.fs(), dir).map_err(of_epochs)?;
        let producers = ProducerStateManager::open_listed(dir, &names, options.producers)?;
        let mut loader = Loader {
            home: &home,
            options,
            segment_options: segment_options(&options.config, options.jitter),
            segments: Segments::new(Vec::new()),
            epochs,
            producers,
            recovered_producers: None,
            report: OpenReport::default(),
            tasks: Vec::new(),
            names: Some(names),
            has_epochs_temporary: false,
        };
        loader.finish_or_undo_leftovers()?;
        loader.split_on_overflow(Loader::load_segments)?;
        let (recovery_point, next_offset) = if parsed.state == PartitionDirState::Deleted {
            if loader.segments.is_empty() {
                loader.add_empty_segment(0)?;
            }
            (0, 0)
        } else {
            let offsets = loader.split_on_overflow(Loader::recover_log)?;
            if let Some(last) = loader.segments.last() {
                last.make_active(&loader.segment_options);
            }
            offsets
        };
        let first_base = loader.segments.first().map_or(0, |first| first.base_offset());
        let log_start = options.log_start_offset.max(first_base);
        let from_end = loader.epochs.truncate_from_end(next_offset);
        let from_start = loader.epochs.truncate_from_start(options.log_start_offset);
        if from_end || from_start {
            loader.schedule(Work::WriteEpochs);
        }
        let bases: Vec<i64> = loader.segments.all().iter().map(|segment| segment.base_offset()).collect();
        let has_changed = loader.report != OpenReport::default();
        loader.producers.remove_stray_snapshots(home.fs(), dir, &bases, has_changed)?;
        rebuild_producer_state(
            &mut loader.producers,
            &home,
            &loader.segments,
            log_start,
            next_offset,
            options.had_clean_shutdown,
            options.now_ms,
        )?;
        loader.remove_epochs_temporary()?;
        let Loader { segments, epochs, producers, mut report, tasks, .. } = loader;
        report.log_start_offset = log_start;
        report.log_end_offset = next_offset;
        report.recovery_point = recovery_point;
        let log = Log {
            topic_partition,
            home,
            config: RwLock::new(Arc::clone(&options.config)),
            health: options.health.clone(),
            state: LogState::default(),
            dir_lock: Mutex::new(dir_lock),
            writer: WriterLock::new(Writer {
                producers,
                epochs,
                topic_id: options.topic_id,
                is_metadata_due: false,
                is_unstable: false,
            }),
            offsets: RwLock::new(initial_offsets(&segments, log_start, recovery_point, next_offset)),
            segments: RwLock::new(Arc::new(segments)),
            tasks: Mutex::new(tasks),
            syncs: Syncs::default(),
            last_flush_ms: AtomicI64::new(options.now_ms),
            metrics: Arc::clone(&options.metrics),
            traffic: TrafficCounters::default(),
            observed: Observed::default(),
            is_sole_replica: AtomicBool::new(false),
            jitter: options.jitter,
        };
        if !options.had_clean_shutdown || !report.recovered_segments.is_empty() {
            log.syncs.note_sealed_change();
        }
        log.settle(log_start, options)?;
        Ok((log, report))
    }

    /// What `UnifiedLog`'s constructor does with what was loaded.
    fn settle(&self, log_start: i64, options: &LogOptions) -> Result<(), OpenError> {
        let mut writer = self.writer.lock();
        self.set_log_start(&mut writer, log_start)?;
        {
            let mut offsets = self.offsets.write();
            offsets.recovery_point = offsets.recovery_point.max(log_start);
        }
        if self.high_watermark() < log_start {
            self.update_high_watermark_locked(&mut writer, log_start)?;
        }
        self.update_first_unstable(&mut writer)?;
        self.adopt_topic_id(&mut writer, options)?;
        if let Some(last) = self.segments.read().last() {
            last.release_idle(&self.home)?;
        }
        Ok(())
    }

    /// (`initializeTopicId`)
    fn adopt_topic_id(&self, writer: &mut Writer, options: &LogOptions) -> Result<(), OpenError> {
        let path = self.home.path(FileName::fixed(FileKind::PartitionMetadata));
        match read_whole(self.home.fs(), &path).map_err(StorageError::io("read", &path))? {
            Some(bytes) => {
                let found = PartitionMetadata::read(&bytes).map_err(StorageError::corrupt(&path))?.topic_id;
                if let Some(given) = options.topic_id.filter(|&given| given != found) {
                    return Err(OpenError::InconsistentTopicId { path, given, found });
                }
                writer.topic_id = Some(found);
            }
            None if options.topic_id.is_some() => {
                writer.is_metadata_due = true;
                self.schedule(options.now_ms, Work::WriteMetadata);
            }
            None => {}
        }
        Ok(())
    }
}

/// Names of the files in a directory, in order.
fn list_files<F: Fs>(fs: &F, dir: &Path) -> io::Result<Vec<String>> {
    let files = fs.read_dir(dir)?.into_iter().filter(|entry| !entry.is_dir);
    let mut names: Vec<String> = files.map(|entry| entry.name).collect();
    names.sort_unstable();
    Ok(names)
}

/// A lock on the folder of the partition; `None` on a file system that cannot lock folders.
fn lock_folder<F: Fs>(fs: &F, dir: &Path) -> Result<Option<Arc<dyn Any + Send + Sync>>, OpenError> {
    match fs.try_lock_dir(dir) {
        Ok(Some(lock)) => Ok(Some(Arc::new(lock))),
        Ok(None) => Err(OpenError::Locked(dir.to_owned())),
        Err(e) if e.kind() == io::ErrorKind::Unsupported => Ok(None),
        Err(e) => Err(StorageError::io("lock", dir)(e).into()),
    }
}

/// Kafka wraps what is wrong with the form of a checkpoint, but not what is wrong with a number in it.
fn of_epochs(error: LogError) -> OpenError {
    match error {
        LogError::Storage(StorageError::Corrupt { path, source }) => {
            let exception = exception_of(&source);
            let error = StorageError::Corrupt { path, source };
            match exception {
                CheckpointException::Io => OpenError::Checkpoint(error),
                CheckpointException::NumberFormat => OpenError::CheckpointNumber(error),
                CheckpointException::IllegalArgument => LogError::IllegalArgument(error.to_string()).into(),
            }
        }
        error => error.into(),
    }
}

fn initial_offsets<F: Fs>(segments: &Segments<F>, log_start: i64, recovery_point: i64, log_end: i64) -> Offsets {
    let log_end = match segments.last() {
        Some(active) => LogOffsetMetadata::at(log_end, active.base_offset(), active.size()),
        None => LogOffsetMetadata::offset_only(log_end),
    };
    Offsets {
        log_start,
        log_end,
        high_watermark: LogOffsetMetadata::offset_only(log_start),
        first_unstable: None,
        recovery_point,
        truncations: 0,
    }
}

impl<F: Fs> Loader<'_, F> {
    fn add_empty_segment(&mut self, base_offset: i64) -> Result<(), OpenError> {
        let now_ms = self.options.now_ms;
        let segment = LogSegment::create(self.home, base_offset, FileState::Live, &self.segment_options, now_ms)
            .map_err(LogError::from)?;
        self.segments.add(Arc::new(segment));
        Ok(())
    }

    /// Whether segments may be broken in ways that Kafka does not start with: they are recovered, unless refusing them was asked for.
    fn goes_beyond_kafka(&self) -> bool {
        !self.options.had_clean_shutdown && !self.options.refuse_like_kafka
    }

    fn schedule(&mut self, work: Work) {
        self.tasks.push(Task { due_ms: self.options.now_ms, work });
    }

    fn schedule_removal(&mut self, names: Vec<String>) {
        if !names.is_empty() {
            let due_ms = self.options.now_ms.saturating_add(self.options.config.file_delete_delay_ms);
            self.tasks.push(Task { due_ms, work: Work::RemoveFiles(names) });
        }
    }
}
