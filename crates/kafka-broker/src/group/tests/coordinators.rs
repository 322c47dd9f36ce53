//! The coordinators with a journal in memory and virtual time. What Kafka answers to the last byte is in `transcript`.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use kafka_log::log::VerificationGuard;
use kafka_rpc::messages::join_group_request::JoinGroupRequestProtocol;
use kafka_rpc::messages::offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use kafka_rpc::messages::offset_fetch_request::OffsetFetchRequestGroup;
use kafka_rpc::messages::sync_group_request::SyncGroupRequestAssignment;
use kafka_rpc::messages::*;
use kafka_rpc::stored::group::*;
use kafka_rpc::{ErrorCode, Uuid};
use parking_lot::Mutex;

use crate::marker::Marker;

use super::super::{Appended, Client, Coordinators, GroupConfig, GroupCounts, Journal, Replies, Reply, Topics};
use super::topics::FakeTopics;

const PARTITIONS: i32 = 4;
const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;

/// Logs in memory.
#[derive(Default)]
struct Memory {
    logs: Mutex<[Vec<u8>; PARTITIONS as usize]>,
    next_offset: Mutex<i64>,
    batches: Mutex<usize>,
    failure: Mutex<Option<ErrorCode>>,
    is_held: Mutex<bool>,
}

impl Journal for Memory {
    fn append(&self, partition: i32, batch: &mut Vec<u8>, _: VerificationGuard) -> Result<Appended, ErrorCode> {
        if let Some(error) = *self.failure.lock() {
            return Err(error);
        }
        let header = kafka_log::segment::batch::RawBatch::split_first(batch, 0).unwrap().unwrap().header().unwrap();
        let records = i64::from(header.record_count());
        let mut next = self.next_offset.lock();
        let base_offset = *next;
        *next += records;
        batch[..8].copy_from_slice(&base_offset.to_be_bytes());
        self.logs.lock()[partition as usize].extend_from_slice(batch);
        *self.batches.lock() += 1;
        Ok(Appended { base_offset, high_watermark: if *self.is_held.lock() { 0 } else { *next } })
    }

    fn append_marker(&self, partition: i32, marker: &Marker) -> Result<(), ErrorCode> {
        let mut batch = marker.batch(0).unwrap();
        self.append(partition, &mut batch, VerificationGuard::SENTINEL).map(|_| ())
    }

    fn batch_len_max(&self, _: i32) -> usize {
        500
    }
}

#[derive(Default)]
struct Outbox {
    replies: Mutex<Vec<(u32, Reply)>>,
    woken_at: Mutex<Vec<i64>>,
    skew_ms: Mutex<i64>,
}

impl Replies<u32> for Outbox {
    fn reply(&self, ticket: u32, reply: Reply) {
        self.replies.lock().push((ticket, reply));
    }

    fn wake_at(&self, deadline_ms: i64) {
        self.woken_at.lock().push(deadline_ms);
    }

    fn skew_ms(&self) -> i64 {
        *self.skew_ms.lock()
    }
}

/// Topics `t` and `u`.
struct Known;

impl Topics for Known {
    fn topic_id(&self, name: &str) -> Option<Uuid> {
        ["t", "u"].contains(&name).then(|| Uuid([name.as_bytes()[0]; 16]))
    }

    fn topic_name(&self, id: Uuid) -> Option<String> {
        ["t", "u"].into_iter().find(|name| self.topic_id(name) == Some(id)).map(str::to_owned)
    }

    fn has_partition(&self, name: &str, partition: i32) -> bool {
        self.topic_id(name).is_some() && (0..100).contains(&partition)
    }
}

struct World {
    coordinators: Coordinators<u32>,
    memory: Arc<Memory>,
    outbox: Arc<Outbox>,
}

fn client(version: i16) -> Client<'static> {
    Client { version, id: "client", address: IpAddr::V4(Ipv4Addr::LOCALHOST), requester: None }
}

