//! The controller alone on the directory of a broker that is stopped: the other half of `KafkaMetadata.java`.
//!
//! `metadata-differential format DIR PORT RELEASE [NAME=LEVEL]...` prepares a new directory; `image DIR` writes the image as the records of a snapshot, one line of
//! JSON each; `change DIR PORT NAME clean|kill|snapshot` starts, changes topics, and writes what clients would see to stdout.

use std::error::Error;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use kafka_broker::config::{BrokerConfig, Rules};
use kafka_broker::controller::{
    BrokerRegistration, Controller, ControllerOptions, ControllerRegistration, Listener, Settings,
    allocate_producer_ids, alter_client_quotas, alter_user_scram_credentials, create_partitions, create_topics,
    delete_topics, incremental_alter_configs,
};
use kafka_broker::metadata::{
    ConfigResource, FormatOptions, Image, InitialVoters, LogOptions, MetadataLog, MetadataVersion, format_directories,
    random_uuid,
};
use kafka_log::format::clean_shutdown::{read_clean_shutdown, write_clean_shutdown};
use kafka_log::format::meta_properties::MetaProperties;
use kafka_log::format::schema::{InternalTopic, KafkaVersion};
use kafka_log::fs::OsFs;
use kafka_rpc::messages::alter_client_quotas_request::{EntityData, EntryData, OpData};
use kafka_rpc::messages::alter_user_scram_credentials_request::ScramCredentialUpsertion;
use kafka_rpc::messages::create_partitions_request::CreatePartitionsTopic;
use kafka_rpc::messages::create_topics_request::{CreatableTopic, CreatableTopicConfig};
use kafka_rpc::messages::delete_topics_request::DeleteTopicState;
use kafka_rpc::messages::incremental_alter_configs_request::{AlterConfigsResource, AlterableConfig};
use kafka_rpc::messages::{
    AllocateProducerIdsRequest, AlterClientQuotasRequest, AlterUserScramCredentialsRequest, CreatePartitionsRequest,
    CreateTopicsRequest, DeleteTopicsRequest, IncrementalAlterConfigsRequest,
};

type Outcome<T> = Result<T, Box<dyn Error>>;

const NODE: i32 = 1;

fn main() -> Outcome<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["format", dir, port, release, ref features @ ..] => format(dir.into(), port.parse()?, release, features),
        ["image", dir] => image(dir.into()),
        ["change", dir, port, name, end] => change(dir.into(), port.parse()?, name, end),
        _ => {
            Err("format DIR PORT RELEASE [NAME=LEVEL]... | image DIR | change DIR PORT NAME clean|kill|snapshot".into())
        }
    }
}

fn now_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(0))
}

fn format(dir: PathBuf, port: u16, release: &str, features: &[&str]) -> Outcome<()> {
    let mut options = FormatOptions::new(vec![dir], random_uuid().to_string(), NODE);
    options.release_version = MetadataVersion::from_name(release).ok_or("no such release")?;
    for feature in features {
        let (name, level) = feature.split_once('=').ok_or("expected NAME=LEVEL")?;
        options.features.push((name.to_owned(), level.parse()?));
    }
    options.initial_voters =
        InitialVoters::Standalone { listener: "CONTROLLER".to_owned(), host: "localhost".to_owned(), port: port + 1 };
    format_directories(&OsFs, &options, now_ms())?;
    Ok(())
}

fn image(dir: PathBuf) -> Outcome<()> {
    let (log, loaded) = MetadataLog::open(OsFs, LogOptions::new(dir, NODE), now_ms())?;
    let mut out = Vec::new();
    loaded.image.write(|record, version| -> Outcome<()> {
        let mut value = Vec::new();
        record.encode(version, &mut value)?;
        let shown = InternalTopic::ClusterMetadata.decode(None, Some(&value), 0, KafkaVersion::V4_3)?;
        shown.payload.ok_or("a record without a payload")?.push_text(&mut out);
        out.push(b'\n');
        Ok(())
    })?;
    log.close()?;
    io::stdout().write_all(&out)?;
    Ok(())
}

fn change(dir: PathBuf, port: u16, name: &str, end: &str) -> Outcome<()> {
    let listener =
        |name: &str, port| Listener { name: name.to_owned(), host: "localhost".to_owned(), port, security_protocol: 0 };
    let options = ControllerOptions {
        log: LogOptions::new(dir.clone(), NODE),
        settings: Settings::new(NODE),
        rules: Arc::new(Rules::new(Arc::new(BrokerConfig::load(None, &[])?.0))),
        registration: ControllerRegistration {
            incarnation_id: random_uuid(),
            listeners: vec![listener("CONTROLLER", port + 1)],
        },
    };
    let mut controller = Controller::open(OsFs, options, now_ms())?;
    let properties = MetaProperties::read(&std::fs::read(dir.join("meta.properties"))?)?;
    let broker = BrokerRegistration {
        incarnation_id: random_uuid(),
        listeners: vec![listener("PLAINTEXT", port)],
        rack: None,
        log_dirs: properties.directory_id.into_iter().collect(),
        previous_broker_epoch: previous_epoch(&dir)?,
    };
    let (epoch, _) = controller.register_broker(&broker, now_ms())?;
    controller.unfence_broker(now_ms())?;
    create(&mut controller, name)?;
    alter(&mut controller, name, epoch)?;
    describe(&controller.image().read())?;
    match end {
        "kill" => std::process::abort(),
        "snapshot" => controller.snapshot(now_ms())?,
        _ => {}
    }
    controller.controlled_shutdown(now_ms())?;
    controller.shutdown(now_ms())?;
    let mut mark = Vec::new();
    write_clean_shutdown(epoch, &mut mark);
    std::fs::write(dir.join(".kafka_cleanshutdown"), mark)?;
    Ok(())
}

