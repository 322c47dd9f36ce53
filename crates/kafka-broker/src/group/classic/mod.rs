//! Classic groups: members that join and sync, and one of them that assigns (`ClassicGroup`).

mod heartbeat;
mod join;
mod leave;
mod member;
mod members;
mod rebalance;
mod replace;
mod reserved;
mod stored;
mod subscription;
mod sync;
mod view;

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use kafka_rpc::ErrorCode;

use super::GroupConfig;
use super::outcome::Outcome;
use super::timers::{TimerAction, TimerKey, Timers};
use reserved::Reserved;

pub(super) use join::{Join, owned, rebalance_timeout_ms, requires_member_id};
pub(super) use leave::member_response;
pub(super) use member::{Member, Protocol};
pub(super) use members::Members;
pub(super) use subscription::subscribed_topics;

/// Protocol type of consumers (`ConsumerProtocol.PROTOCOL_TYPE`).
pub(super) const CONSUMER: &str = "consumer";

/// Time for a new member to come back, in ms (`CLASSIC_GROUP_NEW_MEMBER_JOIN_TIMEOUT_MS`).
const NEW_MEMBER_JOIN_TIMEOUT_MS: i32 = 5 * 60 * 1000;

/// State of a classic group (`ClassicGroupState`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// No members.
    Empty,
    /// Members join.
    PreparingRebalance,
    /// Members wait for the leader's assignment.
    CompletingRebalance,
    /// Members have their assignments.
    Stable,
}

impl State {
    /// The name in DescribeGroups and ListGroups.
    pub(super) const fn name(self) -> &'static str {
        match self {
            State::Empty => "Empty",
            State::PreparingRebalance => "PreparingRebalance",
            State::CompletingRebalance => "CompletingRebalance",
            State::Stable => "Stable",
        }
    }
}

/// What a group needs of its shard while it handles something.
pub(super) struct Cx<'a, T> {
    /// Settings.
    pub(super) config: &'a GroupConfig,
    /// Timers of the shard.
    pub(super) timers: &'a mut Timers,
    /// Makes 128 random bits.
    pub(super) random: &'a mut dyn FnMut() -> u128,
    /// Takes records and answers.
    pub(super) out: &'a mut Outcome<T>,
    /// The time.
    pub(super) now_ms: i64,
}

/// A classic group.
#[derive(Debug)]
pub(super) struct ClassicGroup<T> {
    pub(super) id: Arc<str>,
    state: State,
    previous: Option<State>,
    state_timestamp: Option<i64>,
    protocol_type: Option<Box<str>>,
    protocol_name: Option<Box<str>>,
    generation: i32,
    leader: Option<Arc<str>>,
    members: Members<T>,
    pending_join: Reserved,
    /// Members that have not sent SyncGroup in this generation.
    pending_sync: BTreeSet<Arc<str>>,
    /// Whether members came while the first rebalance was waiting for more.
    new_member_added: bool,
    subscribed: Option<HashSet<Box<str>>>,
}

impl<T: Copy> ClassicGroup<T> {
    /// A group without members.
    pub(super) fn new(id: Arc<str>, now_ms: i64) -> Self {
        ClassicGroup {
            id,
            state: State::Empty,
            previous: None,
            state_timestamp: Some(now_ms),
            protocol_type: None,
            protocol_name: None,
            generation: 0,
            leader: None,
            members: Members::default(),
            pending_join: Reserved::default(),
            pending_sync: BTreeSet::new(),
            new_member_added: false,
            subscribed: None,
        }
    }

    pub(super) fn state(&self) -> State {
        self.state
    }

    pub(super) fn is_empty(&self) -> bool {
        self.state == State::Empty
    }

    /// A group that only keeps offsets (`isSimpleGroup`).
    pub(super) fn is_simple(&self) -> bool {
        self.protocol_type.is_none() && self.is_empty() && self.pending_join.is_empty()
    }

    pub(super) fn uses_consumer_protocol(&self) -> bool {
        self.protocol_type.as_deref() == Some(CONSUMER)
    }

    pub(super) fn generation(&self) -> i32 {
        self.generation
    }

    pub(super) fn protocol_name(&self) -> Option<&str> {
        self.protocol_name.as_deref()
    }

    /// The members in the order of Kafka's table.
    pub(super) fn members(&self) -> Vec<&Member<T>> {
        self.members.ordered()
    }

    fn is_leader(&self, member: &str) -> bool {
        self.leader.as_deref() == Some(member)
    }

    fn set_state(&mut self, state: State, now_ms: i64) {
        self.previous = Some(self.state);
        self.state = state;
        self.state_timestamp = Some(now_ms);
    }

    /// Whether offsets of the topic are in use: not known means yes for consumers (`isSubscribedToTopic`).
    pub(super) fn is_subscribed(&self, topic: &str) -> bool {
        self.subscribed.as_ref().map_or(self.uses_consumer_protocol(), |topics| topics.contains(topic))
    }

    /// When the retention of an offset starts; `None` where offsets do not expire (`offsetExpirationCondition`).
    pub(super) fn retention_base(&self) -> Option<RetentionBase> {
        if self.protocol_type.is_none() {
            return Some(RetentionBase::Commit);
        }
        if self.is_empty() {
            return Some(self.state_timestamp.map_or(RetentionBase::Commit, RetentionBase::At));
        }
        let is_known = self.uses_consumer_protocol() && self.subscribed.is_some() && self.state == State::Stable;
        is_known.then_some(RetentionBase::Commit)
    }

