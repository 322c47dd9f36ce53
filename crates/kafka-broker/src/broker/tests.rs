//! Partitions with replicas on other brokers, which are played by the test: over sockets, as leader and as follower.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use kafka_log::compression::Compressor;
use kafka_log::format::builder::{BatchFields, RecordBatchBuilder};
use kafka_rpc::messages::delete_records_request::{DeleteRecordsPartition, DeleteRecordsTopic};
use kafka_rpc::messages::fetch_request::{FetchPartition, FetchTopic, ReplicaState};
use kafka_rpc::messages::fetch_response::PartitionData;
use kafka_rpc::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_rpc::messages::offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use kafka_rpc::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_rpc::messages::{
    DeleteRecordsRequest, DeleteRecordsResponse, FetchRequest, FetchResponse, ListOffsetsRequest, ListOffsetsResponse,
    OffsetCommitRequest, OffsetCommitResponse, ProduceRequest, ProduceResponse,
};
use kafka_rpc::stored::metadata::register_broker_record::BrokerEndpoint;
use kafka_rpc::stored::metadata::{MetadataRecord, PartitionRecord, RegisterBrokerRecord};
use kafka_rpc::{ApiKey, ErrorCode, Message, Parts, Records, Request, Uuid, parse_response, write_request};

use super::{Broker, apply};
use crate::controller_thread::Job;
use crate::metadata::{self, Delta};
use crate::partitions::{Assumed, Partition};
use crate::topics::GROUP_METADATA_TOPIC;

const ME: i32 = 1;
/// The broker that the test plays, and its epoch.
const OTHER: i32 = 2;
const OTHER_EPOCH: i64 = 77;
const LONG_MS: i32 = 30_000;
const PRODUCE: i16 = 12;
const FETCH: i16 = 18;

/// A broker with a partition that has a replica on another broker.
struct World {
    broker: Broker,
    id: Uuid,
}

impl World {
    fn with(settings: &[(&str, &str)]) -> Self {
        Self::of("t", settings)
    }

    fn of(topic: &str, settings: &[(&str, &str)]) -> Self {
        let own: Vec<_> = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let broker = Broker::ephemeral_with(&own).unwrap();
        broker.shared.controller.send(Job::AutoCreate(vec![topic.to_owned()]));
        let until = Instant::now() + Duration::from_secs(30);
        while broker.shared.topics.named(topic).is_err() {
            assert!(Instant::now() < until, "no topic");
            std::thread::yield_now();
        }
        let id = broker.shared.topics.named(topic).unwrap().id;
        let world = World { broker, id };
        let end_points = vec![BrokerEndpoint {
            name: "PLAINTEXT".into(),
            host: "other".into(),
            port: 9192,
            ..BrokerEndpoint::default()
        }];
        let other = RegisterBrokerRecord {
            broker_id: OTHER,
            broker_epoch: OTHER_EPOCH,
            rack: Some("b".into()),
            end_points,
            fenced: false,
            ..RegisterBrokerRecord::default()
        };
        world.change(&MetadataRecord::RegisterBroker(other));
        world
    }

    fn new() -> Self {
        Self::with(&[])
    }

    /// Changes the metadata as the controller would.
    fn change(&self, record: &MetadataRecord<'_>) {
        let mut delta = Delta::default();
        self.broker.shared.image.write().apply(record, &mut delta).unwrap();
        apply(&self.broker.shared, &delta, self.broker.shared.clock.now_ms());
    }

    /// Gives the partition two replicas.
    fn lead(&self, leader: i32, isr: &[i32], is_new_epoch: bool) {
        let old = self.broker.shared.image.read().partition(self.id, 0).unwrap().clone();
        self.change(&MetadataRecord::Partition(PartitionRecord {
            partition_id: 0,
            topic_id: self.id,
            replicas: vec![ME, OTHER],
            isr: isr.to_vec(),
            leader,
            leader_epoch: old.leader_epoch + i32::from(is_new_epoch),
            partition_epoch: old.partition_epoch + 1,
            ..PartitionRecord::default()
        }));
    }

    fn partition(&self) -> std::sync::Arc<Partition> {
        std::sync::Arc::clone(self.broker.shared.topics.with_id(self.id).unwrap().partition(0).unwrap())
    }

    fn high_watermark(&self) -> i64 {
        self.partition().log().unwrap().high_watermark()
    }

    fn epoch(&self) -> i32 {
        self.partition().leader_and_epoch().1
    }

    fn connect(&self) -> Peer {
        let socket = TcpStream::connect(self.broker.bootstrap()).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        Peer { socket, id: self.id }
    }

