//! Requests that change metadata, and those that ask the controller. They run on its thread.

use std::borrow::Cow;
use std::cell::Cell;

use kafka_rpc::acl::AclOperation;
use kafka_rpc::messages::create_topics_request::{CreatableTopic, CreatableTopicConfig};
use kafka_rpc::messages::{
    AllocateProducerIdsRequest, AlterConfigsRequest, CreatePartitionsRequest, CreateTopicsRequest, DeleteTopicsRequest,
    IncrementalAlterConfigsRequest,
};
use kafka_rpc::{ApiKey, ErrorCode, Message, Request, RequestFrame, Uuid};

use super::refused::Refuse;
use super::{Rights, memory_for, sift};
use crate::broker::{Shared, apply, directories, frame};
use crate::controller::{
    ApiError, Context, ControllerError, Outcome, acls, acls::disabled, allocate_producer_ids, alter_client_quotas,
    alter_configs, alter_partition_reassignments, alter_user_scram_credentials, create_partitions, create_topics,
    delete_topics, describe_client_quotas, describe_quorum, describe_user_scram_credentials, elect_leaders,
    incremental_alter_configs, list_partition_reassignments, unregister_broker, update_features,
};
use crate::disk::Controller;
use crate::metadata::{Delta, Image};
use crate::net::{Peer, Ticket};
use crate::topics::{GROUP_METADATA_TOPIC, TRANSACTION_STATE_TOPIC};

/// Handles a request, and answers it.
///
/// # Errors
/// The request cannot be read, the response not be written, or the metadata log has failed.
pub(crate) fn handle(
    controller: &mut Controller,
    request: &RequestFrame<'_>,
    ticket: Ticket,
    peer: &Peer,
    shared: &Shared,
) -> Result<(), ErrorCode> {
    use AclOperation::{Alter, AlterConfigs, Describe, DescribeConfigs};
    let version = request.version;
    let rights = Rights::of(shared, peer, request.api_key);
    let mut execution = Execution { peer, controller, request, ticket, rights, shared };
    let has_acls = shared.authorizer.is_some();
    match request.api_key {
        ApiKey::CreateTopics => execution.create_topics(),
        ApiKey::DeleteTopics => execution.delete_topics(),
        ApiKey::CreatePartitions => execution.create_partitions(),
        ApiKey::AlterConfigs => execution.alter_configs(),
        ApiKey::IncrementalAlterConfigs => execution.incremental_alter_configs(),
        ApiKey::DescribeAcls if has_acls => execution.execute(Describe, acls::describe::plan),
        ApiKey::CreateAcls if has_acls => execution.execute(Alter, acls::create::plan),
        ApiKey::DeleteAcls if has_acls => execution.execute(Alter, acls::delete::plan),
        ApiKey::DescribeAcls => execution.execute(Describe, |_, _, request| Outcome::none(disabled::describe(request))),
        ApiKey::CreateAcls => execution.execute(Alter, |_, _, request| Outcome::none(disabled::create(request))),
        ApiKey::DeleteAcls => execution.execute(Alter, |_, _, request| Outcome::none(disabled::delete(request))),
        ApiKey::ElectLeaders => execution.execute(Alter, elect_leaders::plan),
        ApiKey::AlterPartitionReassignments => execution.execute(Alter, alter_partition_reassignments::plan),
        ApiKey::ListPartitionReassignments => execution.execute(Describe, list_partition_reassignments::plan),
        ApiKey::DescribeClientQuotas => execution.execute(DescribeConfigs, describe_client_quotas::plan),
        ApiKey::AlterClientQuotas => execution.execute(AlterConfigs, alter_client_quotas::plan),
        ApiKey::DescribeUserScramCredentials => execution.execute(Describe, describe_user_scram_credentials::plan),
        ApiKey::AlterUserScramCredentials => execution.execute(Alter, alter_user_scram_credentials::plan),
        ApiKey::DescribeQuorum => {
            let quorum = execution.controller.quorum();
            execution.execute(Describe, |image, context, request| {
                describe_quorum::plan(image, context, request, version, &quorum)
            })
        }
        ApiKey::UpdateFeatures => {
            let kraft_version = execution.controller.log().kraft_version();
            execution.execute(Alter, |image, context, request| {
                update_features::plan(image, context, request, version, kraft_version)
            })
        }
        ApiKey::UnregisterBroker => execution.execute(Alter, unregister_broker::plan),
        _ => Err(ErrorCode::UnsupportedVersion),
    }
}

