//! DescribeTopicPartitions, 0: page by page, with replicas that may become leaders.

use std::borrow::Cow;

use kafka_log::log::validate_topic_name;
use kafka_rpc::ErrorCode;
use kafka_rpc::acl::{AclOperation, ResourceType};
use kafka_rpc::messages::describe_topic_partitions_response::{
    Cursor, DescribeTopicPartitionsResponsePartition, DescribeTopicPartitionsResponseTopic,
};
use kafka_rpc::messages::{DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse};

use super::metadata::offline_replicas;
use super::operations::NOT_ASKED;
use super::{Call, Handled, Refusal};
use crate::metadata::{Image, Partition, Topic};
use crate::topics::is_internal;

/// `max.request.partition.size.limit`
const PARTITIONS_MAX: i32 = 2000;

pub(super) fn handle(call: &mut Call<'_>) -> Result<Handled, Refusal> {
    let request: DescribeTopicPartitionsRequest<'_> = call.message()?;
    let (first_topic, first_partition) =
        request.cursor.as_ref().map_or(("", 0), |cursor| (&*cursor.topic_name, cursor.partition_index));
    if first_partition < 0 {
        let topics = request.topics.iter().map(|topic| refused(&topic.name, ErrorCode::InvalidRequest));
        let response = DescribeTopicPartitionsResponse { topics: topics.collect(), ..Default::default() };
        return call.respond(&response);
    }
    let limit = request.response_partition_limit.clamp(1, PARTITIONS_MAX) as usize;
    let rights = call.rights();
    let may_describe = |name: &str| rights.may(AclOperation::Describe, ResourceType::Topic, name);
    let response = {
        let image = call.shared.image.read();
        let mut page = Page { image: &image, left: limit, topics: Vec::new(), next: None };
        let mut denied = Vec::new();
        if request.topics.is_empty() {
            for topic in image.topics_from(first_topic).filter(|topic| may_describe(&topic.name)) {
                page.add(topic, if *topic.name == *first_topic { first_partition } else { 0 });
                if page.next.is_some() {
                    break;
                }
            }
        } else {
            let mut names: Vec<&str> = request.topics.iter().map(|topic| &*topic.name).collect();
            names.sort_unstable();
            names.dedup();
            names.retain(|name| *name >= first_topic);
            for name in names {
                if !may_describe(name) {
                    // Whether it exists is none of the client's business.
                    let code = ErrorCode::TopicAuthorizationFailed;
                    denied.push(DescribeTopicPartitionsResponseTopic { is_internal: false, ..refused(name, code) });
                    continue;
                }
                match image.topic(name) {
                    Some(topic) => page.add(topic, if name == first_topic { first_partition } else { 0 }),
                    None if validate_topic_name(name).is_err() => {
                        page.topics.push(refused(name, ErrorCode::InvalidTopicException));
                    }
                    None => page.topics.push(refused(name, ErrorCode::UnknownTopicOrPartition)),
                }
                if page.next.is_some() {
                    break;
                }
            }
        }
        for topic in &mut page.topics {
            topic.topic_authorized_operations = rights.on_topic(true, topic.name.as_deref().unwrap_or_default());
        }
        page.topics.append(&mut denied);
        DescribeTopicPartitionsResponse { topics: page.topics, next_cursor: page.next, ..Default::default() }
    };
    call.respond(&response)
}

struct Page<'i, 'r> {
    image: &'i Image,
    left: usize,
    topics: Vec<DescribeTopicPartitionsResponseTopic<'r>>,
    next: Option<Cursor<'r>>,
}

impl Page<'_, '_> {
    fn add(&mut self, topic: &Topic, first_partition: i32) {
        let next_at = |partition_index| {
            Some(Cursor { topic_name: topic.name.to_string().into(), partition_index, ..Default::default() })
        };
        if self.left == 0 {
            self.next = next_at(0);
            return;
        }
        let mut partitions = Vec::new();
        for (number, partition) in topic.partitions().filter(|(number, _)| *number >= first_partition) {
            if self.left == 0 {
                self.next = next_at(number);
                break;
            }
            self.left -= 1;
            partitions.push(describe(self.image, number, partition));
        }
        self.topics.push(DescribeTopicPartitionsResponseTopic {
            name: Some(topic.name.to_string().into()),
            topic_id: topic.id,
            is_internal: is_internal(&topic.name),
            partitions,
            ..Default::default()
        });
    }
}

fn describe(image: &Image, number: i32, partition: &Partition) -> DescribeTopicPartitionsResponsePartition {
    let has_leader = image.broker(partition.leader).is_some_and(|broker| !broker.fenced);
    let code = if has_leader { ErrorCode::None } else { ErrorCode::LeaderNotAvailable };
    DescribeTopicPartitionsResponsePartition {
        error_code: code.code(),
        partition_index: number,
        leader_id: partition.leader,
        leader_epoch: partition.leader_epoch,
        replica_nodes: partition.replicas.to_vec(),
        isr_nodes: partition.isr.to_vec(),
        eligible_leader_replicas: Some(partition.elr.to_vec()),
        last_known_elr: Some(partition.last_known_elr.to_vec()),
        offline_replicas: offline_replicas(image, partition),
        ..Default::default()
    }
}

fn refused<'r>(name: &str, code: ErrorCode) -> DescribeTopicPartitionsResponseTopic<'r> {
    DescribeTopicPartitionsResponseTopic {
        error_code: code.code(),
        name: Some(Cow::Owned(name.to_owned())),
        is_internal: is_internal(name),
        topic_authorized_operations: NOT_ASKED,
        ..Default::default()
    }
}
