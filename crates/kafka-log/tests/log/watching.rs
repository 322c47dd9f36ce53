//! What an embedder is told, and what it can ask for without a look at files.

use std::sync::{Arc, Mutex, Weak};

use kafka_log::compression::Compressor;
use kafka_log::format::builder::{BatchFields, RecordBatchBuilder};
use kafka_log::format::control::{ControlRecordType, EndTransactionMarker};
use kafka_log::fs::OsFs;
use kafka_log::log::ProducerStateConfig;
use kafka_log::log::config::LogConfig;
use kafka_log::log::error::{AppendError, ErrorCode, KafkaError as _, LogError, StorageError};
use kafka_log::log::metrics::Traffic;
use kafka_log::log::types::{AppendOrigin, FetchIsolation, Watermarks};
use kafka_log::log::{
    GroupedAppend, LeaderAppend, Log, LogObserver, LogOptions, LogStartOffsetReason, TimestampSpec, TopicPartition,
};
use kafka_log::manager::{CreateLog, LogManager, LogManagerConfig, Startup, StdThreads};

use crate::{Dir, NOW, batch};

const CLIENT: LeaderAppend = LeaderAppend::from_client(0);

fn open(dir: &Dir) -> Log {
    let producers = ProducerStateConfig { verification_enabled: false, ..ProducerStateConfig::default() };
    let config = Arc::new(LogConfig { segment_bytes: 400, ..LogConfig::default() });
    let options = LogOptions { now_ms: NOW, producers, config, ..LogOptions::default() };
    Log::open(OsFs, &dir.partition(), options).unwrap().0
}

fn append(log: &Log, values: &[&str]) {
    log.append_as_leader(&batch(values), CLIENT, NOW).unwrap();
}

fn transactional(sequence: i32, timestamp: i64) -> Vec<u8> {
    let fields = BatchFields {
        producer_id: 7,
        producer_epoch: 0,
        base_sequence: sequence,
        is_transactional: true,
        ..BatchFields::default()
    };
    let mut builder = RecordBatchBuilder::new(fields);
    builder.append(0, timestamp, None, Some(b"v"), &[]).unwrap();
    finished(builder)
}

fn commit_marker() -> Vec<u8> {
    let fields = BatchFields {
        producer_id: 7,
        producer_epoch: 0,
        is_transactional: true,
        is_control: true,
        ..BatchFields::default()
    };
    let mut builder = RecordBatchBuilder::new(fields);
    let marker = EndTransactionMarker { coordinator_epoch: 0 };
    builder.append(0, NOW, Some(&ControlRecordType::Commit.key()), Some(&marker.to_bytes()), &[]).unwrap();
    finished(builder)
}

fn finished(mut builder: RecordBatchBuilder) -> Vec<u8> {
    let mut bytes = Vec::new();
    builder.finish(&mut Compressor::new(), &mut bytes).unwrap();
    bytes
}

/// Keeps all it is told, and uses the log meanwhile, as an observer may.
#[derive(Default)]
struct Notes {
    log: Mutex<Weak<Log>>,
    moves: Mutex<Vec<Watermarks>>,
    ends: Mutex<Vec<ErrorCode>>,
}

impl LogObserver for Notes {
    fn moved(&self, partition: &TopicPartition, at: Watermarks) {
        assert_eq!(partition.to_string(), "t-0");
        if let Some(log) = self.log.lock().unwrap().upgrade() {
            assert_eq!(log.watermarks(), at);
            log.update_high_watermark(log.high_watermark()).unwrap();
        }
        self.moves.lock().unwrap().push(at);
    }

    fn ended(&self, _: &TopicPartition, why: &StorageError) {
        self.ends.lock().unwrap().push(why.code());
    }
}

fn at(log_start: i64, last_stable: i64, high_watermark: i64, log_end: i64) -> Watermarks {
    Watermarks { log_start, last_stable, high_watermark, log_end }
}

