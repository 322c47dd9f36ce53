//! Each partition as a row of bars, one for each segment, as wide as it is large, with damage marked where it is.

use std::io::{self, Write};

use indicatif::HumanBytes;
use kafka_log::audit::{IndexReport, PartitionReport, SegmentReport, Severity, Verdict};

use super::Escaped;
use crate::visible;

/// Segments of a partition that are drawn.
const SEGMENTS_MAX: usize = 500;
/// Faults of a segment that are drawn.
const FAULTS_MAX: usize = 400;
/// Part of a bar that a fault takes at least, in percent, so that one can see it.
const MARK_MIN: f64 = 0.6;

/// What the colours mean.
pub(super) fn legend(out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "<p class=\"legend\"><span class=\"key good\"></span>good batches <span class=\"key lost\"></span>unreadable \
         <span class=\"key header\"></span>good, with a wrong header <span class=\"key odd\"></span>something tolerated \
         <span class=\"key index\"></span>index <span class=\"key badindex\"></span>bad or missing index. \
         The width of a bar shows the size of the segment; hover over a bar for details.</p>"
    )
}

/// Draws the partitions.
pub(super) fn print(partitions: &[&PartitionReport], out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "<div class=\"rows\">")?;
    for partition in partitions {
        row(partition, out)?;
    }
    writeln!(out, "</div>")
}

fn row(partition: &PartitionReport, out: &mut dyn Write) -> io::Result<()> {
    let name = visible::file_name(&partition.path);
    let size: u64 = partition.segments.iter().map(|segment| segment.size).sum();
    let verdict = partition.verdict().name();
    writeln!(
        out,
        "<div class=\"row\"><div class=\"name\" title=\"{}\"><b class=\"{verdict}\">{}</b><span class=\"dim\">{}, offsets \
         {} to {}</span></div><div class=\"bars\">",
        Escaped(&visible::path(&partition.path)),
        Escaped(&name),
        HumanBytes(size),
        partition.log_start_offset,
        partition.log_end_offset,
    )?;
    let largest = partition.segments.iter().map(|segment| segment.size).max().unwrap_or(0).max(1);
    for segment in partition.segments.iter().take(SEGMENTS_MAX) {
        bar(segment, largest, out)?;
    }
    if partition.segments.len() > SEGMENTS_MAX {
        writeln!(out, "<span class=\"dim\">{} more</span>", partition.segments.len() - SEGMENTS_MAX)?;
    }
    writeln!(out, "</div></div>")
}

fn bar(segment: &SegmentReport, largest: u64, out: &mut dyn Write) -> io::Result<()> {
    let share = segment.size as f64 / largest as f64;
    let verdict = Verdict::over(&segment.findings);
    let is_odd = verdict == Verdict::Tolerated && segment.faults.is_empty();
    writeln!(
        out,
        "<div class=\"segment\" style=\"flex-grow:{:.4}\" title=\"{}\"><div class=\"log {}\">",
        share.max(0.02),
        title(segment),
        if is_odd { "odd" } else { "" },
    )?;
    let percent = |bytes: u64| 100.0 * bytes as f64 / segment.size.max(1) as f64;
    for fault in segment.faults.iter().take(FAULTS_MAX) {
        let class = if fault.is_loss() { "lost" } else { "header" };
        let width = percent(fault.bytes.end - fault.bytes.start).max(MARK_MIN);
        let left = percent(fault.bytes.start).min(100.0 - width);
        write!(out, "<i class=\"{class}\" style=\"left:{left:.3}%;width:{width:.3}%\"></i>")?;
    }
    writeln!(out, "</div>{}{}</div>", index(&segment.offset_index), index(&segment.time_index))
}

/// An index as a thin line below its log.
fn index(index: &Option<IndexReport>) -> &'static str {
    match index {
        Some(IndexReport { is_bad: false, .. }) => "<div class=\"thin\"></div>",
        _ => "<div class=\"thin badindex\"></div>",
    }
}

/// What is shown of a segment when one points at it, escaped, with line ends.
fn title(segment: &SegmentReport) -> String {
    let name = visible::file_name(&segment.path);
    let shown = |offset: Option<i64>| offset.map_or_else(|| "none".to_owned(), |offset| offset.to_string());
    let mut text = format!(
        "{}: {}, {} batches, {} records, offsets {} to {}",
        Escaped(&name),
        HumanBytes(segment.size),
        segment.batches,
        segment.records,
        shown(segment.first_offset),
        shown(segment.last_offset)
    );
    let told = segment.findings.iter().filter(|finding| finding.severity > Severity::Note);
    for finding in told.take(8) {
        let line = format!("{}: expected {}, found {}", finding.code.id(), finding.expected, finding.found);
        text.push_str(&format!("\n{}", Escaped(&line)));
    }
    text
}
