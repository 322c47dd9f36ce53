//! Requests about settings, answered by a broker of Kafka and by ours: those recorded by `tests/differential/configs/run PORT --record`,
//! or those of the file that `CONFIG_ANSWERS` names.

use std::error::Error;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use kafka_rpc::messages::create_topics_request::{CreatableTopic, CreatableTopicConfig};
use kafka_rpc::messages::create_topics_response::CreatableTopicConfigs;
use kafka_rpc::messages::incremental_alter_configs_request::{AlterConfigsResource, AlterableConfig};
use kafka_rpc::messages::{CreateTopicsRequest, IncrementalAlterConfigsRequest};
use kafka_rpc::stored::metadata::{ConfigRecord, MetadataRecord, RegisterBrokerRecord};
use kafka_rpc::{ErrorCode, Uuid};

use super::BrokerConfig;
use super::describe::{self, BrokerSettings, ConfigSource, Configs, Row};
use super::rules::{Rules, invalid_request};
use crate::controller::{ApiError, Context, Settings, check_topic_name, create_topics, incremental_alter_configs};
use crate::metadata::{ConfigResource, ConfigResourceType, Delta, Image};

const RECORDED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/differential/configs/answers.txt");

/// A broker and its metadata.
struct Broker {
    config: Arc<BrokerConfig>,
    rules: Rules,
    image: Image,
}

impl Broker {
    fn new(settings: &[(String, String)]) -> Self {
        let config = Arc::new(BrokerConfig::load(None, settings).unwrap().0);
        let mut broker = Broker { rules: Rules::new(Arc::clone(&config)), config, image: Image::default() };
        let registration = RegisterBrokerRecord { broker_id: 1, fenced: false, ..Default::default() };
        // The storage tool writes this one.
        let formatted = ConfigRecord {
            resource_type: ConfigResourceType::Broker.id(),
            name: "min.insync.replicas".into(),
            value: Some("1".into()),
            ..Default::default()
        };
        broker.apply(&[registration.into(), formatted.into()]);
        broker
    }

