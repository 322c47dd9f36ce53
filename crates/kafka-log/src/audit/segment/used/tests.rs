use super::*;
use crate::fs::{Fs, OpenMode, OsFs};

const LEN: u64 = 512 * 1024;

/// A file of `LEN` bytes, all of them stored, with `count` entries at its start.
fn file(name: &str, count: u64, entry_len: u64) -> (std::path::PathBuf, crate::fs::OsFile) {
    let path = std::env::temp_dir().join(format!("used-{}-{name}-{count}-{entry_len}", std::process::id()));
    let file = OsFs.open(&path, OpenMode::Create).unwrap();
    let mut bytes = vec![0; LEN as usize];
    // The first byte of an entry is zero more often than not.
    bytes[..(count * entry_len) as usize].chunks_mut(entry_len as usize).for_each(|entry| entry[5] = 1);
    file.write_all_at(&bytes, 0).unwrap();
    (path, file)
}

#[test]
fn the_end_of_the_entries_is_found_by_reading_and_by_searching() {
    for entry_len in [8, 12] {
        for count in [0, 1, 2, 341, 342, 511, 512, 513, 5_461, 20_000, LEN / entry_len - 1, LEN / entry_len] {
            let (path, file) = file("count", count, entry_len);
            for level in [Level::Quick, Level::Default] {
                let found = used_len(&file, LEN, entry_len, level).unwrap();
                assert_eq!(found, count * entry_len, "{count} entries of {entry_len} bytes, {level:?}");
            }
            std::fs::remove_file(path).unwrap();
        }
    }
}

#[test]
fn what_a_sample_meets_behind_zeros_is_in_use() {
    let (path, file) = file("sample", 100, 8);
    // The first of the samples lies right after the entries.
    file.write_all_at(&[1; 8], 110 * 8).unwrap();
    assert_eq!(used_len(&file, LEN, 8, Level::Quick).unwrap(), 111 * 8);
    std::fs::remove_file(path).unwrap();
}
