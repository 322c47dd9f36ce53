//! SyncGroup (`classicGroupSyncToClassicGroup`).

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use kafka_rpc::ErrorCode;
use kafka_rpc::messages::{SyncGroupRequest, SyncGroupResponse};

use super::super::Reply;
use super::super::outcome::{Completion, Waiter};
use super::join::owned;
use super::{ClassicGroup, Cx, State};

impl<T: Copy> ClassicGroup<T> {
    /// Hands out the assignment, at once or when the leader has sent it.
    pub(in super::super) fn sync(&mut self, cx: &mut Cx<'_, T>, request: &SyncGroupRequest<'_>, waiter: Waiter<T>) {
        let member_id = request.member_id.as_ref();
        let refusal = match (self.check_sync(request), self.state) {
            (Err(error), _) => Some(error),
            // A group without members has refused before.
            (Ok(()), State::Empty) => Some(ErrorCode::UnknownMemberId),
            (Ok(()), State::PreparingRebalance) => Some(ErrorCode::RebalanceInProgress),
            (Ok(()), State::CompletingRebalance | State::Stable) => None,
        };
        if let Some(error) = refusal {
            cx.out.replies.push((waiter.ticket, Reply::sync_error(error)));
            return;
        }
        if self.state == State::Stable {
            self.note_synced(cx, member_id);
            self.answer_sync(cx, waiter, member_id);
            return;
        }
        self.members.await_sync(member_id, waiter);
        self.note_synced(cx, member_id);
        if self.is_leader(member_id) {
            let mut assignments: HashMap<Arc<str>, Arc<[u8]>> = HashMap::new();
            for assignment in &request.assignments {
                assignments.insert(assignment.member_id.as_ref().into(), assignment.assignment.as_ref().into());
            }
            for member_id in self.members.ids() {
                assignments.entry(member_id).or_insert_with(|| [].into());
            }
            let record = self.record(&assignments);
            cx.out.records.push(record);
            let (group, generation) = (Arc::clone(&self.id), self.generation);
            cx.out.completion = Some(Completion::Assignment { group, generation, assignments });
        }
    }

    fn check_sync(&self, request: &SyncGroupRequest<'_>) -> Result<(), ErrorCode> {
        self.check_member(&request.member_id, request.group_instance_id.as_deref())?;
        let differs = |asked: Option<&str>, known: Option<&str>| {
            asked.is_some_and(|asked| known.is_some_and(|known| known != asked))
        };
        if request.generation_id != self.generation {
            Err(ErrorCode::IllegalGeneration)
        } else if differs(request.protocol_type.as_deref(), self.protocol_type.as_deref())
            || differs(request.protocol_name.as_deref(), self.protocol_name.as_deref())
        {
            Err(ErrorCode::InconsistentGroupProtocol)
        } else {
            Ok(())
        }
    }

    fn answer_sync(&self, cx: &mut Cx<'_, T>, waiter: Waiter<T>, member_id: &str) {
        let assignment = self.members.get(member_id).map(|member| member.assignment.to_vec());
        let response = SyncGroupResponse {
            protocol_type: self.protocol_type.as_deref().map(owned),
            protocol_name: self.protocol_name.as_deref().map(owned),
            assignment: Cow::Owned(assignment.unwrap_or_default()),
            ..SyncGroupResponse::default()
        };
        cx.out.replies.push((waiter.ticket, Reply::SyncGroup(response)));
    }

    fn completes(&self, generation: i32) -> bool {
        // Members may have come or gone since.
        self.state == State::CompletingRebalance && self.generation == generation
    }

    /// The assignment is stored: members get it (`setAndPropagateAssignment`).
    pub(in super::super) fn assignment_stored(
        &mut self,
        cx: &mut Cx<'_, T>,
        generation: i32,
        assignments: &HashMap<Arc<str>, Arc<[u8]>>,
    ) {
        if !self.completes(generation) {
            return;
        }
        for member_id in self.members.ids() {
            self.members.assign(&member_id, assignments.get(&member_id).map_or_else(|| [].into(), Arc::clone));
            if let Some(waiter) = self.members.take_sync(&member_id) {
                self.answer_sync(cx, waiter, &member_id);
                self.renew_session(cx, &member_id);
            }
        }
        self.set_state(State::Stable, cx.now_ms);
    }

    /// The assignment could not be stored: members join again.
    pub(in super::super) fn assignment_lost(&mut self, cx: &mut Cx<'_, T>, generation: i32, error: ErrorCode) {
        if self.completes(generation) {
            self.propagate_error(cx, error);
            self.rebalance_or_end_join(cx);
        }
    }

    /// Answers all members that wait for an assignment with an error (`resetAndPropagateAssignmentWithError`).
    pub(super) fn propagate_error(&mut self, cx: &mut Cx<'_, T>, error: ErrorCode) {
        for member_id in self.members.ids() {
            self.members.assign(&member_id, [].into());
            if let Some(waiter) = self.members.take_sync(&member_id) {
                cx.out.replies.push((waiter.ticket, Reply::sync_error(error)));
                self.renew_session(cx, &member_id);
            }
        }
    }
}
