//! The simulated file system takes away what it says it takes away, and nothing else.

#![expect(clippy::unwrap_used, reason = "a file system that fails where it must not fails the test")]

use std::collections::BTreeSet;
use std::path::Path;

use kafka_log::fs::{Fs, FsFile, OpenMode, ReadAt, exists, read_whole, write_atomically};
use tests::sim::{Crash, Fault, SimFile, SimFs};

const SEEDS: u64 = 400;

fn path(name: &str) -> &Path {
    Path::new(name)
}

fn made(fs: &SimFs, name: &str, bytes: &[u8]) -> SimFile {
    let file = fs.open(path(name), OpenMode::CreateNew).unwrap();
    file.write_all_at(bytes, 0).unwrap();
    file
}

/// A file that is durable with its name.
fn durable(fs: &SimFs, name: &str, bytes: &[u8]) -> SimFile {
    let file = made(fs, name, bytes);
    file.sync().unwrap();
    fs.sync_dir(path("/")).unwrap();
    file
}

/// All that a file may hold after crashes of one rule; `None` is a missing file.
fn outcomes(fs: &SimFs, name: &str, crash: Crash) -> BTreeSet<Option<Vec<u8>>> {
    (0..SEEDS).map(|seed| read_whole(&fs.crash(crash, seed), path(name)).unwrap()).collect()
}

fn only(bytes: &[u8]) -> BTreeSet<Option<Vec<u8>>> {
    BTreeSet::from([Some(bytes.to_vec())])
}

#[test]
fn what_was_synced_survives_every_crash() {
    let fs = SimFs::new(1);
    durable(&fs, "/a", &[7; 3000]);
    for crash in Crash::ALL {
        assert_eq!(outcomes(&fs, "/a", crash), only(&[7; 3000]), "{crash:?}");
    }
}

#[test]
fn a_synced_file_whose_name_was_not_synced_may_be_gone_but_for_a_kill() {
    let fs = SimFs::new(1);
    made(&fs, "/a", b"content").sync().unwrap();
    assert_eq!(outcomes(&fs, "/a", Crash::Killed), only(b"content"));
    assert_eq!(outcomes(&fs, "/a", Crash::Synced), BTreeSet::from([None]));
    for crash in [Crash::Ordered, Crash::Scattered] {
        assert_eq!(outcomes(&fs, "/a", crash), BTreeSet::from([None, Some(b"content".to_vec())]), "{crash:?}");
    }
}

#[test]
fn a_directory_whose_name_was_not_synced_takes_all_below_with_it() {
    let fs = SimFs::new(1);
    fs.create_dir_all(path("/t-0")).unwrap();
    made(&fs, "/t-0/a", b"content").sync().unwrap();
    fs.sync_dir(path("/t-0")).unwrap();
    assert!(!exists(&fs.crash(Crash::Synced, 1), path("/t-0")).unwrap());
    fs.sync_dir(path("/")).unwrap();
    assert_eq!(outcomes(&fs, "/t-0/a", Crash::Scattered), only(b"content"));
}

#[test]
fn unsynced_writes_are_torn_by_sectors_and_reordered() {
    let fs = SimFs::new(1);
    let file = durable(&fs, "/a", &[1; 2048]);
    file.write_all_at(&[2; 2048], 0).unwrap();
    let sectors: BTreeSet<_> = outcomes(&fs, "/a", Crash::Scattered)
        .into_iter()
        .map(|bytes| {
            let bytes = bytes.unwrap();
            assert_eq!(bytes.len(), 2048);
            let sectors: Vec<u8> = bytes.chunks(512).map(|sector| sector[0]).collect();
            assert!(bytes.chunks(512).zip(&sectors).all(|(sector, first)| sector.iter().all(|byte| byte == first)));
            sectors
        })
        .collect();
    assert_eq!(sectors.len(), 16, "every mixture of four sectors comes up");
}

#[test]
fn a_sector_never_holds_the_later_of_two_writes_without_the_earlier() {
    let fs = SimFs::new(1);
    let file = durable(&fs, "/a", b"aa");
    file.write_all_at(b"b", 0).unwrap();
    file.write_all_at(b"b", 1).unwrap();
    let expected: BTreeSet<_> = [b"aa", b"ba", b"bb"].iter().map(|bytes| Some(bytes.to_vec())).collect();
    assert_eq!(outcomes(&fs, "/a", Crash::Scattered), expected);
}

