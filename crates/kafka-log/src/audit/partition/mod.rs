//! One partition: its segments in order, and the files beside them, judged once.

pub(crate) mod chain;
pub(crate) mod epochs;
pub(crate) mod evidence;
pub(crate) mod files;
mod replay;
pub(crate) mod snapshots;
pub(in crate::audit) mod state;
mod swaps;
pub(crate) mod transactions;
mod txn_index;

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use super::code::Code;
use super::finding::{Class, Finding, OffsetRange, Remedy, Severity};
use super::options::AuditOptions;
use super::report::{IndexReport, Level, PartitionReport, SegmentReport};
use super::segment::{self, Audited, Hold, LostGap, Next, Restart, Segment};
use super::small_file::{read_entries, read_small};
use crate::format::batch::{BatchHeader, RECORD_BATCH_OVERHEAD};
use crate::format::file_name::FileKind;
use crate::format::partition_dir::PartitionDirName;
use crate::format::partition_metadata::PartitionMetadata;
use crate::format::uuid::Uuid;
use crate::fs::{Fs, OpenMode, ReadAt};
use evidence::{Evidence, OpenTransaction, SegmentEvidence};
use files::PartitionFiles;
use snapshots::Snapshot;
use state::PartitionState;

/// How far the newest record must be from the last one of a transaction for that to hang, in ms: the longest time that
/// a broker allows by default (`transaction.max.timeout.ms`).
const TRANSACTION_MAX_MS: i64 = 15 * 60 * 1000;

/// What the files of the log directory say of a partition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checkpoints {
    /// Whether the broker stopped cleanly, if that is known.
    pub is_clean_stop: Option<bool>,
    /// `recovery-point-offset-checkpoint`: everything below was on disk.
    pub recovery_point: Option<i64>,
    /// `log-start-offset-checkpoint`
    pub log_start_offset: Option<i64>,
    /// `replication-offset-checkpoint`: everything below was shown to consumers.
    pub high_watermark: Option<i64>,
    /// `cleaner-offset-checkpoint`: the topic is compacted.
    pub first_dirty_offset: Option<i64>,
}

/// A partition, judged.
pub(crate) struct PartitionAudit {
    pub(crate) report: PartitionReport,
    pub(crate) evidence: Evidence,
}

/// Judges the partition in a directory.
///
/// # Errors
/// The directory cannot be listed.
pub(crate) fn audit<F: Fs>(
    fs: &F,
    dir: &Path,
    checkpoints: &Checkpoints,
    options: &AuditOptions,
) -> io::Result<PartitionAudit> {
    audit_with(fs, dir, checkpoints, options, Hold::Nothing)
}

/// The same with batches held back, for what needs them.
///
/// # Errors
/// The directory cannot be listed.
pub(crate) fn audit_with<F: Fs>(
    fs: &F,
    dir: &Path,
    checkpoints: &Checkpoints,
    options: &AuditOptions,
    hold: Hold,
) -> io::Result<PartitionAudit> {
    let mut checkpoints = *checkpoints;
    let mut held: BTreeMap<i64, Vec<LostGap>> = BTreeMap::new();
    let mut moved = Vec::new();
    loop {
        let run = Run { fs, dir, checkpoints, options, hold, held: &held, moved: &moved };
        match run.audit()? {
            Ok(audit) => {
                let end = audit.report.log_end_offset;
                // A start beyond the end is no start: all that it hid counts.
                if checkpoints.log_start_offset.is_some_and(|start| start > end) {
                    checkpoints.log_start_offset = None;
                    continue;
                }
                return Ok(*audit);
            }
            Err((base_offset, mut restart)) => {
                moved.extend(restart.lower_base.map(|lower| (base_offset, lower)));
                let key = restart.lower_base.unwrap_or(base_offset);
                held.entry(key).or_default().append(&mut restart.lost_gaps);
            }
        }
    }
}

/// The segment of this base offset must be read with all batches held back.
type Held = (i64, Restart);

/// One look at a partition.
struct Run<'r, F> {
    fs: &'r F,
    dir: &'r Path,
    checkpoints: Checkpoints,
    options: &'r AuditOptions,
    hold: Hold,
    held: &'r BTreeMap<i64, Vec<LostGap>>,
    /// Segments that must have another base offset than the one in their names, and that one.
    moved: &'r [(i64, i64)],
}

