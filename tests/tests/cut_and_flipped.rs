//! Every file that Kafka wrote, cut at each byte of its first and last 4 KiB and with each bit of its first 1 KiB turned
//! over: a correct answer or a clear error. A sample by default; all of it with
//!
//!     HOSTILE_FULL=1 cargo test --release -p tests --test cut_and_flipped -- --nocapture
//!
//! `HOSTILE_FILE` picks the files whose path contains it, `KAFKA_SEED` repeats a sample.

#![expect(clippy::unwrap_used, clippy::panic, reason = "without its files the test can only fail")]

use std::collections::HashSet;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tests::Random;
use tests::fixtures;
use tests::hostile::tool::{self, Said, Scratch};
use tests::hostile::{self};
use tests::rewrite::batches;

const CUTS: usize = 4 * 1024;
const FLIPPED: usize = 1024;
/// Cuts and flips of each file in a sample.
const SAMPLE: usize = 8;
/// A run that takes longer hangs.
const LIMIT: Duration = Duration::from_secs(60);

/// Endings of the text files, and the target that reads each.
const TEXTS: &[(&str, &str)] = &[
    ("leader-epoch-checkpoint", "leader_epoch_checkpoint"),
    ("-offset-checkpoint", "offset_checkpoint"),
    ("partition.metadata", "partition_metadata"),
    ("meta.properties", "meta_properties"),
    ("quorum-state", "quorum_state"),
    (".kafka_cleanshutdown", "clean_shutdown"),
];

/// How a file is damaged.
#[derive(Clone, Copy, Debug)]
enum Damage {
    Cut(usize),
    Flip { byte: usize, bit: u8 },
}

impl Damage {
    fn apply(self, bytes: &[u8]) -> Vec<u8> {
        let mut damaged = bytes.to_vec();
        match self {
            Damage::Cut(at) => damaged.truncate(at),
            Damage::Flip { byte, bit } => damaged[byte] ^= 1 << bit,
        }
        damaged
    }
}

fn all_damages(len: usize) -> Vec<Damage> {
    let cuts = (0..len.min(CUTS)).chain(len.saturating_sub(CUTS).max(CUTS)..len).map(Damage::Cut);
    let flips = (0..len.min(FLIPPED)).flat_map(|byte| (0..8).map(move |bit| Damage::Flip { byte, bit }));
    cuts.chain(flips).collect()
}

/// A copy of one file and of what the tool reads beside it, and what the tool says of it while it is whole.
struct Copied {
    _folder: Scratch,
    file: PathBuf,
    bytes: Vec<u8>,
    options: &'static [&'static str],
    whole: Said,
    /// Where each batch ends in the file, and where in the output its first line starts.
    batches: Vec<(u64, usize)>,
}

impl Copied {
    fn new(path: &Path, options: &'static [&'static str]) -> Self {
        let folder = Scratch(tool::scratch());
        let file = folder.0.join(path.file_name().unwrap());
        for ending in ["log", "index", "timeindex"] {
            let beside = path.with_extension(ending);
            if beside.is_file() {
                fs::copy(&beside, folder.0.join(beside.file_name().unwrap())).unwrap();
            }
        }
        let bytes = fs::read(path).unwrap();
        fs::write(&file, &bytes).unwrap();
        let whole = tool::run(&file, options);
        tool::check(&file, &whole);
        let batches = if is_log(path) { printed_batches(&bytes, &whole.out) } else { Vec::new() };
        Copied { _folder: folder, file, bytes, options, whole, batches }
    }

    fn try_damage(&self, damage: Damage) {
        let damaged = damage.apply(&self.bytes);
        fs::write(&self.file, &damaged).unwrap();
        let said = tool::run(&self.file, self.options);
        tool::check(&self.file, &said);
        match damage {
            Damage::Cut(at) if is_log(&self.file) => {
                let whole = self.batches.iter().filter(|(end, _)| *end <= at as u64).count();
                let kept = if whole == 0 { 0 } else { self.batches[whole - 1].0 };
                let mut want = self.whole.out[..self.starts(whole)].to_vec();
                // After the batches of a preallocated file lie zeros, which are no batch: the whole file is damaged.
                let in_zeros = said.code == 1 && self.whole.code == 1;
                if at as u64 > kept && !in_zeros {
                    let name = self.file.file_name().unwrap().to_string_lossy();
                    let left = at as u64 - kept;
                    want.extend_from_slice(format!("Found {left} invalid bytes at the end of {name}\n").as_bytes());
                }
                assert!(said.code == 0 || in_zeros);
                assert!(said.out == want, "{}", String::from_utf8_lossy(&said.out));
            }
            Damage::Cut(_) => {
                let is_empty =
                    said.out.ends_with(b" is empty.\n") && said.out.iter().filter(|&&b| b == b'\n').count() == 2;
                let shown = String::from_utf8_lossy(&said.out);
                assert!(is_empty || self.whole.out.starts_with(&said.out), "{shown}");
            }
            Damage::Flip { byte, .. } if is_log(&self.file) => {
                let before = self.batches.iter().filter(|(end, _)| *end <= byte as u64).count();
                assert!(said.out.starts_with(&self.whole.out[..self.starts(before)]));
            }
            Damage::Flip { .. } => {}
        }
    }

    /// Where in the output the lines of this batch start.
    fn starts(&self, batch: usize) -> usize {
        self.batches.get(batch).map_or(self.whole.out.len(), |(_, start)| *start)
    }
}

