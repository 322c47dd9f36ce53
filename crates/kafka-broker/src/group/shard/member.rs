//! JoinGroup, SyncGroup, Heartbeat and LeaveGroup: which group they go to.

use std::sync::Arc;

use kafka_rpc::ErrorCode;
use kafka_rpc::messages::leave_group_request::MemberIdentity;
use kafka_rpc::messages::{
    HeartbeatRequest, JoinGroupRequest, LeaveGroupRequest, LeaveGroupResponse, SyncGroupRequest,
};

use super::super::classic::{ClassicGroup, Join, member_response};
use super::super::outcome::{Completion, Outcome, Waiter};
use super::super::{Client, Reply};
use super::{Group, Shard};

impl<T: Copy> Shard<T> {
    /// JoinGroup. A member without an id creates the group; an empty group of another protocol makes room for it.
    pub(in super::super) fn join_group(
        &mut self,
        client: Client<'_>,
        request: &JoinGroupRequest<'_>,
        ticket: T,
        now_ms: i64,
    ) -> Outcome<T> {
        let refuse = |error, member_id| Outcome::reply(ticket, Reply::join_error(error, member_id, client.version));
        let is_unknown_member = request.member_id.is_empty();
        let mut out = Outcome::default();
        let mut is_new = false;
        match self.groups.get(request.group_id.as_ref()) {
            Some(Group::Classic(_)) => {}
            Some(Group::Consumer(group)) if !group.is_empty() => {
                return self.join_consumer_group(client, request, ticket, now_ms);
            }
            Some(other @ Group::Modern(_)) if !other.is_empty() => {
                return refuse(ErrorCode::InconsistentGroupProtocol, "");
            }
            _ if !is_unknown_member => return refuse(ErrorCode::UnknownMemberId, &request.member_id),
            other => {
                let id: Arc<str> = request.group_id.as_ref().into();
                if let Some(group) = other {
                    group.push_tombstones(&mut out.records);
                }
                self.groups.insert(Arc::clone(&id), Group::Classic(Box::new(ClassicGroup::new(id, now_ms))));
                is_new = true;
            }
        }
        let record = self.with_classic(&request.group_id, now_ms, &mut out, |group, cx| {
            group.join(cx, Join { client, request, ticket });
            group.empty_record()
        });
        if let Some(record) = record.filter(|_| is_new) {
            // Without a record the group would be forgotten when the partition moves.
            out.records.push(record);
            out.completion = Some(Completion::NewGroup { group: request.group_id.as_ref().into() });
        }
        out
    }

    /// SyncGroup.
    pub(in super::super) fn sync_group(
        &mut self,
        client: Client<'_>,
        request: &SyncGroupRequest<'_>,
        ticket: T,
        now_ms: i64,
    ) -> Outcome<T> {
        if let Some(outcome) = self.sync_consumer_group(request, ticket, now_ms) {
            return outcome;
        }
        let mut out = Outcome::default();
        let waiter = Waiter { ticket, version: client.version };
        let found = self.with_classic(&request.group_id, now_ms, &mut out, |group, cx| {
            if group.is_empty() {
                return None;
            }
            group.sync(cx, request, waiter);
            Some(())
        });
        match found.flatten() {
            Some(()) => out,
            None => Outcome::reply(ticket, Reply::sync_error(ErrorCode::UnknownMemberId)),
        }
    }

    /// Heartbeat.
    pub(in super::super) fn heartbeat(&mut self, request: &HeartbeatRequest<'_>, ticket: T, now_ms: i64) -> Outcome<T> {
        let mut out = Outcome::default();
        let classic = self.with_consumer(&request.group_id, now_ms, |group, cx| group.classic_heartbeat(cx, request));
        let error = match classic {
            Some(heartbeat) => Some(heartbeat.err().unwrap_or(ErrorCode::None)),
            None => self.with_classic(&request.group_id, now_ms, &mut out, |group, cx| group.heartbeat(cx, request)),
        };
        out.replies.push((ticket, Reply::heartbeat(error.unwrap_or(ErrorCode::UnknownMemberId))));
        out
    }

    /// LeaveGroup.
    pub(in super::super) fn leave_group(
        &mut self,
        client: Client<'_>,
        request: &LeaveGroupRequest<'_>,
        ticket: T,
        now_ms: i64,
    ) -> Outcome<T> {
        let single;
        let leaving = if client.version >= 3 {
            request.members.as_slice()
        } else {
            let member_id = request.member_id.as_ref().into();
            single = [MemberIdentity { member_id, ..MemberIdentity::default() }];
            single.as_slice()
        };
        let mut out = Outcome::default();
        let members = match self.leave_consumer_group(&request.group_id, leaving, now_ms, &mut out) {
            Some(Ok(members)) => Some(members),
            Some(Err(refusal)) => return Outcome::reply(ticket, Reply::leave_error(refusal.error)),
            None => self.with_classic(&request.group_id, now_ms, &mut out, |group, cx| group.leave(cx, leaving)),
        };
        let unknown = |member| member_response(member, ErrorCode::UnknownMemberId);
        let members = members.unwrap_or_else(|| leaving.iter().map(unknown).collect());
        let response = LeaveGroupResponse { members, ..LeaveGroupResponse::default() };
        out.replies.push((ticket, Reply::leave_group(response, client.version)));
        out
    }
}
