//! A case's data on disk, and the tools run on it in this process.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use kafka_log_cli::tool::{self, Terminals};
use serde_json::Value;

/// A directory of its own for a case; removed with it.
pub(crate) struct Room(PathBuf);

impl Room {
    pub(crate) fn new() -> io::Result<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let dir = std::env::temp_dir().join(format!("cases-{}-{number}", std::process::id()));
        fs::create_dir_all(&dir)?;
        Ok(Room(dir.canonicalize()?))
    }

    /// Unpacks an archive as `NAME/data`: the name of a log directory must not depend on the run.
    pub(crate) fn unpack(&self, archive: &Path, name: &str) -> io::Result<PathBuf> {
        let data = self.0.join(name).join("data");
        fs::create_dir_all(&data)?;
        tar::Archive::new(zstd::Decoder::new(File::open(archive)?)?).unpack(&data)?;
        Ok(data)
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// What a run of a tool said.
pub(crate) struct Said {
    pub(crate) code: u8,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    /// The objects of JSON output.
    pub(crate) fn objects(&self) -> Vec<Value> {
        self.out.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }
}

pub(crate) fn kafka_log(verb: &str, options: &[&str], path: &Path) -> Said {
    let args = ["kafka-log", verb].into_iter().chain(options.iter().copied()).map(Into::into).chain([path.into()]);
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let code = tool::run(args, &mut out, &mut err, Terminals::default());
    said(code, &out, &err)
}

pub(crate) fn kafka_dump_log(file: &Path, options: &[String]) -> Said {
    let args = ["--files".into(), file.into()].into_iter().chain(options.iter().map(Into::into));
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let code = kafka_log_cli::dump::run(args, &mut out, &mut err);
    said(code, &out, &err)
}

fn said(code: u8, out: &[u8], err: &[u8]) -> Said {
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    Said { code, out: text(out), err: text(err) }
}

/// Paths below `dir` and contents, without what repairs keep for themselves.
pub(crate) fn files(dir: &Path) -> io::Result<BTreeMap<String, Vec<u8>>> {
    fn add(dir: &Path, below: &str, found: &mut BTreeMap<String, Vec<u8>>) -> io::Result<()> {
        for entry in fs::read_dir(dir)? {
            let entry = entry?;
            let name = format!("{below}{}", entry.file_name().to_string_lossy());
            if name.contains(".kafka-log-repair") {
                continue;
            }
            if entry.file_type()?.is_dir() {
                add(&entry.path(), &format!("{name}/"), found)?;
            } else {
                found.insert(name, fs::read(entry.path())?);
            }
        }
        Ok(())
    }
    let mut found = BTreeMap::new();
    add(dir, "", &mut found)?;
    Ok(found)
}

/// Whether a path fits a pattern in which `*` stands for any characters, `/` among them.
pub(crate) fn fits(pattern: &str, path: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == path,
        Some((before, after)) => path
            .strip_prefix(before)
            .is_some_and(|rest| (0..=rest.len()).any(|at| rest.get(at..).is_some_and(|rest| fits(after, rest)))),
    }
}
