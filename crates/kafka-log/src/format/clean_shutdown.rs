//! `.kafka_cleanshutdown` of a log directory (`CleanShutdownFileHandler`, KIP-966): its presence marks a clean stop.

use std::fmt;
use std::io::Write as _;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;

use super::java_number::{parse_java_int, parse_java_long};

/// The broker epoch in a whole file; none when the content is anything else than Kafka expects.
///
/// A missing or unreadable epoch is no error: the file marks a clean stop all the same. Numbers may be fractions (cut) or
/// texts; what follows the first JSON value is not looked at.
pub fn read_clean_shutdown(bytes: &[u8]) -> Option<i64> {
    let text = String::from_utf8_lossy(bytes);
    serde_json::Deserializer::from_str(&text).into_iter::<Content>().next()?.ok()?.broker_epoch
}

/// The object in the file. Each value of a key that comes twice has to be readable, and the last one counts, as in Kafka's JSON reader.
struct Content {
    broker_epoch: Option<i64>,
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ContentVisitor)
    }
}

struct ContentVisitor;

impl<'de> Visitor<'de> for ContentVisitor {
    type Value = Content;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with version and brokerEpoch")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Content, M::Error> {
        let mut content = Content { broker_epoch: None };
        let mut is_readable = true;
        while let Some((key, value)) = map.next_entry::<String, Value>()? {
            match key.as_str() {
                "version" => is_readable &= is_version(&value),
                "brokerEpoch" => {
                    content.broker_epoch = broker_epoch(&value);
                    is_readable &= content.broker_epoch.is_some() || is_null(&value);
                }
                _ => {}
            }
        }
        content.broker_epoch = content.broker_epoch.filter(|_| is_readable);
        Ok(content)
    }
}

/// What Kafka's JSON reader takes for null in the place of a number.
fn is_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => matches!(trim(text), "" | "null"),
        _ => false,
    }
}

fn is_version(value: &Value) -> bool {
    match value {
        value if is_null(value) => true,
        Value::String(text) => parse_java_int(trim(text)).is_some(),
        value => truncated(value).is_some_and(|version| i32::try_from(version).is_ok()),
    }
}

fn broker_epoch(value: &Value) -> Option<i64> {
    match value {
        Value::String(text) => parse_java_long(trim(text)),
        value => truncated(value),
    }
}

/// Appends a whole file to `out`; -1 when the broker epoch is unknown.
pub fn write_clean_shutdown(broker_epoch: i64, out: &mut Vec<u8>) {
    write!(out, r#"{{"version":0,"brokerEpoch":{broker_epoch}}}"#).expect("a Vec takes all bytes");
}

/// Java's `String.trim`.
fn trim(text: &str) -> &str {
    text.trim_matches(|c| c <= ' ')
}

fn truncated(value: &Value) -> Option<i64> {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    value.as_i64().or_else(|| {
        value.as_f64().filter(|number| !value.is_u64() && (-LIMIT..=LIMIT).contains(number)).map(|number| number as i64)
    })
}
