//! ConsumerGroupHeartbeat: which group it goes to, and what comes of it.

use std::sync::Arc;

use kafka_rpc::messages::{ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse};

use super::super::Reply;
use super::super::consumer::{ConsumerGroup, Cx, Heartbeat, Leave, Refusal, Resolution, ResolvedExpressions, left};
use super::super::outcome::Outcome;
use super::super::timers::TimerAction;
use super::{Group, Shard};

/// Epochs from which on members join or stay; below that they leave.
const JOINS_OR_STAYS: i32 = 0;

impl<T: Copy> Shard<T> {
    /// ConsumerGroupHeartbeat.
    pub(in super::super) fn consumer_group_heartbeat(
        &mut self,
        heartbeat: Heartbeat<'_>,
        ticket: T,
        now_ms: i64,
    ) -> Outcome<T> {
        let mut out = Outcome::default();
        let handled = if heartbeat.request.member_epoch >= JOINS_OR_STAYS {
            self.join_or_stay(heartbeat, now_ms, &mut out)
        } else {
            self.leave(heartbeat.request, now_ms, &mut out)
        };
        let reply = handled.map(Reply::ConsumerGroupHeartbeat).unwrap_or_else(|refusal| {
            out.records.clear();
            refusal.heartbeat()
        });
        out.replies.push((ticket, reply));
        out
    }

    fn join_or_stay(
        &mut self,
        heartbeat: Heartbeat<'_>,
        now_ms: i64,
        out: &mut Outcome<T>,
    ) -> Result<ConsumerGroupHeartbeatResponse<'static>, Refusal> {
        let id = heartbeat.request.group_id.as_ref();
        let joins = heartbeat.request.member_epoch == 0;
        let made;
        let group = match self.groups.get(id) {
            Some(Group::Consumer(group)) => &**group,
            Some(Group::Classic(group)) if joins && group.is_empty() => {
                group.cancel_timers(&mut self.timers);
                self.groups.get(id).into_iter().for_each(|group| group.push_tombstones(&mut out.records));
                made = ConsumerGroup::new(id.into());
                &made
            }
            Some(Group::Classic(_)) if joins => {
                made = self.upgrade(id, now_ms, out)?;
                &made
            }
            None if joins => {
                made = ConsumerGroup::new(id.into());
                &made
            }
            Some(_) => return Err(Refusal::group_not_found(format!("Group {id} is not a consumer group."))),
            None => return Err(Refusal::group_not_found(format!("Consumer group {id} not found."))),
        };
        let mut cx = Cx {
            config: &self.config,
            timers: &mut self.timers,
            random: &mut *self.random,
            metadata: &*self.metadata,
            resolving: &mut self.resolving,
            new_topics_version: self.new_topics_version,
            now_ms,
        };
        group.heartbeat(&mut cx, heartbeat, &mut out.records)
    }

    fn leave(
        &mut self,
        request: &ConsumerGroupHeartbeatRequest<'_>,
        now_ms: i64,
        out: &mut Outcome<T>,
    ) -> Result<ConsumerGroupHeartbeatResponse<'static>, Refusal> {
        let id = request.group_id.as_ref();
        let group = match self.groups.get(id) {
            Some(Group::Consumer(group)) => group,
            Some(_) => return Err(Refusal::group_not_found(format!("Group {id} is not a consumer group."))),
            None => return Err(Refusal::group_not_found(format!("Group {id} not found."))),
        };
        match group.leave(request)? {
            Leave::Static(record) => out.records.push(record),
            Leave::Member(member) => self.fence(id, &[member], now_ms, out)?,
        }
        Ok(left(request))
    }

    /// A timer of a member of a consumer group is due.
    pub(super) fn end_time_of(
        &mut self,
        group_id: &str,
        member: &Arc<str>,
        action: TimerAction,
        now_ms: i64,
        out: &mut Outcome<T>,
    ) {
        let Some(Group::Consumer(group)) = self.groups.get(group_id) else { return };
        let is_due = match action {
            TimerAction::EndRebalance { epoch } => group.member_epoch(member) == Some(epoch),
            _ => group.has_member(member),
        };
        if is_due {
            tracing::info!(
                group = group_id,
                member = &**member,
                ?action,
                "a member is removed from the consumer group"
            );
            if self.fence(group_id, std::slice::from_ref(member), now_ms, out).is_err() {
                tracing::warn!(group = group_id, "a consumer group cannot become a classic one");
            }
        }
    }

    /// The expressions of a group are resolved (`Outcome::resolution`).
    pub(in super::super) fn expressions_resolved(
        &mut self,
        group: &str,
        resolution: &Arc<Resolution>,
        resolved: &ResolvedExpressions,
        now_ms: i64,
    ) -> Outcome<T> {
        let mut out = Outcome::default();
        // The partition may have been loaded again meanwhile, which forgets what was asked for before.
        if self.resolving.get(group).is_some_and(|current| Arc::ptr_eq(current, resolution)) {
            self.resolving.remove(group);
            self.with_consumer(group, now_ms, |group, cx| group.resolve(cx, resolved, &mut out.records));
        }
        out
    }

    /// As [`Shard::expire`]; expressions are resolved at once.
    #[cfg(test)]
    pub(in super::super) fn expire_and_resolve(&mut self, now_ms: i64) -> Option<Outcome<T>> {
        let mut out = self.expire(now_ms)?;
        if let Some((group, resolution)) = out.resolution.take() {
            let resolved = resolution.run(&*self.metadata, now_ms);
            out.records = self.expressions_resolved(&group, &resolution, &resolved, now_ms).records;
        }
        Some(out)
    }

    /// Topics are new, changed or gone: groups that subscribe to them look at them with the next heartbeat.
    pub(in super::super) fn topics_changed(&mut self, names: &[&str], has_new: bool) {
        if has_new {
            self.new_topics_version = self.metadata.version();
        }
        for group in self.groups.values() {
            if let Group::Consumer(group) = group
                && names.iter().any(|name| group.is_subscribed(name))
            {
                group.request_refresh();
            }
        }
    }

    /// Does something with a consumer group, if there is one with this id.
    pub(super) fn with_consumer<R>(
        &mut self,
        id: &str,
        now_ms: i64,
        act: impl FnOnce(&ConsumerGroup, &mut Cx<'_>) -> R,
    ) -> Option<R> {
        let Some(Group::Consumer(group)) = self.groups.get(id) else { return None };
        let mut cx = Cx {
            config: &self.config,
            timers: &mut self.timers,
            random: &mut *self.random,
            metadata: &*self.metadata,
            resolving: &mut self.resolving,
            new_topics_version: self.new_topics_version,
            now_ms,
        };
        Some(act(group, &mut cx))
    }
}
