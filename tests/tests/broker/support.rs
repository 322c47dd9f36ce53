//! Brokers, clients and raw sockets.

use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kafka_broker::Broker;
use kafka_log::compression::Codec;
use kafka_rpc::messages::create_topics_request::CreatableTopic;
use kafka_rpc::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_rpc::messages::{ApiVersionsRequest, FetchRequest};
use kafka_rpc::{Parts, Request, write_request};
use kafka_thin_client::consumer::{Consumer, ConsumerConfig, ConsumerRecord};
use kafka_thin_client::producer::{Producer, ProducerConfig, ProducerRecord};
use kafka_thin_client::{Client, ClientConfig, Connection, ConnectionConfig, Peer, admin};

/// Longer than anything takes that works.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) fn broker() -> Broker {
    broker_with(&[])
}

pub(crate) fn broker_with(settings: &[(&str, &str)]) -> Broker {
    let settings: Vec<_> = settings.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    Broker::ephemeral_with(&settings).unwrap()
}

pub(crate) fn client(broker: &Broker) -> Client {
    Client::new(ClientConfig::new([broker.bootstrap()])).unwrap()
}

pub(crate) fn connection(broker: &Broker) -> Connection {
    let (host, port) = broker.bootstrap().rsplit_once(':').map(|(h, p)| (h.to_owned(), p.parse().unwrap())).unwrap();
    Connection::connect(Peer { host, port }, ConnectionConfig::default()).unwrap()
}

/// A socket without any client behind it.
pub(crate) fn socket(broker: &Broker) -> TcpStream {
    let socket = TcpStream::connect(broker.bootstrap()).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket.set_nodelay(true).unwrap();
    socket
}

pub(crate) fn create_topic(client: &mut Client, name: &str, partitions: i32) {
    let topic = CreatableTopic {
        name: name.to_owned().into(),
        num_partitions: partitions,
        replication_factor: 1,
        ..Default::default()
    };
    let created = admin::create_topics(client, vec![topic], false).unwrap();
    assert!(created.iter().all(|(_, result)| result.is_ok()), "{created:?}");
}

/// Produces values to partition 0; gives the offset of the last one.
pub(crate) fn produce(broker: &Broker, topic: &str, codec: Codec, values: &[Vec<u8>]) -> i64 {
    let config = ProducerConfig { compression: codec, linger: Duration::ZERO, ..ProducerConfig::default() };
    let mut producer = Producer::new(ClientConfig::new([broker.bootstrap()]), config).unwrap();
    let last = Arc::new(Mutex::new(-1));
    for value in values {
        let last = Arc::clone(&last);
        let record = ProducerRecord { topic, partition: Some(0), value: Some(value), ..ProducerRecord::default() };
        producer.send(&record, Box::new(move |sent| *last.lock().unwrap() = sent.unwrap().offset.unwrap()));
    }
    producer.flush();
    *last.lock().unwrap()
}

pub(crate) fn consumer(broker: &Broker, config: ConsumerConfig) -> Consumer {
    Consumer::new(ClientConfig::new([broker.bootstrap()]), config).unwrap()
}

/// Polls until there are so many records.
pub(crate) fn consume(consumer: &mut Consumer, count: usize) -> Vec<ConsumerRecord> {
    let until = std::time::Instant::now() + PATIENCE;
    let mut records = Vec::new();
    while records.len() < count && std::time::Instant::now() < until {
        records.extend(consumer.poll(Duration::from_millis(100)).unwrap());
    }
    records
}

/// A fetch of partition 0 by name, as clients without sessions send it (version 12).
pub(crate) fn fetch(topic: &str, offset: i64, min_bytes: i32, max_wait_ms: i32) -> FetchRequest<'static> {
    let partition =
        FetchPartition { fetch_offset: offset, partition_max_bytes: 64 * 1024 * 1024, ..Default::default() };
    FetchRequest {
        max_wait_ms,
        min_bytes,
        max_bytes: 64 * 1024 * 1024,
        topics: vec![FetchTopic { topic: topic.to_owned().into(), partitions: vec![partition], ..Default::default() }],
        session_epoch: -1,
        ..Default::default()
    }
}

/// The version of [`fetch`].
pub(crate) const FETCH_VERSION: i16 = 12;

/// A request as it goes over the wire.
pub(crate) fn frame<'a, R: Request<'a>>(request: &R, version: i16) -> Vec<u8> {
    let mut parts = Parts::default();
    write_request(&mut parts, request, version, 1, Some("raw")).unwrap();
    parts.to_bytes().unwrap()
}

/// Receives one response.
pub(crate) fn response(socket: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut length = [0; 4];
    socket.read_exact(&mut length)?;
    let mut response = vec![0; u32::from_be_bytes(length) as usize];
    socket.read_exact(&mut response)?;
    Ok(response)
}

/// Fails unless the broker serves a client.
pub(crate) fn assert_serves(broker: &Broker) {
    assert!(!broker.has_failed());
    let mut socket = socket(broker);
    socket.write_all(&frame(&ApiVersionsRequest::default(), 0)).unwrap();
    assert!(!response(&mut socket).unwrap().is_empty());
    assert!(admin::describe_cluster(&mut client(broker), false).is_ok());
}

/// Whether the peer closes the connection within some time.
pub(crate) fn is_closed(socket: &mut TcpStream) -> bool {
    let mut byte = [0; 4096];
    loop {
        match socket.read(&mut byte) {
            Ok(0) => return true,
            Ok(_) => {}
            Err(error) => return error.kind() == io::ErrorKind::ConnectionReset,
        }
    }
}

/// Memory of this process that is in use, in bytes.
pub(crate) fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or("0 kB");
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap_or(0) * 1024
}
