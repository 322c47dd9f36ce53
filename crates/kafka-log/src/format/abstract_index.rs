//! What the offset and the time index share (`AbstractIndex`): the search, relative offsets, the errors of an append.

use std::fmt;

/// Bytes at the end of an index that Kafka searches on their own when the target lies in them.
const WARM_LEN: usize = 8192;

/// Where a search ended.
enum Found {
    Empty,
    BeforeFirst,
    /// The value at this slot is the target.
    Exact(usize),
    /// The search closed in on this slot, whose value is below the target if the entries are sorted.
    Below(usize),
}

/// Slot of the largest entry that is not above `target` (`largestLowerBoundSlotFor`); none if there is no such entry.
///
/// Takes exactly the steps Kafka takes, the warm end of the index first, so that unsorted entries of a damaged index
/// give Kafka's answer too. `value_at` reads the key or value in a slot below `entries`; `entry_len` is in bytes.
///
/// # Errors
/// The errors of `value_at`.
pub(crate) fn largest_lower_bound_slot<E>(
    entries: usize,
    entry_len: usize,
    target: i64,
    value_at: impl FnMut(usize) -> Result<i64, E>,
) -> Result<Option<usize>, E> {
    Ok(match search(entries, entry_len, target, value_at)? {
        Found::Empty | Found::BeforeFirst => None,
        Found::Exact(slot) | Found::Below(slot) => Some(slot),
    })
}

/// Slot of the smallest entry that is not below `target` (`smallestUpperBoundSlotFor`); none if there is no such entry.
///
/// Otherwise like [`largest_lower_bound_slot`].
///
/// # Errors
/// The errors of `value_at`.
pub(crate) fn smallest_upper_bound_slot<E>(
    entries: usize,
    entry_len: usize,
    target: i64,
    value_at: impl FnMut(usize) -> Result<i64, E>,
) -> Result<Option<usize>, E> {
    Ok(match search(entries, entry_len, target, value_at)? {
        Found::Empty => None,
        Found::BeforeFirst => Some(0),
        Found::Exact(slot) => Some(slot),
        Found::Below(slot) => Some(slot + 1).filter(|&next| next < entries),
    })
}

fn search<E>(
    entries: usize,
    entry_len: usize,
    target: i64,
    mut value_at: impl FnMut(usize) -> Result<i64, E>,
) -> Result<Found, E> {
    if entries == 0 {
        return Ok(Found::Empty);
    }
    let first_warm = (entries - 1).saturating_sub(WARM_LEN / entry_len);
    let (mut low, mut high) = if value_at(first_warm)? < target {
        (first_warm, entries - 1)
    } else if value_at(0)? > target {
        return Ok(Found::BeforeFirst);
    } else {
        (0, first_warm)
    };
    while low < high {
        let middle = (low + high).div_ceil(2);
        match value_at(middle)?.cmp(&target) {
            std::cmp::Ordering::Greater => high = middle - 1,
            std::cmp::Ordering::Less => low = middle,
            std::cmp::Ordering::Equal => return Ok(Found::Exact(middle)),
        }
    }
    Ok(Found::Below(low))
}

/// `offset` as the distance from `base_offset` that an index entry has room for, 0 to 2147483647.
///
/// Also the answer to `canAppendOffset`. The difference wraps, as in Kafka.
pub(crate) fn relative_offset(base_offset: i64, offset: i64) -> Option<i32> {
    i32::try_from(offset.wrapping_sub(base_offset)).ok().filter(|&relative| relative >= 0)
}

/// Entries to keep so that nothing at or above `offset` remains: `slot` is the largest lower bound of `offset` and
/// `relative` reads the relative offset stored in a slot.
pub(super) fn entries_kept(slot: Option<usize>, relative_target: i64, relative: impl Fn(usize) -> i32) -> usize {
    match slot {
        None => 0,
        Some(slot) if i64::from(relative(slot)) == relative_target => slot,
        Some(slot) => slot + 1,
    }
}

/// An entry that must not be appended to an index. Nothing was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IndexAppendError {
    /// No slot is left (`IllegalArgumentException`).
    Full {
        /// Entries in the index.
        entries: usize,
    },
    /// The offset does not follow the last one (`InvalidOffsetException`; for the transaction index
    /// `IllegalArgumentException`).
    OffsetOutOfOrder {
        /// Offset to append.
        offset: i64,
        /// Offset of the last entry.
        last: i64,
    },
    /// The timestamp is before the last one (`IllegalStateException`).
    TimestampOutOfOrder {
        /// Timestamp to append, in ms.
        timestamp: i64,
        /// Timestamp of the last entry, in ms.
        last: i64,
    },
    /// The offset is below the base offset or more than 2147483647 above it (`IndexOffsetOverflowException`).
    RelativeOffsetOverflow {
        /// Offset to append.
        offset: i64,
        /// Base offset of the index.
        base_offset: i64,
    },
}

impl fmt::Display for IndexAppendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            IndexAppendError::Full { entries } => write!(f, "the index is full: {entries} entries"),
            IndexAppendError::OffsetOutOfOrder { offset, last } => {
                write!(f, "expected an offset after the last one, {last}, found {offset}")
            }
            IndexAppendError::TimestampOutOfOrder { timestamp, last } => {
                write!(f, "expected a timestamp not before the last one, {last}, found {timestamp}")
            }
            IndexAppendError::RelativeOffsetOverflow { offset, base_offset } => {
                write!(f, "expected an offset from {base_offset} up to 2147483647 above it, found {offset}")
            }
        }
    }
}

impl std::error::Error for IndexAppendError {}
