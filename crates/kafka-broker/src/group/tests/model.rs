//! Members of a consumer group in simulated time: they crash, pause, leave, come back and change what they subscribe to, while topics grow.
//!
//! What must hold whatever they do: no partition is with two members of the group, none commits what it has lost, and once they are left
//! alone every partition of a topic that somebody subscribes to has one owner.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use fastrand::Rng;
use kafka_rpc::messages::consumer_group_heartbeat_request::TopicPartitions;
use kafka_rpc::messages::offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use kafka_rpc::messages::*;
use kafka_rpc::{ErrorCode, Uuid};

use super::super::consumer::Heartbeat;
use super::super::outcome::Outcome;
use super::super::resolve::Resolved;
use super::super::shard::Shard;
use super::super::{Client, GroupConfig, Reply};
use super::seeds;
use super::topics::{FakeTopics, topic_id};

const GROUP: &str = "g";
const NAMES: [&str; 3] = ["t0", "t1", "t2"];

/// A member as its client sees it.
struct Member {
    id: String,
    instance: Option<String>,
    epoch: i32,
    topics: Vec<&'static str>,
    has_new_topics: bool,
    /// What it reads.
    owned: BTreeSet<(Uuid, i32)>,
    /// Sends nothing until then.
    paused_until: i64,
}

struct World {
    rng: Rng,
    shard: Shard<u32>,
    topics: Arc<FakeTopics>,
    members: Vec<Member>,
    now_ms: i64,
    offset: i64,
    named: u64,
    /// Static members whose clients have gone, and may come back.
    away: Vec<(String, Vec<&'static str>)>,
}

impl World {
    fn new(seed: u64) -> Self {
        let topics = FakeTopics::new(&[("t0", 4), ("t1", 3)]);
        let mut bits = 0u128;
        let random = Box::new(move || {
            bits += 1;
            bits
        });
        let mut shard = Shard::new(Arc::new(GroupConfig::default()), random, Arc::clone(&topics) as _);
        shard.loaded(0);
        World {
            rng: Rng::with_seed(seed),
            shard,
            topics,
            members: Vec::new(),
            now_ms: 1,
            offset: 0,
            named: 0,
            away: Vec::new(),
        }
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

    fn heartbeat(&mut self, at: usize) {
        let member = &mut self.members[at];
        let joins = member.epoch == 0;
        let says_all = joins || member.has_new_topics;
        let mut owned: BTreeMap<Uuid, Vec<i32>> = BTreeMap::new();
        member.owned.iter().for_each(|(id, partition)| owned.entry(*id).or_default().push(*partition));
        let owned = owned.into_iter().map(|(topic_id, partitions)| TopicPartitions {
            topic_id,
            partitions,
            ..Default::default()
        });
        let request = ConsumerGroupHeartbeatRequest {
            group_id: GROUP.into(),
            member_id: member.id.clone().into(),
            instance_id: member.instance.clone().map(Into::into),
            member_epoch: member.epoch,
            rebalance_timeout_ms: if joins { 60_000 } else { -1 },
            subscribed_topic_names: says_all.then(|| member.topics.iter().map(|name| (*name).into()).collect()),
            topic_partitions: Some(owned.collect()),
            ..Default::default()
        };
        member.has_new_topics = false;
        let client = Client { version: 1, id: "c", address: IpAddr::V4(Ipv4Addr::LOCALHOST), requester: None };
        let outcome = self.shard.consumer_group_heartbeat(Heartbeat { client, request: &request }, 1, self.now_ms);
        let Some(Reply::ConsumerGroupHeartbeat(response)) = self.write(outcome) else { panic!("no answer") };
        let member = &mut self.members[at];
        if response.error_code != ErrorCode::None.code() {
            // Fenced, or removed in the meantime: it gives up everything and joins anew. A static member has to wait until the
            // session of its former process has ended.
            assert!(!joins || response.error_code == ErrorCode::UnreleasedInstanceId.code(), "{response:?}");
            member.owned.clear();
            member.epoch = 0;
            return;
        }
        member.epoch = response.member_epoch;
        if let Some(assignment) = response.assignment {
            let topics = assignment.topic_partitions.iter();
            member.owned = topics.flat_map(|t| t.partitions.iter().map(|partition| (t.topic_id, *partition))).collect();
        }
        self.check_owners();
    }

    /// Members that the group still knows must not share a partition.
    fn check_owners(&self) {
        let described = self.shard.describe_consumer_group(GROUP);
        let known: BTreeMap<&str, i32> =
            described.members.iter().map(|member| (member.member_id.as_ref(), member.member_epoch)).collect();
        let mut owners = BTreeMap::new();
        for member in self.members.iter().filter(|member| known.contains_key(&*member.id) && member.epoch > 0) {
            for partition in &member.owned {
                let other = owners.insert(*partition, &member.id);
                assert_eq!(other, None, "{partition:?} is also with {}", member.id);
            }
        }
    }

    /// A commit of one partition, with an epoch; the error.
    fn commit(&mut self, id: &str, epoch: i32, (topic_id, partition): (Uuid, i32)) -> i16 {
        let partitions = vec![OffsetCommitRequestPartition { partition_index: partition, ..Default::default() }];
        let topic = OffsetCommitRequestTopic { name: "t".into(), topic_id, partitions, ..Default::default() };
        let request = OffsetCommitRequest {
            group_id: GROUP.into(),
            member_id: id.to_owned().into(),
            generation_id_or_member_epoch: epoch,
            retention_time_ms: -1,
            ..Default::default()
        };
        let client = Client { version: 10, id: "c", address: IpAddr::V4(Ipv4Addr::LOCALHOST), requester: None };
        let resolved = Resolved { found: vec![topic], refused: Vec::new() };
        let outcome = self.shard.offset_commit(client, &request, resolved, 1, self.now_ms);
        let Some(Reply::OffsetCommit(response)) = self.write(outcome) else { panic!("no answer") };
        response.topics[0].partitions[0].error_code
    }

    fn pass(&mut self, ms: i64) {
        let target = self.now_ms + ms;
        while let Some(deadline) = self.shard.next_deadline().filter(|deadline| *deadline <= target) {
            self.now_ms = self.now_ms.max(deadline);
            if let Some(outcome) = self.shard.expire_and_resolve(self.now_ms) {
                self.write(outcome);
            }
        }
        self.now_ms = target;
    }

    fn enter(&mut self, instance: Option<String>, topics: Vec<&'static str>) {
        self.named += 1;
        let (id, owned) = (format!("m{}", self.named), BTreeSet::new());
        let member = Member { id, instance, epoch: 0, topics, has_new_topics: false, owned, paused_until: 0 };
        self.members.push(member);
    }

    /// A member says that it goes: for good, or, a static one, for a time in which it keeps its partitions.
    fn leave(&mut self, at: usize) {
        let member = self.members.swap_remove(at);
        let is_back_soon = member.instance.is_some() && self.rng.bool();
        let request = ConsumerGroupHeartbeatRequest {
            group_id: GROUP.into(),
            member_id: member.id.into(),
            instance_id: member.instance.clone().map(Into::into),
            member_epoch: if is_back_soon { -2 } else { -1 },
            ..Default::default()
        };
        let client = Client { version: 1, id: "c", address: IpAddr::V4(Ipv4Addr::LOCALHOST), requester: None };
        let outcome = self.shard.consumer_group_heartbeat(Heartbeat { client, request: &request }, 1, self.now_ms);
        self.write(outcome);
        self.away.extend(member.instance.map(|instance| (instance, member.topics)));
    }

    fn some_topics(&mut self) -> Vec<&'static str> {
        NAMES.into_iter().filter(|_| self.rng.u32(..3) > 0).collect()
    }

