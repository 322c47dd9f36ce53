//! The plan for a partition directory: what the evidence asks for, file by file. Nothing is judged here.

use std::collections::HashMap;
use std::path::Path;

use super::content::is_same;
use super::donor;
use super::error::RepairError;
use super::fill::{self, Made};
use super::indexes;
use super::layout;
use super::lost;
use super::plan::{Options, PartitionPlan};
use super::txn_indexes;
use crate::audit::partition::evidence::Evidence;
use crate::audit::partition::files::{Leftover, Placed};
use crate::audit::partition::transactions::{Evidence as TransactionEvidence, Hole, Resolved, Snapshots, resolve};
use crate::audit::partition::{self, Checkpoints, PartitionAudit, epochs};
use crate::audit::{CLUSTER_METADATA, Change, Content, Piece, Severity, small_file};
use crate::format::file_name::FileKind;
use crate::format::leader_epoch_checkpoint::EpochEntry;
use crate::format::partition_dir::PartitionDirName;
use crate::format::producer_snapshot::ProducerSnapshot;
use crate::format::transaction_index::AbortedTxn;
use crate::fs::Fs;
use crate::segment::error::StorageError;

/// Plans the repair of a partition directory. Writes nothing.
///
/// # Errors
/// I/O errors.
pub fn plan_partition<F: Fs>(
    fs: &F,
    dir: &Path,
    checkpoints: &Checkpoints,
    options: &Options,
) -> Result<PartitionPlan, RepairError> {
    let audit = partition::audit(fs, dir, checkpoints, &options.audit()).map_err(StorageError::io("list", dir))?;
    plan_audited(fs, audit, Vec::new(), options)
}

/// Plans what the evidence about a partition asks for. `of_node` are the changes in its directory that the files of the node
/// around it ask for. Writes nothing.
///
/// # Errors
/// I/O errors.
pub(crate) fn plan_audited<F: Fs>(
    fs: &F,
    audit: PartitionAudit,
    of_node: Vec<Change>,
    options: &Options,
) -> Result<PartitionPlan, RepairError> {
    let PartitionAudit { report, mut evidence } = audit;
    let damage = report.all_findings().find(|finding| finding.severity == Severity::Damage).cloned();
    let dir = evidence.dir.clone();
    let mut plan = PartitionPlan {
        path: dir.clone(),
        log_end_offset: evidence.end,
        first_offset: evidence.segments.iter().find_map(|segment| segment.first_offset),
        remaining: report.remaining,
        kafka_alone: report.predictions,
        ..PartitionPlan::default()
    };
    let name = dir.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    if evidence.is_blocked {
        let what = "some files cannot be read, so nothing is changed";
        plan.leave(what, "run the tool as the user of the broker; verify names the files");
        return Ok(plan);
    }
    let mut held_end = evidence.held_end;
    let mut holes = evidence.holes(held_end);
    if let Some(donor) = options.donor.as_ref().and_then(|donor| donor::partition_dir(fs, donor, &name)) {
        let mut wanted = holes.clone();
        let is_open = evidence.segments.last().is_some_and(|last| last.loses_its_tail()) && held_end.is_none();
        if is_open {
            // How much is missing is not known, so all that the donor has is wanted.
            let first = wanted.last().map_or(evidence.end, |hole| evidence.end.max(hole.last + 1));
            wanted.push(Hole { first, last: i64::MAX - 1, aborts_are_known: false });
        }
        plan.notes = donor::fill(fs, &donor, &mut evidence.segments, &wanted, options)?;
        evidence.filled();
        held_end = held_end.filter(|&held| held > evidence.end);
        holes = evidence.holes(held_end);
    }
    lost::list(&evidence, &holes, held_end, &mut plan);

    let topic = PartitionDirName::parse(&name).map(|name| name.topic.to_owned()).unwrap_or_default();
    let is_metadata = topic == CLUSTER_METADATA;
    if is_metadata && !is_whole(&evidence, &plan) {
        let what = "records of the metadata log are lost, and it is of no use with a hole: nothing is changed";
        let advice = "do not start the node; restore this directory from another controller, or from a backup";
        plan.leave(what, advice);
        return Ok(plan);
    }
    leftovers(&evidence.files.leftovers, &mut plan);
    let resolved = resolve_transactions(fs, &evidence, &holes);
    let made = {
        let filed = match &evidence.wrong_epochs {
            None => fill::Epochs::Right(&evidence.filed_epochs),
            Some(_) => fill::Epochs::Wrong(&evidence.filed_epochs),
        };
        fill::fill(&evidence.segments, &holes, &resolved.markers, filed, &mut plan.notes)
            .map_err(|source| StorageError::Corrupt { path: dir.clone(), source })?
    };
    plan_epochs(&evidence, &made, &mut plan);
    plan_segments(fs, &evidence, made, &mut plan)?;
    let log_end = held_end.unwrap_or(evidence.end).max(evidence.end);
    txn_indexes::plan(&evidence.segments, &mut plan, |segment, end| {
        let wanted = wanted_aborts(&evidence, &resolved, &holes, segment, end);
        below(log_end, wanted, segment.aborts.as_deref().unwrap_or(&[]))
    });
    plan_snapshots(fs, &evidence, &mut plan)?;
    if let Some(held_end) = held_end.filter(|&held_end| held_end > evidence.end) {
        let (end, last) = (evidence.end, held_end - 1);
        plan.notes.push(format!("offsets {end} to {last} were handed out and are kept from being used again"));
    }
    for segment in &evidence.segments {
        let file = segment.log_name();
        plan.restored.extend(segment.restored.iter().map(|restored| (file.clone(), restored.clone())));
    }
    for (producer_id, first) in &resolved.undecided {
        plan.notes.push(format!(
            "the transaction of producer {producer_id} from offset {first} on is open, and its end may be lost; if \
             readers of committed data wait for it, kafka-transactions.sh abort ends it"
        ));
    }
    plan.first_offset = evidence.segments.iter().find_map(|segment| segment.first_offset);
    plan.log_end_offset = held_end.unwrap_or(evidence.end);
    plan.changes.extend(of_node);
    settle_changes(fs, &dir, &mut plan)?;
    if plan.changes.is_empty() && plan.remaining.is_empty() {
        // Damage that nothing is done about is never passed over in silence.
        if let Some(finding) = damage {
            plan.leave(format!("expected {}, found {}", finding.expected, finding.found), finding.remedy.advice());
        }
    }
    Ok(plan)
}

