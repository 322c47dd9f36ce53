//! Topics by name and by id.

use std::collections::HashMap;
use std::sync::Arc;

use kafka_rpc::{ErrorCode, Uuid};
use parking_lot::RwLock;

use super::Partition;

/// A topic with its partitions. More partitions make a new `Topic`, which shares those that were there.
pub(crate) struct Topic {
    pub(crate) name: Arc<str>,
    pub(crate) id: Uuid,
    pub(crate) partitions: Box<[Arc<Partition>]>,
}

impl Topic {
    /// A partition.
    ///
    /// # Errors
    /// `UNKNOWN_TOPIC_OR_PARTITION`.
    pub(crate) fn partition(&self, number: i32) -> Result<&Arc<Partition>, ErrorCode> {
        let found = usize::try_from(number).ok().and_then(|at| self.partitions.get(at));
        found.ok_or(ErrorCode::UnknownTopicOrPartition)
    }
}

/// The topics with partitions on this broker.
#[derive(Default)]
pub(crate) struct Topics(RwLock<Table>);

#[derive(Default)]
struct Table {
    by_name: HashMap<Arc<str>, Arc<Topic>>,
    by_id: HashMap<Uuid, Arc<Topic>>,
}

impl Topics {
    /// The topic of this name.
    ///
    /// # Errors
    /// `UNKNOWN_TOPIC_OR_PARTITION`.
    pub(crate) fn named(&self, name: &str) -> Result<Arc<Topic>, ErrorCode> {
        self.0.read().by_name.get(name).cloned().ok_or(ErrorCode::UnknownTopicOrPartition)
    }

    /// The topic with this id.
    ///
    /// # Errors
    /// `UNKNOWN_TOPIC_ID`.
    pub(crate) fn with_id(&self, id: Uuid) -> Result<Arc<Topic>, ErrorCode> {
        self.0.read().by_id.get(&id).cloned().ok_or(ErrorCode::UnknownTopicId)
    }

    /// The topic by its id where the version of the request has ids, and by its name otherwise.
    pub(crate) fn find(&self, has_ids: bool, name: &str, id: Uuid) -> Result<Arc<Topic>, ErrorCode> {
        if has_ids { self.with_id(id) } else { self.named(name) }
    }

    /// Adds a topic, or exchanges it for one with more partitions.
    pub(crate) fn insert(&self, topic: Arc<Topic>) {
        let mut table = self.0.write();
        table.by_id.insert(topic.id, Arc::clone(&topic));
        table.by_name.insert(Arc::clone(&topic.name), topic);
    }

    /// Removes a topic.
    pub(crate) fn remove(&self, id: Uuid) -> Option<Arc<Topic>> {
        let mut table = self.0.write();
        let topic = table.by_id.remove(&id)?;
        if table.by_name.get(&topic.name).is_some_and(|named| named.id == id) {
            table.by_name.remove(&topic.name);
        }
        Some(topic)
    }

    /// All topics, in no order.
    pub(crate) fn all(&self) -> Vec<Arc<Topic>> {
        self.0.read().by_name.values().cloned().collect()
    }
}
