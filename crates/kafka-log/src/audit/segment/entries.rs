//! Entries of an index file one after the other, without the whole file in memory.

use std::path::Path;

use crate::audit::code::Code;
use crate::audit::finding::Finding;
use crate::fs::ReadAt;

/// Bytes read at once; whole entries of 8, 12 and 34 bytes.
const BLOCK: usize = 8 * 12 * 34 * 8;

/// Entries of `N` bytes.
struct Entries<'f, const N: usize> {
    file: &'f (dyn ReadAt + Sync),
    used: u64,
    /// Slot of the next entry.
    slot: u64,
    block: Vec<u8>,
    block_start: u64,
    /// Why reading ended early.
    error: Option<String>,
}

impl<'f, const N: usize> Entries<'f, N> {
    /// The whole entries in the first `used` bytes of `file`.
    pub(super) fn new(file: &'f (dyn ReadAt + Sync), used: u64) -> Self {
        Entries { file, used, slot: 0, block: Vec::new(), block_start: 0, error: None }
    }

    /// The entry `ahead` after the next one, and its slot.
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

    /// Goes on after the next entry.
    pub(super) fn advance(&mut self) {
        self.slot += 1;
    }
}

/// An entry of an index that grows in both of its fields.
pub(super) trait IndexEntry: Copy {
    /// The entry at the start of `bytes`.
    fn parse(base_offset: i64, bytes: &[u8]) -> Self;

    /// The field that is not the offset; 0 or more in an intact index.
    fn key(&self) -> i64;

    /// The absolute offset.
    fn offset(&self) -> i64;

    /// What the first entry must be, for people.
    fn expected_first(base_offset: i64) -> String;

    /// The entry, for people.
    fn shown(&self) -> String;

    /// Whether it can come after `previous`, or first.
    fn follows(&self, previous: Option<Self>, base_offset: i64) -> bool {
        match previous {
            Some(previous) => self.key() > previous.key() && self.offset() > previous.offset(),
            None => self.key() >= 0 && self.offset() >= base_offset,
        }
    }

    /// What an entry must be after `previous`, or first.
    fn expected(previous: Option<Self>, base_offset: i64) -> String {
        match previous {
            Some(previous) => format!("more than {}", previous.shown()),
            None => Self::expected_first(base_offset),
        }
    }
}

/// The entries of an index that are in order. The others are counted and skipped.
pub(super) struct InOrder<'f, E, const N: usize> {
    entries: Option<Entries<'f, N>>,
    base_offset: i64,
    /// The newest entry that was taken.
    previous: Option<E>,
    /// The next entry, once it was looked at.
    peeked: Option<(u64, E)>,
    out_of_order: EntryFaults,
}

impl<'f, E: IndexEntry, const N: usize> InOrder<'f, E, N> {
    /// The index in `file`, of which the first `used` bytes count; without a file there are no entries.
    pub(super) fn new(file: Option<(&'f (dyn ReadAt + Sync), u64)>, base_offset: i64) -> Self {
        let entries = file.map(|(file, used)| Entries::new(file, used));
        InOrder { entries, base_offset, previous: None, peeked: None, out_of_order: EntryFaults::default() }
    }

    /// Whether there is a file.
    pub(super) fn has_file(&self) -> bool {
        self.entries.is_some()
    }

    /// The newest entry that was taken.
    pub(super) fn previous(&self) -> Option<E> {
        self.previous
    }

    /// The next entry, and its slot.
    #[inline]
    pub(super) fn peek(&mut self) -> Option<(u64, E)> {
        if self.peeked.is_none() {
            self.peeked = self.next_in_order();
        }
        self.peeked
    }

    /// Moves past the entry that was peeked.
    pub(super) fn take(&mut self) {
        if let Some((_, entry)) = self.peeked.take() {
            self.previous = Some(entry);
            self.advance();
        }
    }

    fn next_in_order(&mut self) -> Option<(u64, E)> {
        loop {
            let (previous, base_offset) = (self.previous, self.base_offset);
            let entries = self.entries.as_mut()?;
            let (slot, bytes) = entries.peek(0)?;
            let entry = E::parse(base_offset, &bytes);
            let following = entries.peek(1).map(|(_, bytes)| E::parse(base_offset, &bytes));
            // One that is too large shows in the next one being smaller although that fits the one before.
            let is_outlier = following.is_some_and(|following| {
                following.follows(previous, base_offset) && !following.follows(Some(entry), base_offset)
            });
            if entry.follows(previous, base_offset) && !is_outlier {
                return Some((slot, entry));
            }
            self.out_of_order.add(slot, || (E::expected(previous, base_offset), entry.shown()));
            self.advance();
        }
    }

    fn advance(&mut self) {
        if let Some(entries) = &mut self.entries {
            entries.advance();
        }
    }

    /// The entries out of order, as a finding with `code`, and why reading ended early.
    pub(super) fn findings(self, code: Code, path: &Path) -> (Option<Finding>, Option<Finding>) {
        let failed = self.entries.and_then(|entries| entries.error);
        let failed = failed.map(|error| Finding::new(Code::ReadFailed, path, "a file to read", error));
        (self.out_of_order.finding(code, path, N as u64), failed)
    }
}

/// Entries that are wrong in the same way: how many, and the first of them.
#[derive(Debug, Default)]
pub(super) struct EntryFaults {
    count: u64,
    first: Option<(u64, String, String)>,
}

impl EntryFaults {
    /// One more; `told` says what was expected and what was found, of the first alone.
    pub(super) fn add(&mut self, slot: u64, told: impl FnOnce() -> (String, String)) {
        self.count += 1;
        self.first.get_or_insert_with(|| {
            let (expected, found) = told();
            (slot, expected, found)
        });
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
