//! One thing that a file says besides its batches: an index entry, a producer, a checkpoint's line.

use std::fmt;

use kafka_log::format::FormatError;
use kafka_log::format::clean_shutdown::read_clean_shutdown;
use kafka_log::format::escape::{JsonEscapes, push_json_string};
use kafka_log::format::leader_epoch_checkpoint::read_leader_epoch_checkpoint;
use kafka_log::format::meta_properties::{MetaProperties, MetaPropertiesVersion};
use kafka_log::format::offset_checkpoint::read_offset_checkpoint;
use kafka_log::format::partition_metadata::PartitionMetadata;
use kafka_log::format::quorum_state::QuorumState;

use super::contents::Contents;
use super::error::{DumpError, OrStopped};
use super::json::Object;
use super::output::Sink;
use super::push::{number, text};
use super::timestamp::{push_json_timestamp, push_timestamp};
use crate::visible::Visible;

/// A value of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    Number(i64),
    /// Milliseconds since the epoch.
    Timestamp(i64),
    OptionalNumber(Option<i64>),
    Numbers(&'a [i32]),
    Text(&'a str),
}

/// Names, in Kafka's spelling, and values.
pub(crate) type Fields<'f> = [(&'static str, Value<'f>)];

/// How entries are printed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EntryForm<'f> {
    /// The file that they are from, for objects of JSON; without it they are lines in the style of Kafka's tool.
    pub(crate) json_of: Option<&'f str>,
    pub(crate) iso_timestamps: bool,
    /// Escapes in place of display controls, in lines.
    pub(crate) escape: bool,
}

impl EntryForm<'_> {
    /// The lines of Kafka's tool.
    pub(crate) const KAFKA: Self = EntryForm { json_of: None, iso_timestamps: false, escape: false };

    /// Appends an entry: `name: value` after `name: value`, or an object of this `kind`.
    #[inline]
    pub(crate) fn push(self, out: &mut Vec<u8>, kind: &str, fields: &Fields<'_>) {
        match self.json_of {
            None => self.push_line(out, fields),
            Some(file) => self.push_object(out, kind, file, fields),
        }
    }

    /// Prints a line that is about the file, not one of its entries; there is no object for it.
    pub(crate) fn remark(self, sink: &Sink<'_>, line: fmt::Arguments<'_>) -> Result<(), DumpError> {
        match self.json_of {
            None => sink.write(format!("{line}\n").as_bytes()).or_stopped(),
            Some(_) => Ok(()),
        }
    }

    fn push_line(self, out: &mut Vec<u8>, fields: &Fields<'_>) {
        for (i, (name, value)) in fields.iter().enumerate() {
            text(out, if i > 0 { " " } else { "" });
            text(out, name);
            text(out, ": ");
            match *value {
                Value::Number(value) => number(out, value),
                Value::Timestamp(ms) => {
                    push_timestamp(out, ms, self.iso_timestamps);
                }
                Value::OptionalNumber(None) => text(out, "OptionalLong.empty"),
                Value::OptionalNumber(Some(value)) => {
                    text(out, "OptionalLong[");
                    number(out, value);
                    text(out, "]");
                }
                Value::Numbers(values) => push_numbers(out, values),
                Value::Text(value) if self.escape => text(out, &Visible(value).to_string()),
                Value::Text(value) => text(out, value),
            }
        }
        text(out, "\n");
    }

    #[cold]
    fn push_object(self, out: &mut Vec<u8>, kind: &str, file: &str, fields: &Fields<'_>) {
        let mut object = Object::new(out, kind, file);
        for (name, value) in fields {
            let out = object.kafka_name(name);
            match *value {
                Value::Number(value) => number(out, value),
                Value::Timestamp(ms) => push_json_timestamp(out, ms, self.iso_timestamps),
                Value::OptionalNumber(Some(value)) => number(out, value),
                Value::OptionalNumber(None) => text(out, "null"),
                Value::Numbers(values) => push_numbers(out, values),
                Value::Text(value) => push_json_string(out, value, JsonEscapes::DisplayControls),
            }
        }
        object.end();
    }
}

fn push_numbers(out: &mut Vec<u8>, values: &[i32]) {
    text(out, "[");
    for (i, value) in values.iter().enumerate() {
        text(out, if i > 0 { "," } else { "" });
        number(out, *value);
    }
    text(out, "]");
}

