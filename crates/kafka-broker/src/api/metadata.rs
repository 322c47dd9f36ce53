//! Metadata, 0 to 13: brokers, topics, leaders.

use std::borrow::Cow;
use std::collections::BTreeSet;

use kafka_log::log::validate_topic_name;
use kafka_rpc::acl::{AclOperation, ResourceType};
use kafka_rpc::messages::metadata_request::MetadataRequestTopic;
use kafka_rpc::messages::metadata_response::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use kafka_rpc::messages::{MetadataRequest, MetadataResponse};
use kafka_rpc::{ErrorCode, Uuid};

use super::operations::NOT_ASKED;
use super::{Call, Handled, Refusal, Rights};
use crate::metadata::{Image, Partition, Topic};
use crate::topics::{GROUP_METADATA_TOPIC, is_internal};

/// The first version in which topics may be named by their ids alone. The field is there from 10 on.
const FIRST_WITH_IDS: i16 = 12;

pub(super) fn handle(call: &mut Call<'_>) -> Result<Handled, Refusal> {
    let request: MetadataRequest<'_> = call.message()?;
    let version = call.version();
    let rights = call.rights();
    let rights = Told { rights: &rights, is_asked: request.include_topic_authorized_operations };
    let may_create = request.allow_auto_topic_creation && call.shared.config.auto_create_topics;
    let mut missing = Vec::new();
    let response = {
        let image = call.shared.image.read();
        let topics = match &request.topics {
            Some(asked) if version > 0 || !asked.is_empty() => {
                asked_topics(&image, asked, may_create.then_some(&mut missing), &rights, version)
            }
            // Who asks for all of them is told of those that it may see.
            _ => {
                let is_visible = |topic: &&Topic| {
                    rights.rights.may_quietly(AclOperation::Describe, ResourceType::Topic, &topic.name)
                };
                image.topics().filter(is_visible).map(|topic| describe(&image, topic, &rights)).collect()
            }
        };
        let brokers = image.brokers().filter(|broker| !broker.fenced).filter_map(|broker| {
            let (host, port) = call.shared.endpoint_of(broker, call.peer.listener)?;
            let rack = broker.rack.as_deref().map(|rack| rack.to_owned().into());
            Some(MetadataResponseBroker {
                node_id: broker.broker_id,
                host: host.into(),
                port,
                rack,
                ..Default::default()
            })
        });
        let is_asked = request.include_cluster_authorized_operations && (8..=10).contains(&version);
        MetadataResponse {
            brokers: brokers.collect(),
            cluster_id: Some(call.shared.cluster_id.as_str().into()),
            controller_id: call.shared.node_id,
            topics,
            cluster_authorized_operations: rights.rights.on_cluster(is_asked),
            ..Default::default()
        }
    };
    if !missing.is_empty() {
        call.shared.controller.auto_create(missing);
    }
    call.respond(&response)
}

/// The rights of a client, and whether it wants to know them.
struct Told<'r> {
    rights: &'r Rights<'r>,
    is_asked: bool,
}

impl Told<'_> {
    fn operations(&self, topic: &str) -> i32 {
        self.rights.on_topic(self.is_asked, topic)
    }
}

