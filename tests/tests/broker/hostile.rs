//! Damaged requests of real clients over sockets. `HOSTILE_RUNS` sets how many, `KAFKA_SEED` repeats a run.

use std::io::Write as _;
use std::net::Shutdown;
use std::time::Duration;

use kafka_log::compression::Codec;
use kafka_rpc::messages::create_topics_request::CreatableTopic;
use kafka_rpc::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_rpc::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_rpc::messages::metadata_request::MetadataRequestTopic;
use kafka_rpc::messages::{
    CreateTopicsRequest, DescribeGroupsRequest, FetchRequest, JoinGroupRequest, ListOffsetsRequest, MetadataRequest,
};
use kafka_rpc::{ApiKey, ErrorCode, FRAME_LEN_BYTES};
use tests::Random;
use tests::hostile::mutate::mutate;
use tests::hostile::seeds::seeds;

use crate::support::{
    assert_serves, broker, client, connection, create_topic, fetch, frame, is_closed, produce, resident, response,
    socket,
};

/// Requests that may wait for other members, whatever their peer does.
const WAITING: [ApiKey; 2] = [ApiKey::JoinGroup, ApiKey::SyncGroup];
/// What a broker may keep of all that was sent: topics, groups, sessions.
const KEPT_MAX: u64 = 256 * 1024 * 1024;

/// Requests as Kafka's clients write them, and some that find what they ask for.
fn requests() -> Vec<Vec<u8>> {
    let mut requests = seeds("protocol_request", &[]);
    let partition = ListOffsetsPartition { timestamp: -1, ..Default::default() };
    let topics = vec![ListOffsetsTopic { name: "t".into(), partitions: vec![partition], ..Default::default() }];
    let list_offsets = ListOffsetsRequest { replica_id: -1, topics, ..Default::default() };
    let topics = Some(vec![MetadataRequestTopic { name: Some("t".into()), ..Default::default() }]);
    let groups = DescribeGroupsRequest { groups: vec!["g".into()], ..Default::default() };
    for _ in 0..requests.len() / 8 {
        requests.push(frame(&list_offsets, 5));
        requests.push(frame(&MetadataRequest { topics: topics.clone(), ..Default::default() }, 9));
        requests.push(frame(&fetch("t", 0, 1, 10), 12));
        requests.push(frame(&groups, 4));
    }
    requests.retain(|request| request.len() > FRAME_LEN_BYTES + 2);
    requests
}

fn api_of(frame: &[u8]) -> Option<ApiKey> {
    ApiKey::from_number(i16::from_be_bytes([*frame.get(4)?, *frame.get(5)?]))
}

#[test]
fn damaged_requests_are_answered_or_end_their_connection() {
    let runs: usize = std::env::var("HOSTILE_RUNS").ok().and_then(|runs| runs.parse().ok()).unwrap_or(1500);
    let mut random = Random::new(tests::seed("KAFKA_SEED"));
    let requests = requests();
    let broker = broker();
    create_topic(&mut client(&broker), "t", 2);
    produce(&broker, "t", Codec::Lz4, &[b"value".repeat(100)]);
    let before = resident();
    for run in 0..runs {
        let mut request = requests[random.below(requests.len())].clone();
        let other = random.below(requests.len());
        // API and version mostly stay, or most requests would end there.
        let kept = if random.below(8) == 0 { 0 } else { FRAME_LEN_BYTES + 4 };
        let mut damaged = request.split_off(kept.min(request.len()));
        mutate(&mut random, &mut damaged, &requests[other]);
        request.extend(damaged);
        if random.below(16) > 0 && request.len() >= FRAME_LEN_BYTES {
            let length = (request.len() - FRAME_LEN_BYTES) as i32;
            request[..FRAME_LEN_BYTES].copy_from_slice(&length.to_be_bytes());
        }
        let mut socket = socket(&broker);
        let waits = api_of(&request).is_some_and(|api| WAITING.contains(&api));
        if waits {
            socket.set_read_timeout(Some(Duration::from_millis(5))).unwrap();
        }
        // The broker may have closed the connection before everything was sent.
        let _ = socket.write_all(&request).and_then(|()| socket.shutdown(Shutdown::Write));
        let ended = is_closed(&mut socket);
        assert!(ended || waits, "run {run}: no answer and no end: {:?} {request:02x?}", api_of(&request));
        assert!(!broker.has_failed(), "run {run}: {:?} {request:02x?}", api_of(&request));
    }
    assert_serves(&broker);
    create_topic(&mut client(&broker), "after", 1);
    assert_eq!(produce(&broker, "after", Codec::Zstd, &[vec![1]]), 0);
    let kept = resident().saturating_sub(before);
    println!("{runs} damaged requests: {} KiB kept", kept / 1024);
    assert!(kept < KEPT_MAX, "{kept} bytes are kept");
}

