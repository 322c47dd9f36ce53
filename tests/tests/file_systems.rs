//! What the engine builds on holds for the real file system and for the simulated one alike.

#![expect(clippy::unwrap_used, reason = "a file system that fails where it must not fails the test")]

use std::env;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process;

use kafka_log::fs::{
    DirEntry, Fs, FsFile, OpenMode, OsFs, ReadAt, TooLarge, exists, read_at_most, read_whole, write_atomically,
};
use tests::sim::SimFs;

/// Runs a check on both, each with an empty directory.
macro_rules! on_both {
    ($($name:ident => $check:ident;)*) => {
        mod simulated {
            $(#[test] fn $name() {
                let fs = super::SimFs::new(1);
                fs.set_short_reads(true);
                super::Fs::create_dir_all(&fs, "/dir".as_ref()).unwrap();
                super::$check(&fs, "/dir".as_ref());
                assert_eq!(fs.complaints(), Vec::<String>::new());
            })*
        }
        mod real {
            $(#[test] fn $name() {
                let dir = super::RealDir::new(stringify!($name));
                super::$check(&super::OsFs, &dir.0);
            })*
        }
    };
}

on_both! {
    writes_land_where_they_are_put_and_holes_are_zeros => positioned_writes;
    reads_end_at_the_end_of_the_file => ends_of_files;
    a_file_is_cut_and_grows_with_zeros => lengths;
    modes_decide_what_must_be_there => modes;
    a_file_opened_to_be_read_takes_no_writes => read_only;
    a_rename_replaces_a_file_and_open_files_stay_what_they_are => renames;
    a_directory_is_renamed_with_all_in_it => renamed_directories;
    a_removed_file_is_read_by_who_has_it_open => removals;
    files_with_holes_are_read_whole_up_to_a_limit => limits;
    a_directory_lists_files_and_directories => listings;
    directories_are_made_with_those_above_and_removed_when_empty => directories;
    missing_names_are_told_apart_from_failures => missing;
    times_can_be_set_and_read => times;
    a_lock_is_held_once_and_let_go_with_its_value => locks;
    a_file_replaced_at_once_has_the_new_content => atomic_writes;
    many_positions_are_written_and_read_by_threads => threads;
}

struct RealDir(PathBuf);

impl RealDir {
    fn new(name: &str) -> Self {
        let dir = env::temp_dir().join(format!("file-systems-{}-{name}", process::id()));
        fs::create_dir_all(&dir).unwrap();
        RealDir(dir)
    }
}

impl Drop for RealDir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn content<F: Fs>(fs: &F, path: &Path) -> Vec<u8> {
    read_whole(fs, path).unwrap().unwrap()
}

fn made<F: Fs>(fs: &F, path: &Path, bytes: &[u8]) -> F::File {
    let file = fs.open(path, OpenMode::CreateNew).unwrap();
    file.write_all_at(bytes, 0).unwrap();
    file
}

fn names<F: Fs>(fs: &F, dir: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs.read_dir(dir).unwrap().into_iter().map(|entry| entry.name).collect();
    names.sort();
    names
}

fn kind<T>(outcome: std::io::Result<T>) -> ErrorKind {
    outcome.err().unwrap().kind()
}

fn positioned_writes<F: Fs>(fs: &F, dir: &Path) {
    let file = made(fs, &dir.join("a"), b"");
    file.write_all_at(b"behind", 6).unwrap();
    file.write_all_at(b"", 100).unwrap();
    assert_eq!(file.len().unwrap(), 12);
    file.write_all_at(b"front", 0).unwrap();
    file.write_all_at(b"-", 8).unwrap();
    file.sync().unwrap();
    assert_eq!(content(fs, &dir.join("a")), b"front\0be-ind");
    assert_eq!(fs.metadata(&dir.join("a")).unwrap().len, 12);
}

