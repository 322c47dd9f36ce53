//! Why a member is refused, as it is told.

use std::borrow::Cow;

use kafka_rpc::ErrorCode;
use kafka_rpc::messages::ConsumerGroupHeartbeatResponse;

use super::super::Reply;

/// An error with the text that goes with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Refusal {
    pub(in super::super) error: ErrorCode,
    pub(in super::super) message: Option<String>,
}

impl Refusal {
    pub(in super::super) fn new(error: ErrorCode, message: impl Into<String>) -> Self {
        Refusal { error, message: Some(message.into()) }
    }

    pub(in super::super) fn unknown_member(group: &str, member: &str) -> Self {
        Refusal::new(ErrorCode::UnknownMemberId, format!("Member {member} is not a member of group {group}."))
    }

    pub(in super::super) fn group_not_found(message: impl Into<String>) -> Self {
        Refusal::new(ErrorCode::GroupIdNotFound, message)
    }

    /// ConsumerGroupHeartbeat's answer.
    pub(in super::super) fn heartbeat(self) -> Reply {
        Reply::ConsumerGroupHeartbeat(ConsumerGroupHeartbeatResponse {
            error_code: self.error.code(),
            error_message: self.message.map(Cow::Owned),
            ..ConsumerGroupHeartbeatResponse::default()
        })
    }
}

impl From<ErrorCode> for Refusal {
    fn from(error: ErrorCode) -> Self {
        Refusal { error, message: None }
    }
}
