//! The metadata as consumer groups see it.

use std::sync::Arc;

use kafka_rpc::Uuid;
use kafka_rpc::acl::{AclOperation, ResourceType};
use parking_lot::RwLock;

use crate::group::{Metadata, TopicInfo};
use crate::metadata::{ConfigResource, ConfigResourceType, Image, Topic};
use crate::security::authorizer::{Action, Authorizer, Requester};

/// The image, and who may see it; no lock of them is held while the coordinator is called.
pub(super) struct ImageOfGroups {
    pub(super) image: Arc<RwLock<Image>>,
    pub(super) authorizer: Option<Arc<Authorizer>>,
}

impl Metadata for ImageOfGroups {
    fn topic(&self, name: &str) -> Option<TopicInfo> {
        let image = self.image.read();
        let topic = image.topic(name)?;
        let has_racks = image.brokers().any(|broker| broker.rack.is_some());
        Some(TopicInfo {
            id: topic.id,
            partitions: i32::try_from(topic.partition_count()).unwrap_or(i32::MAX),
            racks: if has_racks { racks(&image, topic) } else { Vec::new() },
        })
    }

    fn topic_name(&self, id: Uuid) -> Option<String> {
        Some(self.image.read().topic_by_id(id)?.name.to_string())
    }

    fn each_topic(&self, visit: &mut dyn FnMut(&str)) {
        // The visitor may take its time: it matches expressions.
        let names: Vec<_> = self.image.read().topics().map(|topic| Arc::clone(&topic.name)).collect();
        names.iter().for_each(|name| visit(name));
    }

    fn may_describe(&self, who: &Requester, topic: &str, count: usize) -> bool {
        let action = Action {
            operation: AclOperation::Describe,
            resource_type: ResourceType::Topic,
            name: topic,
            count,
            log_if_allowed: true,
            // The client did not name the topic.
            log_if_denied: false,
        };
        self.authorizer.as_ref().is_none_or(|authorizer| authorizer.authorize(who, action))
    }

    fn version(&self) -> i64 {
        self.image.read().position().offset
    }

    fn group_setting(&self, group: &str, name: &str) -> Option<i32> {
        let resource = ConfigResource { kind: ConfigResourceType::Group, name: group.into() };
        self.image.read().config(&resource, name)?.trim().parse().ok()
    }
}

fn racks(image: &Image, topic: &Topic) -> Vec<Vec<Arc<str>>> {
    let rack = |broker: &i32| image.broker(*broker)?.rack.as_deref().map(Arc::from);
    topic.partitions().map(|(_, partition)| partition.replicas.iter().filter_map(rack).collect()).collect()
}
