//! The LZ4 block format, accepted exactly as the C library accepts it that Kafka reads with (`LZ4_decompress_safe`).
//!
//! No ready-made decoder does: they differ in the rules for the end of a block (where the last match may start, how many
//! literals must follow it, how near the end of the buffer it may come), some of which depend on the C library's shortcuts,
//! and in matches of distance 0, which that library fills with zeros. Each shows only on damaged blocks.

/// Why a block was not decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BlockError {
    /// The block is not valid.
    Corrupt,
    /// The block is valid so far, but `out` is full.
    OutputFull,
}

const LONG: usize = 15;
const MATCH_MIN: usize = 4;

/// Decodes `block` into `out` as if that were `capacity` bytes long, and returns how many it wrote.
pub(super) fn decode(block: &[u8], out: &mut [u8], capacity: usize) -> Result<usize, BlockError> {
    let end = block.len();
    // Next byte of the block, next byte of the output.
    let (mut at, mut to) = (0, 0);
    loop {
        let token = usize::from(*block.get(at).ok_or(BlockError::Corrupt)?);
        at += 1;

        let mut literals = token >> 4;
        // Far from both ends the C library copies short runs without looking closer, which skips some of the rules.
        let shortcut = literals < LONG && at + 17 <= end && to + 32 <= capacity;
        if !shortcut {
            if literals == LONG {
                if at + 15 >= end {
                    return Err(BlockError::Corrupt);
                }
                literals += extension(block, &mut at, 15)?;
            }
            if to + literals + 12 > capacity || at + literals + 8 > end {
                if at + literals != end || to + literals > capacity {
                    return Err(BlockError::Corrupt);
                }
                let out = out.get_mut(to..to + literals).ok_or(BlockError::OutputFull)?;
                out.copy_from_slice(&block[at..]);
                return Ok(to + literals);
            }
        }
        copy_literals(block, at, out, to, literals)?;
        at += literals;
        to += literals;

        let &[low, high] = block[at..].first_chunk::<2>().ok_or(BlockError::Corrupt)?;
        at += 2;
        let distance = usize::from(u16::from_le_bytes([low, high]));
        let mut length = token & 15;
        let shortcut = shortcut && length < LONG && distance >= 8;
        if length == LONG {
            length += extension(block, &mut at, 4)?;
        }
        length += MATCH_MIN;
        if distance > to || (!shortcut && to + length + 5 > capacity) {
            return Err(BlockError::Corrupt);
        }
        if to + length > out.len() {
            return Err(BlockError::OutputFull);
        }
        copy_match(out, to, distance, length);
        to += length;
    }
}

/// Reads the rest of a length, which must leave `margin` bytes behind it.
fn extension(block: &[u8], at: &mut usize, margin: usize) -> Result<usize, BlockError> {
    let mut sum = 0;
    loop {
        let byte = usize::from(*block.get(*at).ok_or(BlockError::Corrupt)?);
        *at += 1;
        sum += byte;
        if *at + margin > block.len() {
            return Err(BlockError::Corrupt);
        }
        if byte != 255 {
            return Ok(sum);
        }
    }
}

#[inline(always)]
fn copy_literals(block: &[u8], at: usize, out: &mut [u8], to: usize, length: usize) -> Result<(), BlockError> {
    // Most runs are short, and sixteen bytes at once are cheaper than an exact copy.
    if length <= 16
        && let Some(from) = block.get(at..).and_then(|rest| rest.first_chunk::<16>())
        && let Some(room) = out.get_mut(to..).and_then(|room| room.first_chunk_mut::<16>())
    {
        *room = *from;
        return Ok(());
    }
    let from = block.get(at..at + length).ok_or(BlockError::Corrupt)?;
    out.get_mut(to..to + length).ok_or(BlockError::OutputFull)?.copy_from_slice(from);
    Ok(())
}

/// Copies `length` bytes within `out` from `distance` before `to`; both ends must be inside of it.
#[inline(always)]
fn copy_match(out: &mut [u8], to: usize, distance: usize, length: usize) {
    let from = to - distance;
    if distance >= 16 && length <= 32 && to + 32 <= out.len() {
        out.copy_within(from..from + 16, to);
        if length > 16 {
            out.copy_within(from + 16..from + 32, to + 16);
        }
    } else if distance >= length {
        out.copy_within(from..from + length, to);
    } else if distance == 0 {
        out[to..to + length].fill(0);
    } else {
        // The match runs into its own copy: what is there so far repeats, twice as much each time.
        let mut done = 0;
        while done < length {
            let piece = (distance + done).min(length - done);
            out.copy_within(from..from + piece, to + done);
            done += piece;
        }
    }
}
