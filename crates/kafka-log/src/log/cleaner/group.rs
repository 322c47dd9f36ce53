//! Which segments are cleaned into one (`Cleaner.groupSegmentsBySize`).

use std::ops::Range;

/// How much a segment holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SegmentExtent {
    /// Offset its name has.
    pub base_offset: i64,
    /// Bytes of its log file.
    pub size: u64,
    /// Bytes of its offset index.
    pub offset_index_bytes: u64,
    /// Bytes of its time index.
    pub time_index_bytes: u64,
}

/// Neighbours to be cleaned into one segment each, in order: as many as `segment.bytes` and `segment.index.bytes` allow
/// for their sums, and whose offsets fit into one segment. So segments do not become ever smaller.
///
/// `first_uncleanable_offset` bounds the last segment, whose last offset would take a read to find.
pub(super) fn group_segments_by_size(
    segments: &[SegmentExtent],
    segment_bytes: i32,
    segment_index_bytes: i32,
    first_uncleanable_offset: i64,
) -> Vec<Range<usize>> {
    let limit = |max: i32| u64::try_from(max).unwrap_or(0);
    let mut groups: Vec<Range<usize>> = Vec::new();
    let mut sum = SegmentExtent { base_offset: 0, size: 0, offset_index_bytes: 0, time_index_bytes: 0 };
    for (at, segment) in segments.iter().enumerate() {
        let last_offset = segments.get(at + 1).map_or(first_uncleanable_offset, |next| next.base_offset) - 1;
        let fits = sum.size + segment.size <= limit(segment_bytes)
            && sum.offset_index_bytes + segment.offset_index_bytes <= limit(segment_index_bytes)
            && sum.time_index_bytes + segment.time_index_bytes <= limit(segment_index_bytes)
            // An empty one takes no offsets, or there would be one left over every 2^31 of them.
            && (segment.size == 0 || last_offset - sum.base_offset <= i32::MAX.into());
        match groups.last_mut() {
            Some(group) if fits => {
                group.end = at + 1;
                sum.size += segment.size;
                sum.offset_index_bytes += segment.offset_index_bytes;
                sum.time_index_bytes += segment.time_index_bytes;
            }
            _ => {
                groups.push(at..at + 1);
                sum = *segment;
            }
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segments(extents: &[(i64, u64, u64, u64)]) -> Vec<SegmentExtent> {
        extents
            .iter()
            .map(|&(base_offset, size, offset_index_bytes, time_index_bytes)| SegmentExtent {
                base_offset,
                size,
                offset_index_bytes,
                time_index_bytes,
            })
            .collect()
    }

    #[test]
    fn sums_up_to_the_limits_share_a_group() {
        let all = segments(&[(0, 40, 8, 12), (10, 60, 8, 12), (20, 1, 8, 12), (30, 99, 8, 12), (40, 500, 8, 12)]);
        assert_eq!(group_segments_by_size(&all, 100, 1000, 50), [0..2, 2..4, 4..5]);
        assert_eq!(group_segments_by_size(&all, 1000, 16, 50), [0..1, 1..2, 2..3, 3..4, 4..5]);
        assert_eq!(group_segments_by_size(&all, 1000, 24, 50), [0..2, 2..4, 4..5]);
        assert_eq!(group_segments_by_size(&[], 1000, 24, 50), []);
    }

    #[test]
    fn offsets_of_a_group_fit_into_one_segment() {
        let max = i64::from(i32::MAX);
        let all = segments(&[(0, 1, 0, 0), (10, 1, 0, 0), (max + 1, 1, 0, 0), (max + 2, 1, 0, 0)]);
        assert_eq!(group_segments_by_size(&all, 100, 100, max + 9), [0..2, 2..4]);
        let all = segments(&[(0, 1, 0, 0), (10, 1, 0, 0)]);
        assert_eq!(group_segments_by_size(&all, 100, 100, max + 1).len(), 1);
        assert_eq!(
            group_segments_by_size(&all, 100, 100, max + 2),
            [0..1, 1..2],
            "the last one is bounded from outside"
        );
    }

    #[test]
    fn an_empty_segment_joins_whatever_its_offsets_are() {
        let max = i64::from(i32::MAX);
        let all = segments(&[(0, 1, 0, 0), (10, 0, 0, 0), (max + 100, 0, 0, 0), (max + 200, 5, 0, 0)]);
        assert_eq!(group_segments_by_size(&all, 100, 100, max + 300), [0..3, 3..4]);
    }
}
