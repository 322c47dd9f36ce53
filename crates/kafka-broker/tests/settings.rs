//! Settings that are changed while a broker runs: in force at once, and after a restart.

use std::error::Error;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use kafka_broker::{Broker, BrokerConfig};
use kafka_log::compression::Compressor;
use kafka_log::format::builder::{BatchFields, RecordBatchBuilder};
use kafka_rpc::messages::ProduceRequest;
use kafka_rpc::messages::create_topics_request::CreatableTopic;
use kafka_rpc::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_rpc::{ErrorCode, Records};
use kafka_thin_client::admin::{
    self, AlterConfigOp, ConfigOperation, ConfigResource, ConfigResourceType, ConfigSource,
};
use kafka_thin_client::{Client, ClientConfig, TopicPartition};

type Result<T = ()> = std::result::Result<T, Box<dyn Error>>;

const VERSION: i16 = 12;

fn resource(kind: ConfigResourceType, name: &str) -> ConfigResource {
    ConfigResource { kind, name: name.to_owned() }
}

fn alter(client: &mut Client, of: &ConfigResource, name: &str, value: Option<&str>) -> Result {
    let operation = if value.is_some() { ConfigOperation::Set } else { ConfigOperation::Delete };
    let op = AlterConfigOp { name: name.to_owned(), operation, value: value.map(str::to_owned) };
    Ok(admin::incremental_alter_configs(client, of, &[op])?)
}

fn described(client: &mut Client, of: &ConfigResource, name: &str) -> Result<(Option<String>, ConfigSource)> {
    let (_, entries) = admin::describe_configs(client, std::slice::from_ref(of), false)?.pop().ok_or("no answer")?;
    let entry = entries?.into_iter().find(|entry| entry.name == name).ok_or("no such setting")?;
    Ok((entry.value, entry.source))
}

/// Produces one record of so many bytes.
fn produce(client: &mut Client, topic: &str, len: usize) -> Result<ErrorCode> {
    let mut builder = RecordBatchBuilder::new(BatchFields::default());
    builder.append(0, 1_700_000_000_000, None, Some(&vec![b'x'; len]), &[])?;
    send(client, topic, builder)
}

/// Produces a batch.
fn send(client: &mut Client, topic: &str, mut builder: RecordBatchBuilder) -> Result<ErrorCode> {
    let mut batch = Vec::new();
    builder.finish(&mut Compressor::new(), &mut batch)?;
    let partition = PartitionProduceData { index: 0, records: Some(Records::Bytes(&batch)), ..Default::default() };
    let topic = TopicProduceData { name: topic.into(), partition_data: vec![partition], ..Default::default() };
    let request = ProduceRequest { acks: -1, timeout_ms: 5000, topic_data: vec![topic], ..Default::default() };
    let reply = client.send_to_at(1, &request, VERSION)?;
    let response = reply.message()?;
    let partition = response.responses.first().and_then(|topic| topic.partition_responses.first());
    Ok(ErrorCode::from_code(partition.ok_or("no partition")?.error_code).ok_or("an unknown error")?)
}

fn start(dir: &std::path::Path) -> Result<(Broker, Client)> {
    let dir = dir.display().to_string();
    let settings = [
        ("listeners", "PLAINTEXT://127.0.0.1:0"),
        ("log.dirs", &dir),
        ("producer.id.expiration.check.interval.ms", "20"),
    ];
    let settings: Vec<_> = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let broker = Broker::start(BrokerConfig::load(None, &settings)?.0)?;
    let client = Client::new(ClientConfig::new([broker.bootstrap()]))?;
    Ok((broker, client))
}