    /// What the follower fetches.
    fn follower(&self, offset: i64) -> FetchPartition {
        FetchPartition {
            fetch_offset: offset,
            current_leader_epoch: self.epoch(),
            log_start_offset: 0,
            ..FetchPartition::default()
        }
    }
}

/// A connection.
struct Peer {
    socket: TcpStream,
    id: Uuid,
}

impl Peer {
    fn send<'a, M: Request<'a>>(&mut self, message: &M, version: i16, correlation_id: i32) {
        let mut parts = Parts::default();
        write_request(&mut parts, message, version, correlation_id, None).unwrap();
        self.socket.write_all(&parts.to_bytes().unwrap()).unwrap();
    }

    /// A whole frame.
    fn receive(&mut self) -> Vec<u8> {
        let mut length = [0; 4];
        self.socket.read_exact(&mut length).unwrap();
        let mut frame = vec![0; usize::try_from(u32::from_be_bytes(length)).unwrap()];
        self.socket.read_exact(&mut frame).unwrap();
        frame
    }

    fn produce(&mut self, acks: i16, timeout_ms: i32, correlation_id: i32) {
        let records = batch();
        let data = PartitionProduceData {
            index: 0,
            records: Some(Records::Bytes(&records)),
            ..PartitionProduceData::default()
        };
        let topic = TopicProduceData { name: "t".into(), partition_data: vec![data], ..TopicProduceData::default() };
        let request = ProduceRequest { acks, timeout_ms, topic_data: vec![topic], ..ProduceRequest::default() };
        self.send(&request, PRODUCE, correlation_id);
    }

    /// Error and base offset of the next produce response, which has to be this one.
    fn produced(&mut self, correlation_id: i32) -> (ErrorCode, i64) {
        let frame = self.receive();
        let (found, body) = parse_response(&frame, ApiKey::Produce, PRODUCE).unwrap();
        assert_eq!(found, correlation_id);
        let (response, _) = ProduceResponse::decode(body, PRODUCE).unwrap();
        let answer = &response.responses[0].partition_responses[0];
        (ErrorCode::from_code(answer.error_code).unwrap(), answer.base_offset)
    }

    /// Whether nothing has come, and nothing is about to.
    fn is_silent(&mut self) -> bool {
        self.socket.set_nonblocking(true).unwrap();
        let peeked = self.socket.peek(&mut [0]);
        self.socket.set_nonblocking(false).unwrap();
        peeked.is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
    }

    /// Fetches as a replica, or with -1 as a consumer.
    fn fetch<R>(
        &mut self,
        replica_id: i32,
        partition: FetchPartition,
        max_wait_ms: i32,
        see: impl FnOnce(&PartitionData<'_>, &FetchResponse<'_>) -> R,
    ) -> R {
        let partition = FetchPartition { partition_max_bytes: 1 << 20, ..partition };
        let topic = FetchTopic { topic_id: self.id, partitions: vec![partition], ..FetchTopic::default() };
        let request = FetchRequest {
            replica_state: ReplicaState { replica_id, replica_epoch: OTHER_EPOCH, ..ReplicaState::default() },
            max_wait_ms,
            min_bytes: 1,
            max_bytes: 1 << 20,
            session_epoch: -1,
            topics: vec![topic],
            rack_id: "b".into(),
            ..FetchRequest::default()
        };
        self.send(&request, FETCH, 9);
        let frame = self.receive();
        let (_, body) = parse_response(&frame, ApiKey::Fetch, FETCH).unwrap();
        let (response, _) = FetchResponse::decode(body, FETCH).unwrap();
        see(&response.responses[0].partitions[0], &response)
    }

    /// Error, bytes of records, high watermark.
    fn follow(&mut self, partition: FetchPartition, max_wait_ms: i32) -> (ErrorCode, usize, i64) {
        self.fetch(OTHER, partition, max_wait_ms, |data, _| seen(data))
    }

    fn consume(&mut self, offset: i64) -> (ErrorCode, usize, i64) {
        self.fetch(-1, FetchPartition { fetch_offset: offset, ..FetchPartition::default() }, 0, |data, _| seen(data))
    }
}

fn seen(data: &PartitionData<'_>) -> (ErrorCode, usize, i64) {
    let bytes = data.records.as_ref().map_or(0, Records::len);
    (ErrorCode::from_code(data.error_code).unwrap(), bytes, data.high_watermark)
}

/// A batch of one record.
fn batch() -> Vec<u8> {
    let mut builder = RecordBatchBuilder::new(BatchFields::default());
    builder.append(0, 1_700_000_000_000, None, Some(b"v"), &[]).unwrap();
    let mut bytes = Vec::new();
    builder.finish(&mut Compressor::new(), &mut bytes).unwrap();
    bytes
}

