//! A consumer group as ConsumerGroupDescribe shows it (`ConsumerGroup.asDescribedGroup`).

use std::borrow::Cow;
use std::collections::BTreeMap;

use kafka_rpc::Uuid;
use kafka_rpc::messages::consumer_group_describe_response as response;

use super::super::Topics;
use super::super::classic::owned;
use super::{Member, ModernGroup};

/// The assignor of a group whose members name none (the first of `group.consumer.assignors`).
const DEFAULT_ASSIGNOR: &str = "uniform";

impl ModernGroup {
    /// The group and its members; topics that do not exist any more are left out.
    pub(in super::super) fn describe(&self, topics: &dyn Topics) -> response::DescribedGroup<'static> {
        response::DescribedGroup {
            group_id: owned(&self.id),
            group_state: Cow::Borrowed(self.state()),
            group_epoch: self.epoch,
            assignment_epoch: self.assignment_epoch,
            assignor_name: self.assignor().map_or(Cow::Borrowed(DEFAULT_ASSIGNOR), owned),
            members: self.members.iter().map(|(id, member)| self.describe_member(id, member, topics)).collect(),
            ..response::DescribedGroup::default()
        }
    }

    /// The assignor that most members prefer.
    fn assignor(&self) -> Option<&str> {
        let mut votes: BTreeMap<&str, usize> = BTreeMap::new();
        for assignor in self.members.values().filter_map(|member| member.assignor.as_deref()) {
            *votes.entry(assignor).or_default() += 1;
        }
        votes.into_iter().max_by_key(|(_, count)| *count).map(|(name, _)| name)
    }

    fn describe_member(&self, id: &str, member: &Member, topics: &dyn Topics) -> response::Member<'static> {
        let text = |text: &Option<Box<str>>| text.as_deref().map(owned);
        response::Member {
            member_id: owned(id),
            instance_id: text(&member.instance_id),
            rack_id: text(&member.rack_id),
            member_epoch: member.epoch,
            client_id: owned(&member.client_id),
            client_host: owned(&member.client_host),
            subscribed_topic_names: member.topics.iter().map(|name| owned(name)).collect(),
            subscribed_topic_regex: text(&member.topic_regex),
            assignment: assignment(Some(&member.assigned), topics),
            target_assignment: assignment(self.targets.get(id), topics),
            member_type: i8::from(!member.is_classic),
            ..response::Member::default()
        }
    }
}

fn assignment(partitions: Option<&BTreeMap<Uuid, Vec<i32>>>, topics: &dyn Topics) -> response::Assignment<'static> {
    let named = partitions.into_iter().flatten().filter_map(|(id, partitions)| {
        let topic_name = Cow::Owned(topics.topic_name(*id)?);
        let partitions = partitions.clone();
        Some(response::TopicPartitions { topic_id: *id, topic_name, partitions, ..Default::default() })
    });
    response::Assignment { topic_partitions: named.collect(), ..response::Assignment::default() }
}
