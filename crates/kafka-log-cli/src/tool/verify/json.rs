//! A report for programs: JSON Lines, described in `docs/json.md`.

use std::io::{self, Write};
use std::path::PathBuf;

use kafka_log::audit::predict::{Outcome, Prediction};
use kafka_log::audit::{
    Fault, FaultKind, IndexReport, Level, NodeStart, OpenTransaction, PartitionReport, Refusal, SegmentReport, Severity,
};
use serde_json::{Map, Value, json};

use super::{Run, predictions};
use crate::shared::json_lines;
use crate::visible::write_json_line;

/// Prints the report.
pub(super) fn print(run: &Run<'_>, out: &mut dyn Write) -> io::Result<()> {
    let level = json!({"level": Level::from(run.options.level).name()});
    let paths = run.options.paths.iter().map(PathBuf::as_path);
    write_json_line(out, &json_lines::run("kafka-log verify", paths, level))?;
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
        write_json_line(out, &line)?;
    }
    for report in run.report.all_partitions() {
        write_json_line(out, &partition(report))?;
        for report in &report.segments {
            write_json_line(out, &segment(report))?;
        }
    }
    for report in &run.report.segments {
        write_json_line(out, &segment(report))?;
    }
    for found in run.report.all_findings() {
        write_json_line(out, &json_lines::finding(found))?;
    }
    for done in &run.earlier {
        done.findings.iter().try_for_each(|finding| write_json_line(out, &finding.json))?;
    }
    if run.options.predict {
        match &run.report.start {
            Some(NodeStart::Refuses(refusal)) => write_json_line(out, &start_prediction(refusal, "refused"))?,
            Some(NodeStart::Starts { unserved, .. }) => {
                unserved.iter().try_for_each(|refusal| write_json_line(out, &start_prediction(refusal, "unserved")))?;
            }
            None => {}
        }
    }
    for made in &run.predictions {
        write_json_line(out, &prediction(made))?;
    }
    write_json_line(out, &summary(run))
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
        "open_transactions": report.open_transactions.iter().map(open_transaction).collect::<Vec<_>>(),
        "verdict": report.verdict().name(),
    })
}

fn open_transaction(open: &OpenTransaction) -> Value {
    json!({
        "producer_id": open.producer_id, "producer_epoch": open.producer_epoch, "first_offset": open.first_offset,
        "since_ms": open.since_ms,
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
        FaultKind::Superseded { .. } => ("superseded", None, None),
        FaultKind::Torn => ("torn", None, None),
        FaultKind::Zeros => ("zeros", None, None),
        _ => ("unreadable", None, None),
    };
    let mut line = Map::new();
    line.insert("fault".into(), name.into());
    line.insert("position".into(), fault.bytes.start.into());
    line.insert("bytes".into(), (fault.bytes.end - fault.bytes.start).into());
    json_lines::put_offsets(&mut line, fault.offsets);
    if let (Some(proven), Some(found)) = (proven, found) {
        line.insert("proven".into(), proven.into());
        line.insert("found".into(), found.into());
    }
    Value::Object(line)
}

/// What keeps a node from starting, or from serving what the path is about.
fn start_prediction(refusal: &Refusal, outcome: &str) -> Value {
    let mut line = Map::new();
    line.insert("kind".into(), "start_prediction".into());
    line.insert("outcome".into(), outcome.into());
    line.extend(json_lines::refusal(refusal));
    Value::Object(line)
}

fn prediction(prediction: &Prediction) -> Value {
    let report = match &prediction.outcome {
        Outcome::Opens(report) => Some(report),
        Outcome::SetAside { .. } | Outcome::Refuses { .. } => None,
    };
    let lost: Vec<Value> = prediction
        .lost
        .iter()
        .map(|loss| {
            let mut line = Map::new();
            line.insert("path".into(), loss.path.to_string_lossy().into());
            line.insert("bytes".into(), loss.bytes.into());
            json_lines::put_offsets(&mut line, Some(loss.offsets));
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
    let rebuilt = report.map(predictions::rebuilt);
    let mut line = Map::new();
    line.insert("kind".into(), "prediction".into());
    line.insert("path".into(), prediction.path.to_string_lossy().into());
    line.extend(json_lines::outcome(prediction));
    line.insert("log_start_offset".into(), report.map(|report| report.log_start_offset).into());
    line.insert("log_end_offset".into(), report.map(|report| report.log_end_offset).into());
    line.insert("indexes_rebuilt".into(), rebuilt.into());
    line.insert("lost".into(), lost.into());
    line.insert("changes".into(), changes.into());
    line.insert("damage_remaining".into(), prediction.remaining.len().into());
    line.insert("text".into(), predictions::lines(prediction).into());
    Value::Object(line)
}

fn summary(run: &Run<'_>) -> Value {
    let count = |severity| {
        let now = run.report.all_findings().filter(|finding| finding.severity == severity).count();
        let earlier = run.earlier.iter().flat_map(|done| &done.findings);
        now + earlier.filter(|finding| finding.severity == severity).count()
    };
    json!({
        "kind": "summary",
        "verdict": run.verdict().name(),
        "exit_code": run.verdict().exit_code(),
        "damage": count(Severity::Damage),
        "warnings": count(Severity::Warning),
        "notes": count(Severity::Note),
        "partitions": run.report.all_partitions().count() + run.earlier.len(),
        "segments": run.report.all_segments().count(),
        "bytes": run.report.all_segments().map(|segment| segment.size).sum::<u64>(),
        "bytes_unreadable": run.report.all_segments().map(SegmentReport::bytes_lost).sum::<u64>(),
        "bytes_read": run.bytes_read,
        "seconds": run.elapsed.as_secs_f64(),
        "paused": run.is_paused,
    })
}
