//! The metadata as consumer groups see it.

use std::sync::Arc;

use kafka_rpc::Uuid;
use parking_lot::RwLock;

use crate::group::{Metadata, TopicInfo};
use crate::metadata::{ConfigResource, ConfigResourceType, Image, Topic};

/// The image; no lock of it is held while the coordinator is called.
pub(super) struct ImageOfGroups(pub(super) Arc<RwLock<Image>>);

impl Metadata for ImageOfGroups {
    fn topic(&self, name: &str) -> Option<TopicInfo> {
        let image = self.0.read();
        let topic = image.topic(name)?;
        let has_racks = image.brokers().any(|broker| broker.rack.is_some());
        Some(TopicInfo {
            id: topic.id,
            partitions: i32::try_from(topic.partition_count()).unwrap_or(i32::MAX),
            racks: if has_racks { racks(&image, topic) } else { Vec::new() },
        })
    }

    fn topic_name(&self, id: Uuid) -> Option<String> {
        Some(self.0.read().topic_by_id(id)?.name.to_string())
    }

    fn each_topic(&self, visit: &mut dyn FnMut(&str)) {
        self.0.read().topics().for_each(|topic| visit(&topic.name));
    }

    fn version(&self) -> i64 {
        self.0.read().position().offset
    }

    fn group_setting(&self, group: &str, name: &str) -> Option<i32> {
        let resource = ConfigResource { kind: ConfigResourceType::Group, name: group.into() };
        self.0.read().config(&resource, name)?.trim().parse().ok()
    }
}

fn racks(image: &Image, topic: &Topic) -> Vec<Vec<Arc<str>>> {
    let rack = |broker: &i32| image.broker(*broker)?.rack.as_deref().map(Arc::from);
    topic.partitions().map(|(_, partition)| partition.replicas.iter().filter_map(rack).collect()).collect()
}
