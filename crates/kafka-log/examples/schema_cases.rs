//! Compares the schema decoders with what Kafka made of the same bytes: reads the lines that
//! `tests/differential/schema/SchemaCases.java` writes. Exit code 1 if anything differs.

use kafka_log::format::schema::{DecodedRecord, InternalTopic, Part, control_message, read_control_message};
use std::error::Error;
use std::io::BufRead;
use std::process::ExitCode;

const SHOWN_MAX: usize = 20;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let (mut cases, mut differences) = (0usize, 0usize);
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let words: Vec<&str> = line.split(' ').collect();
        let [decoder, offset, key, value, expected @ ..] = words.as_slice() else {
            return Err(format!("no case: {line}").into());
        };
        let found = decode(decoder, offset.parse()?, unhex(key)?.as_deref(), unhex(value)?.as_deref())?;
        cases += 1;
        if !same(*decoder == "remote", &found, expected) {
            differences += 1;
            if differences <= SHOWN_MAX {
                println!("{decoder} {offset} {key} {value}\n  Kafka {}\n  ours  {}", shown(expected), shown(&found));
            }
        }
    }
    println!("{cases} records, {differences} differences");
    Ok(ExitCode::from(u8::from(differences > 0 || cases == 0)))
}

/// Whether shown and rewritten record are Kafka's. Rewritten ones may differ in three ways: Kafka reads text that is
/// not UTF-8 with U+FFFD and so writes it, we write the bytes that were read; Kafka refuses to write unknown tags that
/// were read out of order, we sort them; and its dump tool refuses some remote log records that its reader and writer
/// accept, which we do not write.
fn same(is_remote: bool, found: &[String; 4], expected: &[&str]) -> bool {
    let rewritten = |i: usize| {
        let (found, expected) = (&found[i], expected[i]);
        found == expected || expected.contains("efbfbd") || expected == "-" || found == "-" && is_remote
    };
    expected.len() == 4 && found[..2] == expected[..2] && rewritten(2) && rewritten(3)
}

/// The four words that Kafka's side has for the same bytes: shown key and payload, rewritten key and value.
fn decode(decoder: &str, offset: i64, key: Option<&[u8]>, value: Option<&[u8]>) -> Result<[String; 4], Box<dyn Error>> {
    let none = || "-".to_owned();
    let topic = match decoder {
        "offsets" => InternalTopic::ConsumerOffsets,
        "transactions" => InternalTopic::TransactionState,
        "metadata" => InternalTopic::ClusterMetadata,
        "remote" => InternalTopic::RemoteLogMetadata,
        "share" => InternalTopic::ShareGroupState,
        control => {
            let type_id = control.strip_prefix("control").ok_or("unknown decoder")?.parse()?;
            let message = control_message(type_id).ok_or("unknown control record")?;
            return Ok(match read_control_message(message, value.unwrap_or_default()) {
                Ok(decoded) => {
                    let (mut text, mut bytes) = (Vec::new(), Vec::new());
                    decoded.push_json(&mut text);
                    decoded.write_at(0, &mut bytes)?;
                    [none(), hex(&text), none(), hex(&bytes)]
                }
                Err(error) => {
                    let text = error.java_message().unwrap_or("null".to_owned());
                    [none(), format!("!{}", hex(text.as_bytes())), none(), none()]
                }
            });
        }
    };
    Ok(match topic.decode(key, value, offset) {
        Ok(DecodedRecord { key, payload }) => {
            let (key, payload) = (key.as_ref(), payload.as_ref());
            [text(key), text(payload), rewritten(key)?, rewritten(payload)?]
        }
        Err(missing) => [format!("!{}", hex(missing.to_string().as_bytes())), none(), none(), none()],
    })
}

fn text(part: Option<&Part<'_>>) -> String {
    part.map_or("-".to_owned(), |part| {
        let mut text = Vec::new();
        part.push_text(&mut text);
        hex(&text)
    })
}

fn rewritten(part: Option<&Part<'_>>) -> Result<String, Box<dyn Error>> {
    let mut bytes = Vec::new();
    match part {
        Some(Part::Key(key)) => key.write_key(&mut bytes)?,
        Some(Part::Value(value)) => value.write_value(&mut bytes)?,
        Some(Part::Metadata(record) | Part::RemoteLog(record)) => record.write_framed(&mut bytes)?,
        Some(Part::Delete | Part::Skipped(_)) | None => return Ok("-".to_owned()),
    }
    Ok(hex(&bytes))
}

fn hex(bytes: &[u8]) -> String {
    if bytes.is_empty() { "0".to_owned() } else { bytes.iter().map(|byte| format!("{byte:02x}")).collect() }
}

fn unhex(word: &str) -> Result<Option<Vec<u8>>, Box<dyn Error>> {
    match word {
        "-" => Ok(None),
        "0" => Ok(Some(Vec::new())),
        _ => {
            let byte = |pair: &[u8]| Ok(u8::from_str_radix(std::str::from_utf8(pair)?, 16)?);
            word.as_bytes().chunks(2).map(byte).collect::<Result<_, Box<dyn Error>>>().map(Some)
        }
    }
}

fn shown(words: &[impl AsRef<str>]) -> String {
    let text = |word: &str| match unhex(word.trim_start_matches('!')) {
        Ok(Some(bytes)) => String::from_utf8_lossy(&bytes).into_owned(),
        _ => word.to_owned(),
    };
    words.iter().map(|word| text(word.as_ref())).collect::<Vec<_>>().join(" | ")
}
