//! Log directories that are locked, with logs that are not loaded yet.

use std::fmt;
use std::sync::Arc;

use super::load::{LoadReport, Startup};
use super::log_dir::{LogDir, LogDirInfo};
use super::{LogManager, LogManagerConfig, ManagerError};
use crate::fs::{Fs, OsFs};
use crate::log::LogObserver;

/// Log directories that [`LogManager::open`] has locked. [`Unloaded::load`] makes a [`LogManager`] of it; dropping it releases the
/// directories as they were.
///
/// There is no other way to a manager, so no log can be created before those on disk are loaded, and nothing is loaded twice:
///
/// ```compile_fail,E0382
/// # use kafka_log::{fs::OsFs, log::config::LogConfig, manager::{LogManager, LogManagerConfig, Startup}};
/// # let dirs = ["data".into()];
/// let unloaded = LogManager::open(OsFs, &dirs, LogConfig::default(), LogManagerConfig::default()).unwrap();
/// let manager = unloaded.load(&Startup::plain(0));
/// let again = unloaded.load(&Startup::plain(0));
/// ```
///
/// ```compile_fail,E0599
/// # use kafka_log::{fs::OsFs, log::{TopicPartition, config::LogConfig}, manager::{CreateLog, LogManager, LogManagerConfig}};
/// # let dirs = ["data".into()];
/// let unloaded = LogManager::open(OsFs, &dirs, LogConfig::default(), LogManagerConfig::default()).unwrap();
/// unloaded.get_or_create_log(&TopicPartition::new("t", 0).unwrap(), CreateLog::default(), 0);
/// ```
#[must_use = "its directories are released when it is dropped"]
pub struct Unloaded<F: Fs = OsFs>(pub(super) LogManager<F>);

impl<F: Fs> Unloaded<F> {
    /// Loads all logs of all directories, and recovers those that were not closed cleanly.
    ///
    /// The markers of a clean stop are removed first. High watermarks are set to what their checkpoints say. A directory
    /// whose disk fails meanwhile goes offline, and its logs with it.
    ///
    /// # Errors
    /// A folder that is no partition; a partition found twice; a log that cannot be opened for another reason than its
    /// disk; settings of topics that are out of range. The directories are released then.
    pub fn load(self, startup: &Startup<'_, F>) -> Result<(LogManager<F>, LoadReport), ManagerError> {
        let report = self.0.load_logs(startup)?;
        Ok((self.0, report))
    }

    /// Has `observer` told of what happens to the logs once they are loaded or created. Copies that are on their way to another
    /// directory have no observer until they take the place of the current log.
    pub fn observe(mut self, observer: Arc<dyn LogObserver>) -> Self {
        self.0.observer = Some(observer);
        self
    }

    /// The log directories in the order in which they were given.
    pub fn log_dirs(&self) -> Vec<LogDirInfo> {
        self.0.log_dirs()
    }

    /// The settings that the manager will have.
    pub fn config(&self) -> &LogManagerConfig {
        self.0.config()
    }

    /// The broker epoch that the last clean stop left; `None` unless all directories agree
    /// (`readBrokerEpochFromCleanShutdownFiles`).
    pub fn clean_shutdown_broker_epoch(&self) -> Option<i64> {
        let online = |dir: &LogDir<F>| dir.is_online().then(|| dir.broker_epoch(&self.0.fs)).flatten();
        let mut epochs = self.0.dirs.iter().map(online);
        let first = epochs.next()??;
        epochs.all(|epoch| epoch == Some(first)).then_some(first)
    }
}

impl<F: Fs> fmt::Debug for Unloaded<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unloaded").field("dirs", &self.log_dirs()).finish_non_exhaustive()
    }
}
