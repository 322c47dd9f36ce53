//! Taking possession of log directories.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use parking_lot::Mutex;

use super::LogDir;
use super::checkpoint::{OffsetCheckpointFile, Offsets};
use crate::format::meta_properties::MetaProperties;
use crate::format::uuid::Uuid;
use crate::fs::{Fs, exists, read_whole};
use crate::log::DirHealth;
use crate::log::error::StorageError;
use crate::manager::ManagerError;

pub(crate) const META_PROPERTIES: &str = "meta.properties";

impl<F: Fs> LogDir<F> {
    /// The lock on a directory, created if it is missing.
    ///
    /// # Errors
    /// `Locked`; I/O errors.
    pub(crate) fn lock_new(fs: &F, path: &Path) -> Result<F::Lock, ManagerError> {
        lock(fs, path)?.ok_or_else(|| ManagerError::Locked { path: path.to_owned() })
    }

    /// Takes possession of `paths`: makes those that are missing, locks each, reads who they are
    /// (`createAndValidateLogDirs`, `lockLogDirs`, `loadDirectoryIds`, `MetaPropertiesEnsemble.verify`). Those on a disk
    /// that fails are offline from the start.
    ///
    /// # Errors
    /// A directory given twice or locked by others; `meta.properties` that cannot be read, of different clusters or nodes,
    /// or with one directory id twice; not one usable directory.
    pub(crate) fn open_all(fs: &F, paths: &[PathBuf]) -> Result<Vec<Self>, ManagerError> {
        let mut dirs: Vec<Self> = Vec::with_capacity(paths.len());
        let mut known: Vec<(PathBuf, MetaProperties)> = Vec::new();
        for path in paths {
            if dirs.iter().any(|dir| lexical(&dir.path) == lexical(path)) {
                return Err(ManagerError::DuplicateLogDir { path: path.clone() });
            }
            let mut dir = Self::new(path.clone());
            match take(fs, path) {
                Ok(Some((lock, meta))) => {
                    *dir.lock.get_mut() = Some(Arc::new(lock));
                    if let Some(meta) = meta {
                        let meta_path = path.join(META_PROPERTIES);
                        let meta = MetaProperties::read(&meta).map_err(ManagerError::meta_properties(meta_path))?;
                        dir.directory_id = meta.directory_id;
                        known.push((path.clone(), meta));
                    }
                }
                Ok(None) => return Err(ManagerError::Locked { path: path.clone() }),
                Err(error) => {
                    dir.fail(error.to_string());
                }
            }
            dirs.push(dir);
        }
        verify(&known)?;
        if dirs.iter().any(Self::is_online) { Ok(dirs) } else { Err(ManagerError::NoLogDirs) }
    }

    fn new(path: PathBuf) -> Self {
        let checkpoint = |name| OffsetCheckpointFile::new(path.join(name));
        LogDir {
            recovery_points: checkpoint("recovery-point-offset-checkpoint"),
            log_start_offsets: checkpoint("log-start-offset-checkpoint"),
            high_watermarks: checkpoint("replication-offset-checkpoint"),
            cleaner_file: checkpoint("cleaner-offset-checkpoint"),
            cleaner_offsets: Mutex::new(Offsets::default()),
            path,
            directory_id: None,
            lock: Mutex::new(None),
            failure: Mutex::new(None),
            health: DirHealth::new(),
            given_up: AtomicBool::new(false),
            cordoned: AtomicBool::new(false),
        }
    }
}

type Taken<F> = (<F as Fs>::Lock, Option<Vec<u8>>);

/// The lock on a directory and its `meta.properties`; `None` when others have the lock.
fn take<F: Fs>(fs: &F, path: &Path) -> Result<Option<Taken<F>>, StorageError> {
    let Some(lock) = lock(fs, path)? else { return Ok(None) };
    let meta_path = path.join(META_PROPERTIES);
    let meta = read_whole(fs, &meta_path).map_err(StorageError::io("read", &meta_path))?;
    Ok(Some((lock, meta)))
}

/// The lock on a directory, created if it is missing; `None` when others have it.
fn lock<F: Fs>(fs: &F, path: &Path) -> Result<Option<F::Lock>, StorageError> {
    match fs.metadata(path) {
        Ok(found) if found.is_dir => {}
        Ok(_) => return Err(StorageError::io("use", path)(std::io::ErrorKind::NotADirectory.into())),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            make_dir(fs, path)?;
        }
        Err(e) => return Err(StorageError::io("look at", path)(e)),
    }
    let lock_path = path.join(".lock");
    fs.try_lock(&lock_path).map_err(StorageError::io("lock", &lock_path))
}

/// Makes a directory with those above it, durably.
fn make_dir<F: Fs>(fs: &F, path: &Path) -> Result<(), StorageError> {
    let above = path.ancestors().skip(1).filter(|dir| !dir.as_os_str().is_empty());
    let mut missing = Vec::new();
    for dir in above {
        missing.push(dir);
        if exists(fs, dir).map_err(StorageError::io("look at", dir))? {
            break;
        }
    }
    fs.create_dir_all(path).map_err(StorageError::io("create", path))?;
    missing.into_iter().rev().try_for_each(|dir| fs.sync_dir(dir).map_err(StorageError::io("sync", dir)))
}

/// Whether all belong to one node of one cluster, and each is another directory.
fn verify(known: &[(PathBuf, MetaProperties)]) -> Result<(), ManagerError> {
    let mut ids: Vec<Uuid> = Vec::new();
    let refuse =
        |path: &Path, message: String| Err(ManagerError::MetaProperties { path: path.join(META_PROPERTIES), message });
    for (path, meta) in known {
        let (_, first) = &known[0];
        if meta.cluster_id != first.cluster_id {
            return refuse(path, format!("expected cluster id {:?}, found {:?}", first.cluster_id, meta.cluster_id));
        }
        if meta.node_id != first.node_id {
            return refuse(path, format!("expected node id {:?}, found {:?}", first.node_id, meta.node_id));
        }
        if let Some(id) = meta.directory_id {
            if ids.contains(&id) {
                return refuse(path, format!("directory id {id} belongs to another directory too"));
            }
            ids.push(id);
        }
    }
    Ok(())
}

/// The path without `.` and `..`, as far as names alone tell. What links hide is found by the lock.
fn lexical(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if clean.file_name().is_some() => {
                clean.pop();
            }
            other => clean.push(other),
        }
    }
    clean
}
