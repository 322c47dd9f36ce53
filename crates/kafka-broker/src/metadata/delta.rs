//! What has changed: for those who create and delete logs, or put settings in force.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kafka_rpc::Uuid;

use super::image::{ConfigResource, Topic};

/// A topic that is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeletedTopic {
    /// Its name.
    pub name: Arc<str>,
    /// Its id.
    pub id: Uuid,
    /// Its partitions.
    pub partitions: Vec<i32>,
}

/// What a few records have changed in an [`Image`](super::Image).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Delta {
    /// Topics that are new, by id.
    pub created_topics: BTreeMap<Uuid, Arc<str>>,
    /// Topics that are gone. One that came and went within the delta is not here.
    pub deleted_topics: Vec<DeletedTopic>,
    /// Partitions that are new or have changed, those of new topics included.
    pub changed_partitions: BTreeSet<(Uuid, i32)>,
    /// Resources some of whose settings have changed. Those of deleted topics are not here.
    pub changed_configs: BTreeSet<ConfigResource>,
    /// Brokers that have registered, changed, or are gone.
    pub changed_brokers: BTreeSet<i32>,
    /// Whether a finalized feature level has changed.
    pub has_changed_features: bool,
    /// Whether client quotas have changed.
    pub has_changed_quotas: bool,
    /// Whether SCRAM credentials have changed.
    pub has_changed_scram: bool,
    /// Access control entries that are new or gone, by id.
    pub changed_acls: BTreeSet<Uuid>,
}

impl Delta {
    /// Whether nothing has changed.
    pub fn is_empty(&self) -> bool {
        *self == Delta::default()
    }

    pub(super) fn topic_deleted(&mut self, topic: &Topic) {
        let partitions: Vec<i32> = topic.partitions().map(|(index, _)| index).collect();
        for &index in &partitions {
            self.changed_partitions.remove(&(topic.id, index));
        }
        self.changed_configs.remove(&ConfigResource::topic(&topic.name));
        if self.created_topics.remove(&topic.id).is_none() {
            self.deleted_topics.push(DeletedTopic { name: Arc::clone(&topic.name), id: topic.id, partitions });
        }
    }
}
