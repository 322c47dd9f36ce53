//! What the tests and the comparison with Kafka share: every message by name, through our codec and through the tables.

pub(crate) mod json;
pub(crate) mod random;
#[path = "../../../schema/mod.rs"]
#[allow(unreachable_pub, reason = "the build script includes them, too")]
pub(crate) mod schema;

use kafka_rpc::{Message, SchemaError};
use kafka_schema::table;
use serde_json::Value;

/// What our codec makes of a message's bytes.
pub(crate) struct Answer {
    /// The bytes after the message.
    pub(crate) rest: usize,
    /// The message, encoded again.
    pub(crate) encoded: Result<Vec<u8>, SchemaError>,
    /// The same by [`Message::encode_parts`].
    pub(crate) in_parts: Option<Vec<u8>>,
    /// The fields of the struct, as Kafka's JSON.
    pub(crate) json: Value,
    /// Whether the encoded bytes are decoded to an equal struct.
    pub(crate) same_again: bool,
}

fn answer<'a, M: Message<'a> + PartialEq>(
    bytes: &'a [u8],
    version: i16,
    encoded: &'a mut Vec<u8>,
) -> Result<Answer, SchemaError> {
    let (message, rest) = M::decode(bytes, version)?;
    let mut parts = kafka_rpc::Parts::default();
    let in_parts = message.encode_parts(version, &mut parts).ok().and_then(|()| parts.to_bytes());
    let json = json::of(&message, version);
    let written = message.encode(version, encoded).map(|()| encoded.clone());
    let encoded: &'a [u8] = encoded;
    let same_again = written.is_ok() && M::decode(encoded, version).is_ok_and(|(again, _)| again == message);
    Ok(Answer { rest: rest.len(), encoded: written, in_parts, json, same_again })
}

/// Decodes the message with this name.
pub(crate) fn decode(name: &str, version: i16, bytes: &[u8]) -> Result<Answer, SchemaError> {
    let mut encoded = Vec::new();
    macro_rules! by_name {
        ($($message:ident)*) => {
            match name {
                $(stringify!($message) => answer::<kafka_rpc::messages::$message>(bytes, version, &mut encoded),)*
                _ => panic!("no message {name}"),
            }
        };
    }
    kafka_rpc::for_all_messages!(by_name)
}

/// Decodes the message with this name at a version, and encodes it at another.
pub(crate) fn convert(name: &str, version: i16, bytes: &[u8], to: i16) -> Result<Vec<u8>, SchemaError> {
    fn convert<'a, M: Message<'a>>(bytes: &'a [u8], version: i16, to: i16) -> Result<Vec<u8>, SchemaError> {
        let mut out = Vec::new();
        M::decode(bytes, version)?.0.encode(to, &mut out)?;
        Ok(out)
    }
    macro_rules! by_name {
        ($($message:ident)*) => {
            match name {
                $(stringify!($message) => convert::<kafka_rpc::messages::$message>(bytes, version, to),)*
                _ => panic!("no message {name}"),
            }
        };
    }
    kafka_rpc::for_all_messages!(by_name)
}

/// All messages of the tables.
pub(crate) fn tables() -> impl Iterator<Item = &'static table::Message> {
    schema::APIS.iter().flat_map(|api| [api.request, api.response]).chain(schema::OTHERS.iter().copied())
}

/// One line of a comparison: what one side wrote, and how it shows it.
pub(crate) struct Line<'l> {
    pub(crate) name: &'l str,
    pub(crate) version: i16,
    pub(crate) bytes: Vec<u8>,
    pub(crate) json: &'l str,
}

/// `NAME VERSION HEX JSON`; `-` for no bytes. In place of the JSON, `>VERSION HEX` is the same message written at another
/// version, with `!` where it cannot be.
pub(crate) fn parse(line: &str) -> Option<Line<'_>> {
    let mut words = line.splitn(4, ' ');
    let (name, version, hex, json) = (words.next()?, words.next()?, words.next()?, words.next()?);
    let bytes = if hex == "-" { Vec::new() } else { data_encoding::HEXLOWER.decode(hex.as_bytes()).ok()? };
    Some(Line { name, version: version.parse().ok()?, bytes, json })
}

/// Compares a line of Kafka's with what our codec and our tables make of its bytes.
pub(crate) fn compare(line: &Line<'_>) -> Result<(), String> {
    let Line { name, version, bytes, json } = line;
    if let Some((to, expected)) = json.strip_prefix('>').and_then(|at| at.split_once(' ')) {
        let to = to.parse().map_err(|_| "no version")?;
        let ours = convert(name, *version, bytes, to);
        let shown = ours.as_ref().map_or("!".to_owned(), |bytes| data_encoding::HEXLOWER.encode(bytes));
        let shown = if shown.is_empty() { "-" } else { &shown };
        return if shown == expected { Ok(()) } else { Err(format!("at version {to}: {shown}, {:?}", ours.err())) };
    }
    let expected: Value = serde_json::from_str(json).map_err(|error| format!("Kafka's JSON: {error}"))?;
    let ours = decode(name, *version, bytes).map_err(|error| format!("not decoded: {error}"))?;
    if ours.rest != 0 {
        return Err(format!("{} bytes are left", ours.rest));
    }
    if !json::same(&ours.json, &expected) {
        return Err(format!("fields differ:\n  Kafka {expected}\n  ours  {}", ours.json));
    }
    match &ours.encoded {
        Ok(encoded) if encoded == bytes && ours.in_parts.as_ref() == Some(bytes) && ours.same_again => {}
        encoded => return Err(format!("encoded as {encoded:x?}")),
    }
    let table = tables().find(|table| table.name == *name).ok_or("no table")?;
    let (decoded, _) = table
        .read(bytes, *version, table::KafkaVersion::V4_3)
        .map_err(|error| format!("not read by the table: {error}"))?;
    let mut text = Vec::new();
    decoded.push_json(&mut text);
    if text != json.as_bytes() {
        return Err(format!("the table's JSON differs: {}", String::from_utf8_lossy(&text)));
    }
    let mut rewritten = Vec::new();
    decoded.write(&mut rewritten).map_err(|error| format!("not written by the table: {error}"))?;
    if rewritten == *bytes { Ok(()) } else { Err(format!("written by the table as {rewritten:x?}")) }
}
