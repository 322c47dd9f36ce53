//! Offsets over time: each segment as a box from its first to its last offset and timestamp.

use std::io::{self, Write};

use jiff::Timestamp;
use kafka_log::audit::{PartitionReport, SegmentReport, Verdict};

use super::Escaped;
use crate::visible;

const WIDTH: f64 = 1000.0;
const HEIGHT: f64 = 180.0;
/// Partitions with a time line.
const DRAWN_MAX: usize = 12;

/// Draws the time lines of the partitions that have more than one segment and more than a moment in them.
pub(super) fn print(partitions: &[&PartitionReport], out: &mut dyn Write) -> io::Result<()> {
    let drawn: Vec<_> = partitions
        .iter()
        .filter(|partition| partition.segments.len() > 1)
        .filter_map(|partition| Some((*partition, Span::of(partition)?)))
        .collect();
    if drawn.is_empty() {
        return Ok(());
    }
    writeln!(out, "<section>\n<h2>Offsets over time</h2>")?;
    for (partition, span) in drawn.iter().take(DRAWN_MAX) {
        chart(partition, span, out)?;
    }
    if drawn.len() > DRAWN_MAX {
        writeln!(out, "<p class=\"dim\">{} more partitions are not drawn.</p>", drawn.len() - DRAWN_MAX)?;
    }
    writeln!(out, "</section>")
}

/// What a partition reaches over.
struct Span {
    times: (i64, i64),
    offsets: (i64, i64),
}

impl Span {
    fn of(partition: &PartitionReport) -> Option<Self> {
        let segments = || partition.segments.iter();
        let times = (
            segments().filter_map(|segment| segment.min_timestamp).min()?,
            segments().filter_map(|segment| segment.max_timestamp).max()?,
        );
        let offsets = (
            segments().filter_map(|segment| segment.first_offset).min()?,
            segments().filter_map(|segment| segment.last_offset).max()?,
        );
        (times.1 > times.0 && offsets.1 > offsets.0).then_some(Span { times, offsets })
    }

    fn x(&self, time: i64) -> f64 {
        WIDTH * (time - self.times.0) as f64 / (self.times.1 - self.times.0) as f64
    }

    fn y(&self, offset: i64) -> f64 {
        let share = offset.saturating_sub(self.offsets.0) as f64 / self.offsets.1.saturating_sub(self.offsets.0) as f64;
        HEIGHT * (1.0 - share)
    }
}

fn chart(partition: &PartitionReport, span: &Span, out: &mut dyn Write) -> io::Result<()> {
    let name = visible::file_name(&partition.path);
    writeln!(out, "<figure><figcaption>{}</figcaption>", Escaped(&name))?;
    writeln!(out, "<svg viewBox=\"0 -6 {WIDTH} {}\" preserveAspectRatio=\"none\" role=\"img\">", HEIGHT + 12.0)?;
    for segment in &partition.segments {
        boxes(segment, span, out)?;
    }
    writeln!(out, "</svg>")?;
    writeln!(
        out,
        "<div class=\"axis\"><span>{} · offset {}</span><span>{} · offset {}</span></div></figure>",
        instant(span.times.0),
        span.offsets.0,
        instant(span.times.1),
        span.offsets.1,
    )
}

fn boxes(segment: &SegmentReport, span: &Span, out: &mut dyn Write) -> io::Result<()> {
    let (Some(from), Some(to), Some(first), Some(last)) =
        (segment.min_timestamp, segment.max_timestamp, segment.first_offset, segment.last_offset)
    else {
        return Ok(());
    };
    let (x, width) = (span.x(from), (span.x(to) - span.x(from)).max(2.0));
    let (y, height) = (span.y(last), (span.y(first) - span.y(last)).max(2.0));
    let class = match Verdict::over(&segment.findings) {
        Verdict::Clean => "clean",
        Verdict::Tolerated => "tolerated",
        Verdict::Damaged => "damaged",
    };
    let title = format!("offsets {first} to {last}, {} to {}", instant(from), instant(to));
    writeln!(
        out,
        "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\"><title>{}</title></rect>",
        Escaped(&title)
    )?;
    for offsets in segment.faults.iter().filter(|fault| fault.is_loss()).filter_map(|fault| fault.offsets).take(200) {
        let y = span.y(offsets.first);
        writeln!(out, "<line class=\"lost\" x1=\"{x:.1}\" x2=\"{:.1}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>", x + width)?;
    }
    Ok(())
}

fn instant(ms: i64) -> String {
    Timestamp::from_millisecond(ms).map_or_else(|_| ms.to_string(), |time| time.to_string())
}
