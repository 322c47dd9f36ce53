//! Deflate (RFC 1951), compressed exactly as zlib does it, through which Kafka writes gzip: the same matches, the same blocks,
//! the same codes. So a batch that a broker compresses anew has the same bytes here.

mod bits;
mod blocks;
mod trees;

use super::matching::common_length;
use blocks::Blocks;

const WINDOW: usize = 1 << 15;
const WINDOW_MASK: usize = WINDOW - 1;
const MATCH_MIN: usize = 3;
const MATCH_MAX: usize = 258;
/// Farther back than this zlib does not look, because it wants so much of the input ahead.
const DISTANCE_MAX: usize = WINDOW - (MATCH_MAX + MATCH_MIN + 1);
/// A match of the least length is not worth a distance above this.
const TOO_FAR: usize = 4096;

/// How hard a level tries (`configuration_table`).
#[derive(Clone, Copy)]
struct Effort {
    /// A match of this length lets the next search be short.
    good: usize,
    /// After a match of this length no better one is looked for (lazy), or not all of its positions are noted (fast).
    lazy: usize,
    /// A match of this length ends the search.
    nice: usize,
    /// How many candidates are looked at.
    chain: usize,
    is_lazy: bool,
}

const fn effort(good: usize, lazy: usize, nice: usize, chain: usize, is_lazy: bool) -> Effort {
    Effort { good, lazy, nice, chain, is_lazy }
}

const EFFORTS: [Effort; 9] = [
    effort(4, 4, 8, 4, false),
    effort(4, 5, 16, 8, false),
    effort(4, 6, 32, 32, false),
    effort(4, 4, 16, 16, true),
    effort(8, 16, 32, 32, true),
    effort(8, 16, 128, 128, true),
    effort(8, 32, 128, 256, true),
    effort(32, 128, 258, 1024, true),
    effort(32, 258, 258, 4096, true),
];

/// Writes deflate streams, one after another, with reused tables.
pub(super) struct Deflate {
    /// The last position with each hash.
    head: Box<[u32]>,
    /// For each position of the window the one before it with the same hash.
    previous: Box<[u32]>,
    /// What is added to positions of this stream, so that those of earlier streams lie below. Itself it stands for none:
    /// zlib never finds a match at the first byte.
    base: u32,
    blocks: Blocks,
}

impl Deflate {
    pub(super) fn new() -> Self {
        let table = || vec![0; WINDOW].into_boxed_slice();
        Deflate { head: table(), previous: table(), base: 0, blocks: Blocks::new() }
    }

    /// Appends `input` as one stream to `out`. `level` is 1 to 9.
    pub(super) fn write(&mut self, level: usize, input: &[u8], out: &mut Vec<u8>) {
        let effort = EFFORTS[level.clamp(1, EFFORTS.len()) - 1];
        self.blocks.start();
        if effort.is_lazy {
            self.lazy(effort, input, out)
        } else {
            self.fast(effort, input, out)
        }
        self.blocks.finish(input, out);
        self.next_stream(input.len());
    }

    fn next_stream(&mut self, len: usize) {
        const HALF: u32 = u32::MAX / 2;
        let next = u32::try_from(len).ok().and_then(|len| self.base.checked_add(len)).filter(|&base| base < HALF);
        if next.is_none() {
            self.head.fill(0);
            self.previous.fill(0);
        }
        self.base = next.unwrap_or(0);
    }

    /// Notes the position and gives the last one with the same hash, if there is any in this stream.
    #[inline(always)]
    fn insert(&mut self, input: &[u8], at: usize) -> Option<usize> {
        let [a, b, c] = [input[at], input[at + 1], input[at + 2]].map(usize::from);
        let hash = ((a << 10) ^ (b << 5) ^ c) & WINDOW_MASK;
        let position = self.base + at as u32;
        let last = std::mem::replace(&mut self.head[hash], position);
        self.previous[at & WINDOW_MASK] = last;
        self.found(last)
    }

