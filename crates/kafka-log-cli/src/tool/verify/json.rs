//! A report for programs: JSON Lines, described in `docs/verify-json.md`.

use std::io::{self, Write};

use kafka_log::verify::predict::{Outcome, Prediction, refusals, takes_offline};
use kafka_log::verify::{Fault, FaultKind, Finding, IndexReport, Level, OffsetRange, PartitionReport, SegmentReport};
use serde_json::{Map, Value, json};

use super::{Run, predictions};

/// Version of the form of the output. It grows when something is removed or changes its meaning.
pub(super) const VERSION: u32 = 1;

/// Prints the report.
pub(super) fn print(run: &Run<'_>, out: &mut dyn Write) -> io::Result<()> {
    let paths: Vec<_> = run.options.paths.iter().map(|path| path.to_string_lossy()).collect();
    let level = Level::from(run.options.level).name();
    writeln!(out, "{}", json!({"kind": "run", "version": VERSION, "level": level, "paths": paths}))?;
    for directory in &run.report.directories {
        let meta = directory.meta_properties.as_ref();
        let line = json!({
            "kind": "directory",
            "path": directory.path.to_string_lossy(),
            "cluster_id": meta.and_then(|meta| meta.cluster_id.as_ref()),
            "node_id": meta.and_then(|meta| meta.node_id),
            "directory_id": meta.and_then(|meta| meta.directory_id).map(|id| id.to_string()),
            "clean_stop": directory.is_clean_stop,
            "partitions": directory.partitions.len(),
        });
        writeln!(out, "{line}")?;
    }
    for report in run.report.all_partitions() {
        writeln!(out, "{}", partition(report))?;
        for report in &report.segments {
            writeln!(out, "{}", segment(report))?;
        }
    }
    for report in &run.report.segments {
        writeln!(out, "{}", segment(report))?;
    }
    for found in run.report.all_findings() {
        writeln!(out, "{}", finding(found))?;
    }
    for done in &run.earlier {
        done.findings.iter().try_for_each(|finding| writeln!(out, "{finding}"))?;
    }
    if run.options.predict {
        refusals(&run.report).try_for_each(|found| writeln!(out, "{}", start_prediction(found, "refused")))?;
        takes_offline(&run.report).try_for_each(|found| writeln!(out, "{}", start_prediction(found, "offline")))?;
    }
    for made in &run.predictions {
        writeln!(out, "{}", prediction(made))?;
    }
    writeln!(out, "{}", summary(run))
}

/// A finding.
pub(super) fn finding(finding: &Finding) -> Value {
    let mut line = Map::new();
    line.insert("kind".into(), "finding".into());
    line.insert("code".into(), finding.code.id().into());
    line.insert("severity".into(), finding.severity.name().into());
    line.insert("class".into(), finding.class.name().into());
    line.insert("path".into(), finding.path.to_string_lossy().into());
    if let Some(bytes) = &finding.bytes {
        line.insert("position".into(), bytes.start.into());
        line.insert("bytes".into(), (bytes.end - bytes.start).into());
    }
    put_offsets(&mut line, finding.offsets);
    line.insert("expected".into(), finding.expected.as_str().into());
    line.insert("found".into(), finding.found.as_str().into());
    line.insert("remedy".into(), finding.remedy.name().into());
    Value::Object(line)
}

fn put_offsets(line: &mut Map<String, Value>, offsets: Option<OffsetRange>) {
    if let Some(OffsetRange { first, last }) = offsets {
        line.insert("first_offset".into(), first.into());
        line.insert("last_offset".into(), last.into());
    }
}

fn partition(report: &PartitionReport) -> Value {
    json!({
        "kind": "partition",
        "path": report.path.to_string_lossy(),
        "topic": report.topic,
        "partition": report.partition,
        "topic_id": report.topic_id.map(|id| id.to_string()),
        "log_start_offset": report.log_start_offset,
        "log_end_offset": report.log_end_offset,
        "segments": report.segments.len(),
        "verdict": report.verdict().name(),
    })
}

fn segment(report: &SegmentReport) -> Value {
    let index = |index: &Option<IndexReport>| {
        index.as_ref().map(|index| json!({"size": index.size, "entries": index.entries, "bad": index.is_bad}))
    };
    json!({
        "kind": "segment",
        "path": report.path.to_string_lossy(),
        "base_offset": report.base_offset,
        "size": report.size,
        "valid_to": report.valid_to,
        "first_offset": report.first_offset,
        "last_offset": report.last_offset,
        "batches": report.batches,
        "records": report.records,
        "min_timestamp": report.min_timestamp,
        "max_timestamp": report.max_timestamp,
        "offset_index": index(&report.offset_index),
        "time_index": index(&report.time_index),
        "transaction_index": index(&report.transaction_index),
        "faults": report.faults.iter().map(fault).collect::<Vec<_>>(),
    })
}

