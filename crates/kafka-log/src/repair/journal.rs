//! The journal of a repair: what is replaced by what, written before anything is, and how far it got.
//!
//! A repair keeps all that belongs to it beside the files it changes, behind one prefix: in a partition directory the
//! folder `.kafka-log-repair`, where Kafka looks at files alone; in a log directory, where Kafka takes each folder for a
//! partition and lets other files be, files whose names start so. Behind the prefix there are, for repair number N,
//!
//! - `N.new.NAME`: the new content of NAME until it has taken its place;
//! - `N.old.NAME`: what was there before, kept for good;
//! - `N.late.NAME`: what somebody else put in the place of NAME while the repair was half done;
//! - `N.journal`: the list of all files, and [`State`]. Without one, nothing has been changed yet.
//!
//! What has been done of each change is told by which of the files are there, so the journal is written four times at most.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::error::RepairError;
use crate::fs::{self, Fs};
use crate::segment::error::StorageError;

/// Version of the journal.
const VERSION: u64 = 1;
/// What all names of repairs start with.
pub(super) const PREFIX: &str = ".kafka-log-repair";

/// How far a repair is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// All new files are complete; some may have taken their places.
    Planned,
    /// All have.
    Done,
    /// Being taken back.
    Undoing,
    /// Taken back; only the new files and the journal are left to be removed.
    Undone,
}

impl State {
    const ALL: [(State, &'static str); 4] =
        [(State::Planned, "planned"), (State::Done, "done"), (State::Undoing, "undoing"), (State::Undone, "undone")];

    fn name(self) -> &'static str {
        Self::ALL.iter().find(|(state, _)| *state == self).map_or("", |(_, name)| name)
    }
}

/// One file of a repair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// Its name in the directory.
    pub(super) name: String,
    /// Whether there was such a file before.
    pub(super) has_old: bool,
    /// Length and CRC-32C of what takes its place, if anything does.
    pub(super) new: Option<(u64, u32)>,
}

/// The journal of one repair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Journal {
    pub(super) state: State,
    /// The changes in the order in which they are made.
    pub(super) entries: Vec<Entry>,
    /// Name and length of each log file that the repair leaves as it is, to tell later whether somebody wrote to it.
    pub(super) kept: Vec<(String, u64)>,
}

impl Journal {
    fn to_json(&self) -> Vec<u8> {
        let entries: Vec<Value> = self
            .entries
            .iter()
            .map(|entry| {
                let new = entry.new.map(|(len, crc)| json!({"bytes": len, "crc32c": crc}));
                json!({"file": entry.name, "was_there": entry.has_old, "new": new})
            })
            .collect();
        let kept: Vec<Value> = self.kept.iter().map(|(name, len)| json!({"file": name, "bytes": len})).collect();
        let journal = json!({"version": VERSION, "state": self.state.name(), "changes": entries, "kept": kept});
        format!("{journal:#}\n").into_bytes()
    }

    fn parse(bytes: &[u8]) -> Result<Self, String> {
        let journal: Value = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
        if journal["version"].as_u64() != Some(VERSION) {
            return Err(format!("expected version {VERSION}, found {}", journal["version"]));
        }
        let state = journal["state"].as_str().unwrap_or_default();
        let state = State::ALL.iter().find(|(_, name)| *name == state).map(|(state, _)| *state);
        let state = state.ok_or_else(|| format!("expected a state, found {}", journal["state"]))?;
        let list = |name: &str| journal[name].as_array().ok_or_else(|| format!("expected a list of {name}"));
        let entries = list("changes")?.iter().map(entry).collect::<Option<Vec<_>>>();
        let kept = list("kept")?.iter().map(|file| Some((name(&file["file"])?, file["bytes"].as_u64()?)));
        let kept = kept.collect::<Option<Vec<_>>>();
        match (entries, kept) {
            (Some(entries), Some(kept)) => Ok(Journal { state, entries, kept }),
            _ => Err("expected names, lengths and checksums of files".to_owned()),
        }
    }
}

fn entry(json: &Value) -> Option<Entry> {
    let new = match &json["new"] {
        Value::Null => None,
        new => Some((new["bytes"].as_u64()?, u32::try_from(new["crc32c"].as_u64()?).ok()?)),
    };
    Some(Entry { name: name(&json["file"])?, has_old: json["was_there"].as_bool()?, new })
}