    #[inline(always)]
    fn found(&self, position: u32) -> Option<usize> {
        (position > self.base).then(|| (position - self.base) as usize)
    }

    /// The longest match from `at` on that is longer than `best`, with its start; `best` without a start if there is none.
    #[inline(always)]
    fn longest_match(
        &self,
        effort: Effort,
        input: &[u8],
        at: usize,
        mut candidate: usize,
        best: usize,
    ) -> (usize, Option<usize>) {
        let ahead = input.len() - at;
        let nice = effort.nice.min(ahead);
        let mut tries = if best >= effort.good { effort.chain / 4 } else { effort.chain };
        let limit = at.saturating_sub(DISTANCE_MAX);
        let end = at + ahead.min(MATCH_MAX);
        let (mut best, mut start) = (best, None);
        while best < ahead {
            if input[candidate + best] == input[at + best]
                && input[candidate + best - 1] == input[at + best - 1]
                && input[candidate] == input[at]
            {
                let length = common_length(input, candidate, at, end);
                if length > best {
                    (best, start) = (length, Some(candidate));
                    if length >= nice {
                        break;
                    }
                }
            }
            tries -= 1;
            match self.found(self.previous[candidate & WINDOW_MASK]) {
                Some(next) if next > limit && tries > 0 => candidate = next,
                _ => break,
            }
        }
        (best, start)
    }

    /// Takes a match only if the next byte does not start a longer one (`deflate_slow`).
    fn lazy(&mut self, effort: Effort, input: &[u8], out: &mut Vec<u8>) {
        let (mut at, mut length, mut start) = (0, MATCH_MIN - 1, 0);
        let mut literal_waits = false;
        while at < input.len() {
            let head = if input.len() - at >= MATCH_MIN { self.insert(input, at) } else { None };
            let (last_length, last_start) = (length, start);
            length = MATCH_MIN - 1;
            if let Some(head) = head
                && last_length < effort.lazy
                && at - head <= DISTANCE_MAX
            {
                let (longest, from) = self.longest_match(effort, input, at, head, last_length);
                length = longest.min(input.len() - at);
                start = from.unwrap_or(start);
                if length == MATCH_MIN && at - start > TOO_FAR {
                    length = MATCH_MIN - 1;
                }
            }
            if last_length >= MATCH_MIN && length <= last_length {
                let is_full = self.blocks.tally_match(at - 1 - last_start, last_length);
                let end = at - 1 + last_length;
                for position in at + 1..end {
                    if position + MATCH_MIN <= input.len() {
                        self.insert(input, position);
                    }
                }
                at = end;
                literal_waits = false;
                length = MATCH_MIN - 1;
                if is_full {
                    self.blocks.flush(input, at, out);
                }
            } else {
                if literal_waits && self.blocks.tally_literal(input[at - 1]) {
                    self.blocks.flush(input, at, out);
                }
                literal_waits = true;
                at += 1;
            }
        }
        if literal_waits {
            self.blocks.tally_literal(input[at - 1]);
        }
    }

    /// Takes each match as it comes (`deflate_fast`).
    fn fast(&mut self, effort: Effort, input: &[u8], out: &mut Vec<u8>) {
        let mut at = 0;
        while at < input.len() {
            let head = if input.len() - at >= MATCH_MIN { self.insert(input, at) } else { None };
            let found = head.filter(|head| at - head <= DISTANCE_MAX);
            let found = found.map(|head| self.longest_match(effort, input, at, head, MATCH_MIN - 1));
            let is_full = if let Some((length, Some(start))) = found {
                let is_full = self.blocks.tally_match(at - start, length);
                let end = at + length;
                if length <= effort.lazy && input.len() - end >= MATCH_MIN {
                    for position in at + 1..end {
                        self.insert(input, position);
                    }
                }
                at = end;
                is_full
            } else {
                at += 1;
                self.blocks.tally_literal(input[at - 1])
            };
            if is_full {
                self.blocks.flush(input, at, out);
            }
        }
    }
}
