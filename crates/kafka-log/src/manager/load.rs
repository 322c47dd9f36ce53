//! From directories to logs (`startup`, `loadLogs`).

use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::Mutex;

use super::log_dir::LogDir;
use super::log_dir::checkpoint::{OffsetCheckpointFile, Offsets};
use super::logs::Hosted;
use super::unique_id::jitter;
use super::workers::Queue;
use super::{LogManager, ManagerError, UnreadableCheckpoint, Workers};
use crate::format::partition_dir::{PartitionDirName, PartitionDirState};
use crate::fs::Fs;
use crate::log::error::{LogError, StorageError};
use crate::log::{Log, LogOptions, OpenError, OpenReport, TopicPartition};

/// Folder of copies of remote indexes, which is no partition.
const REMOTE_INDEX_CACHE: &str = "remote-log-index-cache";
/// The metadata log, which has an owner of its own.
const METADATA_TOPIC: &str = "__cluster_metadata";

/// How the logs are loaded.
pub struct Startup<'a, F: Fs> {
    /// What topics set themselves, as names and values. Topics that set nothing need not be there.
    pub topics: &'a [(String, Vec<(String, String)>)],
    /// Whether a log does not belong on this broker any more: its topic is gone, or its replica is elsewhere
    /// (`isStrayReplica`). Its folder is renamed to end in `-stray`.
    pub is_stray: &'a (dyn Fn(&Log<F>) -> bool + Sync),
    /// Whether a log is the only replica of its partition. Its high watermark is the log end then, not what the checkpoint says, and
    /// follows it; see [`Log::set_sole_replica`].
    pub is_sole_replica: &'a (dyn Fn(&Log<F>) -> bool + Sync),
    /// Who does the work: `num.recovery.threads.per.data.dir` of them for each directory.
    pub workers: &'a dyn Workers,
    /// Called when a log has been opened, from any of the workers.
    pub on_loaded: &'a (dyn Fn(&LoadedLog<'_, F>) + Sync),
    /// Now, in ms since 1970.
    pub now_ms: i64,
}

impl<F: Fs> Startup<'_, F> {
    /// All logs belong here and may have other replicas, no topic sets anything, the calling thread does the work.
    pub fn plain(now_ms: i64) -> Self {
        Startup {
            topics: &[],
            is_stray: &|_| false,
            is_sole_replica: &|_| false,
            workers: &super::CallingThread,
            on_loaded: &|_| {},
            now_ms,
        }
    }
}

/// A log that has just been opened.
pub struct LoadedLog<'a, F: Fs> {
    /// The log.
    pub log: &'a Arc<Log<F>>,
    /// What was done to open it.
    pub report: &'a OpenReport,
    /// Whether its directory was shut down cleanly.
    pub had_clean_shutdown: bool,
    /// Logs of this directory that are still to come.
    pub remaining: usize,
}

/// What was loaded.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct LoadReport {
    /// Number of logs, those in `-delete`, `-stray` and `-future` folders among them.
    pub logs: usize,
    /// Directories without the marker of a clean stop, and with logs in them.
    pub unclean_dirs: Vec<PathBuf>,
    /// Checkpoints that could not be read. Everything is recovered, or starts with its first segment, where they are
    /// missed.
    pub unreadable_checkpoints: Vec<UnreadableCheckpoint>,
    /// Directories that failed meanwhile, and why.
    pub failed_dirs: Vec<(PathBuf, String)>,
}

/// A directory while its logs are being loaded.
struct Loading {
    dir: usize,
    had_clean_shutdown: bool,
    recovery_points: Offsets,
    log_start_offsets: Offsets,
    high_watermarks: Offsets,
    folders: Queue<String>,
    remaining: std::sync::atomic::AtomicUsize,
}

