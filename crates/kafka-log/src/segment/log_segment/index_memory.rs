//! The bytes of an index: in memory while the segment grows, mapped when it is sealed, nowhere until somebody asks.

use std::io;
use std::path::{Path, PathBuf};

use super::Home;
use super::seen::Seen;
use crate::fs::{Fs, FsFile, OpenMode, ReadAt, exists};
use crate::segment::error::StorageError;

/// Bytes that gather before they are written to the file.
const WRITE_BEHIND: usize = 64 * 1024;

/// Files up to this length in bytes are read instead of mapped: it costs less, and maps are few in a process.
const READ_MAX: u64 = 16 * 1024;

type Map<F> = <<F as Fs>::File as FsFile>::Map;

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

/// The entries of an index file (`LazyIndex`).
pub(super) enum IndexMemory<F: Fs> {
    /// Nobody has asked yet.
    Unloaded,
    /// As the file is.
    Mapped(Box<Mapped<F>>),
    /// To be written to.
    Growing(Box<Growing>),
}

/// The bytes of an index that stays as it is.
pub(super) struct Mapped<F: Fs> {
    map: Map<F>,
    seen: Seen,
}

/// The bytes of an index that grows.
#[derive(Default)]
pub(super) struct Growing {
    bytes: Vec<u8>,
    seen: Seen,
    /// How many of them the file has.
    written: usize,
    /// Length of the file, `None` where there is no file. It may be longer than what is in it: Kafka cuts no index that is
    /// still to grow, it writes over the entries that are no more.
    file_len: Option<u64>,
}

impl Growing {
    fn read<F: Fs>(fs: &F, path: &Path, entry_len: usize) -> Result<Self, StorageError> {
        match fs.open(path, OpenMode::Read) {
            Ok(file) => {
                let len = file.len().map_err(StorageError::io("look at", path))?;
                Growing::of_file(&file, len, path, entry_len)
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Growing::default()),
            Err(e) => Err(StorageError::io("open", path)(e)),
        }
    }

    fn of_file<R: ReadAt>(file: &R, len: u64, path: &Path, entry_len: usize) -> Result<Self, StorageError> {
        let mut bytes = vec![0; usize::try_from(len).unwrap_or(usize::MAX)];
        let got = file.read_full_at(&mut bytes, 0).map_err(StorageError::io("read", path))?;
        bytes.truncate(got - got % entry_len);
        Ok(Growing { written: bytes.len(), bytes, file_len: Some(len), seen: Seen::default() })
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

impl<F: Fs> IndexMemory<F> {
    /// What is known of the entries; nothing of an index that is not loaded.
    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            IndexMemory::Unloaded => &[],
            IndexMemory::Mapped(mapped) => &mapped.map,
            IndexMemory::Growing(growing) => &growing.bytes,
        }
    }

    /// What is known of the batches that the entries stand for; `None` while nothing is loaded.
    pub(super) fn seen(&self) -> Option<&Seen> {
        match self {
            IndexMemory::Unloaded => None,
            IndexMemory::Mapped(mapped) => Some(&mapped.seen),
            IndexMemory::Growing(growing) => Some(&growing.seen),
        }
    }

    pub(super) fn is_loaded(&self) -> bool {
        !matches!(self, IndexMemory::Unloaded)
    }

