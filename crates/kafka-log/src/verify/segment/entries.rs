//! Entries of an index file one after the other, without the whole file in memory.

use std::path::Path;

use crate::fs::ReadAt;
use crate::verify::code::Code;
use crate::verify::finding::Finding;

/// Bytes read at once; whole entries of 8, 12 and 34 bytes.
const BLOCK: usize = 8 * 12 * 34 * 8;

/// Entries of `N` bytes.
pub(super) struct Entries<'f, const N: usize> {
    file: &'f (dyn ReadAt + Sync),
    used: u64,
    /// Slot of the next entry.
    slot: u64,
    block: Vec<u8>,
    block_start: u64,
    /// Why reading ended early.
    pub(super) error: Option<String>,
}

impl<'f, const N: usize> Entries<'f, N> {
    /// The whole entries in the first `used` bytes of `file`.
    pub(super) fn new(file: &'f (dyn ReadAt + Sync), used: u64) -> Self {
        Entries { file, used, slot: 0, block: Vec::new(), block_start: 0, error: None }
    }

    /// The entry `ahead` behind the next one, and its slot.
    pub(super) fn peek(&mut self, ahead: u64) -> Option<(u64, [u8; N])> {
        let slot = self.slot + ahead;
        let start = slot * N as u64;
        if self.error.is_some() || start + N as u64 > self.used {
            return None;
        }
        if start < self.block_start || start + N as u64 > self.block_start + self.block.len() as u64 {
            // From the next entry on, so that a look ahead does not read twice.
            self.block_start = self.slot * N as u64;
            let want = (self.used - self.block_start).min(BLOCK as u64) as usize;
            self.block.resize(want, 0);
            match self.file.read_full_at(&mut self.block, self.block_start) {
                Ok(got) => self.block.truncate(got),
                Err(error) => {
                    self.block.clear();
                    self.error = Some(error.to_string());
                }
            }
        }
        let within = (start - self.block_start) as usize;
        Some((slot, *self.block.get(within..)?.first_chunk()?))
    }

    /// Goes on behind the next entry.
    pub(super) fn advance(&mut self) {
        self.slot += 1;
    }
}

/// Entries that are wrong in the same way: how many, and the first of them.
#[derive(Debug, Default)]
pub(super) struct EntryFaults {
    count: u64,
    first: Option<(u64, String, String)>,
}

impl EntryFaults {
    pub(super) fn add(&mut self, slot: u64, expected: String, found: String) {
        self.count += 1;
        self.first.get_or_insert((slot, expected, found));
    }

    /// One finding about all of them.
    pub(super) fn finding(self, code: Code, path: &Path, entry_len: u64) -> Option<Finding> {
        let (slot, expected, found) = self.first?;
        let found = match self.count {
            1 => format!("{found} in entry {slot}"),
            more => format!("{found} in entry {slot}, and {} more entries like it", more - 1),
        };
        Some(Finding::new(code, path, expected, found).at(slot * entry_len..(slot + 1) * entry_len))
    }
}

/// Bytes of a file up to the last whole entry that is not zero, given that its length is `len`.
///
/// # Errors
/// Those of the medium.
pub(super) fn used_len(file: &(dyn ReadAt + Sync), len: u64, entry_len: u64) -> std::io::Result<u64> {
    let mut end = len;
    let mut block = vec![0; BLOCK];
    while end > 0 {
        let start = end.saturating_sub(BLOCK as u64);
        let want = (end - start) as usize;
        let got = file.read_full_at(&mut block[..want], start)?;
        if let Some(last) = block[..got].iter().rposition(|&byte| byte != 0) {
            let used = start + last as u64 + 1;
            return Ok(used.div_ceil(entry_len).saturating_mul(entry_len).min(len / entry_len * entry_len));
        }
        end = start;
    }
    Ok(0)
}
