//! `kafka-log compare`: whether replicas are equal, and where they are not.

#![expect(clippy::unwrap_used, reason = "a test that cannot run has failed")]

use std::fs;
use std::path::{Path, PathBuf};

use kafka_log_cli::tool::{self, Terminals};
use serde_json::Value;
use tests::fixtures;
use tests::hostile::tool::{Scratch, scratch};

const LOG: &str = "00000000000000000000.log";

/// Copies of a partition on this many brokers.
fn replicas(count: usize) -> (Scratch, Vec<PathBuf>) {
    let scratch = Scratch(scratch());
    let source = fixtures::root().join("fixtures/orders-0").join(LOG);
    let paths: Vec<PathBuf> = (0..count).map(|number| scratch.0.join(format!("{number}/orders-0"))).collect();
    for path in &paths {
        fs::create_dir_all(path).unwrap();
        fs::copy(&source, path.join(LOG)).unwrap();
    }
    (scratch, paths)
}

fn compare(paths: &[PathBuf], is_json: bool) -> (u8, String) {
    let options = if is_json { &["kafka-log", "compare", "--json"][..] } else { &["kafka-log", "compare"] };
    let args = options.iter().map(Into::into).chain(paths.iter().map(|path| path.clone().into_os_string()));
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let code = tool::run(args, &mut out, &mut err, Terminals::default());
    (code, String::from_utf8([out, err].concat()).unwrap())
}

fn change(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(path.join(LOG)).unwrap();
    change(&mut bytes);
    fs::write(path.join(LOG), bytes).unwrap();
}

#[test]
fn equal_replicas_are_told_apart_from_those_that_differ() {
    let (_scratch, paths) = replicas(3);
    let (code, said) = compare(&paths, false);
    assert!(
        code == 0 && said.starts_with("orders-0: ") && said.contains(" batches are equal, offsets 0 to "),
        "{said}"
    );

    // The second batch, at offset 3, of another epoch: the checksum does not cover it.
    let second = 403;
    change(&paths[1], |bytes| bytes[second + 12..second + 16].copy_from_slice(&9_i32.to_be_bytes()));
    let (code, said) = compare(&paths, false);
    assert!(code == 2 && said.contains("offsets 3-8: leader epoch") && said.contains("leader epoch 9"), "{said}");

    // The checksum does not match the bytes.
    let (_scratch, paths) = replicas(2);
    change(&paths[0], |bytes| bytes[second + 100] ^= 1);
    let (code, said) = compare(&paths, true);
    let lines: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let kinds: Vec<_> = lines.iter().map(|line| line["kind"].as_str().unwrap()).collect();
    assert_eq!((code, kinds), (2, vec!["run", "difference", "comparison"]));
    assert_eq!(lines[1]["reason"], "wrong-checksum");
    assert_eq!((lines[1]["first_offset"].as_i64(), lines[1]["last_offset"].as_i64()), (Some(3), Some(8)));
    assert_eq!(lines[1]["replicas"][0]["is_valid"], false);
    assert_eq!(lines[2]["differences"], 1);
}

#[test]
fn what_a_replica_lacks_counts_below_the_high_watermark() {
    let (_scratch, paths) = replicas(2);
    change(&paths[1], |bytes| bytes.truncate(403));
    // Without a high watermark nothing says that the rest is committed.
    let (code, said) = compare(&paths, false);
    assert!(code == 0 && said.contains("1 batches are equal, offsets 0 to 3"), "{said}");
    let checkpoint = paths[0].parent().unwrap().join("replication-offset-checkpoint");
    fs::write(checkpoint, "0\n1\norders 0 9\n").unwrap();
    let (code, said) = compare(&paths, false);
    assert!(code == 2 && said.contains("offsets 3-8: missing") && said.contains("no batch"), "{said}");
}

#[test]
fn log_directories_are_compared_by_their_common_partitions() {
    let (scratch, paths) = replicas(2);
    fs::create_dir_all(scratch.0.join("0/orders-1")).unwrap();
    let dirs: Vec<PathBuf> = paths.iter().map(|path| path.parent().unwrap().to_owned()).collect();
    let (code, said) = compare(&dirs, false);
    assert_eq!((code, said.lines().count()), (0, 1), "{said}");
    let (code, _) = compare(&[scratch.0.join("none"), dirs[0].clone()], false);
    assert_eq!(code, 3);
    // A batch whose length cannot be.
    change(&paths[0], |bytes| bytes[403 + 8..403 + 12].copy_from_slice(&1_i32.to_be_bytes()));
    let (code, said) = compare(&paths, false);
    assert!(code == 2 && said.contains("position 403"), "{said}");
}
