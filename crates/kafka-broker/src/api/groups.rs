//! The APIs of groups: each is handed to the coordinator.

use std::borrow::Cow;

use kafka_rpc::acl::{AclOperation, ResourceType};
use kafka_rpc::messages::consumer_group_describe_response::DescribedGroup;
use kafka_rpc::messages::delete_groups_response::DeletableGroupResult;
use kafka_rpc::messages::{
    ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse, ConsumerGroupHeartbeatRequest,
    ConsumerGroupHeartbeatResponse, DeleteGroupsRequest, DescribeGroupsRequest, HeartbeatRequest, HeartbeatResponse,
    JoinGroupRequest, JoinGroupResponse, LeaveGroupRequest, LeaveGroupResponse, ListGroupsRequest, OffsetCommitRequest,
    OffsetDeleteRequest, OffsetDeleteResponse, OffsetFetchRequest, SyncGroupRequest, SyncGroupResponse,
    describe_groups_response,
};
use kafka_rpc::{ApiKey, ErrorCode, Uuid};

use super::{Call, Handled, Refusal, Rights};
use crate::broker::{Shared, at_once, write_reply};
use crate::group::{self, Client};
use crate::metadata::Feature;

/// What is said of a group whose topics the client may not all describe.
const HIDDEN: &str = "The group has described topic(s) that the client is not authorized to describe.";

/// Topics as the coordinator asks for them, and what the client may do with them.
pub(super) struct Names<'s> {
    pub(super) shared: &'s Shared,
    pub(super) rights: &'s Rights<'s>,
    pub(super) operation: AclOperation,
}

impl group::Topics for Names<'_> {
    fn topic_id(&self, name: &str) -> Option<Uuid> {
        self.shared.topics.named(name).ok().map(|topic| topic.id)
    }

    fn topic_name(&self, id: Uuid) -> Option<String> {
        self.shared.topics.with_id(id).ok().map(|topic| topic.name.to_string())
    }

    fn has_partition(&self, name: &str, partition: i32) -> bool {
        self.shared.topics.named(name).is_ok_and(|topic| topic.has_partition(partition))
    }

    fn refuses(&self, name: &str) -> bool {
        !self.rights.may(self.operation, ResourceType::Topic, name)
    }

    fn refuses_group(&self, group_id: &str) -> bool {
        !self.rights.may(self.operation, ResourceType::Group, group_id)
    }
}

/// Whether members may speak the consumer protocol (`isConsumerGroupProtocolEnabled`).
fn has_consumer_protocol(shared: &Shared) -> bool {
    let protocols = &shared.config.config.groups.group_coordinator_rebalance_protocols;
    protocols.iter().any(|protocol| protocol.eq_ignore_ascii_case("consumer"))
        && shared.image.read().feature(Feature::GROUP) >= 1
}

fn refuse_describe(request: &ConsumerGroupDescribeRequest<'_>) -> ConsumerGroupDescribeResponse<'static> {
    let refused = |id: &Cow<'_, str>| DescribedGroup {
        group_id: Cow::Owned(id.to_string()),
        error_code: ErrorCode::UnsupportedVersion.code(),
        ..DescribedGroup::default()
    };
    let groups = request.group_ids.iter().map(refused).collect();
    ConsumerGroupDescribeResponse { groups, ..ConsumerGroupDescribeResponse::default() }
}

/// A member has to be allowed to read with the group, and to describe the topics that it names.
fn check_heartbeat(rights: &Rights<'_>, request: &ConsumerGroupHeartbeatRequest<'_>) -> Result<(), ErrorCode> {
    rights.check_group(AclOperation::Read, &request.group_id)?;
    let named = request.subscribed_topic_names.iter().flatten();
    let denied = rights.denied_topics(AclOperation::Describe, named.clone().map(AsRef::as_ref));
    let is_denied = named.into_iter().any(|name| denied.contains(name));
    if is_denied { Err(ErrorCode::TopicAuthorizationFailed) } else { Ok(()) }
}

