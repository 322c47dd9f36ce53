//! Records of internal topics that Kafka's nodes wrote: every one is decoded to its struct and encoded to the same bytes.

#![expect(clippy::unwrap_used, reason = "a file that cannot be read fails the test")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use kafka_log::compression::Decompressor;
use kafka_log::format::control::ControlRecordType;
use kafka_log::format::record::Record;
use kafka_log::segment::batch::Batch;
use kafka_rpc::Message;
use kafka_rpc::stored::control::{
    KRaftVersionRecord, LeaderChangeMessage, SnapshotFooterRecord, SnapshotHeaderRecord, VotersRecord,
};
use kafka_rpc::stored::group::{GroupKey, GroupValue};
use kafka_rpc::stored::metadata::MetadataRecord;
use kafka_rpc::stored::transaction::{TransactionLogKey, TransactionLogValue};
use kafka_rpc::stored::{RecordError, decode_key, decode_value, encode_key, encode_value, record_type};
use tests::fixtures;
use tests::rewrite::{DECOMPRESSED_MAX, batches};

/// Checks a record of this topic; its type, or `None` where there is no struct.
fn check(topic: &str, record: &Record<'_>) -> Option<i16> {
    let (mut key, mut value) = (Vec::new(), Vec::new());
    let old_key = record.key.unwrap_or_default();
    let number = match topic {
        "__cluster_metadata" => {
            let (decoded, version) = MetadataRecord::decode(record.value.unwrap()).unwrap();
            decoded.encode(version, &mut value).unwrap();
            assert_eq!(record.key, None);
            assert_eq!(value, record.value.unwrap(), "{decoded:?}");
            return Some(decoded.record_type());
        }
        "__consumer_offsets" => {
            match GroupKey::decode(old_key) {
                Err(RecordError::UnknownType { .. }) => return None,
                decoded => decoded.unwrap().encode(&mut key).unwrap(),
            }
            let number = record_type(old_key).unwrap();
            if let Some(old) = record.value {
                let (decoded, version) = GroupValue::decode(number, old).unwrap();
                decoded.encode(version, &mut value).unwrap();
            }
            number
        }
        _ => {
            encode_key(&decode_key::<TransactionLogKey>(old_key).unwrap(), &mut key).unwrap();
            if let Some(old) = record.value {
                let (decoded, version) = decode_value::<TransactionLogValue>(old).unwrap();
                encode_value(&decoded, version, &mut value).unwrap();
            }
            record_type(old_key).unwrap()
        }
    };
    assert_eq!((Some(&key[..]), &value[..]), (record.key, record.value.unwrap_or_default()));
    Some(number)
}

/// Checks a control record; its type.
fn check_control(record: &Record<'_>) -> Option<i16> {
    fn same<'a, M: Message<'a>>(value: &'a [u8]) {
        let mut again = Vec::new();
        M::decode(value, 0).unwrap().0.encode(0, &mut again).unwrap();
        assert_eq!(again, value, "{}", M::NAME);
    }
    let (value, control_type) = (record.value.unwrap(), ControlRecordType::parse(record.key).unwrap());
    match control_type {
        ControlRecordType::LeaderChange => same::<LeaderChangeMessage>(value),
        ControlRecordType::SnapshotHeader => same::<SnapshotHeaderRecord>(value),
        ControlRecordType::SnapshotFooter => same::<SnapshotFooterRecord>(value),
        ControlRecordType::KRaftVersion => same::<KRaftVersionRecord>(value),
        ControlRecordType::KRaftVoters => same::<VotersRecord>(value),
        _ => return None,
    }
    Some(i16::from_be_bytes([control_type.key()[2], control_type.key()[3]]))
}

fn topic(path: &Path) -> Option<&'static str> {
    let folder = path.parent()?.file_name()?.to_str()?;
    ["__cluster_metadata", "__consumer_offsets", "__transaction_state"].into_iter().find(|t| folder.starts_with(t))
}

#[test]
fn records_of_internal_topics_are_written_as_kafka_wrote_them() {
    let (mut found, mut count) = (BTreeSet::new(), 0);
    let scenarios = fixtures::names().into_iter().filter(|name| name.starts_with("broker-"));
    for path in scenarios.flat_map(|name| fixtures::files(&fixtures::scenario(&name))) {
        let is_log = path.extension().is_some_and(|end| end == "log" || end == "checkpoint");
        let (true, Some(topic)) = (is_log, topic(&path)) else { continue };
        for raw in batches(&fs::read(&path).unwrap()) {
            let Batch::Default(batch) = raw.parse().unwrap() else { panic!("{}: an old batch", path.display()) };
            let is_control = batch.header().attributes().is_control();
            for record in batch.records(&mut Decompressor::new(DECOMPRESSED_MAX)).unwrap() {
                let record = record.unwrap();
                let checked = if is_control { check_control(&record) } else { check(topic, &record) };
                if let Some(number) = checked {
                    found.insert((if is_control { "control" } else { topic }, number));
                    count += 1;
                }
            }
        }
    }
    println!("{count} records of {found:?}");
    assert!(count > 500, "{count} records");
    for expected in [("__cluster_metadata", 2), ("__consumer_offsets", 1), ("__consumer_offsets", 2), ("control", 2)] {
        assert!(found.contains(&expected), "{expected:?} is not in {found:?}");
    }
}
