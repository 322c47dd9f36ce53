//! No file makes a command take more memory than its limits allow: files far larger than Kafka writes them, and batches that decompress to
//! far more than they have.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that cannot run has failed")]

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};
use std::time::Duration;

use kafka_log::audit::AuditOptions;
use kafka_log::compression::{Codec, Compressor, DECOMPRESSED_MAX};
use kafka_log::format::batch::HEADER_SIZE_UP_TO_MAGIC;
use kafka_log::format::builder::{BatchFields, RecordBatchBuilder};
use kafka_log::format::checksum::crc32c;
use kafka_log::fs::{OsFs, SMALL_FILE_MAX};
use kafka_log::repair;
use tests::fixtures;
use tests::hostile::tool::{Scratch, scratch};
use tests::run::{Outcome, run};
use tests::sim::copy_tree;

const BASE: &str = "00000000000000000000";

/// Runs the tool with 1.5 GiB to address: the files below have 3.
fn kafka_log(args: &[&str], cwd: &Path) -> Outcome {
    let mut words = vec!["-c", "ulimit -v 1500000; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_kafka-log")];
    words.extend(args);
    let words: Vec<String> = words.into_iter().map(str::to_owned).collect();
    run(Path::new("/bin/sh"), &words, cwd, Duration::from_secs(120)).unwrap()
}

/// A log directory with one partition.
fn log_dir(scratch: &Scratch) -> PathBuf {
    let dir = scratch.0.join("data");
    let _ = fs::remove_dir_all(&dir);
    copy_tree(&OsFs, &fixtures::root().join("fixtures/orders-0"), &OsFs, &dir.join("orders-0")).unwrap();
    fs::write(dir.join("recovery-point-offset-checkpoint"), "0\n0\n").unwrap();
    dir
}

