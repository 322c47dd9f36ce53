//! One of two log directories fails: it goes offline, clients get Kafka's error for its partitions, and the other one serves on.

#![cfg(unix)]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a broker that cannot be started fails the test")]

mod support;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};
use std::{fs, iter};

use kafka_rpc::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_rpc::messages::metadata_request::MetadataRequestTopic;
use kafka_rpc::messages::{ListOffsetsRequest, MetadataRequest};
use kafka_rpc::{ErrorCode, messages::list_offsets_response::ListOffsetsPartitionResponse};
use kafka_thin_client::producer::{ProduceError, Producer, ProducerConfig, ProducerRecord};
use kafka_thin_client::{Client, admin};
use support::{Process, client_config, create_topic};

const PARTITIONS: i32 = 4;

/// Files can have 1 or 2 MiB, as the shell counts. A write beyond that is an error, as on a full disk.
const ON_A_FULL_DISK: &str = "trap '' XFSZ; ulimit -f 2048; exec \"$0\" \"$@\"";
const AS_IT_IS: &str = "exec \"$0\" \"$@\"";

/// Writes 100 KiB without trying again.
fn produce(port: u16, topic: &str, partition: i32) -> Result<i64, ErrorCode> {
    let config = ProducerConfig { retries: 0, enable_idempotence: false, ..ProducerConfig::default() };
    let mut producer = Producer::new(client_config(port), config).unwrap();
    let value = vec![b'v'; 100 * 1024];
    let record = ProducerRecord { topic, partition: Some(partition), value: Some(&value), ..ProducerRecord::default() };
    let (told, tells) = channel();
    producer.send(&record, Box::new(move |written| told.send(written).unwrap()));
    producer.flush();
    match tells.recv().unwrap() {
        Ok(at) => Ok(at.offset.unwrap()),
        Err(ProduceError::Api(error)) => Err(error.code),
        Err(error) => panic!("{error}"),
    }
}

/// The end of a partition, as the broker answers the first request for it.
fn end_offset(client: &mut Client, topic: &str, partition: i32) -> Result<i64, ErrorCode> {
    let partition_index = partition;
    let partitions = vec![ListOffsetsPartition { partition_index, timestamp: -1, ..Default::default() }];
    let topics = vec![ListOffsetsTopic { name: topic.into(), partitions, ..Default::default() }];
    let request = ListOffsetsRequest { replica_id: -1, topics, ..Default::default() };
    let reply = client.send_to_any(&request).unwrap();
    let message = reply.message().unwrap();
    let answer: &ListOffsetsPartitionResponse = &message.topics[0].partitions[0];
    match ErrorCode::from_code(answer.error_code).unwrap() {
        ErrorCode::None => Ok(answer.offset),
        code => Err(code),
    }
}

/// The directory of each partition, and the error of each directory.
fn dirs(client: &mut Client) -> BTreeMap<String, Result<Vec<i32>, ErrorCode>> {
    let of_topic = |dir: admin::LogDir| {
        dir.replicas.into_iter().filter(|replica| replica.topic == "t").map(|replica| replica.partition).collect()
    };
    let name = |path: String| Path::new(&path).file_name().unwrap().to_str().unwrap().to_owned();
    let dirs = admin::describe_log_dirs(client, 1).unwrap().into_iter();
    dirs.map(|(path, dir)| (name(path), dir.map(of_topic).map_err(|error| error.code))).collect()
}

/// Leader and offline replicas of a partition, as the metadata has them.
type Led = (i32, Vec<i32>);

fn leaders(client: &mut Client) -> BTreeMap<i32, Led> {
    let topics = Some(vec![MetadataRequestTopic { name: Some("t".into()), ..Default::default() }]);
    let reply = client.send_to_any(&MetadataRequest { topics, ..Default::default() }).unwrap();
    let message = reply.message().unwrap();
    let partitions = message.topics[0].partitions.iter();
    partitions.map(|of| (of.partition_index, (of.leader_id, of.offline_replicas.clone()))).collect()
}