/// The broker epoch of the last orderly stop; the file is there for one start.
fn previous_epoch(dir: &Path) -> Outcome<Option<i64>> {
    let path = dir.join(".kafka_cleanshutdown");
    match std::fs::read(&path) {
        Ok(bytes) => {
            std::fs::remove_file(path)?;
            Ok(read_clean_shutdown(&bytes))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn create(controller: &mut Controller, name: &str) -> Outcome<()> {
    let config = |name: &'static str, value: &'static str| CreatableTopicConfig {
        name: name.into(),
        value: Some(value.into()),
        ..CreatableTopicConfig::default()
    };
    let topic = |suffix: &str, partitions, configs| CreatableTopic {
        name: format!("{name}{suffix}").into(),
        num_partitions: partitions,
        replication_factor: 1,
        configs,
        ..CreatableTopic::default()
    };
    let settings = vec![config("retention.ms", "7654321"), config("min.insync.replicas", "1")];
    let topics = vec![topic("", 4, settings), topic("_gone", 2, Vec::new()), topic(".one", -1, Vec::new())];
    let request = CreateTopicsRequest { topics, ..CreateTopicsRequest::default() };
    let (created, _) = controller.execute(now_ms(), |image, context| create_topics::plan(image, context, &request))?;
    let gone = DeleteTopicState { name: Some(format!("{name}_gone").into()), ..DeleteTopicState::default() };
    let request = DeleteTopicsRequest { topics: vec![gone], ..DeleteTopicsRequest::default() };
    let (deleted, _) =
        controller.execute(now_ms(), |image, context| delete_topics::plan(image, context, &request, 6))?;
    let errors = created.topics.iter().map(|topic| (topic.error_code, &topic.error_message));
    let refused = errors.chain(deleted.responses.iter().map(|topic| (topic.error_code, &topic.error_message)));
    match refused.into_iter().find(|(code, _)| *code != 0) {
        Some(error) => Err(format!("refused: {error:?}").into()),
        None => Ok(()),
    }
}

/// More partitions, other settings, a quota, a credential, and a block of producer ids.
fn alter(controller: &mut Controller, name: &str, broker_epoch: i64) -> Outcome<()> {
    let topic = CreatePartitionsTopic { name: name.into(), count: 6, assignments: None, ..Default::default() };
    let request = CreatePartitionsRequest { topics: vec![topic], ..Default::default() };
    let (added, _) =
        controller.execute(now_ms(), |image, context| create_partitions::plan(image, context, &request))?;
    let config = |name: &'static str, config_operation, value: Option<&'static str>| AlterableConfig {
        name: name.into(),
        config_operation,
        value: value.map(Into::into),
        ..Default::default()
    };
    let resource = AlterConfigsResource {
        resource_type: 2,
        resource_name: name.into(),
        configs: vec![config("retention.ms", 1, None), config("cleanup.policy", 2, Some("compact"))],
        ..Default::default()
    };
    let request = IncrementalAlterConfigsRequest { resources: vec![resource], ..Default::default() };
    let (altered, _) =
        controller.execute(now_ms(), |image, context| incremental_alter_configs::plan(image, context, &request))?;
    let user = EntityData { entity_type: "user".into(), entity_name: Some(name.into()), ..Default::default() };
    let op = OpData { key: "consumer_byte_rate".into(), value: 2048.0, ..Default::default() };
    let entry = EntryData { entity: vec![user], ops: vec![op], ..Default::default() };
    let request = AlterClientQuotasRequest { entries: vec![entry], ..Default::default() };
    let (limited, _) =
        controller.execute(now_ms(), |image, context| alter_client_quotas::plan(image, context, &request))?;
    let upsertion = ScramCredentialUpsertion {
        name: name.into(),
        mechanism: 1,
        iterations: 4096,
        salt: b"salt".as_slice().into(),
        salted_password: [7; 32].as_slice().into(),
        ..Default::default()
    };
    let request = AlterUserScramCredentialsRequest { upsertions: vec![upsertion], ..Default::default() };
    let (credited, _) =
        controller.execute(now_ms(), |image, context| alter_user_scram_credentials::plan(image, context, &request))?;
    let request = AllocateProducerIdsRequest { broker_id: NODE, broker_epoch, ..Default::default() };
    let (block, _) =
        controller.execute(now_ms(), |image, context| allocate_producer_ids::plan(image, context, &request))?;
    let codes = [
        added.results.first().map(|it| it.error_code),
        altered.responses.first().map(|it| it.error_code),
        limited.entries.first().map(|it| it.error_code),
        credited.results.first().map(|it| it.error_code),
        Some(block.error_code),
    ];
    if codes.iter().any(|code| *code != Some(0)) { Err(format!("refused: {codes:?}").into()) } else { Ok(()) }
}

fn describe(image: &Image) -> Outcome<()> {
    let ids = |ids: &[i32]| ids.iter().map(i32::to_string).collect::<Vec<_>>().join(",");
    let mut out = io::stdout().lock();
    for topic in image.topics() {
        let (name, id) = (&topic.name, topic.id);
        for (index, it) in topic.partitions() {
            writeln!(out, "partition {name} {id} {index} {} {} {}", it.leader, ids(&it.replicas), ids(&it.isr))?;
        }
        for (key, value) in image.configs(&ConfigResource::topic(name)) {
            writeln!(out, "config {name} {key} {value}")?;
        }
    }
    let mut features: Vec<_> = image.finalized_features().collect();
    features.sort_unstable();
    for (name, level) in features {
        writeln!(out, "feature {name} {level}")?;
    }
    Ok(())
}