/// Plans the epoch file: what the batches say, or the epoch of those that are put in where no other has one.
fn plan_epochs(evidence: &Evidence, made: &[(usize, Made)], plan: &mut PartitionPlan) {
    let has_none = evidence.filed_epochs.is_empty() && evidence.segments.iter().all(|one| one.last_epoch() < 0);
    let first_made = made.iter().map(|(_, (batch, _))| batch).min_by_key(|batch| batch.first_offset);
    let (wanted, why) = match (&evidence.wrong_epochs, first_made.filter(|_| has_none)) {
        (_, Some(made)) => {
            let entry = EpochEntry { epoch: made.leader_epoch, start_offset: made.first_offset };
            (vec![entry], "what is put in has the first leader epoch of this log".to_owned())
        }
        (Some(wrong), None) => {
            (wrong.wanted.clone(), format!("expected {}, found {}", wrong.finding.expected, wrong.finding.found))
        }
        (None, None) => return,
    };
    let content = Some(Content::of(epochs::file_of(&wanted)));
    plan.changes.push(Change { name: epochs::FILE.to_owned(), content, why });
}

/// Whether a metadata log has all of its records: those build on each other.
fn is_whole(evidence: &Evidence, plan: &PartitionPlan) -> bool {
    let loses = plan.lost.iter().any(|lost| lost.offsets.is_some() || lost.records > 0) || !plan.superseded.is_empty();
    let is_empty = evidence.segments.iter().all(|segment| segment.batches.is_empty());
    let proves_content = evidence.segments.iter().any(|segment| segment.bad_offset_index.is_some())
        || !evidence.filed_epochs.is_empty()
        || !evidence.wrong_snapshots.is_empty();
    !(loses || is_empty && proves_content)
}

fn leftovers(leftovers: &[Leftover], plan: &mut PartitionPlan) {
    for leftover in leftovers {
        if let Some(why) = leftover.removed {
            plan.changes.push(Change { name: leftover.name.clone(), content: None, why: why.to_owned() });
        }
    }
}

