//! The real file system with counters: how often directories are listed, how many files are open, how many bytes are read.

use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use kafka_log::fs::{DirEntry, Fs, FsFile, Metadata, OpenMode, OsFile, OsFs, ReadAt};

/// The real file system, for reading, with counters that its clones share.
#[derive(Clone, Debug, Default)]
pub struct CountingFs {
    counts: Arc<Counts>,
    hides_holes: bool,
}

#[derive(Debug, Default)]
struct Counts {
    lists: AtomicU64,
    look_ups: AtomicU64,
    bytes: AtomicU64,
    open: AtomicU64,
    open_max: AtomicU64,
}

/// A file of [`CountingFs`].
#[derive(Debug)]
pub struct CountingFile {
    file: OsFile,
    fs: CountingFs,
}

impl CountingFs {
    /// The same without holes in files, as on a file system that does not tell them.
    #[must_use]
    pub fn without_holes(self) -> Self {
        CountingFs { hides_holes: true, ..self }
    }

    /// Directories listed so far.
    pub fn lists(&self) -> u64 {
        self.counts.lists.load(Ordering::Relaxed)
    }

    /// Files opened and looked at so far.
    pub fn look_ups(&self) -> u64 {
        self.counts.look_ups.load(Ordering::Relaxed)
    }

    /// Most files that were open at the same time.
    pub fn open_max(&self) -> u64 {
        self.counts.open_max.load(Ordering::Relaxed)
    }

    /// Bytes read so far.
    pub fn bytes(&self) -> u64 {
        self.counts.bytes.load(Ordering::Relaxed)
    }
}

fn read_only<T>() -> io::Result<T> {
    Err(io::ErrorKind::ReadOnlyFilesystem.into())
}

impl Fs for CountingFs {
    type File = CountingFile;
    type Lock = ();

    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<CountingFile> {
        if mode != OpenMode::Read {
            return read_only();
        }
        self.counts.look_ups.fetch_add(1, Ordering::Relaxed);
        let file = OsFs.open(path, mode)?;
        let open = self.counts.open.fetch_add(1, Ordering::Relaxed) + 1;
        self.counts.open_max.fetch_max(open, Ordering::Relaxed);
        Ok(CountingFile { file, fs: self.clone() })
    }

    fn metadata(&self, path: &Path) -> io::Result<Metadata> {
        self.counts.look_ups.fetch_add(1, Ordering::Relaxed);
        OsFs.metadata(path)
    }

    fn read_dir(&self, path: &Path) -> io::Result<Vec<DirEntry>> {
        self.counts.lists.fetch_add(1, Ordering::Relaxed);
        OsFs.read_dir(path)
    }

    fn create_dir_all(&self, _: &Path) -> io::Result<()> {
        read_only()
    }

    fn rename(&self, _: &Path, _: &Path) -> io::Result<()> {
        read_only()
    }

    fn remove_file(&self, _: &Path) -> io::Result<()> {
        read_only()
    }

    fn remove_dir(&self, _: &Path) -> io::Result<()> {
        read_only()
    }

    fn set_modified(&self, _: &Path, _: i64) -> io::Result<()> {
        read_only()
    }

    fn sync_dir(&self, _: &Path) -> io::Result<()> {
        read_only()
    }

    fn try_lock(&self, _: &Path) -> io::Result<Option<()>> {
        read_only()
    }
}

impl Drop for CountingFile {
    fn drop(&mut self) {
        self.fs.counts.open.fetch_sub(1, Ordering::Relaxed);
    }
}

impl ReadAt for CountingFile {
    fn read_at(&self, buf: &mut [u8], position: u64) -> io::Result<usize> {
        let got = self.file.read_at(buf, position)?;
        self.fs.counts.bytes.fetch_add(got as u64, Ordering::Relaxed);
        Ok(got)
    }
}

impl FsFile for CountingFile {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn next_data(&self, from: u64) -> io::Result<Option<Range<u64>>> {
        if !self.fs.hides_holes {
            return self.file.next_data(from);
        }
        let len = self.len()?;
        Ok((from < len).then_some(from..len))
    }

    fn write_all_at(&self, _: &[u8], _: u64) -> io::Result<()> {
        read_only()
    }

    fn set_len(&self, _: u64) -> io::Result<()> {
        read_only()
    }

    fn sync(&self) -> io::Result<()> {
        read_only()
    }
}