    /// Refuses member ids that are not of the group, and fenced ones (`validateMember`).
    fn check_member(&self, member_id: &str, instance_id: Option<&str>) -> Result<(), ErrorCode> {
        if let Some(instance_id) = instance_id {
            let known = self.members.of_instance(instance_id).ok_or(ErrorCode::UnknownMemberId)?;
            if &**known != member_id {
                return Err(ErrorCode::FencedInstanceId);
            }
        }
        if self.members.contains(member_id) { Ok(()) } else { Err(ErrorCode::UnknownMemberId) }
    }

    /// Refuses commits that do not come from the group (`validateOffsetCommit`).
    pub(super) fn check_commit(
        &self,
        member_id: &str,
        instance_id: Option<&str>,
        generation: i32,
        is_transactional: bool,
    ) -> Result<(), ErrorCode> {
        if generation < 0 && self.is_empty() {
            return Ok(());
        }
        if generation >= 0 || !member_id.is_empty() || instance_id.is_some() {
            self.check_member(member_id, instance_id)?;
            if generation != self.generation {
                return Err(ErrorCode::IllegalGeneration);
            }
        } else if !is_transactional && !self.is_empty() {
            return Err(ErrorCode::UnknownMemberId);
        }
        if !is_transactional && self.state == State::CompletingRebalance {
            return Err(ErrorCode::RebalanceInProgress);
        }
        Ok(())
    }

    /// Refuses to delete the group while it has members (`validateDeleteGroup`).
    pub(super) fn check_delete(&self) -> Result<(), ErrorCode> {
        if self.is_empty() { Ok(()) } else { Err(ErrorCode::NonEmptyGroup) }
    }

    /// Refuses to delete offsets of a group whose subscriptions are not known (`validateOffsetDelete`).
    pub(super) fn check_offset_delete(&self) -> Result<(), ErrorCode> {
        if self.is_empty() || self.uses_consumer_protocol() { Ok(()) } else { Err(ErrorCode::NonEmptyGroup) }
    }

    /// Removes a member, or a member id that was given out.
    fn remove(&mut self, member_id: &str) {
        self.members.remove(member_id);
        if self.is_leader(member_id) {
            self.leader = self.members.first().map(|member| Arc::clone(&member.id));
        }
        self.pending_join.remove(member_id);
        self.pending_sync.remove(member_id);
    }

    fn session_key(&self, member: &Arc<str>) -> TimerKey {
        TimerKey::Session { group: Arc::clone(&self.id), member: Arc::clone(member) }
    }

    fn set_session(&self, cx: &mut Cx<'_, T>, member: &Arc<str>, timeout_ms: i32) {
        let deadline = cx.now_ms.saturating_add(timeout_ms.into());
        cx.timers.set(self.session_key(member), deadline, TimerAction::EndSession);
    }

    /// Restarts the session of a member (`rescheduleClassicGroupMemberHeartbeat`).
    pub(super) fn renew_session(&self, cx: &mut Cx<'_, T>, member_id: &str) {
        if let Some(member) = self.members.get(member_id) {
            self.set_session(cx, &member.id, member.session_timeout_ms);
        }
    }

    /// Stops the timer of the group; those of members stop by themselves (`cancelTimers`).
    pub(super) fn cancel_timers(&self, timers: &mut Timers) {
        timers.cancel(&TimerKey::Join(Arc::clone(&self.id)));
    }

    /// Starts the sessions of a group that was loaded (`onLoaded`).
    pub(super) fn loaded(&mut self, cx: &mut Cx<'_, T>) {
        for member in self.members.ordered() {
            self.set_session(cx, &member.id, member.session_timeout_ms);
        }
        if self.members.len() > cx.config.max_size {
            self.prepare_rebalance(cx);
        }
    }

    /// Starts the sessions of a group that was a consumer group before, and a rebalance where members have gone.
    pub(super) fn downgraded(&mut self, cx: &mut Cx<'_, T>, rebalances: bool) {
        for member in self.members.ordered() {
            self.set_session(cx, &member.id, member.session_timeout_ms);
        }
        if rebalances {
            self.prepare_rebalance(cx);
        }
    }

    /// Takes all requests that wait (`onUnloaded`).
    pub(super) fn take_waiters(&mut self) -> Waiters<T> {
        let mut waiters = Waiters { join: Vec::new(), sync: Vec::new() };
        for id in self.members.ids() {
            waiters.sync.extend(self.members.take_sync(&id));
            if let Some(waiter) = self.members.take_join(&id) {
                waiters.join.push((id, waiter));
            }
        }
        waiters
    }
}

/// Requests that wait in a group.
pub(super) struct Waiters<T> {
    pub(super) join: Vec<(Arc<str>, super::outcome::Waiter<T>)>,
    pub(super) sync: Vec<super::outcome::Waiter<T>>,
}

/// Where the retention of an offset starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RetentionBase {
    /// When it was committed.
    Commit,
    /// When the group became empty.
    At(i64),
}
