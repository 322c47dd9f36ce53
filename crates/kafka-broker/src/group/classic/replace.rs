//! A static member that comes back without its member id (`updateStaticMemberThenRebalanceOrCompleteJoin`).

use std::collections::HashMap;
use std::sync::Arc;

use kafka_rpc::ErrorCode;
use kafka_rpc::messages::JoinGroupResponse;

use super::super::Reply;
use super::super::outcome::{Completion, MemberBefore};
use super::join::{Join, owned};
use super::{ClassicGroup, Cx, State};

/// Whether the answer can tell a leader to keep the assignment (`supportsSkippingAssignment`).
fn can_skip_assignment(version: i16) -> bool {
    version >= 9
}

impl<T: Copy> ClassicGroup<T> {
    /// Gives a static member a new member id. In a stable group that is all, if its protocols allow it.
    pub(super) fn replace_static(
        &mut self,
        cx: &mut Cx<'_, T>,
        join: Join<'_, T>,
        old_id: &Arc<str>,
        new_id: Arc<str>,
    ) {
        let Some(old) = self.members.get(old_id) else { return };
        let before = MemberBefore {
            member: Arc::clone(old_id),
            leader: self.leader.clone(),
            protocols: old.protocols.clone(),
            rebalance_timeout_ms: old.rebalance_timeout_ms,
            session_timeout_ms: old.session_timeout_ms,
        };
        self.rename(cx, old_id, &new_id);
        self.update(join, &new_id);
        match self.state {
            State::Stable if self.protocol_name == self.members.preferred_protocol() => {
                let current =
                    self.members.ordered().into_iter().map(|m| (Arc::clone(&m.id), Arc::clone(&m.assignment)));
                let record = self.record(&current.collect::<HashMap<_, _>>());
                cx.out.records.push(record);
                let (group, before) = (Arc::clone(&self.id), Box::new(before));
                cx.out.completion = Some(Completion::StaticMember { group, member: new_id, before });
            }
            State::Stable => self.rebalance_or_end_join(cx),
            // The leader may have got the old id to assign to.
            State::CompletingRebalance => self.prepare_rebalance(cx),
            State::PreparingRebalance | State::Empty => self.end_join_if_complete(cx),
        }
    }

    /// Gives a member another id; requests with the old one are fenced (`replaceStaticMember`).
    fn rename(&mut self, cx: &mut Cx<'_, T>, old_id: &str, new_id: &Arc<str>) {
        let was_leader = self.is_leader(old_id);
        let Some(mut member) = self.members.remove(old_id) else { return };
        let fenced = ErrorCode::FencedInstanceId;
        if let Some(waiter) = member.awaiting_join.take() {
            let error_code = fenced.code();
            let response = JoinGroupResponse { error_code, member_id: owned(old_id), ..JoinGroupResponse::default() };
            cx.out.replies.push((waiter.ticket, Reply::join_group(response, waiter.version)));
        }
        if let Some(waiter) = member.awaiting_sync.take() {
            cx.out.replies.push((waiter.ticket, Reply::sync_error(fenced)));
        }
        member.id = Arc::clone(new_id);
        member.is_new = false;
        self.members.insert(member);
        if was_leader {
            self.leader = Some(Arc::clone(new_id));
        }
        // The session of the old id ends without effect.
        self.renew_session(cx, new_id);
    }

    /// The new id is stored: the member goes on with its assignment.
    pub(in super::super) fn static_member_stored(
        &mut self,
        cx: &mut Cx<'_, T>,
        member_id: &str,
        before: &MemberBefore,
    ) {
        let Some(waiter) = self.members.take_join(member_id) else { return };
        let mut response = self.join_response(member_id);
        if can_skip_assignment(waiter.version) {
            response.skip_assignment = self.is_leader(member_id);
            response.members = if response.skip_assignment { self.joined_members() } else { Vec::new() };
        } else {
            // Older clients that find themselves leaders would assign again.
            response.leader = before.leader.as_deref().map(owned).unwrap_or_default();
        }
        cx.out.replies.push((waiter.ticket, Reply::join_group(response, waiter.version)));
    }

    /// The new id could not be stored: the old one is back.
    pub(in super::super) fn static_member_lost(
        &mut self,
        cx: &mut Cx<'_, T>,
        member_id: &str,
        before: &MemberBefore,
        error: ErrorCode,
    ) {
        let waiter = self.members.take_join(member_id);
        let (rebalance, session) = (before.rebalance_timeout_ms, before.session_timeout_ms);
        self.members.update(member_id, before.protocols.clone(), rebalance, session);
        self.rename(cx, member_id, &before.member);
        if let Some(waiter) = waiter {
            let mut response = self.join_response("");
            response.error_code = error.code();
            response.leader = before.leader.as_deref().map(owned).unwrap_or_default();
            cx.out.replies.push((waiter.ticket, Reply::join_group(response, waiter.version)));
        }
    }
}
