//! The entries of an index: read into memory at the first use, gone with [`LogSegment::release_idle`](super::LogSegment::release_idle).

use std::io;
use std::path::{Path, PathBuf};

use super::Home;
use super::verified_entries::VerifiedEntries;
use crate::fs::{Fs, FsFile, INDEX_FILE_MAX, OpenMode, TooLarge, exists, read_stored};
use crate::segment::error::StorageError;

/// Bytes that gather before they are written to the file.
const WRITE_BEHIND: usize = 64 * 1024;

/// What the file of an index is brought up to date for.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Purpose {
    /// To have the entries there.
    Write,
    /// To be synced, whether something is written or not.
    Sync,
    /// To be left no longer than its entries, as no more will come.
    Trim,
}

/// An index file (`LazyIndex`): `None` until its entries are needed. Boxed, as there are many segments.
#[derive(Default)]
pub(super) struct IndexMemory(Option<Box<Loaded>>);

/// The entries of an index, and what its file has of them.
#[derive(Default)]
struct Loaded {
    bytes: Vec<u8>,
    verified: VerifiedEntries,
    /// How many of them the file has.
    written: usize,
    /// Length of the file, `None` where there is no file. It may be longer than what is in it: Kafka cuts no index that is
    /// still to grow, it writes over the entries that are no more.
    file_len: Option<u64>,
}

impl Loaded {
    /// Reads the entries; a part of one at the end is dropped. A file that does not exist has none.
    fn read<F: Fs>(fs: &F, path: &Path, entry_len: usize) -> Result<Self, StorageError> {
        match fs.open(path, OpenMode::Read) {
            Ok(file) => {
                let len = file.len().map_err(StorageError::io("look at", path))?;
                let read = TooLarge::check(len, INDEX_FILE_MAX).and_then(|()| read_stored(&file, len));
                let mut bytes = read.map_err(StorageError::io("read", path))?;
                bytes.truncate(bytes.len() - bytes.len() % entry_len);
                Ok(Loaded { written: bytes.len(), bytes, file_len: Some(len), verified: VerifiedEntries::default() })
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Loaded::default()),
            Err(e) => Err(StorageError::io("open", path)(e)),
        }
    }

    /// Whether the file has all entries.
    fn is_written(&self) -> bool {
        self.written == self.bytes.len()
    }

    /// Whether the file has all entries, and nothing else.
    fn is_current(&self) -> bool {
        self.is_written() && self.file_len.unwrap_or(0) == self.bytes.len() as u64
    }
}

impl IndexMemory {
    /// The entries that are in memory.
    pub(super) fn bytes(&self) -> &[u8] {
        self.0.as_ref().map_or(&[], |loaded| &loaded.bytes)
    }

    /// What is known of the batches that the entries stand for; `None` while nothing is loaded.
    pub(super) fn verified(&self) -> Option<&VerifiedEntries> {
        self.0.as_ref().map(|loaded| &loaded.verified)
    }

    pub(super) fn is_loaded(&self) -> bool {
        self.0.is_some()
    }

    /// Brings the entries into memory; `entry_len` bytes make one.
    pub(super) fn load<F: Fs>(&mut self, fs: &F, path: &Path, entry_len: usize) -> Result<(), StorageError> {
        self.loaded(fs, || path.to_owned(), entry_len).map(|_| ())
    }

    /// The entries, to be added to; loaded first if need be.
    pub(super) fn grow<F: Fs>(
        &mut self,
        fs: &F,
        path: impl Fn() -> PathBuf,
        entry_len: usize,
    ) -> Result<&mut Vec<u8>, StorageError> {
        let loaded = self.loaded(fs, path, entry_len)?;
        loaded.verified.make_room(loaded.bytes.len() / entry_len + 1);
        Ok(&mut loaded.bytes)
    }

    fn loaded<F: Fs>(
        &mut self,
        fs: &F,
        path: impl Fn() -> PathBuf,
        entry_len: usize,
    ) -> Result<&mut Loaded, StorageError> {
        let loaded = match self.0.take() {
            Some(loaded) => loaded,
            None => Box::new(Loaded::read(fs, &path(), entry_len)?),
        };
        Ok(self.0.insert(loaded))
    }

