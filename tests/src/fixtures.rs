//! The recorded scenarios in `fixtures/`: one `NAME.tar.zst` each, unpacked once into the target folder.
//!
//! An unpacked scenario holds the folders and files that Kafka wrote, `cases.json` (how Kafka's dump tool was called on
//! them) and `expected/` (what it printed). `fixtures/README.md` says how they are made.

#![expect(clippy::panic, reason = "without its fixtures a test can only fail")]

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use serde_json::Value;

const PACKED: &str = ".tar.zst";
/// Modification time of every unpacked file, in seconds since 1970: one with another time was written to since.
const UNPACKED_AT: u64 = 1_767_225_600;

/// One call of Kafka's dump tool and what came of it.
pub struct Case {
    /// Unique within its scenario; begins with the file it is about.
    pub id: String,
    /// Arguments; paths are relative to the scenario's folder.
    pub args: Vec<String>,
    /// Exit code.
    pub code: i32,
    /// Standard output.
    pub out: Vec<u8>,
    /// Standard error, with `@CWD@` for the working directory.
    pub err: Vec<u8>,
}

/// The repository's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("")).to_owned()
}

/// Names of all scenarios recorded with Kafka 4.3.0, sorted.
///
/// # Panics
/// When the folder `fixtures` cannot be read.
pub fn names() -> Vec<String> {
    names_in("")
}

/// Names of the scenarios recorded in this folder of `fixtures`, sorted and without the folder.
///
/// # Panics
/// When the folder cannot be read.
pub fn names_in(folder: &str) -> Vec<String> {
    let listed = fs::read_dir(root().join("fixtures").join(folder)).expect("the repository has this folder");
    let mut names: Vec<String> = listed
        .map(|entry| entry.expect("fixtures can be listed").file_name().to_string_lossy().into_owned())
        .filter_map(|name| name.strip_suffix(PACKED).map(str::to_owned))
        .collect();
    names.sort();
    names
}

/// The folder of a scenario, unpacked on first use; a name such as `kafka-4.4/later-offsets` is that of a scenario in a
/// folder of `fixtures`. Shared by all tests: read only, work on copies.
///
/// # Panics
/// When there is no such scenario, or it cannot be unpacked.
pub fn scenario(name: &str) -> PathBuf {
    let pack = root().join("fixtures").join(format!("{name}{PACKED}"));
    let bytes = fs::read(&pack).unwrap_or_else(|e| panic!("{}: {e}", pack.display()));
    let folder = unpacked_root().join(format!("{:016x}", fingerprint(&bytes)));
    let name = name.rsplit('/').next().unwrap_or(name);
    let done = folder.join(name);
    if !done.is_dir() {
        fs::create_dir_all(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
        unpack(&bytes, &folder, name).unwrap_or_else(|e| panic!("unpacking {}: {e}", pack.display()));
    }
    done.canonicalize().unwrap_or_else(|e| panic!("{}: {e}", done.display()))
}

/// Every recorded case of a scenario.
///
/// # Panics
/// When the scenario's list of cases does not have the shape that `make-corpus` writes.
pub fn cases(name: &str) -> Vec<Case> {
    let folder = scenario(name);
    let listed = listing(&folder);
    let listed = listed["cases"].as_array().expect("the list of cases is an array");
    listed.iter().map(|case| read_case(&folder, case)).collect()
}

/// Files of an unpacked scenario that something has written to, created or deleted since it was unpacked.
///
/// # Errors
/// When a folder cannot be listed.
pub fn touched(folder: &Path) -> io::Result<Vec<String>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next)? {
            let (path, metadata) = {
                let entry = entry?;
                (entry.path(), entry.metadata()?)
            };
            if metadata.is_dir() {
                folders.push(path);
            } else if metadata.modified()? != UNIX_EPOCH + Duration::from_secs(UNPACKED_AT) {
                found.push(format!("wrote to {}", path.display()));
            }
        }
    }
    let listed = listing(folder);
    let files = listed["files"].as_array().expect("the list of files is an array");
    let gone = files.iter().map(|file| folder.join(string(&file["path"]))).filter(|path| !path.exists());
    found.extend(gone.map(|path| format!("deleted {}", path.display())));
    Ok(found)
}

