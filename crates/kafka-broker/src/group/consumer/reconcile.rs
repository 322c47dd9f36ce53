//! What a member may have now, on its way to what it is to have (`CurrentAssignmentBuilder`).

use std::collections::HashSet;
use std::sync::Arc;

use kafka_rpc::messages::consumer_group_heartbeat_request::TopicPartitions;
use kafka_rpc::{ErrorCode, Uuid};

use super::super::java;
use super::super::outcome::Record;
use super::member::{Epochs, Member, MemberState};
use super::target::Target;
use super::{ConsumerGroup, Cx, Metadata, Refusal};

/// What the coordinator goes by.
struct Reconciliation<'a> {
    group: &'a ConsumerGroup,
    metadata: &'a dyn Metadata,
    member: &'a Member,
    target: &'a Target,
    has_subscription_changed: bool,
    /// What the member says that it has.
    owned: Option<&'a [TopicPartitions]>,
}

impl ConsumerGroup {
    /// Moves a member towards its target, as far as it and the others have given up what they are not to have.
    pub(super) fn reconcile(
        &self,
        cx: &mut Cx<'_>,
        member: Member,
        target: &Target,
        has_subscription_changed: bool,
        owned: Option<&[TopicPartitions]>,
        records: &mut Vec<Record>,
    ) -> Result<Member, Refusal> {
        if !has_subscription_changed && member.is_reconciled_to(target.epoch) {
            return Ok(member);
        }
        let going = Reconciliation {
            group: self,
            metadata: cx.metadata,
            member: &member,
            target,
            has_subscription_changed,
            owned,
        };
        let updated = going.build()?;
        if updated != member {
            records.push(self.current_record(&updated));
            if updated.classic.is_none() {
                if updated.state == MemberState::Unrevoked {
                    self.set_rebalance(cx, &updated);
                } else {
                    cx.timers.cancel(&self.rebalance_key(&updated.id));
                }
            }
        }
        Ok(updated)
    }
}

