//! Mutants of small files that Kafka wrote, dumped by Kafka's tool and by ours with the same random options.
//!
//! `dump-differential COUNT SEED [ONLY]`: ONLY is the number of a single case. What differs is kept below the target folder.

#![expect(clippy::print_stdout, reason = "this is a program")]

mod case;
mod donors;
mod index;
mod kafka;
mod log;
mod numbers;
mod records;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;
use std::{env, fs, io, thread};

use tests::Random;
use tests::compare::differences;
use tests::fixtures::{self, Case as Recorded};
use tests::hostile::tool::{Scratch, scratch};
use tests::run::Outcome;

use case::Case;
use donors::Donors;
use kafka::Kafka;

/// Calls on their way at a time.
const AT_A_TIME: usize = 100;
const SHOWN_MAX: usize = 20;
/// A call of ours that takes longer is one that never ends.
const LIMIT: Duration = Duration::from_secs(60);

fn main() -> io::Result<ExitCode> {
    let mut args = env::args().skip(1).map(|arg| arg.parse::<u64>().map_err(io::Error::other));
    let count = args.next().unwrap_or(Ok(4000))?;
    let seed = args.next().unwrap_or(Ok(1))?;
    let numbers = match args.next() {
        None => 0..count as usize,
        Some(only) => only.map(|only| only as usize..only as usize + 1)?,
    };
    let kept = fixtures::root().join("target/dump-differential").join(seed.to_string());
    let donors = Donors::load();
    let scratch = Scratch(scratch());
    let [work, results] = ["work", "results"].map(|name| scratch.0.join(name));
    fs::create_dir_all(&results)?;
    fs::create_dir_all(&work)?;
    env::set_current_dir(&work)?;
    let mut kafka = Kafka::start(&work, &results)?;
    let (mut differing, mut left_out) = (0, 0);
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    let all: Vec<usize> = numbers.clone().collect();
    for numbers in all.chunks(AT_A_TIME) {
        let mut cases = Vec::new();
        for &number in numbers {
            let mut random = Random::new(Random::new(seed ^ (number as u64) << 32).number());
            let case = case::make(&mut random, &donors, number);
            write(&case, Path::new(&case.id))?;
            let ours = ours(&case)?;
            kafka.ask(&case)?;
            cases.push((case, ours));
        }
        for (case, ours) in cases {
            let want = kafka.answer(&case)?;
            *kinds.entry(kind(&want)).or_default() += 1;
            if want.err.windows(16).any(|text| text == b"OutOfMemoryError") {
                left_out += 1;
            } else {
                let said = compare(&want, &ours, &work);
                if !said.is_empty() {
                    differing += 1;
                    if differing <= SHOWN_MAX {
                        println!(
                            "DIFFERS {seed}/{} from {}: {:?}\n  {}",
                            case.id,
                            case.from,
                            case.args,
                            said.join("\n  ")
                        );
                    }
                    write(&case, &kept.join(&case.id))?;
                }
            }
            fs::remove_dir_all(&case.id)?;
        }
    }
    println!(
        "seed {seed}: {} calls {kinds:?}, {left_out} of them without memory enough for Kafka, {differing} differ",
        numbers.len()
    );
    if differing > 0 {
        println!("their files are kept in {}", kept.display());
    }
    Ok(ExitCode::from(u8::from(differing > 0)))
}

/// How Kafka's tool ended.
fn kind(want: &Recorded) -> &'static str {
    match want {
        want if want.code == 0 && want.err.is_empty() => "silent",
        want if want.code == 0 => "reports",
        _ => "dies",
    }
}

fn write(case: &Case, folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for (name, bytes) in &case.files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap_or(folder))?;
        fs::write(path, bytes)?;
    }
    Ok(())
}

/// Runs our tool on a thread of its own, so that one that hangs or panics is an outcome too.
fn ours(case: &Case) -> io::Result<Outcome> {
    let args: Vec<OsString> = case.args.iter().map(OsString::from).collect();
    let tool = thread::spawn(move || {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let code = kafka_log_cli::dump::run(args.into_iter(), &mut out, &mut err);
        Outcome { code: Some(code.into()), out, err }
    });
    let mut waited = Duration::ZERO;
    while !tool.is_finished() {
        if waited > LIMIT {
            return Err(io::Error::other(format!("{}: ours does not end: {:?}", case.id, case.args)));
        }
        let pause = Duration::from_micros(200);
        thread::sleep(pause);
        waited += pause;
    }
    let panicked = |_| Outcome { code: None, out: Vec::new(), err: b"panicked at".to_vec() };
    Ok(tool.join().unwrap_or_else(panicked))
}

/// As for recorded cases, and the order of the closing report must be Kafka's too.
fn compare(want: &Recorded, ours: &Outcome, cwd: &Path) -> Vec<String> {
    let mut said = differences(want, ours, cwd);
    if said.is_empty() && want.code == 0 && want.err != ours.err {
        said.push("the order of the closing report".to_owned());
    }
    said
}
