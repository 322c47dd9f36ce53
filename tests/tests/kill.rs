//! A process that appends to a log on the real file system is killed at some moment, again and again, and the log goes on
//! where it was: what was acknowledged is there, nothing else but perhaps the last batch. `KILL_ROUNDS` sets how often.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a child that cannot be started fails the test")]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use std::{env, fs, process, thread};

use kafka_log::format::batch::RecordBatch;
use kafka_log::fs::OsFs;
use kafka_log::log::types::FetchIsolation;
use kafka_log::log::{Log, LogOptions};
use kafka_log::segment::batch::Batches;
use tests::Random;

/// A batch: last offset and checksum.
type Batch = (i64, u32);

/// What the children have told.
#[derive(Default)]
struct Told {
    batches: BTreeMap<i64, Batch>,
    start: i64,
    /// A truncation that may have happened.
    cutting: Option<i64>,
    /// A log start that may have been set.
    starting: Option<i64>,
    appends: usize,
    flushes: usize,
}

impl Told {
    fn hear(&mut self, line: &str) {
        let mut words = line.split(' ');
        let verb = words.next().unwrap();
        let numbers: Vec<i64> = words.map(|word| word.parse().unwrap()).collect();
        match (verb, numbers.as_slice()) {
            ("open", _) => {}
            ("append", &[base, last, crc]) => {
                self.appends += 1;
                self.batches.insert(base, (last, crc as u32));
            }
            ("flush", _) => self.flushes += 1,
            ("cutting", &[offset]) => self.cutting = Some(offset),
            ("cut", _) => {
                let offset = self.cutting.take().unwrap();
                self.batches.retain(|_, (last, _)| *last < offset);
            }
            ("starting", &[offset]) => self.starting = Some(offset),
            ("start", _) => self.start = self.starting.take().unwrap(),
            _ => unreachable!("the child says {line:?}"),
        }
    }
}

struct Dir(PathBuf);

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Everything in the log, as its next start finds it.
fn found(dir: &Path, copy: &Path) -> (i64, BTreeMap<i64, Batch>) {
    if !dir.join("t-0").exists() {
        return (0, BTreeMap::new()); // killed before it made the directory
    }
    // On a copy: the child is to recover the files itself.
    let _ = fs::remove_dir_all(copy);
    fs::create_dir_all(copy.join("t-0")).unwrap();
    for entry in fs::read_dir(dir.join("t-0")).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), copy.join("t-0").join(entry.file_name())).unwrap();
    }
    let recovery_point = fs::read_to_string(dir.join("recovery-point")).map_or(0, |text| text.parse().unwrap());
    let options =
        LogOptions { had_clean_shutdown: false, recovery_point, config: Arc::default(), ..Default::default() };
    let (log, _) = Log::open(OsFs, &copy.join("t-0"), options).unwrap();
    let (mut batches, mut offset) = (BTreeMap::new(), log.log_start_offset());
    while offset < log.log_end_offset() {
        let bytes = log.read(offset, 1 << 20, FetchIsolation::LogEnd, true).unwrap().records.read().unwrap();
        let before = offset;
        for batch in Batches::new(&bytes) {
            let batch = batch.unwrap();
            let batch = RecordBatch::parse(batch.as_bytes()).unwrap();
            assert!(batch.is_valid(), "the batch at {}", batch.header().base_offset());
            let header = batch.header();
            batches.insert(header.base_offset(), (header.last_offset(), header.crc()));
            offset = header.last_offset() + 1;
        }
        if offset == before {
            break;
        }
    }
    (log.log_start_offset(), batches)
}

fn check(told: &mut Told, start: i64, found: BTreeMap<i64, Batch>, round: usize) {
    let start_max = told.start.max(told.starting.unwrap_or(0));
    assert!(start <= start_max.max(found.keys().next().copied().unwrap_or(0)), "round {round}: starts at {start}");
    // What may have been cut need not be there.
    let cut_from = told.cutting.unwrap_or(i64::MAX);
    for (base, batch) in told.batches.range(start_max..).filter(|(_, (last, _))| *last < cut_from) {
        assert_eq!(found.get(base), Some(batch), "round {round}: the batch at {base} was acknowledged");
    }
    // The last batch may have been written without having been acknowledged.
    let unknown: Vec<_> = found.iter().filter(|(base, batch)| told.batches.get(base) != Some(batch)).collect();
    let is_last = unknown.first().is_none_or(|(base, _)| found.keys().next_back() == Some(base));
    assert!(unknown.len() <= 1 && is_last, "round {round}: never acknowledged: {unknown:?}");
    told.batches = found;
    (told.cutting, told.starting) = (None, None);
}

#[test]
fn a_log_whose_process_is_killed_again_and_again_has_all_it_acknowledged() {
    let rounds: usize = env::var("KILL_ROUNDS").map_or(12, |rounds| rounds.parse().unwrap());
    let seed = tests::seed("KAFKA_SEED");
    let mut random = Random::new(seed);
    let dir = Dir(env::temp_dir().join(format!("kafka-log-kill-{}", process::id())));
    fs::create_dir_all(dir.0.join("data")).unwrap();
    let (data, copy) = (dir.0.join("data"), dir.0.join("copy"));
    let mut told = Told::default();
    for round in 0..rounds {
        let mut child = Command::new(env!("CARGO_BIN_EXE_crash-child"))
            .arg(&data)
            .arg(random.number().to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        // One child in four may be killed while it starts, however long that takes.
        let first = (random.below(4) > 0).then(|| lines.next().unwrap().unwrap());
        let reader = thread::spawn(move || {
            let mut heard = Vec::from_iter(first);
            // The pipe ends with the child.
            while let Some(Ok(line)) = lines.next() {
                heard.push(line);
            }
            heard
        });
        thread::sleep(Duration::from_millis(30 + random.below(150) as u64));
        child.kill().unwrap();
        let status = child.wait().unwrap();
        assert_eq!(status.code(), None, "round {round}: the child ended by itself");
        reader.join().unwrap().iter().for_each(|line| told.hear(line));
        let (start, found) = found(&data, &copy);
        check(&mut told, start, found, round);
    }
    println!(
        "{rounds} kills, {} appends, {} flushes, {} batches at the end",
        told.appends,
        told.flushes,
        told.batches.len()
    );
    assert!(told.appends > rounds, "the children did something");
}
