//! The schema decoders against Kafka: lines that `tests/differential/schema/SchemaCases.java` wrote, those recorded
//! beside it or those of the file that `SCHEMA_CASES` names (`run` makes new ones), from the Kafka of `SCHEMA_RELEASE`.

use data_encoding::HEXLOWER;
use kafka_log::format::schema::{
    DecodedRecord, InternalTopic, KafkaVersion, Part, control_message, read_control_message,
};
use std::error::Error;
use std::fs::File;
use std::io::{BufRead, BufReader};

const RECORDED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/differential/schema/recorded.txt");
const SHOWN_MAX: usize = 20;

#[test]
fn records_are_shown_and_rewritten_as_kafka_does() -> Result<(), Box<dyn Error>> {
    let path = std::env::var("SCHEMA_CASES").unwrap_or(RECORDED.to_owned());
    let kafka = match std::env::var("SCHEMA_RELEASE").as_deref() {
        Ok("4.4.0") => KafkaVersion::V4_4,
        Ok("4.3.0") | Err(_) => KafkaVersion::V4_3,
        Ok(other) => return Err(format!("no release {other}").into()),
    };
    let (mut cases, mut differences) = (0usize, 0usize);
    for line in BufReader::new(File::open(path)?).lines() {
        let line = line?;
        let words: Vec<&str> = line.split(' ').collect();
        let [decoder, offset, key, value, expected @ ..] = words.as_slice() else {
            return Err(format!("no case: {line}").into());
        };
        let found = decode(decoder, offset.parse()?, unhex(key)?.as_deref(), unhex(value)?.as_deref(), kafka)?;
        cases += 1;
        if !same(*decoder == "remote", &found, expected) {
            differences += 1;
            if differences <= SHOWN_MAX {
                println!("{decoder} {offset} {key} {value}\n  Kafka {}\n  ours  {}", shown(expected), shown(&found));
            }
        }
    }
    println!("{cases} records, {differences} differences");
    assert!(cases > 0 && differences == 0, "{differences} differences in {cases} records");
    Ok(())
}

/// Random damage to every recorded record: an answer, no panic, and the same JSON as text and as value.
#[test]
fn damaged_records_get_an_answer() -> Result<(), Box<dyn Error>> {
    let mut random = fastrand::Rng::with_seed(1);
    let mut below = |end: usize| random.usize(..end.max(1));
    for line in BufReader::new(File::open(RECORDED)?).lines() {
        let line = line?;
        let words: Vec<&str> = line.split(' ').collect();
        let Some(topic) = topic(words[0]) else { continue };
        let (key, value) = (unhex(words[2])?.unwrap_or_default(), unhex(words[3])?.unwrap_or_default());
        for _ in 0..60 {
            let (mut key, mut value) = (key.clone(), value.clone());
            let damaged = if below(4) == 0 { &mut key } else { &mut value };
            for _ in 0..=below(3) {
                let at = below(damaged.len());
                match (below(4), damaged.get_mut(at)) {
                    (0, _) => damaged.truncate(at),
                    (1, _) => damaged.insert(at, below(256) as u8),
                    (2, Some(byte)) => *byte = if below(2) == 0 { 0xff } else { below(256) as u8 },
                    (_, Some(byte)) => *byte ^= 1 << below(8),
                    (_, None) => {}
                }
            }
            let releases = [KafkaVersion::V4_3, KafkaVersion::V4_4];
            let records = releases.map(|kafka| topic.decode(Some(&key), Some(&value), 7, kafka));
            for part in records.into_iter().flatten().flat_map(|record| [record.key, record.payload]).flatten() {
                let mut text = Vec::new();
                part.push_text(&mut text);
                let text = String::from_utf8(text)?;
                // Parsed numbers with a fraction may be off by a little.
                let exact = !matches!(part, Part::RemoteLog(_)) && !text.contains("CLIENT_QUOTA_RECORD");
                if let (true, Some(value)) = (exact, part.to_value()) {
                    assert_eq!(serde_json::from_str::<serde_json::Value>(&text)?, value, "{text}");
                }
            }
        }
    }
    Ok(())
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

fn topic(decoder: &str) -> Option<InternalTopic> {
    Some(match decoder {
        "offsets" => InternalTopic::ConsumerOffsets,
        "transactions" => InternalTopic::TransactionState,
        "metadata" => InternalTopic::ClusterMetadata,
        "remote" => InternalTopic::RemoteLogMetadata,
        "share" => InternalTopic::ShareGroupState,
        _ => return None,
    })
}

/// The four words that Kafka's side has for the same bytes: shown key and payload, rewritten key and value.
fn decode(
    decoder: &str,
    offset: i64,
    key: Option<&[u8]>,
    value: Option<&[u8]>,
    kafka: KafkaVersion,
) -> Result<[String; 4], Box<dyn Error>> {
    let none = || "-".to_owned();
    let Some(topic) = topic(decoder) else {
        let type_id = decoder.strip_prefix("control").ok_or("unknown decoder")?.parse()?;
        let message = control_message(type_id).ok_or("unknown control record")?;
        return Ok(match read_control_message(message, value.unwrap_or_default(), kafka) {
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
    };
    Ok(match topic.decode(key, value, offset, kafka) {
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
    if bytes.is_empty() { "0".to_owned() } else { HEXLOWER.encode(bytes) }
}

fn unhex(word: &str) -> Result<Option<Vec<u8>>, Box<dyn Error>> {
    match word {
        "-" => Ok(None),
        "0" => Ok(Some(Vec::new())),
        _ => Ok(Some(HEXLOWER.decode(word.as_bytes())?)),
    }
}

fn shown(words: &[impl AsRef<str>]) -> String {
    let text = |word: &str| match unhex(word.trim_start_matches('!')) {
        Ok(Some(bytes)) => String::from_utf8_lossy(&bytes).into_owned(),
        _ => word.to_owned(),
    };
    words.iter().map(|word| text(word.as_ref())).collect::<Vec<_>>().join(" | ")
}
