//! LeaveGroup (`classicGroupLeaveToClassicGroup`).

use std::sync::Arc;

use kafka_rpc::ErrorCode;
use kafka_rpc::messages::leave_group_request::MemberIdentity;
use kafka_rpc::messages::leave_group_response::MemberResponse;

use super::join::owned;
use super::{ClassicGroup, Cx, State};

impl<T: Copy> ClassicGroup<T> {
    /// Removes members; says for each whether it was there.
    pub(in super::super) fn leave(
        &mut self,
        cx: &mut Cx<'_, T>,
        leaving: &[MemberIdentity<'_>],
    ) -> Vec<MemberResponse<'static>> {
        let mut any = false;
        let mut responses = Vec::with_capacity(leaving.len());
        for member in leaving {
            let error = self.leave_one(cx, member);
            any |= error == ErrorCode::None;
            responses.push(member_response(member, error));
        }
        if any {
            match self.state {
                State::Stable | State::CompletingRebalance => self.rebalance_or_end_join(cx),
                State::PreparingRebalance => self.end_join_if_complete(cx),
                State::Empty => {}
            }
        }
        responses
    }

    fn leave_one(&mut self, cx: &mut Cx<'_, T>, member: &MemberIdentity<'_>) -> ErrorCode {
        let instance_id = member.group_instance_id.as_deref();
        let id: Arc<str> = if member.member_id.is_empty() {
            // An administrator names static members by their instance ids alone.
            let known = instance_id.and_then(|instance_id| self.members.of_instance(instance_id));
            let Some(known) = known else { return ErrorCode::UnknownMemberId };
            Arc::clone(known)
        } else {
            if !self.pending_join.contains(member.member_id.as_ref())
                && let Err(error) = self.check_member(&member.member_id, instance_id)
            {
                return error;
            }
            member.member_id.as_ref().into()
        };
        cx.timers.cancel(&self.session_key(&id));
        self.dismiss(cx, &id);
        ErrorCode::None
    }
}

/// What LeaveGroup says of a member.
pub(in super::super) fn member_response(member: &MemberIdentity<'_>, error: ErrorCode) -> MemberResponse<'static> {
    MemberResponse {
        member_id: owned(&member.member_id),
        group_instance_id: member.group_instance_id.as_deref().map(owned),
        error_code: error.code(),
        ..MemberResponse::default()
    }
}