#[test]
fn an_observer_is_told_of_each_move_after_the_locks_are_released() {
    let dir = Dir::new("observer");
    let log = Arc::new(open(&dir));
    let notes = Arc::new(Notes::default());
    *notes.log.lock().unwrap() = Arc::downgrade(&log);
    assert!(log.observe(Arc::clone(&notes) as Arc<dyn LogObserver>));
    assert!(!log.observe(Arc::new(Notes::default())));

    append(&log, &["a", "b"]);
    log.update_high_watermark(2).unwrap();
    log.update_high_watermark(2).unwrap();
    log.append_as_leader(&transactional(0, NOW), CLIENT, NOW).unwrap();
    log.update_high_watermark(3).unwrap();
    log.append_as_leader(&[], CLIENT, NOW).unwrap_err();
    log.maybe_increment_log_start_offset(1, LogStartOffsetReason::ClientRecordDeletion, NOW).unwrap();
    log.truncate_to(2, NOW).unwrap();
    log.read(1, 100, FetchIsolation::HighWatermark, true).unwrap();
    let moves = notes.moves.lock().unwrap().clone();
    assert_eq!(moves, [at(0, 0, 0, 2), at(0, 2, 2, 2), at(0, 2, 2, 3), at(0, 2, 3, 3), at(1, 2, 3, 3), at(1, 2, 2, 2)]);
    assert!(notes.ends.lock().unwrap().is_empty());
    Arc::into_inner(log).unwrap().close().unwrap();
    assert_eq!(*notes.ends.lock().unwrap(), [ErrorCode::KafkaStorageError]);
}

#[test]
fn a_manager_tells_of_its_logs_until_they_end() {
    let dir = Dir::new("observed-manager");
    let notes = Arc::new(Notes::default());
    let open = || {
        let dirs = [dir.0.clone()];
        let unloaded = LogManager::open(OsFs, &dirs, LogConfig::default(), LogManagerConfig::default()).unwrap();
        unloaded.observe(Arc::clone(&notes) as Arc<dyn LogObserver>).load(&Startup::plain(NOW)).unwrap().0
    };
    let manager = open();
    let tp = TopicPartition::new("t", 0).unwrap();
    let new = CreateLog { is_new: true, ..CreateLog::default() };
    append(&manager.get_or_create_log(&tp, new, NOW).unwrap(), &["a"]);
    manager.shutdown(&StdThreads, -1, NOW);
    let manager = open();
    append(&manager.get_log(&tp).unwrap(), &["b"]);
    manager.async_delete(&tp, false, NOW).unwrap();
    append(&manager.get_or_create_log(&tp, new, NOW).unwrap(), &["c"]);
    manager.fail_log_dir(&dir.0, "pulled out").unwrap();
    assert_eq!(*notes.moves.lock().unwrap(), [at(0, 0, 0, 1), at(0, 0, 0, 2), at(0, 0, 0, 1)]);
    let (closed, deleted) = (ErrorCode::KafkaStorageError, ErrorCode::UnknownTopicOrPartition);
    assert_eq!(*notes.ends.lock().unwrap(), [closed, deleted, closed]);
}

#[test]
fn the_only_replica_commits_what_it_appends_also_after_a_recovery() {
    let dir = Dir::new("sole");
    let dirs = [dir.0.clone()];
    let open = || {
        let unloaded = LogManager::open(OsFs, &dirs, LogConfig::default(), LogManagerConfig::default()).unwrap();
        unloaded.load(&Startup { is_sole_replica: &|_| true, ..Startup::plain(NOW) }).unwrap().0
    };
    let manager = open();
    let tp = TopicPartition::new("t", 0).unwrap();
    let create = CreateLog { is_new: true, is_sole_replica: true, ..CreateLog::default() };
    let log = manager.get_or_create_log(&tp, create, NOW).unwrap();
    append(&log, &["a", "b"]);
    assert_eq!(log.watermarks(), at(0, 2, 2, 2));
    manager.checkpoint_high_watermarks();
    append(&log, &["c"]);
    let mut group = [batch(&["d"]), batch(&["e"])].map(|records| GroupedAppend::new(records, CLIENT));
    log.append_group_as_leader(&mut group, NOW);
    assert!(group.iter().all(|grouped| matches!(grouped.answer, Some(Ok(_)))));
    assert_eq!(log.watermarks(), at(0, 5, 5, 5));
    // As a process that was killed.
    drop((log, manager));
    assert_eq!(open().get_log(&tp).unwrap().watermarks(), at(0, 5, 5, 5));
}

