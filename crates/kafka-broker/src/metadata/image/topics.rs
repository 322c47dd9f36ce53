//! Topics by id and by name.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use kafka_rpc::Uuid;

use super::Partition;

/// A topic (`TopicImage`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    /// Its name.
    pub name: Arc<str>,
    /// Its id.
    pub id: Uuid,
    /// Ascending; almost always without gaps, so that most partitions are at their own number.
    partitions: Vec<(i32, Partition)>,
}

impl Topic {
    /// A partition by its number.
    pub fn partition(&self, index: i32) -> Option<&Partition> {
        self.place(index).ok().and_then(|place| self.partitions.get(place)).map(|(_, partition)| partition)
    }

    /// The partitions with their numbers, in order.
    pub fn partitions(&self) -> impl ExactSizeIterator<Item = (i32, &Partition)> {
        self.partitions.iter().map(|(index, partition)| (*index, partition))
    }

    /// How many partitions there are.
    pub fn partition_count(&self) -> usize {
        self.partitions.len()
    }

    /// A partition to be changed.
    pub(super) fn partition_mut(&mut self, index: i32) -> Option<&mut Partition> {
        let place = self.place(index).ok()?;
        self.partitions.get_mut(place).map(|(_, partition)| partition)
    }

    /// The partitions to be changed.
    pub(super) fn partitions_mut(&mut self) -> impl Iterator<Item = (i32, &mut Partition)> {
        self.partitions.iter_mut().map(|(index, partition)| (*index, partition))
    }

    /// Puts a partition in its place; whether something is different now.
    pub(super) fn insert(&mut self, index: i32, partition: Partition) -> bool {
        match self.place(index) {
            Ok(place) => match self.partitions.get_mut(place) {
                Some((_, old)) if *old != partition => *old = partition,
                _ => return false,
            },
            Err(place) => {
                if self.partitions.is_empty() {
                    // Most topics of a broker with many have one partition.
                    self.partitions.reserve_exact(1);
                }
                self.partitions.insert(place, (index, partition));
            }
        }
        true
    }

    fn place(&self, index: i32) -> Result<usize, usize> {
        let at_own = usize::try_from(index).ok();
        if let Some(place) = at_own.filter(|place| self.partitions.get(*place).is_some_and(|(at, _)| *at == index)) {
            return Ok(place);
        }
        self.partitions.binary_search_by_key(&index, |(index, _)| *index)
    }
}

/// All topics.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Topics {
    by_id: HashMap<Uuid, Topic>,
    ids: BTreeMap<Arc<str>, Uuid>,
    /// Names with a `.` or `_`, by what they are with `_` alone.
    collisions: BTreeMap<String, BTreeSet<Arc<str>>>,
}

impl Topics {
    pub(super) fn by_id(&self, id: Uuid) -> Option<&Topic> {
        self.by_id.get(&id)
    }

    pub(super) fn by_id_mut(&mut self, id: Uuid) -> Option<&mut Topic> {
        self.by_id.get_mut(&id)
    }

    pub(super) fn by_name(&self, name: &str) -> Option<&Topic> {
        self.by_id.get(self.ids.get(name)?)
    }

    pub(super) fn from(&self, name: &str) -> impl Iterator<Item = &Topic> {
        let bounds = (std::ops::Bound::Included(name), std::ops::Bound::Unbounded);
        self.ids.range::<str, _>(bounds).filter_map(|(_, id)| self.by_id.get(id))
    }

    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }

    pub(super) fn colliding(&self, name: &str) -> Option<&str> {
        let names = self.collisions.get(&unified(name)?)?;
        names.first().map(|name| &**name)
    }

    /// Adds a topic without partitions; `None` where its name or id is taken.
    pub(super) fn insert(&mut self, name: &str, id: Uuid) -> Option<Arc<str>> {
        if self.ids.contains_key(name) || self.by_id.contains_key(&id) {
            return None;
        }
        let name: Arc<str> = name.into();
        if let Some(unified) = unified(&name) {
            self.collisions.entry(unified).or_default().insert(Arc::clone(&name));
        }
        self.ids.insert(Arc::clone(&name), id);
        self.by_id.insert(id, Topic { name: Arc::clone(&name), id, partitions: Vec::new() });
        Some(name)
    }

    pub(super) fn remove(&mut self, id: Uuid) -> Option<Topic> {
        let topic = self.by_id.remove(&id)?;
        self.ids.remove(&topic.name);
        if let Some(unified) = unified(&topic.name)
            && let Some(names) = self.collisions.get_mut(&unified)
        {
            names.remove(&topic.name);
            if names.is_empty() {
                self.collisions.remove(&unified);
            }
        }
        Some(topic)
    }

    pub(super) fn ids(&self) -> Vec<Uuid> {
        self.ids.values().copied().collect()
    }
}

/// The name with `_` for each `.`; `None` where it has neither (`Topic.unifyCollisionChars`).
fn unified(name: &str) -> Option<String> {
    name.contains(['.', '_']).then(|| name.replace('.', "_"))
}
