//! Members of a consumer group that speak the classic protocol (`classicGroupJoinToConsumerGroup` and its like): they come from a
//! classic group that was upgraded, or join while others are upgraded one by one.

use std::sync::Arc;

use kafka_rpc::ErrorCode;
use kafka_rpc::messages::consumer_group_heartbeat_request::TopicPartitions;
use kafka_rpc::messages::leave_group_request::MemberIdentity;
use kafka_rpc::messages::{
    ConsumerProtocolSubscription, HeartbeatRequest, JoinGroupRequest, JoinGroupResponse, SyncGroupRequest,
    SyncGroupResponse,
};

use super::super::assign::Partitions;
use super::super::classic::{Protocol, owned, rebalance_timeout_ms, requires_member_id};
use super::super::java;
use super::super::outcome::Record;
use super::super::timers::{TimerAction, TimerKey};
use super::expression::Update;
use super::member::{ClassicMember, Member, MemberState, names};
use super::{CONSUMER, Client, ConsumerGroup, Cx, Refusal, protocol};

/// What comes of a JoinGroup.
pub(in super::super) enum Joined {
    /// The member is given an id, and has to come back with it.
    NeedsId(String),
    /// The member is in; it has to sync.
    Member(JoinGroupResponse<'static>),
    /// The last member of the consumer protocol was replaced: the group becomes a classic one.
    Downgrade {
        response: JoinGroupResponse<'static>,
        member: Box<Member>,
        /// The classic group has to rebalance.
        rebalances: bool,
    },
}

impl ConsumerGroup {
    /// JoinGroup.
    pub(in super::super) fn join(
        &self,
        cx: &mut Cx<'_>,
        client: Client<'_>,
        request: &JoinGroupRequest<'_>,
        records: &mut Vec<Record>,
    ) -> Result<Joined, ErrorCode> {
        let is_new = request.member_id.is_empty();
        let member_id = if is_new { super::heartbeat::random_id(cx) } else { request.member_id.to_string() };
        let member_id: Arc<str> = member_id.into();
        self.check_room(cx, &member_id).map_err(|refusal| refusal.error)?;
        let protocols = Protocol::list(&request.protocols);
        if !self.supports(request, &protocols) {
            return Err(ErrorCode::InconsistentGroupProtocol);
        }
        let instance_id = request.group_instance_id.as_deref();
        if instance_id.is_none() && is_new && requires_member_id(client.version) {
            return Ok(Joined::NeedsId(member_id.to_string()));
        }
        let before = match instance_id {
            None => {
                self.members.get(&member_id).map_or_else(|| Member::new(Arc::clone(&member_id)), |m| Member::clone(m))
            }
            Some(instance_id) => self.static_joiner(&member_id, instance_id, is_new, records)?,
        };
        let replaced = instance_id.and_then(|instance_id| self.static_member(instance_id));
        let downgrades = replaced.is_some_and(|replaced| self.downgrades_instead_of(cx, replaced));
        let first = protocols.first().ok_or(ErrorCode::InconsistentGroupProtocol)?.clone();
        let subscription = protocol::subscription(&first.metadata).ok_or(ErrorCode::UnknownServerError)?;
        let mut updated = before.clone();
        updated.instance_id = instance_id.map(Arc::from).or(updated.instance_id);
        let rack_id = subscription.rack_id.as_deref().filter(|rack| !rack.is_empty());
        updated.rack_id = rack_id.map(Arc::from).or(updated.rack_id);
        let rebalance_ms = rebalance_timeout_ms(request, client.version);
        if rebalance_ms != -1 {
            updated.rebalance_timeout_ms = rebalance_ms;
        }
        updated.topics = Arc::new(names(&subscription.topics));
        updated.expression = Some("".into());
        (updated.client_id, updated.client_host) = (client.id.into(), client.host().into());
        let session_timeout_ms = request.session_timeout_ms;
        updated.classic = Some(Arc::new(ClassicMember { session_timeout_ms, protocols }));
        let owned_partitions = owned_partitions(&subscription, cx);

        let fail = |refusal: Refusal| refusal.error;
        let have_names_changed = self.note_member(&before, &updated, records);
        let expression = self.update_expression(cx, client, &before, &updated, records).map_err(fail)?;
        let bumps = have_names_changed || expression != Update::None;
        let now = self.update_subscriptions(cx, bumps, &before, &updated, records);
        let rebalances = downgrades && self.assignment_epoch < now.epoch;
        if !rebalances {
            let target = if downgrades {
                self.last_target(&updated)
            } else {
                self.update_target(cx, now.epoch, &before, &updated, now.is_homogeneous, records).map_err(fail)?
            };
            let owned = Some(&*owned_partitions);
            updated = self.reconcile(cx, updated, &target, bumps, owned, records).map_err(fail)?;
        }
        let response = JoinGroupResponse {
            member_id: owned(&updated.id),
            generation_id: updated.epoch,
            protocol_type: Some(CONSUMER.into()),
            protocol_name: Some(owned(&first.name)),
            ..JoinGroupResponse::default()
        };
        Ok(match downgrades {
            true => Joined::Downgrade { response, member: Box::new(updated), rebalances },
            false => Joined::Member(response),
        })
    }