fn start(memory: Arc<Memory>) -> World {
    let outbox = Arc::new(Outbox::default());
    let coordinators = Coordinators::new(
        GroupConfig::default(),
        PARTITIONS,
        Arc::clone(&memory) as _,
        Arc::clone(&outbox) as _,
        FakeTopics::new(&[]),
    );
    World { coordinators, memory, outbox }
}

/// A world that leads all partitions.
fn led(memory: Arc<Memory>, now_ms: i64) -> World {
    let world = start(memory);
    for partition in 0..PARTITIONS {
        let mut load = world.coordinators.load(partition, 1).unwrap();
        load.batches(&world.memory.logs.lock()[partition as usize], now_ms).unwrap();
        load.finish(now_ms);
    }
    world
}

impl World {
    fn replies(&self) -> Vec<(u32, Reply)> {
        std::mem::take(&mut *self.outbox.replies.lock())
    }

    fn only(&self) -> Reply {
        let mut replies = self.replies();
        assert_eq!(replies.len(), 1, "{replies:?}");
        replies.remove(0).1
    }

    fn join(&self, ticket: u32, member_id: &str, now_ms: i64) {
        let range = JoinGroupRequestProtocol { name: "range".into(), ..Default::default() };
        let request = JoinGroupRequest {
            group_id: "g".into(),
            member_id: member_id.into(),
            protocol_type: "consumer".into(),
            protocols: vec![range],
            session_timeout_ms: 10_000,
            rebalance_timeout_ms: 60_000,
            ..Default::default()
        };
        self.coordinators.join_group(client(3), &request, ticket, now_ms);
    }

    fn sync(&self, ticket: u32, joined: &JoinGroupResponse<'_>, assignments: &[(&str, &str)], now_ms: i64) {
        let assigned = |(member, bytes): &(&str, &str)| SyncGroupRequestAssignment {
            member_id: (*member).to_owned().into(),
            assignment: bytes.as_bytes().to_vec().into(),
            ..Default::default()
        };
        let request = SyncGroupRequest {
            group_id: "g".into(),
            member_id: joined.member_id.clone(),
            generation_id: joined.generation_id,
            assignments: assignments.iter().map(assigned).collect(),
            ..Default::default()
        };
        self.coordinators.sync_group(client(3), &request, ticket, now_ms);
    }

    fn commit(
        &self,
        group: &str,
        topic: &str,
        partitions: std::ops::Range<i32>,
        by: Option<&JoinGroupResponse<'_>>,
        now_ms: i64,
    ) {
        let partition = |partition_index| OffsetCommitRequestPartition {
            partition_index,
            committed_offset: 7,
            ..Default::default()
        };
        let topic = OffsetCommitRequestTopic {
            name: topic.to_owned().into(),
            partitions: partitions.map(partition).collect(),
            ..Default::default()
        };
        let request = OffsetCommitRequest {
            group_id: group.to_owned().into(),
            member_id: by.map(|by| by.member_id.clone()).unwrap_or_default(),
            generation_id_or_member_epoch: by.map_or(-1, |by| by.generation_id),
            topics: vec![topic],
            ..Default::default()
        };
        self.coordinators.offset_commit(client(9), &request, &Known, 99, now_ms);
    }

    /// Topic, partition and offset of all offsets of a group.
    fn fetch(&self, group: &str) -> Vec<(String, i32, i64)> {
        let group = OffsetFetchRequestGroup { group_id: group.to_owned().into(), topics: None, ..Default::default() };
        let request = OffsetFetchRequest { groups: vec![group], ..Default::default() };
        let response = self.coordinators.offset_fetch(client(8), &request, &Known);
        let topics = response.groups.iter().flat_map(|group| &group.topics);
        let all = topics
            .flat_map(|t| t.partitions.iter().map(|p| (t.name.to_string(), p.partition_index, p.committed_offset)));
        all.collect()
    }

    fn listed(&self) -> Vec<(String, String, String)> {
        let response = self.coordinators.list_groups(&ListGroupsRequest::default());
        let mut groups: Vec<_> = response
            .groups
            .into_iter()
            .map(|g| (g.group_id.into_owned(), g.group_state.into_owned(), g.group_type.into_owned()))
            .collect();
        groups.sort();
        groups
    }
}

