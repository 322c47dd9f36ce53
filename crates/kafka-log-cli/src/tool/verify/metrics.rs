//! `--metrics`: a file for the textfile collector of Prometheus' node exporter.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use super::Run;

/// Writes the file: beside it first, then in its place, so that the collector never sees half of it.
///
/// # Errors
/// It cannot be written.
pub(super) fn write(run: &Run<'_>, path: &Path) -> io::Result<()> {
    let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
    let beside = path.with_extension("prom.tmp");
    std::fs::write(&beside, text(run)).and_then(|()| std::fs::rename(&beside, path)).map_err(named)
}

fn text(run: &Run<'_>) -> String {
    let mut counts: BTreeMap<(String, String), u64> = BTreeMap::new();
    for finding in run.report.all_findings() {
        *counts.entry((finding.severity.name().to_owned(), finding.class.name().to_owned())).or_default() += 1;
    }
    for finding in run.earlier.iter().flat_map(|done| &done.findings) {
        let of = |key: &str| finding[key].as_str().unwrap_or_default().to_owned();
        *counts.entry((of("severity"), of("class"))).or_default() += 1;
    }
    let mut text = String::new();
    let mut metric = |name: &str, help: &str, values: &[(String, f64)]| {
        let _ = writeln!(text, "# HELP kafka_log_verify_{name} {help}\n# TYPE kafka_log_verify_{name} gauge");
        for (labels, value) in values {
            let _ = writeln!(text, "kafka_log_verify_{name}{labels} {value}");
        }
    };
    let findings: Vec<_> = counts
        .iter()
        .map(|((severity, class), &count)| (format!("{{severity=\"{severity}\",class=\"{class}\"}}"), count as f64))
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
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |now| now.as_secs_f64());
    metric("last_run_timestamp_seconds", "When the last run ended.", &[(String::new(), now)]);
    text
}
