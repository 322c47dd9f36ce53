//! The log directories of a node, each directory in them listed once.

use std::path::{Path, PathBuf};

use super::metadata;
use super::small::Small;
use crate::format::file_name::{FileKind, FileName, FileState};
use crate::format::meta_properties::MetaProperties;
use crate::format::partition_dir::{PartitionDirName, PartitionDirState};
use crate::format::partition_metadata::PartitionMetadata;
use crate::format::uuid::Uuid;
use crate::fs::{DirEntry, Fs};

/// Directory with copies of indexes of remote segments, which the log manager passes over.
const REMOTE_INDEX_CACHE: &str = "remote-log-index-cache";
/// Topic of the metadata log; the log manager passes over its directories.
const METADATA_TOPIC: &str = "__cluster_metadata";

/// A log directory.
pub(super) struct LogDir {
    pub(super) path: PathBuf,
    /// Why it cannot be listed.
    pub(super) unlisted: Option<String>,
    pub(super) meta: Meta,
    /// Directories that the log manager takes for partitions, in the order of their names.
    pub(super) folders: Vec<Folder>,
    /// Names of directories that it cannot take for partitions.
    pub(super) unknown: Vec<String>,
    /// The directory of the metadata log, if it lies here.
    pub(super) metadata: Option<Folder>,
}

/// `meta.properties` of a log directory.
pub(super) enum Meta {
    Missing,
    /// What is wrong with it.
    Faulty(MetaFault),
    Good(MetaProperties),
}

/// What is wrong with `meta.properties`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum MetaFault {
    /// Kafka reads it as one without any property that it needs.
    NoIds(String),
    /// Kafka cannot make sense of it, and takes the log directory for a failed one.
    Unreadable(String),
}

impl MetaFault {
    pub(super) fn what(&self) -> &str {
        match self {
            MetaFault::NoIds(what) | MetaFault::Unreadable(what) => what,
        }
    }
}

/// The topic id in a directory of a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum IdFile {
    Missing,
    /// An empty file, over which Kafka throws something else than over other bytes.
    Empty,
    /// What is wrong with it.
    Faulty(String),
    Good(Uuid),
}

impl IdFile {
    pub(super) fn id(&self) -> Option<Uuid> {
        match self {
            IdFile::Good(id) => Some(*id),
            _ => None,
        }
    }
}

/// A directory of a partition.
pub(super) struct Folder {
    pub(super) name: String,
    pub(super) path: PathBuf,
    pub(super) topic: String,
    pub(super) partition: i32,
    pub(super) state: PartitionDirState,
    pub(super) id: IdFile,
    pub(super) entries: Vec<DirEntry>,
}

impl LogDir {
    /// Lists a log directory.
    pub(super) fn read<F: Fs>(fs: &F, path: &Path) -> Self {
        let mut dir = LogDir {
            path: path.to_owned(),
            unlisted: None,
            meta: meta(fs, &path.join("meta.properties")),
            folders: Vec::new(),
            unknown: Vec::new(),
            metadata: None,
        };
        let mut entries = match fs.read_dir(path) {
            Ok(entries) => entries,
            Err(error) => {
                dir.unlisted = Some(error.to_string());
                return dir;
            }
        };
        entries.retain(|entry| entry.is_dir && entry.name != REMOTE_INDEX_CACHE);
        entries.sort_unstable();
        for entry in entries {
            match Folder::read(fs, path, &entry.name) {
                Some(folder) if folder.name == metadata::DIR_NAME => dir.metadata = Some(folder),
                Some(folder) if folder.topic == METADATA_TOPIC => {}
                Some(folder) => dir.folders.push(folder),
                None => dir.unknown.push(entry.name),
            }
        }
        dir
    }

    /// What `meta.properties` says, if it says anything.
    pub(super) fn properties(&self) -> Option<&MetaProperties> {
        match &self.meta {
            Meta::Good(properties) => Some(properties),
            _ => None,
        }
    }
}

impl Folder {
    /// Lists the directory of a partition; `None` where its name is not that of one.
    pub(super) fn read<F: Fs>(fs: &F, log_dir: &Path, name: &str) -> Option<Self> {
        let parsed = PartitionDirName::parse(name)?;
        let path = log_dir.join(name);
        let mut entries = fs.read_dir(&path).unwrap_or_default();
        entries.sort_unstable();
        let has_id = entries.iter().any(|entry| entry.name == "partition.metadata");
        let id = if has_id { id_file(fs, &path.join("partition.metadata")) } else { IdFile::Missing };
        let (topic, partition, state) = (parsed.topic.to_owned(), parsed.partition, parsed.state);
        Some(Folder { name: name.to_owned(), path, topic, partition, state, id, entries })
    }

    /// Whether a file shows that the partition has, or had, records.
    pub(super) fn has_records<F: Fs>(&self, fs: &F) -> bool {
        self.entries.iter().filter(|entry| !entry.is_dir).any(|entry| {
            let Some(FileName { kind, state, offset: Some(offset), .. }) = FileName::parse(&entry.name) else {
                return false;
            };
            let is_live = state == FileState::Live;
            match kind {
                FileKind::Log if is_live && offset > 0 => true,
                FileKind::Log => fs.metadata(&self.path.join(&entry.name)).is_ok_and(|found| found.len > 0),
                FileKind::ProducerSnapshot => is_live && offset > 0,
                _ => false,
            }
        })
    }
}

fn meta<F: Fs>(fs: &F, path: &Path) -> Meta {
    let bytes = match Small::read(fs, path) {
        Small::Missing => return Meta::Missing,
        Small::Unreadable(why) => return Meta::Faulty(MetaFault::Unreadable(why)),
        Small::Bytes(bytes) => bytes,
    };
    let look = |what: &str| super::small::looks(&bytes, || what.to_owned());
    match MetaProperties::read(&bytes) {
        Ok(MetaProperties { node_id: None, .. }) => Meta::Faulty(MetaFault::NoIds(look("no node id"))),
        Ok(MetaProperties { cluster_id: None, .. }) => Meta::Faulty(MetaFault::NoIds(look("no cluster id"))),
        Ok(properties) => Meta::Good(properties),
        Err(error) => Meta::Faulty(MetaFault::Unreadable(look(&error.to_string()))),
    }
}

fn id_file<F: Fs>(fs: &F, path: &Path) -> IdFile {
    match Small::read(fs, path) {
        Small::Missing => IdFile::Missing,
        Small::Unreadable(why) => IdFile::Faulty(why),
        Small::Bytes(bytes) if bytes.is_empty() => IdFile::Empty,
        Small::Bytes(bytes) => match PartitionMetadata::read(&bytes) {
            Ok(metadata) => IdFile::Good(metadata.topic_id),
            Err(error) => IdFile::Faulty(super::small::looks(&bytes, || error.to_string())),
        },
    }
}