    fn apply(&mut self, records: &[MetadataRecord<'_>]) {
        for record in records {
            self.image.apply(record, &mut Delta::default()).unwrap();
        }
    }

    fn of(&self, resource: &ConfigResource) -> Configs {
        self.image.configs(resource).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    fn plan<R>(&mut self, plan: impl FnOnce(&Image, &Context<'_>) -> crate::controller::Outcome<R>) -> R {
        let settings = Settings::new(1);
        static NEXT: AtomicU8 = AtomicU8::new(1);
        let new_id = || Uuid([NEXT.fetch_add(1, Ordering::Relaxed); 16]);
        let context =
            Context { settings: &settings, rules: &self.rules, new_id, now_ms: 0, next_offset: 0, charge: &|_| Ok(()) };
        let outcome = plan(&self.image, &context);
        self.apply(&outcome.records);
        outcome.response
    }

    fn answer(&mut self, words: &[&str]) -> Vec<String> {
        let answered = match *words {
            ["create", topic, ref configs @ ..] => match self.create(topic, &configs.concat()) {
                Ok(lines) => return lines,
                Err(error) => Err(error),
            },
            ["alter", kind, name, changes] => self.alter(&resource(kind, name), changes),
            ["describe", kind, name] => match self.describe(&resource(kind, name)) {
                Ok(mut rows) => {
                    describe::document(resource(kind, name).kind, &mut rows);
                    rows.sort_by(|a, b| a.name.cmp(&b.name));
                    return rows.iter().map(line).collect();
                }
                Err(error) => Err(error),
            },
            _ => panic!("no request: {words:?}"),
        };
        match answered {
            Ok(()) => vec!["ok".to_owned()],
            Err(error) => vec![format!("error {} {}", error.code.code(), error.message.unwrap_or_default())],
        }
    }

    fn create(&mut self, name: &str, configs: &str) -> Result<Vec<String>, ApiError> {
        let pairs = configs.split('|').filter_map(|pair| pair.split_once('='));
        let config = |(name, value): (&str, &str)| CreatableTopicConfig {
            name: name.to_owned().into(),
            value: Some(value.to_owned().into()),
            ..Default::default()
        };
        let topic = CreatableTopic {
            name: name.into(),
            num_partitions: 1,
            replication_factor: 1,
            configs: pairs.map(config).collect(),
            ..Default::default()
        };
        let request = CreateTopicsRequest { topics: vec![topic], ..Default::default() };
        let response = self.plan(|image, context| create_topics::plan(image, context, &request));
        let topic = &response.topics[0];
        verdict(topic.error_code, topic.error_message.as_deref())?;
        let entry = |config: &CreatableTopicConfigs<'_>| {
            let (value, source) = (config.value.as_deref().unwrap_or("~"), source(config.config_source));
            format!("{}\t{value}\t{source}\tnull\t{}\t~\t", config.name, flags(config.is_sensitive, config.read_only))
        };
        Ok(topic.configs.iter().flatten().map(entry).collect())
    }

    fn alter(&mut self, resource: &ConfigResource, changes: &str) -> Result<(), ApiError> {
        let resource = AlterConfigsResource {
            resource_type: resource.kind.id(),
            resource_name: resource.name.as_str().into(),
            configs: changes.split('|').map(change).collect(),
            ..Default::default()
        };
        let request = IncrementalAlterConfigsRequest { resources: vec![resource], ..Default::default() };
        let response = self.plan(|image, context| incremental_alter_configs::plan(image, context, &request));
        let resource = &response.responses[0];
        verdict(resource.error_code, resource.error_message.as_deref())
    }

    fn dynamic(&self) -> (Configs, Configs) {
        (self.of(&ConfigResource::broker(self.config.node_id)), self.of(&ConfigResource::all_brokers()))
    }

    fn describe(&self, resource: &ConfigResource) -> Result<Vec<Row>, ApiError> {
        let (of_broker, of_all_brokers) = self.dynamic();
        let settings = BrokerSettings { config: &self.config, of_broker: &of_broker, of_all_brokers: &of_all_brokers };
        let configs = self.of(resource);
        match (resource.kind, resource.name.as_str()) {
            (ConfigResourceType::Topic, name) => {
                check_topic_name(name)?;
                if self.image.topic(name).is_none() {
                    return Err(ApiError::new(ErrorCode::UnknownTopicOrPartition, ""));
                }
                Ok(settings.topic_rows(&configs))
            }
            (ConfigResourceType::Broker, "") => Ok(settings.all_brokers_rows()),
            (ConfigResourceType::Broker, _) => Ok(settings.broker_rows()),
            (ConfigResourceType::Group, "") => Err(invalid_request("Group name must not be empty")),
            (ConfigResourceType::Group, _) => Ok(settings.group_rows(&configs)),
            (ConfigResourceType::ClientMetrics, "") => {
                Err(invalid_request("Client metrics subscription name must not be empty"))
            }
            (ConfigResourceType::ClientMetrics, _) => Ok(describe::client_metrics_rows(&configs)),
            (ConfigResourceType::BrokerLogger, _) => Ok(describe::broker_logger_rows("INFO")),
        }
    }
}

fn resource(kind: &str, name: &str) -> ConfigResource {
    let kind = match kind {
        "TOPIC" => ConfigResourceType::Topic,
        "BROKER" => ConfigResourceType::Broker,
        "GROUP" => ConfigResourceType::Group,
        "CLIENT_METRICS" => ConfigResourceType::ClientMetrics,
        _ => panic!("no resource: {kind}"),
    };
    ConfigResource { kind, name: if name == "-" { String::new() } else { name.to_owned() } }
}

/// `OPERATION:NAME=VALUE`
fn change(text: &str) -> AlterableConfig<'_> {
    let (operation, pair) = text.split_once(':').unwrap();
    let (name, value) = pair.split_once('=').map_or((pair, None), |(name, value)| (name, Some(value)));
    let operations = ["SET", "DELETE", "APPEND", "SUBTRACT"];
    let config_operation = operations.iter().position(|known| *known == operation).unwrap() as i8;
    AlterableConfig { name: name.into(), config_operation, value: value.map(Into::into), ..Default::default() }
}

fn verdict(code: i16, message: Option<&str>) -> Result<(), ApiError> {
    match ErrorCode::from_code(code).unwrap() {
        ErrorCode::None => Ok(()),
        code => Err(ApiError::new(code, message.unwrap_or_default().to_owned())),
    }
}

fn source(id: i8) -> &'static str {
    match id {
        id if id == ConfigSource::Topic as i8 => "DYNAMIC_TOPIC_CONFIG",
        id if id == ConfigSource::DynamicBroker as i8 => "DYNAMIC_BROKER_CONFIG",
        id if id == ConfigSource::DynamicDefaultBroker as i8 => "DYNAMIC_DEFAULT_BROKER_CONFIG",
        id if id == ConfigSource::StaticBroker as i8 => "STATIC_BROKER_CONFIG",
        id if id == ConfigSource::Default as i8 => "DEFAULT_CONFIG",
        id if id == ConfigSource::Group as i8 => "DYNAMIC_GROUP_CONFIG",
        id if id == ConfigSource::ClientMetrics as i8 => "DYNAMIC_CLIENT_METRICS_CONFIG",
        _ => panic!("source {id}"),
    }
}

