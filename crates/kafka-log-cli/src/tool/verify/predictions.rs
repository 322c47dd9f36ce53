//! What Kafka would do, in words.

use std::collections::BTreeSet;

use indicatif::HumanBytes;
use kafka_log::audit::predict::{Outcome, Prediction};
use kafka_log::log::OpenReport;

/// What a start would do with a partition, one line each; empty where it does nothing.
pub(super) fn lines(prediction: &Prediction) -> Vec<String> {
    let report = match &prediction.outcome {
        Outcome::Opens(report) => report,
        Outcome::SetAside { why } => {
            let lost = prediction.records_lost();
            return vec![format!(
                "set it aside as stray with {lost} records, and begin an empty log in its place: {why}"
            )];
        }
        Outcome::Refuses { exception, message } => {
            return vec![format!("refuse to open it, and its log directory with it: {exception}: {message}")];
        }
    };
    let mut lines = Vec::new();
    for name in &report.removed_files {
        lines.push(format!("remove {name}"));
    }
    for name in &report.finished_swaps {
        lines.push(format!("finish the replacement by {name}"));
    }
    if !report.split_segments.is_empty() {
        lines.push(format!("split the segments {}", list(&report.split_segments)));
    }
    let rebuilt = rebuilt(report);
    if !rebuilt.is_empty() {
        let segments = if rebuilt.len() == 1 { "segment" } else { "segments" };
        lines.push(format!("rebuild the indexes of {segments} {}", list(&rebuilt)));
    }
    for loss in &prediction.lost {
        let name = loss.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let what = if loss.is_whole { "delete" } else { "cut" };
        let size = HumanBytes(loss.bytes);
        lines.push(match loss.records {
            0 => format!("{what} {name} by {size}, with no good record in it"),
            records => format!("{what} {name} by {size}, and lose {records} good records: offsets {}", loss.offsets),
        });
    }
    let is_index = |name: &str| [".index", ".timeindex", ".log"].iter().any(|end| name.ends_with(end));
    let rewritten: Vec<String> = prediction
        .changes
        .iter()
        .filter(|change| change.is_written && change.before.is_some() && change.after.is_some())
        .map(|change| change.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default())
        .filter(|name| !is_index(name))
        .collect();
    if !rewritten.is_empty() {
        lines.push(format!("rewrite {}", list(&rewritten)));
    }
    if let Some(first) = prediction.remaining.first() {
        let more = match prediction.remaining.len() {
            1 => String::new(),
            count => format!(", and {} more", count - 1),
        };
        let name = first.path.file_name().unwrap_or_default().to_string_lossy();
        lines.push(format!("leave damage that readers run into: {} in {name}{more}", first.code.id()));
    }
    lines
}

/// Base offsets of the segments whose indexes are rebuilt, each once.
pub(super) fn rebuilt(report: &OpenReport) -> Vec<i64> {
    let bases: BTreeSet<i64> = report.recovered_segments.iter().map(|segment| segment.base_offset).collect();
    bases.into_iter().collect()
}

/// The first few of many.
fn list(items: &[impl ToString]) -> String {
    const SHOWN: usize = 8;
    let shown: Vec<String> = items.iter().take(SHOWN).map(ToString::to_string).collect();
    let rest = items.len().saturating_sub(SHOWN);
    if rest == 0 { shown.join(", ") } else { format!("{} and {rest} more", shown.join(", ")) }
}