/// Handles a request of a group.
pub(super) fn handle(call: &mut Call<'_>) -> Result<Handled, Refusal> {
    let (shared, now_ms, ticket) = (call.shared, call.at.now_ms, call.ticket());
    let groups = &shared.groups;
    let client_id = call.request.client_id.clone();
    let rights = call.rights();
    let (version, address) = (call.version(), call.peer.address.ip());
    let client = Client { version, id: &client_id, address, requester: rights.requester() };
    // Offsets are shown to those who may describe group and topics.
    let operation =
        if call.request.api_key == ApiKey::OffsetFetch { AclOperation::Describe } else { AclOperation::Read };
    let names = Names { shared, rights: &rights, operation };
    let reply = match call.request.api_key {
        ApiKey::JoinGroup => {
            let request: JoinGroupRequest<'_> = call.message()?;
            if let Err(code) = rights.check_group(AclOperation::Read, &request.group_id) {
                let protocol_name = (call.version() < 7).then_some("".into());
                let error_code = code.code();
                return call.respond(&JoinGroupResponse { error_code, protocol_name, ..Default::default() });
            }
            at_once(ticket, || groups.join_group(client, &request, ticket, now_ms))
        }
        ApiKey::SyncGroup => {
            let request: SyncGroupRequest<'_> = call.message()?;
            if let Err(code) = rights.check_group(AclOperation::Read, &request.group_id) {
                return call.respond(&SyncGroupResponse { error_code: code.code(), ..Default::default() });
            }
            at_once(ticket, || groups.sync_group(client, &request, ticket, now_ms))
        }
        ApiKey::Heartbeat => {
            let request: HeartbeatRequest<'_> = call.message()?;
            if let Err(code) = rights.check_group(AclOperation::Read, &request.group_id) {
                return call.respond(&HeartbeatResponse { error_code: code.code(), ..Default::default() });
            }
            at_once(ticket, || groups.heartbeat(&request, ticket, now_ms))
        }
        ApiKey::LeaveGroup => {
            let request: LeaveGroupRequest<'_> = call.message()?;
            if let Err(code) = rights.check_group(AclOperation::Read, &request.group_id) {
                return call.respond(&LeaveGroupResponse { error_code: code.code(), ..Default::default() });
            }
            at_once(ticket, || groups.leave_group(client, &request, ticket, now_ms))
        }
        ApiKey::ConsumerGroupHeartbeat => {
            let request: ConsumerGroupHeartbeatRequest<'_> = call.message()?;
            if !has_consumer_protocol(shared) {
                let error_code = ErrorCode::UnsupportedVersion.code();
                return call.respond(&ConsumerGroupHeartbeatResponse { error_code, ..Default::default() });
            }
            if let Err(code) = check_heartbeat(&rights, &request) {
                let error_code = code.code();
                return call.respond(&ConsumerGroupHeartbeatResponse { error_code, ..Default::default() });
            }
            at_once(ticket, || groups.consumer_group_heartbeat(client, &request, ticket, now_ms))
        }
        ApiKey::OffsetCommit => {
            let request: OffsetCommitRequest<'_> = call.message()?;
            if let Err(code) = rights.check_group(AclOperation::Read, &request.group_id) {
                return call.respond(&group::refuse_offset_commit(&request, code));
            }
            at_once(ticket, || groups.offset_commit(client, &request, &names, ticket, now_ms))
        }
        ApiKey::OffsetDelete => {
            let request: OffsetDeleteRequest<'_> = call.message()?;
            if let Err(code) = rights.check_group(AclOperation::Delete, &request.group_id) {
                return call.respond(&OffsetDeleteResponse { error_code: code.code(), ..Default::default() });
            }
            at_once(ticket, || groups.offset_delete(&request, &names, ticket, now_ms))
        }
        ApiKey::DeleteGroups => {
            let mut request: DeleteGroupsRequest<'_> = call.message()?;
            let refused = deny(&rights, AclOperation::Delete, &mut request.groups_names);
            let error_code = ErrorCode::GroupAuthorizationFailed.code();
            let refused =
                refused.into_iter().map(|group_id| DeletableGroupResult { group_id, error_code, ..Default::default() });
            let refused = refused.collect();
            at_once(ticket, || groups.delete_groups(&request, refused, ticket, now_ms))
        }
        ApiKey::OffsetFetch => {
            let request: OffsetFetchRequest<'_> = call.message()?;
            return call.respond(&groups.offset_fetch(client, &request, &names));
        }
        ApiKey::DescribeGroups => {
            let mut request: DescribeGroupsRequest<'_> = call.message()?;
            let refused = deny(&rights, AclOperation::Describe, &mut request.groups);
            let mut response = groups.describe_groups(client, &request);
            let described = response.groups.iter_mut().filter(|group| group.error_code == ErrorCode::None.code());
            described.for_each(|group| {
                group.authorized_operations = rights.on_group(request.include_authorized_operations, &group.group_id);
            });
            let error_code = ErrorCode::GroupAuthorizationFailed.code();
            response.groups.extend(refused.into_iter().map(|group_id| describe_groups_response::DescribedGroup {
                group_id,
                error_code,
                ..Default::default()
            }));
            return call.respond(&response);
        }
        ApiKey::ConsumerGroupDescribe => {
            let mut request: ConsumerGroupDescribeRequest<'_> = call.message()?;
            if !has_consumer_protocol(shared) {
                return call.respond(&refuse_describe(&request));
            }
            let refused = deny(&rights, AclOperation::Describe, &mut request.group_ids);
            let mut response = groups.describe_consumer_groups(&request);
            hide(&rights, &mut response.groups);
            let described = response.groups.iter_mut().filter(|group| group.error_code == ErrorCode::None.code());
            described.for_each(|group| {
                group.authorized_operations = rights.on_group(request.include_authorized_operations, &group.group_id);
            });
            let error_code = ErrorCode::GroupAuthorizationFailed.code();
            let refused =
                refused.into_iter().map(|group_id| DescribedGroup { group_id, error_code, ..Default::default() });
            response.groups.extend(refused);
            return call.respond(&response);
        }
        ApiKey::ListGroups => {
            let request: ListGroupsRequest<'_> = call.message()?;
            let mut response = groups.list_groups(&request);
            if !rights.may_on_cluster_quietly(AclOperation::Describe) {
                let is_visible = |id: &str| rights.may_quietly(AclOperation::Describe, ResourceType::Group, id);
                response.groups.retain(|group| is_visible(&group.group_id));
            }
            return call.respond(&response);
        }
        other => return Err(Refusal::Unsupported(other, call.version())),
    };
    let Some(reply) = reply else { return Ok(Handled::Later(ticket)) };
    write_reply(&reply, ticket, call.out).map_err(|error| Refusal::Response(ticket.api_key, error))?;
    Ok(Handled::Done)
}

