//! Whether a log directory works (`LogDirFailureChannel`).

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::error::StorageError;
use crate::sync::AtomicBool;

/// Shared by the logs of a directory: after the first failure none of them does anything any more.
#[derive(Clone, Debug, Default)]
pub struct DirHealth(Arc<AtomicBool>);

impl DirHealth {
    /// A directory that works.
    pub fn new() -> Self {
        DirHealth::default()
    }

    /// Whether something failed.
    pub fn is_offline(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }

    /// Something failed.
    pub fn set_offline(&self) {
        self.0.store(true, Ordering::Release);
    }

    pub(super) fn check(&self, dir: &Path) -> Result<(), StorageError> {
        if self.is_offline() { Err(StorageError::Offline { path: dir.to_owned() }) } else { Ok(()) }
    }
}