impl<F: Fs> Run<'_, F> {
    fn audit(&self) -> io::Result<Result<Box<PartitionAudit>, Held>> {
        let mut files = PartitionFiles::list(self.fs, self.dir)?;
        for &(named, base_offset) in self.moved {
            files.move_segment(self.dir, named, base_offset);
        }
        let mut report = self.report();
        report.findings.append(&mut files.findings);
        report.topic_id = self.topic_id();
        let filed = epochs::read(self.fs, self.dir, files.has_epochs, &mut report.findings);
        let mut state =
            PartitionState { is_compacted: self.checkpoints.first_dirty_offset.is_some(), ..PartitionState::default() };
        let mut is_blocked = files.is_incomplete;
        let segments = match self.segments(&files, &filed.entries, &mut state, &mut report, &mut is_blocked) {
            Ok(segments) => segments,
            Err(restart) => return Ok(Err(restart)),
        };
        if report.segments.is_empty() && files.kraft_snapshots.is_empty() {
            // What Kafka makes of it is an empty log.
            let finding = Finding::new(Code::SegmentMissing, self.dir, "a segment", "none");
            report.findings.push(finding.graded(Severity::Warning).with(Remedy::Nothing));
        }
        let end = end_of(&segments);
        report.log_end_offset = end;
        let first_base = segments.first().map_or(0, |segment| segment.base_offset);
        report.log_start_offset = self.checkpoints.log_start_offset.unwrap_or(first_base).max(first_base);
        let held_end = self.held_end(&files, &segments, end);
        if let Some((held_end, by)) = held_end {
            let expected = format!("offsets up to {}, as {by} has it", held_end - 1);
            let path = self.dir.join(segments.last().map(SegmentEvidence::log_name).unwrap_or_default());
            let is_told = segments.last().is_some_and(|last| last.missing.is_some());
            let finding = Finding::new(Code::EndMissing, path, expected, format!("a log that ends at {end}"));
            report.findings.extend((!is_told).then(|| finding.of(end, Some(held_end - 1))));
        }
        let held_end = held_end.map(|(end, _)| end);
        if let Some(held_end) = held_end {
            report.end_at(held_end);
        }
        state.snapshots.finish(held_end.unwrap_or(end), &mut state.replay);
        let mut evidence = Evidence {
            dir: self.dir.to_owned(),
            segments,
            filed_epochs: filed.entries.clone(),
            epoch_runs: std::mem::take(&mut state.epoch_runs),
            wrong_epochs: None,
            wrong_snapshots: std::mem::take(&mut state.snapshots.wrong),
            open: Vec::new(),
            coordinator_epochs: Default::default(),
            events: Vec::new(),
            events_from: i64::MAX,
            log_start: self.checkpoints.log_start_offset,
            end,
            is_filled: false,
            is_blocked,
            held_end,
            files,
        };
        self.settle(filed, state, &mut evidence, &mut report);
        Ok(Ok(Box::new(PartitionAudit { report, evidence })))
    }

    fn report(&self) -> PartitionReport {
        let name = self.dir.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let parsed = PartitionDirName::parse(&name);
        PartitionReport {
            path: self.dir.to_owned(),
            topic: parsed.map_or(name.as_str(), |parsed| parsed.topic).to_owned(),
            partition: parsed.map(|parsed| parsed.partition),
            topic_id: None,
            log_start_offset: 0,
            log_end_offset: 0,
            segments: Vec::new(),
            open_transactions: Vec::new(),
            predictions: Vec::new(),
            remaining: Vec::new(),
            findings: Vec::new(),
        }
    }

    /// The topic id. Whether the next start keeps the partition by it is judged with the files of the node.
    fn topic_id(&self) -> Option<Uuid> {
        let bytes = read_small(self.fs, &self.dir.join("partition.metadata")).or_tell(&mut Vec::new())?;
        Some(PartitionMetadata::read(&bytes).ok()?.topic_id)
    }

    fn segments(
        &self,
        files: &PartitionFiles,
        epochs: &[crate::format::leader_epoch_checkpoint::EpochEntry],
        state: &mut PartitionState,
        report: &mut PartitionReport,
        is_blocked: &mut bool,
    ) -> Result<Vec<SegmentEvidence>, Held> {
        let first_base = files.segments.first_key_value().map_or(0, |(&base, _)| base);
        state.snapshots.log_start = self.checkpoints.log_start_offset.unwrap_or(first_base).max(first_base);
        state.replay.unknown_before = if first_base > 0 { first_base } else { i64::MIN };
        for (&offset, placed) in files.snapshots.iter().filter(|_| self.options.level != Level::Quick) {
            let (fs, path) = (self.fs.clone(), self.dir.join(&placed.from));
            let file = path.clone();
            let read = Box::new(move || read_entries(&fs, &file).or_tell(&mut Vec::new()));
            state.snapshots.push(Snapshot { offset, path, read });
        }
        let log_start_offset = self.checkpoints.log_start_offset.unwrap_or(i64::MIN);
        let with_log = files.segments.iter().filter(|(_, segment)| segment.log.is_some());
        let log_bases: Vec<i64> = with_log.map(|(&base_offset, _)| base_offset).collect();
        // A mark of a clean stop promises a whole tail; without it a torn one is what a crash leaves.
        let is_clean_stop = self.checkpoints.is_clean_stop == Some(true);
        let torn = if is_clean_stop { Severity::Damage } else { Severity::Warning };
        let mut segments: Vec<SegmentEvidence> = Vec::with_capacity(files.segments.len());
        let (mut before, mut has_gaps) = (None::<(i64, i32)>, false);
        let bases: Vec<i64> = files.segments.keys().copied().collect();
        for (at, (&base_offset, segment_files)) in files.segments.iter().enumerate() {
            let next_base = bases.get(at + 1).copied();
            let covered_to = before.map(|(last, _)| last);
            let Some(log) = &segment_files.log else {
                let mut evidence = SegmentEvidence::without_log(base_offset, segment_files.clone());
                let findings = &mut report.findings;
                evidence.missing =
                    chain::without_log(self.dir, &evidence, covered_to, next_base, log_start_offset, findings);
                evidence.is_changed = true;
                self.transaction_index(&mut evidence, i64::MIN, state, None, report);
                if let Some(missing) = &evidence.missing {
                    state.hole(missing.offsets);
                }
                segments.push(evidence);
                continue;
            };
            let path = self.dir.join(&log.from);
            let placed = |placed: &Option<files::Placed>| placed.as_ref().map(|placed| self.dir.join(&placed.from));
            let (offset_index, time_index) = (placed(&segment_files.offset_index), placed(&segment_files.time_index));
            let held = self.held.get(&base_offset);
            let hold = if held.is_some() && self.hold == Hold::Nothing { Hold::All } else { self.hold };
            let segment = Segment {
                offset_index: offset_index.as_deref(),
                time_index: time_index.as_deref(),
                base_offset: Some(base_offset),
                next: next_base.map(|next| self.next(files, next)),
                before,
                has_gaps,
                closed_at: self.checkpoints.recovery_point.filter(|_| is_clean_stop),
                snapshot: files.snapshots.last_key_value().map(|(&offset, _)| offset),
                epochs,
                log_bases: &log_bases,
                log_start_offset,
                has_indexes: true,
                torn,
                hold,
                lost_gaps: held.map_or(&[], Vec::as_slice),
                ..Segment::alone(&path, self.options)
            };
            let known_from = state.replay.unknown_before;
            let audit = match segment::audit(self.fs, &segment, state) {
                Audited::Done(audit) => *audit,
                Audited::Restart(restart) => return Err((base_offset, restart)),
            };
            let mut segment_report = audit.report;
            *is_blocked |= audit.is_blocked;
            let mut evidence = SegmentEvidence {
                base_offset: audit.base_offset,
                files: segment_files.clone(),
                size: segment_report.size,
                modified_ms: Some(segment_report.modified_ms),
                batches: audit.batches,
                holes: audit.holes,
                restored: audit.restored,
                missing: None,
                is_changed: audit.is_changed || log.from != log.to,
                ends_in_donor: false,
                first_offset: segment_report.first_offset,
                last_offset: segment_report.last_offset,
                has_gaps: audit.has_gaps,
                bad_offset_index: audit.bad_offset_index,
                bad_time_index: audit.bad_time_index,
                aborts: Some(Vec::new()),
                wanted_aborts: None,
            };
            if self.options.level != Level::Quick {
                evidence.missing = match next_base {
                    Some(next_base) => {
                        let is_compacted = state.is_compacted;
                        let known = chain::Known { next_base, covered_to, is_compacted, log_start_offset };
                        chain::after(&evidence, &mut segment_report, &known)
                    }
                    None => {
                        let proven = self.proven_end(files, &evidence, &segment_report);
                        chain::lost_end(&evidence, &mut segment_report, covered_to, proven)
                    }
                };
                evidence.is_changed |= evidence.missing.is_some();
                let end = evidence.last_offset.map_or(evidence.base_offset, |last| last.saturating_add(1));
                match (&evidence.missing, next_base) {
                    (Some(missing), _) => state.hole(missing.offsets),
                    (None, Some(next)) if end < next => state.gap(OffsetRange { first: end, last: Some(next - 1) }),
                    (None, _) => {}
                }
            }
            self.transaction_index(&mut evidence, known_from, state, Some(&mut segment_report), report);
            let last = evidence.last_offset.or(covered_to);
            let epoch = before.map_or(-1, |(_, epoch)| epoch).max(evidence.last_epoch());
            before = last.map(|last| (last, epoch));
            has_gaps = evidence.has_gaps;
            if let Some(first) = segments.is_empty().then_some(&evidence) {
                report.findings.extend(chain::before_the_first(self.dir, first, epochs, &self.checkpoints));
            }
            report.segments.push(segment_report);
            segments.push(evidence);
        }
        Ok(join_orphans(segments))
    }

    /// The first batch of the segment that follows. A name may be lower than it should be.
    fn next(&self, files: &PartitionFiles, base_offset: i64) -> Next {
        let by_name = Next::by_name(base_offset);
        let Some(log) = files.segments.get(&base_offset).and_then(|segment| segment.log.as_ref()) else {
            // Indexes that are left bound nothing: what does is the next log.
            let rest = files.segments.range(base_offset.saturating_add(1)..);
            let following = rest.into_iter().find(|(_, segment)| segment.log.is_some()).map(|(&base, _)| base);
            let first_offset = following.map_or(i64::MAX, |base| self.next(files, base).first_offset);
            return Next { has_batch: false, first_offset, ..by_name };
        };
        if self.options.level == Level::Quick {
            return by_name;
        }
        let mut bytes = [0; RECORD_BATCH_OVERHEAD];
        let read = self.fs.open(&self.dir.join(&log.from), OpenMode::Read).and_then(|f| f.read_full_at(&mut bytes, 0));
        let header = read.ok().and_then(|got| BatchHeader::split_first(&bytes[..got]).ok()).map(|(header, _)| header);
        let Some(header) = header.filter(|header| header.magic() == 2 || files::is_single_message(&bytes)) else {
            return Next { has_batch: false, ..by_name };
        };
        let leader_epoch = Some(header.partition_leader_epoch()).filter(|&epoch| header.magic() == 2 && epoch >= 0);
        let first = header.base_offset();
        let is_near = first >= base_offset && first - base_offset <= i64::from(i32::MAX);
        Next { first_offset: if is_near { first } else { base_offset }, leader_epoch, has_batch: is_near, ..by_name }
    }

    /// What proves that the last segment had more offsets, and the first offset after them. Of a file without bytes any
    /// other file is proof. Else it takes two: an index with an offset above the last one, and a snapshot or a checkpoint
    /// above that.
    fn proven_end(
        &self,
        files: &PartitionFiles,
        evidence: &SegmentEvidence,
        segment: &SegmentReport,
    ) -> Option<(i64, &'static str)> {
        let end = evidence.last_offset.map_or(evidence.base_offset, |last| last.saturating_add(1));
        let last_of = |index: &Option<IndexReport>| index.as_ref().and_then(|index| index.last_offset);
        let indexed = last_of(&segment.offset_index).max(last_of(&segment.time_index)).filter(|&last| last >= end);
        let snapshots = files.snapshots.keys().map(|&offset| (offset, "a producer snapshot"));
        let handed_out = [self.checkpoints.recovery_point, self.checkpoints.high_watermark];
        let checkpoints = handed_out.into_iter().flatten().map(|offset| (offset, "a checkpoint of the log directory"));
        let stated = snapshots.chain(checkpoints).filter(|(offset, _)| *offset > end);
        if segment.size == 0 {
            let by_index = indexed.map(|last| (last.saturating_add(1), "an index"));
            return stated.chain(by_index).max_by_key(|(end, _)| *end);
        }
        let indexed = indexed?;
        stated.filter(|(offset, _)| *offset > indexed).min_by_key(|(offset, _)| *offset)
    }

    /// The end that the log must keep although its last batches are lost, and what proves it: offsets below were handed
    /// out already.
    fn held_end(&self, files: &PartitionFiles, segments: &[SegmentEvidence], end: i64) -> Option<(i64, &'static str)> {
        let last = segments.last()?;
        let Checkpoints { recovery_point, high_watermark, .. } = self.checkpoints;
        let missing = last.missing.as_ref().and_then(|missing| missing.offsets.last);
        let missing = missing.map(|last| (last + 1, "what is left of the segment"));
        let by_checkpoint = recovery_point.or(high_watermark).filter(|&handed_out| {
            last.loses_its_tail()
                || files.snapshots.contains_key(&handed_out)
                || high_watermark.is_some_and(|shown| shown >= handed_out)
        });
        let by_checkpoint = by_checkpoint.map(|end| (end, "a checkpoint of the log directory"));
        let held = missing.max(by_checkpoint)?;
        let is_near = held.0 > end && held.0 - end < i64::from(i32::MAX);
        (is_near && !self.options.may_end_lower && self.options.level != Level::Quick).then_some(held)
    }

    fn transaction_index(
        &self,
        evidence: &mut SegmentEvidence,
        known_from: i64,
        state: &mut PartitionState,
        segment: Option<&mut SegmentReport>,
        report: &mut PartitionReport,
    ) {
        let aborted = std::mem::take(&mut state.aborted);
        let name = match &evidence.files.txn_index {
            Some(placed) => placed.from.clone(),
            None => files::name(FileKind::TransactionIndex, evidence.base_offset),
        };
        let path = self.dir.join(name);
        let mut findings = Vec::new();
        let is_there = evidence.files.txn_index.is_some();
        if self.options.level == Level::Quick {
            let Some(len) = self.fs.metadata(&path).ok().filter(|_| is_there).map(|metadata| metadata.len) else {
                return;
            };
            let index = txn_index::check_size(&path, len, &mut findings);
            if let Some(segment) = segment {
                segment.findings.append(&mut findings);
                segment.transaction_index = Some(index);
            }
            return;
        }
        let bytes = match is_there {
            true => match read_entries(self.fs, &path).or_tell(&mut findings) {
                Some(bytes) => Some(bytes),
                None => {
                    report.findings.append(&mut findings);
                    return;
                }
            },
            false => None,
        };
        let known = txn_index::Known {
            from: known_from.max(state.replay.unknown_before),
            before: known_from..state.replay.unknown_from.unwrap_or(i64::MAX),
            seen: std::mem::take(&mut state.seen_aborts),
        };
        let checked = txn_index::check(&path, bytes.as_deref(), &aborted, &known, evidence.base_offset);
        findings.extend(checked.findings);
        evidence.aborts = checked.filed;
        evidence.wanted_aborts = checked.wanted;
        match segment {
            Some(segment) => {
                segment.findings.append(&mut findings);
                segment.transaction_index = is_there.then_some(checked.report);
            }
            None => report.findings.append(&mut findings),
        }
    }

    /// What only the whole partition can tell.
    fn settle(
        &self,
        filed: epochs::Filed,
        mut state: PartitionState,
        evidence: &mut Evidence,
        report: &mut PartitionReport,
    ) {
        let is_metadata = report.topic == super::CLUSTER_METADATA;
        let has_holes = evidence.segments.iter().any(|s| s.missing.is_some() || !s.holes.is_empty());
        if self.options.level != Level::Quick {
            let around = epochs::Around {
                end: evidence.held_end.unwrap_or(evidence.end),
                start: report.log_start_offset,
                may_lack_batches: state.is_compacted || has_holes,
            };
            evidence.wrong_epochs = epochs::check(self.dir, filed, &evidence.epoch_runs, &around);
            report.findings.extend(evidence.wrong_epochs.as_ref().map(|wrong| wrong.finding.clone()));
        } else {
            report.findings.extend(filed.fault);
        }
        if state.is_compacted {
            // The cleaner takes away batches and markers that the replay would need.
            evidence.wrong_snapshots.retain(|wrong| !wrong.is_excused_by_compaction);
            for segment in evidence.segments.iter_mut().filter(|segment| segment.aborts.is_some()) {
                segment.wanted_aborts = txn_index::after_compaction(segment);
            }
            let is_right = |report: &SegmentReport| {
                let same = evidence.segments.iter().find(|segment| report.path.ends_with(segment.log_name()));
                same.is_some_and(|segment| segment.wanted_aborts.is_none())
            };
            for segment in report.segments.iter_mut().filter(|segment| is_right(segment)) {
                segment.findings.retain(|finding| finding.code != Code::TxnIndexMismatch);
            }
        } else {
            for segment in &mut report.segments {
                for finding in segment.findings.iter_mut().filter(|finding| finding.code == Code::OffsetGap) {
                    finding.severity = finding.severity.max(Severity::Warning);
                }
            }
            report.findings.extend(sequences(&state, &report.path));
        }
        report.findings.extend(evidence.wrong_snapshots.iter().map(|wrong| wrong.finding.clone()));
        for segment in &mut report.segments {
            let is_bad = segment.findings.iter().any(|finding| {
                matches!(finding.code, Code::TxnIndexSize | Code::TxnIndexEntry | Code::TxnIndexMismatch)
                    && finding.class == Class::IndexOnly
            });
            if let Some(index) = &mut segment.transaction_index {
                index.is_bad = is_bad;
            }
        }
        if !is_metadata {
            self.open_transactions(&state, report);
        }
        let across = state.across(evidence.end);
        evidence.events_from = across.from;
        evidence.events = std::mem::take(&mut across.events);
        evidence.open = std::mem::take(&mut across.open);
        evidence.coordinator_epochs = std::mem::take(&mut across.coordinator_epochs);
    }

    fn open_transactions(&self, state: &PartitionState, report: &mut PartitionReport) {
        for (first_offset, entry) in state.replay.running() {
            let open = OpenTransaction {
                producer_id: entry.producer_id,
                producer_epoch: entry.producer_epoch,
                first_offset,
                since_ms: entry.timestamp,
            };
            report.open_transactions.push(open);
            let is_hanging = state.max_timestamp.saturating_sub(entry.timestamp) > TRANSACTION_MAX_MS;
            let expected = format!("the end of the transaction of producer {}", entry.producer_id);
            let found = "none: readers of committed data wait at its first offset";
            let finding = Finding::new(Code::OpenTransaction, &report.path, expected, found).of(first_offset, None);
            report.findings.push(if is_hanging { finding.graded(Severity::Warning) } else { finding });
        }
    }
}

