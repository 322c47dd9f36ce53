//! JoinGroup (`classicGroupJoinToClassicGroup`).

use std::borrow::Cow;
use std::sync::Arc;

use kafka_rpc::ErrorCode;
use kafka_rpc::messages::join_group_response::JoinGroupResponseMember;
use kafka_rpc::messages::{JoinGroupRequest, JoinGroupResponse};

use super::super::outcome::Waiter;
use super::super::{Client, Reply};
use super::member::{Member, Protocol};
use super::{ClassicGroup, Cx, NEW_MEMBER_JOIN_TIMEOUT_MS, State};

/// Whether a member without an id gets one and has to come back with it (`requiresKnownMemberId`).
pub(in super::super) fn requires_member_id(version: i16) -> bool {
    version >= 4
}

/// The rebalance timeout, which version 0 does not have (`maybeOverrideRebalanceTimeout`).
pub(in super::super) fn rebalance_timeout_ms(request: &JoinGroupRequest<'_>, version: i16) -> i32 {
    if version == 0 { request.session_timeout_ms } else { request.rebalance_timeout_ms }
}

/// A JoinGroup request and where it comes from.
#[derive(Clone, Copy)]
pub(in super::super) struct Join<'a, T> {
    pub(in super::super) client: Client<'a>,
    pub(in super::super) request: &'a JoinGroupRequest<'a>,
    pub(in super::super) ticket: T,
}

impl<T: Copy> Join<'_, T> {
    fn instance_id(&self) -> Option<&str> {
        self.request.group_instance_id.as_deref()
    }

    pub(super) fn waiter(&self) -> Waiter<T> {
        Waiter { ticket: self.ticket, version: self.client.version }
    }

    /// Answers with an error.
    pub(in super::super) fn refuse(&self, cx: &mut Cx<'_, T>, error: ErrorCode, member_id: &str) {
        cx.out.replies.push((self.ticket, Reply::join_error(error, member_id, self.client.version)));
    }

    pub(super) fn protocols(&self) -> Vec<Protocol> {
        Protocol::list(&self.request.protocols)
    }

    pub(super) fn rebalance_timeout_ms(&self) -> i32 {
        rebalance_timeout_ms(self.request, self.client.version)
    }
}

impl<T: Copy> ClassicGroup<T> {
    /// Lets a member in, or says why not.
    pub(in super::super) fn join(&mut self, cx: &mut Cx<'_, T>, join: Join<'_, T>) {
        let member_id = join.request.member_id.as_ref();
        if !self.has_room_for(cx, member_id) {
            self.remove(member_id);
            join.refuse(cx, ErrorCode::GroupMaxSizeReached, "");
        } else if !self.supports(join.request) {
            join.refuse(cx, ErrorCode::InconsistentGroupProtocol, member_id);
        } else if member_id.is_empty() {
            self.join_new(cx, join);
        } else if self.pending_join.contains(member_id) {
            // Only members without an instance id get a member id in advance.
            match join.instance_id() {
                Some(_) => join.refuse(cx, ErrorCode::UnknownServerError, ""),
                None => self.add(cx, join, member_id.into()),
            }
        } else if let Err(error) = self.check_member(member_id, join.instance_id()) {
            join.refuse(cx, error, member_id);
        } else {
            self.join_again(cx, join);
        }
    }

    /// Whether the group takes this member (`acceptJoiningMember`).
    fn has_room_for(&self, cx: &Cx<'_, T>, member_id: &str) -> bool {
        let member = self.members.get(member_id);
        match self.state {
            State::Empty => true,
            // Members that do not come back in time lose their place.
            State::PreparingRebalance => {
                member.is_some_and(|member| member.awaiting_join.is_some())
                    || self.members.awaiting_join() < cx.config.max_size
            }
            State::CompletingRebalance | State::Stable => member.is_some() || self.members.len() < cx.config.max_size,
        }
    }

    /// Whether all members support one of the protocols (`supportsProtocols`).
    fn supports(&self, request: &JoinGroupRequest<'_>) -> bool {
        if self.is_empty() {
            return !request.protocol_type.is_empty() && !request.protocols.is_empty();
        }
        let by_all = |name: &str| self.members.supporting(name) == self.members.len();
        self.protocol_type.as_deref() == Some(request.protocol_type.as_ref())
            && request.protocols.iter().any(|protocol| by_all(&protocol.name))
    }

    fn join_new(&mut self, cx: &mut Cx<'_, T>, join: Join<'_, T>) {
        let prefix = join.instance_id().unwrap_or(join.client.id);
        let member_id: Arc<str> = format!("{prefix}-{}", random_uuid((cx.random)())).into();
        let known = join.instance_id().and_then(|instance_id| self.members.of_instance(instance_id)).cloned();
        if let Some(known) = known {
            self.replace_static(cx, join, &known, member_id);
        } else if join.instance_id().is_none() && requires_member_id(join.client.version) {
            self.set_session(cx, &member_id, join.request.session_timeout_ms);
            join.refuse(cx, ErrorCode::MemberIdRequired, &member_id);
            if let Some(oldest) = self.pending_join.insert(member_id) {
                cx.timers.cancel(&self.session_key(&oldest));
            }
        } else {
            self.add(cx, join, member_id);
        }
    }

