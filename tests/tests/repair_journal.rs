//! A repair that is interrupted anywhere is finished or undone by the next run, and can be undone later.

#![expect(clippy::unwrap_used, reason = "a failing step fails the test")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use kafka_log::fs::{Fs, FsFile, OpenMode, read_whole};
use kafka_log::repair::{
    Change, Content, Finished, LockedDir, Piece, RepairError, apply, finish, is_interrupted, undo,
};
use tests::sim::{Crash, Fault, SimFs};

const DIR: &str = "/logs/orders-0";

type Files = BTreeMap<String, Vec<u8>>;

fn before() -> Files {
    let files =
        [("a.log", &b"good bad good"[..]), ("a.index", b"stale"), ("b.log", b"fine"), ("c.snapshot", b"rotten")];
    files.into_iter().map(|(name, bytes)| (name.to_owned(), bytes.to_vec())).collect()
}

fn after() -> Files {
    let files = [
        ("a.log", &b"good good"[..]),
        ("a.index", b"fresh"),
        ("b.log", b"fine"),
        ("leader-epoch-checkpoint", b"0\n0\n"),
    ];
    files.into_iter().map(|(name, bytes)| (name.to_owned(), bytes.to_vec())).collect()
}

fn changes() -> Vec<Change> {
    let from = Path::new(DIR).join("a.log");
    let mut salvaged = Content { modified_ms: Some(1234), ..Content::default() };
    salvaged.push(Piece::Copy { from: from.clone(), bytes: 0..5 });
    salvaged.push(Piece::Copy { from, bytes: 9..13 });
    let change = |name: &str, content| Change { name: name.to_owned(), content, why: String::new() };
    vec![
        change("c.snapshot", None),
        change("a.log", Some(salvaged)),
        change("a.index", Some(Content::of(b"fresh".to_vec()))),
        change("leader-epoch-checkpoint", Some(Content::of(b"0\n0\n".to_vec()))),
    ]
}

fn directory(seed: u64) -> SimFs {
    let fs = SimFs::new(seed);
    fs.create_dir_all(Path::new(DIR)).unwrap();
    for dir in ["/", "/logs", DIR] {
        fs.sync_dir(Path::new(dir)).unwrap();
    }
    for (name, bytes) in before() {
        let file = fs.open(&Path::new(DIR).join(name), OpenMode::CreateNew).unwrap();
        file.write_all_at(&bytes, 0).unwrap();
        file.sync().unwrap();
    }
    fs.sync_dir(Path::new(DIR)).unwrap();
    fs
}

/// The files of the partition, without what repairs keep for themselves.
fn files(fs: &SimFs) -> Files {
    let names = fs.read_dir(Path::new(DIR)).unwrap();
    let is_own = |name: &str| name.starts_with(".kafka-log-repair") || name == ".lock";
    let names = names.into_iter().filter(|entry| !entry.is_dir && !is_own(&entry.name));
    names.map(|e| (e.name.clone(), read_whole(fs, &Path::new(DIR).join(e.name)).unwrap().unwrap())).collect()
}

fn run(fs: &SimFs, is_log_dir: bool) -> Result<(), RepairError> {
    apply(fs, Path::new(DIR), is_log_dir, &changes())
}

#[test]
fn what_was_repaired_is_taken_back_byte_for_byte() {
    for is_log_dir in [false, true] {
        let fs = directory(1);
        let listing = |fs: &SimFs| {
            let mut names = fs.read_dir(Path::new(DIR)).unwrap();
            names.sort();
            names
        };
        let names = listing(&fs);
        run(&fs, is_log_dir).unwrap();
        assert_eq!(files(&fs), after());
        assert_eq!(fs.metadata(&Path::new(DIR).join("a.log")).unwrap().modified_ms, 1234);
        assert_eq!(finish(&fs, Path::new(DIR), is_log_dir).unwrap(), Finished::Nothing);
        assert!(undo(&fs, Path::new(DIR), is_log_dir, false).unwrap());
        assert_eq!(files(&fs), before());
        assert_eq!(listing(&fs), names);
        assert!(!undo(&fs, Path::new(DIR), is_log_dir, false).unwrap());
    }
}

