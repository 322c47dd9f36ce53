//! One segment: its batches, and its offset and time index beside them, in one pass.

mod claims;
mod closer;
mod deciders;
mod entries;
mod gather;
pub(crate) mod holes;
mod index_files;
mod offset_index;
mod quick;
pub(crate) mod runs;
pub(crate) mod settle;
mod settled;
mod time_index;
mod tolerant;
mod used;
mod walk;
mod worker;

use std::io;
use std::path::Path;

use super::batch::BatchSummary;
use super::code::Code;
use super::finding::{Finding, Remedy, Severity};
use super::options::AuditOptions;
use super::partition::state::PartitionState;
use super::report::{Level, SegmentReport};
use crate::format::control::ControlRecordType;
use crate::format::leader_epoch_checkpoint::EpochEntry;
use crate::fs::{Fs, FsFile, OpenMode};
use crate::segment::log_segment::SEGMENT_BYTES_MAX;
pub(crate) use deciders::LostGap;
use holes::Hole;
use index_files::Indexes;
use settle::Restored;

/// How many of the batches are held back until the file is at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hold {
    /// None before something is not in order.
    Nothing,
    /// All of them, long stretches as one.
    All,
    /// All of them, each by itself.
    Each,
}

/// The first batch of the segment that follows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Next {
    /// Base offset in its name.
    pub(crate) base_offset: i64,
    /// Offset of its first batch, no less than that.
    pub(crate) first_offset: i64,
    /// Leader epoch of its first batch, if that is known.
    pub(crate) leader_epoch: Option<i32>,
    /// Whether it has a batch at its front, so that more than its name says where it begins.
    pub(crate) has_batch: bool,
}

impl Next {
    /// A segment of which only the name is known.
    pub(crate) fn by_name(base_offset: i64) -> Self {
        Next { base_offset, first_offset: base_offset, leader_epoch: None, has_batch: true }
    }
}

/// A segment to be judged, and what is known of its surroundings.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segment<'s> {
    /// File of batches.
    pub(crate) path: &'s Path,
    /// Files of its indexes, if they are there.
    pub(crate) offset_index: Option<&'s Path>,
    pub(crate) time_index: Option<&'s Path>,
    /// Base offset in its name.
    pub(crate) base_offset: Option<i64>,
    /// The segment after it.
    pub(crate) next: Option<Next>,
    /// Last offset and highest leader epoch of the segments before.
    pub(crate) before: Option<(i64, i32)>,
    /// Whether offsets are missing in those, as compaction leaves it.
    pub(crate) has_gaps: bool,
    /// Where the log ended when it was closed.
    pub(crate) closed_at: Option<i64>,
    /// Offset of the newest producer snapshot, which may be the end of the log.
    pub(crate) snapshot: Option<i64>,
    /// Entries of `leader-epoch-checkpoint`.
    pub(crate) epochs: &'s [EpochEntry],
    /// Base offsets of the logs there are.
    pub(crate) log_bases: &'s [i64],
    /// Offsets below this one were deleted.
    pub(crate) log_start_offset: i64,
    /// Whether it is a snapshot of KRaft, whose offsets mean nothing.
    pub(crate) is_kraft_snapshot: bool,
    /// Whether indexes belong to it.
    pub(crate) has_indexes: bool,
    /// How bad a torn tail is: after a clean stop there may be none.
    pub(crate) torn: Severity,
    pub(crate) hold: Hold,
    /// Gaps that are holes, as an earlier walk found out.
    pub(crate) lost_gaps: &'s [LostGap],
    pub(crate) options: &'s AuditOptions,
}

impl<'s> Segment<'s> {
    /// A file of batches of which nothing else is known.
    pub(crate) fn alone(path: &'s Path, options: &'s AuditOptions) -> Self {
        Segment {
            path,
            offset_index: None,
            time_index: None,
            base_offset: None,
            next: None,
            before: None,
            has_gaps: false,
            closed_at: None,
            snapshot: None,
            epochs: &[],
            log_bases: &[],
            log_start_offset: i64::MIN,
            is_kraft_snapshot: false,
            has_indexes: false,
            torn: Severity::Warning,
            hold: Hold::Nothing,
            lost_gaps: &[],
            options,
        }
    }

    /// First offset that its batches can have.
    fn first_possible(&self) -> i64 {
        let base = self.base_offset.unwrap_or(0);
        self.before.map_or(base, |(last, _)| base.max(last.saturating_add(1)))
    }

    /// First offset after it, if that is known.
    fn end(&self) -> Option<i64> {
        self.next.map(|next| next.first_offset).or(self.closed_at).filter(|&end| end < i64::MAX)
    }
}

/// What a segment turned out to be.
pub(crate) struct SegmentAudit {
    pub(crate) report: SegmentReport,
    /// The base offset that it must have.
    pub(crate) base_offset: i64,
    /// The batches that stay, in file order; of a segment that stays as it is all of them are one.
    pub(crate) batches: Vec<BatchSummary>,
    /// Stretches without batches, and batches that are left out, in file order.
    pub(crate) holes: Vec<Hole>,
    pub(crate) restored: Vec<Restored>,
    /// Whether the log file has to be written again.
    pub(crate) is_changed: bool,
    /// Whether offsets are missing so far that nothing but compaction explains.
    pub(crate) has_gaps: bool,
    /// Why its offset index, and its time index, must be rebuilt.
    pub(crate) bad_offset_index: Option<Code>,
    pub(crate) bad_time_index: Option<Code>,
    /// Whether the file cannot be read for a reason that a person can take away.
    pub(crate) is_blocked: bool,
}

