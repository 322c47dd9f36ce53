//! A consumer group as ConsumerGroupDescribe shows it (`ConsumerGroup.asDescribedGroup`).

use std::borrow::Cow;
use std::sync::Arc;

use kafka_rpc::Uuid;
use kafka_rpc::messages::consumer_group_describe_response as response;

use super::super::assign::Assignor;
use super::super::classic::owned;
use super::super::java;
use super::member::Member;
use super::{ConsumerGroup, Metadata, preferred};

impl ConsumerGroup {
    /// The group and its members; topics that do not exist any more are left out.
    pub(in super::super) fn describe(
        &self,
        default: Assignor,
        metadata: &dyn Metadata,
    ) -> response::DescribedGroup<'static> {
        response::DescribedGroup {
            group_id: owned(&self.id),
            group_state: Cow::Borrowed(self.state()),
            group_epoch: self.epoch,
            assignment_epoch: self.assignment_epoch,
            assignor_name: preferred(self.assignors.iter()).map_or(Cow::Borrowed(default.name()), |name| owned(name)),
            members: self.members.values().map(|member| self.describe_member(member, metadata)).collect(),
            ..response::DescribedGroup::default()
        }
    }

    fn describe_member(&self, member: &Member, metadata: &dyn Metadata) -> response::Member<'static> {
        let text = |text: &Option<Arc<str>>| text.as_deref().map(owned);
        let mut assigned: java::HashMap<Uuid, response::TopicPartitions<'static>> = java::HashMap::default();
        for (id, partitions) in member.assigned.iter().chain(member.revoking.iter()) {
            let Some(name) = metadata.topic_name(*id) else { continue };
            if let Some(topic) = assigned.compute(*id, || topic(*id, name)) {
                topic.partitions.extend(partitions.keys());
            }
        }
        let target = self.targets.get(&member.id).into_iter().flat_map(|target| target.iter());
        let target = target.filter_map(|(id, partitions)| {
            let mut topic = topic(*id, metadata.topic_name(*id)?);
            topic.partitions.extend(partitions.keys());
            Some(topic)
        });
        response::Member {
            member_id: owned(&member.id),
            instance_id: text(&member.instance_id),
            rack_id: text(&member.rack_id),
            member_epoch: member.epoch,
            client_id: owned(&member.client_id),
            client_host: owned(&member.client_host),
            subscribed_topic_names: member.topics.keys().map(|name| owned(name)).collect(),
            subscribed_topic_regex: text(&member.expression),
            assignment: assignment(assigned.into_values()),
            target_assignment: assignment(target.collect()),
            member_type: i8::from(member.classic.is_none()),
            ..response::Member::default()
        }
    }
}

fn topic(topic_id: Uuid, name: String) -> response::TopicPartitions<'static> {
    response::TopicPartitions { topic_id, topic_name: Cow::Owned(name), ..Default::default() }
}

fn assignment(topic_partitions: Vec<response::TopicPartitions<'static>>) -> response::Assignment<'static> {
    response::Assignment { topic_partitions, ..response::Assignment::default() }
}
