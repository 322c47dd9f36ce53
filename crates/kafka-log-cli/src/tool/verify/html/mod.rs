//! A report as one page for a browser, with nothing to load: the directory as a picture, a time line, the findings.

mod findings;
mod picture;
mod timeline;

use std::fmt;
use std::io::{self, Write};

use indicatif::HumanBytes;
use kafka_log::audit::predict::{Outcome, Stop};
use kafka_log::audit::{Level, NodeStart, PartitionReport, Severity, Verdict};

use super::{Run, predictions};
use crate::visible::{self, Visible};

const STYLE: &str = include_str!("style.css");

/// Partitions that are drawn; the worst come first.
const DRAWN_MAX: usize = 300;

/// Prints the page.
pub(super) fn print(run: &Run<'_>, out: &mut dyn Write) -> io::Result<()> {
    let verdict = run.verdict();
    let paths = visible::paths(&run.options.paths);
    let title = format!("{paths}: {}", verdict.name());
    writeln!(out, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">")?;
    // Names in the page are escaped; if one were not, the browser would still load and run nothing.
    let policy = "default-src 'none'; style-src 'unsafe-inline'";
    writeln!(out, "<meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">")?;
    writeln!(out, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">")?;
    writeln!(out, "<title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>", Escaped(&title))?;
    head(run, &paths, out)?;
    let mut partitions: Vec<&PartitionReport> = run.report.all_partitions().collect();
    partitions.sort_by_key(|partition| std::cmp::Reverse(partition.verdict()));
    if !partitions.is_empty() {
        writeln!(out, "<section>\n<h2>Segments</h2>")?;
        picture::legend(out)?;
        picture::print(&partitions[..partitions.len().min(DRAWN_MAX)], out)?;
        if partitions.len() > DRAWN_MAX {
            writeln!(out, "<p class=\"dim\">{} more partitions are not drawn.</p>", partitions.len() - DRAWN_MAX)?;
        }
        writeln!(out, "</section>")?;
    }
    findings::print(run, out)?;
    if run.options.predict {
        predicted(run, Stop::Clean, out)?;
        predicted(run, Stop::Unclean, out)?;
    }
    timeline::print(&partitions[..partitions.len().min(DRAWN_MAX)], out)?;
    writeln!(out, "</body>\n</html>")
}

fn head(run: &Run<'_>, paths: &str, out: &mut dyn Write) -> io::Result<()> {
    let verdict = run.verdict();
    let words = match verdict {
        Verdict::Clean => "Clean: nothing is wrong",
        Verdict::Tolerated => "Tolerated: not all is in order, and Kafka copes with it",
        Verdict::Damaged => "Damaged",
    };
    writeln!(out, "<header class=\"{}\">\n<h1>{words}</h1>\n<p class=\"path\">{}</p>", verdict.name(), Escaped(paths))?;
    let report = &run.report;
    let size: u64 = report.all_segments().map(|segment| segment.size).sum();
    let lost: u64 = report.all_segments().map(|segment| segment.bytes_lost()).sum();
    let records: u64 = report.all_segments().map(|segment| segment.records).sum();
    let count = |severity| report.all_findings().filter(|finding| finding.severity == severity).count();
    let seconds = run.elapsed.as_secs_f64();
    let tiles = [
        ("partitions", report.all_partitions().count().to_string()),
        ("segments", report.all_segments().count().to_string()),
        ("size", HumanBytes(size).to_string()),
        ("records", records.to_string()),
        ("unreadable", HumanBytes(lost).to_string()),
        ("damage", count(Severity::Damage).to_string()),
        ("warnings", count(Severity::Warning).to_string()),
        ("level", Level::from(run.options.level).name().to_owned()),
        ("took", format!("{seconds:.1} s")),
    ];
    writeln!(out, "<dl class=\"tiles\">")?;
    for (name, value) in tiles {
        writeln!(out, "<div><dt>{name}</dt><dd>{}</dd></div>", Escaped(&value))?;
    }
    writeln!(out, "</dl>\n</header>")
}

fn predicted(run: &Run<'_>, stop: Stop, out: &mut dyn Write) -> io::Result<()> {
    let title = match stop {
        Stop::Clean => "What Kafka 4.3 would do after a clean stop",
        Stop::Unclean => "What Kafka 4.3 would do after an unclean stop",
    };
    writeln!(out, "<section>\n<h2>{title}</h2>\n<ul>")?;
    let mut is_quiet = true;
    if let Some(NodeStart::Refuses(refusal)) = &run.report.start {
        is_quiet = false;
        let said = format!("not start: {}: {}", refusal.exception, refusal.message);
        writeln!(out, "<li><b class=\"damage\">{}</b></li>", Escaped(&said))?;
    }
    for prediction in run.predictions.iter().filter(|prediction| prediction.stop == stop) {
        let lines = predictions::lines(prediction);
        if lines.is_empty() {
            continue;
        }
        is_quiet = false;
        let is_bad = prediction.records_lost() > 0 || matches!(prediction.outcome, Outcome::Refuses { .. });
        let class = if is_bad { "damage" } else { "" };
        writeln!(out, "<li><b class=\"{class}\">{}</b><ul>", Escaped(&visible::path(&prediction.path)))?;
        lines.iter().try_for_each(|line| writeln!(out, "<li>{}</li>", Escaped(line)))?;
        writeln!(out, "</ul></li>")?;
    }
    if is_quiet {
        writeln!(out, "<li>start, and change nothing in these logs</li>")?;
    }
    writeln!(out, "</ul>\n</section>")
}

/// Text in a page, with display controls as escapes.
struct Escaped<'t, T: ?Sized>(&'t T);

impl<T: fmt::Display + ?Sized> fmt::Display for Escaped<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.to_string().chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                c => Visible(c).fmt(f)?,
            }
        }
        Ok(())
    }
}
