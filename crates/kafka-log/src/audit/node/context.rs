//! What is known of a node from all its log directories.

use std::collections::HashMap;

use super::image::Voter;
use super::listing::{Folder, IdFile, LogDir, Meta};
use super::metadata::MetadataLog;
use crate::format::meta_properties::MetaPropertiesVersion;
use crate::format::partition_dir::PartitionDirState;
use crate::format::quorum_state::QuorumState;
use crate::format::uuid::Uuid;

/// A node: its log directories, and its metadata log where it lies in one of them.
pub(super) struct Node {
    pub(super) dirs: Vec<LogDir>,
    pub(super) metadata: Option<MetadataLog>,
    /// Node id, as far as files tell it.
    pub(super) id: Option<i32>,
    /// Whether the metadata tells it, by the ids of the log directories.
    pub(super) is_id_proven: bool,
    /// Ids of the controllers.
    voters: Vec<i32>,
    /// Where the directories of a partition are: index of the log directory, and of the directory in it.
    places: HashMap<(String, i32), Vec<(usize, usize)>>,
}

impl Node {
    pub(super) fn new(dirs: Vec<LogDir>, metadata: Option<MetadataLog>, quorum: Option<&QuorumState>) -> Self {
        let recorded = metadata.iter().flat_map(|log| log.image.voters()).map(|voter| voter.id);
        let mut voters: Vec<i32> = recorded.collect();
        if voters.is_empty() {
            voters = quorum.and_then(|state| state.current_voters.clone()).unwrap_or_default();
        }
        let directories: Vec<Uuid> = dirs.iter().filter_map(|dir| dir.properties()?.directory_id).collect();
        let owner = metadata.as_ref().and_then(|log| log.image.owner_of(&directories));
        let stated = dirs.iter().filter_map(|dir| dir.properties()?.node_id);
        let id = owner.or(most_frequent(stated)).or(match voters.as_slice() {
            [only] => Some(*only),
            _ => None,
        });
        let mut places: HashMap<_, Vec<_>> = HashMap::new();
        for (at, dir) in dirs.iter().enumerate() {
            for (number, folder) in dir.folders.iter().enumerate() {
                places.entry((folder.topic.clone(), folder.partition)).or_default().push((at, number));
            }
        }
        Node { dirs, metadata, id, is_id_proven: owner.is_some(), voters, places }
    }

    /// Whether the node is one of a cluster without ZooKeeper, which sets partitions without a topic id aside.
    pub(super) fn is_kraft(&self) -> bool {
        let is_v1 = |dir: &LogDir| dir.properties().is_some_and(|read| read.version == MetaPropertiesVersion::V1);
        self.metadata.is_some() || self.dirs.iter().any(is_v1)
    }

    /// Whether a directory is that of partitions which lie somewhere for themselves, and not the log directory of a node.
    pub(super) fn is_no_log_dir(&self, dir: &LogDir) -> bool {
        matches!(dir.meta, Meta::Missing) && dir.metadata.is_none() && self.dirs.len() == 1
    }

    /// Whether other controllers may have metadata that this node lacks.
    pub(super) fn has_other_voters(&self) -> bool {
        match self.id {
            Some(id) => self.voters.iter().any(|&voter| voter != id),
            None => self.voters.len() > 1,
        }
    }

    /// This node as a member of the controller quorum, where the metadata says so.
    pub(super) fn voter(&self) -> Option<Voter> {
        let log = self.metadata.as_ref().filter(|log| !log.is_short())?;
        log.image.voters().iter().find(|voter| Some(voter.id) == self.id).copied()
    }

    /// The topic id that the metadata has for a name.
    pub(super) fn topic_id(&self, topic: &str) -> Option<Uuid> {
        self.metadata.as_ref()?.image.id_of(topic)
    }

    /// Whether a directory of this name has this topic id.
    pub(super) fn has_folder(&self, name: &str, id: Uuid) -> bool {
        let mut folders = self.dirs.iter().flat_map(|dir| &dir.folders);
        folders.any(|folder| folder.name == name && folder.id.id() == Some(id))
    }

    /// The directories of a partition, whatever they are for.
    pub(super) fn folders_of(&self, topic: &str, partition: i32) -> impl Iterator<Item = &Folder> {
        let places = self.places.get(&(topic.to_owned(), partition));
        places.into_iter().flatten().map(|&(dir, number)| &self.dirs[dir].folders[number])
    }

    /// Another directory of the same partition that has a topic id, so that this one is not needed.
    pub(super) fn twin(&self, folder: &Folder) -> Option<&Folder> {
        let mut others = self.folders_of(&folder.topic, folder.partition);
        others.find(|other| other.path != folder.path && other.state == folder.state && other.id.id().is_some())
    }

    /// The topic id of a partition that something other than its own file proves, and what does.
    pub(super) fn proof(&self, folder: &Folder) -> Option<(Uuid, String)> {
        if self.twin(folder).is_some() {
            return None;
        }
        let image = self.metadata.as_ref().map(|log| &log.image);
        if let Some(id) = self.topic_id(&folder.topic) {
            let assignment = image?.partition(id, folder.partition)?;
            let is_ours = self.id.is_none_or(|id| assignment.replicas.contains(&id));
            return is_ours.then(|| (id, format!("the metadata has this id for topic {}", folder.topic)));
        }
        // A partition of a topic that the metadata lacks is set aside with any id, unless more metadata is to come.
        if image.is_some() && !self.has_other_voters() {
            return None;
        }
        let is_sibling = |other: &&Folder| {
            other.topic == folder.topic && other.state == PartitionDirState::Live && other.path != folder.path
        };
        let mut siblings = self.dirs.iter().flat_map(|dir| &dir.folders).filter(is_sibling);
        let known = |folder: &Folder| match &folder.id {
            IdFile::Good(id) => Some((*id, folder.name.clone())),
            _ => None,
        };
        let (id, name) = siblings.clone().find_map(known)?;
        let is_agreed = siblings.all(|other| other.id.id().is_none_or(|other| other == id));
        is_agreed.then(|| (id, format!("{name} has this id")))
    }
}

/// The value that is there most often, the first of those.
pub(super) fn most_frequent<T: PartialEq + Clone>(values: impl Iterator<Item = T>) -> Option<T> {
    let values: Vec<T> = values.collect();
    let count = |value: &T| values.iter().filter(|other| *other == value).count();
    let most = values.iter().map(count).max()?;
    values.iter().find(|value| count(value) == most).cloned()
}