fn is_log(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "log" || ending == "checkpoint")
}

/// The end of each batch and the start of its lines. None where the tool does not look into the file, for its name.
fn printed_batches(bytes: &[u8], out: &[u8]) -> Vec<(u64, usize)> {
    if out.split(|&b| b == b'\n').count() < 4 {
        return Vec::new();
    }
    let mut from = 0;
    let placed = batches(bytes).map(|batch| {
        let needle = format!(" position: {} ", batch.position);
        while let Some(len) = out[from..].iter().position(|&b| b == b'\n') {
            let (start, line) = (from, &out[from..from + len]);
            from += len + 1;
            let is_first = [&b"baseOffset: "[..], b"offset: "].iter().any(|head| line.starts_with(head));
            if is_first && String::from_utf8_lossy(line).contains(&needle) {
                return (batch.position + batch.as_bytes().len() as u64, start);
            }
        }
        panic!("no line of the batch at {}", batch.position)
    });
    placed.collect()
}

/// Files that differ in kind or content.
fn files() -> Vec<PathBuf> {
    let wanted = env::var("HOSTILE_FILE").unwrap_or_default();
    let mut seen = HashSet::new();
    let scenarios = fixtures::names().into_iter().filter(|name| !name.starts_with("damage-") && name != "usage");
    let files = scenarios.flat_map(|name| fixtures::files(&fixtures::scenario(&name)));
    files
        .filter(|path| path.to_string_lossy().contains(&wanted))
        .filter(|path| seen.insert((path.extension().map(ToOwned::to_owned), fs::read(path).unwrap())))
        .collect()
}

/// Ends the process when a run does not.
fn watch(progress: &'static AtomicU64) {
    std::thread::spawn(move || {
        loop {
            let before = progress.load(Ordering::Relaxed);
            std::thread::sleep(LIMIT);
            if progress.load(Ordering::Relaxed) == before {
                eprintln!("still at run {before} after {} s", LIMIT.as_secs());
                std::process::abort();
            }
        }
    });
}

#[test]
fn cut_and_flipped_files_get_a_correct_answer_or_a_clear_error() {
    static RUNS: AtomicU64 = AtomicU64::new(0);
    watch(&RUNS);
    let full = env::var_os("HOSTILE_FULL").is_some();
    let seed = tests::seed("KAFKA_SEED");
    let mut random = Random::new(seed);
    let (mut cuts, mut flips, mut tried) = (0, 0, 0);
    for path in files() {
        let bytes = fs::read(&path).unwrap();
        let mut damages = all_damages(bytes.len());
        if !full && !damages.is_empty() {
            damages = (0..2 * SAMPLE).map(|_| damages[random.below(damages.len())]).collect();
        }
        let name = path.file_name().unwrap().to_string_lossy();
        let text = TEXTS.iter().find(|(ending, _)| name.ends_with(ending));
        let by_tool = ["log", "checkpoint", "index", "timeindex", "txnindex", "snapshot"]
            .iter()
            .any(|kind| path.extension().is_some_and(|ending| ending == *kind));
        let copied = by_tool.then(|| Copied::new(&path, if is_log(&path) { &["--print-data-log"] } else { &[] }));
        tried += 1;
        for damage in damages {
            RUNS.fetch_add(1, Ordering::Relaxed);
            let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                if let Some(copied) = &copied {
                    copied.try_damage(damage);
                }
                if let Some((_, target)) = text {
                    hostile::check(target, &damage.apply(&bytes));
                }
            }));
            assert!(outcome.is_ok(), "{} {damage:?} (KAFKA_SEED={seed})", path.display());
            match damage {
                Damage::Cut(_) => cuts += 1,
                Damage::Flip { .. } => flips += 1,
            }
        }
    }
    println!("{tried} files, {cuts} cuts, {flips} flipped bits");
}