fn joined(replies: Vec<(u32, Reply)>) -> Vec<JoinGroupResponse<'static>> {
    let mut joined: Vec<_> = replies
        .into_iter()
        .map(|(ticket, reply)| match reply {
            Reply::JoinGroup(response) => (ticket, response),
            other => panic!("{other:?}"),
        })
        .collect();
    joined.sort_by_key(|(ticket, _)| *ticket);
    joined.into_iter().map(|(_, response)| response).collect()
}

fn commit_errors(reply: &Reply) -> Vec<i16> {
    let Reply::OffsetCommit(response) = reply else { panic!("{reply:?}") };
    response.topics.iter().flat_map(|topic| topic.partitions.iter().map(|p| p.error_code)).collect()
}

/// Two members that have joined and synced at `now_ms` and three seconds later.
fn stable(world: &World, now_ms: i64) -> Vec<JoinGroupResponse<'static>> {
    world.join(1, "", now_ms);
    world.join(2, "", now_ms + SECOND);
    assert_eq!(world.replies(), [], "the first rebalance waits for more members");
    assert_eq!(*world.outbox.woken_at.lock().last().unwrap(), now_ms + 3 * SECOND);
    // The second member makes it wait three seconds more.
    world.coordinators.expire(now_ms + 3 * SECOND);
    world.coordinators.expire(now_ms + 6 * SECOND);
    let members = joined(world.replies());
    let leader = usize::from(members[1].leader == members[1].member_id);
    assert_eq!(members[leader].members.len(), 2);
    assert_eq!(members[1 - leader].members.len(), 0);
    world.sync(
        11 + leader as u32,
        &members[leader],
        &[(&members[0].member_id, "a"), (&members[1].member_id, "b")],
        now_ms + 6 * SECOND,
    );
    let leader_reply = world.only();
    world.sync(12 - leader as u32, &members[1 - leader], &[], now_ms + 6 * SECOND);
    let follower_reply = world.only();
    for (reply, expected) in [(leader_reply, ["a", "b"][leader]), (follower_reply, ["a", "b"][1 - leader])] {
        let Reply::SyncGroup(response) = reply else { panic!("{reply:?}") };
        assert_eq!((response.error_code, response.assignment.as_ref()), (0, expected.as_bytes()));
    }
    members
}

#[test]
fn a_group_of_two_survives_the_move_of_its_partition() {
    let world = led(Arc::default(), 0);
    let members = stable(&world, 0);
    world.commit("g", "t", 0..2, Some(&members[0]), 8 * SECOND);
    assert_eq!(commit_errors(&world.only()), [0, 0]);

    let world = led(world.memory, 9 * SECOND);
    assert_eq!(world.listed(), [("g".into(), "Stable".into(), "classic".into())]);
    assert_eq!(world.fetch("g"), [("t".into(), 0, 7), ("t".into(), 1, 7)]);
    let counts = GroupCounts { offsets: 2, classic: 1, stable: 1, ..GroupCounts::default() };
    assert_eq!(world.coordinators.counts(), counts);
    let beat = |generation_id| {
        let member_id = members[0].member_id.clone();
        let request = HeartbeatRequest { group_id: "g".into(), member_id, generation_id, ..Default::default() };
        world.coordinators.heartbeat(&request, 1, 15 * SECOND);
        world.only()
    };
    assert_eq!(beat(members[0].generation_id), Reply::heartbeat(ErrorCode::None));
    assert_eq!(beat(members[0].generation_id + 1), Reply::heartbeat(ErrorCode::IllegalGeneration));
    // The other member has its session from the time of loading; then the group rebalances.
    world.coordinators.expire(20 * SECOND);
    assert_eq!(beat(members[0].generation_id), Reply::heartbeat(ErrorCode::RebalanceInProgress));
    world.commit("g", "t", 0..1, Some(&members[1]), 20 * SECOND);
    assert_eq!(commit_errors(&world.only()), [ErrorCode::UnknownMemberId.code()]);
}

