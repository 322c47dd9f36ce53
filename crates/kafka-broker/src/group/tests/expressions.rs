//! Which topics expressions stand for where rights are limited.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use kafka_rpc::messages::{ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse};
use kafka_rpc::{ApiKey, ErrorCode};

use super::super::consumer::Heartbeat;
use super::super::outcome::Outcome;
use super::super::shard::Shard;
use super::super::{Client, GroupConfig, Reply};
use super::topics::FakeTopics;
use crate::security::authorizer::Requester;

const TOPICS: [(&str, i32); 3] = [("t0", 1), ("t1", 1), ("u3", 1)];

struct Group {
    shard: Shard<u32>,
    now_ms: i64,
    offset: i64,
}

impl Group {
    fn new() -> Self {
        let mut shard = Shard::new(Arc::new(GroupConfig::default()), Box::new(|| 1), FakeTopics::new(&TOPICS));
        shard.loaded(0);
        Group { shard, now_ms: 1, offset: 0 }
    }

    fn write(&mut self, outcome: Outcome<u32>) -> Option<Reply> {
        let replies = if outcome.records.is_empty() {
            self.shard.hold(outcome)
        } else {
            let count = outcome.records.len() as i64;
            self.shard.appended(outcome, self.offset, self.now_ms);
            self.offset += count;
            self.shard.committed(self.offset, self.now_ms)
        };
        replies.into_iter().map(|(_, reply)| reply).next()
    }

    fn heartbeat(
        &mut self,
        who: Option<&str>,
        member: &'static str,
        epoch: i32,
        expression: Option<&'static str>,
    ) -> ConsumerGroupHeartbeatResponse<'static> {
        let request = ConsumerGroupHeartbeatRequest {
            group_id: "g".into(),
            member_id: member.into(),
            member_epoch: epoch,
            rebalance_timeout_ms: if epoch == 0 { 60_000 } else { -1 },
            subscribed_topic_regex: expression.map(Into::into),
            topic_partitions: (epoch == 0).then(Vec::new),
            ..Default::default()
        };
        let api = ApiKey::ConsumerGroupHeartbeat;
        let requester = who.map(|who| Requester { principal: who.to_owned(), host: "127.0.0.1".to_owned(), api });
        let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let client = Client { version: 1, id: "c", address, requester: requester.as_ref() };
        let outcome = self.shard.consumer_group_heartbeat(Heartbeat { client, request: &request }, 1, self.now_ms);
        let Some(Reply::ConsumerGroupHeartbeat(response)) = self.write(outcome) else { panic!("no answer") };
        assert_eq!(response.error_code, ErrorCode::None.code(), "{response:?}");
        response
    }

    /// Resolves what is to be resolved, and waits until that can be asked for again.
    fn resolve(&mut self) {
        while let Some(outcome) = self.shard.expire_and_resolve(self.now_ms) {
            self.write(outcome);
        }
        self.now_ms += 11_000;
    }
}

/// The digits of the topics that a member is told to have.
fn told(response: &ConsumerGroupHeartbeatResponse<'_>) -> String {
    let assignment = response.assignment.as_ref().expect("an assignment");
    let mut digits: Vec<char> =
        assignment.topic_partitions.iter().map(|topic| char::from(topic.topic_id.0[15])).collect();
    digits.sort_unstable();
    digits.into_iter().collect()
}

#[test]
fn an_expression_stands_for_topics_that_may_be_described() {
    for (who, expected) in [(None, "013"), (Some("User:t"), "01"), (Some("User:u"), "3")] {
        let mut group = Group::new();
        let joined = group.heartbeat(who, "a", 0, Some(".*"));
        assert_eq!(told(&joined), "", "nothing is resolved yet");
        group.resolve();
        let stays = group.heartbeat(who, "a", joined.member_epoch, None);
        assert_eq!(told(&stays), expected, "{who:?}");
    }
}

/// As in Kafka, which resolves all expressions of a group with the rights of one request.
#[test]
fn the_request_that_asks_for_the_resolution_decides_for_all_members() {
    let mut group = Group::new();
    let joined = group.heartbeat(Some("User:t"), "a", 0, Some(".*"));
    group.resolve();
    let stays = group.heartbeat(Some("User:t"), "a", joined.member_epoch, None);
    assert_eq!(told(&stays), "01");
    group.heartbeat(Some("User:u"), "b", 0, Some("u."));
    group.resolve();
    let gives_up = group.heartbeat(Some("User:t"), "a", stays.member_epoch, None);
    assert_eq!(told(&gives_up), "");
}

#[test]
fn expressions_are_matched_outside_of_the_shard_which_serves_meanwhile() {
    let mut group = Group::new();
    let joined = group.heartbeat(None, "a", 0, Some("t."));
    let outcome = group.shard.expire(group.now_ms).unwrap();
    assert!(outcome.records.is_empty(), "nothing is matched yet");
    let (id, resolution) = outcome.resolution.unwrap();
    let other = group.heartbeat(None, "b", 0, Some("u."));
    assert_eq!(told(&other), "", "its expression has to wait for its turn");
    let resolved = resolution.run(&*FakeTopics::new(&TOPICS), group.now_ms);
    let outcome = group.shard.expressions_resolved(&id, &resolution, &resolved, group.now_ms);
    group.write(outcome);
    let stays = group.heartbeat(None, "a", joined.member_epoch, None);
    assert_eq!(told(&stays), "01");
    // A result that is not waited for any more has no effect.
    let again = group.shard.expressions_resolved(&id, &resolution, &resolved, group.now_ms);
    assert!(again.records.is_empty());
}