/// Topics by name or id, each once; those that are not here go to `missing` if they may be created.
fn asked_topics<'m>(
    image: &Image,
    asked: &'m [MetadataRequestTopic<'_>],
    mut missing: Option<&mut Vec<String>>,
    told: &Told<'_>,
    version: i16,
) -> Vec<MetadataResponseTopic<'m>> {
    let rights = told.rights;
    let names = asked.iter().filter(|topic| topic.topic_id == Uuid::ZERO).filter_map(|topic| topic.name.as_deref());
    let hidden = rights.denied_topics(AclOperation::Describe, names);
    let may_create_all = rights.are_limited() && rights.may_on_cluster_quietly(AclOperation::Create);
    let may_create = |name: &str| may_create_all || rights.may(AclOperation::Create, ResourceType::Topic, name);
    let denied = |name: Option<&'m str>, topic_id: Uuid, is_internal: bool| MetadataResponseTopic {
        error_code: ErrorCode::TopicAuthorizationFailed.code(),
        name: name.map(Cow::Borrowed),
        topic_id,
        is_internal,
        topic_authorized_operations: NOT_ASKED,
        ..Default::default()
    };
    let mut seen = BTreeSet::new();
    let mut found = Vec::with_capacity(asked.len());
    for topic in asked {
        let name = topic.name.as_deref().unwrap_or_default();
        if version < FIRST_WITH_IDS && (topic.topic_id != Uuid::ZERO || topic.name.is_none()) {
            found.push(MetadataResponseTopic {
                error_code: ErrorCode::InvalidRequest.code(),
                name: Some(Cow::Borrowed(name)),
                topic_id: topic.topic_id,
                topic_authorized_operations: NOT_ASKED,
                ..Default::default()
            });
            continue;
        }
        if topic.topic_id != Uuid::ZERO {
            if seen.insert((topic.topic_id, "")) {
                found.push(match image.topic_by_id(topic.topic_id) {
                    Some(known) if !rights.may(AclOperation::Describe, ResourceType::Topic, &known.name) => {
                        denied(None, known.id, false)
                    }
                    Some(known) => describe(image, known, told),
                    None => MetadataResponseTopic {
                        error_code: ErrorCode::UnknownTopicId.code(),
                        name: None,
                        topic_id: topic.topic_id,
                        topic_authorized_operations: NOT_ASKED,
                        ..Default::default()
                    },
                });
            }
            continue;
        }
        if !seen.insert((Uuid::ZERO, name)) {
            continue;
        }
        if hidden.contains(name) {
            // Whether it exists is none of the client's business.
            found.push(denied(Some(name), Uuid::ZERO, false));
            continue;
        }
        found.push(match image.topic(name) {
            Some(known) => describe(image, known, told),
            None if missing.is_some() && !may_create(name) => denied(Some(name), Uuid::ZERO, is_internal(name)),
            None => {
                let is_name = validate_topic_name(name).is_ok();
                let is_creatable = is_name && (!is_internal(name) || name == GROUP_METADATA_TOPIC);
                if is_creatable && let Some(missing) = &mut missing {
                    missing.push(name.to_owned());
                }
                let code = if is_name { ErrorCode::UnknownTopicOrPartition } else { ErrorCode::InvalidTopicException };
                MetadataResponseTopic {
                    error_code: code.code(),
                    name: Some(Cow::Borrowed(name)),
                    is_internal: is_internal(name),
                    topic_authorized_operations: told.operations(name),
                    ..Default::default()
                }
            }
        });
    }
    found
}

fn describe(image: &Image, topic: &Topic, told: &Told<'_>) -> MetadataResponseTopic<'static> {
    let partitions = topic.partitions().map(|(partition_index, partition)| MetadataResponsePartition {
        error_code: leader_error(image, partition).code(),
        partition_index,
        leader_id: partition.leader,
        leader_epoch: partition.leader_epoch,
        replica_nodes: partition.replicas.to_vec(),
        isr_nodes: partition.isr.to_vec(),
        offline_replicas: offline_replicas(image, partition),
        ..Default::default()
    });
    MetadataResponseTopic {
        name: Some(topic.name.to_string().into()),
        topic_id: topic.id,
        is_internal: is_internal(&topic.name),
        partitions: partitions.collect(),
        topic_authorized_operations: told.operations(&topic.name),
        ..Default::default()
    }
}

/// `LEADER_NOT_AVAILABLE` without a leader that is alive.
fn leader_error(image: &Image, partition: &Partition) -> ErrorCode {
    if is_alive(image, partition.leader) { ErrorCode::None } else { ErrorCode::LeaderNotAvailable }
}

fn is_alive(image: &Image, broker: i32) -> bool {
    image.broker(broker).is_some_and(|broker| !broker.fenced)
}

/// Replicas on brokers that are not alive, or in log directories that have failed.
pub(super) fn offline_replicas(image: &Image, partition: &Partition) -> Vec<i32> {
    let is_online = |broker| is_alive(image, broker) && image.has_online_dir(broker, partition);
    partition.replicas.iter().copied().filter(|&broker| !is_online(broker)).collect()
}