#[test]
fn several_repairs_are_taken_back_one_after_the_other() {
    let fs = directory(1);
    run(&fs, false).unwrap();
    let again = Change { name: "a.log".to_owned(), content: Some(Content::of(b"good".to_vec())), why: String::new() };
    apply(&fs, Path::new(DIR), false, &[again]).unwrap();
    assert_eq!(files(&fs)["a.log"], b"good");
    assert!(undo(&fs, Path::new(DIR), false, false).unwrap());
    assert_eq!(files(&fs), after());
    assert!(undo(&fs, Path::new(DIR), false, false).unwrap());
    assert_eq!(files(&fs), before());
}

#[test]
fn nothing_is_taken_back_when_records_were_written_since() {
    for name in ["a.log", "b.log", "d.log"] {
        let fs = directory(1);
        run(&fs, false).unwrap();
        fs.open(&Path::new(DIR).join(name), OpenMode::Create).unwrap().write_all_at(b"later", 20).unwrap();
        let changed = files(&fs);
        let error = undo(&fs, Path::new(DIR), false, false).unwrap_err();
        assert!(matches!(error, RepairError::Changed { .. }), "{error}");
        assert_eq!(files(&fs), changed);
        assert!(undo(&fs, Path::new(DIR), false, true).unwrap());
        assert_eq!(files(&fs)["a.log"], before()["a.log"]);
    }
}

/// After a crash at any call: the next run finishes the repair or finds the directory as it was; an undo restores it.
#[test]
fn a_repair_that_is_interrupted_at_any_call_is_finished_or_taken_back() {
    for is_log_dir in [false, true] {
        let calls = {
            let fs = directory(1);
            let start = fs.changes();
            run(&fs, is_log_dir).unwrap();
            fs.changes() - start
        };
        for call in 1..=calls {
            for (rule, seed) in Crash::ALL.into_iter().flat_map(|rule| (0..4).map(move |seed| (rule, seed))) {
                let fs = directory(seed);
                fs.fail_change(fs.changes() + call, Fault::PowerOff);
                let _ = run(&fs, is_log_dir);
                let fs = fs.crash(rule, seed * 1000 + call);
                let about = format!("log dir {is_log_dir}, call {call}, {rule:?}, seed {seed}");
                let undone = fs.crash(Crash::Killed, 0);
                let finished = finish(&fs, Path::new(DIR), is_log_dir).unwrap();
                let now = files(&fs);
                assert!(now == before() || now == after(), "{about}: {finished:?}: {now:?}");
                assert!(!is_interrupted(&fs, Path::new(DIR), is_log_dir).unwrap(), "{about}");
                undo(&undone, Path::new(DIR), is_log_dir, false).unwrap();
                assert_eq!(files(&undone), before(), "{about}");
            }
        }
    }
}

/// Number of calls by which an undo changes the directory.
fn calls_of_an_undo() -> u64 {
    let fs = directory(1);
    run(&fs, false).unwrap();
    let start = fs.changes();
    undo(&fs, Path::new(DIR), false, false).unwrap();
    fs.changes() - start
}

#[test]
fn an_undo_that_is_interrupted_at_any_call_is_finished_by_the_next_run() {
    let calls = calls_of_an_undo();
    for call in 1..=calls {
        for (rule, seed) in Crash::ALL.into_iter().flat_map(|rule| (0..4).map(move |seed| (rule, seed))) {
            let fs = directory(seed);
            run(&fs, false).unwrap();
            fs.fail_change(fs.changes() + call, Fault::PowerOff);
            let _ = undo(&fs, Path::new(DIR), false, false);
            let fs = fs.crash(rule, seed * 1000 + call);
            let about = format!("call {call}, {rule:?}, seed {seed}");
            finish(&fs, Path::new(DIR), false).unwrap();
            let now = files(&fs);
            // The journal may not have learned of the undo yet.
            assert!(now == before() || now == after(), "{about}: {now:?}");
            undo(&fs, Path::new(DIR), false, false).unwrap();
            assert_eq!(files(&fs), before(), "{about}");
        }
    }
}

