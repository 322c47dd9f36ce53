//! Rebalances: members join, one leads, the next generation starts.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use kafka_rpc::ErrorCode;

use super::super::Reply;
use super::super::timers::{TimerAction, TimerKey};
use super::{ClassicGroup, Cx, State, subscribed_topics};

impl<T: Copy> ClassicGroup<T> {
    /// A member has come, gone or changed (`maybePrepareRebalanceOrCompleteJoin`).
    pub(super) fn rebalance_or_end_join(&mut self, cx: &mut Cx<'_, T>) {
        if self.state == State::PreparingRebalance {
            self.end_join_if_complete(cx);
        } else {
            self.prepare_rebalance(cx);
        }
    }

    /// Ends the join phase if all members are there; not the first, which waits for more (`maybeCompleteJoinPhase`).
    pub(super) fn end_join_if_complete(&mut self, cx: &mut Cx<'_, T>) {
        let is_first = self.previous == Some(State::Empty);
        if self.state == State::PreparingRebalance && !is_first && self.has_all_joined() {
            self.end_join(cx);
        }
    }

    fn has_all_joined(&self) -> bool {
        self.members.len() == self.members.awaiting_join() && self.pending_join.is_empty()
    }

    fn join_key(&self) -> TimerKey {
        TimerKey::Join(Arc::clone(&self.id))
    }

    fn sync_key(&self) -> TimerKey {
        TimerKey::Sync(Arc::clone(&self.id))
    }

    fn set_join_timer(&self, cx: &mut Cx<'_, T>, delay_ms: i32, action: TimerAction) {
        cx.timers.set(self.join_key(), cx.now_ms.saturating_add(delay_ms.into()), action);
    }

    /// Starts a rebalance (`prepareRebalance`).
    pub(super) fn prepare_rebalance(&mut self, cx: &mut Cx<'_, T>) {
        if self.state == State::CompletingRebalance {
            self.propagate_error(cx, ErrorCode::RebalanceInProgress);
        }
        self.stop_sync_phase(cx);
        if self.is_empty() {
            let delay_ms = cx.config.initial_rebalance_delay_ms;
            let remaining_ms = self.members.rebalance_timeout_ms().saturating_sub(delay_ms).max(0);
            self.set_join_timer(cx, delay_ms, TimerAction::EndInitialJoin { delay_ms, remaining_ms });
            self.set_state(State::PreparingRebalance, cx.now_ms);
            return;
        }
        self.set_state(State::PreparingRebalance, cx.now_ms);
        if self.has_all_joined() {
            self.end_join(cx);
        } else {
            self.set_join_timer(cx, self.members.rebalance_timeout_ms(), TimerAction::EndJoin);
        }
    }

    /// The first rebalance has waited: for more members, or long enough (`tryCompleteInitialRebalanceElseSchedule`).
    pub(in super::super) fn end_initial_join(&mut self, cx: &mut Cx<'_, T>, delay_ms: i32, remaining_ms: i32) {
        if !self.new_member_added || remaining_ms == 0 {
            self.end_join(cx);
            return;
        }
        self.new_member_added = false;
        let next_ms = cx.config.initial_rebalance_delay_ms.min(remaining_ms);
        let remaining_ms = remaining_ms.saturating_sub(delay_ms).max(0);
        self.set_join_timer(cx, next_ms, TimerAction::EndInitialJoin { delay_ms: next_ms, remaining_ms });
    }

    /// Starts the next generation with the members that have joined (`completeClassicGroupJoin`).
    pub(in super::super) fn end_join(&mut self, cx: &mut Cx<'_, T>) {
        cx.timers.cancel(&self.join_key());
        if self.is_empty() {
            // The timer of a group with this id that is gone.
            return;
        }
        let is_late = |id: &Arc<str>| {
            let member = self.members.get(id);
            member.is_some_and(|member| member.awaiting_join.is_none() && member.instance_id.is_none())
        };
        // From the last: if the leader is late, its place goes to the first that stays, and not to one after the other.
        let late: Vec<_> = self.members.ids().into_iter().rev().filter(is_late).collect();
        for member_id in late {
            self.remove(&member_id);
            cx.timers.cancel(&self.session_key(&member_id));
        }
        if !self.elect_joined_leader() && !self.members.is_empty() {
            // None but static members are left, and none of them has come back: wait until their sessions end.
            self.set_join_timer(cx, self.members.rebalance_timeout_ms(), TimerAction::EndJoin);
            return;
        }
        self.start_generation(cx);
        if self.is_empty() {
            let record = self.record(&HashMap::new());
            cx.out.records.push(record);
            return;
        }
        for member_id in self.members.ids() {
            let members = if self.is_leader(&member_id) { self.joined_members() } else { Vec::new() };
            if let Some(waiter) = self.members.take_join(&member_id) {
                self.answer_join(cx, waiter, &member_id, members);
            }
            self.renew_session(cx, &member_id);
            self.members.set_answered(&member_id);
            self.pending_sync.insert(member_id);
        }
        let deadline = cx.now_ms.saturating_add(self.members.rebalance_timeout_ms().into());
        cx.timers.set(self.sync_key(), deadline, TimerAction::EndSync { generation: self.generation });
    }

