//! What `kafka-log repair` and `kafka-log extract` write, on a real file system: never through a link to elsewhere, never
//! beside a running broker, never into their source, and never over what is not theirs.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a failing step fails the test")]

mod support;

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use support::{Temp, damaged_log_dir, damaged_partition, files, live, repair, run, tool};

/// Holds the lock of a log directory as a JVM does.
fn run_broker(log_dir: &Path) -> File {
    let lock = File::options().read(true).write(true).create(true).truncate(false).open(log_dir.join(".lock")).unwrap();
    rustix::fs::fcntl_lock(&lock, rustix::fs::FlockOperation::NonBlockingLockExclusive).unwrap();
    lock
}

#[test]
fn a_running_broker_is_noticed_through_any_link() {
    let temp = Temp::new("repair-links");
    let data = temp.path("data");
    damaged_log_dir(&data);
    // A partition on another disk.
    fs::create_dir(temp.path("disk")).unwrap();
    fs::rename(data.join("orders-1"), temp.path("disk/orders-1")).unwrap();
    symlink("../disk/orders-1", data.join("orders-1")).unwrap();
    symlink(data.join("orders-0"), temp.path("short")).unwrap();
    symlink(data.join("orders-1"), temp.path("shorter")).unwrap();
    symlink(&data, temp.path("logs")).unwrap();
    let before = files(&temp.path(""));
    let broker = run_broker(&data);
    for path in ["short", "shorter", "logs", "logs/orders-0", "data/orders-1", "short/00000000000000000036.log"] {
        for arg in ["--apply", "--undo"] {
            let (code, said) = repair(&[arg], &temp.path(path));
            assert_eq!(code, 3, "{path}: {said}");
            assert!(said.contains("data/.lock is locked"), "{path}: {said}");
        }
    }
    drop(broker);
    assert_eq!(files(&temp.path("")), before);
    for path in ["short", "shorter"] {
        assert_eq!(repair(&["--apply"], &temp.path(path)).0, 1, "{path}");
    }
    let (code, said) = repair(&["--undo"], &data);
    assert_eq!(code, 1, "{said}");
    assert_eq!(said.matches("is taken back").count(), 2, "the linked partition too: {said}");
    assert_eq!(files(&temp.path("")), before);
}

/// A damaged log directory with a partition on another disk and a link to itself.
fn linked_log_dir(temp: &Temp) -> PathBuf {
    let data = temp.path("data");
    damaged_log_dir(&data);
    fs::create_dir(temp.path("disk")).unwrap();
    fs::rename(data.join("orders-1"), temp.path("disk/moved")).unwrap();
    symlink("../disk/moved", data.join("orders-1")).unwrap();
    symlink(".", data.join("self")).unwrap();
    data
}

#[test]
fn a_log_directory_with_links_is_repaired_as_kafka_would_use_it() {
    let temp = Temp::new("repair-linked-partition");
    let data = linked_log_dir(&temp);
    let before = files(&temp.path(""));
    // Kafka takes the link to the directory itself for a partition with an impossible name.
    assert_eq!(repair(&["--apply"], &data).0, 2);
    assert!(temp.path("disk/moved/.kafka-log-repair").is_dir());
    fs::remove_file(data.join("self")).unwrap();
    assert_eq!(repair(&["--apply"], &data).0, 0);
    symlink(".", data.join("self")).unwrap();
    assert_eq!(repair(&["--undo"], &data).0, 1);
    assert_eq!(files(&temp.path("")), before);
}

#[test]
fn nothing_is_written_through_a_link_in_the_quarantine() {
    let temp = Temp::new("repair-quarantine-links");
    let (dir, elsewhere) = (temp.path("orders-0"), temp.path("elsewhere"));
    damaged_partition(&dir);
    fs::create_dir(&elsewhere).unwrap();
    let before = live(&dir);
    symlink(&elsewhere, dir.join(".kafka-log-repair")).unwrap();
    for arg in ["--apply", "--undo"] {
        let (code, said) = repair(&[arg], &dir);
        assert_eq!(code, 3, "{said}");
        assert!(said.contains("expected a directory that is no symbolic link"), "{said}");
    }
    assert_eq!(live(&dir), before);
    assert_eq!(files(&elsewhere).len(), 0);
    fs::remove_file(dir.join(".kafka-log-repair")).unwrap();

    // Links under the names of the files that the next repair and its undo write.
    assert_eq!(repair(&["--apply"], &dir).0, 1);
    fs::write(elsewhere.join("victim"), "secret").unwrap();
    for number in 1..4 {
        symlink(elsewhere.join("victim"), dir.join(format!(".kafka-log-repair/{number}.journal.tmp"))).unwrap();
        symlink(elsewhere.join("made"), dir.join(format!(".kafka-log-repair/{number}.new.x"))).unwrap();
    }
    fs::write(dir.join("leader-epoch-checkpoint"), "garbage again").unwrap();
    assert_eq!(repair(&["--apply"], &dir).0, 1);
    while repair(&["--undo", "--force"], &dir).0 == 1 {}
    assert_eq!(files(&elsewhere), [("/victim".to_owned(), b"secret".to_vec())].into());
    assert_eq!(live(&dir), before);
}

