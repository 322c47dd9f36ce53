//! Records that Kafka's brokers wrote, and what Kafka's dump tool prints for them; each type and version is compared
//! in `tests/schema_cases.rs`.

use super::tables::cluster_metadata::{CLIENT_QUOTA_RECORD, PARTITION_RECORD};
use super::tables::control::LEADER_CHANGE_MESSAGE;
use super::*;
use crate::format::FormatError;
use data_encoding::HEXLOWER;

fn unhex(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    HEXLOWER.decode(&digits).unwrap()
}

/// What stands after the metadata of a record's line.
fn line(topic: InternalTopic, key: Option<&str>, value: Option<&str>) -> String {
    let (key, value) = (key.map(unhex), value.map(unhex));
    let record = topic.decode(key.as_deref(), value.as_deref(), 5, KafkaVersion::V4_3).unwrap();
    let mut line = Vec::new();
    for (label, part) in [("key: ", record.key), ("payload: ", record.payload)] {
        if let Some(part) = part {
            line.extend_from_slice(label.as_bytes());
            part.push_text(&mut line);
            line.push(b' ');
        }
    }
    String::from_utf8(line).unwrap().trim_end().to_owned()
}

#[test]
fn an_empty_classic_group_is_shown_as_kafka_shows_it() {
    let key = "0002 000d67726f75702d636c6173736963";
    let value = "0003 0000 00000000 ffff ffff 000001a2060082b3 00000000";
    assert_eq!(
        line(InternalTopic::ConsumerOffsets, Some(key), Some(value)),
        r#"key: {"type":"2","data":{"group":"group-classic"}} payload: {"version":"3","data":{"protocolType":"","generation":0,"protocol":null,"leader":null,"currentStateTimestamp":1795397026483,"members":[]}}"#
    );
    assert_eq!(
        line(InternalTopic::ConsumerOffsets, Some(key), None),
        r#"key: {"type":"2","data":{"group":"group-classic"}} payload: <DELETE>"#
    );
}

#[test]
fn tagged_fields_are_shown_only_where_they_differ_from_the_default() {
    let key = "0000 000a6f6666736574732d7478";
    let value = "0001 0000000000000014 0000 0000ea60 00 00 000001a20600aaee ffffffffffffffff 01 00 08 0000000000000014";
    assert_eq!(
        line(InternalTopic::TransactionState, Some(key), Some(value)),
        r#"key: {"type":"0","data":{"transactionalId":"offsets-tx"}} payload: {"version":"1","data":{"producerId":20,"previousProducerId":20,"producerEpoch":0,"transactionTimeoutMs":60000,"transactionStatus":0,"transactionPartitions":null,"transactionLastUpdateTimestampMs":1795397036782,"transactionStartTimestampMs":-1}}"#
    );
}

#[test]
fn share_group_state_is_shown_as_kafka_shows_it() {
    let key = "0000 000b73686172652d67726f7570 65feba8a20ee4453938bf0c0f27dcd83 00000000";
    let value = "0000 00000000 00000002 00000000 ffffffffffffffff 000001a20600b69a 000001a20600b69a 01 00";
    assert_eq!(
        line(InternalTopic::ShareGroupState, Some(key), Some(value)),
        r#"key: {"type":"0","data":{"groupId":"share-group","topicId":"Zf66iiDuRFOTi_DA8n3Ngw","partition":0}} payload: {"version":"0","data":{"snapshotEpoch":0,"stateEpoch":2,"leaderEpoch":0,"startOffset":-1,"createTimestamp":1795397039770,"writeTimestamp":1795397039770,"stateBatches":[]}}"#
    );
}

#[test]
fn cluster_metadata_has_no_key_and_names_its_type() {
    assert_eq!(
        line(InternalTopic::ClusterMetadata, Some("6b"), Some("01 18 00 00")),
        r#"payload: {"type":"END_TRANSACTION_RECORD","version":0,"data":{}}"#
    );
}