    /// Makes sure that the leader has joined (`maybeElectNewJoinedLeader`).
    fn elect_joined_leader(&mut self) -> bool {
        let Some(leader) = &self.leader else { return false };
        if self.members.get(leader).is_some_and(|member| member.awaiting_join.is_some()) {
            return true;
        }
        let joined = self.members.first_of(|member| member.awaiting_join.is_some());
        let Some(joined) = joined.map(|member| Arc::clone(&member.id)) else { return false };
        self.leader = Some(joined);
        true
    }

    fn start_generation(&mut self, cx: &mut Cx<'_, T>) {
        self.generation = self.generation.wrapping_add(1);
        let (protocol_name, state) = if self.members.is_empty() {
            (None, State::Empty)
        } else {
            (self.members.preferred_protocol(), State::CompletingRebalance)
        };
        self.protocol_name = protocol_name;
        self.subscribed = self.compute_subscribed();
        self.set_state(state, cx.now_ms);
        self.pending_sync.clear();
    }

    /// The topics that members subscribe to, where they are consumers and say so (`computeSubscribedTopics`).
    pub(super) fn compute_subscribed(&self) -> Option<HashSet<Box<str>>> {
        if !self.uses_consumer_protocol() {
            return None;
        }
        let members = self.members.ordered();
        if members.is_empty() {
            return Some(HashSet::new());
        }
        let protocol = self.protocol_name.as_deref()?;
        let mut topics = HashSet::new();
        for member in members {
            topics.extend(subscribed_topics(&member.metadata(protocol))?);
        }
        Some(topics)
    }

    fn stop_sync_phase(&mut self, cx: &mut Cx<'_, T>) {
        self.pending_sync.clear();
        cx.timers.cancel(&self.sync_key());
    }

    /// A member has sent SyncGroup (`removePendingSyncMember`).
    pub(super) fn note_synced(&mut self, cx: &mut Cx<'_, T>, member_id: &str) {
        self.pending_sync.remove(member_id);
        if self.pending_sync.is_empty() {
            cx.timers.cancel(&self.sync_key());
        }
    }

    /// Removes the members that have not sent SyncGroup (`expirePendingSync`).
    pub(in super::super) fn end_sync(&mut self, cx: &mut Cx<'_, T>, generation: i32) {
        let waits = matches!(self.state, State::CompletingRebalance | State::Stable);
        if generation != self.generation || !waits || self.pending_sync.is_empty() {
            return;
        }
        for member_id in std::mem::take(&mut self.pending_sync) {
            self.remove(&member_id);
            cx.timers.cancel(&self.session_key(&member_id));
        }
        self.prepare_rebalance(cx);
    }

    /// The session of a member has ended (`expireClassicGroupMemberHeartbeat`).
    pub(in super::super) fn end_session(&mut self, cx: &mut Cx<'_, T>, member_id: &str) {
        if self.pending_join.contains(member_id) {
            self.remove(member_id);
        } else if self.members.get(member_id).is_some_and(|member| !member.is_excused()) {
            self.dismiss(cx, member_id);
            if matches!(self.state, State::Stable | State::CompletingRebalance) {
                self.rebalance_or_end_join(cx);
                return;
            }
        } else {
            return;
        }
        if self.state == State::PreparingRebalance && self.has_all_joined() {
            self.end_join(cx);
        }
    }

    /// Removes a member; its JoinGroup is answered so that the client tries again if it is still there.
    pub(super) fn dismiss(&mut self, cx: &mut Cx<'_, T>, member_id: &str) {
        if let Some(waiter) = self.members.take_join(member_id) {
            let reply = Reply::join_error(ErrorCode::UnknownMemberId, "", waiter.version);
            cx.out.replies.push((waiter.ticket, reply));
        }
        self.remove(member_id);
    }
}