#[test]
fn a_request_that_the_controller_cannot_read_ends_the_connection() {
    let broker = broker();
    let topics = vec![CreatableTopic { name: "t".into(), ..Default::default() }];
    let mut request = frame(&CreateTopicsRequest { topics, ..Default::default() }, 4);
    let length = request.len() - FRAME_LEN_BYTES - 3;
    request.truncate(FRAME_LEN_BYTES + length);
    request[..FRAME_LEN_BYTES].copy_from_slice(&(length as i32).to_be_bytes());
    let mut socket = socket(&broker);
    socket.write_all(&request).unwrap();
    assert!(is_closed(&mut socket));
    assert_serves(&broker);
}

#[test]
fn a_long_list_takes_time_in_proportion() {
    let broker = broker();
    create_topic(&mut client(&broker), "t", 1);
    let partitions = (0..100_000).map(|number| ListOffsetsPartition {
        partition_index: number / 2,
        timestamp: -1,
        ..Default::default()
    });
    let topics = vec![ListOffsetsTopic { name: "t".into(), partitions: partitions.collect(), ..Default::default() }];
    let request = ListOffsetsRequest { replica_id: -1, topics, ..Default::default() };
    let reply = connection(&broker).call(&request).unwrap();
    let answers = &reply.message().unwrap().topics[0].partitions;
    assert_eq!(answers.len(), 100_000);
    assert!(answers.iter().all(|answer| answer.error_code == ErrorCode::InvalidRequest.code()));
}

#[test]
fn a_request_may_not_cost_much_more_memory_than_it_is_long() {
    let broker = broker();
    // 16 million topics without a name, 2 bytes each: 32 MiB, which would be gigabytes as structs.
    let count = 16 * 1024 * 1024_u32;
    let header = [&ApiKey::Metadata.number().to_be_bytes()[..], &[0, 0, 0, 0, 0, 1, 0xff, 0xff]].concat();
    let length = (header.len() + 4 + 2 * count as usize) as u32;
    let before = resident();
    let mut socket = socket(&broker);
    let request = [&length.to_be_bytes()[..], &header, &count.to_be_bytes(), &vec![0; 2 * count as usize]].concat();
    let _ = socket.write_all(&request);
    assert!(is_closed(&mut socket));
    assert_serves(&broker);
    let kept = resident().saturating_sub(before);
    assert!(kept < KEPT_MAX, "{kept} bytes are kept");
}

#[test]
fn a_fetch_session_does_not_grow_without_bound() {
    let broker = broker();
    let request = |epoch: i32, session_id: i32, from: i32| {
        let partition = |partition| FetchPartition { partition, ..Default::default() };
        let partitions = (from..from + 9_000).map(partition).collect();
        let topics = vec![FetchTopic { topic: "t".into(), partitions, ..Default::default() }];
        FetchRequest { session_id, session_epoch: epoch, topics, ..Default::default() }
    };
    let mut connection = connection(&broker);
    let mut call = |request| {
        let pending = connection.send_at(&request, 12).unwrap();
        let reply = connection.receive::<FetchRequest<'_>>(pending).unwrap();
        let response = reply.message().unwrap();
        (response.error_code, response.session_id)
    };
    let (code, session) = call(request(0, 0, 0));
    assert_eq!(code, 0);
    assert_ne!(session, 0);
    assert_eq!(call(request(1, session, 0)), (0, session));
    let (code, _) = call(request(2, session, 9_000));
    assert_eq!(code, ErrorCode::FetchSessionIdNotFound.code());
}

#[test]
fn a_large_group_named_many_times_is_described_once() {
    let broker = broker();
    let mut joining = socket(&broker);
    let protocol = kafka_rpc::messages::join_group_request::JoinGroupRequestProtocol {
        name: "range".into(),
        metadata: vec![1; 500_000].into(),
        ..Default::default()
    };
    admin_ready(&broker);
    let join = JoinGroupRequest {
        group_id: "g".into(),
        session_timeout_ms: 10_000,
        rebalance_timeout_ms: 10_000,
        protocol_type: "consumer".into(),
        protocols: vec![protocol],
        ..Default::default()
    };
    joining.write_all(&frame(&join, 2)).unwrap();
    assert!(response(&mut joining).unwrap().len() > 100);
    let describe = DescribeGroupsRequest { groups: vec!["g".into(); 20_000], ..Default::default() };
    let reply = connection(&broker).call(&describe).unwrap();
    assert_eq!(reply.message().unwrap().groups.len(), 1);
}

/// Waits until groups are served.
fn admin_ready(broker: &kafka_broker::Broker) {
    kafka_thin_client::admin::list_group_offsets(&mut client(broker), "other").unwrap();
}
