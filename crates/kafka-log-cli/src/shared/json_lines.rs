//! What the JSON outputs of all tools have in common; docs/json.md describes them.

use std::io;
use std::path::Path;

use kafka_log::audit::predict::{Outcome, Prediction};
use kafka_log::audit::{Finding, OffsetRange, Refusal};
use serde_json::{Map, Value, json};

use crate::visible::write_json_line;

/// Version of the schema of all outputs, in the first line of each. It grows when something is removed or changes its
/// meaning.
pub(crate) const SCHEMA_VERSION: u32 = 1;

/// The first line of an output: which tool, and what it was given. `more` are members of that tool.
pub(crate) fn run<'p>(tool: &str, paths: impl Iterator<Item = &'p Path>, more: Value) -> Value {
    let paths: Vec<_> = paths.map(Path::to_string_lossy).collect();
    let mut line = json!({"kind": "run", "schema_version": SCHEMA_VERSION, "tool": tool, "paths": paths});
    if let (Value::Object(line), Value::Object(more)) = (&mut line, more) {
        line.extend(more);
    }
    line
}

/// A finding.
pub(crate) fn finding(finding: &Finding) -> Value {
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

/// Adds offsets, if there are any.
pub(crate) fn put_offsets(line: &mut Map<String, Value>, offsets: Option<OffsetRange>) {
    if let Some(OffsetRange { first, last }) = offsets {
        line.insert("first_offset".into(), first.into());
        line.insert("last_offset".into(), last.into());
    }
}

/// What a start does with a partition, in the outputs of all that predict it.
pub(crate) fn outcome(prediction: &Prediction) -> Map<String, Value> {
    let (refused, set_aside) = match &prediction.outcome {
        Outcome::Opens(_) => (None, None),
        Outcome::SetAside { why } => (None, Some(why)),
        Outcome::Refuses { exception, message } => (Some(json!({"exception": exception, "message": message})), None),
    };
    let mut outcome = Map::new();
    outcome.insert("stop".into(), prediction.stop.name().into());
    outcome.insert("opens".into(), refused.is_none().into());
    outcome.insert("refusal".into(), refused.into());
    outcome.insert("set_aside".into(), set_aside.map(String::as_str).into());
    outcome.insert("records_lost".into(), prediction.records_lost().into());
    outcome
}

/// What keeps a node from starting, or from serving what the path is about.
pub(crate) fn refusal(refusal: &Refusal) -> Map<String, Value> {
    let mut members = Map::new();
    members.insert("path".into(), refusal.path.to_string_lossy().into());
    members.insert("exception".into(), refusal.exception.into());
    members.insert("message".into(), refusal.message.as_str().into());
    members
}

/// Appends a value as a line to a buffer in memory.
pub(crate) fn push_line(out: &mut Vec<u8>, value: &Value) {
    // Writing to memory cannot fail.
    let _: io::Result<()> = write_json_line(out, value);
}
