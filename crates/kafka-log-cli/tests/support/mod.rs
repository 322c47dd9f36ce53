//! Damaged partitions on a real file system, and the tool as a process.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use kafka_log::fs::OsFs;
use tests::fixtures::scenario;
use tests::sim::copy_tree;

pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// A directory of its own for a test; removed with it.
pub(crate) struct Temp(PathBuf);

impl Temp {
    pub(crate) fn new(name: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&dir);
        fs::create_dir_all(&dir).unwrap();
        Temp(fs::canonicalize(dir).unwrap())
    }

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.0.join(below)
    }
}

impl Drop for Temp {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// All files below a directory. Symbolic links are not followed and have their target as content.
pub(crate) fn files(dir: &Path) -> Files {
    fn add(dir: &Path, below: &str, found: &mut Files) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            let name = format!("{below}/{}", path.file_name().unwrap().to_string_lossy());
            if path.is_symlink() {
                found.insert(name, fs::read_link(&path).unwrap().into_os_string().into_encoded_bytes());
            } else if path.is_dir() {
                add(&path, &name, found);
            } else {
                found.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    let mut found = BTreeMap::new();
    add(dir, "", &mut found);
    found
}

/// Without what repairs keep for themselves.
pub(crate) fn live(dir: &Path) -> Files {
    files(dir).into_iter().filter(|(name, _)| !name.contains(".kafka-log-repair")).collect()
}

/// Makes a partition with a damaged batch, a missing index and a bad epoch checkpoint.
pub(crate) fn damaged_partition(dir: &Path) {
    copy_tree(&OsFs, &scenario("broker-idempotent").join("main.alerts.dad-0"), &OsFs, dir).unwrap();
    let log = dir.join("00000000000000000036.log");
    let mut bytes = fs::read(&log).unwrap();
    bytes[200] ^= 0xff;
    fs::write(log, bytes).unwrap();
    fs::remove_file(dir.join("00000000000000000000.index")).unwrap();
    fs::write(dir.join("leader-epoch-checkpoint"), "garbage").unwrap();
}

/// Makes a log directory with three damaged partitions and a wrong checkpoint, as a broker leaves it that was stopped.
pub(crate) fn damaged_log_dir(dir: &Path) {
    for partition in 0..3 {
        damaged_partition(&dir.join(format!("orders-{partition}")));
    }
    fs::write(dir.join("replication-offset-checkpoint"), "0\n1\norders 0 9000\n").unwrap();
    fs::write(dir.join("meta.properties"), "version=1\ncluster.id=AAAAAAAAQACAAAAAAAAAAQ\nnode.id=1\n").unwrap();
    fs::write(dir.join(".lock"), "").unwrap();
}

pub(crate) fn tool(verb: &str, args: &[&str], paths: &[&Path]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kafka-log"));
    command.arg(verb).args(args).args(paths).stdin(Stdio::null());
    command
}

/// Runs the tool: exit code and what it says.
pub(crate) fn run(mut command: Command) -> (i32, String) {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let said = String::from_utf8_lossy(&stdout).into_owned() + &String::from_utf8_lossy(&stderr);
    (status.code().unwrap(), said)
}

/// Runs `kafka-log repair`.
pub(crate) fn repair(args: &[&str], path: &Path) -> (i32, String) {
    run(tool("repair", args, &[path]))
}
