//! Unique parts of folder names (`UUID.randomUUID`).

use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

/// A source of 32 hexadecimal digits that do not come twice.
#[derive(Debug)]
pub(super) struct UniqueIds {
    given: AtomicU64,
    /// From the operating system, unless a test wants the same ones again.
    source: Source,
}

#[derive(Debug)]
enum Source {
    System(RandomState),
    Seed(u64),
}

impl UniqueIds {
    pub(super) fn new(seed: Option<u64>) -> Self {
        let source = seed.map_or_else(|| Source::System(RandomState::new()), Source::Seed);
        UniqueIds { given: AtomicU64::new(0), source }
    }

    pub(super) fn next(&self) -> String {
        let number = self.given.fetch_add(1, Ordering::Relaxed);
        let half = |which: u64| match &self.source {
            Source::System(keys) => keys.hash_one((number, which)),
            Source::Seed(seed) => mix(seed.wrapping_add(number.wrapping_mul(2).wrapping_add(which))),
        };
        format!("{:016x}{:016x}", half(0), half(1))
    }
}

/// A number below `end` that nobody knows beforehand (`randomSegmentJitter`).
pub(super) fn jitter(end: i64) -> i64 {
    let random = RandomState::new().hash_one(0) >> 1;
    random.cast_signed() % end.max(1)
}

/// SplitMix64.
fn mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ z >> 31
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn ids_are_of_the_form_of_kafkas_and_never_the_same() {
        for ids in [UniqueIds::new(None), UniqueIds::new(Some(7))] {
            let given: HashSet<String> = (0..1000).map(|_| ids.next()).collect();
            assert_eq!(given.len(), 1000);
            assert!(given.iter().all(|id| id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit())));
        }
        assert_eq!(UniqueIds::new(Some(7)).next(), UniqueIds::new(Some(7)).next());
        assert_ne!(UniqueIds::new(None).next(), UniqueIds::new(None).next());
    }
}
