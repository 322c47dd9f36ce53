//! What only one thread at a time may touch.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use super::Log;
use super::epochs::LeaderEpochCache;
use super::error::LogError;
use super::producers::ProducerStateManager;
use crate::format::uuid::Uuid;
use crate::fs::Fs;
use crate::segment::log_segment::{AppendState, LogSegment};
use crate::sync::{Mutex, MutexGuard};

/// What only one thread at a time may touch.
pub(super) struct Writer {
    pub(super) producers: ProducerStateManager,
    pub(super) epochs: LeaderEpochCache,
    pub(super) topic_id: Option<Uuid>,
    /// The topic id is not in its file yet.
    pub(super) is_metadata_due: bool,
    /// Whether readers have been told of a first unstable offset.
    pub(super) is_unstable: bool,
}

/// The active segment as the last append left it.
pub(super) struct Tail<F: Fs> {
    pub(super) segment: Arc<LogSegment<F>>,
    pub(super) state: AppendState<F>,
    /// As readers see it, without their lock.
    pub(super) log_end_offset: i64,
}

/// The lock of the writer, and what appends keep from one to the next. A call that may change the list of segments or the active
/// one makes them look again.
pub(super) struct WriterLock<F: Fs>(Mutex<Appender<F>>);

/// The writer in the hands of an append.
pub(super) struct Appender<F: Fs> {
    pub(super) writer: Writer,
    pub(super) tail: Option<Tail<F>>,
}

impl<F: Fs> WriterLock<F> {
    pub(super) fn new(writer: Writer) -> Self {
        WriterLock(Mutex::new(Appender { writer, tail: None }))
    }

    pub(super) fn lock(&self) -> WriterGuard<'_, F> {
        let mut appender = self.0.lock();
        appender.tail = None;
        WriterGuard(appender)
    }

    /// For calls that leave segments alone, as a broker makes them between any two appends: it moves high watermarks.
    pub(super) fn lock_beside_segments(&self) -> WriterGuard<'_, F> {
        WriterGuard(self.0.lock())
    }

    /// As [`Self::lock_beside_segments`], if it is free.
    pub(super) fn try_lock_beside_segments(&self) -> Option<WriterGuard<'_, F>> {
        self.0.try_lock().map(WriterGuard)
    }

    pub(super) fn lock_to_append(&self) -> MutexGuard<'_, Appender<F>> {
        self.0.lock()
    }
}

/// The writer, held.
pub(super) struct WriterGuard<'l, F: Fs>(MutexGuard<'l, Appender<F>>);

impl<F: Fs> Deref for WriterGuard<'_, F> {
    type Target = Writer;

    fn deref(&self) -> &Writer {
        &self.0.writer
    }
}

impl<F: Fs> DerefMut for WriterGuard<'_, F> {
    fn deref_mut(&mut self) -> &mut Writer {
        &mut self.0.writer
    }
}

impl<F: Fs> Log<F> {
    /// The writer, and the active segment that the next write goes to.
    pub(super) fn tail_of<'a>(
        &self,
        appender: &'a mut Appender<F>,
    ) -> Result<(&'a mut Writer, &'a mut Tail<F>), LogError> {
        let tail = match &mut appender.tail {
            Some(tail) => tail,
            none => {
                let segment = self.active_segment()?;
                let state = segment.append_state(&self.home)?;
                none.insert(Tail { segment, state, log_end_offset: self.log_end_offset() })
            }
        };
        Ok((&mut appender.writer, tail))
    }
}
