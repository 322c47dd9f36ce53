//! The log file as memory, where look-ups may use it.

use super::{Home, LogSegment, SegmentError, SegmentState};
use crate::fs::{Fs, FsFile};
use crate::sync::RwLock;

/// A view of the log file that is there while somebody looks, and gone before the file is cut.
pub(super) struct LogView<F: Fs>(RwLock<Slot<F>>);

struct Slot<F: Fs> {
    /// With the length in bytes that it reaches to.
    view: Option<Box<(<F::File as FsFile>::View, u32)>>,
    /// [`SegmentState::cuts`], set before the file is cut.
    cuts: u32,
}

impl<F: Fs> Default for LogView<F> {
    fn default() -> Self {
        LogView(RwLock::new(Slot { view: None, cuts: 0 }))
    }
}

impl<F: Fs> LogView<F> {
    /// Lets go of the map, once nobody looks at it.
    pub(super) fn release(&self) {
        self.0.write().view = None;
    }
}

impl<F: Fs> LogSegment<F> {
    /// Runs `look` on a view of the first `size` bytes, the segment's size when it had been cut `cuts` times; `None` where there is no
    /// view to be had, or the segment was cut since. While `look` runs nobody cuts the file.
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
        let reaches = |slot: &Slot<F>| slot.view.as_ref().is_some_and(|view| view.1 >= size);
        let mut slot = self.view.0.read();
        if slot.cuts == cuts && !reaches(&slot) {
            drop(slot);
            let file = self.file(home).ok()?;
            {
                let mut slot = self.view.0.write();
                if slot.cuts == cuts && !reaches(&slot) {
                    // As far as the segment may grow for a while; what is mapped behind the end costs nothing.
                    let len = size.checked_next_power_of_two().unwrap_or(u32::MAX);
                    slot.view = file.view(len as usize).ok()?.map(|view| Box::new((view, len)));
                }
            }
            slot = self.view.0.read();
        }
        let view = slot.view.as_ref().filter(|view| slot.cuts == cuts && view.1 >= size)?;
        Some(look(&view.0))
    }

    /// What `look` finds in the files while nobody cuts them: it looks again where somebody has, as what it read may have looked like
    /// anything then, or not have been there.
    ///
    /// # Errors
    /// Those of `look`.
    pub fn undisturbed<T>(&self, mut look: impl FnMut() -> Result<T, SegmentError>) -> Result<T, SegmentError> {
        loop {
            let cuts = self.read_state().cuts;
            let found = look();
            if self.read_state().cuts == cuts {
                return found;
            }
        }
    }

    /// Batches go, and others may come in their place: what was seen of them counts no more, and nobody looks at them in memory once
    /// this has returned.
    pub(super) fn note_cut(&self, state: &mut SegmentState<F>) {
        state.cuts = state.cuts.wrapping_add(1);
        let mut slot = self.view.0.write();
        slot.cuts = state.cuts;
        slot.view = None;
    }
}
