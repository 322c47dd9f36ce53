//! Topics that a test makes, changes and deletes.

use std::collections::BTreeMap;
use std::sync::Arc;

use kafka_rpc::Uuid;
use parking_lot::Mutex;

use super::super::{Metadata, TopicInfo};
use crate::security::authorizer::Requester;

/// Topics by name, with their numbers of partitions, and a version.
#[derive(Default)]
pub(super) struct FakeTopics(Mutex<(BTreeMap<String, i32>, i64)>);

/// The id of a topic whose name is a letter and a digit.
pub(super) fn topic_id(name: &str) -> Option<Uuid> {
    let mut id = [0; 16];
    (id[7], id[15]) = (7, *name.as_bytes().get(1)?);
    Some(Uuid(id))
}

impl FakeTopics {
    pub(super) fn new(topics: &[(&str, i32)]) -> Arc<Self> {
        let topics = topics.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
        Arc::new(FakeTopics(Mutex::new((topics, 1))))
    }

    /// Gives a topic so many partitions, or deletes it with 0; whether it is new.
    pub(super) fn set(&self, name: &str, count: i32) -> bool {
        let (topics, version) = &mut *self.0.lock();
        *version += 1;
        match count {
            0 => {
                topics.remove(name);
                false
            }
            _ => topics.insert(name.to_owned(), count).is_none(),
        }
    }

    pub(super) fn partitions(&self, name: &str) -> i32 {
        self.0.lock().0.get(name).copied().unwrap_or(0)
    }
}

impl Metadata for FakeTopics {
    fn topic(&self, name: &str) -> Option<TopicInfo> {
        let partitions = *self.0.lock().0.get(name)?;
        let racks = |p: i32| if p % 2 == 0 { vec!["rb".into(), "ra".into()] } else { Vec::new() };
        Some(TopicInfo { id: topic_id(name)?, partitions, racks: (0..partitions).map(racks).collect() })
    }

    fn topic_name(&self, id: Uuid) -> Option<String> {
        self.0.lock().0.keys().find(|name| topic_id(name) == Some(id)).cloned()
    }

    fn each_topic(&self, visit: &mut dyn FnMut(&str)) {
        self.0.lock().0.keys().for_each(|name| visit(name));
    }

    /// `User:t` may describe topics that start with a `t`.
    fn may_describe(&self, who: &Requester, topic: &str, _: usize) -> bool {
        who.principal.strip_prefix("User:").is_some_and(|prefix| topic.starts_with(prefix))
    }

    fn version(&self) -> i64 {
        self.0.lock().1
    }

    fn group_setting(&self, _: &str, _: &str) -> Option<i32> {
        None
    }
}