fn limits<F: Fs>(fs: &F, dir: &Path) {
    const LEN: u64 = 300_000;
    let (path, short) = (dir.join("holes"), dir.join("short"));
    let file = made(fs, &path, b"");
    file.set_len(LEN).unwrap();
    for at in [0, 70_000, 299_990] {
        file.write_all_at(&[1; 10], at).unwrap();
    }
    let mut expected = vec![0; LEN as usize];
    for at in [0, 70_000, 299_990] {
        expected[at..at + 10].fill(1);
    }
    assert!(content(fs, &path) == expected);
    file.set_len(200_000).unwrap();
    assert!(content(fs, &path) == expected[..200_000]);
    let error = read_at_most(fs, &path, 199_999).unwrap_err();
    assert_eq!(TooLarge::of(&error), Some(TooLarge { limit: 199_999, found: 200_000 }));
    made(fs, &short, b"0123");
    assert_eq!(read_at_most(fs, &short, 4).unwrap().unwrap(), b"0123");
    assert_eq!(kind(read_at_most(fs, &short, 3)), ErrorKind::FileTooLarge);
}

fn ends_of_files<F: Fs>(fs: &F, dir: &Path) {
    let file = made(fs, &dir.join("a"), b"0123456789");
    let mut buf = [0; 8];
    assert_eq!(file.read_full_at(&mut buf, 5).unwrap(), 5);
    assert_eq!(&buf[..5], b"56789");
    assert_eq!(file.read_full_at(&mut buf, 10).unwrap(), 0);
    assert_eq!(file.read_full_at(&mut buf, 1 << 40).unwrap(), 0);
    assert_eq!(file.read_full_at(&mut [], 0).unwrap(), 0);
}

fn lengths<F: Fs>(fs: &F, dir: &Path) {
    let file = made(fs, &dir.join("a"), b"0123456789");
    file.set_len(4).unwrap();
    file.set_len(6).unwrap();
    assert_eq!(content(fs, &dir.join("a")), b"0123\0\0");
    assert!(!file.is_empty().unwrap());
    file.set_len(0).unwrap();
    assert!(file.is_empty().unwrap());
}

fn modes<F: Fs>(fs: &F, dir: &Path) {
    let path = dir.join("a");
    assert_eq!(kind(fs.open(&path, OpenMode::Read)), ErrorKind::NotFound);
    assert_eq!(kind(fs.open(&path, OpenMode::Write)), ErrorKind::NotFound);
    assert_eq!(kind(fs.open(&dir.join("none/a"), OpenMode::Create)), ErrorKind::NotFound);
    fs.open(&path, OpenMode::Create).unwrap().write_all_at(b"kept", 0).unwrap();
    assert_eq!(fs.open(&path, OpenMode::Create).unwrap().len().unwrap(), 4, "an existing file is not emptied");
    assert_eq!(kind(fs.open(&path, OpenMode::CreateNew)), ErrorKind::AlreadyExists);
    assert_eq!(kind(fs.open(&path.join("below"), OpenMode::Read)), ErrorKind::NotADirectory);
    fs.open(&path, OpenMode::Write).unwrap().write_all_at(b"K", 0).unwrap();
    assert_eq!(content(fs, &path), b"Kept");
}

fn read_only<F: Fs>(fs: &F, dir: &Path) {
    made(fs, &dir.join("a"), b"kept");
    let file = fs.open(&dir.join("a"), OpenMode::Read).unwrap();
    file.write_all_at(b"x", 0).unwrap_err();
    file.set_len(0).unwrap_err();
    assert_eq!(content(fs, &dir.join("a")), b"kept");
}

fn renames<F: Fs>(fs: &F, dir: &Path) {
    let (a, b) = (dir.join("a"), dir.join("b"));
    let moved = made(fs, &a, b"moved");
    let replaced = made(fs, &b, b"replaced");
    fs.rename(&a, &b).unwrap();
    fs.sync_dir(dir).unwrap();
    assert_eq!(names(fs, dir), ["b"]);
    assert_eq!(content(fs, &b), b"moved");
    moved.write_all_at(b"M", 0).unwrap();
    assert_eq!(content(fs, &b), b"Moved", "the open file goes with the name");
    let mut buf = [0; 8];
    assert_eq!(replaced.read_full_at(&mut buf, 0).unwrap(), 8);
    assert_eq!(&buf, b"replaced");
    assert_eq!(kind(fs.rename(&a, &b)), ErrorKind::NotFound);
    assert_eq!(kind(fs.rename(&b, &dir.join("none/b"))), ErrorKind::NotFound);
    fs.create_dir_all(&dir.join("other")).unwrap();
    fs.rename(&b, &dir.join("other/c")).unwrap();
    assert_eq!((names(fs, dir), content(fs, &dir.join("other/c"))), (vec!["other".to_owned()], b"Moved".to_vec()));
    fs.create_dir_all(&dir.join("third")).unwrap();
    assert_eq!(kind(fs.rename(&dir.join("other/c"), &dir.join("third"))), ErrorKind::IsADirectory);
}

