//! Members of a classic group in simulated time: they crash, pause, leave, come back, change what they subscribe to, and records cannot
//! always be written.
//!
//! What must hold whatever they do: a generation has one leader, no partition is with two members of one generation, nothing is committed
//! with an older generation than one that is out, and once they are left alone every partition has one owner.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use fastrand::Rng;
use kafka_rpc::ErrorCode;
use kafka_rpc::messages::join_group_request::JoinGroupRequestProtocol;
use kafka_rpc::messages::leave_group_request::MemberIdentity;
use kafka_rpc::messages::offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use kafka_rpc::messages::sync_group_request::SyncGroupRequestAssignment;
use kafka_rpc::messages::*;

use super::super::outcome::Outcome;
use super::super::resolve::Resolved;
use super::super::shard::Shard;
use super::super::{Client, GroupConfig, Reply};
use super::seeds;
use super::topics::FakeTopics;

const GROUP: &str = "g";
const TOPICS: usize = 3;
const MEMBERS_MAX: usize = 6;
const NONE: i16 = ErrorCode::None as i16;

type Partition = (u8, u8);

/// What a client is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// It has to join.
    Out,
    /// It waits for the answer to JoinGroup or SyncGroup.
    Asked(u32),
    /// It has its assignment.
    Member,
}

/// A member as its client sees it.
#[derive(Debug)]
struct Member {
    id: String,
    instance: Option<String>,
    generation: i32,
    phase: Phase,
    /// One bit for each topic.
    topics: u8,
    has_new_topics: bool,
    is_leader: bool,
    owned: BTreeSet<Partition>,
    /// It neither sends nor reads until then.
    paused_until: i64,
    unread: Option<Reply>,
}

struct World {
    rng: Rng,
    shard: Shard<u32>,
    counts: [u8; TOPICS],
    members: Vec<Member>,
    now_ms: i64,
    offset: i64,
    named: u32,
    last_ticket: u32,
    can_fail: bool,
    /// Who sent a request of which generation: an instance, or a member id, empty if it has none.
    asked: BTreeMap<u32, (String, i32)>,
    /// The newest generation that a member was told of.
    newest: i32,
    leaders: BTreeMap<i32, String>,
    /// Who has a partition in a generation: a member, or an instance, which may change its member id.
    owners: BTreeMap<(i32, Partition), String>,
}

fn client(version: i16) -> Client<'static> {
    Client { version, id: "c", address: IpAddr::V4(Ipv4Addr::LOCALHOST), requester: None }
}

impl World {
    fn new(seed: u64) -> Self {
        let mut bits = 0u128;
        let random = Box::new(move || {
            bits += 1;
            bits
        });
        // An empty group must not be forgotten: its generations would start again.
        let config = GroupConfig { offsets_retention_check_interval_ms: i64::MAX / 4, ..GroupConfig::default() };
        let mut shard = Shard::new(Arc::new(config), random, FakeTopics::new(&[]));
        shard.loaded(0);
        World {
            rng: Rng::with_seed(seed),
            shard,
            counts: [4, 3, 1],
            members: Vec::new(),
            now_ms: 1,
            offset: 0,
            named: 0,
            last_ticket: 0,
            can_fail: true,
            asked: BTreeMap::new(),
            newest: 0,
            leaders: BTreeMap::new(),
            owners: BTreeMap::new(),
        }
    }

    fn ticket(&mut self) -> u32 {
        self.last_ticket += 1;
        self.last_ticket
    }

    /// A member that waits for an answer from now on.
    fn ask(&mut self, at: usize) -> u32 {
        let ticket = self.ticket();
        let member = &mut self.members[at];
        member.phase = Phase::Asked(ticket);
        let who = member.instance.clone().unwrap_or_else(|| member.id.clone());
        self.asked.insert(ticket, (who, member.generation));
        ticket
    }

    /// Writes records, or fails to; delivers the answers. Gives the one with this ticket.
    fn write(&mut self, outcome: Outcome<u32>, ticket: u32) -> Option<Reply> {
        let (mut replies, mut open) = (Vec::new(), VecDeque::from([outcome]));
        while let Some(outcome) = open.pop_front() {
            if outcome.records.is_empty() {
                replies.extend(self.shard.hold(outcome));
            } else if self.can_fail && self.rng.u32(..40) == 0 {
                let failed = self.shard.append_failed(outcome, ErrorCode::NotEnoughReplicas, self.now_ms);
                open.push_back(failed);
            } else {
                let count = outcome.records.len() as i64;
                self.shard.appended(outcome, self.offset, self.now_ms);
                self.offset += count;
                replies.extend(self.shard.committed(self.offset, self.now_ms));
            }
        }
        let mut asked = None;
        for (of, reply) in replies {
            self.check(of, &reply);
            match self.members.iter_mut().find(|member| member.phase == Phase::Asked(of)) {
                Some(member) => member.unread = Some(reply),
                None if of == ticket => asked = Some(reply),
                // Its client has crashed.
                None => {}
            }
        }
        asked
    }