#[test]
fn a_full_or_failing_disk_leaves_everything_as_it_was() {
    let calls = {
        let fs = directory(1);
        let start = fs.changes();
        run(&fs, false).unwrap();
        fs.changes() - start
    };
    for call in 1..=calls {
        for fault in [Fault::Enospc, Fault::Eio] {
            let fs = directory(7);
            fs.fail_change(fs.changes() + call, fault);
            let done = run(&fs, false);
            let now = files(&fs);
            match done {
                // A call whose failure does not matter.
                Ok(()) => assert_eq!(now, after(), "call {call}, {fault:?}"),
                Err(RepairError::HalfDone { .. }) => {
                    finish(&fs, Path::new(DIR), false).unwrap();
                    assert_eq!(files(&fs), after(), "call {call}, {fault:?}");
                }
                Err(error) => assert_eq!(now, before(), "call {call}, {fault:?}: {error}"),
            }
        }
    }
}

fn append(fs: &SimFs, path: &Path, bytes: &[u8]) {
    let file = fs.open(path, OpenMode::Create).unwrap();
    file.write_all_at(bytes, file.len().unwrap()).unwrap();
}

fn in_quarantine(name: &str) -> PathBuf {
    Path::new(DIR).join(".kafka-log-repair").join(name)
}

#[test]
fn what_was_written_since_is_set_aside_by_a_forced_undo() {
    let fs = directory(1);
    run(&fs, false).unwrap();
    for name in ["a.log", "a.index", "leader-epoch-checkpoint"] {
        append(&fs, &Path::new(DIR).join(name), b"later");
    }
    assert!(undo(&fs, Path::new(DIR), false, true).unwrap());
    assert_eq!(files(&fs), before());
    for name in ["a.log", "a.index", "leader-epoch-checkpoint"] {
        let late = read_whole(&fs, &in_quarantine(&format!("1.late.{name}"))).unwrap().unwrap();
        assert_eq!(late, [&after()[name], &b"later"[..]].concat());
    }
}

/// A copy of the file system for each moment at which the repair may be killed.
fn interrupted() -> impl Iterator<Item = SimFs> {
    let calls = {
        let fs = directory(1);
        let start = fs.changes();
        run(&fs, false).unwrap();
        fs.changes() - start
    };
    (1..=calls).map(|call| {
        let fs = directory(1);
        fs.fail_change(fs.changes() + call, Fault::PowerOff);
        let _ = run(&fs, false);
        fs.crash(Crash::Killed, 1)
    })
}

fn is_planned(fs: &SimFs) -> bool {
    let journal = read_whole(fs, &in_quarantine("1.journal")).unwrap();
    journal.is_some_and(|journal| String::from_utf8(journal).unwrap().contains("\"planned\""))
}

#[test]
fn a_new_file_that_is_not_as_planned_takes_no_place() {
    let mut tried = 0;
    for fs in interrupted().filter(is_planned) {
        for name in ["a.log", "a.index", "leader-epoch-checkpoint"] {
            let new = in_quarantine(&format!("1.new.{name}"));
            let Some(bytes) = read_whole(&fs, &new).unwrap() else { continue };
            for (torn, position) in [(&b""[..], 0), (b"x", 1), (b"too long", bytes.len() as u64)] {
                let fs = fs.crash(Crash::Killed, 1);
                let file = fs.open(&new, OpenMode::Write).unwrap();
                if torn.is_empty() {
                    file.set_len(bytes.len() as u64 - 1).unwrap();
                } else {
                    file.write_all_at(torn, position).unwrap();
                }
                let changed = new.clone();
                assert_eq!(finish(&fs, Path::new(DIR), false).unwrap(), Finished::TakenBack { changed });
                assert_eq!(files(&fs), before());
                assert_eq!(finish(&fs, Path::new(DIR), false).unwrap(), Finished::Nothing);
                tried += 1;
            }
        }
    }
    assert!(tried > 20, "{tried}");
}

#[test]
fn a_log_that_was_written_to_since_is_not_replaced_by_an_interrupted_repair() {
    let log = Path::new(DIR).join("a.log");
    let (mut old, mut new) = (0, 0);
    for fs in interrupted().filter(is_planned) {
        if !kafka_log::fs::exists(&fs, &log).unwrap() {
            continue;
        }
        append(&fs, &log, b" later");
        let finished = finish(&fs, Path::new(DIR), false).unwrap();
        let mut expected = if finished == Finished::Repair { after() } else { before() };
        expected.get_mut("a.log").unwrap().extend_from_slice(b" later");
        assert_eq!(files(&fs), expected, "{finished:?}");
        match finished {
            Finished::Repair => new += 1,
            Finished::TakenBack { changed } if changed == log => old += 1,
            finished => panic!("{finished:?}"),
        }
    }
    assert!(old > 0 && new > 0, "{old} with the old log in its place, {new} with the new one");
}

