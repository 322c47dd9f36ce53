//! Text files of a log directory: what can be read is written so that the same is read again.

use kafka_log::format::FormatError;
use kafka_log::format::clean_shutdown::{read_clean_shutdown, write_clean_shutdown};
use kafka_log::format::file_name::{FileName, offset_from_file_name, parse_snapshot_id};
use kafka_log::format::leader_epoch_checkpoint::{read_leader_epoch_checkpoint, write_leader_epoch_checkpoint};
use kafka_log::format::meta_properties::MetaProperties;
use kafka_log::format::offset_checkpoint::{read_offset_checkpoint, write_offset_checkpoint};
use kafka_log::format::partition_dir::PartitionDirName;
use kafka_log::format::partition_metadata::PartitionMetadata;
use kafka_log::format::quorum_state::QuorumState;

/// Reads, writes and reads again. An error must name a place in the bytes, in one line.
fn again<T: PartialEq>(bytes: &[u8], read: impl Fn(&[u8]) -> Result<T, FormatError>, write: impl Fn(&T, &mut Vec<u8>)) {
    match read(bytes) {
        Ok(meant) => {
            let mut out = Vec::new();
            write(&meant, &mut out);
            assert!(read(&out).is_ok_and(|found| found == meant), "{:?}", String::from_utf8_lossy(&out));
        }
        Err(error) => {
            assert!(error.at <= bytes.len() as u64, "{error}");
            assert!(!error.to_string().contains('\n'));
        }
    }
}

pub(super) fn leader_epoch_checkpoint(bytes: &[u8]) {
    again(bytes, read_leader_epoch_checkpoint, |meant, out| write_leader_epoch_checkpoint(meant, out));
}

pub(super) fn offset_checkpoint(bytes: &[u8]) {
    // Entries borrow from the bytes they were read of, so they are compared as text.
    let shown = |bytes: &[u8]| read_offset_checkpoint(bytes).map(|entries| format!("{entries:?}"));
    match (read_offset_checkpoint(bytes), shown(bytes)) {
        (Ok(entries), Ok(meant)) => {
            let mut out = Vec::new();
            write_offset_checkpoint(&entries, &mut out);
            assert_eq!(shown(&out), Ok(meant));
        }
        (error, _) => again(bytes, |_| error.clone().map(|_| ()), |(), _| ()),
    }
}

pub(super) fn partition_metadata(bytes: &[u8]) {
    again(bytes, PartitionMetadata::read, PartitionMetadata::write);
}

pub(super) fn meta_properties(bytes: &[u8]) {
    if !bytes.is_ascii() || bytes.contains(&b'\\') {
        // Kafka writes UTF-8 and reads ISO 8859-1: only ASCII comes back as it was.
        let _ = MetaProperties::read(bytes);
        return;
    }
    again(bytes, MetaProperties::read, |meant, out| meant.write("Thu Jan 01 00:00:00 UTC 1970", out));
}

pub(super) fn quorum_state(bytes: &[u8]) {
    let written = |state: &QuorumState| {
        let mut out = Vec::new();
        state.write(&mut out).map(|()| out).ok()
    };
    match QuorumState::read(bytes) {
        Ok(state) => {
            if let Some(out) = written(&state) {
                assert!(QuorumState::read(&out).is_ok_and(|found| found == state), "{}", String::from_utf8_lossy(&out));
            }
        }
        Err(error) => assert!(error.at <= bytes.len() as u64, "{error}"),
    }
}

pub(super) fn clean_shutdown(bytes: &[u8]) {
    if let Some(epoch) = read_clean_shutdown(bytes) {
        let mut out = Vec::new();
        write_clean_shutdown(epoch, &mut out);
        assert_eq!(read_clean_shutdown(&out), Some(epoch));
    }
}

pub(super) fn file_name(bytes: &[u8]) {
    let name = String::from_utf8_lossy(bytes);
    let _ = (
        FileName::parse(&name),
        offset_from_file_name(&name),
        parse_snapshot_id(&name),
        PartitionDirName::parse(&name),
    );
}