    /// Adds a member (`addMemberThenRebalanceOrCompleteJoin`).
    fn add(&mut self, cx: &mut Cx<'_, T>, join: Join<'_, T>, id: Arc<str>) {
        if self.state == State::PreparingRebalance && self.previous == Some(State::Empty) {
            self.new_member_added = true;
        }
        if self.members.is_empty() {
            self.protocol_type = Some(join.request.protocol_type.as_ref().into());
        }
        self.leader.get_or_insert_with(|| Arc::clone(&id));
        self.pending_join.remove(&id);
        self.members.insert(Member {
            id: Arc::clone(&id),
            instance_id: join.instance_id().map(Arc::from),
            client_id: join.client.id.into(),
            client_host: join.client.host(),
            rebalance_timeout_ms: join.rebalance_timeout_ms(),
            session_timeout_ms: join.request.session_timeout_ms,
            protocols: join.protocols(),
            assignment: [].into(),
            awaiting_join: Some(join.waiter()),
            awaiting_sync: None,
            is_new: true,
        });
        // A new member sends no heartbeats before it has its answer. If the client has gone, the member is removed after a
        // longer time.
        self.set_session(cx, &id, NEW_MEMBER_JOIN_TIMEOUT_MS);
        self.rebalance_or_end_join(cx);
    }

    /// A known member joins again (`classicGroupJoinExistingMember`).
    fn join_again(&mut self, cx: &mut Cx<'_, T>, join: Join<'_, T>) {
        let member_id = join.request.member_id.as_ref();
        let is_same = self.members.get(member_id).is_some_and(|member| member.matches(&join.request.protocols));
        match self.state {
            State::Empty => join.refuse(cx, ErrorCode::UnknownMemberId, member_id),
            // The answer to the first request may have been lost.
            State::CompletingRebalance if is_same => {
                let members = if self.is_leader(member_id) { self.joined_members() } else { Vec::new() };
                self.answer_join(cx, join.waiter(), member_id, members);
            }
            // The leader joins again when something else than the members has changed, such as topics.
            State::Stable if is_same && !self.is_leader(member_id) => {
                self.answer_join(cx, join.waiter(), member_id, Vec::new());
            }
            State::PreparingRebalance | State::CompletingRebalance | State::Stable => {
                self.update(join, member_id);
                self.rebalance_or_end_join(cx);
            }
        }
    }

    /// Takes over what a known member sends.
    pub(super) fn update(&mut self, join: Join<'_, T>, member_id: &str) {
        let session_timeout_ms = join.request.session_timeout_ms;
        self.members.update(member_id, join.protocols(), join.rebalance_timeout_ms(), session_timeout_ms);
        self.members.await_join(member_id, join.waiter());
    }

    /// What the leader is told of the members.
    pub(super) fn joined_members(&self) -> Vec<JoinGroupResponseMember<'static>> {
        let protocol = self.protocol_name.as_deref().unwrap_or_default();
        let joined = |member: &Member<T>| JoinGroupResponseMember {
            member_id: owned(&member.id),
            group_instance_id: member.instance_id.as_deref().map(owned),
            metadata: Cow::Owned(member.metadata(protocol).to_vec()),
            ..JoinGroupResponseMember::default()
        };
        self.members.ordered().into_iter().map(joined).collect()
    }

    /// Answers a JoinGroup with the current generation.
    pub(super) fn answer_join(
        &self,
        cx: &mut Cx<'_, T>,
        waiter: Waiter<T>,
        member_id: &str,
        members: Vec<JoinGroupResponseMember<'static>>,
    ) {
        let response = JoinGroupResponse { members, ..self.join_response(member_id) };
        cx.out.replies.push((waiter.ticket, Reply::join_group(response, waiter.version)));
    }

    pub(super) fn join_response(&self, member_id: &str) -> JoinGroupResponse<'static> {
        JoinGroupResponse {
            generation_id: self.generation,
            protocol_type: self.protocol_type.as_deref().map(owned),
            protocol_name: self.protocol_name.as_deref().map(owned),
            leader: self.leader.as_deref().map(owned).unwrap_or_default(),
            member_id: owned(member_id),
            ..JoinGroupResponse::default()
        }
    }
}

/// A text that a message can keep.
pub(in super::super) fn owned(text: &str) -> Cow<'static, str> {
    Cow::Owned(text.to_owned())
}

/// A random UUID as Java writes it (`UUID.randomUUID`).
fn random_uuid(bits: u128) -> String {
    let bits = bits & !(0xf << 76 | 0x3 << 62) | 0x4 << 76 | 0x2 << 62;
    let hex = format!("{bits:032x}");
    let parts = [0..8, 8..12, 12..16, 16..20, 20..32].map(|part| hex.get(part).unwrap_or_default());
    parts.join("-")
}

#[cfg(test)]
mod tests {
    use super::random_uuid;

    #[test]
    fn random_uuids_have_version_4() {
        assert_eq!(random_uuid(0), "00000000-0000-4000-8000-000000000000");
        assert_eq!(random_uuid(u128::MAX), "ffffffff-ffff-4fff-bfff-ffffffffffff");
    }
}
