//! Values of `__remote_log_metadata`, which the dump tool prints as `toString` of the classes in
//! `org.apache.kafka.server.log.remote`, not as JSON.

use super::tables::remote_log::*;
use crate::format::java_text::push_java_utf8;
use crate::format::uuid::Uuid;
use kafka_schema::push_int;
use kafka_schema::table::{Field, Kind};
use kafka_schema::{Datum, Decoded, Fields};
use std::collections::BTreeMap;

/// `RemoteLogSegmentState`, in the order of its numbers.
const SEGMENT_STATES: &[&str] =
    &["COPY_SEGMENT_STARTED", "COPY_SEGMENT_FINISHED", "DELETE_SEGMENT_STARTED", "DELETE_SEGMENT_FINISHED"];
/// `RemotePartitionDeleteState`, in the order of its numbers.
const DELETE_STATES: &[&str] = &["DELETE_PARTITION_MARKED", "DELETE_PARTITION_STARTED", "DELETE_PARTITION_FINISHED"];

/// What `toString` of a class shows: its name, then its labels with the message fields after them.
struct Shape {
    class: &'static str,
    labels: &'static [(&'static str, &'static str)],
}

const SEGMENT: Shape = Shape {
    class: "RemoteLogSegmentMetadata",
    labels: &[
        ("remoteLogSegmentId", "remoteLogSegmentId"),
        ("startOffset", "startOffset"),
        ("endOffset", "endOffset"),
        ("brokerId", "brokerId"),
        ("maxTimestampMs", "maxTimestampMs"),
        ("eventTimestampMs", "eventTimestampMs"),
        ("segmentLeaderEpochs", "segmentLeaderEpochs"),
        ("segmentSizeInBytes", "segmentSizeInBytes"),
        ("customMetadata", "customMetadata"),
        ("state", "remoteLogSegmentState"),
        ("txnIdxEmpty", "txnIndexEmpty"),
    ],
};
const SNAPSHOT: Shape = Shape {
    class: "RemoteLogSegmentMetadataSnapshot",
    labels: &[
        ("segmentId", "segmentId"),
        ("startOffset", "startOffset"),
        ("endOffset", "endOffset"),
        ("maxTimestampMs", "maxTimestampMs"),
        ("segmentLeaderEpochs", "segmentLeaderEpochs"),
        ("segmentSizeInBytes", "segmentSizeInBytes"),
        ("customMetadata", "customMetadata"),
        ("state", "remoteLogSegmentState"),
        ("txnIdxEmpty", "txnIndexEmpty"),
    ],
};
const UPDATE: Shape = Shape {
    class: "RemoteLogSegmentMetadataUpdate",
    labels: &[
        ("remoteLogSegmentId", "remoteLogSegmentId"),
        ("customMetadata", "customMetadata"),
        ("state", "remoteLogSegmentState"),
        ("eventTimestampMs", "eventTimestampMs"),
        ("brokerId", "brokerId"),
    ],
};
const DELETE: Shape = Shape {
    class: "RemotePartitionDeleteMetadata",
    labels: &[
        ("topicPartition", "topicIdPartition"),
        ("state", "remotePartitionDeleteState"),
        ("eventTimestampMs", "eventTimestampMs"),
        ("brokerId", "brokerId"),
    ],
};

/// Whether the constructors of Kafka's classes accept what was read.
///
/// # Errors
/// The message of the first exception that they throw; `null` has none.
pub(super) fn check(record: &Decoded<'_>) -> Result<(), String> {
    let number = |name| match record.get(name) {
        Some(Datum::Int(number)) => *number,
        _ => 0,
    };
    let state_known = |name, states: &[_]| usize::try_from(number(name)).is_ok_and(|state| state < states.len());
    let no_epochs = || record.get("segmentLeaderEpochs") == Some(&Datum::Array(Vec::new()));
    const NO_EPOCHS: &str = "segmentLeaderEpochs can not be null or empty";
    if record.message.name == REMOTE_LOG_SEGMENT_METADATA_RECORD.name {
        let (start, end) = (number("startOffset"), number("endOffset"));
        if start < 0 {
            let text = "StartOffset for a remote segment cannot be negative";
            return Err(format!("Unexpected start offset = {start}. {text}"));
        }
        if end < start {
            let text = "EndOffset for a remote segment cannot be less than startOffset";
            return Err(format!("Unexpected end offset = {end}. {text} = {start}"));
        }
        if no_epochs() {
            return Err(NO_EPOCHS.to_owned());
        }
    }
    if record.message.name == REMOTE_PARTITION_DELETE_METADATA_RECORD.name {
        return if state_known("remotePartitionDeleteState", DELETE_STATES) { Ok(()) } else { Err("null".to_owned()) };
    }
    if !state_known("remoteLogSegmentState", SEGMENT_STATES) {
        return Err("state can not be null".to_owned());
    }
    // Of the two classes with epochs, a snapshot looks at its state first.
    if no_epochs() { Err(NO_EPOCHS.to_owned()) } else { Ok(()) }
}

