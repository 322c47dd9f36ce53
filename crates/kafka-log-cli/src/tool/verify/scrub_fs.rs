//! The file system as a verification sees it: for reading alone, counted, and no faster than allowed.

use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use kafka_log::fs::{DirEntry, Fs, FsFile, Metadata, OpenMode, OsFile, OsFs, ReadAt};

/// How reading is limited.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Limits {
    /// Bytes a second, over all threads.
    pub(super) bytes_per_second: Option<u64>,
    /// What was read does not stay in the page cache.
    pub(super) is_cache_neutral: bool,
}

/// The real file system, for reading alone.
#[derive(Clone, Debug)]
pub(super) struct ScrubFs {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    limits: Limits,
    read: AtomicU64,
    /// When the next byte may be read.
    next: Mutex<Instant>,
}

/// A file, for reading alone.
#[derive(Debug)]
pub(super) struct ScrubFile {
    file: OsFile,
    shared: Arc<Shared>,
}

impl ScrubFs {
    pub(super) fn new(limits: Limits) -> Self {
        ScrubFs { shared: Arc::new(Shared { limits, read: AtomicU64::new(0), next: Mutex::new(Instant::now()) }) }
    }

    /// Bytes read so far.
    pub(super) fn bytes_read(&self) -> u64 {
        self.shared.read.load(Ordering::Relaxed)
    }
}

fn read_only<T>() -> io::Result<T> {
    Err(io::Error::new(io::ErrorKind::ReadOnlyFilesystem, "a verification writes nothing"))
}

impl Fs for ScrubFs {
    type File = ScrubFile;
    type Lock = ();

    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<ScrubFile> {
        if mode != OpenMode::Read {
            return read_only();
        }
        OsFs.open(path, mode).map(|file| ScrubFile { file, shared: Arc::clone(&self.shared) })
    }

    fn metadata(&self, path: &Path) -> io::Result<Metadata> {
        OsFs.metadata(path)
    }

    fn read_dir(&self, path: &Path) -> io::Result<Vec<DirEntry>> {
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

impl ReadAt for ScrubFile {
    fn read_at(&self, buf: &mut [u8], position: u64) -> io::Result<usize> {
        let read = self.file.read_at(buf, position)?;
        self.shared.read.fetch_add(read as u64, Ordering::Relaxed);
        if self.shared.limits.is_cache_neutral {
            drop_from_cache(&self.file, position, read as u64);
        }
        if let Some(rate) = self.shared.limits.bytes_per_second {
            self.shared.wait(read as u64, rate);
        }
        Ok(read)
    }
}

impl Shared {
    /// Waits until the bytes just read are paid for.
    fn wait(&self, bytes: u64, rate: u64) {
        let cost = Duration::from_secs_f64(bytes as f64 / rate.max(1) as f64);
        let until = {
            let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
            // What was not used in the past is not made up for.
            *next = (*next).max(Instant::now()) + cost;
            *next
        };
        std::thread::sleep(until.saturating_duration_since(Instant::now()));
    }
}

/// The kernel may forget these bytes; if it does not, nothing is lost.
#[cfg(target_os = "linux")]
fn drop_from_cache(file: &OsFile, position: u64, len: u64) {
    if let Some(len) = std::num::NonZeroU64::new(len) {
        let _ = rustix::fs::fadvise(&file.0, position, Some(len), rustix::fs::Advice::DontNeed);
    }
}

#[cfg(not(target_os = "linux"))]
fn drop_from_cache(_: &OsFile, _: u64, _: u64) {}

impl FsFile for ScrubFile {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn next_data(&self, from: u64) -> io::Result<Option<Range<u64>>> {
        self.file.next_data(from)
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