/// Keeps groups from those who may not describe all of their topics.
fn hide(rights: &Rights<'_>, groups: &mut [DescribedGroup<'static>]) {
    let topics_of = |group: &DescribedGroup<'static>| {
        let assigned = group.members.iter().flat_map(|member| [&member.assignment, &member.target_assignment]);
        let topics =
            assigned.flat_map(|assigned| assigned.topic_partitions.iter().map(|topic| topic.topic_name.clone()));
        topics.collect::<Vec<_>>()
    };
    let topics: Vec<_> = groups.iter().map(topics_of).collect();
    let denied = rights.denied_topics(AclOperation::Describe, topics.iter().flatten().map(AsRef::as_ref));
    for (group, topics) in groups.iter_mut().zip(&topics) {
        if topics.iter().any(|topic| denied.contains(topic)) {
            *group = DescribedGroup {
                group_id: group.group_id.clone(),
                error_code: ErrorCode::TopicAuthorizationFailed.code(),
                error_message: Some(HIDDEN.into()),
                ..Default::default()
            };
        }
    }
}

/// Takes the groups out of a request that an operation is not allowed on, each once.
fn deny(rights: &Rights<'_>, operation: AclOperation, names: &mut Vec<Cow<'_, str>>) -> Vec<Cow<'static, str>> {
    if !rights.are_limited() {
        return Vec::new();
    }
    let asked = std::mem::take(names);
    let denied = rights.denied(operation, ResourceType::Group, asked.iter().map(AsRef::as_ref));
    let (refused, allowed): (Vec<_>, Vec<_>) = asked.iter().cloned().partition(|name| denied.contains(name));
    *names = allowed;
    let mut refused: Vec<Cow<'static, str>> = refused.into_iter().map(|name| Cow::Owned(name.into_owned())).collect();
    refused.sort_unstable();
    refused.dedup();
    refused
}
