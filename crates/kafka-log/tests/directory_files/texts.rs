//! Checkpoints and the other text files.

use kafka_log::format::FormatError;
use kafka_log::format::clean_shutdown::{read_clean_shutdown, write_clean_shutdown};
use kafka_log::format::leader_epoch_checkpoint::{
    EpochEntry, read_leader_epoch_checkpoint, write_leader_epoch_checkpoint,
};
use kafka_log::format::meta_properties::{MetaProperties, MetaPropertiesVersion};
use kafka_log::format::offset_checkpoint::{PartitionOffset, read_offset_checkpoint, write_offset_checkpoint};
use kafka_log::format::partition_metadata::PartitionMetadata;
use kafka_log::format::quorum_state::QuorumState;

fn message<T>(result: Result<T, FormatError>) -> String {
    result.err().map(|error| error.to_string()).unwrap_or_default()
}

#[test]
fn leader_epochs_are_read_and_written_as_kafka_does() {
    let bytes = b"0\n3\n0 0\n2 25\n4 50\n";
    let entries = read_leader_epoch_checkpoint(bytes).unwrap();
    assert_eq!(entries[1], EpochEntry { epoch: 2, start_offset: 25 });
    let mut out = Vec::new();
    write_leader_epoch_checkpoint(&entries, &mut out);
    assert_eq!(out, bytes);
}

#[test]
fn a_checkpoint_that_is_empty_or_has_a_version_alone_has_no_entries() {
    assert_eq!(read_leader_epoch_checkpoint(b""), Ok(vec![]));
    assert_eq!(read_leader_epoch_checkpoint(b"0"), Ok(vec![]));
    assert!(read_leader_epoch_checkpoint(b"0\n\n").is_err());
}

#[test]
fn errors_in_a_checkpoint_name_the_line() {
    let read = |text: &str| message(read_leader_epoch_checkpoint(text.as_bytes()));
    assert_eq!(read("1\n0\n"), "checkpoint version at byte 0: expected 0, found 1");
    assert_eq!(read("0\n2\n0 0\n"), "number of checkpoint entries at byte 2: expected 1, found 2");
    assert_eq!(read("0\n2\n0 0\n1 x\n"), "epoch entry at byte 8: expected numbers, found other text");
    assert_eq!(read("0\n1\n0 0 0\n"), "epoch entry at byte 4: expected an epoch and an offset, found other text");
    assert_eq!(
        read("0\n1\n\0\0\0\0"),
        "epoch entry at byte 4: expected an epoch and an offset, found zeros, as after a power failure"
    );
    let zeros =
        "checkpoint version at byte 0: expected a number alone on its line, found zeros, as after a power failure";
    assert_eq!(read("\0\0\0\0"), zeros);
    assert_eq!(
        message(read_leader_epoch_checkpoint(b"0\n1\n\xff")),
        "checkpoint at byte 4: expected UTF-8 text, found other bytes"
    );
}

#[test]
fn offset_checkpoints_are_read_and_written_as_kafka_does() {
    let bytes = b"0\n2\ntest-scans.a0e 0 142\nlive-orders.a9 0 154\n";
    let entries = read_offset_checkpoint(bytes).unwrap();
    assert_eq!(entries[0], PartitionOffset { topic: "test-scans.a0e", partition: 0, offset: 142 });
    let mut out = Vec::new();
    write_offset_checkpoint(&entries, &mut out);
    assert_eq!(out, bytes);
}

#[test]
fn a_checkpoint_line_may_be_spaced_in_any_way_but_not_at_its_start() {
    let read = |text: &str| read_offset_checkpoint(text.as_bytes()).map(|entries| format!("{entries:?}"));
    assert_eq!(read("0\r1\r\nt\t 1  2 \n"), read("0\n1\nt 1 2\n"));
    assert!(read("0\n1\n t 1 2\n").is_err());
    let nameless = PartitionOffset { topic: "", partition: 1, offset: 2 };
    assert_eq!(read_offset_checkpoint(b"0\n1\n 1 2\n"), Ok(vec![nameless]));
}

#[test]
fn partition_metadata_is_read_and_written_as_kafka_does() {
    let bytes = b"version: 0\ntopic_id: OZtxT32eRkyxJHVL8N_HsQ";
    let metadata = PartitionMetadata::read(bytes).unwrap();
    assert_eq!((metadata.version, metadata.topic_id.to_string().as_str()), (0, "OZtxT32eRkyxJHVL8N_HsQ"));
    let mut out = Vec::new();
    metadata.write(&mut out);
    assert_eq!(out, bytes);
}