impl<F: Fs> LogManager<F> {
    /// [`Unloaded::load`](super::Unloaded::load).
    pub(super) fn load_logs(&self, startup: &Startup<'_, F>) -> Result<LoadReport, ManagerError> {
        let span = tracing::info_span!("load_logs");
        let _entered = span.enter();
        let _turn = self.turn.lock();
        {
            let mut settings = self.settings.write();
            for (topic, overrides) in startup.topics {
                settings.set(topic, overrides.clone())?;
            }
        }
        let mut report = LoadReport::default();
        let mut loading = Vec::new();
        for (at, dir) in self.dirs.iter().enumerate().filter(|(_, dir)| dir.is_online()) {
            match self.prepare(at, &mut report) {
                Ok(prepared) => loading.push(prepared),
                Err(ManagerError::Storage(error @ StorageError::Io { .. })) => dir.fail(error.to_string()),
                Err(error) => return Err(error),
            }
        }
        for dir in &loading {
            let path = self.dirs[dir.dir].path.display();
            tracing::info!(dir = %path, logs = dir.folders.len(), clean = dir.had_clean_shutdown, "loading logs");
        }
        report.logs = loading.iter().map(|dir| dir.folders.len()).sum();
        self.load_all(&loading, startup)?;
        for dir in &loading {
            self.lower_recovery_points(dir);
        }
        let failed = self.dirs.iter().filter_map(|dir| Some((dir.path.clone(), dir.failure()?)));
        report.failed_dirs = failed.collect();
        self.handle_failed_dirs();
        self.start_schedule(startup.now_ms);
        Ok(report)
    }

    /// What there is to load in a directory (the first half of `loadLogs`).
    fn prepare(&self, at: usize, report: &mut LoadReport) -> Result<Loading, ManagerError> {
        let dir = &self.dirs[at];
        let had_clean_shutdown = dir.take_clean_shutdown(&self.fs)?;
        let mut folders = Vec::new();
        for entry in self.fs.read_dir(&dir.path).map_err(StorageError::io("list", &dir.path))? {
            if !entry.is_dir || entry.name == REMOTE_INDEX_CACHE {
                continue;
            }
            match PartitionDirName::parse(&entry.name) {
                None => return Err(ManagerError::NotAPartition { path: dir.join(&entry.name) }),
                Some(name) if name.topic == METADATA_TOPIC => {}
                Some(_) => folders.push(entry.name),
            }
        }
        folders.sort_unstable();
        if !had_clean_shutdown && !folders.is_empty() {
            report.unclean_dirs.push(dir.path.clone());
        }
        let mut read = |file: &OffsetCheckpointFile| self.read_checkpoint(dir, file, report);
        let recovery_points = read(&dir.recovery_points);
        let log_start_offsets = read(&dir.log_start_offsets);
        let high_watermarks = read(&dir.high_watermarks);
        let cleaner_offsets = read(&dir.cleaner_file);
        *dir.cleaner_offsets.lock() = cleaner_offsets;
        let remaining = folders.len().into();
        let folders = Queue::new(folders);
        Ok(Loading {
            dir: at,
            had_clean_shutdown,
            recovery_points,
            log_start_offsets,
            high_watermarks,
            folders,
            remaining,
        })
    }

    /// A checkpoint that cannot be read is as good as none; one that the disk does not return takes the directory offline.
    fn read_checkpoint(&self, dir: &LogDir<F>, file: &OffsetCheckpointFile, report: &mut LoadReport) -> Offsets {
        file.read(&self.fs).unwrap_or_else(|error| {
            if matches!(error, StorageError::Io { .. }) {
                dir.fail(error.to_string());
            }
            tracing::warn!(%error, "checkpoint cannot be read, and counts as empty");
            report.unreadable_checkpoints.push(UnreadableCheckpoint(error));
            Offsets::default()
        })
    }

    /// Writes the recovery points of a directory down if a log ends, or was cut, below its own: with the old one a crash
    /// before the next checkpoint would leave what is appended up to there unrecovered. Kafka takes that chance.
    fn lower_recovery_points(&self, loading: &Loading) {
        let is_lower = |log: &Log<F>| {
            let before = loading.recovery_points.get(log.topic_partition());
            before.is_some_and(|&before| log.recovery_point() < before)
        };
        if self.logs.read().in_dir(loading.dir).iter().any(|log| is_lower(log)) {
            self.checkpoint_recovery_points_in(loading.dir);
        }
    }

    fn load_all(&self, loading: &[Loading], startup: &Startup<'_, F>) -> Result<(), ManagerError> {
        let first_error = Mutex::new(None);
        let work = |number: usize| {
            let dir = &loading[number % loading.len()];
            let mut opened = Vec::new();
            while let Some(folder) = dir.folders.take() {
                if first_error.lock().is_some() {
                    break;
                }
                match self.load(dir, folder, startup) {
                    Ok(found) => opened.extend(found),
                    Err(error) => {
                        first_error.lock().get_or_insert(error);
                    }
                }
            }
            let mut logs = self.logs.write();
            for (future, found) in opened {
                if let Err(error) = logs.add_found(future, found) {
                    first_error.lock().get_or_insert(error);
                }
            }
        };
        startup.workers.run(loading.len() * self.config.recovery_threads_per_data_dir.max(1), &work);
        first_error.into_inner().map_or(Ok(()), Err)
    }

