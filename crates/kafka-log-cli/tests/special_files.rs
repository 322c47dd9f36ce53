//! A FIFO, a socket or a device in the place of a file: no command waits for it or opens it.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that cannot run has failed")]

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use kafka_log::fs::OsFs;
use tests::fixtures;
use tests::hostile::tool::{Scratch, scratch};
use tests::run::{Outcome, run};
use tests::sim::copy_tree;

/// Far more than any of these takes: one that waits never ends.
const LIMIT: Duration = Duration::from_secs(60);

const BASE: &str = "00000000000000000000";

fn kafka_log(args: &[&str], cwd: &Path) -> Outcome {
    let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
    run(Path::new(env!("CARGO_BIN_EXE_kafka-log")), &args, cwd, LIMIT).unwrap()
}

/// Puts something else in the place of a file.
type Replace = fn(&Path);

const KINDS: [(&str, Replace); 3] = [
    ("a FIFO", |path| assert!(Command::new("mkfifo").arg(path).status().unwrap().success())),
    ("a socket", |path| drop(UnixListener::bind(path).unwrap())),
    ("a character device", |path| symlink("/dev/zero", path).unwrap()),
];

/// A log directory with one partition, in which `name` is something else.
fn log_dir(scratch: &Scratch, name: &str, replace: Replace) -> PathBuf {
    let dir = scratch.0.join("data");
    let _ = fs::remove_dir_all(&dir);
    copy_tree(&OsFs, &fixtures::root().join("fixtures/orders-0"), &OsFs, &dir.join("orders-0")).unwrap();
    fs::write(dir.join("recovery-point-offset-checkpoint"), "0\n0\n").unwrap();
    let path = dir.join(name);
    let _ = fs::remove_file(&path);
    replace(&path);
    dir
}

#[test]
fn nothing_waits_for_what_is_no_file() {
    let scratch = Scratch(scratch());
    for name in [
        format!("orders-0/{BASE}.log"),
        format!("orders-0/{BASE}.index"),
        format!("orders-0/{BASE}.timeindex"),
        format!("orders-0/{BASE}.txnindex"),
        format!("orders-0/{BASE}.snapshot"),
        "orders-0/leader-epoch-checkpoint".to_owned(),
        "orders-0/partition.metadata".to_owned(),
        "recovery-point-offset-checkpoint".to_owned(),
        "meta.properties".to_owned(),
    ] {
        for (kind, replace) in KINDS {
            let dir = log_dir(&scratch, &name, replace);
            let place = format!("{kind} as {name}");
            for level in ["quick", "default", "deep"] {
                let got = kafka_log(&["verify", "--level", level, "data"], &scratch.0);
                let out = String::from_utf8_lossy(&got.out);
                let told = format!("expected a regular file, found {kind}");
                // A snapshot is read where it is compared with the batches before it: not at the start of the log.
                let is_read = !name.ends_with("snapshot") && (level != "quick" || !name.ends_with("txnindex"));
                assert!(out.contains(&told) || !is_read, "{place}: level {level} says\n{out}");
                assert!(matches!(got.code, Some(0..=2)), "{place}: level {level} ends with {:?}", got.code);
            }
            let path = dir.join(&name);
            for args in [
                &["verify", "--predict", "data"][..],
                &["repair", "data"],
                &["repair", "--like-kafka", "data/orders-0"],
                &["inspect", &path.to_string_lossy()],
                &["inspect", "data"],
                &["extract", "--to", "extracted", "data/orders-0"],
            ] {
                let got = kafka_log(args, &scratch.0);
                assert!(got.code.is_some(), "{place}: {args:?} was ended by a signal");
            }
            let _ = fs::remove_dir_all(scratch.0.join("extracted"));
        }
    }
}
