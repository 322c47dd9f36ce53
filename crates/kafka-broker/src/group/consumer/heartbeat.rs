//! ConsumerGroupHeartbeat of a member that joins or stays (`consumerGroupHeartbeat`).

use std::borrow::Cow;
use std::sync::Arc;

use kafka_rpc::ErrorCode;
use kafka_rpc::messages::consumer_group_heartbeat_request::TopicPartitions;
use kafka_rpc::messages::consumer_group_heartbeat_response::{Assignment, TopicPartitions as Assigned};
use kafka_rpc::messages::{ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse};

use super::super::classic::owned;
use super::super::outcome::Record;
use super::expression::Update;
use super::hash::group_hash;
use super::member::{Epochs, JOIN_EPOCH, Member, STATIC_LEAVE_EPOCH, names};
use super::subscription::is_homogeneous;
use super::{Client, ConsumerGroup, Cx, Refresh, Refusal};

/// Topics are looked at again after so long, if nothing says so earlier.
const REFRESH_INTERVAL_MS: i64 = i32::MAX as i64;

/// A heartbeat and where it comes from.
#[derive(Clone, Copy)]
pub(in super::super) struct Heartbeat<'a> {
    pub(in super::super) client: Client<'a>,
    pub(in super::super) request: &'a ConsumerGroupHeartbeatRequest<'a>,
}

impl Heartbeat<'_> {
    fn owned(&self) -> Option<&[TopicPartitions]> {
        self.request.topic_partitions.as_deref()
    }

    /// Whether a member says all about itself, as it does after it has lost an answer.
    fn is_full(&self) -> bool {
        let request = self.request;
        let is_subscribed = request.subscribed_topic_names.is_some() || request.subscribed_topic_regex.is_some();
        request.rebalance_timeout_ms != -1 && is_subscribed && request.topic_partitions.is_some()
    }
}

/// The epoch of the group, and what its members subscribe to, after a member has changed.
pub(super) struct Subscriptions {
    pub(super) epoch: i32,
    pub(super) is_homogeneous: bool,
}