fn renamed_directories<F: Fs>(fs: &F, dir: &Path) {
    fs.create_dir_all(&dir.join("t-0")).unwrap();
    let open = made(fs, &dir.join("t-0/a"), b"content");
    fs.rename(&dir.join("t-0"), &dir.join("t-0-delete")).unwrap();
    fs.sync_dir(dir).unwrap();
    assert!(!exists(fs, &dir.join("t-0")).unwrap());
    assert_eq!(content(fs, &dir.join("t-0-delete/a")), b"content");
    open.write_all_at(b"C", 0).unwrap();
    assert_eq!(content(fs, &dir.join("t-0-delete/a")), b"Content");
    fs.create_dir_all(&dir.join("full/x")).unwrap();
    assert_eq!(kind(fs.rename(&dir.join("t-0-delete"), &dir.join("full"))), ErrorKind::DirectoryNotEmpty);
}

fn removals<F: Fs>(fs: &F, dir: &Path) {
    let file = made(fs, &dir.join("a"), b"content");
    fs.remove_file(&dir.join("a")).unwrap();
    assert_eq!(names(fs, dir), [""; 0]);
    assert_eq!(kind(fs.remove_file(&dir.join("a"))), ErrorKind::NotFound);
    file.write_all_at(b"C", 0).unwrap();
    let mut buf = [0; 7];
    file.read_full_at(&mut buf, 0).unwrap();
    assert_eq!(&buf, b"Content");
    made(fs, &dir.join("a"), b"new");
    assert_eq!(content(fs, &dir.join("a")), b"new");
}

fn listings<F: Fs>(fs: &F, dir: &Path) {
    assert_eq!(fs.read_dir(dir).unwrap(), []);
    made(fs, &dir.join("b"), b"");
    fs.create_dir_all(&dir.join("a/below")).unwrap();
    let mut found = fs.read_dir(dir).unwrap();
    found.sort();
    let entry = |name: &str, is_dir| DirEntry { name: name.to_owned(), is_dir };
    assert_eq!(found, [entry("a", true), entry("b", false)]);
    assert!(fs.metadata(&dir.join("a")).unwrap().is_dir);
    assert!(!fs.metadata(&dir.join("b")).unwrap().is_dir);
}

fn directories<F: Fs>(fs: &F, dir: &Path) {
    let deep = dir.join("a/b/c");
    fs.create_dir_all(&deep).unwrap();
    fs.create_dir_all(&deep).unwrap();
    fs.sync_dir(&deep).unwrap();
    assert_eq!(kind(fs.remove_dir(&dir.join("a"))), ErrorKind::DirectoryNotEmpty);
    fs.remove_dir(&deep).unwrap();
    assert_eq!(names(fs, &dir.join("a/b")), [""; 0]);
    made(fs, &dir.join("file"), b"");
    fs.create_dir_all(&dir.join("file")).unwrap_err();
    assert_eq!(kind(fs.remove_dir(&dir.join("file"))), ErrorKind::NotADirectory);
    assert_eq!(kind(fs.read_dir(&dir.join("file"))), ErrorKind::NotADirectory);
    fs.remove_file(&dir.join("a")).unwrap_err();
    assert!(exists(fs, &dir.join("a")).unwrap());
}

fn missing<F: Fs>(fs: &F, dir: &Path) {
    let none = dir.join("none");
    assert_eq!(kind(fs.metadata(&none)), ErrorKind::NotFound);
    assert_eq!(kind(fs.read_dir(&none)), ErrorKind::NotFound);
    assert_eq!(kind(fs.remove_dir(&none)), ErrorKind::NotFound);
    assert_eq!(kind(fs.sync_dir(&none)), ErrorKind::NotFound);
    assert_eq!(kind(fs.set_modified(&none, 0)), ErrorKind::NotFound);
    assert_eq!(kind(fs.metadata(&none.join("below"))), ErrorKind::NotFound);
    assert_eq!(read_whole(fs, &none).unwrap(), None);
    assert!(!exists(fs, &none).unwrap());
}

