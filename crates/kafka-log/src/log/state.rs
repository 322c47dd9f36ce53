//! Whether a log still takes calls.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::Log;
use super::error::StorageError;
use super::writer::WriterGuard;
use crate::fs::Fs;
use crate::sync::AtomicU8;

/// Why a log takes no calls any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It was closed: its manager was shut down, or a copy in another directory replaced it.
    Closed,
    /// It was deleted, or put aside because it does not belong on this broker.
    Deleted,
}

/// State of a log: open, until it ends. It changes under the writer's lock, so no append is accepted afterwards.
#[derive(Debug, Default)]
pub(super) struct LogState(AtomicU8);

impl LogState {
    const CLOSED: u8 = 1;
    const DELETED: u8 = 2;

    /// Ends the log. A closed log may still be deleted.
    pub(super) fn end(&self, how: Ended) {
        let state = match how {
            Ended::Closed => Self::CLOSED,
            Ended::Deleted => Self::DELETED,
        };
        self.0.store(state, Ordering::Release);
    }

    pub(super) fn ended(&self) -> Option<Ended> {
        match self.0.load(Ordering::Acquire) {
            Self::CLOSED => Some(Ended::Closed),
            Self::DELETED => Some(Ended::Deleted),
            _ => None,
        }
    }

    fn check(&self, dir: impl FnOnce() -> Arc<Path>) -> Result<(), StorageError> {
        let Some(how) = self.ended() else { return Ok(()) };
        let path = dir().to_path_buf();
        Err(match how {
            Ended::Closed => StorageError::Closed { path },
            Ended::Deleted => StorageError::Deleted { path },
        })
    }
}

impl<F: Fs> Log<F> {
    /// Why the log takes no calls any more; `None` while it does, or is offline.
    pub fn ended(&self) -> Option<Ended> {
        self.state.ended()
    }

    /// Ends the log, under its writer's lock, and releases its directory.
    pub(in crate::log) fn end(&self, how: Ended) {
        self.state.end(how);
        self.dir_lock.lock().take();
    }

    /// Releases the directory of a log that is offline, unless an append is on its way: that holds it until the log is dropped.
    pub(crate) fn release_dir_if_unused(&self) {
        if let Some(_writer) = self.writer.try_lock_beside_segments() {
            self.dir_lock.lock().take();
        }
    }

    /// Whether the log takes calls at all.
    pub(in crate::log) fn check_usable(&self) -> Result<(), StorageError> {
        self.state.check(|| self.home.dir())?;
        if self.health.is_offline() { self.health.check(&self.home.dir()) } else { Ok(()) }
    }

    /// The writer's lock, for calls that may change the list of segments. The log cannot end while it is held.
    pub(in crate::log) fn lock_usable(&self) -> Result<WriterGuard<'_, F>, StorageError> {
        let writer = self.writer.lock();
        self.check_usable()?;
        Ok(writer)
    }

    /// As [`Self::lock_usable`], for calls that leave segments as they are.
    pub(in crate::log) fn lock_usable_beside_segments(&self) -> Result<WriterGuard<'_, F>, StorageError> {
        let writer = self.writer.lock_beside_segments();
        self.check_usable()?;
        Ok(writer)
    }
}