/// What a request uses of the quota for changes of topics (`ControllerMutationQuota`).
struct Charge<'s> {
    shared: &'s Shared,
    user: String,
    client_id: String,
    is_strict: bool,
    throttle_ms: Cell<i32>,
}

impl<'s> Charge<'s> {
    /// From this version on clients understand that a part of a request is refused.
    fn of(execution: &Execution<'s>, strict_since: i16) -> Self {
        Charge {
            shared: execution.shared,
            user: execution.peer.principal.name.clone(),
            client_id: execution.request.client_id.clone().into_owned(),
            is_strict: execution.request.version >= strict_since,
            throttle_ms: Cell::new(0),
        }
    }

    fn add(&self, partitions: usize) -> Result<(), ApiError> {
        let (quotas, now_ms) = (&self.shared.quotas, self.shared.clock.now_ms());
        let throttle = quotas.mutations(&self.user, &self.client_id, partitions, self.is_strict, now_ms);
        self.throttle_ms.set(self.throttle_ms.get().max(throttle));
        if throttle > 0 && self.is_strict { Err(ErrorCode::ThrottlingQuotaExceeded.into()) } else { Ok(()) }
    }

    fn throttle_ms(&self) -> i32 {
        self.throttle_ms.get()
    }
}

struct Execution<'d> {
    peer: &'d Peer,
    controller: &'d mut Controller,
    request: &'d RequestFrame<'d>,
    ticket: Ticket,
    rights: Rights<'d>,
    shared: &'d Shared,
}

