//! One log directory: its lock, its identity, its checkpoints, and whether it still works.

pub(super) mod checkpoint;
mod clean_shutdown;
mod open;

use std::any::Any;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;

use crate::format::uuid::Uuid;
use crate::fs::Fs;
use crate::log::DirHealth;
use checkpoint::{OffsetCheckpointFile, Offsets};
pub(super) use open::META_PROPERTIES;

/// A log directory of the manager.
pub(super) struct LogDir<F: Fs> {
    pub(super) path: PathBuf,
    /// From `meta.properties`.
    pub(super) directory_id: Option<Uuid>,
    lock: Mutex<Option<Arc<F::Lock>>>,
    /// Why the directory is offline, once it is. It stays so until it is opened again.
    failure: Mutex<Option<String>>,
    /// Shared with the logs in it: the first of them that fails takes all along.
    pub(super) health: DirHealth,
    /// Whether the manager has drawn its conclusions from the failure.
    given_up: AtomicBool,
    pub(super) cordoned: AtomicBool,
    pub(super) recovery_points: OffsetCheckpointFile,
    pub(super) log_start_offsets: OffsetCheckpointFile,
    pub(super) high_watermarks: OffsetCheckpointFile,
    pub(super) cleaner_file: OffsetCheckpointFile,
    /// What `cleaner_file` says: first dirty offsets.
    pub(super) cleaner_offsets: Mutex<Offsets>,
}

impl<F: Fs> LogDir<F> {
    pub(super) fn is_online(&self) -> bool {
        !self.health.is_offline()
    }

    /// Takes the directory offline (`LogDirFailureChannel.maybeAddOfflineLogDir`).
    pub(super) fn fail(&self, why: String) {
        self.failure.lock().get_or_insert(why);
        self.health.set_offline();
    }

    /// Why it is offline.
    pub(super) fn failure(&self) -> Option<String> {
        if self.is_online() {
            return None;
        }
        Some(self.failure.lock().clone().unwrap_or_else(|| "a log in it failed".to_owned()))
    }

    /// Whether the directory has failed and this was not asked before.
    pub(super) fn give_up(&self) -> bool {
        !self.is_online() && !self.given_up.swap(true, Ordering::AcqRel)
    }

    /// The lock on the directory, for its logs to hold.
    pub(super) fn lock(&self) -> Option<Arc<dyn Any + Send + Sync>> {
        let lock = self.lock.lock();
        lock.as_ref().map(|lock| Arc::clone(lock) as Arc<dyn Any + Send + Sync>)
    }

    /// Releases the directory, once its logs have released it, too.
    pub(super) fn unlock(&self) {
        self.lock.lock().take();
    }

    pub(super) fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
}

/// A log directory as the manager sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogDirInfo {
    /// The directory.
    pub path: PathBuf,
    /// `directory.id` of its `meta.properties`.
    pub directory_id: Option<Uuid>,
    /// Why it is offline, `None` as long as it is not.
    pub failure: Option<String>,
    /// Whether new partitions go elsewhere (`cordoned.log.dirs`).
    pub cordoned: bool,
}

impl<F: Fs> LogDir<F> {
    pub(super) fn info(&self) -> LogDirInfo {
        LogDirInfo {
            path: self.path.clone(),
            directory_id: self.directory_id,
            failure: self.failure(),
            cordoned: self.cordoned.load(Ordering::Relaxed),
        }
    }
}
