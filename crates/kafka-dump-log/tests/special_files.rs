//! Files that are no ordinary ones: devices, pipes, more bytes than Kafka maps. What is expected is what Kafka's tool did
//! with the same files; for a pipe it waits forever.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that cannot run has failed")]

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use kafka_log::compression::Compressor;
use kafka_log::format::builder::{BatchFields, RecordBatchBuilder};
use tests::fixtures;
use tests::hostile::tool::{Scratch, scratch};
use tests::run::{Outcome, run};

fn dump(folder: &Path, file: &str) -> Outcome {
    let args = ["--files".to_owned(), file.to_owned()];
    run(Path::new(env!("CARGO_BIN_EXE_kafka-dump-log")), &args, folder, Duration::from_secs(60)).unwrap()
}

fn copy_log(to: &Path) {
    fs::copy(fixtures::root().join("fixtures/orders-0/00000000000000000000.log"), to).unwrap();
}

#[test]
fn a_device_is_an_empty_file() {
    let folder = Scratch(scratch());
    for ending in ["log", "txnindex", "snapshot", "index", "timeindex"] {
        symlink("/dev/null", folder.0.join(format!("0.{ending}"))).unwrap();
    }
    symlink("/dev/zero", folder.0.join("1.log")).unwrap();
    for (file, out, err) in [
        ("0.log", "Log starting offset: 0\n", ""),
        ("1.log", "Log starting offset: 1\n", ""),
        ("0.txnindex", "", ""),
        ("0.snapshot", "", "Snapshot failed schema validation: null\n"),
        ("0.index", "0.index is empty.\n", ""),
        ("0.timeindex", "", ""),
    ] {
        let got = dump(&folder.0, file);
        assert_eq!(String::from_utf8(got.out).unwrap(), format!("Dumping {file}\n{out}"));
        assert_eq!((got.code, String::from_utf8(got.err).unwrap().as_str()), (Some(0), err), "{file}");
    }
}

#[test]
fn an_index_of_more_than_2_gib_is_refused() {
    let folder = Scratch(scratch());
    copy_log(&folder.0.join("0.log"));
    File::create(folder.0.join("0.index")).unwrap().set_len(1 << 31).unwrap();
    File::create(folder.0.join("0.timeindex")).unwrap().set_len(24).unwrap();
    for file in ["0.index", "0.timeindex"] {
        let got = dump(&folder.0, file);
        assert_eq!((got.code, got.out), (Some(1), format!("Dumping {file}\n").into_bytes()));
        assert!(String::from_utf8(got.err).unwrap().ends_with("expected at most 2147483647 bytes, found 2147483648\n"));
    }
}

#[test]
fn nobody_waits_for_the_writer_of_a_pipe_beside_an_index() {
    let folder = Scratch(scratch());
    let pipe = |name: &str| assert!(Command::new("mkfifo").arg(folder.0.join(name)).status().unwrap().success());
    pipe("0.log");
    pipe("1.index");
    copy_log(&folder.0.join("1.log"));
    for name in ["0.index", "1.timeindex"] {
        File::create(folder.0.join(name)).unwrap().set_len(24).unwrap();
    }
    for (file, pipe) in [("0.index", "0.log"), ("1.index", "1.index"), ("1.timeindex", "1.index")] {
        let got = dump(&folder.0, file);
        assert_eq!(got.code, Some(1));
        assert!(String::from_utf8(got.err).unwrap().ends_with(&format!("{pipe}: expected a regular file\n")), "{file}");
    }
}

#[test]
fn a_batch_without_records_is_not_asked_for_its_codec() {
    let folder = Scratch(scratch());
    let fields = BatchFields { last_offset: Some(9), max_timestamp: Some(5), ..BatchFields::default() };
    let mut batch = Vec::new();
    RecordBatchBuilder::new(fields).finish(&mut Compressor::new(), &mut batch).unwrap();
    // There is no codec 7.
    batch[22] = 7;
    fs::write(folder.0.join("0.log"), batch).unwrap();
    fs::write(folder.0.join("0.index"), []).unwrap();
    fs::write(folder.0.join("0.timeindex"), [&5i64.to_be_bytes()[..], &9i32.to_be_bytes()].concat()).unwrap();
    let got = dump(&folder.0, "0.timeindex");
    assert_eq!(got.code, Some(0), "{}", String::from_utf8_lossy(&got.err));
    assert_eq!(String::from_utf8(got.out).unwrap(), "Dumping 0.timeindex\ntimestamp: 5 offset: 9\n");
    assert!(String::from_utf8(got.err).unwrap().contains("Index timestamp: 5, log timestamp: -1"));
}
