//! How much of an index file is in use. The index of an active segment is as long as it may get, and zeros follow its
//! entries: 10 MiB of them by default, which the file system does not store and which need not be read.

use std::io;
use std::ops::Range;

use crate::audit::report::Level;
use crate::fs::{FsFile, ReadAt};

/// Stretches of a file that are examined one by one; what follows the last is taken for stored.
const STRETCHES_MAX: usize = 64;
/// Bytes that are read at once, the first time and at most.
const BLOCK_MIN: u64 = 4096;
const BLOCK_MAX: u64 = 64 * 1024;
/// A stored stretch of more bytes is searched for the end of its entries, where that is enough.
const SEARCHED_FROM: u64 = 64 * 1024;
/// Places after the end that a search found at which zeros are expected, and the bytes read at each.
const SAMPLES: u64 = 8;
const SAMPLE: u64 = 512;

/// Bytes of a file of `len` bytes up to the last entry that is not zero.
///
/// At level quick the end of entries in a long stretch is searched for, as entries are never zero and zeros follow them. Entries after
/// zeros are then found only where a hole in the file or a sample shows that something is there.
///
/// # Errors
/// I/O errors.
pub(super) fn used_len<R: FsFile>(file: &R, len: u64, entry_len: u64, level: Level) -> io::Result<u64> {
    let whole = |end: u64| end.div_ceil(entry_len).saturating_mul(entry_len).min(len / entry_len * entry_len);
    for data in stretches(file, len)?.into_iter().rev() {
        let is_searched = level == Level::Quick && data.end - data.start > SEARCHED_FROM;
        let end = if is_searched { searched_end(file, data, entry_len)? } else { end_of_data(file, data)? };
        if let Some(end) = end {
            return Ok(whole(end));
        }
    }
    Ok(0)
}

/// What is stored of the first `len` bytes of a file.
fn stretches<R: FsFile>(file: &R, len: u64) -> io::Result<Vec<Range<u64>>> {
    let mut found: Vec<Range<u64>> = Vec::new();
    let mut at = 0;
    while at < len
        && let Some(data) = file.next_data(at)?.filter(|data| data.start < len)
    {
        if found.len() == STRETCHES_MAX {
            found.push(data.start..len);
            break;
        }
        at = data.end.max(at + 1);
        found.push(data.start..data.end.min(len));
    }
    Ok(found)
}

/// Position after the last byte of `data` that is not zero, found by reading back from its end.
fn end_of_data<R: ReadAt>(file: &R, data: Range<u64>) -> io::Result<Option<u64>> {
    let mut bytes = Vec::new();
    let (mut end, mut size) = (data.end, BLOCK_MIN);
    while end > data.start {
        let start = end.saturating_sub(size).max(data.start);
        bytes.resize((end - start) as usize, 0);
        let got = file.read_full_at(&mut bytes, start)?;
        if let Some(last) = bytes[..got].iter().rposition(|&byte| byte != 0) {
            return Ok(Some(start + last as u64 + 1));
        }
        (end, size) = (start, BLOCK_MAX.min(2 * size));
    }
    Ok(None)
}

/// The same by a binary search for the first entry that is zero, and reads of some places after it.
fn searched_end<R: ReadAt>(file: &R, data: Range<u64>, entry_len: u64) -> io::Result<Option<u64>> {
    // Most indexes of sealed segments are full to the end.
    let tail = data.end.saturating_sub(BLOCK_MIN).max(data.start)..data.end;
    if let Some(end) = end_of_data(file, tail)? {
        return Ok(Some(end));
    }
    let first = data.start / entry_len;
    let (mut used, mut zero) = (first, data.end / entry_len);
    while used < zero {
        let slot = used + (zero - used) / 2;
        if is_zero(file, slot * entry_len..(slot + 1) * entry_len)? { zero = slot } else { used = slot + 1 }
    }
    let behind = zero * entry_len..data.end;
    let step = (behind.end - behind.start) / SAMPLES;
    for sample in 0..SAMPLES {
        let start = behind.start + sample * step;
        if !is_zero(file, start..behind.end.min(start + SAMPLE))? {
            return end_of_data(file, data);
        }
    }
    Ok((zero > first).then_some(zero * entry_len))
}

fn is_zero<R: ReadAt>(file: &R, bytes: Range<u64>) -> io::Result<bool> {
    let mut buf = [0; SAMPLE as usize];
    let want = SAMPLE.min(bytes.end - bytes.start) as usize;
    let got = file.read_full_at(&mut buf[..want], bytes.start)?;
    Ok(buf[..got].iter().all(|&byte| byte == 0))
}

#[cfg(test)]
mod tests;
