//! Where the files of a partition are.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::format::file_name::FileName;
use crate::fs::Fs;
use crate::segment::error::StorageError;
use crate::sync::{AtomicBool, Mutex, RwLock};

/// The directory of a partition, and the file system it is on. The directory may be renamed while segments are in use.
#[derive(Debug)]
pub struct Home<F> {
    fs: F,
    dir: RwLock<Arc<Path>>,
    /// Some name in the directory may not be durable.
    names_changed: AtomicBool,
    syncing_names: Mutex<()>,
    has_short_batches: AtomicBool,
}

impl<F: Fs> Home<F> {
    /// A partition in `dir`.
    pub(crate) fn new(fs: F, dir: &Path) -> Self {
        Home {
            fs,
            dir: RwLock::new(Arc::from(dir)),
            names_changed: AtomicBool::new(false),
            syncing_names: Mutex::new(()),
            has_short_batches: AtomicBool::new(false),
        }
    }

    /// The file system.
    pub(crate) fn fs(&self) -> &F {
        &self.fs
    }

    /// The directory as it is called now.
    pub(crate) fn dir(&self) -> Arc<Path> {
        Arc::clone(&self.dir.read())
    }

    /// Path of a file in the directory.
    pub(crate) fn path(&self, name: FileName) -> PathBuf {
        self.dir.read().join(name.to_string())
    }

    /// A file was made or renamed.
    pub(crate) fn note_names(&self) {
        self.names_changed.store(true, Ordering::Release);
    }

    /// Makes the names in the directory durable, if there may be one that is not. What was synced in a file is lost with the
    /// name of the file.
    ///
    /// # Errors
    /// I/O errors.
    pub(crate) fn sync_names(&self) -> Result<(), StorageError> {
        // A caller that finds nothing to do relies on the work being done, not on another thread being about to do it.
        let _syncing = self.syncing_names.lock();
        // A call that creates a file after this sets the flag again.
        if !self.names_changed.swap(false, Ordering::AcqRel) {
            return Ok(());
        }
        let dir = self.dir();
        self.fs.sync_dir(&dir).map_err(StorageError::io("sync", &dir))
    }

    /// Whether the batch that was looked up last was short, as likely the next one is. What is found does not depend on it.
    pub(super) fn has_short_batches(&self) -> bool {
        self.has_short_batches.load(Ordering::Relaxed)
    }

    /// Remembers whether the batch that was looked up is short.
    pub(super) fn note_short_batches(&self, is_short: bool) {
        if is_short != self.has_short_batches() {
            self.has_short_batches.store(is_short, Ordering::Relaxed);
        }
    }

    /// The directory was renamed.
    pub(crate) fn moved_to(&self, dir: &Path) {
        *self.dir.write() = Arc::from(dir);
    }
}
