//! New log directories (`StorageTool.formatCommand`, `Formatter`).

use std::io;
use std::path::{Path, PathBuf};

use super::log_dir::{LogDir, META_PROPERTIES};
use super::{LogManager, ManagerError};
use crate::format::java_date::java_date;
use crate::format::meta_properties::{MetaProperties, MetaPropertiesVersion};
use crate::format::uuid::Uuid;
use crate::fs::{Fs, exists, write_atomically};
use crate::log::error::StorageError;

impl<F: Fs> LogManager<F> {
    /// Prepares log directories, created if they are missing, for a node of a cluster: writes `meta.properties` with an id for each,
    /// which is given back. All is on disk when this returns.
    ///
    /// # Errors
    /// `AlreadyFormatted` before anything is written, if one of them has a `meta.properties`; `Locked`; I/O errors.
    pub fn format(
        fs: &F,
        log_dirs: &[PathBuf],
        cluster_id: &str,
        node_id: i32,
        now_ms: i64,
    ) -> Result<Vec<Uuid>, ManagerError> {
        let mut locks = Vec::with_capacity(log_dirs.len());
        for path in log_dirs {
            let lock = LogDir::lock_new(fs, path)?;
            let meta = path.join(META_PROPERTIES);
            if exists(fs, &meta).map_err(StorageError::io("look at", &meta))? {
                return Err(ManagerError::AlreadyFormatted { path: path.clone() });
            }
            locks.push((lock, meta));
        }
        let write = |(_lock, meta): &(F::Lock, PathBuf)| -> Result<Uuid, ManagerError> {
            let id = random_uuid();
            write_meta_properties(fs, meta, id, (cluster_id, node_id), now_ms)
                .map_err(StorageError::io("write", meta))?;
            Ok(id)
        };
        locks.iter().map(write).collect()
    }
}

/// Writes the `meta.properties` of the log directory `id`, of a node of a cluster, at `path`. It is on disk when this returns.
///
/// # Errors
/// I/O errors.
pub fn write_meta_properties<F: Fs>(
    fs: &F,
    path: &Path,
    id: Uuid,
    (cluster_id, node_id): (&str, i32),
    now_ms: i64,
) -> io::Result<()> {
    let properties = MetaProperties {
        version: MetaPropertiesVersion::V1,
        cluster_id: Some(cluster_id.to_owned()),
        node_id: Some(node_id),
        directory_id: Some(id),
    };
    let mut bytes = Vec::new();
    properties.write(&java_date(now_ms), &mut bytes);
    write_atomically(fs, path, &bytes)
}

/// A random id as Kafka draws it (`Uuid.randomUuid`): of version 4, and its text does not begin with a dash.
pub fn random_uuid() -> Uuid {
    loop {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).expect("the operating system provides random bytes");
        bytes[6] = bytes[6] & 0x0f | 0x40;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        let id = Uuid(bytes);
        if !id.to_string().starts_with('-') {
            return id;
        }
    }
}
