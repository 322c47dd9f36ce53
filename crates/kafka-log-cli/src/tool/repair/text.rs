//! A plan for people.

use std::io;

use indicatif::HumanBytes;
use kafka_log::audit::predict::{Outcome, Prediction};
use kafka_log::audit::{NodeStart, Remaining};
use kafka_log::repair::{Change, LogDirPlan, Lost, PartitionPlan};

use super::super::Out;
use super::Plan;
use crate::visible::{self, Visible};

/// Prints what is planned: the log directory first, then partition by partition. Those without anything to do are not
/// mentioned.
pub(super) fn print(plan: &Plan, to: &mut Out<'_>) -> io::Result<()> {
    if let Plan::LogDir(plan) = plan {
        print_log_dir(plan, to)?;
    }
    for partition in plan.partitions() {
        let is_in_order = partition.is_empty() && partition.remaining.is_empty() && partition.lost.is_empty();
        if !is_in_order {
            print_partition(partition, to)?;
        }
    }
    Ok(())
}

fn print_log_dir(plan: &LogDirPlan, to: &mut Out<'_>) -> io::Result<()> {
    let style = to.style;
    let alone = match &plan.start {
        Some(NodeStart::Refuses(refusal)) => {
            Some(format!("would not start: {}: {}", refusal.exception, Visible(&refusal.message)))
        }
        Some(NodeStart::Starts { set_aside, .. }) if !set_aside.is_empty() => {
            Some(format!("would set {} partitions aside as stray, and begin empty ones", set_aside.len()))
        }
        _ => None,
    };
    if plan.changes.is_empty() && plan.remaining.is_empty() && alone.is_none() {
        return Ok(());
    }
    writeln!(to.out, "{}", style.bold(visible::path(&plan.path)))?;
    if let Some(alone) = alone {
        writeln!(to.out, "  {}     alone {alone}", style.dim("Kafka"))?;
    }
    plan.remaining.iter().try_for_each(|left| print_remaining(left, to))?;
    plan.changes.iter().try_for_each(|change| print_change(change, to))
}

fn print_partition(plan: &PartitionPlan, to: &mut Out<'_>) -> io::Result<()> {
    let style = to.style;
    writeln!(to.out, "{}", style.bold(visible::path(&plan.path)))?;
    // What becomes of the topics without the metadata log is said of the log directory.
    let is_metadata = plan.path.file_name().is_some_and(|name| name == "__cluster_metadata-0");
    if let Some(prediction) = plan.kafka_alone.first().filter(|_| !is_metadata) {
        writeln!(to.out, "  {}     alone {}", style.dim("Kafka"), Visible(alone(prediction)))?;
    }
    for lost in &plan.lost {
        let bytes = &lost.bytes;
        let place = if bytes.is_empty() {
            Visible(&lost.file).to_string()
        } else {
            format!("{} bytes {} to {}", Visible(&lost.file), bytes.start, bytes.end - 1)
        };
        writeln!(to.out, "  {}      {}: {place}: {}", style.damage("lost"), offsets(lost), Visible(&lost.why))?;
    }
    for batch in &plan.superseded {
        let (first, last) = batch.offsets;
        let range = if first == last { format!("offset {first}") } else { format!("offsets {first} to {last}") };
        writeln!(
            to.out,
            "  {}  {range}: {} at byte {}: leader epoch {} or later holds them; the batch goes to the quarantine",
            style.dim("replaced"),
            Visible(&batch.file),
            batch.bytes.start,
            batch.by_epoch
        )?;
    }
    for (file, restored) in &plan.restored {
        let (first, last) = restored.offsets;
        writeln!(
            to.out,
            "  {}  {} at byte {}: {} {} becomes {}; offsets {first} to {last} are saved",
            style.good("restored"),
            Visible(file),
            restored.position,
            restored.field.name(),
            restored.found,
            restored.proven
        )?;
    }
    for note in &plan.notes {
        writeln!(to.out, "  {}      {}", style.dim("note"), Visible(note))?;
    }
    plan.remaining.iter().try_for_each(|left| print_remaining(left, to))?;
    plan.changes.iter().try_for_each(|change| print_change(change, to))
}

