//! The APIs of groups: each is handed to the coordinator.

use std::borrow::Cow;

use kafka_rpc::messages::consumer_group_describe_response::DescribedGroup;
use kafka_rpc::messages::{
    ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse, ConsumerGroupHeartbeatRequest,
    ConsumerGroupHeartbeatResponse, DeleteGroupsRequest, DescribeGroupsRequest, HeartbeatRequest, JoinGroupRequest,
    LeaveGroupRequest, ListGroupsRequest, OffsetCommitRequest, OffsetDeleteRequest, OffsetFetchRequest,
    SyncGroupRequest, TxnOffsetCommitRequest,
};
use kafka_rpc::{ApiKey, ErrorCode, Uuid};

use super::operations::{ON_GROUPS, if_asked};
use super::{Call, Handled, Refusal};
use crate::broker::{Shared, at_once, write_reply};
use crate::group::{self, Client};
use crate::metadata::Feature;

/// Topics as the coordinator asks for them.
struct Names<'s>(&'s Shared);

impl group::Topics for Names<'_> {
    fn topic_id(&self, name: &str) -> Option<Uuid> {
        self.0.topics.named(name).ok().map(|topic| topic.id)
    }

    fn topic_name(&self, id: Uuid) -> Option<String> {
        self.0.topics.with_id(id).ok().map(|topic| topic.name.to_string())
    }

    fn has_partition(&self, name: &str, partition: i32) -> bool {
        self.0.topics.named(name).is_ok_and(|topic| topic.partition(partition).is_ok())
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

/// Handles a request of a group.
pub(super) fn handle(call: &mut Call<'_>) -> Result<Handled, Refusal> {
    let (shared, now_ms, ticket) = (call.shared, call.at.now_ms, call.ticket());
    let groups = &shared.groups;
    let client_id = call.request.client_id.clone();
    let client = Client { version: call.version(), id: &client_id, address: call.peer.address.ip() };
    let names = Names(shared);
    let reply = match call.request.api_key {
        ApiKey::JoinGroup => {
            let request: JoinGroupRequest<'_> = call.message()?;
            at_once(ticket, || groups.join_group(client, &request, ticket, now_ms))
        }
        ApiKey::SyncGroup => {
            let request: SyncGroupRequest<'_> = call.message()?;
            at_once(ticket, || groups.sync_group(client, &request, ticket, now_ms))
        }
        ApiKey::Heartbeat => {
            let request: HeartbeatRequest<'_> = call.message()?;
            at_once(ticket, || groups.heartbeat(&request, ticket, now_ms))
        }
        ApiKey::LeaveGroup => {
            let request: LeaveGroupRequest<'_> = call.message()?;
            at_once(ticket, || groups.leave_group(client, &request, ticket, now_ms))
        }
        ApiKey::ConsumerGroupHeartbeat => {
            let request: ConsumerGroupHeartbeatRequest<'_> = call.message()?;
            if !has_consumer_protocol(shared) {
                let error_code = ErrorCode::UnsupportedVersion.code();
                return call.respond(&ConsumerGroupHeartbeatResponse { error_code, ..Default::default() });
            }
            at_once(ticket, || groups.consumer_group_heartbeat(client, &request, ticket, now_ms))
        }
        ApiKey::OffsetCommit => {
            let request: OffsetCommitRequest<'_> = call.message()?;
            at_once(ticket, || groups.offset_commit(client, &request, &names, ticket, now_ms))
        }
        // Not advertised before there are transactions.
        ApiKey::TxnOffsetCommit => {
            let request: TxnOffsetCommitRequest<'_> = call.message()?;
            at_once(ticket, || groups.txn_offset_commit(&request, &names, ticket, now_ms))
        }
        ApiKey::OffsetDelete => {
            let request: OffsetDeleteRequest<'_> = call.message()?;
            at_once(ticket, || groups.offset_delete(&request, &names, ticket, now_ms))
        }
        ApiKey::DeleteGroups => {
            let request: DeleteGroupsRequest<'_> = call.message()?;
            at_once(ticket, || groups.delete_groups(&request, ticket, now_ms))
        }
        ApiKey::OffsetFetch => {
            let request: OffsetFetchRequest<'_> = call.message()?;
            return call.respond(&groups.offset_fetch(client, &request, &names));
        }
        ApiKey::DescribeGroups => {
            let request: DescribeGroupsRequest<'_> = call.message()?;
            let mut response = groups.describe_groups(client, &request);
            let described = response.groups.iter_mut().filter(|group| group.error_code == ErrorCode::None.code());
            described.for_each(|group| {
                group.authorized_operations = if_asked(request.include_authorized_operations, ON_GROUPS);
            });
            return call.respond(&response);
        }
        ApiKey::ConsumerGroupDescribe => {
            let request: ConsumerGroupDescribeRequest<'_> = call.message()?;
            let mut response = if has_consumer_protocol(shared) {
                groups.describe_consumer_groups(&request)
            } else {
                refuse_describe(&request)
            };
            let described = response.groups.iter_mut().filter(|group| group.error_code == ErrorCode::None.code());
            described.for_each(|group| {
                group.authorized_operations = if_asked(request.include_authorized_operations, ON_GROUPS);
            });
            return call.respond(&response);
        }
        ApiKey::ListGroups => {
            let request: ListGroupsRequest<'_> = call.message()?;
            return call.respond(&groups.list_groups(&request));
        }
        other => return Err(Refusal::Unsupported(other, call.version())),
    };
    let Some(reply) = reply else { return Ok(Handled::Later(ticket)) };
    write_reply(&reply, ticket, call.out).map_err(|error| Refusal::Response(ticket.api_key, error))?;
    Ok(Handled::Done)
}