#[test]
fn an_interrupted_repair_is_not_taken_back_over_records_that_were_written_since() {
    let log = Path::new(DIR).join("a.log");
    let mut tried = 0;
    for fs in interrupted().filter(is_planned) {
        if read_whole(&fs, &log).unwrap() != Some(after()["a.log"].clone()) {
            continue;
        }
        append(&fs, &log, b" later");
        let written = files(&fs);
        let error = undo(&fs, Path::new(DIR), false, false).unwrap_err();
        assert!(matches!(error, RepairError::Changed { .. }), "{error}");
        assert_eq!(files(&fs), written);
        assert!(undo(&fs, Path::new(DIR), false, true).unwrap());
        assert_eq!(files(&fs), before());
        assert_eq!(read_whole(&fs, &in_quarantine("1.late.a.log")).unwrap().unwrap(), written["a.log"]);
        tried += 1;
    }
    assert!(tried > 0);
}

#[test]
fn an_undo_on_a_full_disk_changes_nothing_and_says_so() {
    let calls = calls_of_an_undo();
    let mut refused = 0;
    for call in 1..=calls {
        let fs = directory(7);
        run(&fs, false).unwrap();
        fs.fail_change(fs.changes() + call, Fault::Enospc);
        match undo(&fs, Path::new(DIR), false, false) {
            // A call whose failure does not matter.
            Ok(is_undone) => assert!(is_undone),
            Err(error @ RepairError::NothingChanged { .. }) => {
                assert!(
                    error.to_string().ends_with("nothing has changed: free some space and run it again"),
                    "{error}"
                );
                assert_eq!(files(&fs), after(), "call {call}");
                refused += 1;
            }
            Err(error) => assert!(matches!(error, RepairError::HalfUndone { .. }), "call {call}: {error}"),
        }
        undo(&fs, Path::new(DIR), false, false).unwrap();
        assert_eq!(files(&fs), before(), "call {call}");
    }
    assert!(refused > 1, "{refused}");
}

#[test]
fn only_one_repair_works_on_a_directory_at_a_time() {
    for is_log_dir in [false, true] {
        let (fs, dir) = (directory(1), Path::new(DIR));
        let locked = LockedDir::take(&fs, dir, is_log_dir).unwrap();
        let refused = |error: RepairError| matches!(error, RepairError::Busy { .. } | RepairError::Locked { .. });
        assert!(refused(run(&fs, is_log_dir).unwrap_err()));
        assert!(refused(finish(&fs, dir, is_log_dir).unwrap_err()));
        assert!(refused(undo(&fs, dir, is_log_dir, true).unwrap_err()));
        assert_eq!(files(&fs), before());
        locked.apply(&changes()).unwrap();
        assert!(locked.undo(false).unwrap());
        drop(locked);
        run(&fs, is_log_dir).unwrap();
        assert_eq!(files(&fs), after());
    }
}

#[test]
fn files_of_others_and_the_last_number_do_no_harm() {
    let fs = directory(1);
    fs.create_dir_all(&in_quarantine("")).unwrap();
    for name in ["7.precious", "4294967295.old.x", "1.old.a.log"] {
        append(&fs, &in_quarantine(name), name.as_bytes());
    }
    run(&fs, false).unwrap();
    assert_eq!(files(&fs), after());
    assert!(undo(&fs, Path::new(DIR), false, false).unwrap());
    assert_eq!(files(&fs), before());
    for name in ["7.precious", "4294967295.old.x", "1.old.a.log"] {
        assert_eq!(read_whole(&fs, &in_quarantine(name)).unwrap().unwrap(), name.as_bytes());
    }
    // The journal of a repair with the last number of all.
    run(&fs, false).unwrap();
    let journal = read_whole(&fs, &in_quarantine("2.journal")).unwrap().unwrap();
    append(&fs, &in_quarantine("4294967295.journal"), &journal);
    let error = run(&fs, false).unwrap_err();
    assert!(matches!(error, RepairError::Journal { .. }), "{error}");
    assert_eq!(files(&fs), after());
}
