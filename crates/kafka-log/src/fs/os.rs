//! The real file system.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

#[cfg(unix)]
use super::owner;
use super::special::NotRegular;
use super::{DirEntry, DirLock, Fs, FsFile, Metadata, OpenMode, ReadAt, links, lock};

/// Bytes of two parts that are copied together to be written.
#[cfg(unix)]
const JOINED_MAX: usize = 512;

/// The file system of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsFs;

/// An open file of the operating system.
#[derive(Debug)]
pub struct OsFile(pub File);

impl Fs for OsFs {
    type File = OsFile;
    type Lock = DirLock;

    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<OsFile> {
        let mut options = OpenOptions::new();
        options.read(true);
        match mode {
            OpenMode::Read => &mut options,
            OpenMode::Write => options.write(true),
            OpenMode::Create => options.write(true).create(true).truncate(false),
            OpenMode::CreateNew => options.write(true).create_new(true),
        };
        open_regular(path, &mut options, mode == OpenMode::Read).map(OsFile)
    }

    fn metadata(&self, path: &Path) -> io::Result<Metadata> {
        let found = fs::metadata(path)?;
        Ok(Metadata { len: found.len(), modified_ms: ms_since_1970(found.modified()?), is_dir: found.is_dir() })
    }

    fn read_dir(&self, path: &Path) -> io::Result<Vec<DirEntry>> {
        fs::read_dir(path)?
            .map(|entry| {
                let entry = entry?;
                let kind = entry.file_type()?;
                let is_dir = kind.is_dir() || kind.is_symlink() && entry.path().is_dir();
                Ok(DirEntry { name: entry.file_name().to_string_lossy().into_owned(), is_dir })
            })
            .collect()
    }

    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        fs::create_dir_all(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        fs::remove_dir(path)
    }

    fn set_modified(&self, path: &Path, modified_ms: i64) -> io::Result<()> {
        let distance = Duration::from_millis(modified_ms.unsigned_abs());
        let time = if modified_ms < 0 { UNIX_EPOCH.checked_sub(distance) } else { UNIX_EPOCH.checked_add(distance) };
        let time = time.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "time out of range"))?;
        open_regular(path, OpenOptions::new().write(true), false)?.set_modified(time)
    }

    fn is_link(&self, path: &Path) -> io::Result<bool> {
        links::is_link(path)
    }

    fn resolve(&self, path: &Path) -> io::Result<Vec<PathBuf>> {
        links::resolve(path)
    }

    #[cfg(unix)]
    fn own_as(&self, path: &Path, model: &Path) -> io::Result<()> {
        owner::own_as(path, model)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        #[cfg(unix)]
        File::open(path)?.sync_all()?;
        #[cfg(not(unix))]
        let _ = path;
        Ok(())
    }

    fn try_lock(&self, path: &Path) -> io::Result<Option<DirLock>> {
        lock::try_lock(path)
    }

    #[cfg(unix)]
    fn try_lock_dir(&self, path: &Path) -> io::Result<Option<DirLock>> {
        lock::try_lock_dir(path)
    }
}

#[cfg(unix)]
impl std::os::fd::AsFd for OsFile {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl ReadAt for OsFile {
    fn read_at(&self, buf: &mut [u8], position: u64) -> io::Result<usize> {
        self.0.read_at(buf, position)
    }
}

impl FsFile for OsFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    #[cfg(target_os = "linux")]
    fn next_data(&self, from: u64) -> io::Result<Option<Range<u64>>> {
        use rustix::fs::{SeekFrom, seek};
        use rustix::io::Errno;
        let start = match seek(&self.0, SeekFrom::Data(from)) {
            Ok(start) => start,
            Err(Errno::NXIO) => return Ok(None),
            // Not every file system answers; nothing is known of holes then.
            Err(_) => {
                let len = self.len()?;
                return Ok((from < len).then_some(from..len));
            }
        };
        // The file may have been cut since.
        match seek(&self.0, SeekFrom::Hole(start)) {
            Ok(end) => Ok(Some(start..end)),
            Err(Errno::NXIO) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn write_all_at(&self, bytes: &[u8], position: u64) -> io::Result<()> {
        let mut done = 0;
        while done < bytes.len() {
            match write_at(&self.0, &bytes[done..], position + done as u64) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(n) => done += n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }

    #[cfg(unix)]
    fn write_both_at(&self, [first, second]: [&[u8]; 2], position: u64) -> io::Result<()> {
        if first.is_empty() || second.is_empty() {
            return self.write_all_at(if first.is_empty() { second } else { first }, position);
        }
        // Two parts cost the system more than the copy of a short record.
        let mut joined = [0; JOINED_MAX];
        let len = first.len() + second.len();
        if len <= JOINED_MAX {
            joined[..first.len()].copy_from_slice(first);
            joined[first.len()..len].copy_from_slice(second);
            return self.write_all_at(&joined[..len], position);
        }
        let parts = [io::IoSlice::new(first), io::IoSlice::new(second)];
        let done = loop {
            match rustix::io::pwritev(&self.0, &parts, position) {
                Ok(done) => break done,
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        };
        // Disks that are nearly full take less than all.
        self.write_all_at(&first[done.min(first.len())..], position + done as u64)?;
        let of_second = done.saturating_sub(first.len());
        self.write_all_at(&second[of_second..], position + (first.len() + of_second) as u64)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }

    #[cfg(target_os = "linux")]
    fn start_writeback(&self, position: u64, len: u64) {
        super::writeback::start(&self.0, position, len);
    }

    fn sync(&self) -> io::Result<()> {
        self.0.sync_data()
    }
}

/// Opens a file, and nothing else that may have its name: opening a FIFO waits for a writer that never comes, and opening a device may
/// have effects.
fn open_regular(path: &Path, options: &mut OpenOptions, is_read_only: bool) -> io::Result<File> {
    match fs::metadata(path) {
        Ok(found) => NotRegular::check(found.file_type())?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    // Something else may take its place in between; opening that must not wait, either. For a regular file the flag has no meaning.
    #[cfg(unix)]
    if is_read_only {
        use std::os::unix::fs::OpenOptionsExt;
        options.custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed());
    }
    #[cfg(not(unix))]
    let _ = is_read_only;
    options.open(path)
}

/// A system call and nothing else: libc's `pwrite` is a point of cancellation, which costs a short append a tenth of its time.
#[cfg(unix)]
fn write_at(file: &File, bytes: &[u8], position: u64) -> io::Result<usize> {
    Ok(rustix::io::pwrite(file, bytes, position)?)
}

#[cfg(windows)]
fn write_at(file: &File, bytes: &[u8], position: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_write(file, bytes, position)
}

fn ms_since_1970(time: SystemTime) -> i64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_millis()).unwrap_or(i64::MAX),
        // Rounded down, as Java does it.
        Err(before) => -i64::try_from(before.duration().as_nanos().div_ceil(1_000_000)).unwrap_or(i64::MAX),
    }
}
