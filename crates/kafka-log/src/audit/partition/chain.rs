//! How the segments of a partition follow each other, and segments that are not there.

use std::path::Path;

use super::Checkpoints;
use super::evidence::{Missing, SegmentEvidence};
use crate::audit::code::Code;
use crate::audit::finding::{Class, Finding, OffsetRange, Remedy, Severity};
use crate::audit::report::SegmentReport;
use crate::format::file_name::FileKind;
use crate::format::leader_epoch_checkpoint::EpochEntry;

/// What is known when the next segment, or the end of the log, is reached.
pub(super) struct Known {
    /// Base offset of the segment after it.
    pub(super) next_base: i64,
    /// Last offset of the segments before it.
    pub(super) covered_to: Option<i64>,
    pub(super) is_compacted: bool,
    pub(super) log_start_offset: i64,
}

/// The gap between a segment and the next one: an ordinary one, or what is left of lost records.
pub(super) fn after(segment: &SegmentEvidence, report: &mut SegmentReport, known: &Known) -> Option<Missing> {
    let first = segment.first_missing(known.covered_to);
    let last = known.next_base.saturating_sub(1);
    // What is told about the end of the file tells about the offsets, too.
    if first > last || segment.loses_its_tail() {
        return None;
    }
    let offsets = OffsetRange { first, last: Some(last) }.above_start(known.log_start_offset)?;
    let first = offsets.first;
    let is_empty = segment.size == 0;
    let entries = |index: &Option<crate::audit::report::IndexReport>| index.as_ref().map_or(0, |index| index.entries);
    let is_indexed = entries(&report.offset_index) + entries(&report.time_index) > 0;
    // Indexes that know more of the log than is left of it.
    let was_longer = report.findings.iter().any(|found| {
        matches!(found.code, Code::OffsetIndexEntry | Code::TimeIndexEntry | Code::OffsetIndexOrder)
            && found.severity == Severity::Damage
    });
    let found = format!("a gap of {} before the next segment, {}", last - first + 1, known.next_base);
    let gap = |code, found: String| {
        Finding::new(code, &report.path, format!("offset {first} next"), found)
            .at(report.size..report.size)
            .of(first, Some(last))
    };
    let (finding, why) = match (is_empty, was_longer || is_empty && is_indexed, known.is_compacted) {
        (true, true, _) => {
            (gap(Code::SegmentMissing, "a file of 0 bytes".into()), "the log file is empty, its indexes are not")
        }
        (true, false, false) => (
            gap(Code::SegmentMissing, "a file of 0 bytes".into()),
            "the log file is empty, and the next segment begins later",
        ),
        (true, false, true) => {
            report.findings.push(Finding::new(Code::SegmentEmpty, &report.path, "batches", "a file of 0 bytes"));
            return None;
        }
        (false, true, _) => {
            let finding = gap(Code::SegmentGap, format!("{found}, and an index knows of offsets in it"));
            (finding.graded(Severity::Damage).classed(Class::Damage), "the end of the file is missing")
        }
        (false, false, is_compacted) => {
            let finding = gap(Code::SegmentGap, found);
            report.findings.push(if is_compacted { finding } else { finding.graded(Severity::Warning) });
            return None;
        }
    };
    report.findings.push(finding.with(Remedy::RestoreFromReplica));
    Some(Missing { offsets, why: why.to_owned() })
}

/// Indexes without their log. `covered_to` is the last offset of the segments before.
pub(super) fn without_log(
    dir: &Path,
    segment: &SegmentEvidence,
    covered_to: Option<i64>,
    next_base: Option<i64>,
    log_start_offset: i64,
    findings: &mut Vec<Finding>,
) -> Option<Missing> {
    let base = segment.base_offset;
    let named = [&segment.files.offset_index, &segment.files.time_index].into_iter().flatten().next();
    let placed = named.or(segment.files.txn_index.as_ref())?;
    let expected = format!("a log beside the indexes of offset {base}");
    let finding = Finding::new(Code::SegmentMissing, dir.join(&placed.from), expected, "none");
    let last = next_base.map(|next| next.saturating_sub(1));
    // Where the segments around leave no room, only the file is missing; so it is below the start of the log.
    let is_covered = covered_to.is_some_and(|covered| covered >= base) || last.is_some_and(|last| last < base);
    let lost = OffsetRange { first: base, last }.above_start(log_start_offset);
    let Some(offsets) = lost.filter(|_| !is_covered && named.is_some()) else {
        let finding = finding.graded(Severity::Warning).classed(Class::IndexOnly);
        findings.push(finding.with(Remedy::RemoveLeftover));
        return None;
    };
    findings.push(finding.of(offsets.first, offsets.last));
    Some(Missing { offsets, why: "the log file is missing".to_owned() })
}

/// Files that know of offsets before the first segment.
pub(super) fn before_the_first(
    dir: &Path,
    first: &SegmentEvidence,
    epochs: &[EpochEntry],
    checkpoints: &Checkpoints,
) -> Option<Finding> {
    let by_epochs = epochs.first().map(|entry| entry.start_offset);
    let start = checkpoints.log_start_offset.or(by_epochs).filter(|&start| start < first.base_offset)?;
    let by = match checkpoints.log_start_offset {
        Some(_) => "log-start-offset-checkpoint",
        None => "leader-epoch-checkpoint",
    };
    let name = first
        .files
        .log
        .as_ref()
        .map_or_else(|| super::files::name(FileKind::Log, first.base_offset), |placed| placed.from.clone());
    let expected = format!("a segment with offset {start}, where the log starts by {by}");
    let finding =
        Finding::new(Code::SegmentMissing, dir.join(name), expected, format!("offset {} first", first.base_offset));
    Some(finding.of(start, Some(first.base_offset - 1)).graded(Severity::Warning).with(Remedy::RestoreFromReplica))
}

/// Offsets that the last segment had, as other files prove, and of which nothing is left.
pub(super) fn lost_end(
    segment: &SegmentEvidence,
    report: &mut SegmentReport,
    covered_to: Option<i64>,
    proven_end: Option<(i64, &'static str)>,
) -> Option<Missing> {
    let first = segment.first_missing(covered_to);
    let (end, by) = proven_end.filter(|(end, _)| *end > first && *end - first < i64::from(i32::MAX))?;
    let last = end - 1;
    let is_told = segment.holes.last().is_some_and(|hole| hole.offsets.is_some_and(|offsets| offsets.last.is_none()));
    if is_told {
        return None;
    }
    let expected = format!("batches up to offset {last}, as {by} has it");
    let (code, found, why) = match report.size {
        0 => (Code::SegmentMissing, "a file of 0 bytes".to_owned(), "the log file is empty"),
        _ => (Code::EndMissing, format!("a log that ends at {first}"), "the end of the file is missing"),
    };
    report.findings.push(Finding::new(code, &report.path, expected, found).of(first, Some(last)));
    Some(Missing { offsets: OffsetRange { first, last: Some(last) }, why: why.to_owned() })
}