/// Files of an unpacked scenario, without what was recorded about them.
///
/// # Panics
/// When the scenario's list of files does not have the shape that `make-corpus` writes.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let listed = listing(folder);
    let files = listed["files"].as_array().expect("the list of files is an array");
    files.iter().map(|file| folder.join(string(&file["path"]))).collect()
}

fn listing(folder: &Path) -> Value {
    let text = fs::read(folder.join("cases.json")).expect("a scenario has a list of cases");
    serde_json::from_slice(&text).expect("the list of cases is JSON")
}

fn string(value: &Value) -> String {
    value.as_str().expect("a string").to_owned()
}

fn read_case(folder: &Path, case: &Value) -> Case {
    let stream = |key: &str| match case[key].as_str() {
        None => Vec::new(),
        Some(path) => fs::read(folder.join(path)).unwrap_or_else(|e| panic!("{path}: {e}")),
    };
    Case {
        id: string(&case["id"]),
        args: case["args"].as_array().expect("args is an array").iter().map(string).collect(),
        code: case["code"].as_i64().expect("code is a number") as i32,
        out: stream("out"),
        err: stream("err"),
    }
}

/// Packs a scenario folder as make-corpus leaves it; the same folder always gives the same bytes.
///
/// # Errors
/// When the folder cannot be read.
pub fn pack(folder: &Path) -> io::Result<Vec<u8>> {
    let name = folder.file_name().ok_or_else(|| io::Error::other("a scenario folder has a name"))?;
    let mut archive = tar::Builder::new(Vec::new());
    append(&mut archive, folder, Path::new(name))?;
    let mut packer = zstd::Encoder::new(Vec::new(), 19)?;
    packer.window_log(27)?;
    io::copy(&mut archive.into_inner()?.as_slice(), &mut packer)?;
    packer.finish()
}

fn append(archive: &mut tar::Builder<Vec<u8>>, from: &Path, to: &Path) -> io::Result<()> {
    let mut members = fs::read_dir(from)?.collect::<Result<Vec<_>, _>>()?;
    members.sort_by_key(fs::DirEntry::file_name);
    for member in members {
        let (from, to) = (member.path(), to.join(member.file_name()));
        if member.file_type()?.is_dir() {
            append(archive, &from, &to)?;
        } else if member.file_name() != "scenario.json" {
            let bytes = fs::read(&from)?;
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o644);
            header.set_mtime(UNPACKED_AT);
            archive.append_data(&mut header, &to, bytes.as_slice())?;
        }
    }
    Ok(())
}

/// Unpacks beside the final place and renames, so that tests running at the same time see all of a scenario or nothing.
fn unpack(bytes: &[u8], folder: &Path, name: &str) -> io::Result<()> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let beside = folder.join(format!(".{}.{}", process::id(), COUNT.fetch_add(1, Ordering::Relaxed)));
    tar::Archive::new(zstd::Decoder::with_buffer(bytes)?).unpack(&beside)?;
    let renamed = fs::rename(beside.join(name), folder.join(name));
    fs::remove_dir_all(&beside)?;
    if folder.join(name).is_dir() { Ok(()) } else { renamed }
}

fn unpacked_root() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |dir| root().join(dir)).join("fixtures")
}

/// FNV-1a: a changed pack gets a folder of its own.
fn fingerprint(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &b| (hash ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packing_an_unpacked_scenario_gives_the_same_archive() {
        let name = "control-records";
        let packed = fs::read(root().join("fixtures").join(format!("{name}{PACKED}"))).unwrap();
        let again = pack(&scenario(name)).unwrap();
        let archive = |packed: &[u8]| zstd::decode_all(packed).unwrap();
        assert!(archive(&packed) == archive(&again), "packing and unpacking lose something");
    }

    #[test]
    fn threads_that_unpack_the_same_scenario_at_once_all_find_it_whole() {
        let bytes = fs::read(root().join("fixtures").join(format!("edge-numbers{PACKED}"))).unwrap();
        let folder = unpacked_root().join(format!("race-{}", process::id()));
        fs::create_dir_all(&folder).unwrap();
        std::thread::scope(|threads| {
            for _ in 0..4 {
                threads.spawn(|| {
                    unpack(&bytes, &folder, "edge-numbers").unwrap();
                    assert!(folder.join("edge-numbers/cases.json").is_file());
                });
            }
        });
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
        fs::remove_dir_all(&folder).unwrap();
    }
}
