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

/// What a sequence with short lengths takes at most, rounded up to the sizes it is copied with.
const SHORT_INPUT: usize = 1 + 16 + 2;
const SHORT_OUTPUT: usize = 16 + 18;

/// Decodes `block` into `out` as if that were `capacity` bytes long, and returns how many it wrote.
#[inline(never)] // or else its hot loop shares registers with all of the decompressor
pub(super) fn decode(block: &[u8], out: &mut [u8], capacity: usize) -> Result<usize, BlockError> {
    let usable = out.len().min(capacity);
    let out = &mut out[..usable];
    let end = block.len();
    // Next byte of the block, next byte of the output.
    let (mut at, mut to) = (0, 0);
    loop {
        let token = usize::from(*block.get(at).ok_or(BlockError::Corrupt)?);
        let (mut literals, mut length) = (token >> 4, token & LONG);

        if literals < LONG && length < LONG && at + SHORT_INPUT <= end && to + SHORT_OUTPUT <= out.len() {
            // Nearly all sequences, copied in pieces of fixed size: what is too much, the next one overwrites.
            let sequence: &[u8; SHORT_INPUT] = block[at..].first_chunk().ok_or(BlockError::Corrupt)?;
            out[to..to + 16].copy_from_slice(&sequence[1..17]);
            let distance = usize::from(u16::from_le_bytes([sequence[literals + 1], sequence[literals + 2]]));
            length += MATCH_MIN;
            at += literals + 3;
            to += literals;
            if (distance > to) | ((distance < 8) & (to + length + 5 > capacity)) {
                return Err(BlockError::Corrupt);
            }
            if distance >= length {
                out.copy_within(to - distance..to - distance + 18, to);
            } else {
                copy_match(out, to, distance, length);
            }
            to += length;
            continue;
        }

        at += 1;
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
        let run = block.get(at..at + literals).ok_or(BlockError::Corrupt)?;
        out.get_mut(to..to + literals).ok_or(BlockError::OutputFull)?.copy_from_slice(run);
        at += literals;
        to += literals;

        let &[low, high] = block[at..].first_chunk::<2>().ok_or(BlockError::Corrupt)?;
        at += 2;
        let distance = usize::from(u16::from_le_bytes([low, high]));
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

/// Reads the rest of a length, which must leave `margin` bytes after it.
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

/// Copies `length` bytes within `out` from `distance` before `to`; both ends must be inside it.
#[inline(always)]
fn copy_match(out: &mut [u8], to: usize, distance: usize, length: usize) {
    let from = to - distance;
    if distance >= length {
        // A fixed size is much cheaper to copy. What is too much gets overwritten.
        match length {
            ..=32 if to + 32 <= out.len() => out.copy_within(from..from + 32, to),
            ..=64 if to + 64 <= out.len() => out.copy_within(from..from + 64, to),
            _ => out.copy_within(from..from + length, to),
        }
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
