//! Compressing a block exactly as the C library does that Kafka writes with (`LZ4_compress_default` on up to 64 KiB), so that
//! a batch that a broker compresses anew has the same bytes here.

use super::matching::{common_length, read_u32};

const MATCH_MIN: usize = 4;
/// The last match starts at least this far from the end.
const MATCH_LIMIT: usize = 12;
/// So many bytes at the end are literals.
const LAST_LITERALS: usize = 5;
const SHORTEST: usize = MATCH_LIMIT + 1;
const HASH_LOG: u32 = 13;
/// After how many misses the search moves faster, as a power of two.
const SKIP_TRIGGER: usize = 6;
const LONG: usize = 15;

/// Largest block, in bytes: positions are kept in 16 bits.
pub(super) const BLOCK_MAX: usize = 64 * 1024;

/// Where each hash was last seen.
pub(super) struct Table(Box<[u16; 1 << HASH_LOG]>);

impl Default for Table {
    fn default() -> Self {
        Table(Box::new([0; 1 << HASH_LOG]))
    }
}

impl Table {
    /// Puts `position` in place of what the hash had.
    #[inline(always)]
    fn replace(&mut self, hash: usize, position: usize) -> usize {
        usize::from(std::mem::replace(&mut self.0[hash], position as u16))
    }
}

#[inline(always)]
fn hash(input: &[u8], at: usize) -> usize {
    (read_u32(input, at).wrapping_mul(2_654_435_761) >> (u32::BITS - HASH_LOG)) as usize
}

/// Appends `input`, at most [`BLOCK_MAX`] bytes, as one compressed block to `out`.
#[inline(never)]
pub(super) fn encode(input: &[u8], table: &mut Table, out: &mut Vec<u8>) {
    debug_assert!(input.len() <= BLOCK_MAX);
    // Behind what of the input has been written.
    let mut anchor = 0;
    if input.len() >= SHORTEST {
        table.0.fill(0);
        anchor = encode_matches(input, table, out);
    }
    literals(&input[anchor..], 0, out);
}

/// Writes all sequences with a match, and says where the last ended.
fn encode_matches(input: &[u8], table: &mut Table, out: &mut Vec<u8>) -> usize {
    let search_end = input.len() - MATCH_LIMIT + 1;
    let match_end = input.len() - LAST_LITERALS;
    let mut anchor = 0;
    table.replace(hash(input, 0), 0);
    let mut at = 1;
    loop {
        let (mut next, mut step, mut tries) = (at, 1, 1 << SKIP_TRIGGER);
        let mut next_hash = hash(input, at);
        let mut candidate = loop {
            let current_hash = next_hash;
            at = next;
            next += step;
            step = tries >> SKIP_TRIGGER;
            tries += 1;
            if next > search_end {
                return anchor;
            }
            next_hash = hash(input, next);
            let candidate = table.replace(current_hash, at);
            if read_u32(input, candidate) == read_u32(input, at) {
                break candidate;
            }
        };
        while at > anchor && candidate > 0 && input[at - 1] == input[candidate - 1] {
            at -= 1;
            candidate -= 1;
        }
        let mut token = literals(&input[anchor..at], 0, out);
        loop {
            out.extend_from_slice(&((at - candidate) as u16).to_le_bytes());
            let more = common_length(input, candidate + MATCH_MIN, at + MATCH_MIN, match_end);
            out[token] |= more.min(LONG) as u8;
            extension(more, out);
            at += MATCH_MIN + more;
            anchor = at;
            if at >= search_end {
                return anchor;
            }
            table.replace(hash(input, at - 2), at - 2);
            candidate = table.replace(hash(input, at), at);
            if read_u32(input, candidate) != read_u32(input, at) {
                break;
            }
            token = out.len();
            out.push(0);
        }
        at += 1;
    }
}

/// Writes a token with a run of literals behind it, and says where the token is.
#[inline(always)]
fn literals(run: &[u8], match_nibble: u8, out: &mut Vec<u8>) -> usize {
    let token = out.len();
    out.push((run.len().min(LONG) << 4) as u8 | match_nibble);
    extension(run.len(), out);
    out.extend_from_slice(run);
    token
}

/// Writes what of a length does not fit into its half of the token.
#[inline(always)]
fn extension(length: usize, out: &mut Vec<u8>) {
    if length >= LONG {
        let mut rest = length - LONG;
        while rest >= 255 {
            out.push(255);
            rest -= 255;
        }
        out.push(rest as u8);
    }
}