#[test]
fn producers_that_want_all_replicas_wait_for_the_follower_and_consumers_see_what_it_has() {
    let world = World::new();
    world.lead(ME, &[ME, OTHER], true);
    let (mut producer, mut follower, mut consumer) = (world.connect(), world.connect(), world.connect());
    producer.produce(-1, LONG_MS, 1);
    // A second one on the same connection, which arrives together with the first or later.
    producer.produce(-1, LONG_MS, 2);
    let one = batch().len();
    // The follower is woken by the append, and gets what is not committed.
    let (error, bytes, high_watermark) = follower.follow(world.follower(0), LONG_MS);
    assert_eq!((error, high_watermark), (ErrorCode::None, 0));
    assert!(bytes >= one);
    assert_eq!(consumer.consume(0), (ErrorCode::None, 0, 0), "nothing is committed");
    assert!(producer.is_silent());
    // Its next fetch says that it has the first record. It is answered with the high watermark of that moment.
    assert_eq!(follower.follow(world.follower(1), 0).0, ErrorCode::None);
    assert_eq!(producer.produced(1), (ErrorCode::None, 0));
    assert_eq!(world.high_watermark(), 1);
    assert_eq!(consumer.consume(0), (ErrorCode::None, one, 1));
    // The second request is read when the first is answered: the follower waits for its record.
    assert_eq!(follower.follow(world.follower(1), LONG_MS), (ErrorCode::None, one, 1));
    assert_eq!(follower.follow(world.follower(2), 0).0, ErrorCode::None);
    assert_eq!(producer.produced(2), (ErrorCode::None, 1));
    producer.produce(1, LONG_MS, 3);
    assert_eq!(producer.produced(3), (ErrorCode::None, 2), "acks=1 does not wait");
}

#[test]
fn producers_are_told_when_replicas_take_too_long() {
    let world = World::new();
    world.lead(ME, &[ME, OTHER], true);
    let mut producer = world.connect();
    producer.produce(-1, 10, 1);
    assert_eq!(producer.produced(1), (ErrorCode::RequestTimedOut, 0), "the record is in the log");
    assert_eq!((world.high_watermark(), world.partition().log().unwrap().log_end_offset()), (0, 1));
}

#[test]
fn too_few_replicas_in_sync_take_nothing_from_producers_that_want_all() {
    let world = World::with(&[("min.insync.replicas", "2")]);
    world.lead(ME, &[ME], true);
    let mut producer = world.connect();
    producer.produce(-1, LONG_MS, 1);
    assert_eq!(producer.produced(1), (ErrorCode::NotEnoughReplicas, -1));
    assert_eq!(world.partition().log().unwrap().log_end_offset(), 0);
    producer.produce(1, LONG_MS, 2);
    assert_eq!(producer.produced(2), (ErrorCode::None, 0));
    assert_eq!(world.high_watermark(), 0, "nothing is committed below min.insync.replicas");
    assert!(world.partition().is_under_min_isr() && world.partition().is_under_replicated());
    world.lead(ME, &[ME, OTHER], false);
    let mut follower = world.connect();
    assert_eq!(follower.follow(world.follower(1), 0).0, ErrorCode::None);
    assert_eq!(world.high_watermark(), 1);
}

#[test]
fn a_smaller_isr_commits_what_waited_for_the_one_that_left() {
    let world = World::new();
    world.lead(ME, &[ME, OTHER], true);
    let (mut producer, mut follower) = (world.connect(), world.connect());
    producer.produce(-1, LONG_MS, 1);
    assert!(follower.follow(world.follower(0), LONG_MS).1 > 0);
    assert!(producer.is_silent());
    // Alive, but in its old life: it cannot hold up the high watermark.
    let other = world.broker.shared.image.read().broker(OTHER).unwrap().clone();
    world.change(&MetadataRecord::RegisterBroker(RegisterBrokerRecord { fenced: true, ..other }));
    world.lead(ME, &[ME], false);
    assert_eq!(producer.produced(1), (ErrorCode::None, 0));
    assert_eq!(world.high_watermark(), 1);
}