#[test]
fn answers_wait_until_what_they_rest_on_is_committed() {
    let world = led(Arc::default(), 0);
    *world.memory.is_held.lock() = true;
    world.commit("g", "t", 0..1, None, 0);
    world.commit("g", "u", 0..1, None, 0);
    assert_eq!(world.replies(), []);
    let partition = world.coordinators.partition_for("g");
    world.coordinators.committed(partition, 1, 0);
    assert_eq!(commit_errors(&world.only()), [0]);
    // Leadership goes before the second commit is safe.
    world.coordinators.unload(partition, Some(2));
    assert_eq!(commit_errors(&world.only()), [ErrorCode::NotCoordinator.code()]);
}

#[test]
fn a_group_is_served_where_its_partition_is_led_and_loaded() {
    let world = start(Arc::default());
    let partition = world.coordinators.partition_for("g");
    let heartbeat = || {
        world.coordinators.heartbeat(&HeartbeatRequest { group_id: "g".into(), ..Default::default() }, 1, 0);
        world.only()
    };
    world.join(1, "", 0);
    assert_eq!(world.only(), Reply::join_error(ErrorCode::NotCoordinator, "", 3));
    assert_eq!(heartbeat(), Reply::heartbeat(ErrorCode::NotCoordinator));

    let load = world.coordinators.load(partition, 5).unwrap();
    world.join(1, "", 0);
    assert_eq!(world.only(), Reply::join_error(ErrorCode::CoordinatorLoadInProgress, "", 3));
    assert_eq!(heartbeat(), Reply::heartbeat(ErrorCode::None), "clients keep calm while the group is loaded");
    assert!(world.coordinators.load(partition, 5).is_none(), "an epoch counts once");
    load.finish(0);

    world.join(1, "", 0);
    assert_eq!(world.replies(), []);
    world.coordinators.unload(partition, Some(5));
    assert_eq!(world.replies(), [], "an old epoch does not end a newer one");
    world.coordinators.unload(partition, None);
    let refused = joined(world.replies());
    assert_eq!(refused.iter().map(|r| r.error_code).collect::<Vec<_>>(), [ErrorCode::NotCoordinator.code()]);
}

#[test]
fn a_failed_append_leaves_nothing_behind() {
    let world = led(Arc::default(), 0);
    for (failure, expected) in [
        (ErrorCode::NotLeaderOrFollower, ErrorCode::NotCoordinator),
        (ErrorCode::NotEnoughReplicas, ErrorCode::CoordinatorNotAvailable),
    ] {
        *world.memory.failure.lock() = Some(failure);
        world.join(1, "", 0);
        assert_eq!(world.only(), Reply::join_error(expected, "", 3));
        world.commit("g", "t", 0..1, None, 0);
        assert_eq!(commit_errors(&world.only()), [expected.code()]);
        assert_eq!((world.listed(), world.fetch("g")), (vec![], vec![]));
    }
}

#[test]
fn expired_offsets_and_their_groups_go_in_batches_that_fit() {
    let world = led(Arc::default(), 0);
    world.commit("g", "t", 0..100, None, 0);
    world.commit("h", "t", 0..1, None, 20 * MINUTE);
    let retention = GroupConfig::default().offsets_retention_ms;
    let batches = *world.memory.batches.lock();
    world.coordinators.expire(retention + 10 * MINUTE);
    assert_eq!(world.listed(), [("h".into(), "Empty".into(), "classic".into())]);
    assert!(*world.memory.batches.lock() > batches + 2, "100 tombstones do not fit into 500 bytes");
    assert_eq!(led(world.memory, 0).listed(), [("h".into(), "Empty".into(), "classic".into())]);
}

