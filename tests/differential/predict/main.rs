//! Fresh random damage, and what a start of Kafka makes of it: `make SEED COUNT DIR`, then Kafka's loader on copies, then
//! `compare DIR KAFKAS ANSWERS`.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a comparison that cannot run fails")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use kafka_log::audit::predict::{Outcome, PredictOptions, Stop, start};
use kafka_log::audit::{AuditOptions, verify_partition};
use kafka_log::format::producer_snapshot::{ProducerEntry, ProducerSnapshot};
use kafka_log::fs::overlay::OverlayFs;
use kafka_log::fs::{Fs, OsFs, exists, read_whole};
use kafka_log::log::config::LogConfig;
use tests::Random;
use tests::faults::{self, Partition, break_it};

mod beside;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["make", seed, count, dir] => {
            make(seed.parse().expect("a seed"), count.parse().expect("a number"), Path::new(dir));
            ExitCode::SUCCESS
        }
        ["compare", dir, kafkas, answers] => compare(Path::new(dir), Path::new(kafkas), Path::new(answers)),
        _ => ExitCode::from(2),
    }
}

/// Writes `DIR/N/TOPIC-0/`, each with one or two faults.
fn make(seed: u64, count: u64, dir: &Path) {
    let partitions = faults::partitions();
    for i in 0..count {
        let mut random = Random::new(seed.wrapping_mul(1_000_003).wrapping_add(i));
        let partition = &partitions[random.below(partitions.len())];
        let fs = OverlayFs::new(OsFs);
        println!("{i} {}", damage(&fs, partition, &mut random));
        if random.below(3) == 0 {
            // A file that the first one removed cannot be damaged once more.
            let other = OverlayFs::new(OsFs);
            let fault = damage(&other, partition, &mut random);
            let touched: Vec<_> = other.changes().into_iter().map(|change| change.path).collect();
            if touched.iter().all(|path| exists(&fs, path).unwrap() && !fs.changes().iter().any(|c| c.path == *path)) {
                println!("{i} {fault}");
                write_out(&other, &partition.dir, &place(dir, i, &partition.dir), &touched);
            }
        }
        let second = place(dir, i, &partition.dir);
        let kept: BTreeSet<_> = fs::read_dir(&second).into_iter().flatten().flatten().map(|e| e.file_name()).collect();
        let rest = fs
            .read_dir(&partition.dir)
            .unwrap()
            .into_iter()
            .filter(|entry| !kept.contains(std::ffi::OsStr::new(&entry.name)));
        let rest: Vec<PathBuf> = rest.map(|entry| partition.dir.join(entry.name)).collect();
        write_out(&fs, &partition.dir, &second, &rest);
    }
}

fn damage<F: Fs>(fs: &F, partition: &Partition, random: &mut Random) -> String {
    match random.below(3) {
        0 => beside::rewrite_beside(fs, partition, random),
        _ => format!("{:?}", break_it(fs, partition, random)),
    }
}

fn place(dir: &Path, number: u64, partition: &Path) -> PathBuf {
    dir.join(number.to_string()).join(partition.file_name().unwrap())
}

fn write_out<F: Fs>(fs: &F, from: &Path, to: &Path, paths: &[PathBuf]) {
    fs::create_dir_all(to).unwrap();
    for path in paths {
        if let Some(bytes) = read_whole(fs, path).unwrap() {
            fs::write(to.join(path.strip_prefix(from).unwrap()), bytes).unwrap();
        }
    }
}

/// Compares Kafka's answers, `N STOP TOPIC-0 START END` or `N STOP TOPIC-0 EXCEPTION`, and the files it left, with predictions.
fn compare(dir: &Path, kafkas: &Path, answers: &Path) -> ExitCode {
    let now_ms = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as i64;
    let config = LogConfig { index_interval_bytes: 100, segment_index_bytes: 65536, ..LogConfig::default() };
    let config = Arc::new(LogConfig { retention_ms: -1, max_message_bytes: 64 << 20, ..config });
    let (mut compared, mut refused, mut differ) = (0, 0, 0);
    for answer in fs::read_to_string(answers).unwrap().lines() {
        let words: Vec<_> = answer.split(' ').collect();
        let [number, stop, name, ref result @ ..] = words[..] else { continue };
        let options = PredictOptions {
            stop: if stop == "clean" { Stop::Clean } else { Stop::Unclean },
            config: Arc::clone(&config),
            log_start_offset: 0,
            recovery_point: 0,
            now_ms,
            and_close: true,
        };
        let partition = dir.join(number).join(name);
        let before = verify_partition(&OsFs, &partition, &AuditOptions::default()).unwrap();
        let (prediction, after) = start(&OsFs, &partition, &before, &options).unwrap();
        let said = match &prediction.outcome {
            Outcome::Opens(report) => format!("{} {}", report.log_start_offset, report.log_end_offset),
            Outcome::SetAside { why } => why.clone(),
            Outcome::Refuses { exception, message } => format!("{exception} {message}"),
        };
        let refuses_alike = matches!(&prediction.outcome, Outcome::Refuses { exception, .. } if result == [*exception]);
        compared += 1;
        let opens = matches!(prediction.outcome, Outcome::Opens(_));
        let mut found = Vec::new();
        if result.len() != 2 {
            refused += 1;
            if !refuses_alike {
                found.push(said);
            }
        } else if !opens || said != result.join(" ") {
            found.push(said);
        } else {
            found.extend(files_differ(&after, &partition, &kafkas.join(format!("{number}.{stop}")).join(name)));
        }
        if !found.is_empty() {
            differ += 1;
            println!("DIFFERS {answer}\n  {}", found.join("\n  "));
        }
    }
    println!("{compared} starts compared, {refused} of them refused by Kafka, {differ} differ");
    ExitCode::from(u8::from(differ > 0 || compared == 0))
}

fn files_differ<F: Fs>(ours: &F, dir: &Path, kafkas: &Path) -> Vec<String> {
    let names = |names: Vec<String>| names.into_iter().collect::<BTreeSet<_>>();
    let our_names = names(ours.read_dir(dir).unwrap().into_iter().map(|entry| entry.name).collect());
    let kafkas_names = names(OsFs.read_dir(kafkas).unwrap().into_iter().map(|entry| entry.name).collect());
    let mut found: Vec<_> =
        our_names.symmetric_difference(&kafkas_names).map(|name| format!("only one has {name}")).collect();
    for name in our_names.intersection(&kafkas_names) {
        let a = read_whole(ours, &dir.join(name)).unwrap().unwrap();
        let b = read_whole(&OsFs, &kafkas.join(name)).unwrap().unwrap();
        let is_same =
            a == b || name.ends_with(".snapshot") && producers(&a).is_some() && producers(&a) == producers(&b);
        if !is_same {
            found.push(format!("{name}: {} bytes, Kafka {}", a.len(), b.len()));
        }
    }
    found
}

/// The producers of a snapshot, whose order means nothing.
fn producers(bytes: &[u8]) -> Option<Vec<ProducerEntry>> {
    let mut entries: Vec<_> = ProducerSnapshot::read(bytes).ok()?.iter().collect();
    entries.sort_by_key(|entry| entry.producer_id);
    Some(entries)
}