impl<'d> Execution<'d> {
    fn message<M: Request<'d>>(&self) -> Result<M, ErrorCode> {
        self.request.message(memory_for(self.request.body)).map_err(|error| {
            tracing::warn!(api = M::NAME, %error, "a request cannot be read");
            ErrorCode::InvalidRequest
        })
    }

    /// Carries out a request that needs the right to do `operation` on the cluster.
    fn execute<M: Request<'d> + Refuse<Response = R>, R: Message<'static>>(
        &mut self,
        operation: AclOperation,
        plan: impl FnOnce(&Image, &Context<'_>, &M) -> Outcome<R>,
    ) -> Result<(), ErrorCode> {
        let message: M = self.message()?;
        match self.rights.check_cluster(operation) {
            Ok(()) => self.carry_out(|image, context| plan(image, context, &message)),
            Err(code) => self.answer(&message.refuse(&code.into())),
        }
    }

    fn create_topics(&mut self) -> Result<(), ErrorCode> {
        let mut request: CreateTopicsRequest<'_> = self.message()?;
        let refused = sift::create_topics(&self.rights, &mut request);
        let charge = Charge::of(self, 6);
        let mut response = self.change(|image, context| {
            create_topics::plan(image, &Context { charge: &|count| charge.add(count), ..*context }, &request)
        })?;
        response.throttle_time_ms = charge.throttle_ms();
        sift::hide_settings(&self.rights, &mut response);
        response.topics.extend(refused);
        self.answer(&response)
    }

    fn delete_topics(&mut self) -> Result<(), ErrorCode> {
        let version = self.request.version;
        let mut request: DeleteTopicsRequest<'_> = self.message()?;
        let refused = match self.shared.config.delete_topics {
            true => sift::delete_topics(&self.rights, &self.shared.image.read(), &mut request),
            // Deletion is disabled for all clients.
            false => Vec::new(),
        };
        let charge = Charge::of(self, 5);
        let mut response = self.change(|image, context| {
            delete_topics::plan(image, &Context { charge: &|count| charge.add(count), ..*context }, &request, version)
        })?;
        response.throttle_time_ms = charge.throttle_ms();
        response.responses.extend(refused);
        self.answer(&response)
    }

    fn create_partitions(&mut self) -> Result<(), ErrorCode> {
        let mut request: CreatePartitionsRequest<'_> = self.message()?;
        let refused = sift::create_partitions(&self.rights, &mut request);
        let charge = Charge::of(self, 3);
        let mut response = self.change(|image, context| {
            create_partitions::plan(image, &Context { charge: &|count| charge.add(count), ..*context }, &request)
        })?;
        response.throttle_time_ms = charge.throttle_ms();
        response.results.extend(refused);
        self.answer(&response)
    }

    fn alter_configs(&mut self) -> Result<(), ErrorCode> {
        let mut request: AlterConfigsRequest<'_> = self.message()?;
        let asked = request.resources.clone();
        let of = asked.iter().map(|resource| (resource.resource_type, &*resource.resource_name));
        let denied = sift::denied_resources(&self.rights, of);
        request.resources.retain(|resource| !denied.contains_key(&(resource.resource_type, &*resource.resource_name)));
        let mut response = self.change(|image, context| alter_configs::plan(image, context, &request))?;
        response.responses.extend(denied.into_iter().map(alter_configs::refused));
        self.answer(&response)
    }

    fn incremental_alter_configs(&mut self) -> Result<(), ErrorCode> {
        let mut request: IncrementalAlterConfigsRequest<'_> = self.message()?;
        let asked = request.resources.clone();
        let of = asked.iter().map(|resource| (resource.resource_type, &*resource.resource_name));
        let denied = sift::denied_resources(&self.rights, of);
        request.resources.retain(|resource| !denied.contains_key(&(resource.resource_type, &*resource.resource_name)));
        let mut response = self.change(|image, context| incremental_alter_configs::plan(image, context, &request))?;
        response.responses.extend(denied.into_iter().map(incremental_alter_configs::refused));
        self.answer(&response)
    }

    /// Carries out a plan, and answers.
    fn carry_out<R: Message<'static>>(
        &mut self,
        plan: impl FnOnce(&Image, &Context<'_>) -> Outcome<R>,
    ) -> Result<(), ErrorCode> {
        let response = self.change(plan)?;
        self.answer(&response)
    }

    /// Carries out a plan; gives its response.
    fn change<R>(&mut self, plan: impl FnOnce(&Image, &Context<'_>) -> Outcome<R>) -> Result<R, ErrorCode> {
        let now_ms = self.shared.clock.now_ms();
        let (response, delta) = self.controller.execute(now_ms, plan).map_err(|error| failed(self.shared, &error))?;
        take_over(self.controller, self.shared, &delta, now_ms)?;
        Ok(response)
    }

    fn answer<'r>(&self, response: &impl Message<'r>) -> Result<(), ErrorCode> {
        let frame = frame(response, self.ticket).map_err(|error| {
            tracing::error!(api = self.request.api_key.name(), %error, "a response cannot be written");
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
    if let Err(error) = directories::assign(controller, shared, std::iter::once(partition), shared.clock.now_ms()) {
        failed(shared, &error);
    }
}

/// Notes in the metadata that a log directory has failed: nothing leads the partitions in it any more.
pub(crate) fn directory_failed(controller: &mut Controller, shared: &Shared, dir: Uuid) {
    let now_ms = shared.clock.now_ms();
    match controller.directories_offline(&[dir], now_ms) {
        Ok(delta) => apply(shared, &delta, now_ms),
        Err(error) => {
            failed(shared, &error);
        }
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
    let now_ms = shared.clock.now_ms();
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

/// How this broker wants a topic to be created.
pub(crate) fn creatable<'t>(shared: &Shared, topic: &'t str) -> CreatableTopic<'t> {
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
    let executed = controller
        .execute(shared.clock.now_ms(), |image, context| allocate_producer_ids::plan(image, context, &request));
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
