use std::sync::atomic::{AtomicU32, Ordering};

use super::*;
use crate::fs::{OsFs, exists, read_whole, write_atomically};

/// A directory with a file of 10,000 bytes and a directory in it, gone at the end.
struct Below(PathBuf);

impl Below {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("overlay-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let dir = std::env::temp_dir().join(name);
        OsFs.create_dir_all(&dir.join("sub")).unwrap();
        for name in ["file", "sub/other"] {
            OsFs.open(&dir.join(name), OpenMode::CreateNew).unwrap().write_all_at(&content(), 0).unwrap();
        }
        Below(dir)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Below {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn content() -> Vec<u8> {
    (0..10_000u32).map(|i| (i % 251) as u8).collect()
}

#[test]
fn random_writes_and_cuts_read_back_as_on_a_vector() {
    for seed in 1..40u64 {
        let below = Below::new();
        let fs = OverlayFs::new(OsFs);
        let file = fs.open(&below.path("file"), OpenMode::Write).unwrap();
        let mut model = content();
        let mut random = fastrand::Rng::with_seed(seed);
        let mut next = |n: u64| random.u64(..n);
        for _ in 0..60 {
            if next(4) == 0 {
                let len = next(15_000) as usize;
                file.set_len(len as u64).unwrap();
                model.resize(len, 0);
            } else {
                let (at, len) = (next(12_000) as usize, next(6_000) as usize);
                let bytes: Vec<u8> = (0..len).map(|_| next(256) as u8).collect();
                file.write_all_at(&bytes, at as u64).unwrap();
                if len > 0 {
                    model.resize(model.len().max(at + len), 0);
                    model[at..at + len].copy_from_slice(&bytes);
                }
            }
            assert!(read_whole(&fs, &below.path("file")).unwrap().unwrap() == model, "seed {seed}");
        }
        assert!(read_whole(&OsFs, &below.path("file")).unwrap().unwrap() == content());
    }
}

#[test]
fn names_change_above_and_not_below() {
    let below = Below::new();
    let fs = OverlayFs::new(OsFs);
    fs.rename(&below.path("sub"), &below.path("moved")).unwrap();
    assert!(!exists(&fs, &below.path("sub/other")).unwrap());
    assert_eq!(read_whole(&fs, &below.path("moved/other")).unwrap().unwrap(), content());
    fs.remove_file(&below.path("file")).unwrap();
    write_atomically(&fs, &below.path("moved/new"), b"x").unwrap();
    let names: Vec<_> = fs.read_dir(&below.0).unwrap().into_iter().map(|entry| (entry.name, entry.is_dir)).collect();
    assert_eq!(names, [("moved".to_owned(), true)]);
    let names: Vec<_> = fs.read_dir(&below.path("moved")).unwrap().into_iter().map(|entry| entry.name).collect();
    assert_eq!(names, ["new", "other"]);
    let changes: Vec<_> = fs
        .changes()
        .into_iter()
        .map(|change| {
            let name = change.path.strip_prefix(&below.0).unwrap().display().to_string();
            (name, change.before, change.after, change.renamed_from.is_some())
        })
        .collect();
    let expected = [
        ("file".to_owned(), Some(10_000), None, false),
        ("moved/new".to_owned(), None, Some(1), false),
        ("moved/other".to_owned(), None, Some(10_000), true),
        ("sub/other".to_owned(), Some(10_000), None, false),
    ];
    assert_eq!(changes, expected);
    assert!(below.path("sub/other").exists() && below.path("file").exists() && !below.path("moved").exists());
}

#[test]
fn what_was_only_read_is_no_change() {
    let below = Below::new();
    let fs = OverlayFs::new(OsFs);
    fs.open(&below.path("file"), OpenMode::Create).unwrap();
    fs.rename(&below.path("file"), &below.path("there")).unwrap();
    fs.rename(&below.path("there"), &below.path("file")).unwrap();
    assert_eq!(fs.changes(), []);
    assert_eq!(fs.open(&below.path("file"), OpenMode::CreateNew).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
    assert_eq!(fs.open(&below.path("none"), OpenMode::Write).unwrap_err().kind(), io::ErrorKind::NotFound);
    assert_eq!(fs.open(&below.path("no/dir"), OpenMode::Create).unwrap_err().kind(), io::ErrorKind::NotFound);
}

#[test]
fn nothing_but_zeros_lies_outside_of_what_is_told_as_stored() {
    const LEN: u64 = 1024 * 1024;
    let below = Below::new();
    let path = below.path("sparse");
    let file = OsFs.open(&path, OpenMode::CreateNew).unwrap();
    file.set_len(LEN).unwrap();
    file.write_all_at(&[1], 300_000).unwrap();
    let fs = OverlayFs::new(OsFs);
    let file = fs.open(&path, OpenMode::Write).unwrap();
    let stored = |from| file.next_data(from).unwrap();
    let first = stored(0).unwrap();
    assert!(first.contains(&300_000) && first.end <= LEN && stored(LEN).is_none());
    // What was cut and let grow again is zero.
    file.set_len(200_000).unwrap();
    file.set_len(LEN).unwrap();
    assert!(stored(0).is_none_or(|stored| stored.end <= 200_000));
    file.write_all_at(&[1], 600_000).unwrap();
    let written = stored(250_000).unwrap();
    assert!(written.start <= 600_000 && written.end > 600_000, "{written:?}");
    assert_eq!(stored(600_001).map(|stored| stored.start), Some(600_001));
    assert_eq!(stored(700_000), None);
}