fn flags(is_sensitive: bool, is_read_only: bool) -> &'static str {
    match (is_sensitive, is_read_only) {
        (false, false) => "-",
        (true, false) => "s",
        (false, true) => "r",
        (true, true) => "sr",
    }
}

/// `String.hashCode`: the texts themselves are compared by `tests/differential/config_table/run`.
fn java_hash(text: &str) -> i32 {
    text.encode_utf16().fold(0_i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)))
}

/// Name, value, source, type, flags, hash of the documentation, synonyms.
fn line(row: &Row) -> String {
    const TYPES: [&str; 10] =
        ["UNKNOWN", "BOOLEAN", "STRING", "INT", "SHORT", "LONG", "DOUBLE", "LIST", "CLASS", "PASSWORD"];
    let synonyms = row.synonyms.iter().map(|synonym| {
        format!("{}={}@{}", synonym.name, synonym.value.as_deref().unwrap_or("~"), source(synonym.source))
    });
    let documentation = row.documentation.as_deref().map_or("~".to_owned(), |text| java_hash(text).to_string());
    let fields = [
        &row.name,
        row.value.as_deref().unwrap_or("~"),
        source(row.config_source),
        TYPES[row.config_type as usize],
        flags(row.is_sensitive, row.read_only),
        &documentation,
    ];
    // The default directory, which no file of this tree names.
    let text = format!("{}\t{}", fields.join("\t"), synonyms.collect::<Vec<_>>().join("\t"));
    text.replace(concat!("/", "tmp/kafka-logs"), "LOGS")
}

#[test]
fn answers_are_those_of_kafka() -> Result<(), Box<dyn Error>> {
    let path = std::env::var("CONFIG_ANSWERS").unwrap_or(RECORDED.to_owned());
    let text = fs::read_to_string(path)?;
    let is_request = |line: &&str| !line.starts_with("  ");
    let settings: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("static ")?.split_once('=')).collect();
    let settings: Vec<_> = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let mut broker = Broker::new(&settings);
    let mut lines = text.lines().peekable();
    let (mut rows, mut different) = (0, Vec::new());
    while let Some(request) = lines.next() {
        let mut expected = Vec::new();
        while let Some(answer) = lines.next_if(|line| !is_request(line)) {
            expected.push(answer[2..].to_owned());
        }
        let words: Vec<&str> = request.splitn(4, ' ').collect();
        // Levels of loggers are not changed; lists are for the broker to answer.
        if request.is_empty() || matches!(words[..], ["static" | "list", ..] | [_, "BROKER_LOGGER", ..]) {
            continue;
        }
        let ours = broker.answer(&words);
        rows += ours.len();
        for theirs in expected.iter().filter(|line| !ours.contains(line)) {
            different.push(format!("{request}\n  - {theirs}"));
        }
        for our in ours.iter().filter(|line| !expected.contains(line)) {
            different.push(format!("{request}\n  + {our}"));
        }
    }
    println!("{rows} rows");
    assert!(rows > 900 && different.is_empty(), "{} differ:\n{}", different.len(), different.join("\n"));
    Ok(())
}