#[test]
fn remote_log_metadata_is_shown_as_java_prints_the_object() {
    let value = "01 01 00 0d75732e75736572732e613735 dc5a9df12ab646fab715e7594c1e0afd 00000000 00
        76f99dcc96304f3c9853b9ccc00766aa 00 00000001 000001a20601a00d 00 01 00";
    assert_eq!(
        line(InternalTopic::RemoteLogMetadata, None, Some(value)),
        "payload: RemoteLogSegmentMetadataUpdate{remoteLogSegmentId=RemoteLogSegmentId{topicIdPartition=3Fqd8Sq2Rvq3FedZTB4K_Q:us.users.a75-0, id=dvmdzJYwTzyYU7nMwAdmqg}, customMetadata=Optional.empty, state=COPY_SEGMENT_FINISHED, eventTimestampMs=1795397099533, brokerId=1}"
    );
}

#[test]
fn a_control_message_is_shown_at_the_version_it_names() {
    let shown = |value: &str| {
        let value = unhex(value);
        let mut json = Vec::new();
        read_control_message(&LEADER_CHANGE_MESSAGE, &value, KafkaVersion::V4_3).unwrap().push_json(&mut json);
        String::from_utf8(json).unwrap()
    };
    assert_eq!(
        shown("0000 00000001 02 00000001 00 02 00000001 00 00"),
        r#"{"version":0,"leaderId":1,"voters":[{"voterId":1}],"grantingVoters":[{"voterId":1}]}"#
    );
    assert_eq!(
        shown("0001 00000001 02 00000001 00 01 00"),
        r#"{"version":1,"leaderId":1,"voters":[{"voterId":1,"voterDirectoryId":"AAAAAAAAAAAAAAAAAAAAAA"}],"grantingVoters":[]}"#
    );
}

#[test]
fn unreadable_records_are_skipped_in_kafkas_words() {
    use InternalTopic::*;
    let cases = [
        (ConsumerOffsets, Some("0063"), Some("00"), "key: Unknown record type 99 at offset 5, skipping."),
        (
            ConsumerOffsets,
            Some("00"),
            None,
            "key: Error at offset 5, skipping. Could not read version from key's buffer.",
        ),
        (
            ConsumerOffsets,
            Some("0002 0001 61"),
            Some("0009"),
            "key: Error at offset 5, skipping. Found an unknown record version 9 for 2 type",
        ),
        (
            ConsumerOffsets,
            Some("0002 0003 61"),
            None,
            "key: Error at offset 5, skipping. Could not read record with version 2 from key's buffer due to: Error reading byte array of 3 byte(s): only 1 byte(s) available.",
        ),
        (
            ConsumerOffsets,
            Some("0002 0001 61"),
            Some("0003 0000 00"),
            "key: Error at offset 5, skipping. Could not read record with version 3 from value's buffer due to: null.",
        ),
        (
            ConsumerOffsets,
            Some("0002 0001 61"),
            Some("0000 0000 00000000 ffff ffff 7fffffff"),
            "key: Error at offset 5, skipping. Could not read record with version 0 from value's buffer due to: Tried to allocate a collection of size 2147483647, but there are only 0 bytes remaining..",
        ),
        (
            ClusterMetadata,
            None,
            Some("01 63 00"),
            "payload: Error at 5, skipping. org.apache.kafka.common.errors.UnsupportedVersionException: Unknown metadata id 99",
        ),
        (
            ClusterMetadata,
            None,
            Some("01 18 00 00 00"),
            "payload: Error at 5, skipping. Found 1 byte(s) of garbage after 24",
        ),
        (ClusterMetadata, None, None, "payload: Error at 5, skipping. Error while reading frame version"),
        (
            RemoteLogMetadata,
            None,
            None,
            "payload: Error at offset 5, skipping. Cannot invoke \"java.nio.ByteBuffer.remaining()\" because the return value of \"org.apache.kafka.common.record.internal.Record.value()\" is null",
        ),
    ];
    for (topic, key, value, text) in cases {
        assert_eq!(line(topic, key, value), text);
    }
    assert_eq!(
        ShareGroupState.decode(None, Some(b"x"), 5, KafkaVersion::V4_3).unwrap_err().to_string(),
        "Failed to decode message at offset 5 using the specified decoder (message had a missing key)"
    );
}