#[test]
fn the_only_replica_keeps_open_transactions_from_readers_of_committed_records() {
    let dir = Dir::new("sole-transactions");
    let log = open(&dir);
    log.set_sole_replica(true).unwrap();
    append(&log, &["a"]);
    log.append_as_leader(&transactional(0, NOW), CLIENT, NOW).unwrap();
    append(&log, &["b"]);
    assert_eq!(log.watermarks(), at(0, 1, 3, 3));
    let coordinator = LeaderAppend { origin: AppendOrigin::Coordinator, transaction_version: 0, ..CLIENT };
    log.append_as_leader(&commit_marker(), coordinator, NOW).unwrap();
    assert_eq!(log.watermarks(), at(0, 4, 4, 4));
}

#[test]
fn the_bytes_that_wait_for_a_fetch_are_counted_across_segments() {
    let dir = Dir::new("readable");
    let log = open(&dir);
    let readable = |from, isolation| log.readable_bytes(from, isolation).unwrap();
    let place = |offset| {
        let read = log.read(offset, 0, FetchIsolation::LogEnd, true).unwrap();
        read.offset_metadata
    };
    let start = place(0);
    let one = batch(&["a"]).len() as u64;
    for n in 1..20 {
        append(&log, &["a"]);
        assert_eq!(readable(start, FetchIsolation::LogEnd), n * one);
    }
    assert!(log.segments().len() > 3);
    for from in 0..19 {
        assert_eq!(readable(place(from), FetchIsolation::LogEnd), (19 - from as u64) * one);
        assert!((1..=(19 - from as u64) * one).contains(&readable(from.into(), FetchIsolation::LogEnd)));
    }
    assert_eq!(readable(place(19), FetchIsolation::LogEnd), 0);
    assert_eq!(readable(start, FetchIsolation::HighWatermark), 0);
    log.update_high_watermark(10).unwrap();
    assert!((1..=10 * one).contains(&readable(start, FetchIsolation::HighWatermark)));
    // A read looks the place of the high watermark up.
    log.read(0, 1, FetchIsolation::HighWatermark, true).unwrap();
    assert_eq!(readable(start, FetchIsolation::HighWatermark), 10 * one);
    assert_eq!(readable(start, FetchIsolation::TxnCommitted), 10 * one);
    assert!(matches!(log.readable_bytes(20, FetchIsolation::LogEnd), Err(LogError::OffsetOutOfRange { .. })));
}

#[test]
fn a_read_says_what_the_offsets_were() {
    let dir = Dir::new("as-of");
    let log = open(&dir);
    append(&log, &["a", "b", "c"]);
    log.update_high_watermark(2).unwrap();
    let read = log.read(0, 1 << 20, FetchIsolation::HighWatermark, true).unwrap();
    append(&log, &["d"]);
    assert_eq!(read.watermarks, at(0, 2, 2, 3));
}

