//! New transaction indexes, where those that are there lead readers of committed data astray.

use super::plan::PartitionPlan;
use crate::audit::partition::evidence::SegmentEvidence;
use crate::audit::partition::files::{Placed, name};
use crate::audit::{Change, Content};
use crate::format::file_name::{FileKind, FileName, FileState};
use crate::format::transaction_index::{AbortedTxn, TransactionIndexAppender};

/// Plans the transaction indexes of segments. `wanted` gives the entries that the index of a segment must have, which ends
/// before an offset; `None` where those that it has are right.
pub(super) fn plan(
    segments: &[SegmentEvidence],
    plan: &mut PartitionPlan,
    wanted: impl Fn(&SegmentEvidence, i64) -> Option<Vec<AbortedTxn>>,
) {
    let (logs, removed) = (log_bases(plan, true), log_bases(plan, false));
    for (at, segment) in segments.iter().enumerate() {
        let end = segments.get(at + 1).map_or(i64::MAX, |next| next.base_offset);
        let range = segment.base_offset..end;
        let filed = segment.aborts.as_deref();
        let wanted = wanted(segment, end);
        let entries = wanted.as_deref().or(filed).unwrap_or(&[]);
        // A segment that is split has an index for each part.
        let mut bases: Vec<i64> = logs.iter().copied().filter(|base| range.contains(base)).collect();
        bases.push(segment.base_offset);
        bases.sort_unstable();
        bases.dedup();
        for (part, &base_offset) in bases.iter().enumerate() {
            let part_end = bases.get(part + 1).copied().unwrap_or(end);
            let is_of_part = |txn: &&AbortedTxn| (base_offset..part_end).contains(&txn.last_offset);
            let entries: Vec<AbortedTxn> = entries.iter().filter(is_of_part).copied().collect();
            let is_whole = base_offset == segment.base_offset;
            let filed = if is_whole { filed } else { Some(&[][..]) };
            let placed = segment.files.txn_index.as_ref().filter(|_| is_whole);
            let is_removed = removed.contains(&base_offset) && !logs.contains(&base_offset);
            let has_no_log = segment.files.log.is_none() && !logs.contains(&base_offset) || is_removed;
            let must_go = is_whole && placed.is_some() && entries.is_empty() && has_no_log;
            if filed == Some(entries.as_slice()) && !must_go {
                let name = name(FileKind::TransactionIndex, base_offset);
                if placed.is_none_or(|placed| placed.from == name) {
                    continue;
                }
            }
            write(base_offset, placed, filed, entries, plan);
        }
    }
}

/// Base offsets of the logs that are written, or removed.
fn log_bases(plan: &PartitionPlan, is_written: bool) -> Vec<i64> {
    let changes = plan.changes.iter().filter(|change| change.content.is_some() == is_written);
    let names = changes.filter_map(|change| FileName::parse(&change.name));
    let live = names.filter(|name| name.kind == FileKind::Log && name.state == FileState::Live);
    live.filter_map(|name| name.offset).collect()
}

fn write(
    base_offset: i64,
    placed: Option<&Placed>,
    filed: Option<&[AbortedTxn]>,
    entries: Vec<AbortedTxn>,
    plan: &mut PartitionPlan,
) {
    let name = name(FileKind::TransactionIndex, base_offset);
    let why = match filed {
        None => "Kafka cannot read it",
        Some(filed) if filed == entries.as_slice() => "it gets the name that its content asks for",
        Some(_) => "it does not fit the markers in the log",
    };
    if let Some(placed) = placed.filter(|placed| placed.from != name || entries.is_empty()) {
        plan.changes.push(Change { name: placed.from.clone(), content: None, why: why.to_owned() });
    }
    if !entries.is_empty() {
        let mut bytes = Vec::new();
        let mut appender = TransactionIndexAppender::default();
        for txn in entries {
            // In the order of their markers, so none is refused.
            let _ = appender.append(txn, &mut bytes);
        }
        plan.changes.push(Change { name, content: Some(Content::of(bytes)), why: why.to_owned() });
    }
}