/// How the look at a segment ended.
pub(crate) enum Audited {
    Done(Box<SegmentAudit>),
    /// The partition has to be read again, and this segment with [`Hold::All`].
    Restart(Restart),
}

/// Why batches that were taken for settled are not: later ones claim their offsets, an index proves that some are missing
/// between them, or they would be lost under the name that the segment has.
#[derive(Clone, Debug, Default)]
pub(crate) struct Restart {
    pub(crate) lost_gaps: Vec<LostGap>,
    /// The base offset that the segment must have instead of the one in its name.
    pub(crate) lower_base: Option<i64>,
}

/// Judges a segment. `state` takes what the partition has to know of its batches.
pub(in crate::audit) fn audit<F: Fs>(fs: &F, segment: &Segment<'_>, state: &mut PartitionState) -> Audited {
    let mut audit = SegmentAudit::new(segment);
    // Indexes first: what the log says later is at least as new.
    let indexes = segment.has_indexes.then(|| Indexes::open(fs, segment, &mut audit.report));
    let opened = fs.metadata(segment.path).and_then(|metadata| {
        audit.report.modified_ms = metadata.modified_ms;
        fs.open(segment.path, OpenMode::Read)
    });
    let walked = opened.and_then(|file| {
        audit.report.size = batch_bytes(&file)?;
        if let Some(found) = file.len().ok().filter(|&found| found > audit.report.size) {
            let expected = format!("at most {SEGMENT_BYTES_MAX} bytes, as Kafka counts positions in an int32");
            let finding = Finding::new(Code::SegmentSize, segment.path, expected, found.to_string());
            audit.report.findings.push(finding.at(audit.report.size..found));
        }
        match segment.options.level {
            Level::Quick => quick::look(&file, segment, indexes.as_ref(), &mut audit.report).map(|()| None),
            Level::Default | Level::Deep => walk::walk(&file, segment, indexes.as_ref(), &mut audit, state),
        }
    });
    match walked {
        Ok(None) => {}
        Ok(Some(restart)) => return Audited::Restart(restart),
        Err(error) => audit.unreadable(segment, &error),
    }
    if let Some(indexes) = indexes {
        (audit.bad_offset_index, audit.bad_time_index) = indexes.close(&mut audit.report);
    }
    Audited::Done(Box::new(audit))
}

impl SegmentAudit {
    fn new(segment: &Segment<'_>) -> Self {
        SegmentAudit {
            report: SegmentReport::new(segment.path, segment.base_offset),
            base_offset: segment.base_offset.unwrap_or(0),
            batches: Vec::new(),
            holes: Vec::new(),
            restored: Vec::new(),
            is_changed: false,
            has_gaps: segment.has_gaps,
            bad_offset_index: None,
            bad_time_index: None,
            is_blocked: false,
        }
    }

    /// The file cannot be read at all.
    fn unreadable(&mut self, segment: &Segment<'_>, error: &io::Error) {
        let finding = Finding::new(Code::ReadFailed, segment.path, "a file to read", error.to_string());
        self.report.findings.push(finding.with(Remedy::AskOperator));
        self.is_blocked = true;
    }
}

/// Bytes of a file that are examined: no position in Kafka leads to what lies after them.
fn batch_bytes<R: FsFile>(file: &R) -> io::Result<u64> {
    Ok(file.len()?.min(SEGMENT_BYTES_MAX))
}

/// The batches of a log file by themselves, each apart, and what is wrong between them.
pub(crate) fn read_each<F: Fs>(fs: &F, path: &Path, base_offset: i64, options: &AuditOptions) -> SegmentAudit {
    let base_offset = Some(base_offset);
    let segment = Segment { base_offset, hold: Hold::Each, ..Segment::alone(path, options) };
    match audit(fs, &segment, &mut PartitionState::default()) {
        Audited::Done(audit) => *audit,
        // Only a walk that holds nothing back, or has indexes, starts again.
        Audited::Restart(_) => SegmentAudit::new(&segment),
    }
}

/// Judges a snapshot of KRaft: batches between a header and a footer (`RecordsSnapshotReader`).
pub(crate) fn audit_kraft_snapshot<F: Fs>(fs: &F, path: &Path, options: &AuditOptions) -> SegmentReport {
    let segment = Segment { is_kraft_snapshot: true, torn: Severity::Damage, ..Segment::alone(path, options) };
    let mut state = PartitionState::default();
    let Audited::Done(audit) = audit(fs, &segment, &mut state) else { return SegmentReport::new(path, None) };
    let mut report = audit.report;
    for finding in &mut report.findings {
        finding.remedy = Remedy::RestoreFromReplica;
    }
    let (first, last) = (state.first_control, state.last_control);
    let footer = ControlRecordType::SnapshotFooter.id();
    if options.level != Level::Quick && (first.is_none() || last != Some(footer)) {
        let shown = |id: Option<i16>| id.map_or("none", |id| ControlRecordType::from_id(id).name());
        let found = format!("{} first and {} last", shown(first), shown(last));
        let expected = "a control record first and SNAPSHOT_FOOTER last";
        report.findings.push(Finding::new(Code::KRaftSnapshot, path, expected, found));
    }
    report
}