fn resolve_transactions<F: Fs>(fs: &F, evidence: &Evidence, holes: &[Hole]) -> Resolved {
    if holes.is_empty() && !evidence.is_filled || evidence.events.is_empty() && evidence.open.is_empty() {
        return Resolved::default();
    }
    let mut snapshots = Snapshots::new();
    for (&offset, placed) in &evidence.files.snapshots {
        let bytes = small_file::read_entries(fs, &evidence.dir.join(&placed.from)).or_tell(&mut Vec::new());
        let is_wrong = evidence.wrong_snapshots.iter().any(|wrong| wrong.offset == offset && wrong.content.is_none());
        let read = bytes.as_deref().filter(|_| !is_wrong).map(ProducerSnapshot::read);
        if let Some(Ok(snapshot)) = read {
            snapshots.insert(offset, snapshot.iter().map(|entry| (entry.producer_id, entry)).collect());
        }
    }
    let aborts: Vec<AbortedTxn> =
        evidence.segments.iter().flat_map(|segment| segment.aborts.iter().flatten().copied()).collect();
    resolve(&TransactionEvidence {
        events: &evidence.events,
        holes,
        aborts: &aborts,
        snapshots: &snapshots,
        open: &evidence.open,
        coordinator_epochs: &evidence.coordinator_epochs,
    })
}

/// The entries that the transaction index of a segment must have; `None` where those that it has are right.
fn wanted_aborts(
    evidence: &Evidence,
    resolved: &Resolved,
    holes: &[Hole],
    segment: &crate::audit::partition::evidence::SegmentEvidence,
    end: i64,
) -> Option<Vec<AbortedTxn>> {
    let has_holes = holes.first().is_some_and(|hole| hole.first < end);
    if !(has_holes || evidence.is_filled) || end <= evidence.events_from {
        return segment.wanted_aborts.clone();
    }
    let range = segment.base_offset..end;
    let filed = segment.aborts.as_deref().unwrap_or(&[]);
    let entry_of = |entries: &[AbortedTxn], txn: &AbortedTxn| {
        entries.iter().find(|e| e.last_offset == txn.last_offset && e.producer_id == txn.producer_id).copied()
    };
    let put_back = resolved.markers.iter().filter(|marker| !marker.is_commit && range.contains(&marker.offset));
    let put_back: Vec<i64> = put_back.map(|marker| marker.offset).collect();
    let replayed = resolved.aborted.iter().filter(|txn| range.contains(&txn.last_offset));
    // A replay over holes knows less than the file, where that lists the marker at all.
    let known_better = |txn: &AbortedTxn| entry_of(filed, txn).filter(|_| has_holes).unwrap_or(*txn);
    let mut wanted: Vec<AbortedTxn> = replayed.map(known_better).collect();
    // Before what is remembered the streamed entries are right.
    let streamed = segment.wanted_aborts.as_deref().unwrap_or(filed);
    wanted.retain(|txn| txn.last_offset >= evidence.events_from);
    wanted.extend(streamed.iter().filter(|txn| txn.last_offset < evidence.events_from));
    let has_marker = |txn: &&AbortedTxn| {
        put_back.contains(&txn.last_offset) || evidence.has_abort_marker(txn.producer_id, txn.last_offset)
    };
    let only_filed: Vec<AbortedTxn> =
        filed.iter().filter(has_marker).filter(|txn| entry_of(&wanted, txn).is_none()).copied().collect();
    wanted.extend(only_filed);
    wanted.sort_unstable_by_key(|txn| txn.last_offset);
    (segment.aborts.as_deref() != Some(&wanted)).then_some(wanted)
}

/// The entries for markers below the log end offset; `None` where those that are filed are right.
fn below(log_end: i64, wanted: Option<Vec<AbortedTxn>>, filed: &[AbortedTxn]) -> Option<Vec<AbortedTxn>> {
    let is_above = |txn: &AbortedTxn| txn.last_offset >= log_end;
    match wanted {
        None if !filed.iter().any(is_above) => None,
        wanted => {
            let mut entries = wanted.unwrap_or_else(|| filed.to_vec());
            entries.retain(|txn| !is_above(txn));
            Some(entries)
        }
    }
}