    /// What holds for every answer, read or not.
    fn check(&mut self, ticket: u32, reply: &Reply) {
        let Some((who, generation)) = self.asked.get(&ticket).cloned() else { return };
        match reply {
            Reply::JoinGroup(joined) if joined.error_code == NONE => {
                assert!(
                    joined.generation_id >= self.newest,
                    "generation {} after {}",
                    joined.generation_id,
                    self.newest
                );
                self.newest = joined.generation_id;
                if joined.members.is_empty() {
                    return;
                }
                // A static leader may come back under another member id.
                let who = if who.is_empty() { joined.member_id.to_string() } else { who };
                let leader = self.leaders.entry(joined.generation_id).or_insert_with(|| who.clone());
                assert_eq!(*leader, who, "generation {} has two leaders", joined.generation_id);
            }
            Reply::SyncGroup(synced) if synced.error_code == NONE => {
                for partition in synced.assignment.chunks_exact(2) {
                    let owned = (generation, (partition[0], partition[1]));
                    let owner = self.owners.entry(owned).or_insert_with(|| who.clone());
                    assert_eq!(*owner, who, "{owned:?} has two owners");
                }
            }
            _ => {}
        }
    }

    fn join(&mut self, at: usize) {
        let ticket = self.ask(at);
        let member = &mut self.members[at];
        member.has_new_topics = false;
        // An eager consumer gives everything up before it joins.
        member.owned.clear();
        let metadata = vec![member.topics].into();
        let request = JoinGroupRequest {
            group_id: GROUP.into(),
            member_id: member.id.clone().into(),
            group_instance_id: member.instance.clone().map(Into::into),
            protocol_type: "consumer".into(),
            protocols: vec![JoinGroupRequestProtocol { name: "range".into(), metadata, ..Default::default() }],
            session_timeout_ms: 10_000,
            rebalance_timeout_ms: 30_000,
            ..Default::default()
        };
        let outcome = self.shard.join_group(client(9), &request, ticket, self.now_ms);
        self.write(outcome, ticket);
    }

    fn sync(&mut self, at: usize, assignments: Vec<SyncGroupRequestAssignment<'static>>) {
        let ticket = self.ask(at);
        let member = &self.members[at];
        let request = SyncGroupRequest {
            group_id: GROUP.into(),
            member_id: member.id.clone().into(),
            group_instance_id: member.instance.clone().map(Into::into),
            generation_id: member.generation,
            assignments,
            ..Default::default()
        };
        let outcome = self.shard.sync_group(client(5), &request, ticket, self.now_ms);
        self.write(outcome, ticket);
    }