#[test]
fn who_waits_is_sent_to_the_new_leader() {
    let world = World::new();
    world.lead(ME, &[ME, OTHER], true);
    let (mut producer, mut follower) = (world.connect(), world.connect());
    producer.produce(-1, LONG_MS, 1);
    assert!(follower.follow(world.follower(0), LONG_MS).1 > 0);
    world.lead(OTHER, &[ME, OTHER], true);
    let frame = producer.receive();
    let (_, body) = parse_response(&frame, ApiKey::Produce, PRODUCE).unwrap();
    let (response, _) = ProduceResponse::decode(body, PRODUCE).unwrap();
    let answer = &response.responses[0].partition_responses[0];
    assert_eq!(answer.error_code, ErrorCode::NotLeaderOrFollower.code());
    let leader = &answer.current_leader;
    assert_eq!((leader.leader_id, leader.leader_epoch), (OTHER, world.epoch()));
    let endpoint = &response.node_endpoints[0];
    assert_eq!((endpoint.node_id, &*endpoint.host, endpoint.port), (OTHER, "other", 9192));

    // Replicas and old consumers hear the same from a fetch, consumers that know of followers read on.
    let told = follower.fetch(OTHER, world.follower(0), 0, |data, response| {
        (data.error_code, data.current_leader.leader_id, response.node_endpoints[0].host.clone().into_owned())
    });
    assert_eq!(told, (ErrorCode::NotLeaderOrFollower.code(), OTHER, "other".to_owned()));
    assert_eq!(follower.consume(0), (ErrorCode::None, 0, 0));
    producer.produce(1, LONG_MS, 2);
    assert_eq!(producer.produced(2).0, ErrorCode::NotLeaderOrFollower);
    let partition = ListOffsetsPartition { timestamp: -1, current_leader_epoch: -1, ..Default::default() };
    let topic = ListOffsetsTopic { name: "t".into(), partitions: vec![partition], ..ListOffsetsTopic::default() };
    follower.send(&ListOffsetsRequest { replica_id: -1, topics: vec![topic], ..Default::default() }, 11, 3);
    let frame = follower.receive();
    let (_, body) = parse_response(&frame, ApiKey::ListOffsets, 11).unwrap();
    let (response, _) = ListOffsetsResponse::decode(body, 11).unwrap();
    assert_eq!(response.topics[0].partitions[0].error_code, ErrorCode::NotLeaderOrFollower.code());
}

#[test]
fn fetches_of_replicas_are_checked() {
    let world = World::new();
    world.lead(ME, &[ME, OTHER], true);
    let mut peer = world.connect();
    peer.produce(1, LONG_MS, 1);
    assert_eq!(peer.produced(1), (ErrorCode::None, 0));
    let mut fetched =
        |replica: i32, partition: FetchPartition| peer.fetch(replica, partition, 0, |data, _| seen(data).0);
    let known = world.follower(0);
    assert_eq!(fetched(3, known.clone()), ErrorCode::UnknownLeaderEpoch, "no replica, as far as is known");
    assert_eq!(
        fetched(3, FetchPartition { current_leader_epoch: -1, ..known.clone() }),
        ErrorCode::NotLeaderOrFollower
    );
    let (older, newer) = (known.current_leader_epoch - 1, known.current_leader_epoch + 1);
    assert_eq!(
        fetched(OTHER, FetchPartition { current_leader_epoch: older, ..known.clone() }),
        ErrorCode::FencedLeaderEpoch
    );
    assert_eq!(
        fetched(OTHER, FetchPartition { current_leader_epoch: newer, ..known.clone() }),
        ErrorCode::UnknownLeaderEpoch
    );
    assert_eq!(fetched(OTHER, FetchPartition { fetch_offset: 5, ..known.clone() }), ErrorCode::OffsetOutOfRange);
    assert_eq!(fetched(OTHER, known.clone()), ErrorCode::None);
    // The follower has a record of the epoch that the leader has not.
    let ahead = FetchPartition { fetch_offset: 3, last_fetched_epoch: known.current_leader_epoch, ..known.clone() };
    let diverging = peer.fetch(OTHER, ahead, LONG_MS, |data, _| {
        (data.error_code, data.diverging_epoch.epoch, data.diverging_epoch.end_offset)
    });
    assert_eq!(diverging, (0, known.current_leader_epoch, 1));
    assert_eq!(world.high_watermark(), 0, "a fetch that diverges says nothing of what the follower has");
}

