//! Faults on demand: what tests of clients order from a broker, in Rust and over HTTP.

#![expect(clippy::unwrap_used, reason = "what fails where it must not fails the test")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use kafka_broker::{ApiKey, Broker, ErrorCode, Fault};
use kafka_log::compression::Compressor;
use kafka_log::format::builder::{BatchFields, RecordBatchBuilder};
use kafka_rpc::messages::create_topics_request::CreatableTopic;
use kafka_rpc::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_rpc::messages::join_group_request::JoinGroupRequestProtocol;
use kafka_rpc::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_rpc::messages::*;
use kafka_rpc::{Records, Request};
use kafka_thin_client::{Client, ClientConfig, admin};

const WAIT: Duration = Duration::from_secs(30);

fn client(bootstrap: &str, id: &str) -> Client {
    let mut config = ClientConfig::new([bootstrap.to_owned()]);
    config.connection.client_id = id.to_owned();
    Client::new(config).unwrap()
}

fn create_topic(client: &mut Client, name: &str) {
    let topic = CreatableTopic { name: name.into(), num_partitions: 1, replication_factor: 1, ..Default::default() };
    admin::create_topics(client, vec![topic], false).unwrap().remove(0).1.unwrap();
}

fn batch() -> Vec<u8> {
    let mut builder = RecordBatchBuilder::new(BatchFields::default());
    builder.append(0, 1_700_000_000_000, None, Some(b"v"), &[]).unwrap();
    let mut batch = Vec::new();
    builder.finish(&mut Compressor::new(), &mut batch).unwrap();
    batch
}

/// Produces one record; gives error and offset.
fn produce(client: &mut Client) -> (i16, i64) {
    let batch = batch();
    let partition = PartitionProduceData { index: 0, records: Some(Records::Bytes(&batch)), ..Default::default() };
    let topic = TopicProduceData { name: "t".into(), partition_data: vec![partition], ..Default::default() };
    let request = ProduceRequest { acks: -1, timeout_ms: 5000, topic_data: vec![topic], ..Default::default() };
    let reply = client.send_to_at(1, &request, 12).unwrap();
    let response = reply.message().unwrap();
    let partition = &response.responses[0].partition_responses[0];
    (partition.error_code, partition.base_offset)
}

fn code(error: ErrorCode) -> i16 {
    error.code()
}

