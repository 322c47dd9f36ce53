//! What must hold of every damaged folder.

use std::collections::HashSet;
use std::fmt::Debug;
use std::path::Path;

use kafka_log::audit::predict::{Outcome, Stop, predict};
use kafka_log::audit::{Code, FaultKind, Finding, HeaderField, NodeStart, OffsetRange, Severity, Verdict};
use kafka_log::fs::{Fs, read_whole};
use kafka_log::repair::Lost;
use kafka_log::segment::batch::{Batch, Batches};

use super::folder::Folder;
use super::plan::{Judged, Planned, carry_out, judge, options, plan, take_back};
use super::served::{Served, logs, open, served};

/// Checks everything.
///
/// # Errors
/// The promise that is broken.
pub(crate) fn check(folder: &Folder) -> Result<(), String> {
    // Where nothing of a log is left there is nothing to verify.
    let Ok(judged) = judge(folder) else { return Ok(()) };
    let planned = plan(folder).map_err(|error| format!("no plan: {error}"))?;
    let before = folder.files();
    findings_are_acted_on(&judged, &planned)?;
    offsets_are_the_same(&judged, &planned)?;
    predictions_are_what_happens(folder, &judged)?;
    let alone = served_by_kafka(folder, &judged);

    carry_out(folder, &planned).map_err(|error| format!("the repair fails: {error}"))?;
    the_rest_was_announced(folder, &planned)?;
    nothing_is_served_less(folder, &alone, &planned)?;
    take_back(folder, &planned).map_err(|error| format!("the undo fails: {error}"))?;
    let after = folder.files();
    let differs: Vec<&String> =
        before.keys().chain(after.keys()).filter(|name| before.get(*name) != after.get(*name)).collect();
    ensure(differs.is_empty(), || format!("an undo restores every byte: {differs:?}"))
}

fn ensure(holds: bool, broken: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(broken()) }
}

fn shown(all: impl IntoIterator<Item = impl Debug>) -> String {
    let lines: Vec<String> = all.into_iter().map(|one| format!("{one:?}")).collect();
    lines.join("\n      ")
}

/// Every finding of damage is changed, lost, superseded or left to a person, and a clean folder has no plan.
fn findings_are_acted_on(judged: &Judged, planned: &Planned) -> Result<(), String> {
    let verdict = judged.report.verdict();
    let is_empty = planned.changes.is_empty();
    if verdict == Verdict::Clean {
        return ensure(is_empty && planned.remaining.is_empty(), || {
            format!("a clean folder has a plan: {}\n      {}", shown(planned.changed()), shown(&planned.remaining))
        });
    }
    for finding in judged.damage() {
        ensure(is_acted_on(finding, planned), || {
            format!(
                "nothing is done about: {finding}\n      {}\n      {}",
                shown(planned.changed()),
                shown(&planned.remaining)
            )
        })?;
    }
    ensure(verdict == Verdict::Damaged || planned.remaining.is_empty(), || {
        format!("damage remains of a folder that is not damaged: {}", shown(&planned.remaining))
    })
}

fn is_acted_on(finding: &Finding, planned: &Planned) -> bool {
    let path = &finding.path;
    let is_left = planned.remaining.iter().any(|left| left.path.starts_with(path) || path.starts_with(&left.path));
    let is_named = |name: &str| path.file_name().is_some_and(|own| own == name);
    let is_lost = planned.lost.iter().any(|(dir, lost)| path.starts_with(dir) && is_named(&lost.file));
    let is_superseded = planned.superseded.iter().any(|(dir, lost)| path.starts_with(dir) && is_named(&lost.file));
    let stem = |path: &Path| {
        path.file_name().map(|name| name.to_string_lossy().chars().take_while(|&c| c != '.').collect::<String>())
    };
    // The files of a segment are written together, and a change to any of them fixes a start that fails.
    let is_changed = planned.changed().any(|changed| {
        changed == *path
            || changed.starts_with(path)
            || changed.parent() == path.parent() && stem(&changed) == stem(path)
    });
    let is_consequence = matches!(finding.code, Code::StartRefuses | Code::StartLosesRecords);
    is_left || is_lost || is_superseded || is_changed || is_consequence && !planned.changes.is_empty()
}

