//! Appends of a group: the answers of appends one by one, also where the write that they share fails.

#![expect(clippy::unwrap_used, reason = "a log that fails where it must not fails the test")]

use std::path::Path;
use std::sync::Arc;

use kafka_log::fs::Fs;
use kafka_log::log::config::LogConfig;
use kafka_log::log::error::KafkaError;
use kafka_log::log::producers::ProducerStateConfig;
use kafka_log::log::{GroupedAppend, LeaderAppend, Log, LogOptions};
use tests::hostile::mutate::Random;
use tests::sim::make::{Maker, Producer};
use tests::sim::{Fault, SimFs};

const NOW: i64 = 1_700_000_000_000;
const DIR: &str = "/t-0";

fn open(fs: &SimFs) -> Log<SimFs> {
    fs.create_dir_all(Path::new(DIR)).unwrap();
    let options = LogOptions {
        config: Arc::new(LogConfig::default()),
        producers: ProducerStateConfig { verification_enabled: false, ..ProducerStateConfig::default() },
        now_ms: NOW,
        ..LogOptions::default()
    };
    Log::open(fs.clone(), Path::new(DIR), options).unwrap().0
}

fn batch(sequence: i32) -> Vec<u8> {
    let producer = Producer { id: 4, epoch: 0, sequence, is_transactional: false };
    Maker::new().data(&mut Random(3), 0, 1, (NOW, false), producer, -1)
}

#[test]
fn each_append_of_a_group_has_the_answer_it_would_have_alone() {
    let fs = SimFs::new(1);
    let log = open(&fs);
    let append = LeaderAppend::from_client(0);
    let alone: Vec<_> = [batch(0), batch(1), batch(1), batch(2)]
        .iter_mut()
        .map(|batch| {
            log.append_as_leader(batch, append, NOW).map(|info| (info.first_offset, info.is_duplicate)).unwrap()
        })
        .collect();
    let log = open(&SimFs::new(1));
    log.append_as_leader(&mut batch(0), append, NOW).unwrap();
    let mut batches = [batch(1), batch(1), batch(2)];
    let mut group: Vec<_> = batches.iter_mut().map(|records| GroupedAppend { records, append }).collect();
    let mut answers = Vec::new();
    log.append_group_as_leader_into(&mut group, NOW, &mut answers);
    let grouped: Vec<_> = answers
        .iter()
        .map(|answer| answer.as_ref().map(|info| (info.first_offset, info.is_duplicate)).unwrap())
        .collect();
    assert_eq!(grouped, alone[1..]);
}

#[test]
fn nobody_is_told_that_records_are_there_whose_write_failed() {
    let fs = SimFs::new(1);
    let log = open(&fs);
    let append = LeaderAppend::from_client(0);
    log.append_as_leader(&mut batch(0), append, NOW).unwrap();
    let mut broken = batch(2);
    broken[40] ^= 1;
    let mut batches = [batch(1), batch(1), broken, batch(2)];
    let mut group: Vec<_> = batches.iter_mut().map(|records| GroupedAppend { records, append }).collect();
    // The write that they share is the first change of a file.
    fs.fail_change(fs.changes() + 1, Fault::Eio);
    let answers: Vec<_> = log
        .append_group_as_leader(&mut group, NOW)
        .iter()
        .map(|answer| answer.as_ref().map_or_else(KafkaError::exception, |_| "appended"))
        .collect();
    assert_eq!(fs.faults(), 1);
    let storage = "KafkaStorageException";
    assert_eq!(answers, [storage, storage, "CorruptRecordException", storage]);
    assert_eq!(log.log_end_offset(), 1);
    let again = log.append_as_leader(&mut batch(1), LeaderAppend::from_client(0), NOW);
    assert_eq!(again.unwrap_err().exception(), storage, "the log is offline");
}