#[test]
fn settings_of_brokers_and_topics_are_in_force_at_once_and_after_a_restart() -> Result {
    let dir = tempfile::tempdir()?;
    let (broker, mut client) = start(dir.path())?;
    let topic = CreatableTopic { name: "t".into(), num_partitions: 1, replication_factor: 1, ..Default::default() };
    for (_, created) in admin::create_topics(&mut client, vec![topic], false)? {
        created?;
    }
    let all_brokers = resource(ConfigResourceType::Broker, "");
    let topic = resource(ConfigResourceType::Topic, "t");
    assert_eq!(produce(&mut client, "t", 5000)?, ErrorCode::None);

    alter(&mut client, &all_brokers, "message.max.bytes", Some("1000"))?;
    let of_all = (Some("1000".to_owned()), ConfigSource::DynamicDefaultBrokerConfig);
    assert_eq!(described(&mut client, &topic, "max.message.bytes")?, of_all);
    assert_eq!(produce(&mut client, "t", 5000)?, ErrorCode::MessageTooLarge);
    assert_eq!(produce(&mut client, "t", 10)?, ErrorCode::None);
    drop(client);
    assert!(broker.stop().is_clean);

    let (broker, mut client) = start(dir.path())?;
    assert_eq!(described(&mut client, &topic, "max.message.bytes")?, of_all);
    assert_eq!(produce(&mut client, "t", 5000)?, ErrorCode::MessageTooLarge);
    alter(&mut client, &topic, "max.message.bytes", Some("6000"))?;
    assert_eq!(produce(&mut client, "t", 5000)?, ErrorCode::None);
    alter(&mut client, &topic, "max.message.bytes", None)?;
    assert_eq!(produce(&mut client, "t", 5000)?, ErrorCode::MessageTooLarge);
    alter(&mut client, &all_brokers, "message.max.bytes", None)?;
    assert_eq!(produce(&mut client, "t", 5000)?, ErrorCode::None);
    drop(client);
    broker.stop();
    Ok(())
}

#[test]
fn limits_of_connections_are_in_force_at_once() -> Result {
    let dir = tempfile::tempdir()?;
    let (broker, mut client) = start(dir.path())?;
    let all_brokers = resource(ConfigResourceType::Broker, "");
    let is_served = || -> Result<bool> {
        let mut socket = TcpStream::connect(broker.bootstrap())?;
        socket.write_all(&[0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 1, 0xff, 0xff])?;
        Ok(socket.read_exact(&mut [0; 4]).is_ok())
    };
    assert!(is_served()?);
    alter(&mut client, &all_brokers, "max.connections", Some("1"))?;
    assert!(!is_served()?, "the client has the only one");
    alter(&mut client, &all_brokers, "max.connections", None)?;
    assert!(is_served()?);
    alter(&mut client, &all_brokers, "max.connections.per.ip", Some("1"))?;
    assert!(!is_served()?);
    alter(
        &mut client,
        &resource(ConfigResourceType::Broker, "1"),
        "max.connections.per.ip.overrides",
        Some("localhost:3"),
    )?;
    assert!(is_served()?);
    Ok(())
}

#[test]
fn producers_expire_by_a_setting_that_changes() -> Result {
    let dir = tempfile::tempdir()?;
    let (broker, mut client) = start(dir.path())?;
    let topic = CreatableTopic { name: "t".into(), num_partitions: 1, replication_factor: 1, ..Default::default() };
    for (_, created) in admin::create_topics(&mut client, vec![topic], false)? {
        created?;
    }
    let partition = TopicPartition { topic: "t".into(), partition: 0 };
    let producers = |client: &mut Client| -> Result<usize> {
        let described = admin::describe_producers(client, std::slice::from_ref(&partition), None)?;
        Ok(described.get(&partition).map_or(0, Vec::len))
    };
    let fields = BatchFields { producer_id: 7, producer_epoch: 0, base_sequence: 0, ..BatchFields::default() };
    let mut builder = RecordBatchBuilder::new(fields);
    let now_ms = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis())?;
    builder.append(0, now_ms, None, Some(b"v"), &[])?;
    assert_eq!(send(&mut client, "t", builder)?, ErrorCode::None);
    assert_eq!(producers(&mut client)?, 1);
    alter(&mut client, &resource(ConfigResourceType::Broker, ""), "producer.id.expiration.ms", Some("1"))?;
    let until = Instant::now() + Duration::from_secs(60);
    while producers(&mut client)? > 0 {
        assert!(Instant::now() < until, "the producer is still known");
        std::thread::sleep(Duration::from_millis(10));
    }
    drop(client);
    broker.stop();
    Ok(())
}
