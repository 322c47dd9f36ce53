//! Consumer groups (KIP-848): members say what they have, and the coordinator says what they are to have (`ConsumerGroup`).
//!
//! A group changes by records alone: handlers look at it and write records, which take effect once they are written, or
//! when the log is replayed. Epochs are the clock: a change of subscriptions or topics bumps the group's epoch, an assignment is
//! made for an epoch, and each member moves to it when it has given up what others are to have.

mod check;
mod classic;
mod describe;
mod expression;
mod hash;
mod heartbeat;
mod leave;
mod member;
mod migrate;
mod protocol;
mod reconcile;
mod records;
mod refusal;
mod replay;
mod subscription;
mod target;

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use kafka_rpc::Uuid;
use kafka_rpc::messages::list_groups_response::ListedGroup;

use super::assign::{Owners, Partitions};
use super::classic::owned;
use super::java::{self, Timeline};
use super::timers::{TimerAction, TimerKey, Timers};
use super::{Client, GroupConfig, Metadata};
use expression::Resolved;
use member::Member;
use subscription::SubscriptionCount;

pub(super) use check::CommitCheck;
pub(super) use classic::Joined;
pub(super) use expression::{Resolution, ResolvedExpressions};
pub(super) use heartbeat::Heartbeat;
pub(super) use leave::{Leave, left};
pub(super) use refusal::Refusal;

/// The name of the protocol, and of the type.
pub(super) const CONSUMER: &str = "consumer";

/// The epochs with which a group starts.
const FIRST_EPOCH: i32 = 1;

/// What a group needs of its shard while it handles something.
pub(super) struct Cx<'a> {
    /// Settings.
    pub(super) config: &'a GroupConfig,
    /// Timers of the shard.
    pub(super) timers: &'a mut Timers,
    /// Makes 128 random bits.
    pub(super) random: &'a mut dyn FnMut() -> u128,
    /// The topics that there are.
    pub(super) metadata: &'a dyn Metadata,
    /// Expressions that are about to be resolved, by group.
    pub(super) resolving: &'a mut HashMap<Arc<str>, Arc<Resolution>>,
    /// `Metadata::version` when topics came last.
    pub(super) new_topics_version: i64,
    /// The time.
    pub(super) now_ms: i64,
}

impl Cx<'_> {
    fn session_timeout_ms(&self, group: &str) -> i32 {
        let own = self.metadata.group_setting(group, "consumer.session.timeout.ms");
        own.unwrap_or(self.config.consumer_session_timeout_ms)
    }

    fn heartbeat_interval_ms(&self, group: &str) -> i32 {
        let own = self.metadata.group_setting(group, "consumer.heartbeat.interval.ms");
        own.unwrap_or(self.config.consumer_heartbeat_interval_ms)
    }

    fn assignment_interval_ms(&self, group: &str) -> i32 {
        let own = self.metadata.group_setting(group, "consumer.assignment.interval.ms");
        own.unwrap_or(self.config.consumer_assignment_interval_ms)
    }

    fn set_timer(&mut self, key: TimerKey, delay_ms: i32, action: TimerAction) {
        self.timers.set(key, self.now_ms.saturating_add(delay_ms.into()), action);
    }
}

/// When the topics of a group are looked at again, and the epoch that was written when that was set.
#[derive(Clone, Copy, Debug, Default)]
struct Refresh {
    deadline_ms: i64,
    epoch: i32,
}

/// A consumer group.
#[derive(Debug)]
pub(super) struct ConsumerGroup {
    pub(super) id: Arc<str>,
    epoch: i32,
    /// Hash of the topics that are subscribed to.
    metadata_hash: i64,
    assignment_epoch: i32,
    /// When the assignment was made; 0 where it was not.
    assignment_timestamp: i64,
    members: Timeline<Arc<str>, Arc<Member>>,
    /// Member ids by instance id.
    static_members: HashMap<Arc<str>, Arc<str>>,
    /// How many members prefer an assignor.
    assignors: Timeline<Arc<str>, usize>,
    /// Who subscribes to a topic.
    subscribed: BTreeMap<Arc<str>, SubscriptionCount>,
    /// How many members subscribe by an expression.
    expressions: Timeline<Arc<str>, usize>,
    /// The topics that expressions stand for.
    resolved: Timeline<Arc<str>, Resolved>,
    /// Whether all members subscribed to the same topics when the last of them changed.
    is_homogeneous: bool,
    /// The epoch of the member that has a partition.
    partition_epochs: HashMap<Uuid, HashMap<i32, i32>>,
    /// What members are to have.
    targets: HashMap<Arc<str>, Arc<Partitions>>,
    /// Who is to have a partition.
    owners: Owners,
    classic_members: usize,
    /// How many members of the classic protocol support an assignor.
    classic_protocols: HashMap<Box<str>, usize>,
    /// There is a record of the subscribed topics, which versions before 4.1 wrote.
    has_partition_metadata: bool,
    refresh: Cell<Refresh>,
}

