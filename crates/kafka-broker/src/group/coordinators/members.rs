//! JoinGroup, SyncGroup, Heartbeat, LeaveGroup.

use kafka_rpc::ErrorCode;
use kafka_rpc::messages::{HeartbeatRequest, JoinGroupRequest, LeaveGroupRequest, SyncGroupRequest};

use super::super::{Client, Reply};
use super::{Coordinators, Ticket};

/// Since this version SyncGroup has to name the protocol.
const SYNC_PROTOCOL_MIN_VERSION: i16 = 5;

impl<T: Copy> Coordinators<T> {
    /// JoinGroup.
    pub(crate) fn join_group(&self, client: Client<'_>, request: &JoinGroupRequest<'_>, ticket: T, now_ms: i64) {
        let (config, member_id) = (&self.config, request.member_id.as_ref());
        let refuse = |error, member_id| {
            self.replies.reply(ticket, Reply::join_error(error, member_id, client.version));
        };
        let sessions = config.min_session_timeout_ms..=config.max_session_timeout_ms;
        if request.group_id.is_empty() {
            refuse(ErrorCode::InvalidGroupId, member_id);
        } else if !sessions.contains(&request.session_timeout_ms) {
            refuse(ErrorCode::InvalidSessionTimeout, member_id);
        } else {
            let partition = self.partition_for(&request.group_id);
            let waits = Ticket::Whole(ticket);
            if let Err(error) = self.run(partition, now_ms, |shard| shard.join_group(client, request, waits, now_ms)) {
                refuse(error, "");
            }
        }
    }

    /// SyncGroup.
    pub(crate) fn sync_group(&self, client: Client<'_>, request: &SyncGroupRequest<'_>, ticket: T, now_ms: i64) {
        let refuse = |error| self.replies.reply(ticket, Reply::sync_error(error));
        let has_protocol = request.protocol_type.is_some() && request.protocol_name.is_some();
        if client.version >= SYNC_PROTOCOL_MIN_VERSION && !has_protocol {
            refuse(ErrorCode::InconsistentGroupProtocol);
        } else if request.group_id.is_empty() {
            refuse(ErrorCode::InvalidGroupId);
        } else {
            let partition = self.partition_for(&request.group_id);
            let waits = Ticket::Whole(ticket);
            if let Err(error) = self.run(partition, now_ms, |shard| shard.sync_group(client, request, waits, now_ms)) {
                refuse(error);
            }
        }
    }

    /// Heartbeat. While the group is loaded all is well.
    pub(crate) fn heartbeat(&self, request: &HeartbeatRequest<'_>, ticket: T, now_ms: i64) {
        let answer = |error| self.replies.reply(ticket, Reply::heartbeat(error));
        if request.group_id.is_empty() {
            answer(ErrorCode::InvalidGroupId);
            return;
        }
        let partition = self.partition_for(&request.group_id);
        match self.run(partition, now_ms, |shard| shard.heartbeat(request, Ticket::Whole(ticket), now_ms)) {
            Ok(()) => {}
            Err(ErrorCode::CoordinatorLoadInProgress) => answer(ErrorCode::None),
            Err(error) => answer(error),
        }
    }

    /// LeaveGroup.
    pub(crate) fn leave_group(&self, client: Client<'_>, request: &LeaveGroupRequest<'_>, ticket: T, now_ms: i64) {
        let refuse = |error| self.replies.reply(ticket, Reply::leave_error(error));
        if request.group_id.is_empty() {
            refuse(ErrorCode::InvalidGroupId);
            return;
        }
        let partition = self.partition_for(&request.group_id);
        let waits = Ticket::Whole(ticket);
        if let Err(error) = self.run(partition, now_ms, |shard| shard.leave_group(client, request, waits, now_ms)) {
            refuse(error);
        }
    }
}
