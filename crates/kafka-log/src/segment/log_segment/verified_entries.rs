//! Which batches an offset index tells all about, so that their headers need not be read once more.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// A bit for each entry. Where it is set the entry's batch has magic 2, begins with the offset after that of the entry before, and
/// ends where the batch of the next entry begins: somebody has looked.
#[derive(Default)]
pub(super) struct VerifiedEntries(OnceLock<Box<[AtomicU64]>>);

impl VerifiedEntries {
    pub(super) fn has(&self, slot: usize) -> bool {
        let word = self.0.get().and_then(|words| words.get(slot / 64));
        word.is_some_and(|word| word.load(Ordering::Relaxed) & bit(slot) != 0)
    }

    /// Notes an entry of an index that has `entries` of them.
    pub(super) fn note(&self, slot: usize, entries: usize) {
        let words = self.0.get_or_init(|| empty(entries));
        if let Some(word) = words.get(slot / 64) {
            word.fetch_or(bit(slot), Ordering::Relaxed);
        }
    }

    /// Follows an index that grows to `entries`.
    pub(super) fn make_room(&mut self, entries: usize) {
        if let Some(words) = self.0.get_mut().filter(|words| words.len() * 64 < entries) {
            let mut more = empty(entries * 2);
            for (new, old) in more.iter_mut().zip(words.iter_mut()) {
                *new.get_mut() = *old.get_mut();
            }
            *words = more;
        }
    }

    /// Entries go, and others may come in their place.
    pub(super) fn forget(&mut self) {
        self.0.take();
    }
}

fn bit(slot: usize) -> u64 {
    1 << (slot % 64)
}

fn empty(entries: usize) -> Box<[AtomicU64]> {
    (0..entries.div_ceil(64)).map(|_| AtomicU64::new(0)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_noted_is_known_until_it_is_forgotten_and_grows_with_the_index() {
        let mut verified = VerifiedEntries::default();
        assert!(!verified.has(3));
        verified.note(3, 40);
        verified.note(63, 40);
        assert!(verified.has(3) && !verified.has(4) && verified.has(63) && !verified.has(64));
        verified.make_room(65);
        verified.note(64, 65);
        assert!(verified.has(3) && verified.has(63) && verified.has(64) && !verified.has(4));
        verified.forget();
        assert!(!verified.has(3));
    }
}
