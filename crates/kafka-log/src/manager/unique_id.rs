//! Unique parts of directory names (`UUID.randomUUID`).

use std::sync::atomic::{AtomicU64, Ordering};

use data_encoding::HEXLOWER;

/// A source of ids, each 32 hexadecimal digits.
#[derive(Debug)]
pub(super) enum UniqueIds {
    /// Random numbers of the operating system.
    Random,
    /// For tests: the seed and a number that counts up, so that a run can be repeated.
    Counted { seed: u64, next: AtomicU64 },
}

impl UniqueIds {
    pub(super) fn new(seed: Option<u64>) -> Self {
        seed.map_or(UniqueIds::Random, |seed| UniqueIds::Counted { seed, next: AtomicU64::new(0) })
    }

    pub(super) fn next(&self) -> String {
        let mut id = [0; 16];
        match self {
            UniqueIds::Random => getrandom::fill(&mut id).expect("the operating system provides random bytes"),
            UniqueIds::Counted { seed, next } => {
                id[..8].copy_from_slice(&seed.to_be_bytes());
                id[8..].copy_from_slice(&next.fetch_add(1, Ordering::Relaxed).to_be_bytes());
            }
        }
        HEXLOWER.encode(&id)
    }
}

/// A random number from 0 up to, not including, `end` (`randomSegmentJitter`).
pub(super) fn jitter(end: i64) -> i64 {
    let random = getrandom::u64().expect("the operating system provides random bytes");
    (random >> 1).cast_signed() % end.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn ids_have_the_form_of_kafkas_and_do_not_repeat() {
        for ids in [UniqueIds::new(None), UniqueIds::new(Some(7))] {
            let given: HashSet<String> = (0..1000).map(|_| ids.next()).collect();
            assert_eq!(given.len(), 1000);
            assert!(given.iter().all(|id| id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit())));
        }
        assert_eq!(UniqueIds::new(Some(7)).next(), UniqueIds::new(Some(7)).next());
        assert_ne!(UniqueIds::new(None).next(), UniqueIds::new(None).next());
    }
}
