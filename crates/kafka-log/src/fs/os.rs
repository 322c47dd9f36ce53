//! The real file system.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::{DirEntry, Fs, FsFile, Metadata, OpenMode, ReadAt};

/// The file system of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsFs;

/// An open file of the operating system. `AsFd` and the like of the [`File`] in it serve `sendfile`.
#[derive(Debug)]
pub struct OsFile(pub File);

/// The lock on a log directory (`FileLock`): gone with the value, or with the process.
#[derive(Debug)]
pub struct DirLock(#[expect(dead_code, reason = "the lock lives as long as the open file")] File);

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
        options.open(path).map(OsFile)
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
        OpenOptions::new().write(true).open(path)?.set_modified(time)
    }

    #[cfg(unix)]
    fn own_as(&self, path: &Path, model: &Path) -> io::Result<()> {
        use std::os::unix::fs::{MetadataExt, chown};
        let (own, model) = (fs::metadata(path)?, fs::metadata(model)?);
        if (own.uid(), own.gid()) != (model.uid(), model.gid()) {
            match chown(path, Some(model.uid()), Some(model.gid())) {
                Err(e) if e.kind() != io::ErrorKind::PermissionDenied => return Err(e),
                _ => {}
            }
        }
        if model.is_file() && own.permissions() != model.permissions() {
            fs::set_permissions(path, model.permissions())?;
        }
        Ok(())
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        #[cfg(unix)]
        File::open(path)?.sync_all()?;
        #[cfg(not(unix))]
        let _ = path;
        Ok(())
    }

    fn try_lock(&self, path: &Path) -> io::Result<Option<DirLock>> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        // The JVM locks with `fcntl`, which knows nothing of `flock`, and which in turn sees no other lock of this process.
        #[cfg(unix)]
        match rustix::fs::fcntl_lock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::AGAIN | rustix::io::Errno::ACCESS) => return Ok(None),
            Err(error) => return Err(error.into()),
        }
        Ok(Some(DirLock(file)))
    }
}

impl ReadAt for OsFile {
    fn read_at(&self, buf: &mut [u8], position: u64) -> io::Result<usize> {
        self.0.read_at(buf, position)
    }
}

impl FsFile for OsFile {
    #[cfg(feature = "mmap")]
    type Map = super::SealedFile;
    #[cfg(not(feature = "mmap"))]
    type Map = Vec<u8>;
    #[cfg(all(target_os = "linux", feature = "mmap"))]
    type Window = super::MappedWindow;
    #[cfg(not(all(target_os = "linux", feature = "mmap")))]
    type Window = super::NoWindow;
    #[cfg(feature = "mmap")]
    type View = super::MappedView;
    #[cfg(not(feature = "mmap"))]
    type View = super::NoView;

    fn len(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
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

    #[cfg(feature = "mmap")]
    fn map(&self) -> io::Result<Self::Map> {
        super::SealedFile::of_engine(&self.0)
    }

    #[cfg(not(feature = "mmap"))]
    fn map(&self) -> io::Result<Self::Map> {
        let len = usize::try_from(self.len()?).map_err(|_| io::ErrorKind::OutOfMemory)?;
        let mut bytes = vec![0; len];
        let got = self.read_full_at(&mut bytes, 0)?;
        bytes.truncate(got);
        Ok(bytes)
    }

    #[cfg(all(target_os = "linux", feature = "mmap"))]
    fn window(&self, from: u64, len: usize) -> io::Result<Option<Self::Window>> {
        super::MappedWindow::of_engine(&self.0, from, len)
    }

    #[cfg(not(all(target_os = "linux", feature = "mmap")))]
    fn window(&self, _: u64, _: usize) -> io::Result<Option<Self::Window>> {
        Ok(None)
    }

    #[cfg(all(unix, feature = "mmap"))]
    fn view(&self, len: usize) -> io::Result<Option<Self::View>> {
        Ok(super::MappedView::of_engine(&self.0, len))
    }

    #[cfg(target_os = "linux")]
    fn reserve(&self, from: u64, len: usize) -> io::Result<()> {
        Ok(rustix::fs::fallocate(&self.0, rustix::fs::FallocateFlags::KEEP_SIZE, from, len as u64)?)
    }

    #[cfg(not(target_os = "linux"))]
    fn reserve(&self, _: u64, _: usize) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
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