/// Puts a log file that had another name together with the indexes that kept theirs.
fn join_orphans(mut segments: Vec<SegmentEvidence>) -> Vec<SegmentEvidence> {
    segments.sort_by_key(|segment| (segment.base_offset, segment.files.log.is_some()));
    let mut joined: Vec<SegmentEvidence> = Vec::with_capacity(segments.len());
    for mut segment in segments {
        let orphan = joined.pop_if(|last| last.base_offset == segment.base_offset && last.files.log.is_none());
        if let Some(orphan) = orphan {
            if orphan.files.txn_index.is_some() {
                segment.files.txn_index = orphan.files.txn_index;
                segment.aborts = orphan.aborts;
            }
            // What the indexes know of is still missing.
            if segment.batches.is_empty() {
                segment.missing = segment.missing.or(orphan.missing);
            }
        }
        joined.push(segment);
    }
    joined
}

/// The offset after the last good batch.
pub(crate) fn end_of(segments: &[SegmentEvidence]) -> i64 {
    let survived_to =
        segments.iter().filter_map(|segment| segment.last_offset).max().map(|last| last.saturating_add(1));
    let with_log = segments.iter().rfind(|segment| segment.files.log.is_some());
    let active_base = with_log.map_or(0, |segment| segment.base_offset);
    survived_to.unwrap_or(active_base).max(active_base)
}

/// Sequences and epochs of producers that do not follow each other.
fn sequences(state: &PartitionState, path: &Path) -> Vec<Finding> {
    let of = |jumps: &(u64, Option<replay::Jump>), code, field: &str| {
        let (count, jump) = (jumps.0, jumps.1?);
        let replay::Jump { offset, producer_id, expected, found } = jump;
        let found = match count {
            1 => found.to_string(),
            more => format!("{found}, and {} more like it", more - 1),
        };
        let expected = format!("{field} {expected} of producer {producer_id}");
        Some(Finding::new(code, path, expected, found).of(offset, None))
    };
    let found = [
        of(&state.replay.jumps, Code::Sequence, "sequence"),
        of(&state.replay.fenced, Code::ProducerEpoch, "no epoch below"),
    ];
    found.into_iter().flatten().collect()
}