/// Offsets as ranges that neither touch nor overlap.
fn merged(ranges: impl Iterator<Item = (i64, i64)>) -> Vec<(i64, i64)> {
    let mut all: Vec<(i64, i64)> = ranges.filter(|(first, last)| first <= last).collect();
    all.sort_unstable();
    let mut merged: Vec<(i64, i64)> = Vec::new();
    for (first, last) in all {
        match merged.last_mut() {
            Some((_, end)) if first <= end.saturating_add(1) => *end = last.max(*end),
            _ => merged.push((first, last)),
        }
    }
    merged
}

/// Whether a finding without a fault says that its offsets are lost: even the bytes are gone.
fn tells_of_loss(finding: &Finding) -> bool {
    use Code::{EndMissing, OffsetGap, SegmentGap, SegmentMissing};
    matches!(finding.code, SegmentMissing | EndMissing | SegmentGap | OffsetGap) && finding.severity == Severity::Damage
}

/// The offsets that are lost by the verdict, and those that are superseded, are those of the plan.
fn offsets_are_the_same(judged: &Judged, planned: &Planned) -> Result<(), String> {
    let range = |range: OffsetRange| (range.first, range.last.unwrap_or(i64::MAX));
    for partition in judged.report.all_partitions() {
        let faults = partition.segments.iter().flat_map(|segment| &segment.faults);
        let faults = faults.filter(|fault| fault.is_loss() || fault.kind == FaultKind::Misplaced);
        let missing = partition.all_findings().filter(|finding| tells_of_loss(finding));
        let found = faults.filter_map(|fault| fault.offsets).chain(missing.filter_map(|finding| finding.offsets));
        let found = merged(found.map(range));
        let lost: Vec<&Lost> =
            planned.lost.iter().filter(|(dir, _)| *dir == partition.path).map(|(_, lost)| lost).collect();
        let offsets = lost.iter().filter_map(|lost| lost.offsets);
        let offsets = merged(offsets.map(|(first, last)| (first, last.unwrap_or(i64::MAX))));
        ensure(found == offsets, || {
            let findings = partition.all_findings().filter(|finding| finding.severity > Severity::Note);
            let findings = shown(findings.map(ToString::to_string));
            format!("verify calls {found:?} lost, the plan {offsets:?}\n      {findings}\n      {}", shown(&lost))
        })?;
        let found = partition.all_findings().filter(|finding| finding.code == Code::Superseded);
        let found = merged(found.filter_map(|finding| finding.offsets).map(range));
        let superseded =
            planned.superseded.iter().filter(|(dir, _)| *dir == partition.path).map(|(_, one)| one.offsets);
        let superseded = merged(superseded);
        ensure(found == superseded, || format!("verify calls {found:?} superseded, the plan {superseded:?}"))?;
    }
    Ok(())
}

/// After a repair there is the damage that was announced, and no other; a second repair does nothing.
fn the_rest_was_announced(folder: &Folder, planned: &Planned) -> Result<(), String> {
    let judged = judge(folder).map_err(|error| format!("after the repair: {error}"))?;
    let damage: Vec<&Finding> = judged.damage().collect();
    let (damage, left) = (shown(damage.iter().map(ToString::to_string)), &planned.remaining);
    ensure(damage.is_empty() == left.is_empty(), || {
        format!("after the repair verify finds\n      {damage}\n      and the plan left\n      {}", shown(left))
    })?;
    let second = plan(folder).map_err(|error| format!("no second plan: {error}"))?;
    ensure(second.changes.is_empty(), || {
        format!("a second repair changes {}\n      after {}", shown(&second.changes), shown(planned.changed()))
    })?;
    let lost = &second.lost;
    let is_left = |dir: &Path| planned.remaining.iter().any(|left| left.path.starts_with(dir));
    ensure(lost.iter().all(|(dir, _)| is_left(dir)), || format!("a second repair loses {}", shown(lost)))?;
    ensure(second.remaining.is_empty() == left.is_empty(), || {
        format!("a second repair leaves\n      {}\n      the first\n      {}", shown(&second.remaining), shown(left))
    })
}