    /// Drops all entries after the first `len` bytes. In the file they stay until it is trimmed.
    pub(super) fn truncate(&mut self, len: usize) {
        if let Some(loaded) = &mut self.0 {
            loaded.bytes.truncate(len);
            loaded.verified.forget();
            loaded.written = loaded.written.min(len);
        }
    }

    /// Whether the file has bytes after the entries, which a trim will cut.
    pub(super) fn is_file_longer(&self) -> bool {
        let Some(loaded) = &self.0 else { return false };
        loaded.file_len.is_some_and(|file_len| file_len > loaded.bytes.len() as u64)
    }

    /// Whether so much has gathered that it should be written.
    pub(super) fn is_behind(&self) -> bool {
        self.0.as_ref().is_some_and(|loaded| loaded.bytes.len() - loaded.written >= WRITE_BEHIND)
    }

    /// Brings the file up to date, making it if it `is_used`; returns it if it was touched or is to be synced.
    pub(super) fn write<F: Fs>(
        &mut self,
        home: &Home<F>,
        path: &Path,
        entry_len: usize,
        is_used: bool,
        purpose: Purpose,
    ) -> Result<Option<F::File>, StorageError> {
        let fs = home.fs();
        let (to_sync, trim) = (purpose == Purpose::Sync, purpose == Purpose::Trim);
        if trim && is_used && !self.is_loaded() && has_part_of_entry(fs, path, entry_len)? {
            self.load(fs, path, entry_len)?;
        }
        let Some(loaded) = &mut self.0 else {
            // As long as it is there it has everything.
            if !to_sync && (!is_used || exists(fs, path).map_err(StorageError::io("look at", path))?) {
                return Ok(None);
            }
            return match fs.open(path, OpenMode::Write) {
                Ok(file) => Ok(Some(file)),
                Err(e) if e.kind() == io::ErrorKind::NotFound && !is_used => Ok(None),
                Err(e) if e.kind() == io::ErrorKind::NotFound => {
                    let made = fs.open(path, OpenMode::Create).map_err(StorageError::io("create", path))?;
                    home.note_names();
                    Ok(Some(made))
                }
                Err(e) => Err(StorageError::io("open", path)(e)),
            };
        };
        let len = loaded.bytes.len();
        let is_missing = loaded.file_len.is_none() && (is_used || len > 0);
        let is_current = if trim { loaded.is_current() } else { loaded.is_written() };
        if is_current && !is_missing && (!to_sync || loaded.file_len.is_none()) {
            return Ok(None);
        }
        let file = fs.open(path, OpenMode::Create).map_err(StorageError::io("open", path))?;
        if loaded.file_len.is_none() {
            home.note_names();
        }
        let longer = loaded.file_len.filter(|&file_len| file_len > len as u64);
        if trim && longer.is_some() {
            file.set_len(len as u64).map_err(StorageError::io("cut", path))?;
        }
        if loaded.written < len {
            file.write_all_at(&loaded.bytes[loaded.written..], loaded.written as u64)
                .map_err(StorageError::io("write", path))?;
        }
        loaded.written = len;
        loaded.file_len = longer.filter(|_| !trim).or(Some(len as u64));
        Ok(Some(file))
    }

    /// Drops the entries from memory if the file has all of them, and nothing else.
    pub(super) fn release(&mut self) {
        if self.0.as_ref().is_some_and(|loaded| loaded.is_current()) {
            self.0 = None;
        }
    }
}

/// Whether a file ends in a part of an entry, which goes when Kafka closes an index that it has looked at.
fn has_part_of_entry<F: Fs>(fs: &F, path: &Path, entry_len: usize) -> Result<bool, StorageError> {
    match fs.metadata(path) {
        Ok(found) => Ok(found.len % entry_len as u64 != 0),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(e) => Err(StorageError::io("look at", path)(e)),
    }
}