    fn step(&mut self) {
        let at = self.rng.usize(..self.members.len().max(1));
        match self.rng.u32(..20) {
            0 | 1 if self.members.len() < 6 => {
                let topics = self.some_topics();
                let instance = (self.rng.u32(..3) == 0).then(|| format!("i{}", self.named));
                self.enter(instance, topics);
            }
            2 if !self.members.is_empty() => {
                let gone = self.members.swap_remove(at);
                self.away.extend(gone.instance.map(|instance| (instance, gone.topics)));
            }
            3 if !self.members.is_empty() => {
                let pause_ms = self.rng.i64(1_000..90_000);
                self.members[at].paused_until = self.now_ms + pause_ms;
            }
            4 if !self.members.is_empty() => {
                let topics = self.some_topics();
                let member = &mut self.members[at];
                (member.topics, member.has_new_topics) = (topics, true);
            }
            5 => {
                let (name, count) = (NAMES[self.rng.usize(..3)], self.rng.i32(1..4));
                let before = self.topics.partitions(name);
                let is_new = self.topics.set(name, before + count);
                self.shard.topics_changed(&[name], is_new);
            }
            6 => {
                let ms = self.rng.i64(0..20_000);
                self.pass(ms);
            }
            7 if !self.members.is_empty() => {
                let member = &self.members[at];
                let (id, epoch) = (member.id.clone(), member.epoch);
                // What nobody has cannot be committed with an epoch that is not the member's.
                let error = self.commit(&id, epoch - 1, (Uuid([9; 16]), 0));
                assert!(epoch <= 0 || error != ErrorCode::None.code(), "a commit with a stale epoch");
            }
            8 if !self.members.is_empty() && self.members[at].epoch > 0 => self.leave(at),
            9 if !self.away.is_empty() => {
                let (instance, topics) = self.away.swap_remove(0);
                self.enter(Some(instance), topics);
            }
            _ if !self.members.is_empty() && self.members[at].paused_until <= self.now_ms => self.heartbeat(at),
            _ => {}
        }
        self.pass(50);
    }

    /// Everybody sends heartbeats until nothing changes; then all is owned, and owners can commit.
    fn settle(&mut self) {
        self.members.iter_mut().for_each(|member| member.paused_until = 0);
        for _ in 0..60 {
            (0..self.members.len()).for_each(|at| self.heartbeat(at));
            self.pass(2_000);
        }
        let wanted: BTreeSet<&str> = self.members.iter().flat_map(|member| member.topics.iter().copied()).collect();
        let expected: BTreeSet<(Uuid, i32)> = wanted
            .into_iter()
            .flat_map(|name| {
                (0..self.topics.partitions(name)).map(move |partition| (topic_id(name).unwrap(), partition))
            })
            .collect();
        let owned: BTreeSet<(Uuid, i32)> =
            self.members.iter().flat_map(|member| member.owned.iter().copied()).collect();
        assert_eq!(owned, expected, "owned, expected");
        let owners: Vec<_> =
            self.members.iter().filter_map(|m| Some((m.id.clone(), m.epoch, *m.owned.first()?))).collect();
        for (id, epoch, partition) in owners {
            assert_eq!(self.commit(&id, epoch, partition), ErrorCode::None.code());
            assert_eq!(self.commit(&id, epoch + 1, partition), ErrorCode::StaleMemberEpoch.code());
        }
    }
}

#[test]
fn members_that_come_and_go_never_share_a_partition_and_end_with_all_of_them() {
    for seed in seeds() {
        println!("seed {seed}");
        let mut world = World::new(seed);
        for _ in 0..250 {
            world.step();
        }
        world.settle();
    }
}
