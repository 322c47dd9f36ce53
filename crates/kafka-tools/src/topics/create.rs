//! `--create`.

use kafka_log::log::config::LogConfig;
use kafka_options::Options;
use kafka_rpc::ErrorCode;
use kafka_rpc::messages::create_topics_request::{CreatableReplicaAssignment, CreatableTopic, CreatableTopicConfig};
use kafka_thin_client::{Client, admin};

use super::{TopicError, all};
use crate::terminal::Terminal;

/// What the broker takes for its own default.
const DEFAULT: i16 = -1;

/// Creates a topic.
pub(super) fn create(client: &mut Client, options: &Options, terminal: &mut Terminal<'_>) -> Result<(), TopicError> {
    let name = options.value("topic")?.unwrap_or_default();
    let partitions: Option<i32> = options.number("partitions")?;
    let replication_factor: Option<i32> = options.number("replication-factor")?;
    let assignment = assignment(options)?;
    let configs = configs(options)?;
    if name.contains(['.', '_']) {
        terminal.line(
            "WARNING: Due to limitations in metric names, topics with a period ('.') or underscore ('_') could \
             collide. To avoid issues it is best to use either, but not both.",
        )?;
    }
    let replication_factor = match replication_factor.map(i16::try_from) {
        None => DEFAULT,
        Some(Ok(factor)) if factor >= 1 => factor,
        Some(_) => {
            return Err(TopicError::Argument("The replication factor must be between 1 and 32767 inclusive".into()));
        }
    };
    if partitions.is_some_and(|partitions| partitions < 1) {
        return Err(TopicError::Argument("The partitions must be greater than 0".into()));
    }
    let topic = CreatableTopic {
        name: name.as_str().into(),
        num_partitions: partitions.filter(|_| assignment.is_empty()).unwrap_or(DEFAULT.into()),
        replication_factor,
        assignments: (0..)
            .zip(assignment)
            .map(|(partition_index, broker_ids)| CreatableReplicaAssignment {
                partition_index,
                broker_ids,
                ..Default::default()
            })
            .collect(),
        configs: configs
            .iter()
            .map(|(name, value)| CreatableTopicConfig {
                name: name.into(),
                value: Some(value.into()),
                ..Default::default()
            })
            .collect(),
        ..Default::default()
    };
    let results = admin::create_topics(client, vec![topic], false);
    match all(results.map_err(|error| TopicError::Client("createTopics", error))?) {
        Err(error) if error.code == ErrorCode::TopicAlreadyExists && options.has("if-not-exists") => Ok(()),
        Err(error) => Err(error.into()),
        Ok(_) => Ok(terminal.line(format_args!("Created topic {name}."))?),
    }
}

/// The pairs of all `--config`, of one key the last. The broker checks the values.
fn configs(options: &Options) -> Result<Vec<(String, String)>, TopicError> {
    let mut configs: Vec<(String, String)> = Vec::new();
    for given in options.values("config") {
        // `String.split` drops empty parts at the end.
        let mut parts: Vec<&str> = given.split('=').map(str::trim).collect();
        while parts.last().is_some_and(|part| part.is_empty()) {
            parts.pop();
        }
        let [key, value] = parts[..] else {
            let message = "requirement failed: Invalid topic config: all configs to be added must be in the format \
                           \"key=val\".";
            return Err(TopicError::Argument(message.into()));
        };
        configs.retain(|(known, _)| known != key);
        configs.push((key.to_owned(), value.to_owned()));
    }
    if let Some((name, _)) = configs.iter().find(|(name, _)| LogConfig::validate_names([name.as_str()]).is_err()) {
        return Err(TopicError::Argument(format!("Unknown topic config name: {name}")));
    }
    Ok(configs)
}

/// The brokers of each partition in `--replica-assignment`; none without it.
pub(super) fn assignment(options: &Options) -> Result<Vec<Vec<i32>>, TopicError> {
    let Some(given) = options.value("replica-assignment")? else { return Ok(Vec::new()) };
    let mut assignment: Vec<Vec<i32>> = Vec::new();
    for (partition, brokers) in given.trim_end_matches(',').split(',').enumerate().filter(|_| !given.is_empty()) {
        let ids = brokers.trim_end_matches(':').split(':').map(str::trim);
        let brokers = ids.map(|id| id.parse().map_err(|_| TopicError::Argument(format!("For input string: \"{id}\""))));
        let brokers = brokers.collect::<Result<Vec<i32>, _>>()?;
        let mut duplicates: Vec<i32> =
            brokers.iter().copied().filter(|id| brokers.iter().filter(|other| *other == id).count() > 1).collect();
        duplicates.sort_unstable();
        duplicates.dedup();
        if !duplicates.is_empty() {
            let duplicates = super::joined(&duplicates);
            let message = format!("Partition replica lists may not contain duplicate entries: {duplicates}");
            return Err(TopicError::Argument(message));
        }
        if assignment.first().is_some_and(|first| first.len() != brokers.len()) {
            let message = format!("Partition {partition} has different replication factor: {brokers:?}");
            return Err(TopicError::Argument(message));
        }
        assignment.push(brokers);
    }
    Ok(assignment)
}
