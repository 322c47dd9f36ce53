//! Offsets that are kept long enough, and groups that have none left (`cleanupGroupMetadata`).

use std::sync::Arc;

use super::super::classic::RetentionBase;
use super::super::offsets::Committed;
use super::super::outcome::{Outcome, Record};
use super::super::timers::{TimerAction, TimerKey};
use super::{Group, Shard};

impl<T: Copy> Shard<T> {
    pub(super) fn set_retention_timer(&mut self, now_ms: i64) {
        let deadline = now_ms.saturating_add(self.config.offsets_retention_check_interval_ms);
        self.timers.set(TimerKey::Retention, deadline, TimerAction::RemoveExpired);
    }

    /// Writes tombstones of expired offsets, and of groups without members and offsets.
    pub(super) fn remove_expired(&mut self, now_ms: i64, out: &mut Outcome<T>) {
        let mut ids: Vec<_> = self.groups.keys().cloned().collect();
        ids.sort_unstable();
        for id in ids {
            let Some(group) = self.groups.get(&id) else { continue };
            if group.never_expires() {
                continue;
            }
            let all_expired = self.remove_expired_offsets(&id, group, now_ms, &mut out.records);
            if all_expired && group.is_empty() {
                group.push_tombstones(&mut out.records);
            }
        }
        out.may_split = true;
        self.set_retention_timer(now_ms);
    }

    fn remove_expired_offsets(&self, id: &Arc<str>, group: &Group<T>, now_ms: i64, records: &mut Vec<Record>) -> bool {
        let has_pending = self.offsets.has_pending(id);
        let Some(offsets) = self.offsets.group(id) else { return !has_pending };
        let Some(base) = group.retention_base() else { return false };
        let retention_ms = self.config.offsets_retention_ms;
        let is_expired = |offset: &Committed| match (offset.expire_timestamp, base) {
            (Some(expire), _) => now_ms >= expire,
            (None, RetentionBase::At(timestamp)) => now_ms.saturating_sub(timestamp) >= retention_ms,
            (None, RetentionBase::Commit) => now_ms.saturating_sub(offset.commit_timestamp) >= retention_ms,
        };
        let mut all = true;
        for (topic, partitions) in offsets {
            if group.is_subscribed(topic) {
                all = false;
                continue;
            }
            for (partition, offset) in partitions {
                if is_expired(offset) && !self.offsets.is_pending(id, topic, *partition) {
                    let (group, topic, partition) = (Arc::clone(id), Arc::clone(topic), *partition);
                    records.push(Record::Offset { group, topic, partition, committed: None });
                } else {
                    all = false;
                }
            }
        }
        all && !has_pending
    }
}