#[test]
fn groups_of_several_partitions_are_deleted_in_one_answer() {
    let world = led(Arc::default(), 0);
    for group in ["a", "b", "c", "d", "e"] {
        world.commit(group, "t", 0..1, None, 0);
    }
    world.replies();
    stable(&world, 0);
    let groups_names = ["a", "b", "c", "d", "e", "g", "missing", "a"].map(Into::into).to_vec();
    world.coordinators.delete_groups(&DeleteGroupsRequest { groups_names, ..Default::default() }, Vec::new(), 5, 0);
    let Reply::DeleteGroups(response) = world.only() else { panic!("another answer") };
    let mut results: Vec<_> = response.results.iter().map(|r| (r.group_id.as_ref(), r.error_code)).collect();
    results.sort();
    let (not_empty, not_found) = (ErrorCode::NonEmptyGroup.code(), ErrorCode::GroupIdNotFound.code());
    let expected = [("a", 0), ("b", 0), ("c", 0), ("d", 0), ("e", 0), ("g", not_empty), ("missing", not_found)];
    assert_eq!(results, expected);
    assert_eq!(world.listed().len(), 1);
    assert_eq!(led(world.memory, 0).listed().len(), 1);
}

#[test]
fn offsets_of_a_deleted_topic_go_and_those_of_its_namesake_stay() {
    let world = led(Arc::default(), 0);
    world.commit("g", "t", 0..2, None, 0);
    world.commit("g", "u", 0..1, None, 0);
    world.coordinators.topics_deleted(&[("t".into(), Uuid([1; 16]))], 0);
    assert_eq!(world.fetch("g").len(), 3, "a topic with another id");
    world.coordinators.topics_deleted(&[("t".into(), Known.topic_id("t").unwrap())], 0);
    assert_eq!(world.fetch("g"), [("u".into(), 0, 7)]);
}

#[test]
fn topics_that_do_not_exist_are_refused_beside_those_that_do() {
    let world = led(Arc::default(), 0);
    world.commit("g", "t", 99..102, None, 0);
    let unknown = ErrorCode::UnknownTopicOrPartition.code();
    assert_eq!(commit_errors(&world.only()), [unknown, unknown, 0]);
    world.commit("g", "missing", 0..1, None, 0);
    assert_eq!(commit_errors(&world.only()), [unknown]);
    assert_eq!(world.fetch("g"), [("t".into(), 99, 7)]);
}

#[test]
fn consumer_groups_in_the_log_are_kept_listed_and_deleted() {
    let keys: Vec<(GroupKey<'_>, Option<GroupValue<'_>>)> = vec![
        (
            ConsumerGroupMetadataKey { group_id: "g".into() }.into(),
            Some(ConsumerGroupMetadataValue { epoch: 3, ..Default::default() }.into()),
        ),
        (
            ConsumerGroupMemberMetadataKey { group_id: "g".into(), member_id: "m".into() }.into(),
            Some(
                ConsumerGroupMemberMetadataValue { subscribed_topic_names: vec!["t".into()], ..Default::default() }
                    .into(),
            ),
        ),
        (
            ConsumerGroupTargetAssignmentMetadataKey { group_id: "g".into() }.into(),
            Some(ConsumerGroupTargetAssignmentMetadataValue { assignment_epoch: 3, ..Default::default() }.into()),
        ),
        (
            ConsumerGroupCurrentMemberAssignmentKey { group_id: "g".into(), member_id: "m".into() }.into(),
            Some(ConsumerGroupCurrentMemberAssignmentValue { member_epoch: 3, ..Default::default() }.into()),
        ),
    ];
    let encode = |(key, value): &(GroupKey<'_>, Option<GroupValue<'_>>)| {
        let (mut k, mut v) = (Vec::new(), Vec::new());
        key.encode(&mut k).unwrap();
        let value = value.as_ref().map(|value| value.encode(0, &mut v).map(|()| v));
        (k, value.transpose().unwrap())
    };
    let memory = Arc::new(Memory::default());
    let write = |records: &[(GroupKey<'_>, Option<GroupValue<'_>>)]| {
        let mut builder = kafka_log::format::builder::RecordBatchBuilder::new(Default::default());
        for (record, offset) in records.iter().zip(0..) {
            let (key, value) = encode(record);
            builder.append(offset, 0, Some(&key), value.as_deref(), &[]).unwrap();
        }
        let mut batch = Vec::new();
        builder.finish(&mut kafka_log::compression::Compressor::new(), &mut batch).unwrap();
        memory
            .append(super::super::java::partition_for("g", PARTITIONS), &mut batch, VerificationGuard::SENTINEL)
            .unwrap();
    };
    write(&keys);
    let world = led(Arc::clone(&memory), 0);
    assert_eq!(world.listed(), [("g".into(), "Stable".into(), "consumer".into())]);
    world.commit("g", "t", 0..1, None, 0);
    assert_eq!(commit_errors(&world.only()), [ErrorCode::UnknownMemberId.code()]);

    // Its session ends; the group can then be deleted, or used by classic consumers.
    world.coordinators.expire(45 * SECOND);
    let empty = [("g".into(), "Empty".into(), "consumer".into())];
    assert_eq!(world.listed(), empty);
    let world = led(Arc::clone(&memory), 0);
    assert_eq!(world.listed(), empty);
    world.commit("g", "t", 0..1, None, 0);
    assert_eq!(commit_errors(&world.only()), [0]);
    world.join(1, "", 0);
    let world = led(memory, 0);
    assert_eq!(world.listed(), [("g".into(), "Empty".into(), "classic".into())]);
    assert_eq!(world.fetch("g"), [("t".into(), 0, 7)]);
}

