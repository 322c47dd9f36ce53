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

/// Each of the cases in which Kafka found something wrong gives 1 or 2, and there are as many of these as were recorded.
fn flagged_cases_give_1_or_2(scenario: &str, flagged: usize) {
    let cwd = fixtures::scenario(scenario);
    let cases: Vec<Case> = fixtures::cases(scenario).into_iter().filter(is_flagged).collect();
    assert_eq!(cases.len(), flagged, "{scenario}");
    let mut wrong = Vec::new();
    for case in cases {
        let got = strict(&case.args, &cwd);
        if !matches!(got.code, Some(1 | 2)) {
            wrong.push(format!("{}: {:?} {}", case.id, got.code, String::from_utf8_lossy(&got.err)));
        }
    }
    assert!(wrong.is_empty(), "{scenario}:\n{}", wrong.join("\n"));
}

#[test]
fn whatever_kafka_finds_wrong_in_damaged_logs_and_indexes_gives_1_or_2() {
    flagged_cases_give_1_or_2("damage-bit-flips", 212);
    flagged_cases_give_1_or_2("damage-tails", 113);
    flagged_cases_give_1_or_2("damage-offset-index", 54);
    flagged_cases_give_1_or_2("damage-time-index", 48);
}

#[test]
fn whatever_kafka_finds_wrong_in_damaged_snapshots_gives_1_or_2() {
    flagged_cases_give_1_or_2("damage-producer-state", 48);
}

#[test]
fn an_index_that_a_starting_broker_would_rebuild_is_a_finding_without_being_asked_for() {
    let cwd = fixtures::scenario("damage-offset-index");
    let cases = fixtures::cases("damage-offset-index");
    let insane = cases.iter().filter(|case| case.args[0] == "--index-sanity-check" && case.code == 1);
    let mut count = 0;
    for case in insane {
        let got = strict(&case.args[1..], &cwd);
        assert!(matches!(got.code, Some(1 | 2)), "{}: {}", case.id, String::from_utf8_lossy(&got.err));
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
        let err = String::from_utf8_lossy(&got.err);
        // Some scenarios are logs without the indexes that a broker writes with them.
        let is_missing =
            |line: &str| line.contains(": offset-index-missing: ") || line.contains(": time-index-missing: ");
        let mut findings = err.lines().filter(|line| line.starts_with("kafka-dump-log: ")).peekable();
        let expected = if findings.peek().is_some() { Some(1) } else { Some(0) };
        assert!(got.code == expected && findings.all(is_missing), "{scenario}: {:?} {err}", got.code);
    }
}

#[test]
fn a_file_that_is_not_there_gives_3_and_the_others_are_dumped_all_the_same() {
    let cwd = fixtures::scenario("format-v2-none");
    let folder = fixtures::scenario("format-v2-none").join("eu-rides-2");
    let log = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let log = log.filter(|path| path.extension().is_some_and(|e| e == "log")).min().unwrap();
    let got = strict(&["--files".into(), format!("00000000000000000000.missing.log,{}", log.display())], &cwd);
    assert_eq!(got.code, Some(3));
    assert!(String::from_utf8_lossy(&got.out).contains("baseOffset: "));
    let err = String::from_utf8(got.err).unwrap();
    assert!(err.starts_with("kafka-dump-log: damage 00000000000000000000.missing.log: read-failed: "), "{err}");
    assert_eq!(strict(&["--dir".into(), "no-such-folder".into()], &cwd).code, Some(3));
    let unknown = strict(&["--files".into(), "cases.json".into()], &cwd);
    assert_eq!(unknown.code, Some(3), "a file that was named was not looked at");
    assert!(String::from_utf8_lossy(&unknown.err).contains("note cases.json: unknown-file: "));
    assert_eq!(strict(&["--files".into(), "a.log".into(), "--max-bytes".into(), "x".into()], &cwd).code, Some(3));
}