fn fault(fault: &Fault) -> Value {
    let (name, proven, found): (_, Option<i64>, Option<i64>) = match fault.kind {
        FaultKind::BadBatch => ("bad-batch", None, None),
        FaultKind::WrongLength { proven, found } => ("wrong-length", Some(proven.into()), Some(found.into())),
        FaultKind::WrongBaseOffset { proven, found } => ("wrong-base-offset", Some(proven), Some(found)),
        FaultKind::WrongEpoch { proven, found } => ("wrong-epoch", Some(proven.into()), Some(found.into())),
        FaultKind::WrongMagic { proven, found } => ("wrong-magic", Some(proven.into()), Some(found.into())),
        FaultKind::Misplaced => ("misplaced", None, None),
        FaultKind::Torn => ("torn", None, None),
        FaultKind::Zeros => ("zeros", None, None),
        _ => ("unreadable", None, None),
    };
    let mut line = Map::new();
    line.insert("fault".into(), name.into());
    line.insert("position".into(), fault.bytes.start.into());
    line.insert("bytes".into(), (fault.bytes.end - fault.bytes.start).into());
    put_offsets(&mut line, fault.offsets);
    if let (Some(proven), Some(found)) = (proven, found) {
        line.insert("proven".into(), proven.into());
        line.insert("found".into(), found.into());
    }
    Value::Object(line)
}

/// What a start makes of a finding about a log directory, whatever its partitions are like.
fn start_prediction(finding: &Finding, outcome: &str) -> Value {
    json!({
        "kind": "start_prediction",
        "path": finding.path.to_string_lossy(),
        "code": finding.code.id(),
        "outcome": outcome,
        "message": finding.to_string(),
    })
}

fn prediction(prediction: &Prediction) -> Value {
    let (opens, refusal) = match &prediction.outcome {
        Outcome::Opens(_) => (true, None),
        Outcome::Refuses { exception, message } => (false, Some(json!({"exception": exception, "message": message}))),
    };
    let report = match &prediction.outcome {
        Outcome::Opens(report) => Some(report),
        Outcome::Refuses { .. } => None,
    };
    let lost: Vec<Value> = prediction
        .lost
        .iter()
        .map(|loss| {
            let mut line = Map::new();
            line.insert("path".into(), loss.path.to_string_lossy().into());
            line.insert("bytes".into(), loss.bytes.into());
            put_offsets(&mut line, Some(loss.offsets));
            line.insert("records".into(), loss.records.into());
            line.insert("whole_segment".into(), loss.is_whole.into());
            Value::Object(line)
        })
        .collect();
    let changes: Vec<Value> = prediction
        .changes
        .iter()
        .map(|change| {
            json!({
                "path": change.path.to_string_lossy(), "before": change.before, "after": change.after,
                "renamed_from": change.renamed_from.as_ref().map(|path| path.to_string_lossy().into_owned()),
                "written": change.is_written,
            })
        })
        .collect();
    let rebuilt = report.map(|report| report.recovered_segments.iter().map(|s| s.base_offset).collect::<Vec<_>>());
    json!({
        "kind": "prediction",
        "path": prediction.path.to_string_lossy(),
        "stop": prediction.stop.name(),
        "opens": opens,
        "refusal": refusal,
        "log_start_offset": report.map(|report| report.log_start_offset),
        "log_end_offset": report.map(|report| report.log_end_offset),
        "indexes_rebuilt": rebuilt,
        "records_lost": prediction.records_lost(),
        "lost": lost,
        "changes": changes,
        "damage_remaining": prediction.remaining.len(),
        "text": predictions::lines(prediction),
    })
}

fn summary(run: &Run<'_>) -> Value {
    let count = |severity: &str| {
        let now = run.report.all_findings().filter(|finding| finding.severity.name() == severity).count();
        let earlier = run.earlier.iter().flat_map(|done| &done.findings);
        now + earlier.filter(|finding| finding["severity"].as_str() == Some(severity)).count()
    };
    json!({
        "kind": "summary",
        "version": VERSION,
        "verdict": run.verdict().name(),
        "exit_code": run.verdict().exit_code(),
        "damage": count("damage"),
        "warnings": count("warning"),
        "notes": count("note"),
        "partitions": run.report.all_partitions().count() + run.earlier.len(),
        "segments": run.report.all_segments().count(),
        "bytes": run.report.all_segments().map(|segment| segment.size).sum::<u64>(),
        "bytes_unreadable": run.report.all_segments().map(SegmentReport::bytes_lost).sum::<u64>(),
        "bytes_read": run.bytes_read,
        "seconds": run.elapsed.as_secs_f64(),
        "paused": run.is_paused,
    })
}
