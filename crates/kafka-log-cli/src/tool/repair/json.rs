//! A plan for programs: JSON Lines, described in `docs/json.md`. One object for each partition and log directory, then a
//! summary.

use std::io::{self, Write};
use std::path::Path;

use kafka_log::audit::{NodeStart, Remaining};
use kafka_log::repair::{Change, Lost, PartitionPlan};
use serde_json::{Value, json};

use super::Plan;
use crate::shared::json_lines;
use crate::visible::write_json_line;

/// Prints a plan.
pub(super) fn print(plan: &Plan, is_applied: bool, out: &mut dyn Write) -> io::Result<()> {
    for partition in plan.partitions() {
        write_json_line(out, &of_partition(partition))?;
    }
    if let Plan::LogDir(plan) = plan {
        let changes: Vec<Value> = plan.changes.iter().map(|change| of_change(&plan.path, change)).collect();
        let start = plan.start.as_ref().map(start);
        let line = json!({
            "kind": "log_dir", "path": plan.path.to_string_lossy(), "kafka_alone": start, "changes": changes,
            "remaining": plan.remaining.iter().map(remaining).collect::<Vec<_>>(),
        });
        write_json_line(out, &line)?;
    }
    let lost: u64 = plan.partitions().iter().flat_map(|plan| &plan.lost).map(Lost::records_at_most).sum();
    let changes: usize = plan.partitions().iter().map(|plan| plan.changes.len()).sum();
    let summary = json!({
        "kind": "summary",
        "partitions": plan.partitions().len(),
        "changes": changes,
        "offsets_lost": lost,
        "damage_remains": plan.remaining().next().is_some(),
        "applied": is_applied,
    });
    write_json_line(out, &summary)
}

fn of_partition(plan: &PartitionPlan) -> Value {
    let alone = plan.kafka_alone.first().map(json_lines::outcome);
    let path = |file: &str| plan.path.join(file).to_string_lossy().into_owned();
    let lost: Vec<Value> = plan
        .lost
        .iter()
        .map(|lost| {
            let (first, last) = lost.offsets.map_or((None, None), |(first, last)| (Some(first), last));
            json!({
                "path": path(&lost.file), "position": lost.bytes.start, "bytes": lost.bytes.end - lost.bytes.start,
                "first_offset": first, "last_offset": last, "records": lost.records, "why": lost.why,
            })
        })
        .collect();
    let superseded: Vec<Value> = plan
        .superseded
        .iter()
        .map(|batch| {
            json!({
                "path": path(&batch.file), "position": batch.bytes.start, "bytes": batch.bytes.end - batch.bytes.start,
                "first_offset": batch.offsets.0, "last_offset": batch.offsets.1, "records": batch.records,
                "leader_epoch": batch.by_epoch,
            })
        })
        .collect();
    let restored: Vec<Value> = plan
        .restored
        .iter()
        .map(|(file, restored)| {
            json!({
                "path": path(file), "position": restored.position, "field": restored.field.name(), "found": restored.found,
                "proven": restored.proven, "first_offset": restored.offsets.0, "last_offset": restored.offsets.1,
            })
        })
        .collect();
    let changes: Vec<Value> = plan.changes.iter().map(|change| of_change(&plan.path, change)).collect();
    json!({
        "kind": "partition", "path": plan.path.to_string_lossy(), "kafka_alone": alone, "lost": lost,
        "superseded": superseded, "restored": restored, "changes": changes, "notes": plan.notes,
        "remaining": plan.remaining.iter().map(remaining).collect::<Vec<_>>(),
        "first_offset": plan.first_offset, "log_end_offset": plan.log_end_offset,
    })
}

/// What a node does at its start before it opens a log.
fn start(start: &NodeStart) -> Value {
    match start {
        NodeStart::Refuses(refusal) => json!({"refusal": json_lines::refusal(refusal)}),
        NodeStart::Starts { set_aside, unserved } => json!({
            "refusal": null,
            "set_aside": set_aside.iter().map(|stray| stray.path.to_string_lossy()).collect::<Vec<_>>(),
            "unserved": unserved.iter().map(json_lines::refusal).collect::<Vec<_>>(),
        }),
    }
}

/// Damage that is left to a person.
fn remaining(left: &Remaining) -> Value {
    json!({"path": left.path.to_string_lossy(), "what": left.what, "advice": left.advice, "command": left.command})
}

fn of_change(dir: &Path, change: &Change) -> Value {
    let bytes = change.content.as_ref().map(kafka_log::repair::Content::len);
    let action = if bytes.is_some() { "write" } else { "remove" };
    json!({"path": dir.join(&change.name).to_string_lossy(), "action": action, "bytes": bytes, "why": change.why})
}
