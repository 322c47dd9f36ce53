//! `kafka-delete-records`: deletes the records before given offsets (`DeleteRecordsCommand`).

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;

use kafka_options::Usage;
use kafka_thin_client::{ClientError, TopicPartition, admin};
use serde_json::Value;

use crate::client::{connect, exception, explain, parse_or_explain, require};
use crate::terminal::{Stop, Terminal};

const USAGE: &str = include_str!("../usage/delete_records.txt");
const ABOUT: &str = "This tool helps to delete records of the given partitions down to the specified offset.";

/// A file that does not say what to delete.
#[derive(Debug, PartialEq, Eq)]
enum OffsetsFileError {
    NoJson,
    NoObject,
    NoPartitions,
    Version(String),
    Field(&'static str),
    Duplicates(String),
}

impl fmt::Display for OffsetsFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OffsetsFileError::NoJson => f.write_str("The input string is not a valid JSON"),
            OffsetsFileError::NoObject => f.write_str("Expected JSON object, received something else"),
            OffsetsFileError::NoPartitions => f.write_str("Missing partitions field"),
            OffsetsFileError::Version(version) => write!(f, "Not supported version field value {version}"),
            OffsetsFileError::Field(field) => write!(f, "No such field exists, or it has a wrong type: `{field}`"),
            OffsetsFileError::Duplicates(partitions) => {
                write!(f, "Offset json file contains duplicate topic partitions: {partitions}")
            }
        }
    }
}

/// Runs the tool.
pub(crate) fn main(args: Vec<OsString>, terminal: &mut Terminal<'_>) -> Result<(), Stop> {
    let usage = Usage::read(USAGE);
    let options = parse_or_explain(&usage, ABOUT, args)?;
    require(&options, &usage, &["bootstrap-server", "offset-json-file"])?;
    let mut client = connect(&options, "bootstrap-server", "command-config")?;
    let path = options.value("offset-json-file")?.unwrap_or_default();
    let text = std::fs::read_to_string(&path).map_err(|_| Stop::Failed(format!("Unable to read file {path}")))?;
    let offsets = offsets(&text).map_err(|error| Stop::Failed(error.to_string()))?;
    terminal.line("Executing records delete operation")?;
    let deleted = admin::delete_records(&mut client, &offsets);
    terminal.line("Records delete operation completed:")?;
    for (partition, _) in &offsets {
        let result = match &deleted {
            Ok(deleted) => deleted.get(partition).map(|result| result.as_ref().map_err(exception)),
            Err(error) => Some(Err(failure(error))),
        };
        match result {
            Some(Ok(low)) => terminal.line(format_args!("partition: {partition}\tlow_watermark: {low}"))?,
            Some(Err(error)) => terminal.line(format_args!("partition: {partition}\terror: {error}"))?,
            None => {}
        }
    }
    Ok(())
}

fn failure(error: &ClientError) -> String {
    match error {
        ClientError::Api(error) => exception(error),
        ClientError::TimedOut { .. } => {
            format!("org.apache.kafka.common.errors.TimeoutException: {}", explain(error, "deleteRecords"))
        }
        error => error.to_string(),
    }
}

/// Reads `{"partitions": [{"topic": "foo", "partition": 1, "offset": 1}], "version": 1}`.
fn offsets(text: &str) -> Result<Vec<(TopicPartition, i64)>, OffsetsFileError> {
    let value: Value = serde_json::from_str(text).map_err(|_| OffsetsFileError::NoJson)?;
    let object = value.as_object().ok_or(OffsetsFileError::NoObject)?;
    if let Some(version) = object.get("version").filter(|version| version.as_i64() != Some(1)) {
        return Err(OffsetsFileError::Version(version.to_string()));
    }
    let partitions = object.get("partitions").ok_or(OffsetsFileError::NoPartitions)?;
    let partitions = partitions.as_array().ok_or(OffsetsFileError::Field("partitions"))?;
    let mut offsets = BTreeMap::new();
    let mut duplicates = Vec::new();
    for partition in partitions {
        let field = |name: &'static str| partition.get(name).ok_or(OffsetsFileError::Field(name));
        let topic = field("topic")?.as_str().ok_or(OffsetsFileError::Field("topic"))?.to_owned();
        let index = field("partition")?.as_i64().and_then(|index| i32::try_from(index).ok());
        let index = index.ok_or(OffsetsFileError::Field("partition"))?;
        let offset = field("offset")?.as_i64().ok_or(OffsetsFileError::Field("offset"))?;
        let partition = TopicPartition::new(topic, index);
        if offsets.insert(partition.clone(), offset).is_some() {
            duplicates.push(partition.to_string());
        }
    }
    match duplicates.is_empty() {
        true => Ok(offsets.into_iter().collect()),
        false => Err(OffsetsFileError::Duplicates(duplicates.join(","))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_says_what_to_delete() {
        let one = r#"{"topic": "foo", "partition": 1, "offset": 2}"#;
        assert_eq!(
            offsets(&format!(r#"{{"partitions": [{one}], "version": 1}}"#)),
            Ok(vec![(TopicPartition::new("foo", 1), 2)])
        );
        let message = |text: &str| offsets(text).map_err(|error| error.to_string()).unwrap_err();
        assert_eq!(message("x"), "The input string is not a valid JSON");
        assert_eq!(message(r#"{"version": 2}"#), "Not supported version field value 2");
        assert_eq!(message("{}"), "Missing partitions field");
        let twice = format!(r#"{{"partitions": [{one}, {one}]}}"#);
        assert_eq!(message(&twice), "Offset json file contains duplicate topic partitions: foo-1");
    }
}