    /// Whether a member's protocols are supported by all that speak the classic protocol.
    fn supports(&self, request: &JoinGroupRequest<'_>, protocols: &[Protocol]) -> bool {
        let count = |name: &str| self.classic_protocols.get(name).copied().unwrap_or(0);
        *request.protocol_type == *CONSUMER && protocols.iter().any(|p| count(&p.name) == self.classic_members)
    }

    fn static_joiner(
        &self,
        id: &Arc<str>,
        instance_id: &str,
        is_new: bool,
        records: &mut Vec<Record>,
    ) -> Result<Member, ErrorCode> {
        let known = self.static_member(instance_id);
        if !is_new {
            let known = self.check_instance(known, id, instance_id).map_err(|refusal| refusal.error)?;
            return Ok(Member::clone(known));
        }
        Ok(match known {
            None => Member::new(Arc::clone(id)),
            Some(known) => self.replace_member(known, id, records),
        })
    }

    /// The member of the classic protocol that a request is of (`validateConsumerGroupMember`).
    fn classic_member(&self, id: &str, instance_id: Option<&str>) -> Result<(&Arc<Member>, &ClassicMember), ErrorCode> {
        let member = match instance_id {
            None => self.members.get(id).ok_or(ErrorCode::UnknownMemberId)?,
            Some(instance_id) => self
                .check_instance(self.static_member(instance_id), id, instance_id)
                .map_err(|refusal| refusal.error)?,
        };
        Ok((member, member.classic.as_deref().ok_or(ErrorCode::UnknownMemberId)?))
    }

    fn join_key(&self, member: &Arc<str>) -> TimerKey {
        TimerKey::MemberJoin { group: Arc::clone(&self.id), member: Arc::clone(member) }
    }

    fn sync_key(&self, member: &Arc<str>) -> TimerKey {
        TimerKey::MemberSync { group: Arc::clone(&self.id), member: Arc::clone(member) }
    }

    /// A member has so long to join again, counted from when it was told first.
    fn await_join(&self, cx: &mut Cx<'_>, member: &Member) {
        let key = self.join_key(&member.id);
        if !cx.timers.is_set(&key) {
            cx.set_timer(key, member.rebalance_timeout_ms, TimerAction::EndSession);
        }
    }

    /// The records of a member that joined are written: it has to sync.
    pub(in super::super) fn await_sync(&self, cx: &mut Cx<'_>, member: &Arc<str>, session_ms: i32, sync_ms: i32) {
        cx.timers.cancel(&self.join_key(member));
        self.set_session(cx, member, session_ms);
        cx.set_timer(self.sync_key(member), sync_ms, TimerAction::EndSession);
    }

