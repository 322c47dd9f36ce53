//! Offsets that do not follow one another, for the closing report.

use std::collections::BTreeMap;

use kafka_log::format::varint::{read_varlong, write_varlong};

/// Bytes of noted pairs from which on they are not kept: about as many pairs as Kafka's tool has memory for.
const NOTES_MAX: usize = 4 * 1024 * 1024;

/// Pairs of an offset and the offset that follows it in the file though it is not the next one.
///
/// Each thread notes the pairs of its window; joined in file order they are those of the whole file.
#[derive(Debug, Default)]
pub(crate) struct Gaps {
    /// First and last offset seen.
    ends: Option<(i64, i64)>,
    pairs: Pairs,
}

impl Gaps {
    /// What a file starts with: the report of Kafka's tool compares the first offset with 0.
    pub(crate) fn at_start() -> Self {
        Gaps { ends: Some((-1, -1)), pairs: Pairs::default() }
    }

    #[inline]
    pub(crate) fn see(&mut self, offset: i64) {
        match &mut self.ends {
            Some((_, last)) => {
                if offset != last.wrapping_add(1) {
                    self.pairs.push(*last, offset);
                }
                *last = offset;
            }
            None => self.ends = Some((offset, offset)),
        }
    }

    /// Joins what was seen after this, and leaves that empty.
    pub(crate) fn join(&mut self, behind: &mut Gaps) {
        let Gaps { ends: Some((first, last)), pairs } = std::mem::take(behind) else { return };
        self.see(first);
        if let Pairs::TooMany = pairs {
            self.pairs = Pairs::TooMany;
        }
        pairs.for_each(|offset, next| self.pairs.push(offset, next));
        self.ends = self.ends.map(|(first, _)| (first, last));
    }

    pub(crate) fn into_pairs(self) -> Pairs {
        self.pairs
    }
}

/// Pairs as Kafka's report has them: in the order of the first offset, a later pair with the same one in its place.
#[derive(Debug)]
pub(crate) enum Pairs {
    /// In the order of the file already: distance from the last number noted, then the size of the step, as varlongs.
    InOrder { notes: Vec<u8>, last: (i64, i64) },
    /// A file whose offsets go backwards.
    Sorted(BTreeMap<i64, i64>),
    /// Not kept; the file has to be read again.
    TooMany,
}

impl Default for Pairs {
    fn default() -> Self {
        Pairs::InOrder { notes: Vec::new(), last: (i64::MIN, 0) }
    }
}

impl Pairs {
    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Pairs::InOrder { notes, .. } => notes.is_empty(),
            Pairs::Sorted(pairs) => pairs.is_empty(),
            Pairs::TooMany => false,
        }
    }

    /// Number of pairs.
    pub(crate) fn len(&self) -> usize {
        let mut len = 0;
        self.for_each(|_, _| len += 1);
        if let Pairs::TooMany = self { usize::MAX } else { len }
    }

    fn push(&mut self, offset: i64, next: i64) {
        match self {
            Pairs::InOrder { notes, last } if offset > last.0 || notes.is_empty() => {
                write_varlong(notes, offset.wrapping_sub(last.1));
                write_varlong(notes, next.wrapping_sub(offset));
                *last = (offset, next);
                if notes.len() > NOTES_MAX {
                    *self = Pairs::TooMany;
                }
            }
            Pairs::InOrder { .. } => {
                let mut pairs = BTreeMap::new();
                self.for_each(|offset, next| {
                    pairs.insert(offset, next);
                });
                pairs.insert(offset, next);
                *self = Pairs::Sorted(pairs);
            }
            Pairs::Sorted(pairs) => {
                pairs.insert(offset, next);
                if pairs.len() * size_of::<(i64, i64)>() > NOTES_MAX {
                    *self = Pairs::TooMany;
                }
            }
            Pairs::TooMany => {}
        }
    }

    /// The pairs in order; none if they were too many.
    pub(crate) fn for_each(&self, mut pair: impl FnMut(i64, i64)) {
        match self {
            Pairs::InOrder { notes, .. } => {
                let (mut at, mut last) = (0, 0i64);
                // What `push` wrote can be read.
                while let (Ok(distance), Ok(step)) =
                    (read_varlong(notes, &mut at, "distance"), read_varlong(notes, &mut at, "step"))
                {
                    let offset = last.wrapping_add(distance);
                    last = offset.wrapping_add(step);
                    pair(offset, last);
                }
            }
            Pairs::Sorted(pairs) => pairs.iter().for_each(|(&offset, &next)| pair(offset, next)),
            Pairs::TooMany => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(gaps: Gaps) -> Vec<(i64, i64)> {
        let mut found = Vec::new();
        gaps.into_pairs().for_each(|offset, next| found.push((offset, next)));
        found
    }

    /// What `DumpLogSegments` keeps of the offsets of a file.
    fn expected(offsets: &[i64]) -> Vec<(i64, i64)> {
        let mut tree = BTreeMap::new();
        let mut last = -1i64;
        for &offset in offsets {
            if offset != last.wrapping_add(1) {
                tree.insert(last, offset);
            }
            last = offset;
        }
        tree.into_iter().collect()
    }

    #[test]
    fn windows_joined_give_what_one_walk_gives_forwards_and_backwards() {
        let mut random = fastrand::Rng::with_seed(1);
        let mut next = |n: u64| random.u64(..n);
        for round in 0..200 {
            let mut offsets = vec![next(3) as i64];
            for _ in 0..next(200) {
                let step = match next(20) {
                    0 if round % 2 == 0 => -(next(50) as i64),
                    0 => i64::MAX / 200,
                    1..4 => 2 + next(300) as i64,
                    _ => 1,
                };
                offsets.push(offsets[offsets.len() - 1].wrapping_add(step));
            }
            let mut all = Gaps::at_start();
            for window in offsets.chunks(1 + next(40) as usize) {
                let mut own = Gaps::default();
                window.iter().for_each(|&offset| own.see(offset));
                all.join(&mut own);
            }
            assert_eq!(pairs(all), expected(&offsets), "{offsets:?}");
        }
        let ends = [i64::MAX, i64::MIN, 0, -1];
        let mut all = Gaps::at_start();
        ends.iter().for_each(|&offset| all.see(offset));
        assert_eq!(pairs(all), expected(&ends));
    }

    #[test]
    fn what_is_too_much_to_keep_is_not_kept() {
        let mut gaps = Gaps::at_start();
        (0..3_000_000).for_each(|i| gaps.see(i * 2));
        assert!(matches!(gaps.pairs, Pairs::TooMany));
        let mut all = Gaps::at_start();
        all.join(&mut gaps);
        assert!(!all.into_pairs().is_empty());
    }
}
