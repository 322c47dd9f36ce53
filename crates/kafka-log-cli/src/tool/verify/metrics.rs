//! `--metrics`: a file for the textfile collector of Prometheus' node exporter.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use super::Run;
use super::own_file::{named, open_existing, refused};

/// How every name begins.
const PREFIX: &str = "kafka_log_verify_";

/// Refuses a file that is not empty and holds anything but the metrics of an earlier run.
///
/// # Errors
/// The file is refused, or cannot be read.
pub(super) fn check(path: &Path) -> io::Result<()> {
    let Some(file) = open_existing(path, File::options().read(true))? else { return Ok(()) };
    let start = format!("# HELP {PREFIX}");
    let mut found = Vec::new();
    file.take(start.len() as u64).read_to_end(&mut found).map_err(|error| named(path, &error))?;
    if found.is_empty() || found == start.as_bytes() {
        return Ok(());
    }
    Err(refused(path, format!("expected metrics of an earlier run, which begin with \"{start}\", found another file")))
}

/// Writes the file: beside it first, then in its place, so that the collector never sees half of it.
///
/// # Errors
/// It cannot be written, or [`check`] refuses it.
pub(super) fn write(run: &Run<'_>, path: &Path) -> io::Result<()> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{}-{}.tmp", std::process::id(), now.as_nanos()));
    let beside = path.with_file_name(name);
    let mut file = File::create_new(&beside).map_err(|error| named(&beside, &error))?;
    let placed = file
        .write_all(text(run, now.as_secs_f64()).as_bytes())
        .and_then(|()| file.sync_all())
        .map_err(|error| named(&beside, &error))
        .and_then(|()| check(path))
        .and_then(|()| fs::rename(&beside, path).map_err(|error| named(path, &error)));
    if placed.is_err() {
        let _ = fs::remove_file(&beside);
    }
    placed
}

/// A label with its value, as the text format of Prometheus escapes it.
fn label(name: &str, value: &str) -> String {
    format!("{name}=\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}

fn text(run: &Run<'_>, now_seconds: f64) -> String {
    let now = run.report.all_findings().map(|finding| (finding.severity, finding.class));
    let earlier = run.earlier.iter().flat_map(|done| &done.findings).map(|finding| (finding.severity, finding.class));
    let mut counts: BTreeMap<_, u64> = BTreeMap::new();
    now.chain(earlier).for_each(|kind| *counts.entry(kind).or_default() += 1);
    let mut text = String::new();
    let mut metric = |name: &str, help: &str, values: &[(String, f64)]| {
        let _ = writeln!(text, "# HELP {PREFIX}{name} {help}\n# TYPE {PREFIX}{name} gauge");
        for (labels, value) in values {
            let _ = writeln!(text, "{PREFIX}{name}{labels} {value}");
        }
    };
    let findings: Vec<_> = counts
        .iter()
        .map(|((severity, class), &count)| {
            let labels = [label("severity", severity.name()), label("class", class.name())];
            (format!("{{{}}}", labels.join(",")), count as f64)
        })
        .collect();
    metric("findings", "Findings of the last run.", &findings);
    let verdict = f64::from(run.verdict().exit_code());
    metric("verdict", "0 clean, 1 tolerated by Kafka, 2 damaged.", &[(String::new(), verdict)]);
    let lost: u64 = run.report.all_segments().map(|segment| segment.bytes_lost()).sum();
    metric("unreadable_bytes", "Bytes that cannot be read.", &[(String::new(), lost as f64)]);
    let partitions = run.report.all_partitions().count() + run.earlier.len();
    metric("partitions", "Partitions verified.", &[(String::new(), partitions as f64)]);
    metric("read_bytes", "Bytes read by the last run.", &[(String::new(), run.bytes_read as f64)]);
    metric("duration_seconds", "How long the last run took.", &[(String::new(), run.elapsed.as_secs_f64())]);
    metric(
        "paused",
        "Whether the last run was paused before its end.",
        &[(String::new(), f64::from(u8::from(run.is_paused)))],
    );
    metric("last_run_timestamp_seconds", "When the last run ended.", &[(String::new(), now_seconds)]);
    text
}
