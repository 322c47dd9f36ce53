//! Where the files of a partition are.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::RwLock;

use crate::format::file_name::FileName;
use crate::fs::Fs;

/// The directory of a partition, and the file system it is on. The directory may be renamed while segments are in use.
#[derive(Debug)]
pub struct Home<F> {
    fs: F,
    dir: RwLock<Arc<Path>>,
}

impl<F: Fs> Home<F> {
    /// A partition in `dir`.
    pub fn new(fs: F, dir: &Path) -> Self {
        Home { fs, dir: RwLock::new(Arc::from(dir)) }
    }

    /// The file system.
    pub fn fs(&self) -> &F {
        &self.fs
    }

    /// The directory as it is called now.
    pub fn dir(&self) -> Arc<Path> {
        Arc::clone(&self.dir.read())
    }

    /// Path of a file in the directory.
    pub fn path(&self, name: FileName) -> PathBuf {
        self.dir.read().join(name.to_string())
    }

    /// The directory was renamed.
    pub fn moved_to(&self, dir: &Path) {
        *self.dir.write() = Arc::from(dir);
    }
}