    /// SyncGroup (`classicGroupSyncToConsumerGroup`).
    pub(in super::super) fn sync(
        &self,
        cx: &mut Cx<'_>,
        request: &SyncGroupRequest<'_>,
    ) -> Result<SyncGroupResponse<'static>, ErrorCode> {
        let (member, classic) = self.classic_member(&request.member_id, request.group_instance_id.as_deref())?;
        if member.epoch != request.generation_id {
            return Err(ErrorCode::IllegalGeneration);
        }
        let protocol = classic.protocol().ok_or(ErrorCode::UnknownServerError)?;
        let is_type = request.protocol_type.as_deref().is_none_or(|kind| kind == CONSUMER);
        if !is_type || request.protocol_name.as_deref().is_some_and(|name| name != &*protocol.name) {
            return Err(ErrorCode::InconsistentGroupProtocol);
        }
        if self.assignment_epoch > member.epoch && member.state != MemberState::Unrevoked {
            self.await_join(cx, member);
            return Err(ErrorCode::RebalanceInProgress);
        }
        let mut partitions = Partitions::default();
        for (id, epochs) in member.assigned.iter() {
            partitions.insert(*id, java::HashSet::set_of(epochs.keys().copied(), epochs.len()));
        }
        let assignment = protocol::write_assignment(&partitions, &protocol.metadata, cx.metadata);
        let assignment = assignment.ok_or(ErrorCode::UnknownServerError)?;
        cx.timers.cancel(&self.sync_key(&member.id));
        self.set_session(cx, &member.id, classic.session_timeout_ms);
        Ok(SyncGroupResponse {
            protocol_type: request.protocol_type.as_deref().map(owned),
            protocol_name: request.protocol_name.as_deref().map(owned),
            assignment: assignment.into(),
            ..SyncGroupResponse::default()
        })
    }

    /// Heartbeat: tells a member to join again where its assignment has changed (`classicGroupHeartbeatToConsumerGroup`).
    pub(in super::super) fn classic_heartbeat(
        &self,
        cx: &mut Cx<'_>,
        request: &HeartbeatRequest<'_>,
    ) -> Result<(), ErrorCode> {
        let (member, classic) = self.classic_member(&request.member_id, request.group_instance_id.as_deref())?;
        if member.epoch != request.generation_id {
            return Err(ErrorCode::IllegalGeneration);
        }
        self.set_session(cx, &member.id, classic.session_timeout_ms);
        let can_get_more = member.state == MemberState::Unreleased && !self.waits_for_others(member);
        if member.epoch < self.assignment_epoch || member.state == MemberState::Unrevoked || can_get_more {
            self.await_join(cx, member);
            return Err(ErrorCode::RebalanceInProgress);
        }
        Ok(())
    }

    /// Whether somebody still has a partition that a member is to have (`waitingOnUnreleasedPartition`).
    fn waits_for_others(&self, member: &Member) -> bool {
        let Some(target) = self.targets.get(&member.id) else { return false };
        target.iter().any(|(id, partitions)| {
            let has = |partition: &i32| member.assigned.get(id).is_some_and(|of_topic| of_topic.contains(partition));
            partitions.keys().any(|partition| !has(partition) && self.partition_epoch(*id, *partition).is_some())
        })
    }

    /// The member that LeaveGroup names, of either protocol.
    pub(in super::super) fn leaving(&self, identity: &MemberIdentity<'_>) -> Result<Arc<str>, ErrorCode> {
        let Some(instance_id) = identity.group_instance_id.as_deref() else {
            let member = self.members.get(identity.member_id.as_ref()).ok_or(ErrorCode::UnknownMemberId)?;
            return Ok(Arc::clone(&member.id));
        };
        let known = self.static_member(instance_id).ok_or(ErrorCode::UnknownMemberId)?;
        // An administrator names static members by their instance ids alone.
        if !identity.member_id.is_empty() && *known.id != *identity.member_id {
            return Err(ErrorCode::FencedInstanceId);
        }
        Ok(Arc::clone(&known.id))
    }
}

/// What a member says that it has, as far as the topics exist.
fn owned_partitions(subscription: &ConsumerProtocolSubscription<'_>, cx: &Cx<'_>) -> Vec<TopicPartitions> {
    let owned = subscription.owned_partitions.iter().filter_map(|owned| {
        let topic_id = cx.metadata.topic(&owned.topic)?.id;
        Some(TopicPartitions { topic_id, partitions: owned.partitions.clone(), ..TopicPartitions::default() })
    });
    owned.collect()
}