#[test]
fn a_lock_file_is_not_made_through_a_link() {
    let temp = Temp::new("repair-lock-link");
    let data = temp.path("data");
    damaged_log_dir(&data);
    fs::remove_file(data.join(".lock")).unwrap();
    symlink(temp.path("made"), data.join(".lock")).unwrap();
    let before = files(&data);
    let (code, said) = repair(&["--apply"], &data);
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("found a symbolic link"), "{said}");
    assert!(!temp.path("made").exists());
    assert_eq!(files(&data), before);
}

#[test]
fn records_that_were_written_since_go_to_the_quarantine() {
    let temp = Temp::new("repair-late");
    let dir = temp.path("orders-0");
    damaged_partition(&dir);
    let before = live(&dir);
    assert_eq!(repair(&["--apply"], &dir).0, 1);
    let log = dir.join("00000000000000000036.log");
    File::options().append(true).open(&log).unwrap().write_all(b"five more records").unwrap();
    let written = fs::read(&log).unwrap();
    let (code, said) = repair(&["--undo"], &dir);
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("has changed since the repair"), "{said}");
    assert_eq!(repair(&["--undo", "--force"], &dir).0, 1);
    assert_eq!(live(&dir), before);
    assert_eq!(fs::read(dir.join(".kafka-log-repair/1.late.00000000000000000036.log")).unwrap(), written);
}

#[test]
fn files_of_others_in_the_quarantine_stay() {
    let temp = Temp::new("repair-precious");
    let dir = temp.path("orders-0");
    damaged_partition(&dir);
    let before = live(&dir);
    let room = dir.join(".kafka-log-repair");
    fs::create_dir(&room).unwrap();
    let names = ["7.precious", "4294967295.old.x", "007.new.x", "notes", "8.journal.bak"];
    for name in names {
        fs::write(room.join(name), name).unwrap();
    }
    assert_eq!(repair(&["--apply"], &dir).0, 1);
    assert!(room.join("1.journal").is_file());
    assert_eq!(repair(&["--undo"], &dir).0, 1);
    assert_eq!(live(&dir), before);
    for name in names {
        assert_eq!(fs::read_to_string(room.join(name)).unwrap(), name);
    }
}

#[test]
fn a_copy_into_its_own_source_is_refused() {
    let temp = Temp::new("repair-into");
    let data = temp.path("data");
    damaged_log_dir(&data);
    symlink(&data, temp.path("logs")).unwrap();
    symlink(".", data.join("self")).unwrap();
    let before = files(&temp.path(""));
    let (of_dir, of_partition) = (data.as_path(), data.join("orders-0"));
    for (source, into) in [
        (of_dir, "data"),
        (of_dir, "data/copy"),
        (of_dir, "logs/copy"),
        (of_dir, "data/orders-0/../copy"),
        (of_dir, "data/self/self/copy"),
        (&of_partition, "data"),
        (&of_partition, "data/copy"),
        (&of_partition, "data/orders-0"),
        (&of_partition, "logs/orders-0/copy"),
    ] {
        let into = temp.path(into);
        for (verb, arg) in [("repair", "--into"), ("extract", "--to")] {
            let (code, said) = run(tool(verb, &[arg], &[&into, source]));
            assert_eq!(code, 3, "{verb} {arg} {into:?} {source:?}: {said}");
            assert!(said.contains(" lies in "), "{said}");
        }
    }
    assert_eq!(files(&temp.path("")), before);
}

#[test]
fn a_copy_has_files_and_no_links_to_folders() {
    let temp = Temp::new("repair-into-links");
    let data = linked_log_dir(&temp);
    symlink("../..", data.join("orders-0/up")).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        data.join("orders-0/pipe"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o600),
        0,
    )
    .unwrap();
    let before = live(&temp.path("disk"));
    let (code, said) = run(tool("repair", &["--into"], &[&temp.path("copy"), &data]));
    assert_eq!(code, 1, "{said}");
    assert_eq!(said.matches("not copied").count(), 3, "{said}");
    let copy = files(&temp.path("copy"));
    assert!(copy.contains_key("/orders-1/00000000000000000036.log"), "a partition on another disk is copied");
    assert!(copy.keys().all(|name| name.matches('/').count() <= 2), "{:?}", copy.keys());
    assert_eq!(live(&temp.path("disk")), before);
    assert!(!fs::symlink_metadata(temp.path("copy/orders-1")).unwrap().is_symlink());

    // Beside a partition that lies in no log directory there is room for a copy.
    damaged_partition(&temp.path("lone/orders-0"));
    let (code, said) = run(tool("repair", &["--into"], &[&temp.path("lone/copy"), &temp.path("lone/orders-0")]));
    assert_eq!(code, 1, "{said}");
}
