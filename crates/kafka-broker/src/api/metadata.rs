//! Metadata, 0 to 13: brokers, topics, leaders.

use std::borrow::Cow;
use std::collections::BTreeSet;

use kafka_log::log::validate_topic_name;
use kafka_rpc::messages::metadata_request::MetadataRequestTopic;
use kafka_rpc::messages::metadata_response::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use kafka_rpc::messages::{MetadataRequest, MetadataResponse};
use kafka_rpc::{ErrorCode, Uuid};

use super::operations::{NOT_ASKED, ON_CLUSTER, ON_TOPICS, if_asked};
use super::{Call, Handled, Refusal};
use crate::metadata::{Image, Partition, Topic};
use crate::topics::{GROUP_METADATA_TOPIC, is_internal};

/// The first version in which topics may be named by their ids alone. The field is there from 10 on.
const FIRST_WITH_IDS: i16 = 12;

pub(super) fn handle(call: &mut Call<'_>) -> Result<Handled, Refusal> {
    let request: MetadataRequest<'_> = call.message()?;
    let version = call.version();
    let operations = if_asked(request.include_topic_authorized_operations, ON_TOPICS);
    let may_create = request.allow_auto_topic_creation && call.shared.config.auto_create_topics;
    let mut missing = Vec::new();
    let response = {
        let image = call.shared.image.read();
        let topics = match &request.topics {
            Some(asked) if version > 0 || !asked.is_empty() => {
                asked_topics(&image, asked, may_create.then_some(&mut missing), operations, version)
            }
            _ => image.topics().map(|topic| describe(&image, topic, operations)).collect(),
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
        let cluster_operations = if_asked(request.include_cluster_authorized_operations, ON_CLUSTER);
        MetadataResponse {
            brokers: brokers.collect(),
            cluster_id: Some(call.shared.cluster_id.as_str().into()),
            controller_id: call.shared.node_id,
            topics,
            cluster_authorized_operations: if (8..=10).contains(&version) { cluster_operations } else { NOT_ASKED },
            ..Default::default()
        }
    };
    if !missing.is_empty() {
        call.shared.controller.auto_create(missing);
    }
    call.respond(&response)
}

/// Topics by name or id, each once; those that are not here go to `missing` if they may be created.
fn asked_topics<'m>(
    image: &Image,
    asked: &'m [MetadataRequestTopic<'_>],
    mut missing: Option<&mut Vec<String>>,
    operations: i32,
    version: i16,
) -> Vec<MetadataResponseTopic<'m>> {
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
                    Some(known) => describe(image, known, operations),
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
        found.push(match image.topic(name) {
            Some(known) => describe(image, known, operations),
            None => {
                let is_name = validate_topic_name(name).is_ok();
                let may_create = is_name && (!is_internal(name) || name == GROUP_METADATA_TOPIC);
                if may_create && let Some(missing) = &mut missing {
                    missing.push(name.to_owned());
                }
                let code = if is_name { ErrorCode::UnknownTopicOrPartition } else { ErrorCode::InvalidTopicException };
                MetadataResponseTopic {
                    error_code: code.code(),
                    name: Some(Cow::Borrowed(name)),
                    is_internal: is_internal(name),
                    topic_authorized_operations: operations,
                    ..Default::default()
                }
            }
        });
    }
    found
}

fn describe(image: &Image, topic: &Topic, operations: i32) -> MetadataResponseTopic<'static> {
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
        topic_authorized_operations: operations,
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
