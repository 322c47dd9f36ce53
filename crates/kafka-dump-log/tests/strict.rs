//! `--strict`: the exit code tells whether anything is wrong. Kafka's own findings, as recorded, are the yardstick.

#![expect(clippy::unwrap_used, reason = "a test that cannot run has failed")]

use std::path::Path;
use std::time::Duration;

use tests::fixtures::{self, Case};
use tests::run::{Outcome, run};

const BINARY: &str = env!("CARGO_BIN_EXE_kafka-dump-log");

fn strict(args: &[String], cwd: &Path) -> Outcome {
    let args: Vec<_> = args.iter().cloned().chain(["--strict".to_owned()]).collect();
    run(Path::new(BINARY), &args, cwd, Duration::from_secs(60)).unwrap()
}

/// Whether Kafka's tool said something about the file that is wrong, or died of it. Offsets that do not follow one
/// another are what the cleaner leaves.
fn is_flagged(case: &Case) -> bool {
    let says = |text: &[u8], what: &str| text.windows(what.len()).any(|part| part == what.as_bytes());
    let in_err = [
        "Exception in thread",
        "Mismatches in :",
        "timestamp mismatch in :",
        "out of order timestamp in :",
        "indexed offsets are not found in :",
        "Snapshot ",
    ];
    let in_out = [" isvalid: false", " isValid: false", " invalid bytes at the end of "];
    in_err.iter().any(|what| says(&case.err, what)) || in_out.iter().any(|what| says(&case.out, what))
}

fn each_case(scenario: &str, is_right: impl Fn(&Case, Option<i32>) -> bool) {
    let cwd = fixtures::scenario(scenario);
    let mut wrong = Vec::new();
    for case in fixtures::cases(scenario) {
        let got = strict(&case.args, &cwd);
        if !is_right(&case, got.code) {
            wrong.push(format!("{}: {:?} {}", case.id, got.code, String::from_utf8_lossy(&got.err)));
        }
    }
    assert!(wrong.is_empty(), "{scenario}:\n{}", wrong.join("\n"));
}

#[test]
fn whatever_kafka_finds_wrong_in_damaged_logs_and_indexes_gives_1() {
    for scenario in ["damage-bit-flips", "damage-tails", "damage-offset-index", "damage-time-index"] {
        each_case(scenario, |case, code| !is_flagged(case) || code == Some(1));
    }
}

#[test]
fn whatever_kafka_finds_wrong_in_damaged_snapshots_gives_1() {
    each_case("damage-producer-state", |case, code| !is_flagged(case) || code == Some(1));
}

#[test]
fn an_index_that_a_starting_broker_would_build_anew_gives_1_without_being_asked_for() {
    let cwd = fixtures::scenario("damage-offset-index");
    let cases = fixtures::cases("damage-offset-index");
    let insane = cases.iter().filter(|case| case.args[0] == "--index-sanity-check" && case.code == 1);
    let mut count = 0;
    for case in insane {
        let got = strict(&case.args[1..], &cwd);
        assert_eq!(got.code, Some(1), "{}: {}", case.id, String::from_utf8_lossy(&got.err));
        count += 1;
    }
    assert!(count > 0);
}

#[test]
fn everything_that_an_orderly_broker_leaves_gives_0() {
    for scenario in fixtures::names() {
        let is_damaged = scenario.starts_with("damage-") || scenario == "usage";
        if is_damaged || scenario == "broker-unclean-preallocated" {
            continue;
        }
        let cwd = fixtures::scenario(&scenario);
        let (mut args, mut files) = (vec!["--deep-iteration".to_owned()], Vec::new());
        for entry in std::fs::read_dir(&cwd).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            if entry.path().is_file() && name != "cases.json" {
                files.push(name);
            } else if entry.path().is_dir() && !name.starts_with("expected") {
                args.extend(["--dir".to_owned(), name]);
            }
        }
        if !files.is_empty() {
            args.extend(["--files".to_owned(), files.join(",")]);
        }
        let got = strict(&args, &cwd);
        assert_eq!(got.code, Some(0), "{scenario}: {}", String::from_utf8_lossy(&got.err));
    }
}

#[test]
fn a_file_that_cannot_be_read_gives_2_and_the_others_are_dumped_all_the_same() {
    let cwd = fixtures::scenario("format-v2-none");
    let folder = fixtures::scenario("format-v2-none").join("eu-rides-2");
    let log = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let log = log.filter(|path| path.extension().is_some_and(|e| e == "log")).min().unwrap();
    let got = strict(&["--files".into(), format!("00000000000000000000.missing.log,{}", log.display())], &cwd);
    assert_eq!(got.code, Some(2));
    assert!(String::from_utf8_lossy(&got.out).contains("baseOffset: "));
    let err = String::from_utf8(got.err).unwrap();
    assert!(err.starts_with("kafka-dump-log: 00000000000000000000.missing.log: error unreadable: "), "{err}");
    assert_eq!(strict(&["--dir".into(), "no-such-folder".into()], &cwd).code, Some(2));
    assert_eq!(strict(&["--files".into(), "a.log".into(), "--max-bytes".into(), "x".into()], &cwd).code, Some(2));
}