impl Reconciliation<'_> {
    fn build(&self) -> Result<Member, Refusal> {
        let member = self.member;
        Ok(match member.state {
            MemberState::Stable if member.epoch != self.target.epoch => self.next(member.epoch),
            MemberState::Unrevoked if !self.owns_any(&member.revoking) => self.next(member.epoch),
            MemberState::Stable | MemberState::Unrevoked if self.has_subscription_changed => {
                self.without_unsubscribed()
            }
            MemberState::Stable | MemberState::Unrevoked => member.clone(),
            MemberState::Unreleased => self.next(member.epoch),
            MemberState::Unknown if self.owned.is_some_and(<[_]>::is_empty) => self.next(self.target.epoch),
            MemberState::Unknown => {
                return Err(Refusal::new(
                    ErrorCode::FencedMemberEpoch,
                    "The consumer group member is in a unknown state. The member must abandon all its partitions and rejoin.",
                ));
            }
        })
    }

    /// Whether the member has, or may have, some of these partitions.
    fn owns_any(&self, epochs: &Epochs) -> bool {
        let Some(owned) = self.owned else { return true };
        owned.iter().any(|topic| {
            let known = epochs.get(&topic.topic_id);
            known.is_some_and(|known| topic.partitions.iter().any(|partition| known.contains(partition)))
        })
    }

    fn is_subscribed(&self, topic: Uuid) -> bool {
        let name = self.metadata.topic_name(topic);
        name.is_some_and(|name| self.group.subscription_of(self.member).contains(&name))
    }

    /// Takes topics that the member does not subscribe to any more; the rest stays until the next assignment.
    fn without_unsubscribed(&self) -> Member {
        let member = self.member;
        let (mut assigned, mut revoking);
        if self.group.subscription_of(member).is_empty() && member.revoking.is_empty() {
            (assigned, revoking) = (Epochs::default(), Epochs::clone(&member.assigned));
        } else {
            let gone: Vec<Uuid> = member.assigned.keys().filter(|id| !self.is_subscribed(**id)).copied().collect();
            if gone.is_empty() {
                return member.clone();
            }
            let copy = |epochs: &Epochs| Epochs::copy_of(epochs.iter().map(|(id, of)| (*id, of.clone())));
            (assigned, revoking) = (copy(&member.assigned), copy(&member.revoking));
            for id in gone {
                let Some(partitions) = assigned.remove(&id) else { continue };
                let pairs = || partitions.iter().map(|(partition, epoch)| (*partition, *epoch));
                match revoking.get(&id) {
                    None => {
                        revoking.compute(id, || partitions.clone());
                    }
                    Some(known) => {
                        let mut both =
                            java::HashMap::copy_of(known.iter().map(|(partition, epoch)| (*partition, *epoch)));
                        both.put_all(pairs());
                        revoking.insert(id, both);
                    }
                }
            }
        }
        let must_revoke = !revoking.is_empty() && self.owns_any(&revoking);
        let mut updated = member.clone();
        updated.advance_to(member.epoch);
        updated.assigned = Arc::new(assigned);
        if must_revoke {
            updated.state = MemberState::Unrevoked;
            updated.revoking = Arc::new(revoking);
        }
        updated
    }

    /// Compares what the member has with its target: what is too much goes first, then comes what is free.
    fn next(&self, epoch: i32) -> Member {
        let member = self.member;
        let mut topics =
            java::HashSet::set_of(self.target.assigned.iter().map(|(id, _)| *id), self.target.assigned.len());
        member.assigned.keys().for_each(|id| topics.add(*id));
        let (mut assigned, mut revoking) = (Epochs::default(), Epochs::default());
        let mut pending: java::HashMap<Uuid, java::HashSet<i32>> = java::HashMap::default();
        let mut has_unreleased = false;
        let empty = java::HashMap::default();
        let targets: std::collections::HashMap<Uuid, &[i32]> =
            self.target.assigned.iter().map(|(id, partitions)| (*id, &**partitions)).collect();
        for id in topics.keys() {
            let target = targets.get(id).copied().filter(|_| self.is_subscribed(*id)).unwrap_or_default();
            let current = member.assigned.get(id).unwrap_or(&empty);
            let wanted: HashSet<i32> = target.iter().copied().collect();
            let copy = || java::HashMap::copy_of(current.iter().map(|(partition, epoch)| (*partition, *epoch)));
            let (mut keeps, mut gives_up) = (copy(), copy());
            keeps.retain(|partition| wanted.contains(partition));
            gives_up.retain(|partition| !wanted.contains(partition));
            let mut gets = java::HashSet::set_of(target.iter().copied(), target.len());
            gets.retain(|partition| !keeps.contains(partition));
            let before = gets.len();
            // What the member itself has just given up is free.
            let own = member.revoking.get(id);
            gets.retain(|partition| {
                self.group.partition_epoch(*id, *partition).is_none() || own.is_some_and(|own| own.contains(partition))
            });
            has_unreleased |= gets.len() < before;
            if !keeps.is_empty() {
                assigned.insert(*id, keeps);
            }
            if !gives_up.is_empty() {
                revoking.insert(*id, gives_up);
            }
            if !gets.is_empty() {
                pending.insert(*id, gets);
            }
        }
        let mut updated = member.clone();
        if !revoking.is_empty() && self.owns_any(&revoking) {
            updated.advance_to(epoch);
            updated.state = MemberState::Unrevoked;
            (updated.assigned, updated.revoking) = (Arc::new(assigned), Arc::new(revoking));
            return updated;
        }
        for (id, gets) in pending.iter() {
            if let Some(partitions) = assigned.compute(*id, java::HashMap::default) {
                gets.keys().for_each(|partition| partitions.insert(*partition, self.target.epoch));
            }
        }
        updated.advance_to(self.target.epoch);
        updated.state = if has_unreleased { MemberState::Unreleased } else { MemberState::Stable };
        (updated.assigned, updated.revoking) = (Arc::new(assigned), Arc::default());
        updated
    }
}
