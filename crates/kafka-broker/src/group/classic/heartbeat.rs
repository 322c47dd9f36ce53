//! Heartbeat (`classicGroupHeartbeatToClassicGroup`).

use kafka_rpc::ErrorCode;
use kafka_rpc::messages::HeartbeatRequest;

use super::{ClassicGroup, Cx, State};

impl<T: Copy> ClassicGroup<T> {
    /// Keeps a member alive and tells it whether to join again.
    pub(in super::super) fn heartbeat(&self, cx: &mut Cx<'_, T>, request: &HeartbeatRequest<'_>) -> ErrorCode {
        if let Err(error) = self.check_member(&request.member_id, request.group_instance_id.as_deref()) {
            return error;
        }
        if request.generation_id != self.generation {
            return ErrorCode::IllegalGeneration;
        }
        if self.is_empty() {
            return ErrorCode::UnknownMemberId;
        }
        self.renew_session(cx, &request.member_id);
        if self.state == State::PreparingRebalance { ErrorCode::RebalanceInProgress } else { ErrorCode::None }
    }

    /// A commit keeps a member alive as well, except while it should sync.
    pub(in super::super) fn committed(&self, cx: &mut Cx<'_, T>, member_id: &str) {
        if matches!(self.state, State::Stable | State::PreparingRebalance) {
            self.renew_session(cx, member_id);
        }
    }
}