#[test]
fn an_error_tells_people_where_and_what() {
    let error = PARTITION_RECORD.read(&[0, 0, 0, 7, 1, 2], 2, KafkaVersion::V4_3).unwrap_err();
    assert_eq!(FormatError::from(error).to_string(), "topicId at byte 4: expected 16 more bytes, found 2");
    assert_eq!(error.java_message(), None);
}

#[test]
fn text_is_escaped_and_replaced_like_jackson_and_java_do() {
    let value = unhex("01 0e 00 01 09 225c 2f 0a 01 7f c3 ed 4059000000000000 00 00");
    let expected = "payload: {\"type\":\"CLIENT_QUOTA_RECORD\",\"version\":0,\"data\":{\"entity\":[],\
                    \"key\":\"\\\"\\\\/\\n\\u0001\u{7f}\u{fffd}\u{fffd}\",\"value\":100.0,\"remove\":false}}";
    let hex = HEXLOWER.encode(&value);
    assert_eq!(line(InternalTopic::ClusterMetadata, None, Some(&hex)), expected);
}

#[test]
fn a_message_is_refused_in_versions_that_cannot_carry_its_values() {
    let fields = |directories| {
        let empty = || Datum::Array(Vec::new());
        let mut values = vec![Datum::Int(1), Datum::Uuid([1; 16]), empty(), empty(), empty(), empty()];
        values.extend([Datum::Int(1), Datum::Int(0), Datum::Int(2), Datum::Int(3)]);
        values.extend([Datum::Array(directories), Datum::Null, Datum::Null]);
        Fields { values, unknown: vec![(77, b"x")] }
    };
    let with_directory = Decoded { message: &PARTITION_RECORD, version: 2, fields: fields(vec![Datum::Uuid([2; 16])]) };
    let mut bytes = Vec::new();
    with_directory.write(&mut bytes).unwrap();
    assert_eq!(PARTITION_RECORD.read(&bytes, 2, KafkaVersion::V4_3), Ok((with_directory.clone(), [].as_slice())));
    let error = with_directory.write_at(0, &mut Vec::new()).unwrap_err();
    assert_eq!(error.java_message().unwrap(), "Attempted to write a non-default directories at version 0");
    let of_wrong_type = Decoded { message: &CLIENT_QUOTA_RECORD, version: 0, fields: fields(Vec::new()) };
    assert_eq!(of_wrong_type.write(&mut Vec::new()).unwrap_err().kind, SchemaErrorKind::WrongType);
}

#[test]
fn a_release_knows_neither_records_nor_tags_that_a_later_one_added() {
    let unregister = unhex("01 1d 00 00000007 00");
    let read =
        |kafka| InternalTopic::ClusterMetadata.decode(None, Some(&unregister), 5, kafka).unwrap().payload.unwrap();
    assert!(matches!(read(KafkaVersion::V4_3), Part::Skipped(text) if text.ends_with("Unknown metadata id 29")));
    let Part::Metadata(record) = read(KafkaVersion::V4_4) else { panic!("not read") };
    assert_eq!((record.message.name, record.get("controllerId")), ("UnregisterControllerRecord", Some(&Datum::Int(7))));

    let (key, value) = (unhex("0011 0001 67"), unhex("0000 00000005 0000000000000006 01 02 04 00000007"));
    let read =
        |kafka| InternalTopic::ConsumerOffsets.decode(Some(&key), Some(&value), 5, kafka).unwrap().payload.unwrap();
    for (kafka, shown) in [
        (KafkaVersion::V4_3, r#"{"version":"0","data":{"epoch":5,"metadataHash":6}}"#),
        (
            KafkaVersion::V4_4,
            r#"{"version":"0","data":{"epoch":5,"metadataHash":6,"storedDescriptionTopologyEpoch":7}}"#,
        ),
    ] {
        let Part::Value(group) = read(kafka) else { panic!("not read") };
        let (mut text, mut written) = (Vec::new(), Vec::new());
        Part::Value(group.clone()).push_text(&mut text);
        assert_eq!(String::from_utf8(text).unwrap(), shown);
        group.write_value(&mut written).unwrap();
        assert_eq!(written, value, "a tag is written as it was read, known or not");
    }
}