#[test]
fn a_character_cut_off_behind_the_lines_kafka_reads_does_no_harm() {
    let read = |end: &[u8]| PartitionMetadata::read(&[b"version: 0\r\ntopic_id: OZtxT32eRkyxJHVL8N_HsQ", end].concat());
    assert_eq!(read(b"\n\xe2\x82"), read(b""));
    assert!(read(b"\xe2\x82").is_err());
    assert!(read(b"\n\xe2\x82\n").is_err());
}

#[test]
fn errors_in_partition_metadata_name_the_line() {
    let read = |text: &str| message(PartitionMetadata::read(text.as_bytes()));
    assert_eq!(read(""), "partition metadata version at byte 0: expected a line, found the end of the file");
    assert_eq!(
        read("version 0\n"),
        "partition metadata version at byte 0: expected a name, a colon and a value, found other text"
    );
    assert_eq!(read("version: -1\n"), "partition metadata version at byte 0: expected 0 to 2147483647, found -1");
    assert_eq!(
        read("version: 0\ntopic_id: x\n"),
        "topic id at byte 11: expected 22 characters of base64, found other text"
    );
    let zero = format!("version: 0\ntopic_id: {}", "A".repeat(22));
    assert_eq!(read(&zero), "topic id at byte 11: expected an id, found that of no topic, zero");
}

#[test]
fn meta_properties_are_read_and_written_as_kafka_does() {
    let bytes = b"#\n#Mon Nov 23 01:23:22 UTC 2026\nnode.id=1\ndirectory.id=OZtxT32eRkyxJHVL8N_HsQ\nversion=1\n\
                  cluster.id=AAAAAAAAQACAAAAAAAAAAQ\n";
    let meta = MetaProperties::read(bytes).unwrap();
    assert_eq!((meta.version, meta.node_id), (MetaPropertiesVersion::V1, Some(1)));
    assert_eq!(meta.cluster_id.as_deref(), Some("AAAAAAAAQACAAAAAAAAAAQ"));
    let mut out = Vec::new();
    meta.write("Mon Nov 23 01:23:22 UTC 2026", &mut out);
    assert_eq!(String::from_utf8_lossy(&out), String::from_utf8_lossy(bytes));
}

#[test]
fn properties_may_be_continued_escaped_and_commented() {
    let meta = MetaProperties::read(b"! old\nbroker.id : \\u0037\ncluster.id=\\ a\\\n  b\\:\xe9\nbroker.id 8").unwrap();
    assert_eq!((meta.version, meta.node_id), (MetaPropertiesVersion::V0, Some(8)));
    assert_eq!(meta.cluster_id.as_deref(), Some(" ab:é"), "bytes are ISO-8859-1");
    assert_eq!(
        message(MetaProperties::read(b"#\n x=\\u12")),
        "property at byte 3: expected four hexadecimal digits after \\u, found other text"
    );
    assert_eq!(
        message(MetaProperties::read(b"version=1\nnode.id=2\n")),
        "cluster.id at byte 20: expected a value, found none"
    );
}

#[test]
fn a_clean_shutdown_file_may_lack_its_epoch() {
    let mut out = Vec::new();
    write_clean_shutdown(13, &mut out);
    assert_eq!(out, br#"{"version":0,"brokerEpoch":13}"#);
    assert_eq!(read_clean_shutdown(&out), Some(13));
    assert_eq!(read_clean_shutdown(br#"{"brokerEpoch":"5","more":[]} rest"#), Some(5));
    assert_eq!(read_clean_shutdown(br#"{"brokerEpoch":5,"brokerEpoch":6}"#), Some(6), "the last one counts");
    assert_eq!(read_clean_shutdown(br#"{"brokerEpoch":[5],"brokerEpoch":6}"#), None, "each has to be readable");
    assert_eq!(read_clean_shutdown(b""), None);
    assert_eq!(read_clean_shutdown(br#"{"version":0}"#), None);
}

#[test]
fn quorum_states_of_both_versions_are_read_and_written_as_kafka_does() {
    let new =
        r#"{"leaderId":1,"leaderEpoch":3,"votedId":-1,"votedDirectoryId":"AAAAAAAAAAAAAAAAAAAAAA","data_version":1}"#;
    let old = r#"{"clusterId":"c","leaderId":1,"leaderEpoch":2,"votedId":-1,"appliedOffset":0,"currentVoters":[{"voterId":7}],"data_version":0}"#;
    for text in [new, old] {
        let state = QuorumState::read(text.as_bytes()).unwrap();
        let mut out = Vec::new();
        state.write(&mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), text);
    }
    let state = QuorumState::read(old.as_bytes()).unwrap();
    let lost = QuorumState { data_version: 1, ..state }.write(&mut Vec::new());
    assert_eq!(message(lost), "clusterId at byte 0: expected no such field in this version, found one");
    let newer = new.replace("\"data_version\":1", "\"data_version\":2");
    assert_eq!(message(QuorumState::read(newer.as_bytes())), "data_version at byte 0: expected 0 to 1, found 2");
}