/// The stops after which a partition may be opened. Where nothing tells, zeros that a clean stop would have cut do.
fn stops(judged: &Judged, dir: &Path) -> Vec<Stop> {
    let of_dir = judged.report.directories.iter().find(|directory| dir.starts_with(&directory.path));
    let partition = judged.report.all_partitions().find(|partition| partition.path == dir);
    let predicted: Vec<Stop> = partition.iter().flat_map(|one| &one.predictions).map(|one| one.stop).collect();
    match of_dir.map(|directory| directory.is_clean_stop) {
        Some(true) => vec![Stop::Clean],
        Some(false) => vec![Stop::Unclean],
        None if predicted.is_empty() => vec![Stop::Clean, Stop::Unclean],
        None => predicted,
    }
}

/// A prediction is what the engine does on a copy, and a refusal or a loss shows in the verdict.
fn predictions_are_what_happens(folder: &Folder, judged: &Judged) -> Result<(), String> {
    let verdict = judged.report.verdict();
    if let Some(NodeStart::Refuses(refusal)) = &judged.report.start {
        ensure(verdict == Verdict::Damaged, || format!("{verdict:?} although the node does not start: {refusal:?}"))?;
    }
    for stop in [Stop::Clean, Stop::Unclean] {
        let predictions = predict(&folder.fs, &judged.report, stop, &options()).map_err(|error| error.to_string())?;
        for prediction in predictions {
            let Some(partition) = judged.report.all_partitions().find(|one| one.path == prediction.path) else {
                continue;
            };
            if !folder.partitions.contains(&partition.path) {
                continue;
            }
            let is_next = stops(judged, &partition.path).contains(&stop);
            let copy = folder.copy();
            let opened = open(&copy, &partition.path, partition, stop);
            let records_lost = prediction.records_lost();
            let about = || format!("{}, {} stop", partition.path.display(), stop.name());
            match &prediction.outcome {
                Outcome::Refuses { message, .. } => {
                    ensure(opened.is_err(), || format!("{}: it opens; predicted: {message}", about()))?;
                    ensure(!is_next || verdict == Verdict::Damaged, || {
                        format!("{}: {verdict:?} although a start refuses: {message}", about())
                    })?;
                }
                Outcome::SetAside { why } => {
                    ensure(!is_next || records_lost == 0 || verdict > Verdict::Clean, || {
                        format!("{}: {verdict:?} although a start sets records aside: {why}", about())
                    })?;
                }
                Outcome::Opens(_) => {
                    ensure(opened.is_ok(), || format!("{}: it does not open: {opened:?}", about()))?;
                    ensure(!is_next || records_lost == 0 || verdict == Verdict::Damaged, || {
                        format!("{}: {verdict:?} although a start loses {records_lost} records", about())
                    })?;
                    let gone = gone(folder, &copy, &partition.path);
                    let has_swaps = has_swaps(folder, &partition.path);
                    ensure(gone == 0 || records_lost > 0 || has_swaps, || {
                        format!("{}: a start takes {gone} good batches away, and 0 records", about())
                    })?;
                    ensure(records_lost == 0 || has_swaps || is_shorter(folder, &copy, &partition.path), || {
                        format!("{}: predicted to lose {records_lost} records, and no log is shorter", about())
                    })?;
                }
            }
        }
    }
    Ok(())
}

fn has_swaps(folder: &Folder, dir: &Path) -> bool {
    folder.fs.read_dir(dir).is_ok_and(|entries| entries.iter().any(|entry| entry.name.ends_with(".swap")))
}

/// The good batches that follow each other from the start of each log file.
fn good_batches(fs: &tests::sim::SimFs, dir: &Path) -> HashSet<Vec<u8>> {
    let mut good = HashSet::new();
    for (_, path) in logs(fs, dir) {
        let bytes = read_whole(fs, &path).expect("files in memory can be read").unwrap_or_default();
        for raw in Batches::new(&bytes).map_while(Result::ok) {
            let is_valid = match raw.parse() {
                Ok(Batch::Default(batch)) => batch.is_valid() && batch.header().record_count() > 0,
                Ok(Batch::Legacy(message)) => message.is_valid(),
                Err(_) => false,
            };
            if !is_valid {
                break;
            }
            good.insert(raw.as_bytes().to_vec());
        }
    }
    good
}