/// Gives each entry of a small file, which is `bytes`, to `to`: its kind and its fields.
///
/// # Errors
/// Where Kafka could not read the file; nothing was given to `to` then.
pub(crate) fn read_small(
    contents: Contents,
    bytes: &[u8],
    mut to: impl FnMut(&'static str, &Fields<'_>),
) -> Result<(), FormatError> {
    use Value::{Number, Numbers, Text};
    match contents {
        Contents::LeaderEpochs => {
            for entry in read_leader_epoch_checkpoint(bytes)? {
                to(
                    "leader_epoch",
                    &[("epoch", Number(entry.epoch.into())), ("startOffset", Number(entry.start_offset))],
                );
            }
        }
        Contents::PartitionOffsets => {
            for entry in read_offset_checkpoint(bytes)? {
                let fields = [
                    ("topic", Text(entry.topic)),
                    ("partition", Number(entry.partition.into())),
                    ("offset", Number(entry.offset)),
                ];
                to("partition_offset", &fields);
            }
        }
        Contents::PartitionMetadata => {
            let metadata = PartitionMetadata::read(bytes)?;
            let topic_id = metadata.topic_id.to_string();
            to("partition_metadata", &[("version", Number(metadata.version.into())), ("topicId", Text(&topic_id))]);
        }
        Contents::MetaProperties => {
            let properties = MetaProperties::read(bytes)?;
            let (version, node) = match properties.version {
                MetaPropertiesVersion::V0 => (0, "brokerId"),
                MetaPropertiesVersion::V1 => (1, "nodeId"),
            };
            let directory_id = properties.directory_id.map(|id| id.to_string());
            let fields = [
                Some(("version", Number(version))),
                properties.cluster_id.as_deref().map(|id| ("clusterId", Text(id))),
                properties.node_id.map(|id| (node, Number(id.into()))),
                directory_id.as_deref().map(|id| ("directoryId", Text(id))),
            ];
            to("meta_properties", &fields.into_iter().flatten().collect::<Vec<_>>());
        }
        Contents::QuorumState => {
            let state = QuorumState::read(bytes)?;
            let directory_id = state.voted_directory_id.to_string();
            let mut fields = vec![
                ("dataVersion", Number(state.data_version.into())),
                ("leaderId", Number(state.leader_id.into())),
                ("leaderEpoch", Number(state.leader_epoch.into())),
                ("votedId", Number(state.voted_id.into())),
            ];
            if state.data_version == 0 {
                fields.push(("clusterId", Text(&state.cluster_id)));
                fields.push(("appliedOffset", Number(state.applied_offset)));
                fields.extend(state.current_voters.as_deref().map(|voters| ("currentVoters", Numbers(voters))));
            } else {
                fields.push(("votedDirectoryId", Text(&directory_id)));
            }
            to("quorum_state", &fields);
        }
        Contents::CleanShutdown => {
            to("clean_shutdown", &[("brokerEpoch", Number(read_clean_shutdown(bytes).unwrap_or(-1)))]);
        }
        _ => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(contents: Contents, bytes: &[u8]) -> Result<String, String> {
        let mut out = Vec::new();
        read_small(contents, bytes, |kind, fields| EntryForm::KAFKA.push(&mut out, kind, fields))
            .map_err(|error| error.to_string())?;
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn each_kind_of_small_file_is_printed_as_names_and_values() {
        for (contents, bytes, expected) in [
            (Contents::LeaderEpochs, "0\n2\n0 0\n3 17\n", "epoch: 0 startOffset: 0\nepoch: 3 startOffset: 17\n"),
            (Contents::PartitionOffsets, "0\n1\norders 2 12\n", "topic: orders partition: 2 offset: 12\n"),
            (
                Contents::PartitionMetadata,
                "version: 0\ntopic_id: AAAAAAAAAAAAAAAAAAAAAQ",
                "version: 0 topicId: AAAAAAAAAAAAAAAAAAAAAQ\n",
            ),
            (
                Contents::MetaProperties,
                "#\nnode.id=7\nversion=1\ncluster.id=c\n",
                "version: 1 clusterId: c nodeId: 7\n",
            ),
            (
                Contents::QuorumState,
                r#"{"leaderId":1,"leaderEpoch":4,"votedId":-1,"votedDirectoryId":"AAAAAAAAAAAAAAAAAAAAAA","data_version":1}"#,
                "dataVersion: 1 leaderId: 1 leaderEpoch: 4 votedId: -1 votedDirectoryId: AAAAAAAAAAAAAAAAAAAAAA\n",
            ),
            (Contents::CleanShutdown, r#"{"version":0,"brokerEpoch":12}"#, "brokerEpoch: 12\n"),
            (Contents::CleanShutdown, "", "brokerEpoch: -1\n"),
            (Contents::Lock, "", ""),
        ] {
            assert_eq!(lines(contents, bytes.as_bytes()).as_deref(), Ok(expected), "{contents:?}");
        }
    }

    #[test]
    fn a_malformed_checkpoint_gives_no_entries_but_an_error_with_its_place() {
        let error = lines(Contents::LeaderEpochs, b"0\n2\n0 0\nx 17\n").unwrap_err();
        assert_eq!(error, "epoch entry at byte 8: expected numbers, found other text");
    }
}
