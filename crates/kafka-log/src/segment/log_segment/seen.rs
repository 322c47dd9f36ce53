//! Which batches an offset index tells all about, so that their headers need not be read once more.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// A bit for each entry. Where it is set the entry's batch has magic 2, begins with the offset behind that of the entry before, and
/// ends where the batch of the next entry begins: somebody has looked.
#[derive(Default)]
pub(super) struct Seen(OnceLock<Box<[AtomicU64]>>);

impl Seen {
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
        let mut seen = Seen::default();
        assert!(!seen.has(3));
        seen.note(3, 40);
        seen.note(63, 40);
        assert!(seen.has(3) && !seen.has(4) && seen.has(63) && !seen.has(64));
        seen.make_room(65);
        seen.note(64, 65);
        assert!(seen.has(3) && seen.has(63) && seen.has(64) && !seen.has(4));
        seen.forget();
        assert!(!seen.has(3));
    }
}
