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
    /// By number; `None` for a partition without a replica on this broker.
    partitions: Box<[Option<Arc<Partition>>]>,
}

impl Topic {
    /// A topic of the cluster: a place for each partition, filled where a replica is on this broker.
    pub(crate) fn new(name: Arc<str>, id: Uuid, partitions: Box<[Option<Arc<Partition>>]>) -> Self {
        Topic { name, id, partitions }
    }

    /// A partition with a replica on this broker (`ReplicaManager.getPartitionOrError`).
    ///
    /// # Errors
    /// `NOT_LEADER_OR_FOLLOWER` where its replicas are on other brokers, `UNKNOWN_TOPIC_OR_PARTITION`.
    pub(crate) fn partition(&self, number: i32) -> Result<&Arc<Partition>, ErrorCode> {
        let place = usize::try_from(number).ok().and_then(|at| self.partitions.get(at));
        place.ok_or(ErrorCode::UnknownTopicOrPartition)?.as_ref().ok_or(ErrorCode::NotLeaderOrFollower)
    }

    /// Whether the topic has a partition, here or elsewhere.
    pub(crate) fn has_partition(&self, number: i32) -> bool {
        usize::try_from(number).is_ok_and(|at| at < self.partitions.len())
    }

    /// How many partitions the topic has, here and elsewhere.
    pub(crate) fn partition_count(&self) -> usize {
        self.partitions.len()
    }

    /// The partitions with a replica on this broker, with their numbers.
    pub(crate) fn hosted(&self) -> impl Iterator<Item = (i32, &Arc<Partition>)> {
        (0..).zip(&self.partitions).filter_map(|(number, place)| Some((number, place.as_ref()?)))
    }
}

/// The topics of the cluster.
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