/// Waits until the group has a coordinator that is ready.
fn wait_for_coordinator(client: &mut Client, group: &str) {
    let until = Instant::now() + WAIT;
    let find = FindCoordinatorRequest { coordinator_keys: vec![group.into()], ..Default::default() };
    while client.send_to_any(&find).unwrap().message().unwrap().coordinators[0].error_code != 0
        || heartbeat(client, group, "nobody", 0) != code(ErrorCode::UnknownMemberId)
    {
        assert!(Instant::now() < until, "there is no coordinator");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn heartbeat(client: &mut Client, group: &str, member: &str, generation_id: i32) -> i16 {
    let request = HeartbeatRequest {
        group_id: group.to_owned().into(),
        generation_id,
        member_id: member.to_owned().into(),
        ..Default::default()
    };
    client.send_to_any(&request).unwrap().message().unwrap().error_code
}

/// Joins a group alone; gives member id and generation.
fn join(client: &mut Client, group: &str) -> (String, i32) {
    let mut member_id = String::new();
    loop {
        let protocol = JoinGroupRequestProtocol { name: "range".into(), ..Default::default() };
        let request = JoinGroupRequest {
            group_id: group.to_owned().into(),
            session_timeout_ms: 30_000,
            rebalance_timeout_ms: 30_000,
            member_id: member_id.clone().into(),
            protocol_type: "consumer".into(),
            protocols: vec![protocol],
            ..Default::default()
        };
        let reply = client.send_to_any(&request).unwrap();
        let joined = reply.message().unwrap();
        member_id = joined.member_id.clone().into_owned();
        if joined.error_code == 0 {
            let generation_id = joined.generation_id;
            let (group_id, id) = (group.to_owned().into(), member_id.clone().into());
            let sync = SyncGroupRequest {
                group_id,
                generation_id,
                member_id: id,
                protocol_type: Some("consumer".into()),
                protocol_name: Some("range".into()),
                ..Default::default()
            };
            assert_eq!(client.send_to_any(&sync).unwrap().message().unwrap().error_code, 0);
            return (member_id, generation_id);
        }
        assert_eq!(joined.error_code, code(ErrorCode::MemberIdRequired));
    }
}

#[test]
fn requests_fail_come_late_or_end_the_connection() {
    let broker = Broker::ephemeral().unwrap();
    let (mut one, mut other) = (client(&broker.bootstrap(), "one"), client(&broker.bootstrap(), "other"));
    create_topic(&mut one, "t");
    let faults = broker.faults();
    assert_eq!(produce(&mut one), (0, 0));

    faults.add(Fault::fail(ApiKey::Produce, ErrorCode::NotEnoughReplicas).times(2).of_client("one")).unwrap();
    assert_eq!(produce(&mut other), (0, 1), "not meant");
    assert_eq!(produce(&mut one), (code(ErrorCode::NotEnoughReplicas), -1));
    assert_eq!(produce(&mut one), (code(ErrorCode::NotEnoughReplicas), -1));
    assert_eq!(produce(&mut one), (0, 2), "over");
    assert!(faults.waiting().is_empty());

    // Delayed by itself: others are served meanwhile.
    let delay = Duration::from_millis(300);
    faults.add(Fault::delay(ApiKey::Produce, delay).of_client("one")).unwrap();
    let began = Instant::now();
    let delayed = std::thread::spawn(move || {
        let answer = produce(&mut one);
        (answer, one)
    });
    while !faults.waiting().is_empty() {
        std::thread::yield_now();
    }
    assert_eq!(produce(&mut other), (0, 3));
    let (answer, mut one) = delayed.join().unwrap();
    assert_eq!(answer, (0, 4));
    assert!(began.elapsed() >= delay);

    faults.add(Fault::drop_connection(ApiKey::ListGroups)).unwrap();
    assert!(list_groups_once(&broker.bootstrap()).is_err());
    assert!(list_groups_once(&broker.bootstrap()).is_ok());

    let partition = FetchPartition { partition: 0, partition_max_bytes: 1000, ..Default::default() };
    let topic = FetchTopic { topic: "t".into(), partitions: vec![partition], ..Default::default() };
    let fetch = FetchRequest { max_wait_ms: 1, topics: vec![topic], session_epoch: 0, ..Default::default() };
    let mut fetched =
        || one.send_to_at(1, &fetch, 11).unwrap().message().unwrap().responses[0].partitions[0].error_code;
    faults.add(Fault::fail(ApiKey::Fetch, ErrorCode::OffsetOutOfRange)).unwrap();
    assert_eq!(fetched(), code(ErrorCode::OffsetOutOfRange));
    assert_eq!(fetched(), 0);
}

/// One request on a connection of its own.
fn list_groups_once(address: &str) -> std::io::Result<()> {
    let mut socket = TcpStream::connect(address)?;
    socket.write_all(&[0, 0, 0, 10, 0, 16, 0, 0, 0, 0, 0, 1, 0xff, 0xff])?;
    socket.read_exact(&mut [0; 4])
}

/// What every API that can fail answers, at all of its versions, is an answer that a client can read.
#[test]
fn errors_are_answers_of_every_version() {
    fn all<'a, M: Request<'a> + Default>(client: &mut Client, broker: &Broker, request: &M) {
        for version in M::API_KEY.versions() {
            broker.faults().add(Fault::fail(M::API_KEY, ErrorCode::UnknownServerError)).unwrap();
            let reply =
                client.send_to_at(1, request, version).unwrap_or_else(|error| panic!("{} {version}: {error}", M::NAME));
            reply.message().unwrap_or_else(|error| panic!("{} {version}: {error}", M::NAME));
        }
        assert!(broker.faults().waiting().is_empty(), "{}", M::NAME);
    }
    let broker = Broker::ephemeral().unwrap();
    let mut client = client(&broker.bootstrap(), "c");
    all(&mut client, &broker, &ListOffsetsRequest::default());
    all(&mut client, &broker, &OffsetCommitRequest::default());
    all(&mut client, &broker, &OffsetFetchRequest::default());
    all(&mut client, &broker, &FindCoordinatorRequest::default());
    all(&mut client, &broker, &JoinGroupRequest::default());
    all(&mut client, &broker, &SyncGroupRequest::default());
    all(&mut client, &broker, &HeartbeatRequest::default());
    all(&mut client, &broker, &LeaveGroupRequest::default());
    all(&mut client, &broker, &CreateTopicsRequest::default());
    all(&mut client, &broker, &DeleteTopicsRequest::default());
    all(&mut client, &broker, &InitProducerIdRequest::default());
    all(&mut client, &broker, &DescribeClusterRequest::default());
    all(&mut client, &broker, &FetchRequest::default());
}

#[test]
fn time_stands_still_and_goes_on_and_members_and_coordinators_go() {
    let broker = Broker::ephemeral().unwrap();
    let faults = broker.faults();
    let mut client = client(&broker.bootstrap(), "c");
    wait_for_coordinator(&mut client, "g");
    faults.freeze_time();
    let now_ms = faults.now_ms();
    let (member, generation) = join(&mut client, "g");
    faults.advance_time(Duration::from_secs(29));
    assert_eq!(faults.now_ms(), now_ms + 29_000);
    assert_eq!(heartbeat(&mut client, "g", &member, generation), 0);
    faults.advance_time(Duration::from_secs(31));
    let until = Instant::now() + WAIT;
    while heartbeat(&mut client, "g", &member, generation) != code(ErrorCode::UnknownMemberId) {
        assert!(Instant::now() < until, "the session never ends");
    }
    faults.resume_time();

    let (member, generation) = join(&mut client, "g");
    assert_eq!(faults.expire_member("g", "nobody"), Ok(0));
    assert_eq!(heartbeat(&mut client, "g", &member, generation), 0);
    assert_eq!(faults.expire_member("g", &member), Ok(1));
    assert_eq!(heartbeat(&mut client, "g", &member, generation), code(ErrorCode::UnknownMemberId));
    let (member, generation) = join(&mut client, "g");
    assert_eq!(faults.expire_group("g"), Ok(1));
    assert_eq!(heartbeat(&mut client, "g", &member, generation), code(ErrorCode::UnknownMemberId));

    // A stable group is in the log, and comes back from there.
    let (member, generation) = join(&mut client, "g");
    faults.move_coordinator("g", Duration::ZERO);
    let until = Instant::now() + WAIT;
    let mut answers = Vec::new();
    while answers.last() != Some(&0) {
        answers.push(heartbeat(&mut client, "g", &member, generation));
        assert!(Instant::now() < until, "the coordinator does not come back: {:?}", answers.last());
        std::thread::sleep(Duration::from_millis(5));
    }
    let passing = [code(ErrorCode::NotCoordinator), code(ErrorCode::CoordinatorLoadInProgress), 0];
    assert!(answers.iter().all(|answer| passing.contains(answer)), "{answers:?}");
}

/// A process that does not outlive its test.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// A request to the endpoint; gives the status and the body.
fn http(address: &str, method: &str, path: &str, body: &str) -> (u16, serde_json::Value) {
    let mut socket = TcpStream::connect(address).unwrap();
    write!(socket, "{method} {path} HTTP/1.1\r\nHost: {address}\r\ncontent-length: {}\r\n\r\n", body.len()).unwrap();
    // The body may come on its own.
    socket.write_all(body.as_bytes()).unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap())
}

#[test]
fn every_language_can_order_faults_over_http() {
    let command = Command::new(env!("CARGO_BIN_EXE_kafka-broker"))
        .args(["--ephemeral", "--control", "--log-level", "error"])
        .stdout(Stdio::piped())
        .spawn();
    let mut child = command.unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let _process = Process(child);
    let bootstrap = lines.next().unwrap().unwrap();
    let control = lines.next().unwrap().unwrap();
    let control = control.strip_prefix("http://").unwrap();
    let mut client = client(&bootstrap, "c");
    create_topic(&mut client, "t");

    let order = r#"{"api": "Produce", "error": "NOT_LEADER_OR_FOLLOWER", "times": 2, "client_id": "c"}"#;
    assert_eq!(http(control, "POST", "/faults", order), (200, serde_json::json!({"id": 1})));
    assert_eq!(produce(&mut client), (code(ErrorCode::NotLeaderOrFollower), -1));
    let waiting = serde_json::json!({"faults": [
        {"id": 1, "api": "Produce", "times": 1, "client_id": "c", "error": "NOT_LEADER_OR_FOLLOWER"}
    ]});
    assert_eq!(http(control, "GET", "/faults", ""), (200, waiting));
    assert_eq!(http(control, "DELETE", "/faults", "").0, 200);
    assert_eq!(produce(&mut client), (0, 0));

    let (status, time) = http(control, "POST", "/time", r#"{"freeze": true, "advance_ms": 86400000}"#);
    assert_eq!((status, &time["frozen"]), (200, &true.into()));
    assert_eq!(http(control, "GET", "/time", "").1["now_ms"], time["now_ms"]);
    assert_eq!(http(control, "POST", "/time", r#"{"freeze": false}"#).1["frozen"], false);

    wait_for_coordinator(&mut client, "g");
    join(&mut client, "g");
    assert_eq!(http(control, "POST", "/groups/expire", r#"{"group": "g"}"#), (200, serde_json::json!({"ended": 1})));
    assert_eq!(http(control, "POST", "/groups/move", r#"{"group": "g", "away_ms": 1000}"#).0, 200);

    for (body, why) in [
        (r#"{"api": "Produce"}"#, "one of error, delay_ms and drop has to be given"),
        (r#"{"api": "Produce", "drop": true, "delay_ms": 1}"#, "one of error, delay_ms and drop has to be given"),
        (r#"{"api": "Product", "drop": true}"#, "there is no API Product"),
        (r#"{"api": "Produce", "error": "OOPS"}"#, "there is no error OOPS"),
        (r#"{"api": "DescribeQuorum", "error": "UNKNOWN_SERVER_ERROR"}"#, "can be delayed or dropped, but not failed"),
        (r#"{"api": "Produce", "drop": true, "time": 1}"#, "unknown field `time`"),
        ("{", "EOF"),
    ] {
        let (status, answer) = http(control, "POST", "/faults", body);
        assert!(status == 400 && answer["error"].as_str().unwrap().contains(why), "{body}: {status} {answer}");
    }
    assert_eq!(http(control, "GET", "/nothing", "").0, 404);
}