fn times<F: Fs>(fs: &F, dir: &Path) {
    let file = made(fs, &dir.join("a"), b"content");
    let modified = || fs.metadata(&dir.join("a")).unwrap().modified_ms;
    for ms in [1_700_000_000_123, 0, -1, 1] {
        fs.set_modified(&dir.join("a"), ms).unwrap();
        assert_eq!(modified(), ms);
        assert_eq!(file.len().unwrap(), 7);
    }
    fs.set_modified(&dir.join("a"), -5_000).unwrap();
    fs.open(&dir.join("a"), OpenMode::Write).unwrap().sync().unwrap();
    assert_eq!(modified(), -5_000, "opening and syncing change no content");
    file.write_all_at(b"x", 0).unwrap();
    assert!(modified() >= 0, "writing does");
    fs.set_modified(&dir.join("a"), -5_000).unwrap();
    fs.rename(&dir.join("a"), &dir.join("b")).unwrap();
    assert_eq!(fs.metadata(&dir.join("b")).unwrap().modified_ms, -5_000, "a rename does not");
    file.set_len(3).unwrap();
    assert!(fs.metadata(&dir.join("b")).unwrap().modified_ms >= 0, "cutting does");
}

fn locks<F: Fs>(fs: &F, dir: &Path) {
    let path = dir.join(".lock");
    let lock = fs.try_lock(&path).unwrap();
    assert!(lock.is_some());
    assert!(fs.try_lock(&path).unwrap().is_none());
    assert!(fs.clone().try_lock(&path).unwrap().is_none());
    assert!(fs.try_lock(&dir.join("other")).unwrap().is_some());
    drop(lock);
    assert!(fs.try_lock(&path).unwrap().is_some());
    assert_eq!(content(fs, &path), b"");
}

fn atomic_writes<F: Fs>(fs: &F, dir: &Path) {
    let path = dir.join("checkpoint");
    for bytes in [&b"a long first content"[..], b"second", b""] {
        write_atomically(fs, &path, bytes).unwrap();
        assert_eq!(content(fs, &path), bytes);
        assert_eq!(names(fs, dir), ["checkpoint"]);
    }
    made(fs, &dir.join("checkpoint.tmp"), b"left behind by a crash, and longer than what comes");
    write_atomically(fs, &path, b"third").unwrap();
    assert_eq!(content(fs, &path), b"third");
}

fn threads<F: Fs>(fs: &F, dir: &Path) {
    let file = made(fs, &dir.join("a"), b"");
    std::thread::scope(|scope| {
        for writer in 0..4_u8 {
            let file = &file;
            scope.spawn(move || {
                for i in 0..64 {
                    let at = u64::from(writer) * 64 + i;
                    file.write_all_at(&[writer + 1], at).unwrap();
                    let mut byte = [0];
                    assert_eq!(file.read_full_at(&mut byte, at).unwrap(), 1);
                    assert_eq!(byte, [writer + 1]);
                }
            });
        }
    });
    let expected: Vec<u8> = (0..256).map(|at| (at / 64 + 1) as u8).collect();
    assert_eq!(content(fs, &dir.join("a")), expected);
}

#[cfg(unix)]
#[test]
fn a_file_replaced_at_once_is_not_written_through_a_link() {
    let dir = RealDir::new("temporary-link");
    let victim = dir.0.join("victim");
    fs::write(&victim, "secret").unwrap();
    std::os::unix::fs::symlink(&victim, dir.0.join("checkpoint.tmp")).unwrap();
    write_atomically(&OsFs, &dir.0.join("checkpoint"), b"new").unwrap();
    assert_eq!(fs::read(&victim).unwrap(), b"secret");
    assert!(!dir.0.join("checkpoint").is_symlink());
    assert_eq!(names(&OsFs, &dir.0), ["checkpoint", "victim"]);
}

#[cfg(unix)]
#[test]
fn a_directory_is_locked_apart_from_its_lock_file() {
    let dir = RealDir::new("directory-lock");
    let lock = OsFs.try_lock_dir(&dir.0).unwrap();
    assert!(lock.is_some());
    assert!(OsFs.try_lock_dir(&dir.0).unwrap().is_none());
    assert!(OsFs.try_lock(&dir.0.join(".lock")).unwrap().is_some());
    drop(lock);
    assert!(OsFs.try_lock_dir(&dir.0).unwrap().is_some());
}
