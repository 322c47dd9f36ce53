//! Appends of a group: the answers of appends one by one, also where the write that they share fails.

#![expect(clippy::unwrap_used, reason = "a log that fails where it must not fails the test")]

use std::path::Path;
use std::sync::Arc;

use kafka_log::fs::Fs;
use kafka_log::log::ProducerStateConfig;
use kafka_log::log::config::LogConfig;
use kafka_log::log::error::KafkaError;
use kafka_log::log::{Answer, Combiner, GroupAppend, GroupedAppend, LeaderAppend, Log, LogOptions};
use tests::Random;
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
    Maker::new().data(&mut Random::new(3), 0, 1, (NOW, false), producer, -1)
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
    log.append_as_leader(&batch(0), append, NOW).unwrap();
    let mut group = [batch(1), batch(1), batch(2)].map(|records| GroupedAppend::new(records, append));
    log.append_group_as_leader(&mut group, NOW);
    let grouped: Vec<_> = group
        .into_iter()
        .map(|grouped| grouped.answer.unwrap().map(|info| (info.first_offset, info.is_duplicate)).unwrap())
        .collect();
    assert_eq!(grouped, alone[1..]);
}

#[test]
fn nobody_is_told_that_records_are_there_whose_write_failed() {
    let fs = SimFs::new(1);
    let log = open(&fs);
    let append = LeaderAppend::from_client(0);
    log.append_as_leader(&batch(0), append, NOW).unwrap();
    let mut broken = batch(2);
    broken[40] ^= 1;
    let mut group = [batch(1), batch(1), broken, batch(2)].map(|records| GroupedAppend::new(records, append));
    // The write that they share is the first change of a file.
    fs.fail_change(fs.changes() + 1, Fault::Eio);
    log.append_group_as_leader(&mut group, NOW);
    let answers: Vec<_> = group
        .iter()
        .map(|grouped| grouped.answer.as_ref().unwrap().as_ref().map_or_else(KafkaError::exception, |_| "appended"))
        .collect();
    assert_eq!(fs.faults(), 1);
    let storage = "KafkaStorageException";
    assert_eq!(answers, [storage, storage, "CorruptRecordException", storage]);
    assert_eq!(log.log_end_offset(), 1);
    let again = log.append_as_leader(&batch(1), LeaderAppend::from_client(0), NOW);
    assert_eq!(again.unwrap_err().exception(), storage, "the log is offline");
}

/// An append that tells the thread that waits for it.
struct Waiting {
    records: Vec<u8>,
    number: usize,
    answers: std::sync::mpsc::Sender<(usize, i64)>,
}

impl GroupAppend for Waiting {
    fn records(&self) -> &[u8] {
        &self.records
    }

    fn terms(&self) -> LeaderAppend {
        LeaderAppend::from_client(0)
    }

    fn done(&mut self, answer: Answer) {
        self.answers.send((self.number, answer.unwrap().first_offset)).unwrap();
    }
}

#[test]
fn appends_that_threads_submit_are_all_answered_and_in_the_log_once() {
    const THREADS: usize = 4;
    const EACH: usize = 300;
    let log = open(&SimFs::new(1));
    let combiner = Combiner::default();
    let (answers, told) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (answers, log, combiner) = (answers.clone(), &log, &combiner);
            scope.spawn(move || {
                for n in 0..EACH {
                    let mut records = Maker::new().data(&mut Random::new(3), 0, 1, (NOW, false), Producer::NONE, -1);
                    records[..8].fill(0);
                    let number = thread * EACH + n;
                    combiner.submit(log, Waiting { records, number, answers: answers.clone() }, NOW);
                }
            });
        }
    });
    drop(answers);
    let mut offsets = vec![Vec::new(); THREADS];
    told.into_iter().for_each(|(number, offset)| offsets[number / EACH].push((number, offset)));
    // Those of one thread are written in the order in which it submitted them.
    for of_thread in &mut offsets {
        of_thread.sort_unstable();
        assert!(of_thread.is_sorted_by_key(|(_, offset)| *offset) && of_thread.len() == EACH);
    }
    let mut all: Vec<i64> = offsets.into_iter().flatten().map(|(_, offset)| offset).collect();
    all.sort_unstable();
    assert_eq!(all, (0..(THREADS * EACH) as i64).collect::<Vec<_>>());
    assert_eq!(log.log_end_offset(), (THREADS * EACH) as i64);
}
