//! What happens to files: bits, cuts and zeros; files that go, come back or trade places; what an interrupted compaction and
//! a change of leader leave behind; and everything that people do to a log directory.

use std::path::Path;

use kafka_log::fs::Fs;
use kafka_log::segment::batch::Batches;
use tests::Random;
use tests::hostile::mutate::mutate;

use super::folder::{CHECKPOINTS, Files, Folder, LOG_DIR, remove_tree, write};

/// Position of the leader epoch in a batch.
const PARTITION_LEADER_EPOCH: usize = 12;

/// Damages a folder in one to three places; what was done, for a message.
pub(crate) fn damage(folder: &mut Folder, random: &mut Random) -> Vec<String> {
    let count = [1, 1, 2, 2, 3][random.below(5)];
    (0..count).map(|_| once(folder, random)).collect()
}

fn once(folder: &mut Folder, random: &mut Random) -> String {
    let files = folder.files();
    let names: Vec<&String> = files.keys().collect();
    if names.is_empty() {
        return "nothing is left".to_owned();
    }
    let has_node = files.contains_key("meta.properties");
    match random.below(14) {
        0 if has_node => directory(folder, random),
        1 if has_node => small_file(folder, &files, random),
        2 => leftover(folder, &files, random),
        3 | 4 => batches(folder, &files, random),
        5 => foreign(folder, random),
        6 => old_copy(folder, &files, random),
        _ => bytes(folder, &files, names[random.below(names.len())], random),
    }
}

fn path(name: &str) -> std::path::PathBuf {
    Path::new(LOG_DIR).join(name)
}

/// Any file, as bytes.
fn bytes(folder: &Folder, files: &Files, name: &str, random: &mut Random) -> String {
    let fs = &folder.fs;
    let mut bytes = files[name].clone();
    let before = bytes.len();
    let what = match random.below(12) {
        0 => {
            fs.remove_file(&path(name)).expect("a file to remove");
            return format!("{name} removed");
        }
        1 => {
            bytes.clear();
            "emptied"
        }
        2 => {
            bytes.fill(0);
            "all zeros"
        }
        3 => {
            let at = random.below(bytes.len());
            let end = (at + random.below(2000)).min(bytes.len());
            bytes[at..end].fill(0);
            "zeros in it"
        }
        4 => {
            bytes.resize(before + random.below(5000), 0);
            "zeros behind it"
        }
        5 => {
            let at = random.below(bytes.len());
            bytes[at..].fill(0);
            "zeros at its end"
        }
        6 => {
            bytes.truncate(random.below(before));
            "cut"
        }
        7 => {
            let others: Vec<&String> = files.keys().filter(|other| is_like(other, name)).collect();
            let Some(other) = others.get(random.below(others.len())) else { return "nothing".to_owned() };
            write(fs, &path(other), &bytes);
            return format!("{name} copied over {other}");
        }
        _ => {
            mutate(random, &mut bytes, files.values().next_back().map_or(&[], Vec::as_slice));
            "changed"
        }
    };
    write(fs, &path(name), &bytes);
    format!("{name} {what}, from {before} to {} bytes", bytes.len())
}

/// Whether two files lie in one directory and have the same kind of name.
fn is_like(a: &str, b: &str) -> bool {
    let end = |name: &str| name.rsplit_once('.').map(|(_, end)| end.to_owned());
    Path::new(a).parent() == Path::new(b).parent() && end(a) == end(b) && a != b
}

/// A log file of one of the partitions.
fn log<'f>(folder: &Folder, files: &'f Files, random: &mut Random) -> Option<(&'f String, &'f Vec<u8>)> {
    let is_of_partition = |name: &str| folder.partitions.iter().any(|dir| path(name).starts_with(dir));
    let logs: Vec<_> = files.iter().filter(|(name, _)| name.ends_with(".log") && is_of_partition(name)).collect();
    logs.get(random.below(logs.len())).copied()
}

