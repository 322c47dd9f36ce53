//! Where repairs keep their files: beside the files that they change, and with names of one prefix. In a partition
//! directory that is the folder `.kafka-log-repair`, as Kafka looks at files only. In a log directory, where Kafka takes
//! every folder for a partition and ignores other files, it is files whose names start so. For repair number N these are
//!
//! - `N.new.NAME`: the new content of NAME until it takes its place;
//! - `N.old.NAME`: what was there before, kept for good;
//! - `N.late.NAME`: what was in the place of NAME and is neither what the repair found there nor what it wrote;
//! - `N.journal`: the [`Journal`]. Without one, nothing has been changed yet.
//!
//! Files with other names are not touched. Only a file with the length and the checksum that the journal gives for it is
//! ever removed or replaced, and what a repair has written before there is a journal.

use std::io;
use std::path::{Path, PathBuf};

use super::content::fingerprint;
use super::error::RepairError;
use super::journal::Journal;
use crate::fs::{self, Fs};
use crate::segment::error::StorageError;

/// What all names of repairs start with.
pub(super) const PREFIX: &str = ".kafka-log-repair";

/// A file of a repair.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct RoomFile {
    /// Number of the repair.
    pub(super) number: u32,
    /// The rest of its name, as `new.NAME`.
    pub(super) what: String,
    pub(super) path: PathBuf,
}

impl RoomFile {
    /// Whether it is kept for good: the mere presence of such files is no reason to finish or undo anything.
    pub(super) fn is_kept(&self) -> bool {
        self.what.starts_with("old.") || self.what.starts_with("late.")
    }

    fn is_ours(what: &str) -> bool {
        ["new.", "old.", "late."].iter().any(|kind| what.starts_with(kind))
            || ["journal", "journal.tmp"].contains(&what)
    }
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

    /// All files that repairs have left, in the order of their numbers.
    pub(super) fn files(&self) -> Result<Vec<RoomFile>, RepairError> {
        let folder = self.folder();
        self.check_folder(&folder)?;
        let names = match self.fs.read_dir(&folder) {
            Ok(names) => names,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(StorageError::io("list", &folder)(e).into()),
        };
        let files = names.into_iter().filter(|entry| !entry.is_dir).filter_map(|entry| {
            let rest =
                if self.is_log_dir { entry.name.strip_prefix(PREFIX)?.strip_prefix('.')? } else { entry.name.as_str() };
            let (digits, what) = rest.split_once('.')?;
            let number: u32 = digits.parse().ok()?;
            let is_ours = number.to_string() == digits && RoomFile::is_ours(what);
            is_ours.then(|| RoomFile { number, what: what.to_owned(), path: folder.join(&entry.name) })
        });
        let mut files: Vec<_> = files.collect();
        files.sort();
        Ok(files)
    }

    /// Refuses a folder that is a link: what is written there would end up in another directory.
    fn check_folder(&self, folder: &Path) -> Result<(), RepairError> {
        if !self.is_log_dir && self.fs.is_link(folder).map_err(StorageError::io("look at", folder))? {
            return Err(RepairError::NotFound {
                path: folder.to_owned(),
                expected: "a directory that is no symbolic link",
            });
        }
        Ok(())
    }

    /// Makes the folder, with the owner and the permissions of the partition directory: a broker that cannot remove it cannot
    /// remove the partition either, and takes the whole log directory offline.
    pub(super) fn make_folder(&self) -> Result<(), RepairError> {
        let folder = self.folder();
        self.check_folder(&folder)?;
        self.fs.create_dir_all(&folder).map_err(StorageError::io("make", &folder))?;
        if !self.is_log_dir {
            self.fs.own_as(&folder, self.dir).map_err(StorageError::io("set the owner of", &folder))?;
        }
        Ok(self.fs.sync_dir(self.dir).map_err(StorageError::io("sync", self.dir))?)
    }

    /// Removes the folder unless something is in it.
    pub(super) fn remove_folder(&self) -> Result<(), StorageError> {
        let folder = self.folder();
        if folder == self.dir {
            return self.sync_both();
        }
        match self.fs.read_dir(&folder) {
            Ok(names) if names.is_empty() => {
                self.fs.remove_dir(&folder).map_err(StorageError::io("remove", &folder))?;
                self.fs.sync_dir(self.dir).map_err(StorageError::io("sync", self.dir))
            }
            Ok(_) => self.sync_both(),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(e) => Err(StorageError::io("list", &folder)(e)),
        }
    }

    pub(super) fn read_journal(&self, number: u32) -> Result<Option<Journal>, RepairError> {
        let path = self.path(number, "journal");
        if self.fs.is_link(&path).map_err(StorageError::io("look at", &path))? {
            return Err(RepairError::Journal { path, what: "expected a file, found a symbolic link".to_owned() });
        }
        let bytes = fs::read_whole(self.fs, &path).map_err(StorageError::io("read", &path))?;
        let parse = |bytes: Vec<u8>| Journal::parse(&bytes).map_err(|what| RepairError::Journal { path, what });
        bytes.map(parse).transpose()
    }

    pub(super) fn write_journal(&self, number: u32, journal: &Journal) -> Result<(), StorageError> {
        let path = self.path(number, "journal");
        fs::write_atomically_as(self.fs, &path, &journal.to_json(), self.dir).map_err(|error| {
            // What is left of a journal on a full disk takes space.
            let _ = self.remove(&self.path(number, "journal.tmp"));
            StorageError::io("write", &path)(error)
        })
    }

    /// Whether there is anything at `path`, a link that leads nowhere among it.
    pub(super) fn exists(&self, path: &Path) -> Result<bool, StorageError> {
        let exists = || Ok(self.fs.is_link(path)? || fs::exists(self.fs, path)?);
        exists().map_err(StorageError::io("look at", path))
    }

    /// Length of a file in bytes; `None` where there is none.
    pub(super) fn len(&self, path: &Path) -> Result<Option<u64>, StorageError> {
        match self.fs.metadata(path) {
            Ok(found) => Ok(Some(found.len)),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(StorageError::io("look at", path)(e)),
        }
    }

    /// Whether this is a file with that length and CRC-32C, and no link to one.
    pub(super) fn has(&self, path: &Path, expected: Option<(u64, u32)>) -> Result<bool, RepairError> {
        let Some((len, _)) = expected else { return Ok(false) };
        if self.fs.is_link(path).map_err(StorageError::io("look at", path))? || self.len(path)? != Some(len) {
            return Ok(false);
        }
        Ok(fingerprint(self.fs, path)? == expected)
    }

    /// Renames a file, durably.
    pub(super) fn rename(&self, from: &Path, to: &Path) -> Result<(), StorageError> {
        self.fs.rename(from, to).map_err(StorageError::io("rename", from))?;
        self.sync_both()
    }

    /// Moves a file out of the way as `N.late.NAME`.
    pub(super) fn set_aside(&self, number: u32, name: &str, path: &Path) -> Result<(), StorageError> {
        let mut aside = self.path(number, &format!("late.{name}"));
        let mut copy = 1_u32;
        while self.exists(&aside)? {
            aside = self.path(number, &format!("late.{copy}.{name}"));
            copy += 1;
        }
        self.rename(path, &aside)
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

    /// Removes a file if it is there.
    pub(super) fn remove(&self, path: &Path) -> Result<(), StorageError> {
        match self.fs.remove_file(path) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(StorageError::io("remove", path)(e)),
            _ => Ok(()),
        }
    }
}