/// Appends what `toString` of Kafka's class returns.
pub(super) fn push_text(out: &mut Vec<u8>, record: &Decoded<'_>) {
    let shape = match record.message.api_key {
        0 => SEGMENT,
        1 => UPDATE,
        2 => DELETE,
        _ => SNAPSHOT,
    };
    push_object(out, &shape, record.message.fields, &record.fields);
}

fn push_object(out: &mut Vec<u8>, shape: &Shape, schema: &[Field], fields: &Fields<'_>) {
    out.extend_from_slice(shape.class.as_bytes());
    for (i, (label, name)) in shape.labels.iter().enumerate() {
        out.extend_from_slice(if i == 0 { b"{" } else { b", " });
        out.extend_from_slice(label.as_bytes());
        out.push(b'=');
        if let Some((field, value)) = schema.iter().zip(&fields.values).find(|(field, _)| field.name == *name) {
            push_value(out, field, value);
        }
    }
    out.push(b'}');
}

fn push_value(out: &mut Vec<u8>, field: &Field, value: &Datum<'_>) {
    const SEGMENT_ID: Shape =
        Shape { class: "RemoteLogSegmentId", labels: &[("topicIdPartition", "topicIdPartition"), ("id", "id")] };
    match (value, &field.kind) {
        (Datum::Int(state), Kind::Int8) => {
            let states = if field.name == "remotePartitionDeleteState" { DELETE_STATES } else { SEGMENT_STATES };
            let state = usize::try_from(*state).ok().and_then(|state| states.get(state));
            out.extend_from_slice(state.unwrap_or(&"null").as_bytes());
        }
        (Datum::Int(number), _) => push_int(out, *number),
        (Datum::Bool(value), _) => out.extend_from_slice(if *value { b"true" } else { b"false" }),
        (Datum::Uuid(uuid), _) => Uuid(*uuid).push(out),
        (Datum::Bytes(bytes), _) => {
            out.extend_from_slice(format!("Optional[CustomMetadata{{{} bytes}}]", bytes.len()).as_bytes());
        }
        (Datum::Null, _) => out.extend_from_slice(b"Optional.empty"),
        (Datum::Array(epochs), _) => push_epochs(out, epochs),
        (Datum::Struct(id), Kind::Struct(inner)) if inner.name == "TopicIdPartitionEntry" => push_partition(out, id),
        (Datum::Struct(id), Kind::Struct(inner)) => push_object(out, &SEGMENT_ID, inner.fields, id),
        _ => {}
    }
}

/// `TopicIdPartition.toString`: topic id, topic, partition.
fn push_partition(out: &mut Vec<u8>, entry: &Fields<'_>) {
    if let [Datum::Text(name), Datum::Uuid(id), Datum::Int(partition)] = entry.values.as_slice() {
        Uuid(*id).push(out);
        out.push(b':');
        push_java_utf8(out, name);
        out.push(b'-');
        push_int(out, *partition);
    }
}

/// A `TreeMap`: sorted by epoch, of equal ones the last.
fn push_epochs(out: &mut Vec<u8>, epochs: &[Datum<'_>]) {
    let entries = epochs.iter().filter_map(|entry| match entry {
        Datum::Struct(entry) => match entry.values.as_slice() {
            [Datum::Int(epoch), Datum::Int(offset)] => Some((epoch, offset)),
            _ => None,
        },
        _ => None,
    });
    out.push(b'{');
    for (i, (epoch, offset)) in entries.collect::<BTreeMap<_, _>>().into_iter().enumerate() {
        if i > 0 {
            out.extend_from_slice(b", ");
        }
        push_int(out, *epoch);
        out.push(b'=');
        push_int(out, *offset);
    }
    out.push(b'}');
}