#[test]
fn a_length_may_arrive_without_the_data_and_then_there_are_zeros_or_garbage() {
    let fs = SimFs::new(1);
    let file = durable(&fs, "/a", b"");
    file.write_all_at(&[5; 1024], 0).unwrap();
    let zeros = Some(vec![0; 1024]);
    assert!(outcomes(&fs, "/a", Crash::Scattered).contains(&zeros));
    let lengths: BTreeSet<_> = outcomes(&fs, "/a", Crash::Scattered).into_iter().map(|b| b.unwrap().len()).collect();
    assert!(lengths.contains(&0) && lengths.contains(&1024) && lengths.len() > 2);
    let garbage = outcomes(&fs, "/a", Crash::Garbage).into_iter().flatten();
    assert!(garbage.flatten().any(|byte| byte != 0 && byte != 5));
}

#[test]
fn a_cut_that_was_not_synced_may_be_undone() {
    let fs = SimFs::new(1);
    let file = durable(&fs, "/a", b"0123456789");
    file.set_len(4).unwrap();
    for crash in [Crash::Ordered, Crash::Scattered] {
        let found = outcomes(&fs, "/a", crash);
        assert!(found.contains(&Some(b"0123".to_vec())) && found.contains(&Some(b"0123456789".to_vec())), "{crash:?}");
    }
    file.sync().unwrap();
    assert_eq!(outcomes(&fs, "/a", Crash::Scattered), only(b"0123"));
}

#[test]
fn names_of_a_directory_survive_in_order() {
    let fs = SimFs::new(1);
    for name in ["/a", "/b", "/c", "/d"] {
        made(&fs, name, b"");
    }
    fs.rename(path("/a"), path("/e")).unwrap();
    fs.remove_file(path("/b")).unwrap();
    let moments = ["", "a", "ab", "abc", "abcd", "bcde", "cde"];
    for crash in [Crash::Ordered, Crash::Scattered] {
        let found: BTreeSet<String> = (0..SEEDS)
            .map(|seed| {
                let mut names: Vec<_> = fs.crash(crash, seed).read_dir(path("/")).unwrap();
                names.sort();
                names.into_iter().map(|entry| entry.name).collect()
            })
            .collect();
        assert_eq!(found, moments.map(str::to_owned).into(), "{crash:?}");
    }
}

#[test]
fn directories_lose_names_independently_unless_the_journal_is_ordered() {
    let fs = SimFs::new(1);
    fs.create_dir_all(path("/x")).unwrap();
    fs.create_dir_all(path("/y")).unwrap();
    fs.sync_dir(path("/")).unwrap();
    made(&fs, "/x/first", b"");
    made(&fs, "/y/second", b"");
    let second_alone = |crash| {
        (0..SEEDS)
            .map(|seed| fs.crash(crash, seed))
            .any(|after| exists(&after, path("/y/second")).unwrap() && !exists(&after, path("/x/first")).unwrap())
    };
    assert!(second_alone(Crash::Scattered));
    assert!(!second_alone(Crash::Ordered));
}

#[test]
fn a_file_renamed_without_a_sync_may_come_out_empty_under_its_new_name() {
    let fs = SimFs::new(1);
    durable(&fs, "/a", b"old");
    made(&fs, "/a.tmp", b"new");
    fs.rename(path("/a.tmp"), path("/a")).unwrap();
    fs.sync_dir(path("/")).unwrap();
    assert!(outcomes(&fs, "/a", Crash::Scattered).contains(&Some(Vec::new())));
}

#[test]
fn a_file_written_atomically_is_old_or_new_at_every_crash() {
    let old = BTreeSet::from([Some(b"old".to_vec())]);
    let both = BTreeSet::from([Some(b"old".to_vec()), Some(b"new".to_vec())]);
    let mut calls = 0;
    for call in 1.. {
        let fs = SimFs::new(call);
        durable(&fs, "/a", b"old");
        fs.fail_change(fs.changes() + call, Fault::PowerOff);
        let done = write_atomically(&fs, path("/a"), b"new").is_ok();
        for crash in Crash::ALL {
            let found = outcomes(&fs, "/a", crash);
            assert!(found.is_subset(&both), "call {call}, {crash:?}: {found:?}");
            assert!(!done || found == only(b"new"), "call {call}, {crash:?}: {found:?}");
        }
        if call == 1 {
            assert_eq!(outcomes(&fs, "/a", Crash::Killed), old);
        }
        if done {
            break;
        }
        calls = call;
    }
    assert!(calls >= 5, "each call was the last one once");
}

