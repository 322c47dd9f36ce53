//! The log file as memory, where look-ups may use it.

use std::sync::atomic::Ordering;

use super::{Home, LogSegment, SegmentError, SegmentState};
use crate::fs::{Fs, FsFile};
use crate::sync::RwLock;

/// A map of the log file, made for the first who looks and gone before batches are cut. The lock comes behind that of the state.
pub(super) struct LogView<F: Fs>(RwLock<Option<Box<Mapped<F>>>>);

struct Mapped<F: Fs> {
    /// `None` where the system could not do it; nobody asks again.
    view: Option<<F::File as FsFile>::View>,
    /// What it reaches to, in bytes.
    len: u32,
}

impl<F: Fs> Default for LogView<F> {
    fn default() -> Self {
        LogView(RwLock::new(None))
    }
}

impl<F: Fs> LogSegment<F> {
    /// Runs `look` on a view of the first `size` bytes, the segment's size when it had been cut `cuts` times; `None` where there is no
    /// view to be had, or the segment was cut since. While `look` runs no batch is cut.
    pub(super) fn with_view<T>(
        &self,
        home: &Home<F>,
        size: u32,
        cuts: u32,
        look: impl FnOnce(&<F::File as FsFile>::View) -> T,
    ) -> Option<T> {
        if !home.is_viewed(size) {
            return None;
        }
        let reaches = |mapped: &Option<Box<Mapped<F>>>| mapped.as_ref().is_some_and(|mapped| mapped.len >= size);
        let mut mapped = self.view.0.read();
        if self.cuts() == cuts && !reaches(&mapped) {
            drop(mapped);
            let file = self.file(home).ok()?;
            {
                let mut mapped = self.view.0.write();
                if self.cuts() == cuts && !reaches(&mapped) && home.is_viewed(size) {
                    // As far as the segment may grow for a while, so that an active one is seldom mapped anew.
                    let len = size.checked_next_power_of_two().unwrap_or(u32::MAX);
                    let view = file.view(len as usize).ok().flatten();
                    *mapped = Some(Box::new(Mapped { view, len }));
                }
            }
            mapped = self.view.0.read();
        }
        if self.cuts() != cuts || !reaches(&mapped) {
            return None;
        }
        mapped.as_ref()?.view.as_ref().map(look)
    }

    /// Lets go of the map of the log file, once nobody looks at it.
    pub fn release_view(&self) {
        *self.view.0.write() = None;
    }

    /// How often batches were taken away. Under a lock of the state it belongs to what the state says.
    pub(super) fn cuts(&self) -> u32 {
        self.cuts.load(Ordering::Acquire)
    }

    /// The same, once a cut that has begun is done.
    fn settled_cuts(&self) -> u32 {
        let _state = self.read_state();
        self.cuts()
    }

    /// What `look` finds in the files while nobody cuts them: it looks again where somebody has, as what it read may have looked like
    /// anything then, or not have been there.
    ///
    /// # Errors
    /// Those of `look`.
    pub fn undisturbed<T>(&self, mut look: impl FnMut() -> Result<T, SegmentError>) -> Result<T, SegmentError> {
        loop {
            let cuts = self.settled_cuts();
            let found = look();
            if self.settled_cuts() == cuts {
                return found;
            }
        }
    }

    /// Batches go, and others may come in their place: what was seen of them counts no more, and nobody looks at them in memory once
    /// this has returned. Before the first change; that the state is locked is shown by it.
    pub(super) fn note_cut(&self, _state: &mut SegmentState<F>) {
        let mut mapped = self.view.0.write();
        self.cuts.fetch_add(1, Ordering::AcqRel);
        *mapped = None;
    }
}
