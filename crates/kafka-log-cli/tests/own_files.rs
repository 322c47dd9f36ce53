//! `kafka-log verify --state` and `--metrics`: only files that a run wrote itself are written, moved or removed.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that cannot run has failed")]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use kafka_log_cli::tool::{self, Terminals};
use serde_json::{Value, json};
use tests::fixtures;
use tests::hostile::tool::{Scratch, scratch};

/// Exit code, standard output, standard error.
fn run(args: &[&str]) -> (u8, String, String) {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let args = ["kafka-log"].iter().chain(args).map(Into::into);
    let code = tool::run(args, &mut out, &mut err, Terminals::default());
    (code, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
}

fn shown(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A log directory with one healthy partition, `data/orders-0`.
fn data(room: &Path) -> PathBuf {
    let data = room.join("data");
    let partition = data.join("orders-0");
    fs::create_dir_all(&partition).unwrap();
    for entry in fs::read_dir(fixtures::root().join("fixtures/orders-0")).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), partition.join(entry.file_name())).unwrap();
    }
    fs::write(data.join("recovery-point-offset-checkpoint"), "0\n0\n").unwrap();
    fs::write(data.join("meta.properties"), "version=1\ncluster.id=c\nnode.id=1\n").unwrap();
    data
}

fn head(level: &str) -> String {
    format!("{}\n", json!({"kind": "state", "version": 1, "level": level, "seed": 7}))
}

#[test]
fn a_file_that_no_run_wrote_is_refused_and_stays_as_it_is() {
    let room = Scratch(scratch());
    let data = data(&room.0);
    let file = room.0.join("notes.prom");
    let head_without_end = head("default").trim_end().to_owned();
    let newer = head("default").replace("\"version\":1", "\"version\":2");
    let quick = head("quick");
    for content in [
        &b"notes\nof last night\n"[..],
        b"notes without a line end",
        b"\n",
        b"\xff\xfe notes\n",
        b"{\"kind\":\"state\"}\n",
        b"{\"name\":\"a document\"}\n",
        b"# HELP node_cpu_seconds_total\n",
        &[b'x'; 100_000],
        head_without_end.as_bytes(),
        newer.as_bytes(),
        quick.as_bytes(),
    ] {
        for option in ["--state", "--metrics"] {
            fs::write(&file, content).unwrap();
            let (code, out, err) = run(&["verify", option, shown(&file), shown(&data)]);
            assert_eq!((code, out.as_str()), (3, ""), "{option} {:?}", String::from_utf8_lossy(content));
            assert!(err.starts_with("kafka-log: ") && err.contains("notes.prom: expected "), "{err}");
            assert_eq!(fs::read(&file).unwrap(), content);
        }
    }
    // Metrics are no state, and a state is no metrics.
    fs::write(&file, "# HELP kafka_log_verify_findings x\n").unwrap();
    assert_eq!(run(&["verify", "--state", shown(&file), shown(&data)]).0, 3);
    fs::write(&file, head("default")).unwrap();
    assert_eq!(run(&["verify", "--metrics", shown(&file), shown(&data)]).0, 3);
    assert_eq!(fs::read_dir(&room.0).unwrap().count(), 2, "nothing is left beside it");
}

#[test]
fn links_and_pipes_are_refused() {
    let room = Scratch(scratch());
    let data = data(&room.0);
    let (link, target, pipe) = (room.0.join("link"), room.0.join("target"), room.0.join("pipe"));
    symlink(&target, &link).unwrap();
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for option in ["--state", "--metrics"] {
        for content in [None, Some(""), Some("# HELP kafka_log_verify_findings x\n"), Some(&head("default"))] {
            content.map_or_else(|| drop(fs::remove_file(&target)), |content| fs::write(&target, content).unwrap());
            assert_eq!(run(&["verify", option, shown(&link), shown(&data)]).0, 3, "{option} {content:?}");
            assert_eq!(fs::read_to_string(&target).ok().as_deref(), content);
            assert!(link.is_symlink());
        }
        assert_eq!(run(&["verify", option, shown(&pipe), shown(&data)]).0, 3);
    }
}

