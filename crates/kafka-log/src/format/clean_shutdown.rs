//! `.kafka_cleanshutdown` of a log directory (`CleanShutdownFileHandler`, KIP-966): its presence marks a clean stop.

use std::io::Write as _;

use serde_json::Value;

use super::java_number::{parse_java_int, parse_java_long};

/// The broker epoch in a whole file; none when the content is anything else than Kafka expects.
///
/// A missing or unreadable epoch is no error: the file marks a clean stop all the same. Numbers may be fractions (cut) or
/// texts; what follows the first JSON value is not looked at.
pub fn read_clean_shutdown(bytes: &[u8]) -> Option<i64> {
    let text = String::from_utf8_lossy(bytes);
    let content = serde_json::Deserializer::from_str(&text).into_iter::<Value>().next()?.ok()?;
    let version_is_int = match content.get("version") {
        None | Some(Value::Null) => true,
        Some(Value::String(text)) => matches!(trim(text), "" | "null") || parse_java_int(trim(text)).is_some(),
        Some(value) => truncated(value).is_some_and(|version| i32::try_from(version).is_ok()),
    };
    match content.get("brokerEpoch")? {
        _ if !version_is_int => None,
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
