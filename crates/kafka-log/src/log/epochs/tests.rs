use std::fs;

use super::*;
use crate::fs::OsFs;
use crate::log::error::KafkaError as _;

/// Epochs and start offsets.
type Pairs = &'static [(i32, i64)];

/// A cache in a folder of its own, gone with the value.
struct Fixture {
    dir: PathBuf,
    cache: LeaderEpochCache,
}

impl Fixture {
    fn new(name: &str, entries: &[(i32, i64)]) -> Self {
        let dir = std::env::temp_dir().join(format!("epochs-{name}-{}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        let cache = LeaderEpochCache::open(&OsFs, &dir).unwrap();
        let mut fixture = Fixture { dir, cache };
        for &(epoch, start_offset) in entries {
            assert!(fixture.assign(epoch, start_offset));
        }
        fixture
    }

    fn assign(&mut self, epoch: i32, start_offset: i64) -> bool {
        self.cache.assign(&OsFs, &self.dir, epoch, start_offset).unwrap()
    }

    fn entries(&self) -> Vec<(i32, i64)> {
        pairs(&self.cache)
    }

    fn on_disk(&self) -> Vec<(i32, i64)> {
        pairs(&LeaderEpochCache::open(&OsFs, &self.dir).unwrap())
    }

    fn text(&self) -> String {
        fs::read_to_string(checkpoint_path(&self.dir)).unwrap()
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.dir);
    }
}

fn pairs(cache: &LeaderEpochCache) -> Vec<(i32, i64)> {
    cache.entries().iter().map(|entry| (entry.epoch, entry.start_offset)).collect()
}

#[test]
fn an_empty_cache_knows_nothing_and_has_an_empty_file() {
    let fixture = Fixture::new("empty", &[]);
    assert_eq!(fixture.text(), "");
    let cache = &fixture.cache;
    assert_eq!((cache.latest_epoch(), cache.earliest(), cache.latest()), (None, None, None));
    assert_eq!((cache.end_offset_for(0, 10), cache.epoch_for_offset(0), cache.previous_epoch(3)), (None, None, None));
}

#[test]
fn a_new_epoch_is_on_disk_at_once() {
    let mut fixture = Fixture::new("assign", &[(2, 6)]);
    assert_eq!(fixture.text(), "0\n1\n2 6\n");
    assert!(!fixture.assign(2, 6) && !fixture.assign(2, 9), "known already");
    assert!(fixture.assign(3, 10));
    assert_eq!(fixture.text(), "0\n2\n2 6\n3 10\n");
    assert!(!fixture.cache.is_dirty());
}

#[test]
fn an_announced_epoch_is_on_disk_before_its_first_record() {
    let mut fixture = Fixture::new("announce", &[(2, 6)]);
    assert!(fixture.cache.announce(4, 10).unwrap());
    assert_eq!((fixture.entries().len(), fixture.on_disk()), (2, vec![(2, 6)]), "known, not written");
    assert!(!fixture.cache.is_latest(4, 10), "the first record has it written");
    assert!(!fixture.assign(4, 10));
    assert_eq!(fixture.on_disk(), [(2, 6), (4, 10)]);
    assert!(fixture.cache.is_latest(4, 10) && fixture.cache.is_latest(4, 11));
    // One that stays without records is followed by the next.
    fixture.cache.announce(5, 20).unwrap();
    fixture.cache.announce(7, 20).unwrap();
    assert!(!fixture.assign(7, 20));
    assert_eq!(fixture.on_disk(), [(2, 6), (4, 10), (7, 20)]);
    assert_eq!(fixture.cache.announce(-1, 5).unwrap_err().exception(), "IllegalArgumentException");
    // What a start cuts off costs no write either.
    fixture.cache.truncate_from_end(20);
    fixture.cache.announce(9, 20).unwrap();
    fixture.cache.flush(&OsFs, &fixture.dir).unwrap();
    assert_eq!((fixture.entries()[2], fixture.on_disk()[2]), ((9, 20), (7, 20)));
}

#[test]
fn entries_that_contradict_the_new_one_go() {
    let cases: [((i32, i64), Pairs); 6] = [
        ((5, 30), &[(1, 0), (3, 10), (4, 20), (5, 30)]),
        ((5, 20), &[(1, 0), (3, 10), (5, 20)]),
        ((5, 5), &[(1, 0), (5, 5)]),
        ((4, 15), &[(1, 0), (3, 10), (4, 15)]),
        ((2, 30), &[(1, 0), (2, 30)]),
        ((0, 0), &[(0, 0)]),
    ];
    for ((epoch, offset), left) in cases {
        let mut fixture = Fixture::new("contradict", &[(1, 0), (3, 10), (4, 20)]);
        assert!(fixture.assign(epoch, offset));
        assert_eq!(fixture.entries(), left);
        assert_eq!(fixture.on_disk(), left);
    }
}

#[test]
fn negative_epochs_and_offsets_are_refused() {
    let mut fixture = Fixture::new("negative", &[(1, 1)]);
    for (epoch, offset) in [(-1, 5), (2, -1)] {
        let error = fixture.cache.assign(&OsFs, &fixture.dir, epoch, offset).unwrap_err();
        assert_eq!(error.exception(), "IllegalArgumentException");
    }
    assert_eq!(fixture.entries(), [(1, 1)]);
}

#[test]
fn an_epoch_ends_where_the_next_one_starts() {
    let fixture = Fixture::new("ends", &[(2, 11), (4, 20), (7, 30)]);
    let end = |epoch| fixture.cache.end_offset_for(epoch, 99);
    assert_eq!(end(UNDEFINED_EPOCH), None);
    assert_eq!(end(1), Some((1, 11)), "below the first");
    assert_eq!(end(2), Some((2, 20)));
    assert_eq!(end(3), Some((2, 20)));
    assert_eq!(end(6), Some((4, 30)));
    assert_eq!(end(7), Some((7, 99)));
    assert_eq!(end(8), None);
    assert_eq!(end(-2), Some((-2, 11)));
}

#[test]
fn neighbours_are_found() {
    let fixture = Fixture::new("neighbours", &[(2, 11), (4, 20), (7, 30)]);
    let cache = &fixture.cache;
    let offsets = [10, 11, 19, 20, 29, 30, 1000].map(|offset| cache.epoch_for_offset(offset));
    assert_eq!(offsets, [None, Some(2), Some(2), Some(4), Some(4), Some(7), Some(7)]);
    assert_eq!([2, 3, 4, 7, 8].map(|e| cache.previous_epoch(e)), [None, Some(2), Some(2), Some(4), Some(7)]);
    assert_eq!([1, 2, 3, 7].map(|e| cache.next_epoch(e)), [Some(2), Some(4), Some(4), None]);
    assert_eq!(cache.entry(4), Some(EpochEntry { epoch: 4, start_offset: 20 }));
    assert_eq!(cache.entry(5), None);
    assert_eq!(cache.earliest().map(|e| e.epoch), Some(2));
}

#[test]
fn cutting_at_the_end_drops_what_starts_there_or_above() {
    for (end, left) in [(31, 3), (30, 2), (21, 2), (20, 1), (11, 0), (0, 0), (-1, 3)] {
        let mut fixture = Fixture::new("end", &[(2, 11), (4, 20), (7, 30)]);
        assert_eq!(fixture.cache.truncate_from_end(end), left < 3);
        assert_eq!(fixture.entries().len(), left, "at {end}");
        assert_eq!(fixture.on_disk().len(), 3, "not before the flush");
        fixture.cache.flush(&OsFs, &fixture.dir).unwrap();
        assert_eq!(fixture.on_disk(), fixture.entries());
    }
}

#[test]
fn cutting_at_the_start_moves_the_last_entry_at_or_below_it() {
    let cases: [(i64, bool, Pairs); 6] = [
        (10, false, &[(2, 11), (4, 20), (7, 30)]),
        (11, false, &[(2, 11), (4, 20), (7, 30)]),
        (15, true, &[(2, 15), (4, 20), (7, 30)]),
        (20, true, &[(4, 20), (7, 30)]),
        (25, true, &[(4, 25), (7, 30)]),
        (90, true, &[(7, 90)]),
    ];
    for (start, is_changed, left) in cases {
        let mut fixture = Fixture::new("start", &[(2, 11), (4, 20), (7, 30)]);
        assert_eq!(fixture.cache.truncate_from_start(start), is_changed, "at {start}");
        assert_eq!(fixture.entries(), left);
        assert_eq!(fixture.cache.is_dirty(), is_changed);
        fixture.cache.flush(&OsFs, &fixture.dir).unwrap();
        assert_eq!(fixture.on_disk(), left);
    }
}

#[test]
fn clearing_leaves_a_file_without_entries() {
    let mut fixture = Fixture::new("clear", &[(2, 11)]);
    fixture.cache.clear_and_flush(&OsFs, &fixture.dir).unwrap();
    assert_eq!((fixture.entries(), fixture.text().as_str()), (vec![], "0\n0\n"));
}

#[test]
fn a_flush_that_comes_after_the_directory_went_does_nothing() {
    let mut fixture = Fixture::new("gone", &[(2, 11)]);
    fixture.cache.truncate_from_end(0);
    fs::remove_dir_all(&fixture.dir).unwrap();
    fixture.cache.flush(&OsFs, &fixture.dir).unwrap();
    assert!(!fixture.dir.exists());
}

#[test]
fn a_file_out_of_order_is_read_as_if_its_entries_came_one_by_one() {
    let fixture = Fixture::new("order", &[]);
    fs::write(checkpoint_path(&fixture.dir), "0\n4\n1 0\n5 20\n3 10\n4 30\n").unwrap();
    assert_eq!(fixture.on_disk(), [(1, 0), (3, 10), (4, 30)]);
}

#[test]
fn a_file_that_cannot_be_read_is_an_error() {
    let fixture = Fixture::new("corrupt", &[]);
    for text in ["1\n0\n", "0\n2\n1 1\n", "0\nx\n", "0\n1\n1\n", "0\n1\n-1 5\n", "0\n1\n1 -5\n"] {
        fs::write(checkpoint_path(&fixture.dir), text).unwrap();
        let error = LeaderEpochCache::open(&OsFs, &fixture.dir).unwrap_err();
        let is_negative = text.contains('-');
        assert_eq!(matches!(error, LogError::IllegalArgument(_)), is_negative, "{text:?}: {error}");
        assert_eq!(matches!(error, LogError::Storage(StorageError::Corrupt { .. })), !is_negative, "{text:?}: {error}");
        assert!(error.to_string().contains("leader-epoch-checkpoint"));
    }
}
