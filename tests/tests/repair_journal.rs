//! A repair that is interrupted anywhere is finished or taken back by the next run, and can be taken back later.

#![expect(clippy::unwrap_used, reason = "a failing step fails the test")]

use std::collections::BTreeMap;
use std::path::Path;

use kafka_log::fs::{Fs, FsFile, OpenMode, read_whole};
use kafka_log::repair::{Change, Content, Finished, Piece, RepairError, apply, finish, is_interrupted, undo};
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
    let names = names.into_iter().filter(|entry| !entry.is_dir && !entry.name.starts_with(".kafka-log-repair"));
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

#[test]
fn an_undo_that_is_interrupted_at_any_call_is_finished_by_the_next_run() {
    let calls = {
        let fs = directory(1);
        run(&fs, false).unwrap();
        let start = fs.changes();
        undo(&fs, Path::new(DIR), false, false).unwrap();
        fs.changes() - start
    };
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
