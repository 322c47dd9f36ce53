//! Compressing a block exactly as the C++ library does that Kafka writes with (snappy 1.1.10 in snappy-java), so that a batch
//! that a broker compresses anew has the same bytes here.

use super::matching::{common_length, read_u32};

/// Largest block, in bytes: positions are kept in 16 bits.
pub(super) const BLOCK_MAX: usize = 64 * 1024;
const TABLE_BITS_MAX: u32 = 14;
const TABLE_SIZE_MIN: usize = 256;
/// Matches are looked for up to this far from the end.
const INPUT_MARGIN: usize = 15;

/// Where each hash was last seen.
pub(super) struct Table(Box<[u16; 1 << TABLE_BITS_MAX]>);

impl Default for Table {
    fn default() -> Self {
        Table(Box::new([0; 1 << TABLE_BITS_MAX]))
    }
}

struct Hashes<'t> {
    table: &'t mut [u16],
    mask: usize,
}

impl Hashes<'_> {
    /// Puts `position` in place of what these four bytes had.
    #[inline(always)]
    fn replace(&mut self, bytes: u32, position: usize) -> usize {
        let hash = (bytes.wrapping_mul(0x1E35_A7BD) >> (31 - TABLE_BITS_MAX)) as usize & self.mask;
        usize::from(std::mem::replace(&mut self.table[hash / 2], position as u16))
    }
}

/// Appends `input`, at most [`BLOCK_MAX`] bytes, as one raw block to `out`.
pub(super) fn encode(input: &[u8], table: &mut Table, out: &mut Vec<u8>) {
    debug_assert!(input.len() <= BLOCK_MAX);
    let mut size = input.len();
    while size >= 0x80 {
        out.push(size as u8 | 0x80);
        size >>= 7;
    }
    out.push(size as u8);
    let entries = match input.len() {
        0 => TABLE_SIZE_MIN,
        len => len.next_power_of_two().clamp(TABLE_SIZE_MIN, 1 << TABLE_BITS_MAX),
    };
    let table = &mut table.0[..entries];
    table.fill(0);
    let mut hashes = Hashes { table, mask: 2 * (entries - 1) };
    let emitted = encode_matches(input, &mut hashes, out);
    if emitted < input.len() {
        literal(&input[emitted..], out);
    }
}

/// Writes literals and copies up to the last copy, and says where that ended.
#[inline(never)]
fn encode_matches(input: &[u8], hashes: &mut Hashes<'_>, out: &mut Vec<u8>) -> usize {
    if input.len() < INPUT_MARGIN {
        return 0;
    }
    let limit = input.len() - INPUT_MARGIN;
    let mut at = 0;
    loop {
        let emitted = at;
        at += 1;
        let Some((found, mut candidate)) = find(input, hashes, at, limit) else { return emitted };
        at = found;
        literal(&input[emitted..at], out);
        loop {
            let length = 4 + common_length(input, candidate + 4, at + 4, input.len());
            copy(at - candidate, length, out);
            at += length;
            if at >= limit {
                return at;
            }
            hashes.replace(read_u32(input, at - 1), at - 1);
            let bytes = read_u32(input, at);
            candidate = hashes.replace(bytes, at);
            if bytes != read_u32(input, candidate) {
                break;
            }
        }
    }
}

/// The next position from `at` on whose four bytes were seen before, and where.
#[inline(always)]
fn find(input: &[u8], hashes: &mut Hashes<'_>, mut at: usize, limit: usize) -> Option<(usize, usize)> {
    let mut skip = 32;
    // Every position of the first sixteen, if there are so many.
    if limit >= at + 16 {
        for position in at..at + 16 {
            let bytes = read_u32(input, position);
            let candidate = hashes.replace(bytes, position);
            if bytes == read_u32(input, candidate) {
                return Some((position, candidate));
            }
        }
        at += 16;
        skip += 16;
    }
    loop {
        let step = skip >> 5;
        skip += step;
        if at + step > limit {
            return None;
        }
        let bytes = read_u32(input, at);
        let candidate = hashes.replace(bytes, at);
        if bytes == read_u32(input, candidate) {
            return Some((at, candidate));
        }
        at += step;
    }
}

fn literal(run: &[u8], out: &mut Vec<u8>) {
    let n = run.len() - 1;
    if n < 60 {
        out.push((n << 2) as u8);
    } else {
        let count = if n < 1 << 8 { 1 } else { 2 };
        out.push(((59 + count) << 2) as u8);
        out.extend_from_slice(&(n as u16).to_le_bytes()[..count]);
    }
    out.extend_from_slice(run);
}

fn copy(offset: usize, mut length: usize, out: &mut Vec<u8>) {
    // Pieces of 64, but the last one at least 4.
    while length >= 68 {
        copy_up_to_64(offset, 64, out);
        length -= 64;
    }
    if length > 64 {
        copy_up_to_64(offset, 60, out);
        length -= 60;
    }
    copy_up_to_64(offset, length, out);
}

#[inline(always)]
fn copy_up_to_64(offset: usize, length: usize, out: &mut Vec<u8>) {
    if length < 12 && offset < 2048 {
        out.extend_from_slice(&[1 | ((length - 4) << 2 | (offset >> 8) << 5) as u8, offset as u8]);
    } else {
        let [low, high] = (offset as u16).to_le_bytes();
        out.extend_from_slice(&[2 | ((length - 1) << 2) as u8, low, high]);
    }
}
