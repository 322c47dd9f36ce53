//! How the segments of a partition follow each other, and segments that are not there.

use std::path::Path;

use super::Outside;
use super::files::Files;
use super::state::PartitionState;
use crate::format::file_name::FileKind;
use crate::verify::code::Code;
use crate::verify::finding::{Class, Finding, Remedy, Severity};
use crate::verify::report::{FaultKind, PartitionReport, SegmentReport};

/// Checks gaps and overlaps between segments, and indexes without a log.
pub(super) fn check(files: &Files, dir: &Path, state: &PartitionState, outside: Outside, report: &mut PartitionReport) {
    let mut findings = Vec::new();
    for pair in report.segments.windows(2) {
        if let [segment, next] = pair {
            findings.extend(between(segment, next, files, state.is_compacted));
        }
    }
    before_the_first(files, dir, state, outside, report, &mut findings);
    for (&base, indexes) in files.indexes.iter().filter(|(base, _)| !files.logs.contains_key(base)) {
        if files.logs_in_transit.contains(&base) {
            continue;
        }
        let Some((_, path)) = indexes.iter().find(|(kind, _)| *kind != FileKind::TransactionIndex).or(indexes.first())
        else {
            continue;
        };
        let next = files.logs.range(base..).next().map(|(&next, _)| next);
        // Where the segments around leave no room, nothing is missing but the file.
        let covered = report.segments.iter().any(|segment| {
            segment.base_offset.is_some_and(|start| start <= base)
                && segment.last_offset.is_some_and(|last| last >= base)
        });
        let expected = format!("a log beside the indexes of offset {base}");
        let finding = Finding::new(Code::SegmentMissing, path, expected, "none");
        let before_log = report.segments.first().and_then(|s| s.base_offset).is_some_and(|first| base < first)
            && report.log_start_offset > base;
        let has_offsets = indexes.iter().any(|(kind, _)| *kind != FileKind::TransactionIndex);
        findings.push(if covered || before_log || !has_offsets {
            finding.graded(Severity::Warning).classed(Class::IndexOnly).with(Remedy::RemoveLeftover)
        } else {
            finding.of(base, next.map(|next| next.saturating_sub(1)))
        });
    }
    report.findings.append(&mut findings);
}

fn between(segment: &SegmentReport, next: &SegmentReport, files: &Files, is_compacted: bool) -> Option<Finding> {
    let (base, next_base) = (segment.base_offset?, next.base_offset?);
    let end = segment.last_offset.map_or(base, |last| last.saturating_add(1));
    if end > next_base && next.first_offset == Some(end) {
        let expected = format!("the name of offset {end}, where its batches begin");
        return Some(Finding::new(Code::SegmentName, &next.path, expected, next_base.to_string()));
    }
    if end > next_base {
        let expected = format!("offsets below {next_base}, where the next segment begins");
        let finding = Finding::new(Code::SegmentOverlap, &segment.path, expected, format!("up to {}", end - 1));
        return Some(finding.of(next_base, Some(end - 1)));
    }
    // What is told about the end of the file tells about the offsets, too.
    let is_told = segment.faults.last().is_some_and(|fault| {
        fault.bytes.end >= segment.size
            && matches!(fault.kind, FaultKind::Torn | FaultKind::Unreadable | FaultKind::BadBatch)
    });
    if end == next_base || is_told {
        return None;
    }
    let missing = next_base - end;
    let finding = Finding::new(
        Code::SegmentGap,
        &segment.path,
        format!("offset {end} next"),
        format!("a gap of {missing} before the next segment, {next_base}"),
    );
    let finding = finding.at(segment.size..segment.size).of(end, Some(next_base - 1));
    // Indexes that know more of the log than is left of it, or a log that left its indexes behind.
    let was_longer = segment.findings.iter().any(|found| {
        matches!(found.code, Code::OffsetIndexEntry | Code::TimeIndexEntry | Code::OffsetIndexOrder)
            && found.severity == Severity::Damage
    }) || files.indexes.range(end..next_base).any(|(base, _)| !files.logs.contains_key(base));
    Some(match (was_longer, is_compacted) {
        (true, _) => finding.graded(Severity::Damage).classed(Class::Damage).with(Remedy::RestoreFromReplica),
        (false, true) => finding,
        (false, false) => finding.graded(Severity::Warning),
    })
}

/// Files that know of offsets before the first segment.
fn before_the_first(
    files: &Files,
    dir: &Path,
    state: &PartitionState,
    outside: Outside,
    report: &PartitionReport,
    findings: &mut Vec<Finding>,
) {
    let Some(first) = report.segments.first().and_then(|segment| segment.base_offset) else { return };
    let by_epochs = state.epochs_recorded.first().map(|entry| entry.start_offset);
    let start = outside.log_start_offset.or(by_epochs);
    let Some(start) = start.filter(|&start| start < first) else { return };
    let by = if outside.log_start_offset.is_some() { "log-start-offset-checkpoint" } else { "leader-epoch-checkpoint" };
    let path = files.logs.first_key_value().map_or(dir, |(_, path)| path.as_path());
    let expected = format!("a segment with offset {start}, where the log starts by {by}");
    let finding = Finding::new(Code::SegmentMissing, path, expected, format!("offset {first} first"));
    findings.push(finding.of(start, Some(first - 1)).graded(Severity::Warning));
}
