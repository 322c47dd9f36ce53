//! Many logs in several directories (`LogManager`).
//!
//! [`LogManager::open`] locks the directories, [`Unloaded::load`] loads what is in them, then there is a verb a module: [`LogManager::get_or_create_log`], [`LogManager::async_delete`], [`LogManager::truncate_to`],
//! [`LogManager::replace_current_with_future_log`], [`LogManager::update_topic_config`] and so on; at the end
//! [`LogManager::shutdown`]. Records are appended to the [`Log`]s themselves and read from them.
//!
//! Nothing here looks at a clock or starts a thread of its own: time comes in as `now_ms`, threads as [`Workers`].
//! [`LogManager::tick`] does all upkeep that is due: retention, flushes, checkpoints, removal of files, cleaning. Who wants
//! threads that do this by themselves takes [`background::Background`].
//!
//! # Files at the top of a log directory
//!
//! | file | what | written |
//! | --- | --- | --- |
//! | `.lock` | held as long as the manager lives | once |
//! | `meta.properties` | whose directory this is | when it is formatted; the manager only reads it |
//! | `.kafka_cleanshutdown` | the last stop was clean | by [`LogManager::shutdown`]; removed by [`Unloaded::load`] |
//! | `recovery-point-offset-checkpoint` | what need not be recovered | every minute, at truncations, moves, deletions, and at the end |
//! | `log-start-offset-checkpoint` | starts that are not those of a segment | every minute, at moves, deletions, and at the end |
//! | `replication-offset-checkpoint` | high watermarks | every 5 s and at the end |
//! | `cleaner-offset-checkpoint` | first dirty offsets | after each round of cleaning |
//!
//! Checkpoints are replaced as a whole. What one of them says may be older than the log, never newer.
//!
//! # Failure
//!
//! A directory fails as a whole: after a failed write, sync or rename every log in it answers `Offline`
//! (`KafkaStorageException`), the others go on. Errors that logs give to appends need not be told to the manager:
//! it sees them at the next [`LogManager::tick`], drops the logs of the directory and lets go of its lock.

pub mod background;

mod checkpoints;
mod cleaning;
mod config;
mod create;
mod delete;
mod error;
mod failure;
mod format;
mod load;
mod log_dir;
mod logs;
mod move_dir;
mod schedule;
mod settings;
mod shutdown;
#[cfg(test)]
mod testing;
mod topics;
mod truncate;
mod unique_id;
mod unloaded;
mod upkeep;
mod workers;

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard, RwLock};

pub use cleaning::CleaningOutcome;
pub use config::{LogCleanerConfig, LogManagerConfig, MANAGER_CONFIG_NAMES};
pub use create::CreateLog;
pub use error::{ManagerError, UnreadableCheckpoint};
pub use format::{random_uuid, write_meta_properties};
pub use load::{LoadReport, LoadedLog, Startup};
pub use log_dir::LogDirInfo;
pub use schedule::TickReport;
pub use shutdown::ShutdownReport;
pub use topics::{NewTopic, TopicInfo};
pub use unloaded::Unloaded;
pub use workers::{CallingThread, StdThreads, Workers};

use crate::format::partition_dir::{PartitionDirName, PartitionDirState};
use crate::fs::{Fs, OsFs};
use crate::log::config::LogConfig;
use crate::log::metrics::{LogMetrics, Traffic};
use crate::log::producers::ProducerStateConfig;
use crate::log::{Log, LogObserver, TopicPartition};
use cleaning::Cleaning;
use log_dir::LogDir;
use logs::Logs;
use schedule::Schedule;
use settings::Settings;
use unique_id::UniqueIds;

/// All logs of a broker (`LogManager`). Shared by all threads.
///
/// Locks are taken in this order: `turn`, `settings`, `logs`, then the rest, of which none is held together with another.
pub struct LogManager<F: Fs = OsFs> {
    fs: F,
    config: LogManagerConfig,
    dirs: Vec<LogDir<F>>,
    /// Logs come, go and move one at a time (`logCreationOrDeletionLock`).
    turn: Mutex<()>,
    settings: RwLock<Settings>,
    logs: RwLock<Logs<F>>,
    /// Logs in `-delete` folders, and when they were put there (`logsToBeDeleted`).
    leaving: Mutex<VecDeque<(Arc<Log<F>>, i64)>>,
    /// Logs in `-stray` folders.
    stray: Mutex<Vec<Arc<Log<F>>>>,
    /// Where the next log of a partition is to be made, as an index into `dirs`.
    preferred: Mutex<HashMap<TopicPartition, usize>>,
    cleaning: Cleaning,
    cleaner: RwLock<Arc<LogCleanerConfig>>,
    producers: RwLock<ProducerStateConfig>,
    schedule: Mutex<Schedule>,
    /// Whether the directories belong to this manager. Held while something is written at the top of one of them.
    is_running: RwLock<bool>,
    unique_ids: UniqueIds,
    metrics: [Arc<LogMetrics>; METRICS],
    observer: Option<Arc<dyn LogObserver>>,
    /// What went through logs of topics that are not here any more: partitions that were deleted or moved.
    past_traffic: Mutex<HashMap<String, Traffic>>,
}

/// Pieces of the counters.
const METRICS: usize = 16;

