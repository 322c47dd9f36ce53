//! The segments of a log in order.

use std::collections::HashSet;
use std::sync::Arc;

use crate::fs::Fs;
use crate::segment::log_segment::LogSegment;

/// The segments of a log in the order of their base offsets, the last one active (`LogSegments`). A list never changes:
/// a new one takes its place.
#[derive(Debug)]
pub(in crate::log) struct Segments<F: Fs> {
    list: Vec<Arc<LogSegment<F>>>,
}

impl<F: Fs> Clone for Segments<F> {
    fn clone(&self) -> Self {
        Segments { list: self.list.clone() }
    }
}

impl<F: Fs> Segments<F> {
    pub(in crate::log) fn new(mut list: Vec<Arc<LogSegment<F>>>) -> Self {
        list.sort_by_key(|segment| segment.base_offset());
        Segments { list }
    }

    pub(in crate::log) fn all(&self) -> &[Arc<LogSegment<F>>] {
        &self.list
    }

    pub(in crate::log) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub(in crate::log) fn first(&self) -> Option<&Arc<LogSegment<F>>> {
        self.list.first()
    }

    pub(in crate::log) fn last(&self) -> Option<&Arc<LogSegment<F>>> {
        self.list.last()
    }

    /// Number of segments with a base offset not above `offset`.
    fn upper_bound(&self, offset: i64) -> usize {
        self.list.partition_point(|segment| segment.base_offset() <= offset)
    }

    /// The segment with the largest base offset not above `offset`.
    pub(in crate::log) fn floor(&self, offset: i64) -> Option<&Arc<LogSegment<F>>> {
        self.upper_bound(offset).checked_sub(1).map(|at| &self.list[at])
    }

    /// The segment with the largest base offset below `offset`.
    pub(in crate::log) fn lower(&self, offset: i64) -> Option<&Arc<LogSegment<F>>> {
        let at = self.list.partition_point(|segment| segment.base_offset() < offset);
        at.checked_sub(1).map(|at| &self.list[at])
    }

    /// The segments with base offsets above `offset`.
    pub(in crate::log) fn higher(&self, offset: i64) -> &[Arc<LogSegment<F>>] {
        &self.list[self.upper_bound(offset)..]
    }

    /// The segments from the one that holds `from` on, with base offsets below `to` (`LogSegments.values`).
    pub(in crate::log) fn range(&self, from: i64, to: i64) -> &[Arc<LogSegment<F>>] {
        let start = self.upper_bound(from).saturating_sub(1);
        let end = self.list.partition_point(|segment| segment.base_offset() < to);
        if from >= to { &[] } else { self.list.get(start..end).unwrap_or_default() }
    }

    pub(in crate::log) fn contains(&self, base_offset: i64) -> bool {
        self.floor(base_offset).is_some_and(|segment| segment.base_offset() == base_offset)
    }

    /// Adds a segment, in place of one with the same base offset.
    pub(in crate::log) fn add(&mut self, segment: Arc<LogSegment<F>>) {
        let at = self.list.partition_point(|other| other.base_offset() < segment.base_offset());
        match self.list.get_mut(at) {
            Some(other) if other.base_offset() == segment.base_offset() => *other = segment,
            _ => self.list.insert(at, segment),
        }
    }

    pub(in crate::log) fn remove(&mut self, base_offset: i64) {
        self.list.retain(|segment| segment.base_offset() != base_offset);
    }

    /// Takes out the segments with the base offsets of these.
    pub(in crate::log) fn remove_all(&mut self, segments: &[Arc<LogSegment<F>>]) {
        let bases: HashSet<i64> = segments.iter().map(|segment| segment.base_offset()).collect();
        self.list.retain(|segment| !bases.contains(&segment.base_offset()));
    }

    pub(in crate::log) fn size(&self) -> u64 {
        self.list.iter().map(|segment| u64::from(segment.size())).sum()
    }
}
