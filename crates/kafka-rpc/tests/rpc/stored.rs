//! Records of internal topics: those that Kafka's classes read and wrote (`tests/differential/schema`), and random ones by the tables.

use std::error::Error;
use std::fs;

use data_encoding::HEXLOWER;
use kafka_rpc::stored::control::{
    KRaftVersionRecord, LeaderChangeMessage, SnapshotFooterRecord, SnapshotHeaderRecord, VotersRecord,
};
use kafka_rpc::stored::group::{GroupKey, GroupValue, OffsetCommitKey, OffsetCommitValue};
use kafka_rpc::stored::metadata::{MetadataRecord, NoOpRecord, PartitionRecord, TopicRecord};
use kafka_rpc::stored::transaction::{TransactionLogKey, TransactionLogValue};
use kafka_rpc::stored::{
    Record, RecordError, decode_key, decode_value, encode_key, encode_value, metadata, record_type,
};
use kafka_rpc::{SchemaError, SchemaErrorKind};
use kafka_schema::table::{KafkaVersion, Message};
use kafka_schema::tables::{classic_group, cluster_metadata, consumer_group, transaction};

use crate::support::random;

type Result<T = (), E = Box<dyn Error>> = std::result::Result<T, E>;

/// Key and value.
type Bytes = (Vec<u8>, Option<Vec<u8>>);

/// Key and value as they were read and written again; `None` for a type that has no struct.
fn again(topic: &str, key: &[u8], value: Option<&[u8]>) -> Result<Option<Bytes>, RecordError> {
    let (mut new_key, mut new_value) = (Vec::new(), Vec::new());
    match (topic, value) {
        ("metadata", value) => {
            let (record, version) = MetadataRecord::decode(value.unwrap_or_default())?;
            record.encode(version, &mut new_value)?;
            return Ok(Some((new_key, Some(new_value))));
        }
        ("offsets", value) => {
            match GroupKey::decode(key) {
                Err(RecordError::UnknownType { .. }) => return Ok(None),
                key => key?.encode(&mut new_key)?,
            }
            if let Some(value) = value {
                let (value, version) = GroupValue::decode(record_type(key)?, value)?;
                value.encode(version, &mut new_value)?;
            }
        }
        ("transactions", value) => {
            match decode_key::<TransactionLogKey>(key) {
                Err(RecordError::OtherType { .. }) => return Ok(None),
                key => encode_key(&key?, &mut new_key)?,
            }
            if let Some(value) = value {
                let (value, version) = decode_value::<TransactionLogValue>(value)?;
                encode_value(&value, version, &mut new_value)?;
            }
        }
        (_, value) => {
            let value = value.unwrap_or_default();
            match topic {
                "control2" => control::<LeaderChangeMessage>(value, &mut new_value)?,
                "control3" => control::<SnapshotHeaderRecord>(value, &mut new_value)?,
                "control4" => control::<SnapshotFooterRecord>(value, &mut new_value)?,
                "control5" => control::<KRaftVersionRecord>(value, &mut new_value)?,
                "control6" => control::<VotersRecord>(value, &mut new_value)?,
                _ => return Ok(None),
            }
        }
    }
    Ok(Some((new_key, value.map(|_| new_value))))
}

fn control<'a, R: Record<'a>>(value: &'a [u8], out: &mut Vec<u8>) -> Result<(), SchemaError> {
    R::decode(value, 0)?.0.encode(0, out)
}

/// A line: topic, offset, key, value, what Kafka shows of both, what Kafka writes for both.
#[test]
fn records_are_read_and_written_as_by_kafkas_classes() -> Result {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/differential/schema/recorded.txt");
    let unhex = |word: &str| match word {
        "-" => Ok(None),
        "0" => Ok(Some(Vec::new())),
        word => HEXLOWER.decode(word.as_bytes()).map(Some),
    };
    let (mut same, mut refused) = (0, 0);
    for line in fs::read_to_string(path)?.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let [topic, _, key, value, shown_key, shown_value, written_key, written_value] = words[..] else {
            return Err(format!("no record: {line}").into());
        };
        let (key, value) = (unhex(key)?.unwrap_or_default(), unhex(value)?);
        let ours = match again(topic, &key, value.as_deref()) {
            Ok(None) => continue,
            Ok(Some(ours)) => Ok(ours),
            Err(error) => Err(error),
        };
        let is_error = |shown: &str| shown.starts_with('!') || shown.starts_with(&HEXLOWER.encode(b"Error"));
        match ours {
            // Kafka reads a version that does not exist like the nearest one.
            Err(RecordError::Message(SchemaError { kind: SchemaErrorKind::StructNotInVersion { .. }, .. })) => {}
            Err(error) => {
                assert!(is_error(shown_key) || is_error(shown_value), "{line}: {error}");
                refused += 1;
            }
            Ok((key, value)) => {
                assert!(!is_error(shown_key) && !is_error(shown_value), "{line}");
                for (ours, kafka) in [(Some(key), unhex(written_key)?), (value, unhex(written_value)?)] {
                    assert!(kafka.is_none() || ours == kafka, "{line}\nours {ours:x?}");
                }
                same += 1;
            }
        }
    }
    assert!(same > 100 && refused > 5, "{same} same, {refused} refused");
    Ok(())
}