#[test]
fn no_file_is_written_where_something_is_verified_or_under_a_name_of_kafkas() {
    let room = Scratch(scratch());
    let data = data(&room.0);
    let log = data.join("orders-0/00000000000000000000.log");
    let listed = |dir: &Path| fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name()).collect::<Vec<_>>();
    let before = (listed(&data), listed(&data.join("orders-0")), fs::read(&log).unwrap());
    symlink(&data, room.0.join("way")).unwrap();
    fs::create_dir(room.0.join("other")).unwrap();
    for (verified, file) in [
        ("data", "data/state"),
        ("data", "data/meta.properties"),
        ("data", "data/orders-0/state"),
        ("data", "data/orders-0/00000000000000000000.log"),
        ("data", "way/state"),
        ("way", "data/state"),
        ("data", "other/../data/state"),
        ("data/orders-0/00000000000000000000.log", "data/orders-0/state"),
        ("data", "other/00000000000000000000.log"),
        ("data", "other/meta.properties"),
        ("data", "missing/state"),
        ("data", ".."),
    ] {
        for option in ["--state", "--metrics"] {
            let (code, out, err) = run(&["verify", option, shown(&room.0.join(file)), shown(&room.0.join(verified))]);
            assert_eq!((code, out.as_str()), (3, ""), "{option} {file} beside {verified}: {err}");
        }
    }
    assert_eq!((listed(&data), listed(&data.join("orders-0")), fs::read(&log).unwrap()), before);
    assert_eq!(listed(&room.0.join("other")).len(), 0);
}

#[test]
fn a_state_that_was_tampered_with_is_not_believed() {
    let room = Scratch(scratch());
    let data = data(&room.0);
    let (state, metrics) = (room.0.join("state"), room.0.join("kafka.prom"));
    let partition = data.join("orders-0");
    let finding = json!({
        "kind": "finding", "code": "batch-checksum", "severity": "damage", "class": "damage", "path": partition,
        "expected": "\x1b]52;c;ZXZpbA==\x07", "found": "\x1b[2J", "remedy": "salvage",
    });
    let done = |verdict: &str, finding: &Value| json!({"kind": "done", "path": partition, "verdict": verdict, "findings": [finding]});
    let with = |key: &str, value: &str| {
        let mut changed = finding.clone();
        changed[key] = value.into();
        changed
    };
    let evil = "a\"} 1\nevil_metric{a=\"";
    for line in [
        done("clean", &with("severity", evil)),
        done("clean", &with("class", evil)),
        done("clean", &with("code", evil)),
        done("clean", &with("kind", "summary")),
        done(evil, &finding),
        json!({"kind": "done", "path": partition, "verdict": "clean"}),
    ] {
        fs::write(&state, format!("{}{line}\n", head("default"))).unwrap();
        let args = ["verify", "--state", shown(&state), "--metrics", shown(&metrics), "--output", "json", shown(&data)];
        let (code, out, _) = run(&args);
        assert_eq!(code, 0, "{line}: the partition is verified again: {out}");
        assert!(out.contains("\"kind\":\"partition\"") && !out.contains("evil"), "{out}");
        assert!(!fs::read_to_string(&metrics).unwrap().contains("evil"));
    }
    // A line that a run writes is believed, with the worst of its verdict and its findings.
    fs::write(&state, format!("{}{}\n", head("default"), done("clean", &finding))).unwrap();
    let (code, out, _) = run(&["verify", "--state", shown(&state), "--metrics", shown(&metrics), shown(&data)]);
    assert_eq!(code, 2, "{out}");
    assert!(!out.contains('\x1b'), "{out}");
    let text = fs::read_to_string(&metrics).unwrap();
    assert!(text.contains("kafka_log_verify_findings{severity=\"damage\",class=\"damage\"} 1\n"), "{text}");
    assert!(!state.exists());
}

#[test]
fn empty_files_and_those_of_earlier_runs_are_taken() {
    let room = Scratch(scratch());
    let data = data(&room.0);
    let (state, metrics) = (room.0.join("state"), room.0.join("kafka.prom"));
    fs::write(&state, "").unwrap();
    fs::write(&metrics, "").unwrap();
    for pause in [&["--pause-after", "0"][..], &[], &[]] {
        let args = ["verify", "--state", shown(&state), "--metrics", shown(&metrics), shown(&data)];
        let (code, _, err) = run(&[&args[..], pause].concat());
        assert_eq!((code, err.as_str()), (0, ""));
        assert_eq!(state.exists(), !pause.is_empty());
        assert!(fs::read_to_string(&metrics).unwrap().ends_with('\n'));
    }
    let left: Vec<_> = fs::read_dir(&room.0).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "the data and the metrics, no temporary file: {left:?}");
}

#[test]
fn numbers_that_no_run_can_keep_are_refused() {
    let data = fixtures::root().join("fixtures/orders-0");
    for (option, value) in [
        ("--threads", "0"),
        ("--threads", "1025"),
        ("--threads", "100000000"),
        ("--max-rate", "0"),
        ("--max-rate", "0MiB"),
    ] {
        let (code, out, err) = run(&["verify", option, value, shown(&data)]);
        assert_eq!((code, out.as_str()), (3, ""), "{option} {value}");
        let expected = if option == "--threads" { "a number from 1 to 1024" } else { "a number of bytes above 0" };
        assert!(err.contains(option) && err.contains(expected), "{err}");
    }
    assert_eq!(run(&["verify", "--threads", "3", "--max-rate", "1GiB", shown(&data)]).0, 0);
}