#[test]
fn look_ups_by_time_stop_where_a_reader_of_the_isolation_stops() {
    let dir = Dir::new("isolation");
    let log = open(&dir);
    append(&log, &["a"]);
    log.append_as_leader(&transactional(0, NOW + 5), CLIENT, NOW).unwrap();
    log.append_as_leader(&transactional(1, NOW + 9), CLIENT, NOW).unwrap();
    log.update_high_watermark(2).unwrap();
    let found = |spec, isolation| log.offset_for_timestamp(spec, isolation).unwrap().map(|found| found.offset);
    use FetchIsolation::{HighWatermark, LogEnd, TxnCommitted};
    let latest = TimestampSpec::Latest;
    assert_eq!([LogEnd, HighWatermark, TxnCommitted].map(|i| found(latest, i)), [Some(3), Some(2), Some(1)]);
    let at_five = TimestampSpec::At(NOW + 5);
    assert_eq!([LogEnd, HighWatermark, TxnCommitted].map(|i| found(at_five, i)), [Some(1), Some(1), None]);
    let max = TimestampSpec::Max;
    assert_eq!([LogEnd, HighWatermark, TxnCommitted].map(|i| found(max, i)), [Some(2), None, None]);
    assert_eq!(found(TimestampSpec::Earliest, TxnCommitted), Some(0));

    let specs: Vec<_> = (-7..=0).map(TimestampSpec::from_wire).collect();
    assert_eq!(specs[0], None);
    assert_eq!(
        (specs[5], specs[6], specs[7]),
        (Some(TimestampSpec::Earliest), Some(latest), Some(TimestampSpec::At(0)))
    );
    let isolations: Vec<_> = (-1..=2).map(FetchIsolation::from_wire).collect();
    assert_eq!(isolations, [None, Some(HighWatermark), Some(TxnCommitted), None]);
}

#[test]
fn bytes_without_a_whole_batch_are_an_error() {
    let dir = Dir::new("nothing");
    let log = open(&dir);
    let mut cut = batch(&["a"]);
    cut.pop();
    for bytes in [&mut [][..], &mut cut[..]] {
        let error = log.append_as_leader(bytes, CLIENT, NOW).unwrap_err();
        assert!(matches!(error, AppendError::NothingToAppend));
        assert_eq!(error.code(), ErrorCode::InvalidRecord);
        assert!(matches!(log.append_as_follower(bytes, 0, NOW), Err(AppendError::NothingToAppend)));
    }
    assert_eq!(log.log_end_offset(), 0);
}

#[test]
fn a_leader_is_fenced_by_a_later_one() {
    let dir = Dir::new("fenced");
    let log = open(&dir);
    log.append_as_leader(&batch(&["a"]), LeaderAppend::from_client(3), NOW).unwrap();
    // A leader that has appended nothing yet counts as well.
    log.assign_epoch_start_offset(5, 1).unwrap();
    let error = log.append_as_leader(&batch(&["b"]), LeaderAppend::from_client(3), NOW).unwrap_err();
    assert!(matches!(error, AppendError::FencedLeaderEpoch { epoch: 3, latest: 5 }));
    assert_eq!(error.code(), ErrorCode::FencedLeaderEpoch);
    assert_eq!((log.log_end_offset(), log.latest_epoch()), (1, Some(5)));
    log.append_as_leader(&batch(&["c"]), LeaderAppend::from_client(5), NOW).unwrap();
    // As Kafka's log, which leaves the check to its caller.
    let unfenced = LeaderAppend { is_fenced: false, ..LeaderAppend::from_client(4) };
    log.append_as_leader(&batch(&["d"]), unfenced, NOW).unwrap();
}

#[test]
fn an_epoch_is_written_with_its_first_record() {
    let dir = Dir::new("announced");
    let log = open(&dir);
    let checkpoint = || std::fs::read_to_string(log.dir().join("leader-epoch-checkpoint")).unwrap();
    log.append_as_leader(&batch(&["a"]), LeaderAppend::from_client(3), NOW).unwrap();
    log.begin_epoch(5).unwrap();
    assert_eq!(checkpoint(), "0\n1\n3 0\n");
    assert_eq!(
        (log.latest_epoch(), log.end_offset_for_epoch(3), log.end_offset_for_epoch(5)),
        (Some(5), Some((3, 1)), Some((5, 1)))
    );
    log.append_as_leader(&batch(&["b"]), LeaderAppend::from_client(5), NOW).unwrap();
    assert_eq!(checkpoint(), "0\n2\n3 0\n5 1\n");
    // What Kafka writes at once.
    log.assign_epoch_start_offset(6, 2).unwrap();
    assert_eq!(checkpoint(), "0\n3\n3 0\n5 1\n6 2\n");
}