impl ConsumerGroup {
    /// Takes the heartbeat of a member.
    pub(in super::super) fn heartbeat(
        &self,
        cx: &mut Cx<'_>,
        heartbeat: Heartbeat<'_>,
        records: &mut Vec<Record>,
    ) -> Result<ConsumerGroupHeartbeatResponse<'static>, Refusal> {
        let Heartbeat { client, request } = heartbeat;
        self.check_room(cx, &request.member_id)?;
        let member_id: Arc<str> =
            if request.member_id.is_empty() { random_id(cx).into() } else { request.member_id.as_ref().into() };
        let member = match request.instance_id.as_deref() {
            None => self.dynamic_member(&member_id, heartbeat)?,
            Some(instance_id) => self.static_member_for(&member_id, instance_id, heartbeat, records)?,
        };
        let mut updated = changed(&member, client, request);
        let have_names_changed = self.note_member(&member, &updated, records);
        let expression = self.update_expression(cx, client, &member, &updated, records)?;
        let has_subscription_changed = have_names_changed || expression != Update::None;
        let bumps = have_names_changed || expression == Update::Resolved;
        let subscriptions = self.update_subscriptions(cx, bumps, &member, &updated, records);
        let Subscriptions { epoch, is_homogeneous } = subscriptions;
        let target = self.update_target(cx, epoch, &member, &updated, is_homogeneous, records)?;
        updated = self.reconcile(cx, updated, &target, has_subscription_changed, heartbeat.owned(), records)?;
        let session_ms = cx.session_timeout_ms(&self.id);
        self.set_session(cx, &member_id, session_ms);
        let is_told = request.member_epoch == JOIN_EPOCH || heartbeat.is_full() || member.assigned != updated.assigned;
        Ok(ConsumerGroupHeartbeatResponse {
            member_id: Some(owned(&updated.id)),
            member_epoch: updated.epoch,
            heartbeat_interval_ms: cx.heartbeat_interval_ms(&self.id),
            assignment: is_told.then(|| assignment(&updated.assigned)),
            ..ConsumerGroupHeartbeatResponse::default()
        })
    }

    pub(super) fn check_room(&self, cx: &Cx<'_>, member_id: &str) -> Result<(), Refusal> {
        let max = cx.config.consumer_max_size;
        if self.members.len() >= max && (member_id.is_empty() || self.members.get(member_id).is_none()) {
            let message = format!("The consumer group has reached its maximum capacity of {max} members.");
            return Err(Refusal::new(ErrorCode::GroupMaxSizeReached, message));
        }
        Ok(())
    }

    fn dynamic_member(&self, id: &Arc<str>, heartbeat: Heartbeat<'_>) -> Result<Member, Refusal> {
        let epoch = heartbeat.request.member_epoch;
        match self.members.get(id) {
            Some(member) => {
                check_epoch(member, epoch, heartbeat.owned())?;
                Ok(Member::clone(member))
            }
            None if epoch == JOIN_EPOCH => {
                tracing::info!(group = &*self.id, member = &**id, "a member joins the consumer group");
                Ok(Member::new(Arc::clone(id)))
            }
            None => Err(Refusal::unknown_member(&self.id, id)),
        }
    }

    fn static_member_for(
        &self,
        id: &Arc<str>,
        instance_id: &str,
        heartbeat: Heartbeat<'_>,
        records: &mut Vec<Record>,
    ) -> Result<Member, Refusal> {
        let epoch = heartbeat.request.member_epoch;
        let known = self.static_member(instance_id);
        if epoch == JOIN_EPOCH {
            let Some(known) = known else {
                let member = self.members.get(id).map(|member| Member::clone(member));
                return Ok(member.unwrap_or_else(|| Member::new(Arc::clone(id))));
            };
            if known.classic.is_none() && known.epoch != STATIC_LEAVE_EPOCH {
                let message = format!(
                    "Static member {id} with instance id {instance_id} cannot join the group because the instance id is \
                     owned by {} member.",
                    known.id
                );
                return Err(Refusal::new(ErrorCode::UnreleasedInstanceId, message));
            }
            return Ok(self.replace_member(known, id, records));
        }
        let known = self.check_instance(known, id, instance_id)?;
        check_epoch(known, epoch, heartbeat.owned())?;
        Ok(Member::clone(known))
    }

    /// Puts a static member in the place of the one that had its instance id (`replaceMember`).
    pub(super) fn replace_member(&self, before: &Member, id: &Arc<str>, records: &mut Vec<Record>) -> Member {
        let member = Member { id: Arc::clone(id), epoch: JOIN_EPOCH, previous_epoch: JOIN_EPOCH, ..before.clone() };
        records.extend(self.member_tombstones(&before.id));
        records.push(self.member_record(&member));
        let target = self.targets.get(&before.id);
        let target = target.map_or_else(Vec::new, |target| super::super::assign::in_order(target));
        records.push(self.target_record(id, &target));
        records.push(self.current_record(&member));
        member
    }

    /// Refuses an instance id that is unknown, or that another member has.
    pub(super) fn check_instance<'m>(
        &self,
        known: Option<&'m Arc<Member>>,
        member_id: &str,
        instance_id: &str,
    ) -> Result<&'m Arc<Member>, Refusal> {
        let unknown = || Refusal::new(ErrorCode::UnknownMemberId, format!("Instance id {instance_id} is unknown."));
        let known = known.ok_or_else(unknown)?;
        if &*known.id != member_id {
            let message =
                format!("Static member {member_id} with instance id {instance_id} was fenced by member {}.", known.id);
            return Err(Refusal::new(ErrorCode::FencedInstanceId, message));
        }
        Ok(known)
    }

    /// Writes down what has changed of a member; whether it names other topics (`hasMemberSubscriptionChanged`).
    pub(super) fn note_member(&self, before: &Member, member: &Member, records: &mut Vec<Record>) -> bool {
        if before == member {
            return false;
        }
        records.push(self.member_record(member));
        before.topics != member.topics
    }

    /// Bumps the epoch where subscriptions or topics have changed (`updateSubscriptionMetadata`).
    pub(super) fn update_subscriptions(
        &self,
        cx: &Cx<'_>,
        mut bumps: bool,
        before: &Member,
        member: &Member,
        records: &mut Vec<Record>,
    ) -> Subscriptions {
        let refresh = self.refresh.get();
        let mut now = Subscriptions { epoch: self.epoch, is_homogeneous: self.is_homogeneous };
        if !bumps && cx.now_ms < refresh.deadline_ms && self.epoch >= refresh.epoch {
            return now;
        }
        let subscribed = self.subscribed_with(before, member);
        let expressions = self.expressions_with(before, member);
        let metadata_hash = group_hash(&subscribed, cx.metadata);
        let is_known = self.members.get(&member.id).is_some()
            || member.instance_id.as_ref().is_some_and(|id| self.static_members.contains_key(id));
        let count = self.members.len() + usize::from(!is_known);
        now.is_homogeneous = is_homogeneous(expressions.values().copied(), &subscribed, count);
        bumps |= metadata_hash != self.metadata_hash;
        if bumps {
            now.epoch = now.epoch.wrapping_add(1);
            records.push(self.epoch_record(now.epoch, metadata_hash));
        }
        self.refresh.set(Refresh { deadline_ms: cx.now_ms.saturating_add(REFRESH_INTERVAL_MS), epoch: now.epoch });
        if self.has_partition_metadata {
            records.push(self.partition_metadata_tombstone());
        }
        now
    }
}