/// Messages made by the tables have the same bytes when the structs write them.
#[test]
fn random_records_survive() -> Result {
    let mut random = fastrand::Rng::with_seed(6);
    let pool = random::Pool::new(&mut random);
    let mut bytes_of = |table: &'static Message, version: i16, prefix: &[u8]| -> Result<Vec<u8>> {
        let mut bytes = prefix.to_vec();
        random::message(table, version, &pool, &mut random).write(&mut bytes)?;
        Ok(bytes)
    };
    for _ in 0..8 {
        for table in cluster_metadata::RECORD_TYPES.iter().filter(|table| table.added_in <= KafkaVersion::V4_3) {
            for version in table.versions.0..=table.versions.1 {
                let value = bytes_of(table, version, &[1, table.api_key as u8, version as u8])?;
                assert_eq!(again("metadata", &[], Some(&value))?, Some((vec![], Some(value))), "{}", table.name);
            }
        }
        let topics = [
            ("offsets", classic_group::RECORD_TYPES),
            ("offsets", consumer_group::RECORD_TYPES),
            ("transactions", transaction::RECORD_TYPES),
        ];
        for (topic, (key_table, table)) in
            topics.into_iter().flat_map(|(topic, types)| types.iter().map(move |t| (topic, t)))
        {
            let key = bytes_of(key_table, 0, &key_table.api_key.to_be_bytes())?;
            for version in table.versions.0..=table.versions.1 {
                let value = bytes_of(table, version, &version.to_be_bytes())?;
                assert_eq!(again(topic, &key, Some(&value))?, Some((key.clone(), Some(value))), "{}", table.name);
            }
        }
    }
    Ok(())
}

#[test]
fn a_metadata_record_has_a_frame() -> Result {
    let topic = TopicRecord { name: "a".into(), ..Default::default() };
    let mut bytes = b"before".to_vec();
    MetadataRecord::from(topic.clone()).encode(0, &mut bytes)?;
    assert_eq!(bytes[6..12], [1, 2, 0, 2, b'a', 0]);
    assert_eq!(MetadataRecord::decode(&bytes[6..])?, (MetadataRecord::Topic(topic), 0));
    let partition = MetadataRecord::from(PartitionRecord::default());
    assert_eq!((partition.record_type(), partition.highest_version()), (3, 2));
    let before = bytes.clone();
    let error = partition.encode(9, &mut bytes);
    let kind = SchemaErrorKind::StructNotInVersion { version: 9 };
    assert!(matches!(error, Err(RecordError::Message(SchemaError { kind: found, .. })) if found == kind), "{error:?}");
    assert_eq!(bytes, before, "nothing is written of a record that cannot be");
    Ok(())
}

#[test]
fn damaged_records_are_refused() {
    let no_op = [1, 20, 0, 0];
    assert_eq!(MetadataRecord::decode(&no_op), Ok((MetadataRecord::NoOp(NoOpRecord::default()), 0)));
    let error = |bytes: &[u8]| MetadataRecord::decode(bytes).err();
    assert_eq!(error(&[0, 20, 0, 0]), Some(RecordError::FrameVersion { found: 0 }));
    // Kafka 4.4 has this one.
    assert_eq!(error(&[1, 29, 0, 2, 0]), Some(RecordError::UnknownType { found: 29 }));
    assert_eq!(error(&[1, 0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0]), Some(RecordError::UnknownType { found: 0xffff_ffff }));
    assert_eq!(error(&[1, 20, 0x80, 0x80, 4, 0]), Some(RecordError::Version { found: 0x1_0000 }));
    assert_eq!(error(&[1, 20, 0, 0, 7, 7]), Some(RecordError::TrailingBytes { len: 2 }));
    let underflow = SchemaErrorKind::Underflow { needed: 1, available: 0 };
    let at_end = SchemaError { at: 3, field: "tagged fields", kind: underflow };
    assert_eq!(error(&no_op[..3]), Some(RecordError::Message(at_end)));
    for end in 0..no_op.len() {
        assert!(error(&no_op[..end]).is_some());
    }
    assert!(GroupKey::decode(&[0]).is_err() && GroupKey::decode(&[]).is_err());
    assert_eq!(GroupKey::decode(&[0, 99]), Err(RecordError::UnknownType { found: 99 }));
    let other = decode_key::<OffsetCommitKey>(&[0, 2, 0, 0]);
    assert_eq!(other, Err(RecordError::OtherType { expected: 1, found: 2 }));
}

#[test]
fn a_commit_is_found_by_its_type() -> Result {
    let key = OffsetCommitKey { group: "g".into(), topic: "t".into(), partition: 3 };
    let value = OffsetCommitValue { offset: 5, leader_epoch: 1, ..Default::default() };
    let (mut key_bytes, mut value_bytes) = (Vec::new(), Vec::new());
    encode_key(&key, &mut key_bytes)?;
    encode_value(&value, 3, &mut value_bytes)?;
    assert_eq!(key_bytes, [0, 1, 0, 1, b'g', 0, 1, b't', 0, 0, 0, 3]);
    assert_eq!(GroupKey::decode(&key_bytes)?, GroupKey::OffsetCommit(key));
    let record_type = record_type(&key_bytes)?;
    assert_eq!(GroupValue::decode(record_type, &value_bytes)?, (GroupValue::OffsetCommit(value), 3));
    Ok(())
}

#[test]
fn types_are_those_of_kafka() {
    let types = [LeaderChangeMessage::RECORD_TYPE, VotersRecord::RECORD_TYPE, metadata::ClearElrRecord::RECORD_TYPE];
    assert_eq!(types, [2, 6, 28]);
}
