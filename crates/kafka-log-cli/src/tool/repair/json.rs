//! A plan for programs: JSON Lines, one object for each partition and log directory, then a summary.

use std::io::{self, Write};

use kafka_log::repair::{Change, Lost, PartitionPlan};
use serde_json::{Value, json};

use super::Plan;
use super::alone::kafka_alone;

/// Version of the form of the output.
const VERSION: u32 = 1;

/// Prints a plan.
pub(super) fn print(plan: &Plan, compare: bool, is_applied: bool, out: &mut dyn Write) -> io::Result<()> {
    for partition in plan.partitions() {
        writeln!(out, "{}", of_partition(partition, compare))?;
    }
    if let Plan::LogDir(plan) = plan {
        let changes: Vec<Value> = plan.changes.iter().map(of_change).collect();
        writeln!(out, "{}", json!({"kind": "log_dir", "path": plan.path.to_string_lossy(), "changes": changes}))?;
    }
    let lost: u64 = plan.partitions().iter().flat_map(|plan| &plan.lost).map(Lost::records_at_most).sum();
    let changes: usize = plan.partitions().iter().map(|plan| plan.changes.len()).sum();
    let summary = json!({
        "kind": "summary",
        "version": VERSION,
        "partitions": plan.partitions().len(),
        "changes": changes,
        "offsets_lost": lost,
        "damage_remains": plan.has_remaining(),
        "applied": is_applied,
    });
    writeln!(out, "{summary}")
}

fn of_partition(plan: &PartitionPlan, compare: bool) -> Value {
    let alone = if compare && !plan.is_empty() { kafka_alone(&plan.path) } else { None };
    let alone = alone.map(|alone| json!({"refusal": alone.refusal, "good_records_lost": alone.records_lost}));
    let lost: Vec<Value> = plan
        .lost
        .iter()
        .map(|lost| {
            let (first, last) = lost.offsets.map_or((None, None), |(first, last)| (Some(first), last));
            json!({
                "file": lost.file, "from": lost.bytes.start, "to": lost.bytes.end,
                "first_offset": first, "last_offset": last, "why": lost.why,
            })
        })
        .collect();
    let restored: Vec<Value> = plan
        .restored
        .iter()
        .map(|(file, restored)| {
            json!({
                "file": file, "position": restored.position, "field": restored.field, "found": restored.found,
                "proven": restored.proven, "first_offset": restored.offsets.0, "last_offset": restored.offsets.1,
            })
        })
        .collect();
    let changes: Vec<Value> = plan.changes.iter().map(of_change).collect();
    json!({
        "kind": "partition", "path": plan.path.to_string_lossy(), "kafka_alone": alone, "lost": lost, "restored": restored,
        "changes": changes, "notes": plan.notes, "remaining": plan.remaining,
        "first_offset": plan.first_offset, "log_end_offset": plan.log_end_offset,
    })
}

fn of_change(change: &Change) -> Value {
    let bytes = change.content.as_ref().map(kafka_log::repair::Content::len);
    let action = if bytes.is_some() { "write" } else { "remove" };
    json!({"file": change.name, "action": action, "bytes": bytes, "why": change.why})
}