/// A member id of its own (`Uuid.randomUuid`).
pub(super) fn random_id(cx: &mut Cx<'_>) -> String {
    // The id must not start with a dash, which command lines would take for an option.
    loop {
        let mut bits = (cx.random)();
        // A random UUID of version 4.
        bits = bits & !(0xf << 76) | 4 << 76;
        bits = bits & !(0b11 << 62) | 0b10 << 62;
        let id = kafka_rpc::Uuid(bits.to_be_bytes()).to_string();
        if !id.starts_with('-') {
            return id;
        }
    }
}

/// What a member is after its heartbeat; what it does not say stays.
fn changed(before: &Member, client: Client<'_>, request: &ConsumerGroupHeartbeatRequest<'_>) -> Member {
    let mut member = before.clone();
    let text = |new: &Option<Cow<'_, str>>, known: &Option<Arc<str>>| match new.as_deref() {
        Some(new) if known.as_deref() != Some(new) => Some(new.into()),
        _ => known.clone(),
    };
    member.instance_id = text(&request.instance_id, &before.instance_id);
    member.rack_id = text(&request.rack_id, &before.rack_id);
    if request.rebalance_timeout_ms != -1 {
        member.rebalance_timeout_ms = request.rebalance_timeout_ms;
    }
    member.assignor = text(&request.server_assignor, &before.assignor);
    if let Some(topics) = &request.subscribed_topic_names {
        member.topics = Arc::new(names(topics));
    }
    member.expression = text(&request.subscribed_topic_regex, &before.expression);
    let host = client.host();
    if *member.client_id != *client.id {
        member.client_id = client.id.into();
    }
    if *member.client_host != *host {
        member.client_host = host.into();
    }
    member.classic = None;
    member
}

/// Refuses epochs that are not the member's. The one before will do where the member has not got the last answer
/// (`throwIfConsumerGroupMemberEpochIsInvalid`).
fn check_epoch(member: &Member, epoch: i32, owned: Option<&[TopicPartitions]>) -> Result<(), Refusal> {
    let fenced = |what: &str| {
        let message = format!(
            "The consumer group member has a {what} member epoch ({epoch}) than the one known by the group coordinator \
             ({}). The member must abandon all its partitions and rejoin.",
            member.epoch
        );
        Err(Refusal::new(ErrorCode::FencedMemberEpoch, message))
    };
    if epoch == JOIN_EPOCH {
        return Ok(());
    }
    if epoch > member.epoch {
        return fenced("greater");
    }
    let has_only_assigned = || {
        owned.is_some_and(|owned| {
            owned.iter().all(|topic| {
                let known = member.assigned.get(&topic.topic_id);
                known.is_some_and(|known| topic.partitions.iter().all(|partition| known.contains(partition)))
            })
        })
    };
    if epoch < member.epoch && !(epoch == member.previous_epoch && has_only_assigned()) {
        return fenced("smaller");
    }
    Ok(())
}

fn assignment(assigned: &Epochs) -> Assignment {
    let topics = assigned.iter().map(|(id, partitions)| Assigned {
        topic_id: *id,
        partitions: partitions.keys().copied().collect(),
        ..Assigned::default()
    });
    Assignment { topic_partitions: topics.collect(), ..Assignment::default() }
}