#[test]
fn a_file_that_is_far_too_large_is_refused_by_name_and_size() {
    let scratch = Scratch(scratch());
    // A file that follows from others is written again. The snapshot at the first offset is never read.
    for (name, code, limit) in [
        ("recovery-point-offset-checkpoint".to_owned(), 1, Some(SMALL_FILE_MAX)),
        ("orders-0/leader-epoch-checkpoint".to_owned(), 1, Some(SMALL_FILE_MAX)),
        ("orders-0/partition.metadata".to_owned(), 2, Some(SMALL_FILE_MAX)),
        ("orders-0/.kafka-log-repair/1.journal".to_owned(), 3, Some(SMALL_FILE_MAX)),
        (format!("orders-0/{BASE}.snapshot"), 0, None),
        (format!("orders-0/{BASE}.txnindex"), 2, Some(kafka_log::fs::ENTRY_FILE_MAX)),
    ] {
        let path = log_dir(&scratch).join(&name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        File::create(&path).unwrap().set_len(3 << 30).unwrap();
        let got = kafka_log(&["repair", "data"], &scratch.0);
        let said = String::from_utf8_lossy(&got.out) + String::from_utf8_lossy(&got.err);
        assert_eq!(got.code, Some(code), "{name}: {said}");
        let told = |limit: u64| {
            [name.clone(), limit.to_string(), (3u64 << 30).to_string()].iter().all(|part| said.contains(part))
        };
        assert!(limit.is_none_or(told), "{name}: {said}");
        for args in [
            &["verify", "--level", "deep", "data"][..],
            &["verify", "--predict", "data"],
            &["extract", "--to", "extracted", "data/orders-0"],
            &["repair", "--like-kafka", "data/orders-0"],
            &["inspect", &path.to_string_lossy()],
        ] {
            let got = kafka_log(args, &scratch.0);
            assert!(matches!(got.code, Some(0..=3)), "{name}: {args:?} was ended by a signal");
        }
        let _ = fs::remove_dir_all(scratch.0.join("extracted"));
    }
}

#[test]
fn an_index_that_no_log_makes_so_large_is_built_again() {
    let scratch = Scratch(scratch());
    let dir = log_dir(&scratch);
    for extension in ["index", "timeindex"] {
        let index = OpenOptions::new().write(true).open(dir.join(format!("orders-0/{BASE}.{extension}"))).unwrap();
        index.set_len(3 << 30).unwrap();
    }
    let got = kafka_log(&["repair", "data"], &scratch.0);
    let out = String::from_utf8_lossy(&got.out);
    for code in ["offset-index-size", "time-index-size"] {
        assert!(out.contains(&format!("rebuilt from the log ({code})")), "{out}");
    }
    for args in [&["verify", "--level", "deep", "--predict", "data"][..], &["repair", "--like-kafka", "data/orders-0"]]
    {
        assert!(matches!(kafka_log(args, &scratch.0).code, Some(0..=3)), "{args:?} was ended by a signal");
    }
}

#[test]
#[cfg_attr(debug_assertions, ignore = "it reads 2 GiB, for which an unoptimized build needs minutes")]
fn a_log_is_read_as_far_as_positions_of_kafka_reach() {
    let scratch = Scratch(scratch());
    let path = log_dir(&scratch).join(format!("orders-0/{BASE}.log"));
    let bytes = fs::metadata(&path).unwrap().len();
    OpenOptions::new().write(true).open(&path).unwrap().set_len(1 << 40).unwrap();
    let verified = kafka_log(&["verify", "data"], &scratch.0);
    assert!(String::from_utf8_lossy(&verified.out).contains("segment-size: expected at most 2147483647 bytes"));
    let repaired = kafka_log(&["repair", "--apply", "data"], &scratch.0);
    assert_eq!(repaired.code, Some(1), "{}", String::from_utf8_lossy(&repaired.err));
    assert_eq!(fs::metadata(&path).unwrap().len(), bytes);
}

/// A compressed batch of 100,000 bytes of text, with a checksum that holds and one record fewer than its header counts.
fn batch_with_a_record_missing() -> Vec<u8> {
    let mut builder = RecordBatchBuilder::new(BatchFields { codec: Codec::Gzip, ..BatchFields::default() });
    builder.append(0, 1_700_000_000_000, None, Some(&[b'x'; 100_000]), &[]).unwrap();
    let mut bytes = Vec::new();
    builder.finish(&mut Compressor::new(), &mut bytes).unwrap();
    // The last delta and the number of records.
    (bytes[26], bytes[60]) = (1, 2);
    let crc_at = HEADER_SIZE_UP_TO_MAGIC;
    let crc = crc32c(&bytes[crc_at + 4..]);
    bytes[crc_at..crc_at + 4].copy_from_slice(&crc.to_be_bytes());
    bytes
}

#[test]
fn a_batch_is_decompressed_up_to_the_limit_that_is_asked_for() {
    let scratch = Scratch(scratch());
    let dir = scratch.0.join("bad-0");
    fs::create_dir_all(&dir).unwrap();
    fs::write(dir.join(format!("{BASE}.log")), batch_with_a_record_missing()).unwrap();
    // What is not looked into is taken for good.
    let limit = ["--max-decompressed-bytes", "1000B"];
    let repaired = |limit: &[&str]| {
        let got = kafka_log(&[&["repair"], limit, &["bad-0"]].concat(), &scratch.0);
        String::from_utf8(got.out).unwrap()
    };
    assert_ne!(repaired(&[]), repaired(&limit));
    assert_eq!(repaired(&["--shallow"]), repaired(&limit));
    let extracted =
        |limit: &[&str], to: &str| kafka_log(&[&["extract", "--to", to], limit, &["bad-0"]].concat(), &scratch.0).code;
    assert_eq!((extracted(&[], "without"), extracted(&limit, "with")), (Some(2), Some(0)));
}

#[test]
fn all_commands_have_the_same_limit_on_decompressed_bytes() {
    let found = [
        AuditOptions::default().decompressed_max,
        repair::Options::default().decompressed_max,
        repair::ExtractOptions::default().decompressed_max,
    ];
    assert_eq!(found, [DECOMPRESSED_MAX; 3]);
    for verb in ["verify", "repair", "extract"] {
        let help = kafka_log(&[verb, "--help"], Path::new("."));
        let help = String::from_utf8(help.out).unwrap();
        let option = help.split("--max-decompressed-bytes").nth(1).unwrap();
        assert!(option.contains("256MiB"), "{verb}: {option}");
    }
}
