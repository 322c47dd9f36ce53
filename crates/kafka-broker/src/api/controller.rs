//! Requests that change metadata, and those that ask the controller. They run on its thread.

use std::borrow::Cow;

use kafka_rpc::messages::create_topics_request::{CreatableTopic, CreatableTopicConfig};
use kafka_rpc::messages::{AllocateProducerIdsRequest, CreateTopicsRequest, DeleteTopicsRequest};
use kafka_rpc::{ApiKey, ErrorCode, Message, Request, RequestFrame, Uuid};

use super::memory_for;
use crate::broker::{Shared, apply, directories, frame};
use crate::clock::now_ms;
use crate::controller::{
    Context, Controller, ControllerError, Outcome, acls, allocate_producer_ids, alter_client_quotas, alter_configs,
    alter_partition_reassignments, alter_user_scram_credentials, create_partitions, create_topics, delete_topics,
    describe_client_quotas, describe_quorum, describe_user_scram_credentials, elect_leaders, incremental_alter_configs,
    list_partition_reassignments, unregister_broker, update_features,
};
use crate::metadata::{Delta, Image};
use crate::net::Ticket;
use crate::topics::{GROUP_METADATA_TOPIC, TRANSACTION_STATE_TOPIC};

/// Handles a request, and answers it.
///
/// # Errors
/// The request cannot be read, the response not be written, or the metadata log has failed.
pub(crate) fn handle(
    controller: &mut Controller,
    request: &RequestFrame<'_>,
    ticket: Ticket,
    shared: &Shared,
) -> Result<(), ErrorCode> {
    let version = request.version;
    let mut desk = Desk { controller, request, ticket, shared };
    match request.api_key {
        ApiKey::CreateTopics => desk.execute(create_topics::plan),
        ApiKey::DeleteTopics => desk.execute(|image, context, request: &DeleteTopicsRequest<'_>| {
            delete_topics::plan(image, context, request, version)
        }),
        ApiKey::DescribeAcls => desk.execute(|_, _, request| Outcome::none(acls::describe(request))),
        ApiKey::CreateAcls => desk.execute(|_, _, request| Outcome::none(acls::create(request))),
        ApiKey::DeleteAcls => desk.execute(|_, _, request| Outcome::none(acls::delete(request))),
        ApiKey::AlterConfigs => desk.execute(alter_configs::plan),
        ApiKey::CreatePartitions => desk.execute(create_partitions::plan),
        ApiKey::ElectLeaders => desk.execute(elect_leaders::plan),
        ApiKey::IncrementalAlterConfigs => desk.execute(incremental_alter_configs::plan),
        ApiKey::AlterPartitionReassignments => desk.execute(alter_partition_reassignments::plan),
        ApiKey::ListPartitionReassignments => desk.execute(list_partition_reassignments::plan),
        ApiKey::DescribeClientQuotas => desk.execute(describe_client_quotas::plan),
        ApiKey::AlterClientQuotas => desk.execute(alter_client_quotas::plan),
        ApiKey::DescribeUserScramCredentials => desk.execute(describe_user_scram_credentials::plan),
        ApiKey::AlterUserScramCredentials => desk.execute(alter_user_scram_credentials::plan),
        ApiKey::DescribeQuorum => {
            let quorum = desk.controller.quorum();
            desk.execute(|image, context, request| describe_quorum::plan(image, context, request, version, &quorum))
        }
        ApiKey::UpdateFeatures => {
            let kraft_version = desk.controller.log().kraft_version();
            desk.execute(|image, context, request| {
                update_features::plan(image, context, request, version, kraft_version)
            })
        }
        ApiKey::UnregisterBroker => desk.execute(unregister_broker::plan),
        _ => Err(ErrorCode::UnsupportedVersion),
    }
}

struct Desk<'d> {
    controller: &'d mut Controller,
    request: &'d RequestFrame<'d>,
    ticket: Ticket,
    shared: &'d Shared,
}

