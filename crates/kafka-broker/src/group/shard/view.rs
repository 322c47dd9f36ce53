//! DescribeGroups and ListGroups.

use std::borrow::Cow;

use kafka_rpc::ErrorCode;
use kafka_rpc::messages::consumer_group_describe_response;
use kafka_rpc::messages::describe_groups_response::DescribedGroup;
use kafka_rpc::messages::list_groups_response::ListedGroup;

use super::super::GroupCounts;
use super::super::classic::{State, owned};
use super::{Group, Shard};

impl<T: Copy> Shard<T> {
    /// A classic group; one that is not there, or not a classic one, is dead (`describeGroups`).
    pub(in super::super) fn describe(&self, group_id: &str, version: i16) -> DescribedGroup<'static> {
        let message = match self.groups.get(group_id) {
            Some(Group::Classic(group)) => return group.describe(),
            Some(Group::Consumer(_) | Group::Modern(_)) => format!("Group {group_id} is not a classic group."),
            None => format!("Group {group_id} not found."),
        };
        let dead = DescribedGroup {
            group_id: owned(group_id),
            group_state: Cow::Borrowed("Dead"),
            ..DescribedGroup::default()
        };
        if version < 6 {
            return dead;
        }
        let error_code = ErrorCode::GroupIdNotFound.code();
        DescribedGroup { error_code, error_message: Some(Cow::Owned(message)), ..dead }
    }

    /// A consumer group (`consumerGroupDescribe`).
    pub(in super::super) fn describe_consumer_group(
        &self,
        group_id: &str,
    ) -> consumer_group_describe_response::DescribedGroup<'static> {
        let message = match self.groups.get(group_id) {
            Some(Group::Consumer(group)) => {
                return group.describe(self.config.default_assignor(), &*self.metadata);
            }
            Some(_) => format!("Group {group_id} is not a consumer group."),
            None => format!("Group {group_id} not found."),
        };
        consumer_group_describe_response::DescribedGroup {
            group_id: owned(group_id),
            error_code: ErrorCode::GroupIdNotFound.code(),
            error_message: Some(Cow::Owned(message)),
            ..Default::default()
        }
    }

    /// Adds what there is in this partition.
    pub(in super::super) fn count(&self, counts: &mut GroupCounts) {
        counts.offsets += self.offsets.len();
        for group in self.groups.values() {
            counts.consumer += usize::from(matches!(group, Group::Consumer(_)));
            let Group::Classic(group) = group else { continue };
            counts.classic += 1;
            *match group.state() {
                State::Empty => &mut counts.empty,
                State::PreparingRebalance => &mut counts.preparing_rebalance,
                State::CompletingRebalance => &mut counts.completing_rebalance,
                State::Stable => &mut counts.stable,
            } += 1;
        }
    }

    /// The groups in one of the states and of one of the types; no states are all, and so are no types (`listGroups`).
    pub(in super::super) fn list(&self, states: &[String], types: &[String]) -> Vec<ListedGroup<'static>> {
        let fits = |wanted: &[String], found: &str| {
            wanted.is_empty() || wanted.iter().any(|name| name.eq_ignore_ascii_case(found))
        };
        let listed = self.groups.values().map(|group| match group {
            Group::Classic(group) => group.list(),
            Group::Consumer(group) => group.list(),
            Group::Modern(group) => group.list(),
        });
        listed.filter(|group| fits(states, &group.group_state) && fits(types, &group.group_type)).collect()
    }
}
