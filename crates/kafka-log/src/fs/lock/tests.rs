use std::fs;
use std::os::unix::fs::symlink;

use super::*;

#[test]
fn a_lock_file_is_not_made_through_a_link() {
    let dir = std::env::temp_dir().join(format!("lock-{}", std::process::id()));
    fs::create_dir_all(&dir).unwrap();
    symlink(dir.join("elsewhere"), dir.join(".lock")).unwrap();
    let error = try_lock(&dir.join(".lock")).unwrap_err();
    assert!(error.to_string().contains("symbolic link"), "{error}");
    assert!(!dir.join("elsewhere").exists());
    fs::remove_dir_all(dir).unwrap();
}

#[test]
fn a_lock_on_a_file_that_was_removed_meanwhile_does_not_count() {
    let dir = std::env::temp_dir().join(format!("removed-lock-{}", std::process::id()));
    fs::create_dir_all(&dir).unwrap();
    let path = dir.join(".lock");
    let opened_early = id(&open(&path).unwrap().metadata().unwrap());
    assert_eq!(id_at(&path).unwrap(), opened_early);
    fs::rename(&path, dir.join("removed")).unwrap();
    assert_eq!(id_at(&path).unwrap(), None);
    let lock = try_lock(&path).unwrap();
    assert!(lock.is_some());
    assert_ne!(id_at(&path).unwrap(), opened_early, "another file has the name now");
    fs::remove_dir_all(dir).unwrap();
}

/// A second try must not close a descriptor of the file.
#[cfg(target_os = "linux")]
#[test]
fn a_lock_that_a_jvm_sees_outlives_a_second_try() {
    use std::os::unix::fs::MetadataExt;
    let dir = std::env::temp_dir().join(format!("second-lock-{}", std::process::id()));
    fs::create_dir_all(&dir).unwrap();
    let path = dir.join(".lock");
    let lock = try_lock(&path).unwrap();
    let inode = format!(":{} ", fs::metadata(&path).unwrap().ino());
    let is_seen = || {
        let locks = fs::read_to_string("/proc/locks").unwrap();
        locks.lines().any(|line| line.contains(" POSIX ") && line.contains(&inode))
    };
    assert!(is_seen());
    assert!(try_lock(&path).unwrap().is_none());
    assert!(is_seen());
    drop(lock);
    assert!(!is_seen());
    assert!(try_lock(&path).unwrap().is_some());
    fs::remove_dir_all(dir).unwrap();
}
