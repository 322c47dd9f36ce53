use kafka_log::fs::OsFs;
use kafka_log::log::types::FetchIsolation;
use kafka_rpc::Uuid;
use kafka_rpc::stored::metadata::{BeginTransactionRecord, EndTransactionRecord, MetadataRecord, TopicRecord};
use parking_lot::RwLock;
use tempfile::TempDir;

use super::*;
use crate::metadata::{LogOptions, MetadataVersion};

/// A leader and a replica of its log, each with a directory.
struct Pair {
    dirs: (TempDir, TempDir),
    leader: MetadataLog,
    replica: MetadataLog,
    progress: Progress,
    image: RwLock<Image>,
}

fn topic(number: u8) -> MetadataRecord<'static> {
    let (name, topic_id) = (format!("topic-{number}").into(), Uuid([number; 16]));
    MetadataRecord::Topic(TopicRecord { name, topic_id, ..Default::default() })
}

impl Pair {
    fn new() -> Self {
        let dirs = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let options = |dir: &TempDir, id| LogOptions::new(dir.path().to_owned(), id);
        let (mut leader, _) = MetadataLog::open(OsFs, options(&dirs.0, 1), 0).unwrap();
        leader.become_leader(0).unwrap();
        let (replica, image, progress) = MetadataLog::open_replica(OsFs, options(&dirs.1, 2), 0).unwrap();
        let mut pair = Pair { dirs, leader, replica, progress, image: RwLock::new(image) };
        pair.replica.follow(Some(1), 1, &[1]).unwrap();
        pair
    }