/// Broker 1 leads all partitions but these.
fn led_without(lost: &[i32]) -> BTreeMap<i32, Led> {
    let led = |partition| if lost.contains(&partition) { (-1, vec![1]) } else { (1, Vec::new()) };
    (0..PARTITIONS).map(|partition| (partition, led(partition))).collect()
}

#[test]
fn a_directory_that_fails_takes_its_partitions_along_and_no_others() {
    let dir = tempfile::tempdir().unwrap();
    let (one, two) = (dir.path().join("one"), dir.path().join("two"));
    let port = support::free_port();
    let settings = [
        format!("log.dirs={},{}", one.display(), two.display()),
        format!("listeners=PLAINTEXT://127.0.0.1:{port}"),
        "node.id=1".to_owned(),
        "log.index.size.max.bytes=65536".to_owned(),
    ];
    let mut broker = Process::start(ON_A_FULL_DISK, &settings);
    broker.wait_until_ready();
    let mut client = Client::new(client_config(port)).unwrap();
    create_topic(&mut client, "t", PARTITIONS, &[]).unwrap();
    // The metadata log is in the first directory, and no broker lives without it.
    let found = dirs(&mut client);
    let (safe, lost) = (found["one"].clone().unwrap(), found["two"].clone().unwrap());
    assert_eq!((safe.len(), lost.len()), (2, 2), "{found:?}");
    for partition in 0..PARTITIONS {
        assert_eq!(produce(port, "t", partition), Ok(0));
    }

    let attempts: Vec<_> =
        iter::repeat_with(|| produce(port, "t", lost[0])).take_while(Result::is_ok).take(100).collect();
    assert!(attempts.len() < 100, "the disk is never full");
    let storage_error = Err(ErrorCode::KafkaStorageError);
    for &partition in &lost {
        // A producer would wait for a leader, which there may be none of any more.
        assert_eq!(end_offset(&mut client, "t", partition), storage_error, "partition {partition}");
    }
    for &partition in &safe {
        assert_eq!(produce(port, "t", partition), Ok(1), "partition {partition}");
        assert_eq!(end_offset(&mut client, "t", partition), Ok(2), "partition {partition}");
    }
    // The controller learns of it: nothing leads what is lost.
    let until = Instant::now() + Duration::from_secs(30);
    while leaders(&mut client) != led_without(&lost) {
        assert!(Instant::now() < until, "{:?}", leaders(&mut client));
        std::thread::sleep(Duration::from_millis(10));
    }
    create_topic(&mut client, "new", 2, &[]).unwrap();
    assert_eq!(
        (produce(port, "new", 0), produce(port, "new", 1)),
        (Ok(0), Ok(0)),
        "new partitions are in the other one"
    );
    assert_eq!(dirs(&mut client)["two"], Err(ErrorCode::KafkaStorageError));
    broker.kill();

    // The next start finds no directory at all in its place.
    fs::rename(&two, dir.path().join("away")).unwrap();
    fs::write(&two, "").unwrap();
    let mut broker = Process::start(AS_IT_IS, &settings);
    broker.wait_until_ready();
    assert_eq!(leaders(&mut Client::new(client_config(port)).unwrap()), led_without(&lost));
    assert_eq!(produce(port, "t", safe[0]), Ok(2));
    broker.kill();

    // And then it is back, with everything that was acknowledged.
    fs::remove_file(&two).unwrap();
    fs::rename(dir.path().join("away"), &two).unwrap();
    let mut broker = Process::start(AS_IT_IS, &settings);
    broker.wait_until_ready();
    let mut client = Client::new(client_config(port)).unwrap();
    assert_eq!(leaders(&mut client), led_without(&[]));
    let acknowledged = 1 + i64::try_from(attempts.len()).unwrap();
    assert_eq!(end_offset(&mut client, "t", lost[0]), Ok(acknowledged));
    assert_eq!(end_offset(&mut client, "t", lost[1]), Ok(1));
    assert_eq!(produce(port, "t", lost[0]), Ok(acknowledged));
    assert!(broker.terminate().success(), "a clean stop");
}
