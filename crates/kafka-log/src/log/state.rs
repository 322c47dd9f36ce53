//! The numbers of a log that readers need together, and the list of its segments.

use std::sync::Arc;

use super::types::LogOffsetMetadata;
use crate::fs::Fs;
use crate::segment::log_segment::LogSegment;

/// Offsets of a log at one moment: log start <= last stable offset <= high watermark <= log end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Offsets {
    pub(super) log_start: i64,
    pub(super) local_log_start: i64,
    pub(super) log_end: LogOffsetMetadata,
    pub(super) high_watermark: LogOffsetMetadata,
    pub(super) first_unstable: Option<LogOffsetMetadata>,
    pub(super) recovery_point: i64,
    pub(super) highest_in_remote_storage: i64,
    /// How often the log was cut: offsets below the log end may then stand for other records.
    pub(super) truncations: u32,
}

impl Offsets {
    pub(super) fn log_end_offset(&self) -> i64 {
        self.log_end.message_offset
    }

    /// First offset that a reader of committed records must not see (`lastStableOffset`).
    pub(super) fn last_stable_offset(&self) -> i64 {
        let high_watermark = self.high_watermark.message_offset;
        self.first_unstable.map_or(high_watermark, |unstable| unstable.message_offset.min(high_watermark))
    }
}

/// The segments of a log in the order of their base offsets, the last one active (`LogSegments`). A list never changes:
/// a new one takes its place.
#[derive(Debug)]
pub(super) struct Segments<F: Fs> {
    list: Vec<Arc<LogSegment<F>>>,
}

impl<F: Fs> Clone for Segments<F> {
    fn clone(&self) -> Self {
        Segments { list: self.list.clone() }
    }
}

impl<F: Fs> Segments<F> {
    pub(super) fn new(mut list: Vec<Arc<LogSegment<F>>>) -> Self {
        list.sort_by_key(|segment| segment.base_offset());
        Segments { list }
    }

    pub(super) fn all(&self) -> &[Arc<LogSegment<F>>] {
        &self.list
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub(super) fn first(&self) -> Option<&Arc<LogSegment<F>>> {
        self.list.first()
    }

    pub(super) fn last(&self) -> Option<&Arc<LogSegment<F>>> {
        self.list.last()
    }

    /// Number of segments with a base offset not above `offset`.
    fn upper_bound(&self, offset: i64) -> usize {
        self.list.partition_point(|segment| segment.base_offset() <= offset)
    }

    /// The segment with the largest base offset not above `offset`.
    pub(super) fn floor(&self, offset: i64) -> Option<&Arc<LogSegment<F>>> {
        self.upper_bound(offset).checked_sub(1).map(|at| &self.list[at])
    }

    /// The segment with the largest base offset below `offset`.
    pub(super) fn lower(&self, offset: i64) -> Option<&Arc<LogSegment<F>>> {
        let at = self.list.partition_point(|segment| segment.base_offset() < offset);
        at.checked_sub(1).map(|at| &self.list[at])
    }

    /// The segments with base offsets above `offset`.
    pub(super) fn higher(&self, offset: i64) -> &[Arc<LogSegment<F>>] {
        &self.list[self.upper_bound(offset)..]
    }

    /// The segments from the one that holds `from` on, with base offsets below `to` (`LogSegments.values`).
    pub(super) fn range(&self, from: i64, to: i64) -> &[Arc<LogSegment<F>>] {
        let start = self.upper_bound(from).saturating_sub(1);
        let end = self.list.partition_point(|segment| segment.base_offset() < to);
        if from >= to { &[] } else { self.list.get(start..end).unwrap_or_default() }
    }

    pub(super) fn contains(&self, base_offset: i64) -> bool {
        self.floor(base_offset).is_some_and(|segment| segment.base_offset() == base_offset)
    }

    /// Adds a segment, in place of one with the same base offset.
    pub(super) fn add(&mut self, segment: Arc<LogSegment<F>>) {
        let at = self.list.partition_point(|other| other.base_offset() < segment.base_offset());
        match self.list.get_mut(at) {
            Some(other) if other.base_offset() == segment.base_offset() => *other = segment,
            _ => self.list.insert(at, segment),
        }
    }

    pub(super) fn remove(&mut self, base_offset: i64) {
        self.list.retain(|segment| segment.base_offset() != base_offset);
    }

    pub(super) fn size(&self) -> u64 {
        self.list.iter().map(|segment| u64::from(segment.size())).sum()
    }
}