/// Batches that claim what others have, are there twice, or under another name.
fn batches(folder: &Folder, files: &Files, random: &mut Random) -> String {
    let Some((name, bytes)) = log(folder, files, random) else { return "nothing".to_owned() };
    let all: Vec<Vec<u8>> = Batches::new(bytes).map_while(Result::ok).map(|batch| batch.as_bytes().to_vec()).collect();
    let Some(batch) = all.get(random.below(all.len())) else { return "nothing".to_owned() };
    let mut batch = batch.clone();
    let offset = i64::from_be_bytes(batch[..8].try_into().expect("eight bytes"));
    let mut changed = bytes.clone();
    let what = match random.below(6) {
        0 => {
            changed.extend_from_slice(&batch);
            format!("the batch at {offset} once more at the end")
        }
        1 if batch.len() > 61 => {
            // The checksum covers neither the epoch nor the base offset.
            let epoch = random.below(9) as i32;
            batch[PARTITION_LEADER_EPOCH..PARTITION_LEADER_EPOCH + 4].copy_from_slice(&epoch.to_be_bytes());
            changed.extend_from_slice(&batch);
            format!("the batch at {offset} once more at the end, of epoch {epoch}")
        }
        2 => {
            let at = changed.windows(batch.len()).position(|window| window == batch).unwrap_or(0);
            let moved = offset + random.below(60) as i64 - 30;
            changed[at..at + 8].copy_from_slice(&moved.to_be_bytes());
            format!("the batch at {offset} says {moved}")
        }
        3 => {
            let at = changed.windows(batch.len()).position(|window| window == batch).unwrap_or(0);
            changed.drain(at..at + batch.len());
            format!("the batch at {offset} is gone")
        }
        4 => {
            let newer: Vec<u8> = all.iter().rev().take(1 + random.below(3)).flat_map(|batch| batch.clone()).collect();
            changed.extend_from_slice(&newer);
            "the last batches once more, in reverse".to_owned()
        }
        _ => {
            let (dir, file) = name.rsplit_once('/').expect("a file of a partition");
            let Ok(base) = file[..20.min(file.len())].parse::<i64>() else { return "nothing".to_owned() };
            let other = format!("{dir}/{:020}.log", (base + random.below(40) as i64 - 20).max(0));
            folder.fs.rename(&path(name), &path(&other)).expect("files in memory can be renamed");
            return format!("{name} renamed to {other}");
        }
    };
    write(&folder.fs, &path(name), &changed);
    format!("{name}: {what}")
}

/// Files of a compaction or a deletion that was interrupted.
fn leftover(folder: &Folder, files: &Files, random: &mut Random) -> String {
    let Some((name, bytes)) = log(folder, files, random) else { return "nothing".to_owned() };
    let mut bytes = bytes.clone();
    let is_torn = random.below(2) == 0;
    if is_torn {
        bytes.truncate(random.below(bytes.len()));
    }
    let (state, keeps) = match random.below(5) {
        0 => ("cleaned", true),
        1 => ("deleted", true),
        2 => ("deleted", false),
        3 => ("swap", false),
        _ => ("swap", true),
    };
    if !keeps {
        folder.fs.remove_file(&path(name)).expect("a file to remove");
    }
    write(&folder.fs, &path(&format!("{name}.{state}")), &bytes);
    let (torn, beside) = (if is_torn { "torn" } else { "whole" }, if keeps { "beside" } else { "in place of" });
    format!("a {torn} .{state} {beside} {name}")
}