/// What Kafka alone would do with a partition.
fn alone(prediction: &Prediction) -> String {
    let does = match (&prediction.outcome, prediction.records_lost()) {
        (Outcome::Refuses { exception, message }, _) => return format!("would not start: {exception}: {message}"),
        (Outcome::SetAside { why }, lost) => {
            return format!("would set it aside as stray, with {lost} records in it: {why}");
        }
        (Outcome::Opens(_), 0) => "would lose no good record at its next start".to_owned(),
        (Outcome::Opens(_), 1) => "would lose 1 good record at its next start".to_owned(),
        (Outcome::Opens(_), lost) => format!("would lose {lost} good records at its next start"),
    };
    if prediction.remaining.is_empty() { does } else { format!("{does}, and leave damage that readers run into") }
}

fn print_remaining(left: &Remaining, to: &mut Out<'_>) -> io::Result<()> {
    let style = to.style;
    let (path, what, advice) = (visible::path(&left.path), Visible(&left.what), Visible(&left.advice));
    writeln!(to.out, "  {}   {path}: {what}; {advice}", style.damage("remains"))?;
    match &left.command {
        Some(command) => writeln!(to.out, "            {}", Visible(command)),
        None => Ok(()),
    }
}

fn offsets(lost: &Lost) -> String {
    match (lost.offsets, lost.records) {
        (Some((first, Some(last))), _) if first == last => format!("offset {first}"),
        (Some((first, Some(last))), _) => format!("offsets {first} to {last}"),
        (Some((first, None)), _) => format!("offsets from {first} on"),
        (None, 0) => "no offset".to_owned(),
        (None, 1) => "1 record".to_owned(),
        (None, records) => format!("{records} records"),
    }
}

fn print_change(change: &Change, to: &mut Out<'_>) -> io::Result<()> {
    let (name, why) = (Visible(&change.name), Visible(&change.why));
    match &change.content {
        Some(content) => writeln!(to.out, "  write     {name} ({}): {why}", HumanBytes(content.len())),
        None => writeln!(to.out, "  remove    {name}: {why}"),
    }
}

/// Prints the sum of it, and what comes next.
pub(super) fn print_end(plan: &Plan, is_applied: bool, is_copy: bool, to: &mut Out<'_>) -> io::Result<()> {
    let style = to.style;
    let partitions = plan.partitions();
    let count = partitions.len() as u64;
    let remaining = plan.remaining().count();
    if plan.is_empty() {
        let verdict = match remaining {
            0 => style.good("nothing to do"),
            _ => style.damage("no repair helps; what remains is named above"),
        };
        return writeln!(to.out, "{verdict} in {count} partition{}", plural(count));
    }
    let all_lost = || partitions.iter().flat_map(|plan| &plan.lost);
    let lost: u64 = all_lost().map(Lost::records_at_most).sum();
    let is_open_ended = all_lost().any(|lost| matches!(lost.offsets, Some((_, None))));
    let left_out: u64 = all_lost().filter(|lost| lost.offsets.is_none()).map(|lost| lost.records).sum();
    let replaced: u64 = partitions.iter().flat_map(|plan| &plan.superseded).map(|batch| batch.records).sum();
    let restored: i64 = partitions
        .iter()
        .flat_map(|plan| &plan.restored)
        .map(|(_, restored)| restored.offsets.1 - restored.offsets.0 + 1)
        .sum();
    let changed = partitions.iter().filter(|plan| !plan.is_empty()).count();
    let mut parts = vec![format!("{changed} of {count} partition{} to repair", plural(count))];
    let and_more = if is_open_ended { ", and those at the end of a log" } else { "" };
    parts.push(format!("{lost} offset{} lost{and_more}", plural(lost)));
    if left_out > 0 {
        parts.push(format!("{left_out} record{} left out", plural(left_out)));
    }
    if replaced > 0 {
        parts.push(format!("{replaced} record{} replaced by a newer leader epoch", plural(replaced)));
    }
    if restored > 0 {
        parts.push(format!("{restored} saved by restored headers"));
    }
    if remaining > 0 {
        parts.push(format!("{remaining} kind{} of damage remain", plural(remaining as u64)));
    }
    writeln!(to.out, "{}", parts.join("; "))?;
    if lost > 0 || is_open_ended {
        let hint = "if another replica has the lost offsets, --donor DIR brings them back";
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