impl<'d> Desk<'d> {
    fn execute<M: Request<'d>, R: Message<'static>>(
        &mut self,
        plan: impl FnOnce(&Image, &Context<'_>, &M) -> Outcome<R>,
    ) -> Result<(), ErrorCode> {
        let unreadable = |error| {
            tracing::warn!(api = M::NAME, %error, "a request cannot be read");
            ErrorCode::InvalidRequest
        };
        let message: M = self.request.message(memory_for(self.request.body)).map_err(unreadable)?;
        let now_ms = now_ms();
        let executed = self.controller.execute(now_ms, |image, context| plan(image, context, &message));
        let (response, delta) = executed.map_err(|error| failed(self.shared, &error))?;
        take_over(self.controller, self.shared, &delta, now_ms)?;
        let frame = frame(&response, self.ticket).map_err(|error| {
            tracing::error!(api = M::NAME, %error, "a response cannot be written");
            ErrorCode::UnknownServerError
        })?;
        self.shared.answer(self.ticket, frame);
        Ok(())
    }
}

/// Brings the logs in line with a change of the metadata, and the metadata in line with where they are.
fn take_over(controller: &mut Controller, shared: &Shared, delta: &Delta, now_ms: i64) -> Result<(), ErrorCode> {
    apply(shared, delta, now_ms);
    let changed = delta.changed_partitions.iter().copied();
    directories::assign(controller, shared, changed, now_ms).map_err(|error| failed(shared, &error))
}

/// Notes in the metadata that partitions have moved to other directories.
pub(crate) fn moved(controller: &mut Controller, shared: &Shared, partition: (Uuid, i32)) {
    if let Err(error) = directories::assign(controller, shared, std::iter::once(partition), now_ms()) {
        failed(shared, &error);
    }
}

/// Without its metadata the broker cannot go on.
fn failed(shared: &Shared, error: &ControllerError) -> ErrorCode {
    tracing::error!(%error, "the metadata log has failed");
    shared.fail();
    ErrorCode::KafkaStorageError
}

/// Creates topics that are missing (`AutoTopicCreationManager`).
pub(crate) fn auto_create(controller: &mut Controller, topics: &[String], shared: &Shared) {
    let missing: Vec<&String> = {
        let image = shared.image.read();
        topics.iter().filter(|topic| image.topic(topic).is_none()).collect()
    };
    if missing.is_empty() {
        return;
    }
    let topics = missing.into_iter().map(|topic| creatable(shared, topic)).collect();
    let request = CreateTopicsRequest { topics, ..Default::default() };
    let now_ms = now_ms();
    match controller.execute(now_ms, |image, context| create_topics::plan(image, context, &request)) {
        Ok((response, delta)) => {
            // A failure has been logged.
            let _ = take_over(controller, shared, &delta, now_ms);
            for topic in response.topics.iter().filter(|topic| topic.error_code != ErrorCode::None.code()) {
                let why = topic.error_message.as_deref().unwrap_or_default();
                tracing::warn!(topic = &*topic.name, code = topic.error_code, why, "a topic cannot be created");
            }
        }
        Err(error) => {
            failed(shared, &error);
        }
    }
}

fn creatable<'t>(shared: &Shared, topic: &'t str) -> CreatableTopic<'t> {
    let config = |name: &'static str, value: String| CreatableTopicConfig {
        name: name.into(),
        value: Some(value.into()),
        ..Default::default()
    };
    let (num_partitions, replication_factor, configs) = match topic {
        GROUP_METADATA_TOPIC => {
            let configs = vec![
                config("cleanup.policy", "compact".to_owned()),
                config("compression.type", "producer".to_owned()),
                config("segment.bytes", shared.config.offsets_topic_segment_bytes.to_string()),
            ];
            (shared.config.offsets_topic_partitions, shared.config.offsets_topic_replication_factor, configs)
        }
        TRANSACTION_STATE_TOPIC => {
            let of = shared.config.transaction_topic;
            let configs = vec![
                config("cleanup.policy", "compact".to_owned()),
                config("compression.type", "uncompressed".to_owned()),
                config("min.insync.replicas", of.min_isr.to_string()),
                config("segment.bytes", of.segment_bytes.to_string()),
                config("unclean.leader.election.enable", "false".to_owned()),
            ];
            (of.partitions, of.replication_factor, configs)
        }
        _ => (-1, -1, Vec::new()),
    };
    CreatableTopic { name: Cow::Borrowed(topic), num_partitions, replication_factor, configs, ..Default::default() }
}

/// Gets a new block of producer ids if the last one is used up.
pub(crate) fn more_producer_ids(controller: &mut Controller, shared: &Shared) {
    if !shared.producer_ids.is_used_up() {
        return;
    }
    let broker_id = controller.settings().node_id;
    let broker_epoch = shared.image.read().broker(broker_id).map_or(-1, |broker| broker.broker_epoch);
    let request = AllocateProducerIdsRequest { broker_id, broker_epoch, ..Default::default() };
    let executed = controller.execute(now_ms(), |image, context| allocate_producer_ids::plan(image, context, &request));
    let block = match executed {
        Ok((block, _)) => block,
        Err(error) => {
            failed(shared, &error);
            return;
        }
    };
    let first = block.producer_id_start;
    match ErrorCode::from_code(block.error_code) {
        Some(ErrorCode::None) => shared.producer_ids.refill(first..first + i64::from(block.producer_id_len)),
        _ => tracing::error!(code = block.error_code, "no more producer ids can be had"),
    }
}