/// Files that are none of Kafka's.
fn foreign(folder: &Folder, random: &mut Random) -> String {
    let dirs = folder.partitions.len();
    let Some(dir) = folder.partitions.get(random.below(dirs)).filter(|_| dirs > 0) else { return "nothing".to_owned() };
    let names = [
        "orders.log",
        "backup.index",
        "notes.txt",
        ".DS_Store",
        "7.log",
        "00000000000000000000.log.bak",
        "old.snapshot",
    ];
    let name = names[random.below(names.len())];
    if folder.fs.read_dir(dir).is_err() {
        return "nothing".to_owned();
    }
    write(&folder.fs, &dir.join(name), b"");
    format!("{} made", dir.join(name).display())
}

/// A small file as it was before: without its last line, or with another number in it.
fn old_copy(folder: &Folder, files: &Files, random: &mut Random) -> String {
    let is_text = |name: &&String| name.ends_with("-checkpoint") || name.ends_with("partition.metadata");
    let names: Vec<&String> = files.keys().filter(is_text).collect();
    let Some(name) = names.get(random.below(names.len())) else { return "nothing".to_owned() };
    let text = String::from_utf8_lossy(&files[*name]).into_owned();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    if lines.len() < 3 {
        return "nothing".to_owned();
    }
    let what = if random.below(2) == 0 {
        lines.pop();
        lines[1] = (lines.len() - 2).to_string();
        "without its last line"
    } else {
        let at = 2 + random.below(lines.len() - 2);
        let number = random.below(300).to_string();
        let (front, _) = lines[at].rsplit_once(' ').unwrap_or(("", ""));
        lines[at] = format!("{front} {number}");
        "with another number in it"
    };
    write(&folder.fs, &path(name), (lines.join("\n") + "\n").as_bytes());
    format!("{name} {what}: {lines:?}")
}

/// The files that a node reads before it opens a log.
fn small_file(folder: &Folder, files: &Files, random: &mut Random) -> String {
    let mut names: Vec<&str> = vec![
        "meta.properties",
        "bootstrap.checkpoint",
        "__cluster_metadata-0/quorum-state",
        "__cluster_metadata-0/partition.metadata",
        "__cluster_metadata-0/00000000000000000534-0000000003.checkpoint",
        "__cluster_metadata-0/00000000000000000354.log",
        ".kafka_cleanshutdown",
    ];
    names.extend(CHECKPOINTS);
    names.retain(|name| files.contains_key(*name));
    let name = names[random.below(names.len())];
    bytes(folder, files, name, random)
}

/// The directories of a log directory.
fn directory(folder: &mut Folder, random: &mut Random) -> String {
    let at = random.below(folder.partitions.len());
    let Some(dir) = folder.partitions.get(at).cloned().filter(|dir| folder.fs.read_dir(dir).is_ok()) else {
        return "nothing".to_owned();
    };
    let name = dir.file_name().expect("a partition has a name").to_string_lossy().into_owned();
    let to = match random.below(8) {
        0 => {
            remove_tree(&folder.fs, &dir);
            folder.partitions.remove(at);
            return format!("{name} removed");
        }
        1 => path("backup"),
        2 => path(&format!("{name}.bak")),
        3 => path(&format!("{}-2024-01-05", name.trim_end_matches("-0"))),
        4 => path(&format!("{name}.0a1b2c3d4e5f60718293a4b5c6d7e8f9-future")),
        5 => path(&format!("{name}.0a1b2c3d4e5f60718293a4b5c6d7e8f9-stray")),
        6 => path("lost+found"),
        _ => path(&format!("{name}.0a1b2c3d4e5f60718293a4b5c6d7e8f9-delete")),
    };
    if random.below(3) == 0 {
        folder.fs.create_dir_all(&to).expect("directories in memory can be made");
        return format!("{} made", to.display());
    }
    if random.below(2) == 0 {
        folder.fs.rename(&dir, &to).expect("directories in memory can be renamed");
        folder.partitions.remove(at);
        return format!("{name} renamed to {}", to.display());
    }
    tests::sim::copy_tree(&folder.fs, &dir, &folder.fs, &to).expect("directories in memory can be copied");
    format!("{name} copied to {}", to.display())
}