    /// What a leader hands out: each partition to one of those who subscribe to its topic.
    fn assign(&self, members: &[(String, u8)]) -> Vec<SyncGroupRequestAssignment<'static>> {
        let mut assigned: BTreeMap<&str, Vec<u8>> = members.iter().map(|(id, _)| (id.as_str(), Vec::new())).collect();
        for (topic, count) in (0u8..).zip(self.counts) {
            let subscribed: Vec<&str> =
                members.iter().filter(|(_, topics)| topics >> topic & 1 == 1).map(|(id, _)| id.as_str()).collect();
            for (partition, id) in (0..count).zip(subscribed.iter().cycle()) {
                assigned.entry(id).or_default().extend([topic, partition]);
            }
        }
        let assigned = assigned.into_iter().map(|(id, assignment)| SyncGroupRequestAssignment {
            member_id: id.to_owned().into(),
            assignment: assignment.into(),
            ..Default::default()
        });
        assigned.collect()
    }

    /// A client reads its answer.
    fn read(&mut self, at: usize, reply: Reply) {
        let member = &mut self.members[at];
        let lost = |member: &mut Member, error: i16| {
            member.phase = Phase::Out;
            if error == ErrorCode::UnknownMemberId.code() {
                member.id.clear();
            }
        };
        match reply {
            Reply::JoinGroup(joined) if joined.error_code == NONE => {
                member.id = joined.member_id.to_string();
                member.generation = joined.generation_id;
                member.is_leader = joined.leader == joined.member_id;
                // Topics may have grown since its former process assigned them.
                member.has_new_topics |= joined.skip_assignment;
                let members: Vec<(String, u8)> =
                    joined.members.iter().map(|of| (of.member_id.to_string(), of.metadata[0])).collect();
                let assignments = if joined.skip_assignment { Vec::new() } else { self.assign(&members) };
                self.sync(at, assignments);
            }
            Reply::JoinGroup(joined) => {
                if joined.error_code == ErrorCode::MemberIdRequired.code() {
                    member.id = joined.member_id.to_string();
                }
                lost(member, joined.error_code);
                if joined.error_code == ErrorCode::FencedInstanceId.code() {
                    self.members.swap_remove(at);
                }
            }
            Reply::SyncGroup(synced) if synced.error_code == NONE => {
                member.phase = Phase::Member;
                member.owned = synced.assignment.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect();
            }
            Reply::SyncGroup(synced) => {
                lost(member, synced.error_code);
                if synced.error_code == ErrorCode::FencedInstanceId.code() {
                    self.members.swap_remove(at);
                }
            }
            other => panic!("{other:?}"),
        }
    }

    fn heartbeat(&mut self, at: usize) {
        let ticket = self.ticket();
        let member = &self.members[at];
        let request = HeartbeatRequest {
            group_id: GROUP.into(),
            member_id: member.id.clone().into(),
            group_instance_id: member.instance.clone().map(Into::into),
            generation_id: member.generation,
            ..Default::default()
        };
        let outcome = self.shard.heartbeat(&request, ticket, self.now_ms);
        let Some(Reply::Heartbeat(answer)) = self.write(outcome, ticket) else { panic!("no answer") };
        let member = &mut self.members[at];
        match ErrorCode::from_code(answer.error_code) {
            Some(ErrorCode::None) => {}
            Some(ErrorCode::RebalanceInProgress) => self.join(at),
            Some(ErrorCode::FencedInstanceId) => drop(self.members.swap_remove(at)),
            Some(error) => {
                member.owned.clear();
                member.phase = Phase::Out;
                if error == ErrorCode::UnknownMemberId {
                    member.id.clear();
                }
            }
            None => panic!("{answer:?}"),
        }
    }

    /// What a client does when it has its turn.
    fn act(&mut self, at: usize) {
        let member = &mut self.members[at];
        if member.paused_until > self.now_ms {
            return;
        }
        if let Some(reply) = member.unread.take() {
            return self.read(at, reply);
        }
        match member.phase {
            Phase::Out => self.join(at),
            Phase::Member if member.has_new_topics => self.join(at),
            Phase::Member => self.heartbeat(at),
            Phase::Asked(_) => {}
        }
    }

    /// A commit; the error.
    fn commit(&mut self, at: usize, generation: i32) -> i16 {
        let ticket = self.ticket();
        let member = &self.members[at];
        let partitions = vec![OffsetCommitRequestPartition::default()];
        let topic = OffsetCommitRequestTopic { name: "t".into(), partitions, ..Default::default() };
        let request = OffsetCommitRequest {
            group_id: GROUP.into(),
            member_id: member.id.clone().into(),
            group_instance_id: member.instance.clone().map(Into::into),
            generation_id_or_member_epoch: generation,
            retention_time_ms: -1,
            ..Default::default()
        };
        let resolved = Resolved { found: vec![topic], refused: Vec::new() };
        let outcome = self.shard.offset_commit(client(8), &request, resolved, ticket, self.now_ms);
        let Some(Reply::OffsetCommit(response)) = self.write(outcome, ticket) else { panic!("no answer") };
        let error = response.topics[0].partitions[0].error_code;
        assert!(error != NONE || generation >= self.newest, "{generation} commits after {}", self.newest);
        error
    }

    fn leave(&mut self, at: usize) {
        let ticket = self.ticket();
        let member = self.members.swap_remove(at);
        let identity = MemberIdentity {
            member_id: member.id.into(),
            group_instance_id: member.instance.map(Into::into),
            ..Default::default()
        };
        let request = LeaveGroupRequest { group_id: GROUP.into(), members: vec![identity], ..Default::default() };
        let outcome = self.shard.leave_group(client(4), &request, ticket, self.now_ms);
        self.write(outcome, ticket);
    }

    fn pass(&mut self, ms: i64) {
        let target = self.now_ms + ms;
        while let Some(deadline) = self.shard.next_deadline().filter(|deadline| *deadline <= target) {
            self.now_ms = self.now_ms.max(deadline);
            if let Some(outcome) = self.shard.expire(self.now_ms) {
                self.write(outcome, 0);
            }
        }
        self.now_ms = target;
    }

    fn enter(&mut self, instance: Option<String>, topics: u8) {
        self.members.push(Member {
            id: String::new(),
            instance,
            generation: -1,
            phase: Phase::Out,
            topics,
            has_new_topics: false,
            is_leader: false,
            owned: BTreeSet::new(),
            paused_until: 0,
            unread: None,
        });
    }

    fn step(&mut self) {
        let at = self.rng.usize(..self.members.len().max(1));
        let is_there = !self.members.is_empty();
        let topics = self.rng.u8(1..1 << TOPICS);
        match self.rng.u32(..24) {
            0 | 1 if self.members.len() < MEMBERS_MAX => {
                self.named += 1;
                let instance = (self.rng.u32(..3) == 0).then(|| format!("i{}", self.named));
                self.enter(instance, topics);
            }
            2 if is_there => drop(self.members.swap_remove(at)),
            3 if is_there => {
                let pause_ms = self.rng.i64(500..40_000);
                self.members[at].paused_until = self.now_ms + pause_ms;
            }
            4 if is_there => {
                let member = &mut self.members[at];
                (member.topics, member.has_new_topics) = (topics, true);
            }
            5 => {
                let topic = self.rng.usize(..TOPICS);
                self.counts[topic] = self.counts[topic].saturating_add(1);
                // The leader looks at the metadata.
                self.members.iter_mut().filter(|of| of.is_leader).for_each(|of| of.has_new_topics = true);
            }
            6 => {
                let ms = self.rng.i64(0..15_000);
                self.pass(ms);
            }
            // Without a generation anybody may commit to an empty group.
            7 | 8 if is_there && self.members[at].generation > 0 => {
                let generation = self.members[at].generation - self.rng.i32(0..2);
                self.commit(at, generation);
            }
            9 if is_there => self.leave(at),
            // A static member is started again, while its former process may still be there.
            // With another subscription the group would not notice, as in Kafka.
            10 if is_there && !self.members[at].has_new_topics => {
                let topics = self.members[at].topics;
                if let Some(instance) = self.members[at].instance.clone() {
                    if self.rng.bool() {
                        self.members.swap_remove(at);
                    }
                    self.enter(Some(instance), topics);
                }
            }
            _ if is_there => self.act(at),
            _ => {}
        }
        self.pass(50);
    }

    /// Everybody goes on until nothing changes; then all is owned, and owners can commit.
    fn settle(&mut self) {
        self.can_fail = false;
        self.members.iter_mut().for_each(|member| member.paused_until = 0);
        for _ in 0..240 {
            let mut at = 0;
            while at < self.members.len() {
                let before = self.members.len();
                self.act(at);
                at += usize::from(self.members.len() == before);
            }
            self.pass(500);
        }
        let phases: Vec<_> = self.members.iter().map(|of| (of.phase, of.generation)).collect();
        assert!(phases.iter().all(|phase| *phase == (Phase::Member, self.newest)), "{phases:?}, {}", self.newest);
        let wanted = self.members.iter().fold(0, |topics, member| topics | member.topics);
        let expected: Vec<Partition> = (0u8..)
            .zip(self.counts)
            .filter(|(topic, _)| wanted >> topic & 1 == 1)
            .flat_map(|(topic, count)| (0..count).map(move |partition| (topic, partition)))
            .collect();
        let mut owned: Vec<Partition> = self.members.iter().flat_map(|member| member.owned.iter().copied()).collect();
        owned.sort_unstable();
        assert_eq!(owned, expected, "owned, expected");
        for at in 0..self.members.len() {
            let generation = self.members[at].generation;
            assert_eq!(self.commit(at, generation), NONE);
            for other in [generation - 1, generation + 1] {
                assert_eq!(self.commit(at, other), ErrorCode::IllegalGeneration.code());
            }
        }
    }
}

#[test]
fn members_of_a_classic_group_never_share_a_partition_and_end_with_all_of_them() {
    for seed in seeds() {
        println!("seed {seed}");
        let mut world = World::new(seed);
        for _ in 0..300 {
            world.step();
        }
        world.settle();
    }
}