    fn write(&mut self, records: &[MetadataRecord<'_>]) {
        self.leader.append_atomically(records, MetadataVersion::LATEST, 0).unwrap();
    }

    /// What the leader sends from the replica's log end on.
    fn records(&self) -> Vec<u8> {
        let read = self.leader.log().read(self.replica.end_offset(), 1 << 20, FetchIsolation::LogEnd, true);
        read.unwrap().records.read().unwrap().to_vec()
    }

    fn fetch(&mut self) {
        let records = self.records();
        self.replica.append_fetched(&records, 0).unwrap();
    }

    /// How many topics are in the image once all before this offset is committed.
    fn commit(&mut self, high_watermark: i64) -> usize {
        self.replica.publish(&mut self.progress, &self.image, high_watermark, 0).unwrap();
        self.image.read().topic_count()
    }

    fn restart(&mut self) {
        let elsewhere = tempfile::tempdir().unwrap();
        let open =
            |dir: &TempDir| MetadataLog::open_replica(OsFs, LogOptions::new(dir.path().to_owned(), 2), 0).unwrap();
        // The directory is locked until its log is gone.
        drop(std::mem::replace(&mut self.replica, open(&elsewhere).0));
        let (replica, image, progress) = open(&self.dirs.1);
        (self.replica, self.image, self.progress) = (replica, RwLock::new(image), progress);
    }

    /// The leader's snapshot of everything.
    fn snapshot(&mut self) -> (SnapshotId, Vec<u8>) {
        let end = self.leader.end_offset();
        let mut image = Image::default();
        (1..=3).for_each(|number| image.apply(&topic(number), &mut Delta::default()).unwrap());
        image.set_position(Position { offset: end - 1, epoch: 1, timestamp_ms: 0 });
        let id = self.leader.write_snapshot(&image, 0).unwrap();
        let bytes = std::fs::read(self.leader.folder().join(id.to_string())).unwrap();
        (id, bytes)
    }

    fn topics_of_log(&self) -> usize {
        self.image.read().topic_count()
    }
}

#[test]
fn what_is_not_committed_is_not_in_the_image() {
    let mut pair = Pair::new();
    pair.write(&[topic(1)]);
    pair.write(&[topic(2)]);
    pair.fetch();
    let end = pair.replica.end_offset();
    assert_eq!(end, pair.leader.end_offset());
    assert_eq!(pair.commit(end - 2), 0);
    assert_eq!(pair.commit(end - 1), 1);
    assert_eq!(pair.image.read().position().offset, end - 2);
    assert_eq!(pair.commit(i64::MAX), 2, "no more than there is");
    assert_eq!(pair.progress.next_offset(), end);
}

#[test]
fn a_transaction_is_published_as_a_whole() {
    let mut pair = Pair::new();
    pair.write(&[MetadataRecord::BeginTransaction(BeginTransactionRecord::default()), topic(1)]);
    pair.fetch();
    let before = pair.image.read().position();
    assert_eq!(pair.commit(i64::MAX), 0);
    assert_eq!(pair.image.read().position().offset, 0, "the record of the leader's election");
    assert_ne!(pair.image.read().position(), before);
    pair.write(&[topic(2), MetadataRecord::EndTransaction(EndTransactionRecord::default())]);
    pair.fetch();
    assert_eq!(pair.commit(i64::MAX), 2);
}

#[test]
fn after_a_restart_the_copy_is_published_once_the_leader_says_that_it_is_committed() {
    let mut pair = Pair::new();
    pair.write(&[topic(1)]);
    pair.fetch();
    assert_eq!(pair.commit(i64::MAX), 1);
    pair.restart();
    assert_eq!((pair.topics_of_log(), pair.replica.epoch()), (0, 1));
    assert_eq!(pair.replica.end_offset(), pair.leader.end_offset());
    assert_eq!(pair.commit(pair.leader.end_offset()), 1);
}

#[test]
fn records_that_the_leader_lacks_are_cut_off_unless_they_are_committed() {
    let mut pair = Pair::new();
    pair.write(&[topic(1)]);
    pair.write(&[topic(2)]);
    pair.fetch();
    let end = pair.replica.end_offset();
    pair.commit(end - 1);
    let refused = pair.replica.truncate_diverging(&pair.progress, (1, end - 2), 0);
    assert!(matches!(refused, Err(MetadataLogError::TruncationOfCommitted { .. })), "{refused:?}");
    pair.replica.truncate_diverging(&pair.progress, (1, end - 1), 0).unwrap();
    assert_eq!(pair.replica.end_offset(), end - 1);
    pair.fetch();
    assert_eq!(pair.commit(end), 2);
}

#[test]
fn bytes_that_are_no_batches_are_refused_and_nothing_is_appended() {
    let mut pair = Pair::new();
    pair.write(&[topic(1)]);
    let mut damaged = pair.records();
    let at = damaged.len() - 1;
    damaged[at] ^= 1;
    let end = pair.replica.end_offset();
    assert!(matches!(pair.replica.append_fetched(&damaged, 0), Err(MetadataLogError::Append(_))));
    assert_eq!(pair.replica.end_offset(), end);
    pair.fetch();
    assert_eq!(pair.commit(i64::MAX), 1);
}

#[test]
fn a_snapshot_takes_the_place_of_log_and_image() {
    let mut pair = Pair::new();
    pair.write(&[topic(9)]);
    pair.fetch();
    pair.commit(i64::MAX);
    (1..=3).for_each(|number| pair.write(&[topic(number)]));
    let (id, bytes) = pair.snapshot();
    let mut partial = pair.replica.begin_snapshot(id).unwrap();
    let size = i64::try_from(bytes.len()).unwrap();
    for part in bytes.chunks(100) {
        assert!(!partial.is_complete());
        let position = i64::try_from(partial.position()).unwrap();
        partial.take(position, size, part).unwrap();
    }
    assert!(partial.is_complete());
    let delta = pair.replica.install_snapshot(partial, &mut pair.progress, &pair.image, 0).unwrap();
    assert_eq!((delta.created_topics.len(), delta.deleted_topics.len()), (3, 1));
    assert_eq!(
        (pair.topics_of_log(), pair.replica.end_offset(), pair.progress.next_offset()),
        (3, id.offset, id.offset)
    );
    pair.restart();
    assert_eq!((pair.topics_of_log(), pair.progress.next_offset()), (3, id.offset));
    pair.write(&[topic(4)]);
    pair.fetch();
    assert_eq!(pair.commit(i64::MAX), 4);
}

#[test]
fn parts_that_do_not_make_a_snapshot_are_refused() {
    let mut pair = Pair::new();
    pair.write(&[topic(1)]);
    pair.fetch();
    pair.commit(i64::MAX);
    let (id, mut bytes) = pair.snapshot();
    let size = i64::try_from(bytes.len()).unwrap();
    let mut partial = pair.replica.begin_snapshot(id).unwrap();
    let wrong: [(i64, i64, &[u8]); 6] = [
        (1, size, &bytes),
        (-1, size, &bytes),
        (0, size - 1, &bytes),
        (0, 0, &[]),
        (0, size, &[]),
        (0, i64::MAX, &bytes),
    ];
    for (position, size, part) in wrong {
        let taken = partial.take(position, size, part);
        assert!(matches!(taken, Err(MetadataLogError::SnapshotPart { .. })), "{position} {size} {}", part.len());
    }
    partial.take(0, size, &bytes[..10]).unwrap();
    assert!(partial.take(10, size + 1, &bytes[10..]).is_err(), "the size has changed");
    // The whole snapshot with a bit that is wrong.
    bytes[70] ^= 1;
    let mut partial = pair.replica.begin_snapshot(id).unwrap();
    partial.take(0, size, &bytes).unwrap();
    let end = pair.replica.end_offset();
    assert!(pair.replica.install_snapshot(partial, &mut pair.progress, &pair.image, 0).is_err());
    assert_eq!((pair.topics_of_log(), pair.replica.end_offset()), (1, end), "log and image are as they were");
    pair.restart();
    assert_eq!(pair.commit(i64::MAX), 1);
}