#[test]
fn a_static_member_that_gives_no_time_to_come_back_does_not_keep_its_shard_busy_for_ever() {
    let world = led(Arc::default(), 0);
    let join = |instance_id: Option<&'static str>, member_id: &str, rebalance_timeout_ms, now_ms| {
        let range = JoinGroupRequestProtocol { name: "range".into(), ..Default::default() };
        let request = JoinGroupRequest {
            group_id: "g".into(),
            member_id: member_id.to_owned().into(),
            group_instance_id: instance_id.map(Into::into),
            protocol_type: "consumer".into(),
            protocols: vec![range],
            session_timeout_ms: 60_000,
            rebalance_timeout_ms,
            ..Default::default()
        };
        world.coordinators.join_group(client(5), &request, 1, now_ms);
    };
    let joined = || match world.only() {
        Reply::JoinGroup(joined) => joined,
        other => panic!("{other:?}"),
    };
    join(Some("static"), "", 10_000, 0);
    world.coordinators.expire(3 * SECOND);
    let first = joined();
    world.sync(2, &first, &[], 3 * SECOND);
    world.replies();
    join(Some("static"), &first.member_id, 0, 3 * SECOND);
    world.sync(3, &joined(), &[], 3 * SECOND);
    world.replies();
    // Another member comes and goes, and the static one does not come back.
    join(None, "", 0, 4 * SECOND);
    let other = joined().member_id.into_owned();
    join(None, &other, 0, 4 * SECOND);
    let leave = LeaveGroupRequest { group_id: "g".into(), member_id: other.into(), ..Default::default() };
    world.coordinators.leave_group(client(2), &leave, 4, 4 * SECOND);
    world.coordinators.expire(4 * SECOND);
    assert!(world.coordinators.next_deadline().is_some_and(|deadline| deadline > 4 * SECOND));
}

#[test]
fn a_clock_that_is_set_ends_no_session() {
    let world = led(Arc::default(), 0);
    world.join(1, "", 0);
    world.coordinators.expire(MINUTE);
    let member = joined(world.replies()).remove(0);
    world.sync(2, &member, &[(&member.member_id, "all")], MINUTE);
    world.replies();
    let state = || world.listed().remove(0).1;
    // An hour ahead, which timers do not follow.
    let (hour, now) = (60 * MINUTE, MINUTE + 60 * MINUTE);
    *world.outbox.skew_ms.lock() = -hour;
    world.coordinators.expire(now + 9 * SECOND);
    assert_eq!(state(), "Stable");
    // And back again.
    *world.outbox.skew_ms.lock() = 0;
    world.coordinators.expire(MINUTE + 9 * SECOND);
    assert_eq!(state(), "Stable");
    world.coordinators.expire(MINUTE + 10 * SECOND);
    assert_eq!(state(), "Empty");
}
