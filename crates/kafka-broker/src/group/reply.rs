//! Answers: fitted to a version, turned into errors.

use std::borrow::Cow;

use kafka_rpc::ErrorCode;
use kafka_rpc::messages::offset_commit_response::OffsetCommitResponseTopic;
use kafka_rpc::messages::{
    ConsumerGroupHeartbeatResponse, HeartbeatResponse, JoinGroupResponse, LeaveGroupResponse, OffsetDeleteResponse,
    SyncGroupResponse,
};

use super::Reply;

impl Reply {
    /// JoinGroup's answer at a version: before version 7 the protocol name is never null (`JoinGroupResponse`).
    pub(super) fn join_group(mut response: JoinGroupResponse<'static>, version: i16) -> Self {
        if version < 7 {
            response.protocol_name.get_or_insert(Cow::Borrowed(""));
        } else if response.protocol_name.as_deref() == Some("") {
            response.protocol_name = None;
        }
        Reply::JoinGroup(response)
    }

    /// JoinGroup's answer to a member that was not let in.
    pub(super) fn join_error(error: ErrorCode, member_id: &str, version: i16) -> Self {
        let member_id = Cow::Owned(member_id.to_owned());
        let response = JoinGroupResponse { error_code: error.code(), member_id, ..JoinGroupResponse::default() };
        Reply::join_group(response, version)
    }

    /// SyncGroup's answer without an assignment.
    pub(super) fn sync_error(error: ErrorCode) -> Self {
        Reply::SyncGroup(SyncGroupResponse { error_code: error.code(), ..SyncGroupResponse::default() })
    }

    /// Heartbeat's answer.
    pub(super) fn heartbeat(error: ErrorCode) -> Self {
        Reply::Heartbeat(HeartbeatResponse { error_code: error.code(), ..HeartbeatResponse::default() })
    }

    /// LeaveGroup's answer at a version: before version 3 there is room for one error (`LeaveGroupResponse`).
    pub(super) fn leave_group(mut response: LeaveGroupResponse<'static>, version: i16) -> Self {
        if version < 3 {
            let member = response.members.first().map_or(ErrorCode::None.code(), |member| member.error_code);
            if response.error_code == ErrorCode::None.code() {
                response.error_code = member;
            }
            response.members.clear();
        }
        Reply::LeaveGroup(response)
    }

    /// LeaveGroup's answer to a request that failed as a whole.
    pub(super) fn leave_error(error: ErrorCode) -> Self {
        Reply::LeaveGroup(LeaveGroupResponse { error_code: error.code(), ..LeaveGroupResponse::default() })
    }

    /// OffsetDelete's answer to a request that failed as a whole.
    pub(super) fn offset_delete_error(error: ErrorCode) -> Self {
        Reply::OffsetDelete(OffsetDeleteResponse { error_code: error.code(), ..OffsetDeleteResponse::default() })
    }

    /// Turns a success into an error, after an append failed. What is an error already stays.
    pub(super) fn fail(&mut self, error: ErrorCode) {
        let code = error.code();
        let none = ErrorCode::None.code();
        match self {
            Reply::JoinGroup(response) if response.error_code == none => {
                let protocol_name = response.protocol_name.take().map(|_| Cow::Borrowed(""));
                *response = JoinGroupResponse { error_code: code, protocol_name, ..JoinGroupResponse::default() };
            }
            Reply::SyncGroup(response) if response.error_code == none => {
                *response = SyncGroupResponse { error_code: code, ..SyncGroupResponse::default() };
            }
            Reply::Heartbeat(response) if response.error_code == none => response.error_code = code,
            Reply::LeaveGroup(response) if response.error_code == none => {
                *response = LeaveGroupResponse { error_code: code, ..LeaveGroupResponse::default() };
            }
            Reply::ConsumerGroupHeartbeat(response) if response.error_code == none => {
                *response = ConsumerGroupHeartbeatResponse { error_code: code, ..Default::default() };
            }
            Reply::OffsetDelete(response) if response.error_code == none => {
                *response = OffsetDeleteResponse { error_code: code, ..OffsetDeleteResponse::default() };
            }
            Reply::OffsetCommit(response) => response.topics.iter_mut().for_each(|topic| fail_commit(topic, code)),
            Reply::TxnOffsetCommit(response) => {
                let partitions = response.topics.iter_mut().flat_map(|topic| topic.partitions.iter_mut());
                partitions.filter(|p| !is_unknown(p.error_code)).for_each(|p| p.error_code = code);
            }
            Reply::DeleteGroups(response) => {
                response.results.iter_mut().for_each(|result| result.error_code = code);
            }
            Reply::JoinGroup(_)
            | Reply::SyncGroup(_)
            | Reply::Heartbeat(_)
            | Reply::LeaveGroup(_)
            | Reply::ConsumerGroupHeartbeat(_)
            | Reply::OffsetDelete(_) => {}
        }
    }
}

fn fail_commit(topic: &mut OffsetCommitResponseTopic<'static>, code: i16) {
    topic.partitions.iter_mut().filter(|p| !is_unknown(p.error_code)).for_each(|p| p.error_code = code);
}

/// Errors of partitions that the coordinator was never asked about.
fn is_unknown(code: i16) -> bool {
    use ErrorCode::{TopicAuthorizationFailed, UnknownTopicId, UnknownTopicOrPartition};
    [UnknownTopicOrPartition, UnknownTopicId, TopicAuthorizationFailed].iter().any(|error| error.code() == code)
}