/// A name that leads nowhere else.
fn name(json: &Value) -> Option<String> {
    let name = json.as_str()?;
    let is_plain = !name.is_empty() && name != "." && name != ".." && !name.contains(['/', '\\', '\0']);
    is_plain.then(|| name.to_owned())
}

/// Where the files of repairs of one directory lie.
#[derive(Clone, Debug)]
pub(super) struct Room<'a, F> {
    pub(super) fs: &'a F,
    /// The directory that is repaired.
    pub(super) dir: &'a Path,
    /// Whether it is a log directory.
    is_log_dir: bool,
}

impl<'a, F: Fs> Room<'a, F> {
    pub(super) fn new(fs: &'a F, dir: &'a Path, is_log_dir: bool) -> Self {
        Room { fs, dir, is_log_dir }
    }

    /// The folder that the files of repairs lie in.
    pub(super) fn folder(&self) -> PathBuf {
        if self.is_log_dir { self.dir.to_owned() } else { self.dir.join(PREFIX) }
    }

    /// The path of a file of repair `number`; `what` as `new.NAME`.
    pub(super) fn path(&self, number: u32, what: &str) -> PathBuf {
        if self.is_log_dir {
            self.dir.join(format!("{PREFIX}.{number}.{what}"))
        } else {
            self.dir.join(PREFIX).join(format!("{number}.{what}"))
        }
    }

    /// All that repairs have left: number, what it is, path.
    pub(super) fn files(&self) -> Result<Vec<(u32, String, PathBuf)>, RepairError> {
        let folder = self.folder();
        let names = match self.fs.read_dir(&folder) {
            Ok(names) => names,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(StorageError::io("list", &folder)(e).into()),
        };
        let files = names.into_iter().filter(|entry| !entry.is_dir).filter_map(|entry| {
            let rest =
                if self.is_log_dir { entry.name.strip_prefix(PREFIX)?.strip_prefix('.')? } else { entry.name.as_str() };
            let (number, what) = rest.split_once('.')?;
            Some((number.parse().ok()?, what.to_owned(), folder.join(&entry.name)))
        });
        let mut files: Vec<_> = files.collect();
        files.sort();
        Ok(files)
    }

    pub(super) fn make_folder(&self) -> Result<(), RepairError> {
        let folder = self.folder();
        self.fs.create_dir_all(&folder).map_err(StorageError::io("make", &folder))?;
        self.sync(self.dir)
    }

    pub(super) fn read_journal(&self, number: u32) -> Result<Option<Journal>, RepairError> {
        let path = self.path(number, "journal");
        let bytes = fs::read_whole(self.fs, &path).map_err(StorageError::io("read", &path))?;
        let parse = |bytes: Vec<u8>| Journal::parse(&bytes).map_err(|what| RepairError::Journal { path, what });
        bytes.map(parse).transpose()
    }

    pub(super) fn write_journal(&self, number: u32, journal: &Journal) -> Result<(), StorageError> {
        let path = self.path(number, "journal");
        fs::write_atomically(self.fs, &path, &journal.to_json()).map_err(StorageError::io("write", &path))
    }

    pub(super) fn exists(&self, path: &Path) -> Result<bool, StorageError> {
        fs::exists(self.fs, path).map_err(StorageError::io("look at", path))
    }

    /// Renames a file, durably.
    pub(super) fn rename(&self, from: &Path, to: &Path) -> Result<(), StorageError> {
        self.fs.rename(from, to).map_err(StorageError::io("rename", from))?;
        self.sync_both()
    }

    /// Makes the names in both folders durable.
    pub(super) fn sync_both(&self) -> Result<(), StorageError> {
        let folder = self.folder();
        self.fs.sync_dir(&folder).map_err(StorageError::io("sync", &folder))?;
        if !self.is_log_dir {
            self.fs.sync_dir(self.dir).map_err(StorageError::io("sync", self.dir))?;
        }
        Ok(())
    }

    fn sync(&self, dir: &Path) -> Result<(), RepairError> {
        Ok(self.fs.sync_dir(dir).map_err(StorageError::io("sync", dir))?)
    }

    /// Removes a file if it is there.
    pub(super) fn remove(&self, path: &Path) -> Result<(), StorageError> {
        match self.fs.remove_file(path) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(StorageError::io("remove", path)(e)),
            _ => Ok(()),
        }
    }
}