    /// Makes the entries readable; `entry_len` bytes make one. A file that does not exist is empty.
    pub(super) fn load(&mut self, fs: &F, path: &Path, entry_len: usize) -> Result<(), StorageError> {
        if self.is_loaded() {
            return Ok(());
        }
        let file = match fs.open(path, OpenMode::Read) {
            Ok(file) => file,
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                *self = IndexMemory::Growing(Box::default());
                return Ok(());
            }
            Err(e) => return Err(StorageError::io("open", path)(e)),
        };
        let len = file.len().map_err(StorageError::io("look at", path))?;
        *self = if len <= READ_MAX {
            IndexMemory::Growing(Box::new(Growing::of_file(&file, len, path, entry_len)?))
        } else {
            let map = file.map().map_err(StorageError::io("map", path))?;
            IndexMemory::Mapped(Box::new(Mapped { map, seen: Seen::default() }))
        };
        Ok(())
    }

    /// Makes the entries writable; a part of one at the end is dropped.
    pub(super) fn grow(
        &mut self,
        fs: &F,
        path: impl Fn() -> PathBuf,
        entry_len: usize,
    ) -> Result<&mut Vec<u8>, StorageError> {
        if !matches!(self, IndexMemory::Growing(_)) {
            *self = IndexMemory::Growing(Box::new(Growing::read(fs, &path(), entry_len)?));
        }
        match self {
            IndexMemory::Growing(growing) => {
                growing.seen.make_room(growing.bytes.len() / entry_len + 1);
                Ok(&mut growing.bytes)
            }
            _ => Err(StorageError::io("load", &path())(io::ErrorKind::InvalidData.into())),
        }
    }

    /// Drops all entries behind the first `len` bytes. In the file they stay until it is trimmed.
    pub(super) fn truncate(&mut self, len: usize) {
        if let IndexMemory::Growing(growing) = self {
            growing.bytes.truncate(len);
            growing.seen.forget();
            growing.written = growing.written.min(len);
        }
    }

    /// Whether the file has bytes behind the entries, which a trim will cut.
    pub(super) fn is_file_longer(&self) -> bool {
        let IndexMemory::Growing(growing) = self else { return false };
        growing.file_len.is_some_and(|file_len| file_len > growing.bytes.len() as u64)
    }

    /// Whether so much has gathered that it should be written.
    pub(super) fn is_behind(&self) -> bool {
        matches!(self, IndexMemory::Growing(growing) if growing.bytes.len() - growing.written >= WRITE_BEHIND)
    }

    /// Brings the file up to date, making it if it `is_used`; returns it if it was touched or is to be synced.
    pub(super) fn write(
        &mut self,
        home: &Home<F>,
        path: &Path,
        entry_len: usize,
        is_used: bool,
        purpose: Purpose,
    ) -> Result<Option<F::File>, StorageError> {
        let fs = home.fs();
        let (to_sync, trim) = (purpose == Purpose::Sync, purpose == Purpose::Trim);
        if trim && is_used && !matches!(self, IndexMemory::Growing(_)) && has_part_of_entry(fs, path, entry_len)? {
            *self = IndexMemory::Growing(Box::new(Growing::read(fs, path, entry_len)?));
        }
        match self {
            IndexMemory::Growing(growing) => {
                let len = growing.bytes.len();
                let is_missing = growing.file_len.is_none() && (is_used || len > 0);
                let is_current = if trim { growing.is_current() } else { growing.is_written() };
                if is_current && !is_missing && (!to_sync || growing.file_len.is_none()) {
                    return Ok(None);
                }
                let file = fs.open(path, OpenMode::Create).map_err(StorageError::io("open", path))?;
                if growing.file_len.is_none() {
                    home.note_names();
                }
                let longer = growing.file_len.filter(|&file_len| file_len > len as u64);
                if trim && longer.is_some() {
                    file.set_len(len as u64).map_err(StorageError::io("cut", path))?;
                }
                if growing.written < len {
                    file.write_all_at(&growing.bytes[growing.written..], growing.written as u64)
                        .map_err(StorageError::io("write", path))?;
                }
                growing.written = len;
                growing.file_len = longer.filter(|_| !trim).or(Some(len as u64));
                Ok(Some(file))
            }
            IndexMemory::Mapped(_) | IndexMemory::Unloaded => {
                // As long as it is there it has everything.
                if !to_sync && (!is_used || exists(fs, path).map_err(StorageError::io("look at", path))?) {
                    return Ok(None);
                }
                match fs.open(path, OpenMode::Write) {
                    Ok(file) => Ok(Some(file)),
                    Err(e) if e.kind() == io::ErrorKind::NotFound && !is_used => Ok(None),
                    Err(e) if e.kind() == io::ErrorKind::NotFound => {
                        let made = fs.open(path, OpenMode::Create).map_err(StorageError::io("create", path))?;
                        home.note_names();
                        Ok(Some(made))
                    }
                    Err(e) => Err(StorageError::io("open", path)(e)),
                }
            }
        }
    }

    /// Lets go of memory and maps, if the file has everything.
    pub(super) fn release(&mut self) {
        let is_current = match self {
            IndexMemory::Unloaded => return,
            IndexMemory::Mapped(_) => true,
            IndexMemory::Growing(growing) => growing.is_current(),
        };
        if is_current {
            *self = IndexMemory::Unloaded;
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
