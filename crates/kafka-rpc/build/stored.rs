//! Records of internal topics and control records: the structs of each topic, and enums of them.

use crate::messages::module;
use crate::rust_type::struct_type;
use kafka_schema::table::{Field, KafkaVersion, Kind, Message};
use kafka_schema::tables::{classic_group, cluster_metadata, consumer_group, control, transaction};
use std::fmt::Write as _;

/// The release whose records are written.
const KAFKA: KafkaVersion = KafkaVersion::V4_3;

/// `ControlRecordType`; the definitions have no number.
const CONTROL: &[(i16, &Message)] = &[
    (2, &control::LEADER_CHANGE_MESSAGE),
    (3, &control::SNAPSHOT_HEADER_RECORD),
    (4, &control::SNAPSHOT_FOOTER_RECORD),
    (5, &control::KRAFT_VERSION_RECORD),
    (6, &control::VOTERS_RECORD),
];

/// Name and source of each file.
pub(crate) fn sources() -> [(&'static str, String); 4] {
    let metadata: Vec<_> = cluster_metadata::RECORD_TYPES.iter().copied().filter(|m| m.added_in <= KAFKA).collect();
    let groups = || [classic_group::RECORD_TYPES, consumer_group::RECORD_TYPES].into_iter().flatten();
    let keys: Vec<_> = groups().map(|(key, _)| *key).collect();
    let values: Vec<_> = groups().map(|(_, value)| *value).collect();
    [
        ("metadata", {
            let mut out = of_topic(&metadata);
            enumeration(&mut out, "MetadataRecord", "A record of `__cluster_metadata`.", "Record", &metadata);
            out
        }),
        ("control", CONTROL.iter().map(|(number, message)| structs(message, *number)).collect()),
        ("group", {
            let mut out = of_topic(&keys) + &of_topic(&values);
            enumeration(&mut out, "GroupKey", "The key of a record of `__consumer_offsets`.", "Key", &keys);
            enumeration(&mut out, "GroupValue", "The value of a record of `__consumer_offsets`.", "Value", &values);
            out
        }),
        ("transaction", {
            let (keys, values): (Vec<_>, Vec<_>) = transaction::RECORD_TYPES.iter().copied().unzip();
            of_topic(&keys) + &of_topic(&values)
        }),
    ]
}

fn of_topic(messages: &[&Message]) -> String {
    messages.iter().map(|message| structs(message, message.api_key)).collect()
}

/// The module of a message, which is a record of this type.
fn structs(message: &Message, number: i16) -> String {
    assert!(is_known(message.fields), "{} has fields that {KAFKA:?} lacks", message.name);
    let mut out = String::new();
    module(&mut out, message);
    let this = struct_type(message.name, message.fields);
    let _ =
        writeln!(out, "impl<'a> crate::stored::Record<'a> for {this} {{\n    const RECORD_TYPE: i16 = {number};\n}}\n");
    out
}

fn is_known(fields: &[Field]) -> bool {
    fields.iter().all(|field| {
        let mut kind = &field.kind;
        while let Kind::Array(inner) = kind {
            kind = inner;
        }
        let inner = if let Kind::Struct(inner) = kind { inner.fields } else { &[] };
        field.added_in <= KAFKA && is_known(inner)
    })
}

/// The call of the macro that makes an enum of records. Variants have the names of the messages without `suffix`.
fn enumeration(out: &mut String, name: &str, about: &str, suffix: &str, messages: &[&Message]) {
    let _ = writeln!(out, "crate::stored::records! {{\n    /// {about}\n    {name}:");
    for message in messages {
        let variant = message.name.strip_suffix(suffix).unwrap_or(message.name);
        let _ = writeln!(out, "    {variant}({}),", struct_type(message.name, message.fields));
    }
    out.push_str("}\n");
}