#[test]
fn metadata_that_is_known_or_older_changes_no_role() {
    let world = World::new();
    let older = world.broker.shared.image.read().partition(world.id, 0).unwrap().clone();
    world.lead(OTHER, &[OTHER], true);
    let known = world.broker.shared.image.read().partition(world.id, 0).unwrap().clone();
    let partition = world.partition();
    assert_eq!(partition.assume(&known, 0), Assumed::Stale, "a change of the ISR on its way would be forgotten");
    assert_eq!(partition.assume(&older, 0), Assumed::Stale);
    assert!(!partition.is_leader());
    world.lead(ME, &[ME, OTHER], true);
    assert!(partition.is_leader());
    let (leader_epoch, partition_epoch) = (known.leader_epoch + 5, known.partition_epoch + 9);
    let newer = metadata::Partition { leader: OTHER, leader_epoch, partition_epoch, ..known };
    let leader = OTHER;
    assert_eq!(partition.assume(&newer, 0), Assumed::Follower { leader, leader_epoch, is_new: true });
}

#[test]
fn deletion_of_records_waits_for_the_followers() {
    let world = World::new();
    world.lead(ME, &[ME, OTHER], true);
    let (mut client, mut follower) = (world.connect(), world.connect());
    client.produce(1, LONG_MS, 1);
    assert_eq!(client.produced(1), (ErrorCode::None, 0));
    assert_eq!(follower.follow(world.follower(1), 0).0, ErrorCode::None);
    let ask = |client: &mut Peer, timeout_ms: i32| {
        let partitions = vec![DeleteRecordsPartition { partition_index: 0, offset: 1, ..Default::default() }];
        let topics = vec![DeleteRecordsTopic { name: "t".into(), partitions, ..DeleteRecordsTopic::default() }];
        client.send(&DeleteRecordsRequest { topics, timeout_ms, ..Default::default() }, 2, 4);
    };
    let told = |client: &mut Peer| {
        let frame = client.receive();
        let (_, body) = parse_response(&frame, ApiKey::DeleteRecords, 2).unwrap();
        let (response, _) = DeleteRecordsResponse::decode(body, 2).unwrap();
        let answer = &response.topics[0].partitions[0];
        (ErrorCode::from_code(answer.error_code).unwrap(), answer.low_watermark)
    };
    ask(&mut client, 10);
    assert_eq!(told(&mut client), (ErrorCode::RequestTimedOut, 0));
    ask(&mut client, LONG_MS);
    let moved = FetchPartition { log_start_offset: 1, ..world.follower(1) };
    assert_eq!(follower.follow(moved, 0).0, ErrorCode::None);
    assert_eq!(told(&mut client), (ErrorCode::None, 1));
}

#[test]
fn a_commit_of_offsets_waits_for_the_followers() {
    let world = World::of(GROUP_METADATA_TOPIC, &[("offsets.topic.num.partitions", "1")]);
    world.lead(ME, &[ME, OTHER], true);
    let (mut client, mut follower) = (world.connect(), world.connect());
    let partition = OffsetCommitRequestPartition { committed_offset: 5, ..OffsetCommitRequestPartition::default() };
    let partitions = vec![partition];
    let topic = OffsetCommitRequestTopic { name: GROUP_METADATA_TOPIC.into(), partitions, ..Default::default() };
    let request = OffsetCommitRequest {
        group_id: "g".into(),
        generation_id_or_member_epoch: -1,
        topics: vec![topic],
        ..OffsetCommitRequest::default()
    };
    client.send(&request, 8, 5);
    assert!(follower.follow(world.follower(0), LONG_MS).1 > 0);
    assert!(client.is_silent());
    let end = world.partition().log().unwrap().log_end_offset();
    assert_eq!(follower.follow(world.follower(end), 0).0, ErrorCode::None);
    let frame = client.receive();
    let (_, body) = parse_response(&frame, ApiKey::OffsetCommit, 8).unwrap();
    let (response, _) = OffsetCommitResponse::decode(body, 8).unwrap();
    assert_eq!(response.topics[0].partitions[0].error_code, ErrorCode::None.code());
    assert_eq!(world.high_watermark(), end);
}

#[test]
fn consumers_are_sent_to_the_replica_in_their_rack() {
    let selector = "org.apache.kafka.common.replica.RackAwareReplicaSelector";
    let world = World::with(&[("replica.selector.class", selector), ("broker.rack", "a")]);
    world.lead(ME, &[ME, OTHER], true);
    let mut peer = world.connect();
    let preferred = |peer: &mut Peer| {
        let from = FetchPartition::default();
        peer.fetch(-1, from, 0, |data, _| (data.error_code, data.preferred_read_replica))
    };
    assert_eq!(preferred(&mut peer), (0, -1), "where the follower is is not known");
    assert_eq!(peer.follow(world.follower(0), 0).0, ErrorCode::None);
    assert_eq!(preferred(&mut peer), (0, OTHER));
    world.lead(ME, &[ME], false);
    assert_eq!(preferred(&mut peer), (0, -1), "it is not in sync");
}