fn plan_segments<F: Fs>(
    fs: &F,
    evidence: &Evidence,
    made: Vec<(usize, Made)>,
    plan: &mut PartitionPlan,
) -> Result<(), RepairError> {
    let dir = &evidence.dir;
    let segments = &evidence.segments;
    let mut made_of: HashMap<usize, Vec<Made>> = HashMap::new();
    for (at, made) in made {
        made_of.entry(at).or_default().push(made);
    }
    let last_with_log = segments.iter().rposition(|segment| segment.files.log.is_some());
    for (at, segment) in segments.iter().enumerate() {
        let mine = made_of.remove(&at).unwrap_or_default();
        if segment.is_changed || !mine.is_empty() {
            let is_last = at + 1 == segments.len() && last_with_log == Some(at);
            layout::plan(fs, dir, segment, mine, is_last, plan)?;
            continue;
        }
        let kinds = [
            (FileKind::OffsetIndex, &segment.files.offset_index, segment.bad_offset_index),
            (FileKind::TimeIndex, &segment.files.time_index, segment.bad_time_index),
        ];
        // The time index of the last segment has what its offset index asks for.
        let bad_offset_index = segment.bad_offset_index.filter(|_| last_with_log == Some(at));
        let kinds = kinds.map(|(kind, placed, bad)| (kind, placed, bad.or(bad_offset_index)));
        let is_bad = segment.bad_offset_index.is_some() || segment.bad_time_index.is_some();
        let mut built = if is_bad { Some(indexes::build(fs, dir, segment)?) } else { None };
        for (kind, placed, bad) in kinds {
            match (placed, bad, &mut built) {
                (_, Some(code), Some((offsets, times))) => {
                    let bytes = if kind == FileKind::OffsetIndex { offsets } else { times };
                    let name = partition::files::name(kind, segment.base_offset);
                    let content = Some(Content::of(std::mem::take(bytes)));
                    plan.changes.push(Change { name, content, why: format!("rebuilt from the log ({})", code.id()) });
                    if let Some(placed) = placed.as_ref().filter(|placed| placed.from != placed.to) {
                        let why = "it has another name now".to_owned();
                        plan.changes.push(Change { name: placed.from.clone(), content: None, why });
                    }
                }
                (Some(placed), ..) => renaming(fs, dir, placed, plan)?,
                (None, ..) => {}
            }
        }
    }
    Ok(())
}

fn plan_snapshots<F: Fs>(fs: &F, evidence: &Evidence, plan: &mut PartitionPlan) -> Result<(), RepairError> {
    for (offset, placed) in &evidence.files.snapshots {
        match evidence.wrong_snapshots.iter().find(|wrong| wrong.offset == *offset) {
            None => renaming(fs, &evidence.dir, placed, plan)?,
            Some(wrong) => {
                let why = format!("expected {}, found {}", wrong.finding.expected, wrong.finding.found);
                if let Some(bytes) = &wrong.content {
                    let name = partition::files::name(FileKind::ProducerSnapshot, *offset);
                    let content = Some(Content::of(bytes.clone()));
                    let is_same_name = placed.from == name;
                    plan.changes.push(Change { name, content, why: why.clone() });
                    if is_same_name {
                        continue;
                    }
                }
                plan.changes.push(Change { name: placed.from.clone(), content: None, why });
            }
        }
    }
    Ok(())
}

/// What brings a file to its name, if it does not have it yet: a copy under the right name, and the old name removed.
pub(super) fn renaming<F: Fs>(
    fs: &F,
    dir: &Path,
    placed: &Placed,
    plan: &mut PartitionPlan,
) -> Result<(), RepairError> {
    if placed.from == placed.to {
        return Ok(());
    }
    let why = "it gets the name that its content asks for".to_owned();
    let path = dir.join(&placed.from);
    let found = fs.metadata(&path).map_err(StorageError::io("look at", &path))?;
    let mut content = Content { modified_ms: Some(found.modified_ms), ..Content::default() };
    content.push(Piece::Copy { from: path, bytes: 0..found.len });
    plan.changes.push(Change { name: placed.to.clone(), content: Some(content), why: why.clone() });
    plan.changes.push(Change { name: placed.from.clone(), content: None, why });
    Ok(())
}

/// Leaves one change for each file: a file that is replaced is not removed, and one that comes out as it is stays.
fn settle_changes<F: Fs>(fs: &F, dir: &Path, plan: &mut PartitionPlan) -> Result<(), RepairError> {
    let all = std::mem::take(&mut plan.changes);
    let (mut first, mut newest_content) = (HashMap::new(), HashMap::new());
    for (at, change) in all.iter().enumerate() {
        first.entry(change.name.clone()).or_insert(at);
        if change.content.is_some() {
            newest_content.insert(change.name.clone(), at);
        }
    }
    for (at, change) in all.into_iter().enumerate() {
        let newest = newest_content.get(&change.name);
        let is_kept = match &change.content {
            Some(content) => newest == Some(&at) && !is_same(fs, &dir.join(&change.name), content)?,
            None => newest.is_none() && first.get(&change.name) == Some(&at),
        };
        if is_kept {
            plan.changes.push(change);
        }
    }
    Ok(())
}
