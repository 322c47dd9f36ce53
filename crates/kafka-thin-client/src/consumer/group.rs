//! The part of a consumer that is a member of a group (`ConsumerCoordinator`).

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use kafka_rpc::ErrorCode;

use super::record::ConsumeError;
use super::{Consumer, Place, Position, Subscription};
use crate::group::assignors::{Assignor, MemberSubscription};
use crate::group::membership::{Membership, Step};
use crate::{Topic, TopicPartition};

/// How soon to look for topics that do not exist yet.
const ABSENT_TOPICS: Duration = Duration::from_millis(250);

impl Consumer {
    /// Joins, heartbeats, takes over assignments. Does not wait for the group.
    pub(super) fn drive_group(&mut self) -> Result<(), ConsumeError> {
        let Some(mut membership) = self.membership.take() else { return Ok(()) };
        let outcome = self.drive(&mut membership);
        self.membership = Some(membership);
        outcome
    }

    fn drive(&mut self, membership: &mut Membership) -> Result<(), ConsumeError> {
        self.watch_topics(membership)?;
        if membership.needs_join() {
            self.prepare_join(membership);
            let owned: Vec<TopicPartition> = self.positions.keys().cloned().collect();
            membership.join(&mut self.client, self.subscription.topics(), &owned)?;
        }
        match membership.poll(&mut self.client)? {
            Step::None => {}
            Step::Lead(assignor, members) => self.lead(membership, assignor, &members)?,
            Step::Assigned(partitions) => self.take_over(membership, partitions),
        }
        Ok(())
    }

    /// Gives up what a member may not keep while the group rebalances.
    fn prepare_join(&mut self, membership: &Membership) {
        let (generation, _) = membership.generation();
        if generation >= 0 && self.config.auto_commit {
            self.commit_quietly(membership);
        }
        if generation < 0 || !membership.is_cooperative() {
            self.positions.clear();
            self.drop_fetched();
        }
    }

    /// Assigns the group's partitions.
    fn lead(
        &mut self,
        membership: &mut Membership,
        assignor: Assignor,
        members: &[MemberSubscription],
    ) -> Result<(), ConsumeError> {
        let topics: BTreeSet<&str> =
            members.iter().flat_map(|member| member.topics.iter().map(String::as_str)).collect();
        let topics: Vec<&str> = topics.into_iter().collect();
        let auto_create = self.config.auto_create_topics;
        let counts = match self.client.fetch_topics(Some(&topics), auto_create) {
            Ok(topics) => partition_counts(&topics),
            Err(error) if error.is_retriable() => {
                membership.rejoin();
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        };
        let assignments = assignor.assign(&counts, members);
        self.led_by = Some(counts);
        Ok(membership.assign(&mut self.client, &assignments)?)
    }

    fn take_over(&mut self, membership: &mut Membership, partitions: Vec<TopicPartition>) {
        let assigned: BTreeSet<TopicPartition> = partitions.into_iter().collect();
        let revokes = self.positions.keys().any(|partition| !assigned.contains(partition));
        if revokes {
            if self.config.auto_commit {
                self.commit_quietly(membership);
            }
            self.positions.retain(|partition, _| assigned.contains(partition));
            self.drop_fetched();
            // The others get what was given up in another round.
            if membership.is_cooperative() {
                membership.rejoin();
            }
        }
        for partition in assigned {
            self.positions.entry(partition).or_insert(Position::new(Place::Committed));
        }
    }

    /// Looks for topics that have appeared or grown, and joins again for them.
    fn watch_topics(&mut self, membership: &mut Membership) -> Result<(), ConsumeError> {
        let now = Instant::now();
        if now < self.next_topics {
            return Ok(());
        }
        let led: Vec<String> = self.led_by.iter().flat_map(|counts| counts.keys().cloned()).collect();
        let names: BTreeSet<&str> = led.iter().chain(self.subscription.topics()).map(String::as_str).collect();
        let names: Vec<&str> = names.into_iter().collect();
        let all = matches!(self.subscription, Subscription::Pattern(..));
        let (wanted, auto_create) =
            if all { (None, false) } else { (Some(&names[..]), self.config.auto_create_topics) };
        let topics = match self.client.fetch_topics(wanted, auto_create) {
            Ok(topics) => topics,
            Err(error) if error.is_retriable() => {
                self.next_topics = now + self.config.retry_backoff;
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        };
        self.next_topics = now + self.config.metadata_max_age;
        if let Subscription::Pattern(matches, known) = &mut self.subscription {
            let excluded = self.config.exclude_internal_topics;
            let matching = topics.iter().filter(|topic| !(topic.is_internal && excluded) && matches(&topic.name));
            let mut matching: Vec<String> = matching.map(|topic| topic.name.clone()).collect();
            matching.sort_unstable();
            if *known != matching {
                *known = matching;
                if membership.is_stable() {
                    membership.rejoin();
                }
            }
        } else {
            check_names(&topics)?;
            if topics.iter().any(|topic| topic.error.is_some() || topic.partitions.is_empty()) {
                self.next_topics = now + ABSENT_TOPICS;
            }
        }
        let mut counts = partition_counts(&topics);
        let is_leader_of = |led: &BTreeMap<String, i32>| {
            counts.retain(|topic, _| led.contains_key(topic) || self.subscription.topics().contains(topic));
            counts != *led
        };
        if membership.is_stable() && self.led_by.as_ref().is_some_and(is_leader_of) {
            membership.rejoin();
        }
        Ok(())
    }
}

/// Errors of topics that no waiting helps against.
fn check_names(topics: &[Topic]) -> Result<(), ConsumeError> {
    let with = |code: ErrorCode| {
        let topics = topics.iter().filter(move |topic| topic.error == Some(code));
        topics.map(|topic| topic.name.clone()).collect::<Vec<String>>()
    };
    let invalid = with(ErrorCode::InvalidTopicException);
    if !invalid.is_empty() {
        return Err(ConsumeError::InvalidTopics(invalid));
    }
    let unauthorized = with(ErrorCode::TopicAuthorizationFailed);
    if !unauthorized.is_empty() {
        return Err(ConsumeError::UnauthorizedTopics(unauthorized));
    }
    Ok(())
}

fn partition_counts(topics: &[Topic]) -> BTreeMap<String, i32> {
    let known = topics.iter().filter(|topic| topic.error.is_none());
    known
        .map(|topic| (topic.name.clone(), i32::try_from(topic.partitions.len()).unwrap_or(i32::MAX)))
        .filter(|(_, count)| *count > 0)
        .collect()
}