/// How many good batches a start has taken away.
fn gone(folder: &Folder, after: &tests::sim::SimFs, dir: &Path) -> usize {
    let (before, after) = (good_batches(&folder.fs, dir), good_batches(after, dir));
    before.difference(&after).count()
}

fn is_shorter(folder: &Folder, after: &tests::sim::SimFs, dir: &Path) -> bool {
    logs(&folder.fs, dir).into_iter().any(|(_, path)| {
        let len = |fs: &tests::sim::SimFs| fs.metadata(&path).map(|found| found.len).ok();
        len(after) < len(&folder.fs)
    })
}

/// What Kafka alone would serve of each partition, after each stop that is possible.
fn served_by_kafka(folder: &Folder, judged: &Judged) -> Vec<(std::path::PathBuf, Stop, Served)> {
    let set_aside = match &judged.report.start {
        Some(NodeStart::Refuses(_)) => return Vec::new(),
        Some(NodeStart::Starts { set_aside, .. }) => set_aside.as_slice(),
        None => &[],
    };
    let mut all = Vec::new();
    let served_ones = folder.partitions.iter().filter(|dir| set_aside.iter().all(|stray| stray.path != **dir));
    for dir in served_ones {
        let Some(report) = judged.report.all_partitions().find(|report| report.path == *dir) else { continue };
        for stop in stops(judged, dir) {
            let copy = folder.copy();
            if let Ok(start) = open(&copy, dir, report, stop) {
                all.push((dir.clone(), stop, served(&copy, dir, start)));
            }
        }
    }
    all
}

/// Never fewer records than Kafka alone would serve, but for those that a newer leader epoch has replaced.
fn nothing_is_served_less(
    folder: &Folder,
    alone: &[(std::path::PathBuf, Stop, Served)],
    planned: &Planned,
) -> Result<(), String> {
    let Ok(judged) = judge(folder) else { return Ok(()) };
    for (dir, stop, alone) in alone {
        let Some(report) = judged.report.all_partitions().find(|report| report.path == *dir) else {
            return Err(format!("{}: it is gone", dir.display()));
        };
        let copy = folder.copy();
        let start =
            open(&copy, dir, report, *stop).map_err(|error| format!("{}: after the repair: {error}", dir.display()))?;
        let repaired: HashSet<_> = served(&copy, dir, start).into_values().collect();
        let superseded = planned.superseded.iter().filter(|(of, _)| of == dir).map(|(_, one)| one.offsets);
        // A deleted record that a wrong header brought back.
        let deleted = planned.restored.iter().filter(|(of, one)| of == dir && one.field == HeaderField::BaseOffset);
        let deleted = deleted.map(|(_, one)| (one.found, one.found + report.log_start_offset - 1 - one.proven));
        let excused: Vec<(i64, i64)> = superseded.chain(deleted).collect();
        // Offsets that the log never had: a start takes a wrong header at its word.
        let is_excused = |offset: i64| {
            offset >= report.log_end_offset || excused.iter().any(|(first, last)| (*first..=*last).contains(&offset))
        };
        let missing = alone.iter().filter(|(offset, content)| !repaired.contains(content) && !is_excused(**offset));
        let missing = merged(missing.map(|(&offset, _)| (offset, offset)));
        let lost: Vec<_> = planned.lost.iter().filter(|(of, _)| of == dir).collect();
        // Of a batch whose offset nothing tells Kafka serves the records, and passes over the offsets that it claims.
        let contents: HashSet<_> = alone.values().collect();
        let has_unknown_offsets = lost.iter().any(|(_, lost)| lost.records > 0);
        ensure(missing.is_empty() || has_unknown_offsets && repaired.len() >= contents.len(), || {
            format!(
                "{}, {} stop: Kafka alone serves {} records, the repair {}, without {missing:?}\n      {}\n      {}",
                dir.display(),
                stop.name(),
                contents.len(),
                repaired.len(),
                shown(lost),
                shown(&planned.restored)
            )
        })?;
    }
    Ok(())
}
