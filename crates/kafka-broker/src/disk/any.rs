//! Any file system, chosen while the broker runs.

use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kafka_log::fs::{DirEntry, Fs, FsFile, Metadata, OpenMode, ReadAt};

/// A file system of a test, such as one that loses power.
#[derive(Clone)]
pub struct AnyFs(Arc<dyn Erased>);

impl AnyFs {
    /// The broker's view of a file system.
    pub fn new(fs: impl Fs) -> Self {
        AnyFs(Arc::new(fs))
    }
}

type AnyLock = Box<dyn Send + Sync>;

/// [`Fs`] without the types that each file system has of its own.
trait Erased: Send + Sync {
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<AnyFile>;
    fn metadata(&self, path: &Path) -> io::Result<Metadata>;
    fn read_dir(&self, path: &Path) -> io::Result<Vec<DirEntry>>;
    fn create_dir_all(&self, path: &Path) -> io::Result<()>;
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    fn remove_file(&self, path: &Path) -> io::Result<()>;
    fn remove_dir(&self, path: &Path) -> io::Result<()>;
    fn set_modified(&self, path: &Path, modified_ms: i64) -> io::Result<()>;
    fn is_link(&self, path: &Path) -> io::Result<bool>;
    fn resolve(&self, path: &Path) -> io::Result<Vec<PathBuf>>;
    fn own_as(&self, path: &Path, model: &Path) -> io::Result<()>;
    fn sync_dir(&self, path: &Path) -> io::Result<()>;
    fn try_lock(&self, path: &Path) -> io::Result<Option<AnyLock>>;
    fn try_lock_dir(&self, path: &Path) -> io::Result<Option<AnyLock>>;
}

fn boxed(lock: impl Send + Sync + 'static) -> AnyLock {
    Box::new(lock)
}

macro_rules! handed_on {
    ($($name:ident($($arg:ident: $kind:ty),*) -> $result:ty;)*) => {
        impl<F: Fs> Erased for F {
            fn open(&self, path: &Path, mode: OpenMode) -> io::Result<AnyFile> {
                Ok(AnyFile(Box::new(Fs::open(self, path, mode)?)))
            }

            fn try_lock(&self, path: &Path) -> io::Result<Option<AnyLock>> {
                Ok(Fs::try_lock(self, path)?.map(boxed))
            }

            fn try_lock_dir(&self, path: &Path) -> io::Result<Option<AnyLock>> {
                Ok(Fs::try_lock_dir(self, path)?.map(boxed))
            }

            $(fn $name(&self, $($arg: $kind),*) -> $result {
                Fs::$name(self, $($arg),*)
            })*
        }

        impl Fs for AnyFs {
            type File = AnyFile;
            type Lock = AnyLock;

            fn open(&self, path: &Path, mode: OpenMode) -> io::Result<AnyFile> {
                Erased::open(&*self.0, path, mode)
            }

            fn try_lock(&self, path: &Path) -> io::Result<Option<AnyLock>> {
                Erased::try_lock(&*self.0, path)
            }

            fn try_lock_dir(&self, path: &Path) -> io::Result<Option<AnyLock>> {
                Erased::try_lock_dir(&*self.0, path)
            }

            $(fn $name(&self, $($arg: $kind),*) -> $result {
                Erased::$name(&*self.0, $($arg),*)
            })*
        }
    };
}

handed_on! {
    metadata(path: &Path) -> io::Result<Metadata>;
    read_dir(path: &Path) -> io::Result<Vec<DirEntry>>;
    create_dir_all(path: &Path) -> io::Result<()>;
    rename(from: &Path, to: &Path) -> io::Result<()>;
    remove_file(path: &Path) -> io::Result<()>;
    remove_dir(path: &Path) -> io::Result<()>;
    set_modified(path: &Path, modified_ms: i64) -> io::Result<()>;
    is_link(path: &Path) -> io::Result<bool>;
    resolve(path: &Path) -> io::Result<Vec<PathBuf>>;
    own_as(path: &Path, model: &Path) -> io::Result<()>;
    sync_dir(path: &Path) -> io::Result<()>;
}

/// A file of [`AnyFs`].
pub struct AnyFile(Box<dyn FsFile>);

impl ReadAt for AnyFile {
    fn read_at(&self, buf: &mut [u8], position: u64) -> io::Result<usize> {
        self.0.read_at(buf, position)
    }
}

impl FsFile for AnyFile {
    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }

    fn next_data(&self, from: u64) -> io::Result<Option<Range<u64>>> {
        self.0.next_data(from)
    }

    fn write_all_at(&self, bytes: &[u8], position: u64) -> io::Result<()> {
        self.0.write_all_at(bytes, position)
    }

    fn write_both_at(&self, parts: [&[u8]; 2], position: u64) -> io::Result<()> {
        self.0.write_both_at(parts, position)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }

    fn start_writeback(&self, position: u64, len: u64) {
        self.0.start_writeback(position, len);
    }

    fn sync(&self) -> io::Result<()> {
        self.0.sync()
    }
}