#[test]
fn a_failed_sync_drops_what_was_dirty_and_the_next_one_says_nothing() {
    let mut lost = 0;
    for seed in 0..SEEDS {
        let fs = SimFs::new(seed);
        let file = durable(&fs, "/a", b"old");
        file.write_all_at(b"new", 0).unwrap();
        fs.fail_change(fs.changes() + 1, Fault::Eio);
        file.sync().unwrap_err();
        assert_eq!(read_whole(&fs, path("/a")).unwrap().unwrap(), b"new", "readers see the page cache");
        file.sync().unwrap();
        assert_eq!(fs.complaints().len(), 1, "nobody may do that");
        lost += usize::from(outcomes(&fs, "/a", Crash::Scattered) == only(b"old"));
    }
    assert!(lost > 50, "{lost}");
}

#[test]
fn a_failed_write_leaves_any_prefix() {
    let lengths: BTreeSet<_> = (0..SEEDS)
        .map(|seed| {
            let fs = SimFs::new(seed);
            let file = made(&fs, "/a", b"");
            fs.fail_change(fs.changes() + 1, Fault::Enospc);
            let error = file.write_all_at(b"0123", 0).unwrap_err();
            assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
            file.len().unwrap()
        })
        .collect();
    assert_eq!(lengths, BTreeSet::from([0, 1, 2, 3, 4]));
}

#[test]
fn nothing_changes_once_the_power_is_off() {
    let fs = SimFs::new(1);
    let file = durable(&fs, "/a", b"content");
    fs.fail_change(fs.changes() + 1, Fault::PowerOff);
    fs.sync_dir(path("/")).unwrap_err();
    file.write_all_at(b"x", 0).unwrap_err();
    file.set_len(0).unwrap_err();
    file.sync().unwrap_err();
    file.read_full_at(&mut [0], 0).unwrap_err();
    fs.remove_file(path("/a")).unwrap_err();
    fs.open(path("/b"), OpenMode::Create).err().unwrap();
    assert_eq!(outcomes(&fs, "/a", Crash::Scattered), only(b"content"));
    assert!(fs.crash(Crash::Killed, 1).try_lock(path("/.lock")).unwrap().is_some(), "afterwards it is on again");
}

#[test]
fn a_kill_lets_go_of_locks_and_keeps_what_is_not_durable_as_it_is() {
    let fs = SimFs::new(1);
    let _held = fs.try_lock(path("/.lock")).unwrap().unwrap();
    made(&fs, "/a", b"content");
    let after = fs.crash(Crash::Killed, 1);
    assert!(after.try_lock(path("/.lock")).unwrap().is_some());
    assert_eq!(read_whole(&after, path("/a")).unwrap().unwrap(), b"content");
    assert!(!exists(&after.crash(Crash::Synced, 1), path("/a")).unwrap());
}

#[test]
fn reads_may_be_short_and_fail_when_told_to() {
    let fs = SimFs::new(1);
    let file = made(&fs, "/a", &[9; 100]);
    fs.set_short_reads(true);
    let mut buf = [0; 100];
    let got: BTreeSet<_> = (0..SEEDS).map(|_| file.read_at(&mut buf, 0).ok()).collect();
    assert!(got.contains(&None) && got.contains(&Some(100)) && got.len() > 10);
    assert_eq!(file.read_full_at(&mut buf, 0).unwrap(), 100);
    fs.fail_read(fs.reads() + 1, Fault::Eio);
    assert!(file.read_full_at(&mut buf, 0).is_err());
    assert_eq!(file.read_full_at(&mut buf, 0).unwrap(), 100);
}

#[test]
fn rot_changes_bytes_at_rest() {
    let fs = SimFs::new(1);
    durable(&fs, "/a", b"content");
    fs.rot(path("/a"), 0, b'c' ^ b'C');
    assert_eq!(outcomes(&fs, "/a", Crash::Scattered), only(b"Content"));
}

#[test]
fn the_same_seed_gives_the_same_crash() {
    let after = |seed| {
        let fs = SimFs::new(seed);
        let file = durable(&fs, "/a", &[1; 5000]);
        file.write_all_at(&[2; 9000], 100).unwrap();
        made(&fs, "/b", &[3; 100]);
        let after = fs.crash(Crash::Garbage, seed);
        (read_whole(&after, path("/a")).unwrap(), read_whole(&after, path("/b")).unwrap())
    };
    let all: BTreeSet<_> = (0..50).map(after).collect();
    assert_eq!(all, (0..50).map(after).collect());
    assert!(all.len() > 40);
}