impl ConsumerGroup {
    pub(super) fn new(id: Arc<str>) -> Self {
        ConsumerGroup {
            id,
            epoch: FIRST_EPOCH,
            metadata_hash: 0,
            assignment_epoch: FIRST_EPOCH,
            assignment_timestamp: 0,
            members: Timeline::default(),
            static_members: HashMap::new(),
            assignors: Timeline::default(),
            subscribed: BTreeMap::new(),
            expressions: Timeline::default(),
            resolved: Timeline::default(),
            is_homogeneous: true,
            partition_epochs: HashMap::new(),
            targets: HashMap::new(),
            owners: HashMap::new(),
            classic_members: 0,
            classic_protocols: HashMap::new(),
            has_partition_metadata: false,
            refresh: Cell::default(),
        }
    }

    /// Whether the group has no members.
    pub(super) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// The state in ListGroups (`ConsumerGroupState`).
    pub(super) fn state(&self) -> &'static str {
        if self.is_empty() {
            "Empty"
        } else if self.epoch > self.assignment_epoch {
            "Assigning"
        } else if self.members.values().all(|member| member.is_reconciled_to(self.assignment_epoch)) {
            "Stable"
        } else {
            "Reconciling"
        }
    }

    pub(super) fn is_subscribed(&self, topic: &str) -> bool {
        self.subscribed.contains_key(topic)
    }

    /// Topics have changed: the next heartbeat looks at them.
    pub(super) fn request_refresh(&self) {
        self.refresh.set(Refresh::default());
    }

    /// One line of ListGroups.
    pub(super) fn list(&self) -> ListedGroup<'static> {
        ListedGroup {
            group_id: owned(&self.id),
            protocol_type: Cow::Borrowed(CONSUMER),
            group_state: Cow::Borrowed(self.state()),
            group_type: Cow::Borrowed(CONSUMER),
            ..ListedGroup::default()
        }
    }

    /// Starts the timers of a group that was loaded (`onLoaded`).
    pub(super) fn loaded(&self, cx: &mut Cx<'_>) {
        let session_ms = cx.session_timeout_ms(&self.id);
        for member in self.members.values() {
            self.set_session(cx, &member.id, session_ms);
            if member.state == member::MemberState::Unrevoked {
                self.set_rebalance(cx, member);
            }
        }
    }

    fn set_session(&self, cx: &mut Cx<'_>, member: &Arc<str>, timeout_ms: i32) {
        let key = TimerKey::Session { group: Arc::clone(&self.id), member: Arc::clone(member) };
        cx.set_timer(key, timeout_ms, TimerAction::EndSession);
    }

    fn rebalance_key(&self, member: &Arc<str>) -> TimerKey {
        TimerKey::Rebalance { group: Arc::clone(&self.id), member: Arc::clone(member) }
    }

    /// A member has so long to give up partitions.
    fn set_rebalance(&self, cx: &mut Cx<'_>, member: &Member) {
        let action = TimerAction::EndRebalance { epoch: member.epoch };
        cx.set_timer(self.rebalance_key(&member.id), member.rebalance_timeout_ms, action);
    }

    /// The member with an instance id.
    fn static_member(&self, instance_id: &str) -> Option<&Arc<Member>> {
        self.members.get(self.static_members.get(instance_id)?)
    }

    /// What a member is to have: one that comes back, what it had under its last id.
    fn target_of(&self, member: &Member) -> Option<&Arc<Partitions>> {
        let id = match &member.instance_id {
            None => &member.id,
            Some(instance_id) => self.static_members.get(instance_id)?,
        };
        self.targets.get(id)
    }

    /// The epoch of the member that has a partition.
    fn partition_epoch(&self, topic: Uuid, partition: i32) -> Option<i32> {
        self.partition_epochs.get(&topic)?.get(&partition).copied()
    }
}

/// The assignor that most members prefer; among equals the first in the order of `votes`.
fn preferred<'v>(votes: impl Iterator<Item = (&'v Arc<str>, &'v usize)>) -> Option<&'v Arc<str>> {
    let mut preferred: Option<(&Arc<str>, usize)> = None;
    for (name, count) in votes {
        if preferred.is_none_or(|(_, most)| *count > most) {
            preferred = Some((name, *count));
        }
    }
    preferred.map(|(name, _)| name)
}

/// Counts one more, or one less.
fn count<K: java::Key + Clone>(counts: &mut Timeline<K, usize>, key: &K, up: bool) {
    match (counts.get(key).copied().unwrap_or(0), up) {
        (known, true) => {
            counts.insert(key.clone(), known + 1);
        }
        (0 | 1, false) => {
            counts.remove(key);
        }
        (known, false) => {
            counts.insert(key.clone(), known - 1);
        }
    }
}
