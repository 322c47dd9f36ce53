//! Offsets that do not follow one another, for the closing report.

use std::collections::BTreeMap;

/// Pairs of an offset and the offset that follows it in the file though it is not the next one.
///
/// Each thread notes the pairs of its window; joined in file order they are those of the whole file.
#[derive(Debug, Default)]
pub(crate) struct Gaps {
    /// First and last offset seen.
    ends: Option<(i64, i64)>,
    /// Keyed by the first of the pair, as Kafka's report is; a later pair with the same key takes its place.
    pairs: BTreeMap<i64, i64>,
}

impl Gaps {
    /// What a file starts with: the report of Kafka's tool compares the first offset with 0.
    pub(crate) fn at_start() -> Self {
        Gaps { ends: Some((-1, -1)), pairs: BTreeMap::new() }
    }

    #[inline]
    pub(crate) fn see(&mut self, offset: i64) {
        match &mut self.ends {
            Some((_, last)) => {
                if offset != last.wrapping_add(1) {
                    self.pairs.insert(*last, offset);
                }
                *last = offset;
            }
            None => self.ends = Some((offset, offset)),
        }
    }

    /// Joins what was seen behind this, and leaves that empty.
    pub(crate) fn join(&mut self, behind: &mut Gaps) {
        let Gaps { ends: Some((first, last)), pairs } = std::mem::take(behind) else { return };
        self.see(first);
        self.pairs.extend(pairs);
        self.ends = self.ends.map(|(first, _)| (first, last));
    }

    pub(crate) fn into_pairs(self) -> BTreeMap<i64, i64> {
        self.pairs
    }
}
