//! The settings of a topic in the response to its creation (`KafkaConfigSchema.resolveEffectiveTopicConfigs`).
//!
//! They come from the same places as in `DescribeConfigs`, with two differences that Kafka has: a coarser unit alone counts as the source, and
//! values are shown as they were given.

use kafka_rpc::messages::create_topics_response::CreatableTopicConfigs;

use super::describe::{BrokerSettings, ConfigSource, Configs};
use super::synonyms::broker_synonyms;
use super::table::{ConfigKey, Table};

type Entry = CreatableTopicConfigs<'static>;

/// The settings of a topic that sets these itself, in the order of their names.
pub(super) fn entries(broker: BrokerSettings<'_>, topic: &Configs) -> Vec<Entry> {
    let shown = Table::Topic.keys().iter().filter(|key| !key.is_internal || topic.contains_key(key.name));
    let mut entries: Vec<Entry> = shown.map(|key| entry(broker, topic, key)).collect();
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    entries
}

fn entry(broker: BrokerSettings<'_>, topic: &Configs, key: &'static ConfigKey) -> Entry {
    let places = [
        (broker.of_broker, ConfigSource::DynamicBroker),
        (broker.of_all_brokers, ConfigSource::DynamicDefaultBroker),
        (broker.config.static_configs(), ConfigSource::StaticBroker),
    ];
    let of_broker = || {
        let names = key.broker_name.map(broker_synonyms).unwrap_or_default();
        places.iter().find_map(|(configs, source)| {
            let found = names.iter().find_map(|name| Some((*name, configs.get(*name)?)));
            found.map(|(name, text)| (in_ms(name, text), *source))
        })
    };
    let own = topic.get(key.name).map(|text| (text.clone(), ConfigSource::Topic));
    let (value, source) = match own.or_else(of_broker) {
        Some((value, source)) => (Some(value), source),
        None => (key.default.map(str::to_owned), ConfigSource::Default),
    };
    Entry {
        name: key.name.into(),
        value: value.map(Into::into),
        config_source: source as i8,
        is_sensitive: key.is_sensitive(),
        ..Entry::default()
    }
}

/// A value in the unit of the topic's setting.
fn in_ms(name: &str, text: &str) -> String {
    let unit = match name.rsplit_once('.') {
        Some((_, "hours")) => 3_600_000,
        Some((_, "minutes")) => 60_000,
        _ => return text.to_owned(),
    };
    text.trim().parse::<i64>().map_or_else(|_| text.to_owned(), |number| (number * unit).to_string())
}