impl<F: Fs> LogManager<F> {
    /// Locks log directories, created if they are missing. No log is loaded: that is [`Unloaded::load`].
    /// `default_config` holds for all topics that do not say otherwise.
    ///
    /// A directory whose disk fails is offline from the start; the others work.
    ///
    /// # Errors
    /// A directory given twice, or locked by others; `meta.properties` files that cannot be read or contradict each
    /// other; not one usable directory.
    pub fn open(
        fs: F,
        log_dirs: &[PathBuf],
        default_config: LogConfig,
        config: LogManagerConfig,
    ) -> Result<Unloaded<F>, ManagerError> {
        let dirs = LogDir::open_all(&fs, log_dirs)?;
        Ok(Unloaded(LogManager {
            fs,
            dirs,
            is_running: RwLock::new(true),
            turn: Mutex::new(()),
            settings: RwLock::new(Settings::new(default_config)),
            logs: RwLock::new(Logs::default()),
            leaving: Mutex::new(VecDeque::new()),
            stray: Mutex::new(Vec::new()),
            preferred: Mutex::new(HashMap::new()),
            cleaning: Cleaning::default(),
            cleaner: RwLock::new(Arc::new(config.cleaner.clone())),
            producers: RwLock::new(config.producers()),
            schedule: Mutex::new(Schedule::default()),
            unique_ids: UniqueIds::new(config.unique_id_seed),
            metrics: std::array::from_fn(|_| Arc::default()),
            observer: None,
            past_traffic: Mutex::new(HashMap::new()),
            config,
        }))
    }

    /// The log of a partition, if it is here.
    pub fn get_log(&self, partition: &TopicPartition) -> Option<Arc<Log<F>>> {
        self.logs.read().current.get(partition).map(|hosted| Arc::clone(&hosted.log))
    }

    /// The copy of a partition that is on its way to another directory.
    pub fn get_future_log(&self, partition: &TopicPartition) -> Option<Arc<Log<F>>> {
        self.logs.read().future.get(partition).map(|hosted| Arc::clone(&hosted.log))
    }

    /// All logs, future ones among them, in no particular order.
    pub fn all_logs(&self) -> Vec<Arc<Log<F>>> {
        self.logs.read().all().map(|hosted| Arc::clone(&hosted.log)).collect()
    }

    /// Logs in `-stray` folders: found at the start without belonging here, or put aside by
    /// [`LogManager::async_delete`]. They are kept until somebody removes the folders.
    pub fn stray_logs(&self) -> Vec<Arc<Log<F>>> {
        self.stray.lock().clone()
    }

    /// The log directories in the order in which they were given.
    pub fn log_dirs(&self) -> Vec<LogDirInfo> {
        self.dirs.iter().map(LogDir::info).collect()
    }

    /// What all logs count. There are several pieces, so that threads that append to different logs do not get in each
    /// other's way: each log counts in one of them, and the sums are those of all pieces.
    pub fn metrics(&self) -> &[Arc<LogMetrics>] {
        &self.metrics
    }

    /// The settings that the manager was opened with.
    pub fn config(&self) -> &LogManagerConfig {
        &self.config
    }

    /// The settings of the cleaners that are in force.
    pub fn cleaner_config(&self) -> Arc<LogCleanerConfig> {
        Arc::clone(&self.cleaner.read())
    }

    /// Puts other settings of the cleaners in force, which each takes with its next round (`LogCleaner.reconfigure`). Whether
    /// there are cleaners at all stays as it was at the start.
    pub fn update_cleaner_config(&self, config: LogCleanerConfig) {
        let config = LogCleanerConfig { enabled: self.config.cleaner.enabled, ..config };
        let mut cleaner = self.cleaner.write();
        if **cleaner != config {
            *cleaner = Arc::new(config);
        }
    }

    /// Whether the manager takes calls.
    fn check_running(&self) -> Result<(), ManagerError> {
        if *self.is_running.read() { Ok(()) } else { Err(ManagerError::Closed) }
    }

    /// The turn of one that lets logs come, go or move.
    fn take_turn(&self) -> Result<MutexGuard<'_, ()>, ManagerError> {
        let turn = self.turn.lock();
        self.check_running()?;
        Ok(turn)
    }

    fn dir_index(&self, path: &Path) -> Result<usize, ManagerError> {
        let at = self.dirs.iter().position(|dir| dir.path == path);
        at.ok_or_else(|| ManagerError::LogDirNotFound { path: path.to_owned() })
    }

    /// Has the observer told of a log that has become the current one of its partition.
    fn observe(&self, log: &Log<F>) {
        if let Some(observer) = &self.observer {
            log.observe(Arc::clone(observer));
        }
    }

    /// A name for a folder that is on its way in or out.
    fn unique_dir_name(&self, tp: &TopicPartition, state: PartitionDirState) -> String {
        dir_name(tp, state, &self.unique_ids.next())
    }
}

/// Name of a partition's folder (`logDirName`, `logDeleteDirName`, `logStrayDirName`, `logFutureDirName`).
fn dir_name(tp: &TopicPartition, state: PartitionDirState, unique_id: &str) -> String {
    PartitionDirName { topic: tp.topic(), partition: tp.partition(), state, unique_id }.to_string()
}

impl<F: Fs> fmt::Debug for LogManager<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogManager").field("dirs", &self.log_dirs()).finish_non_exhaustive()
    }
}