#[test]
fn errors_have_their_number_and_the_records_they_are_about() {
    let dir = Dir::new("codes");
    let log = open(&dir);
    let mut builder = RecordBatchBuilder::new(BatchFields::default());
    builder.append(0, NOW, None, Some(b"v"), &[]).unwrap();
    builder.append(1, NOW + 7_200_000, None, Some(b"v"), &[]).unwrap();
    let error = log.append_as_leader(&finished(builder), CLIENT, NOW).unwrap_err();
    assert_eq!(error.error_code(), 32);
    assert_eq!(error.record_errors().iter().map(|record| record.batch_index).collect::<Vec<_>>(), [1]);
    assert_eq!(log.read(9, 1, FetchIsolation::LogEnd, true).unwrap_err().error_code(), 1);
}

#[test]
fn traffic_is_counted_for_each_topic_without_replication() {
    let dir = Dir::new("traffic");
    let dirs = [dir.0.clone()];
    let unloaded = LogManager::open(OsFs, &dirs, LogConfig::default(), LogManagerConfig::default()).unwrap();
    let (manager, _) = unloaded.load(&Startup::plain(NOW)).unwrap();
    let new = CreateLog { is_new: true, is_sole_replica: true, ..CreateLog::default() };
    let tps = [("t", 0), ("t", 1), ("u", 0)].map(|(topic, number)| TopicPartition::new(topic, number).unwrap());
    let logs = tps.each_ref().map(|tp| manager.get_or_create_log(tp, new, NOW).unwrap());
    logs.iter().for_each(|log| append(log, &["a", "b"]));
    let mut group = [batch(&["c"]), Vec::new()].map(|records| GroupedAppend::new(records, CLIENT));
    logs[0].append_group_as_leader(&mut group, NOW);
    let copy = logs[2].read(0, 1 << 20, FetchIsolation::LogEnd, true).unwrap().records;
    logs[0].read(0, 1 << 20, FetchIsolation::HighWatermark, true).unwrap();
    let (two, one) = (batch(&["a", "b"]).len() as u64, batch(&["c"]).len() as u64);
    let expected = Traffic { records_in: 5, bytes_in: 2 * two + one, bytes_out: two + one };
    assert_eq!(manager.topic_traffic("t"), expected);
    assert_eq!(manager.topic_traffic("u"), Traffic { records_in: 2, bytes_in: copy.len() as u64, bytes_out: 0 });
    manager.async_delete(&tps[0], false, NOW).unwrap();
    assert_eq!(manager.topic_traffic("t"), expected);
    manager.delete_topic("t", NOW).unwrap();
    assert_eq!(manager.topic_traffic("t"), Traffic::default());
}

#[cfg(target_os = "linux")]
#[test]
fn a_slice_goes_to_a_socket_part_by_part() {
    use std::io::{ErrorKind, Read};
    use std::os::unix::net::UnixStream;
    let dir = Dir::new("send");
    let producers = ProducerStateConfig::default();
    let options = LogOptions { now_ms: NOW, producers, ..LogOptions::default() };
    let (log, _) = Log::open(OsFs, &dir.partition(), options).unwrap();
    let value = "x".repeat(100_000);
    (0..8).for_each(|_| append(&log, &[&value]));
    let mut slice = log.read(0, 1 << 20, FetchIsolation::LogEnd, true).unwrap().records;
    let expected = slice.read().unwrap();
    let (mut reader, writer) = UnixStream::pair().unwrap();
    writer.set_nonblocking(true).unwrap();
    let (mut received, mut calls) = (Vec::new(), 0);
    let mut buf = vec![0; 10_000];
    while !slice.is_empty() {
        match slice.send_to(&writer) {
            Ok(sent) => calls += usize::from(sent > 0),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                let got = reader.read(&mut buf).unwrap();
                received.extend_from_slice(&buf[..got]);
            }
        }
    }
    assert_eq!(slice.send_to(&writer).unwrap(), 0);
    drop(writer);
    reader.read_to_end(&mut received).unwrap();
    assert!(calls > 1);
    assert!(received == expected);
}
