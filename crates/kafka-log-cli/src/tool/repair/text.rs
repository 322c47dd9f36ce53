//! A plan for people.

use std::io;

use kafka_log::repair::{Change, Lost, PartitionPlan};

use super::super::Out;
use super::Plan;
use super::alone::kafka_alone;

/// Prints what is planned, partition by partition; those without anything to do are not mentioned.
pub(super) fn print(plan: &Plan, compare: bool, to: &mut Out<'_>) -> io::Result<()> {
    for partition in plan.partitions() {
        if !partition.is_empty() || !partition.remaining.is_empty() || !partition.lost.is_empty() {
            print_partition(partition, compare, to)?;
        }
    }
    if let Plan::LogDir(plan) = plan
        && !plan.changes.is_empty()
    {
        writeln!(to.out, "{}", to.style.bold(plan.path.display()))?;
        plan.changes.iter().try_for_each(|change| print_change(change, to))?;
    }
    Ok(())
}

fn print_partition(plan: &PartitionPlan, compare: bool, to: &mut Out<'_>) -> io::Result<()> {
    let style = to.style;
    writeln!(to.out, "{}", style.bold(plan.path.display()))?;
    if let Some(alone) = compare.then(|| kafka_alone(&plan.path)).flatten() {
        writeln!(to.out, "  {}     alone {alone}", style.dim("Kafka"))?;
    }
    for lost in &plan.lost {
        let bytes = &lost.bytes;
        let place = format!("{} bytes {} to {}", lost.file, bytes.start, bytes.end);
        writeln!(to.out, "  {}      {place}, {}: {}", style.damage("lost"), offsets(lost), lost.why)?;
    }
    for (file, restored) in &plan.restored {
        let (first, last) = restored.offsets;
        writeln!(
            to.out,
            "  {}  {file} at byte {}: {} is {}, must be {}; offsets {first} to {last} are saved",
            style.good("restored"),
            restored.position,
            restored.field,
            restored.found,
            restored.proven
        )?;
    }
    for note in &plan.notes {
        writeln!(to.out, "  {}      {note}", style.dim("note"))?;
    }
    for what in &plan.remaining {
        writeln!(to.out, "  {}   {what}", style.damage("remains"))?;
    }
    plan.changes.iter().try_for_each(|change| print_change(change, to))
}

fn offsets(lost: &Lost) -> String {
    match lost.offsets {
        Some((first, Some(last))) if first == last => format!("offset {first}"),
        Some((first, Some(last))) => format!("offsets {first} to {last}"),
        Some((first, None)) => format!("offsets from {first} on"),
        None => "no offset".to_owned(),
    }
}

fn print_change(change: &Change, to: &mut Out<'_>) -> io::Result<()> {
    let (name, why) = (&change.name, &change.why);
    match &change.content {
        Some(content) => writeln!(to.out, "  write     {name} ({}): {why}", size(content.len())),
        None => writeln!(to.out, "  remove    {name}: {why}"),
    }
}

/// A size as people read it.
fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    let mut value = bytes as f64;
    let mut unit = "bytes";
    for next in UNITS {
        if value < 1024.0 {
            break;
        }
        value /= 1024.0;
        unit = next;
    }
    if unit == "bytes" { format!("{bytes} bytes") } else { format!("{value:.1} {unit}") }
}

/// Prints the sum of it, and what comes next.
pub(super) fn print_end(plan: &Plan, is_applied: bool, is_copy: bool, to: &mut Out<'_>) -> io::Result<()> {
    let style = to.style;
    let partitions = plan.partitions();
    let lost: u64 = partitions.iter().flat_map(|plan| &plan.lost).map(Lost::records_at_most).sum();
    let open_ended = partitions.iter().flat_map(|plan| &plan.lost).any(|lost| matches!(lost.offsets, Some((_, None))));
    let restored: i64 = partitions
        .iter()
        .flat_map(|plan| &plan.restored)
        .map(|(_, restored)| restored.offsets.1 - restored.offsets.0 + 1)
        .sum();
    let changed = partitions.iter().filter(|plan| !plan.is_empty()).count();
    if plan.is_empty() {
        let verdict =
            if plan.has_remaining() { style.damage("nothing can be done") } else { style.good("nothing to do") };
        return writeln!(to.out, "{verdict} in {} partition{}", partitions.len(), plural(partitions.len() as u64));
    }
    let and_more = if open_ended { " and those at the end of a log" } else { "" };
    writeln!(
        to.out,
        "{changed} of {} partition{}; {lost} offset{} lost{and_more}, {restored} saved by putting headers right",
        partitions.len(),
        plural(partitions.len() as u64),
        plural(lost)
    )?;
    if lost > 0 || open_ended {
        let hint = "where another replica has them, --donor DIR brings them back";
        writeln!(to.out, "{}", style.dim(hint))?;
    }
    match (is_applied, is_copy) {
        (true, true) => writeln!(to.out, "{}", style.good("the copy is repaired")),
        (true, false) => writeln!(to.out, "{}: --undo takes it back", style.good("repaired")),
        (false, _) => writeln!(to.out, "nothing is changed yet: --apply does it"),
    }
}

fn plural(count: u64) -> &'static str {
    if count == 1 { "" } else { "s" }
}
