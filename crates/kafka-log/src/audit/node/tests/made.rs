//! Files of a small node, made byte by byte: one controller and broker with the topic `orders` of two partitions.

use std::path::{Path, PathBuf};

use super::super::{NodeAudit, audit_node};
use crate::audit::Piece;
use crate::compression::Compressor;
use crate::format::builder::{BatchFields, RecordBatchBuilder};
use crate::format::uuid::Uuid;
use crate::fs::overlay::OverlayFs;
use crate::fs::{Fs, FsFile, OpenMode, OsFs, read_whole};

/// The log directory. It exists in memory alone.
pub(super) const DIR: &str = "no-such-place/data";
/// A second one.
pub(super) const DIR_2: &str = "no-such-place/more";
/// Number of the topic `orders`.
pub(super) const TOPIC: u8 = 7;
/// Number of the id of the log directory.
pub(super) const DIRECTORY: u8 = 200;
/// Offset after the metadata of [`Made::node`].
pub(super) const METADATA_END: i64 = 4;

/// An id with this number.
pub(super) fn id(number: u8) -> Uuid {
    Uuid([number; 16])
}

pub(super) struct Made {
    pub(super) fs: OverlayFs<OsFs>,
}

impl Made {
    /// A node as a clean stop leaves it.
    pub(super) fn node() -> Self {
        let made = Made { fs: OverlayFs::new(OsFs) };
        made.write("meta.properties", &meta_properties(1, DIRECTORY));
        made.write(".kafka_cleanshutdown", b"{}");
        made.write("bootstrap.checkpoint", &snapshot(0, &[feature_level("metadata.version")]));
        made.write("recovery-point-offset-checkpoint", b"0\n1\norders 0 3\n");
        made.write("replication-offset-checkpoint", b"0\n1\norders 0 3\n");
        made.write("__cluster_metadata-0/00000000000000000000.log", &metadata_log());
        made.write("__cluster_metadata-0/partition.metadata", b"version: 0\ntopic_id: AAAAAAAAAAAAAAAAAAAAAQ");
        made.write("__cluster_metadata-0/quorum-state", br#"{"leaderId":1,"leaderEpoch":1,"votedId":-1,"votedDirectoryId":"AAAAAAAAAAAAAAAAAAAAAA","data_version":1}"#);
        made.partition("orders-0", TOPIC);
        made.partition("orders-1", TOPIC);
        made
    }

    /// A partition with records.
    pub(super) fn partition(&self, name: &str, topic: u8) {
        self.write(&format!("{name}/partition.metadata"), format!("version: 0\ntopic_id: {}", id(topic)).as_bytes());
        self.write(&format!("{name}/00000000000000000000.log"), &batch(0, false, &vec![(None, vec![1, 2, 3]); 3]));
    }

    /// Writes a file below the log directory.
    pub(super) fn write(&self, name: &str, bytes: &[u8]) {
        self.write_at(&Path::new(DIR).join(name), bytes);
    }

    pub(super) fn write_at(&self, path: &Path, bytes: &[u8]) {
        self.fs.create_dir_all(path.parent().unwrap()).unwrap();
        let file = self.fs.open(path, OpenMode::Create).unwrap();
        file.set_len(0).unwrap();
        file.write_all_at(bytes, 0).unwrap();
    }

    pub(super) fn remove(&self, name: &str) {
        self.fs.remove_file(&Path::new(DIR).join(name)).unwrap();
    }

    pub(super) fn directory(&self, name: &str) {
        self.fs.create_dir_all(&Path::new(DIR).join(name)).unwrap();
    }

    pub(super) fn rename(&self, from: &str, to: &str) {
        for entry in self.fs.read_dir(&Path::new(DIR).join(from)).unwrap() {
            let bytes = read_whole(&self.fs, &Path::new(DIR).join(from).join(&entry.name)).unwrap().unwrap();
            self.write(&format!("{to}/{}", entry.name), &bytes);
            self.remove(&format!("{from}/{}", entry.name));
        }
        self.fs.remove_dir(&Path::new(DIR).join(from)).unwrap();
    }

    pub(super) fn audit(&self) -> NodeAudit {
        audit_node(&self.fs, &[Path::new(DIR)])
    }

    pub(super) fn audit_both(&self) -> NodeAudit {
        audit_node(&self.fs, &[Path::new(DIR), Path::new(DIR_2)])
    }

    /// What a repair writes into a file below the log directory.
    pub(super) fn repaired(&self, audit: &NodeAudit, name: &str) -> String {
        let path = Path::new(DIR).join(name);
        let change = audit.changes.iter().find(|(dir, change)| dir.join(&change.name) == path).expect("a change");
        match change.1.content.as_ref().expect("new content").pieces.as_slice() {
            [Piece::Bytes(bytes)] => String::from_utf8(bytes.clone()).unwrap(),
            pieces => panic!("expected bytes, found {pieces:?}"),
        }
    }

    /// Carries the changes out, without a quarantine.
    pub(super) fn apply(&self, audit: &NodeAudit) {
        for (dir, change) in &audit.changes {
            let path: PathBuf = dir.join(&change.name);
            match change.content.as_ref().map(|content| content.pieces.as_slice()) {
                None => self.fs.remove_file(&path).unwrap(),
                Some([Piece::Bytes(bytes)]) => self.write_at(&path, bytes),
                Some(pieces) => panic!("expected bytes, found {pieces:?}"),
            }
        }
    }
}

pub(super) fn meta_properties(node: i32, directory: u8) -> Vec<u8> {
    format!("version=1\ncluster.id=abc\nnode.id={node}\ndirectory.id={}\n", id(directory)).into_bytes()
}

/// A batch of records: keys and values.
pub(super) fn batch(base_offset: i64, is_control: bool, records: &[(Option<[u8; 4]>, Vec<u8>)]) -> Vec<u8> {
    let mut builder = RecordBatchBuilder::new(BatchFields { base_offset, is_control, ..BatchFields::default() });
    for (offset, (key, value)) in (base_offset..).zip(records) {
        builder.append(offset, 1, key.as_ref().map(<[u8; 4]>::as_slice), Some(value), &[]).unwrap();
    }
    let mut bytes = Vec::new();
    builder.finish(&mut Compressor::new(), &mut bytes).unwrap();
    bytes
}

/// The metadata log of [`Made::node`]: the voter, then the topic with its partitions, in one batch each.
pub(super) fn metadata_log() -> Vec<u8> {
    let mut log = batch(0, true, &[voters(&[(1, DIRECTORY)])]);
    let topic = [topic("orders", TOPIC), partition(TOPIC, 0, 1, DIRECTORY), partition(TOPIC, 1, 1, DIRECTORY)];
    log.extend(batch(1, false, &topic.map(|value| (None, value))));
    log
}

/// A KRaft snapshot with these records.
pub(super) fn snapshot(first_offset: i64, records: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = batch(first_offset, true, &[(Some([0, 0, 0, 3]), vec![0; 11])]);
    let records: Vec<_> = records.iter().map(|value| (None, value.clone())).collect();
    bytes.extend(batch(first_offset + 1, false, &records));
    bytes.extend(batch(first_offset + 1 + records.len() as i64, true, &[(Some([0, 0, 0, 4]), vec![0; 3])]));
    bytes
}

/// `VotersRecord`, with its key.
pub(super) fn voters(members: &[(i32, u8)]) -> (Option<[u8; 4]>, Vec<u8>) {
    let mut value = vec![0, 0, members.len() as u8 + 1];
    for &(node, directory) in members {
        value.extend(node.to_be_bytes());
        value.extend(id(directory).0);
        // No endpoints; versions 0 to 1, and no tagged fields in them and in the voter.
        value.extend([1, 0, 0, 0, 1, 0, 0]);
    }
    value.push(0);
    (Some([0, 0, 0, 6]), value)
}

/// `TopicRecord`.
pub(super) fn topic(name: &str, number: u8) -> Vec<u8> {
    let mut value = vec![1, 2, 0, name.len() as u8 + 1];
    value.extend(name.as_bytes());
    value.extend(id(number).0);
    value.push(0);
    value
}

/// `RemoveTopicRecord`.
pub(super) fn remove_topic(number: u8) -> Vec<u8> {
    let mut value = vec![1, 9, 0];
    value.extend(id(number).0);
    value.push(0);
    value
}

/// `PartitionRecord` with one replica.
pub(super) fn partition(topic: u8, partition: i32, broker: i32, directory: u8) -> Vec<u8> {
    let mut value = vec![1, 3, 1];
    value.extend(partition.to_be_bytes());
    value.extend(id(topic).0);
    let replicas = [&[2][..], &broker.to_be_bytes()].concat();
    value.extend([&replicas[..], &replicas, &[1, 1]].concat());
    for number in [broker, 0, 0] {
        value.extend(number.to_be_bytes());
    }
    value.push(2);
    value.extend(id(directory).0);
    value.push(0);
    value
}

/// `FeatureLevelRecord`.
fn feature_level(name: &str) -> Vec<u8> {
    let mut value = vec![1, 12, 0, name.len() as u8 + 1];
    value.extend(name.as_bytes());
    value.extend([0, 30, 0]);
    value
}