    /// Opens one log and puts it where it belongs (`loadLog`): the answer is one to be used, and whether it is a future
    /// one.
    fn load(
        &self,
        loading: &Loading,
        folder: &str,
        startup: &Startup<'_, F>,
    ) -> Result<Option<(bool, Hosted<F>)>, ManagerError> {
        let dir = &self.dirs[loading.dir];
        let Some(name) = PartitionDirName::parse(folder).filter(|_| dir.is_online()) else { return Ok(None) };
        let path = dir.join(folder);
        let tp = TopicPartition::on_disk(name.topic, name.partition);
        let of = |offsets: &Offsets| offsets.get(&tp).copied().unwrap_or(0);
        let options = LogOptions {
            log_start_offset: of(&loading.log_start_offsets),
            recovery_point: of(&loading.recovery_points),
            had_clean_shutdown: loading.had_clean_shutdown,
            ..self.log_options(&self.settings.read().of(name.topic), dir, &tp, startup.now_ms)
        };
        let (log, report) = match Log::open(self.fs.clone(), &path, options) {
            Ok((log, report)) => (Arc::new(log), report),
            Err(error) if is_medium_failure(&error) => {
                dir.fail(error.to_string());
                return Ok(None);
            }
            Err(source) => return Err(ManagerError::Open { path, source: Box::new(source) }),
        };
        let remaining = loading.remaining.fetch_sub(1, std::sync::atomic::Ordering::AcqRel) - 1;
        let had_clean_shutdown = loading.had_clean_shutdown;
        (startup.on_loaded)(&LoadedLog { log: &log, report: &report, had_clean_shutdown, remaining });
        match name.state {
            PartitionDirState::Deleted => {
                log.mark_deleted();
                self.leaving.lock().push_back((log, startup.now_ms));
            }
            PartitionDirState::Stray => {
                log.mark_deleted();
                self.stray.lock().push(log);
            }
            PartitionDirState::Live | PartitionDirState::Future => {
                if (startup.is_stray)(&log) {
                    tracing::warn!(dir = %log.dir().display(), "log does not belong here and is put aside");
                    let renamed = self.put_away(loading.dir, &log, PartitionDirState::Stray);
                    if self.note_failure(loading.dir, renamed).is_ok() {
                        self.stray.lock().push(log);
                    }
                    return Ok(None);
                }
                let high_watermark = of(&loading.high_watermarks);
                let updated = log.update_high_watermark(high_watermark.max(0));
                let _ = self.note_failure(loading.dir, updated);
                let future = name.state == PartitionDirState::Future;
                if !future {
                    if (startup.is_sole_replica)(&log) {
                        let _ = self.note_failure(loading.dir, log.set_sole_replica(true));
                    }
                    self.observe(&log);
                }
                return Ok(Some((future, Hosted { log, dir: loading.dir })));
            }
        }
        Ok(None)
    }

    /// What all logs of a directory are opened with.
    pub(super) fn log_options(
        &self,
        config: &Arc<crate::log::config::LogConfig>,
        dir: &LogDir<F>,
        tp: &TopicPartition,
        now_ms: i64,
    ) -> LogOptions {
        let hash = tp.topic().bytes().fold(0_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(usize::from(byte)));
        let piece = hash.wrapping_add(tp.partition().unsigned_abs() as usize) % self.metrics.len();
        LogOptions {
            config: Arc::clone(config),
            health: dir.health.clone(),
            dir_lock: dir.lock(),
            metrics: Arc::clone(&self.metrics[piece]),
            recovery_threads: self.config.recovery_threads_per_log,
            producers: self.producer_config(),
            jitter: self.config.unique_id_seed.is_none().then_some(jitter),
            now_ms,
            ..LogOptions::default()
        }
    }
}

/// Whether the directory goes offline, as when the disk fails: Kafka takes an epoch checkpoint that it cannot read for
/// that.
pub(super) fn is_medium_failure(error: &OpenError) -> bool {
    let is_io =
        |error: &LogError| matches!(error, LogError::Storage(StorageError::Io { .. } | StorageError::Offline { .. }));
    match error {
        OpenError::Checkpoint(_) => true,
        OpenError::Log(error) => is_io(error),
        _ => false,
    }
}
