//! Members that leave, and members that are fenced (`consumerGroupLeave`, `consumerGroupFenceMembers`).

use std::collections::BTreeMap;
use std::sync::Arc;

use kafka_rpc::messages::{ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse};

use super::super::classic::owned;
use super::super::java;
use super::super::outcome::Record;
use super::super::timers::TimerKey;
use super::hash::group_hash;
use super::member::{Epochs, Member, STATIC_LEAVE_EPOCH};
use super::subscription::SubscriptionCount;
use super::{ConsumerGroup, Cx, Refusal};

/// What comes of a heartbeat by which a member leaves.
pub(in super::super) enum Leave {
    /// The member goes.
    Member(Arc<str>),
    /// It will come back, and keeps its place for as long as its session lasts.
    Static(Record),
}

impl ConsumerGroup {
    /// Takes the heartbeat of a member that leaves, and says what to do.
    pub(in super::super) fn leave(&self, request: &ConsumerGroupHeartbeatRequest<'_>) -> Result<Leave, Refusal> {
        let id = request.member_id.as_ref();
        let Some(instance_id) = request.instance_id.as_deref() else {
            let member = self.members.get(id).ok_or_else(|| Refusal::unknown_member(&self.id, id))?;
            return Ok(Leave::Member(Arc::clone(&member.id)));
        };
        let member = self.check_instance(self.static_member(instance_id), id, instance_id)?;
        if request.member_epoch != STATIC_LEAVE_EPOCH {
            return Ok(Leave::Member(Arc::clone(&member.id)));
        }
        let mut away = Member::clone(member);
        away.epoch = STATIC_LEAVE_EPOCH;
        away.revoking = Arc::default();
        if !away.assigned.is_empty() {
            away.assigned = Arc::new(without_epochs(&away.assigned));
        }
        Ok(Leave::Static(self.current_record(&away)))
    }

    /// Whether a member is there.
    pub(in super::super) fn has_member(&self, id: &str) -> bool {
        self.members.get(id).is_some()
    }

    /// The epoch of a member.
    pub(in super::super) fn member_epoch(&self, id: &str) -> Option<i32> {
        Some(self.members.get(id)?.epoch)
    }

    /// Records that remove members, and bump the epoch; their timers stop. Ids are those of members, each once.
    pub(in super::super) fn fence(&self, cx: &mut Cx<'_>, ids: &[Arc<str>], records: &mut Vec<Record>) {
        if ids.is_empty() {
            return;
        }
        let mut subscribed = self.subscribed.clone();
        let mut expressions: BTreeMap<&Arc<str>, usize> = BTreeMap::new();
        for id in ids {
            records.extend(self.member_tombstones(id));
            let Some(member) = self.members.get(id) else { continue };
            SubscriptionCount::change_names(&mut subscribed, Some(member), None);
            if let Some(expression) = member.expression() {
                *expressions.entry(expression).or_default() += 1;
            }
        }
        for (expression, count) in expressions {
            if self.subscribers_of(expression) == count {
                records.push(self.expression_tombstone(expression));
                if let Some(resolved) = self.resolved.get(expression) {
                    SubscriptionCount::remove_resolved(&mut subscribed, resolved.topics.keys());
                }
            }
        }
        let metadata_hash = group_hash(&subscribed, cx.metadata);
        records.push(self.epoch_record(self.epoch.wrapping_add(1), metadata_hash));
        for id in ids {
            self.cancel_timers(cx, id);
        }
    }

    fn cancel_timers(&self, cx: &mut Cx<'_>, member: &Arc<str>) {
        let (group, member) = (&self.id, Arc::clone(member));
        for key in [
            TimerKey::Session { group: Arc::clone(group), member: Arc::clone(&member) },
            TimerKey::MemberJoin { group: Arc::clone(group), member: Arc::clone(&member) },
            TimerKey::MemberSync { group: Arc::clone(group), member: Arc::clone(&member) },
            self.rebalance_key(&member),
        ] {
            cx.timers.cancel(&key);
        }
    }
}

/// ConsumerGroupHeartbeat's answer to a member that leaves.
pub(in super::super) fn left(request: &ConsumerGroupHeartbeatRequest<'_>) -> ConsumerGroupHeartbeatResponse<'static> {
    ConsumerGroupHeartbeatResponse {
        member_id: Some(owned(&request.member_id)),
        member_epoch: request.member_epoch,
        ..ConsumerGroupHeartbeatResponse::default()
    }
}

/// The same partitions, as if the member had always had them (`resetAssignedPartitionsEpochsToZero`).
fn without_epochs(epochs: &Epochs) -> Epochs {
    let mut reset = Epochs::default();
    for (id, partitions) in epochs.iter() {
        let mut zero = java::HashMap::default();
        partitions.keys().for_each(|partition| zero.insert(*partition, 0));
        reset.insert(*id, zero);
    }
    reset
}
