//! Configurations of topics, brokers, loggers, groups and client metrics.

use std::collections::BTreeSet;

use kafka_thin_client::admin::{
    self, AlterConfigOp, ConfigEntry, ConfigOperation, ConfigResource, ConfigResourceType, ConfigSource,
};
use kafka_thin_client::{Client, ClientError};

use super::ConfigsError;
use super::changes::Changes;
use super::entities::EntityType;
use crate::terminal::Terminal;

/// Changes a configuration.
pub(super) fn alter(client: &mut Client, kind: EntityType, name: &str, changes: &Changes) -> Result<(), ConfigsError> {
    let resource = resource(kind, name)?;
    if kind == EntityType::BrokerLoggers {
        let loggers: BTreeSet<String> = entries(client, &resource)?.into_iter().map(|entry| entry.name).collect();
        let unknown = changes.delete.iter().chain(changes.set.keys()).filter(|logger| !loggers.contains(*logger));
        let unknown: Vec<&str> = unknown.map(String::as_str).collect();
        if !unknown.is_empty() {
            return Err(ConfigsError::Argument(format!("Invalid broker logger(s): {}", unknown.join(","))));
        }
    }
    let op = |name: &String, operation, value: &str| AlterConfigOp {
        name: name.clone(),
        operation,
        value: Some(value.to_owned()),
    };
    let set = changes.set.iter().map(|(name, value)| op(name, ConfigOperation::Set, value));
    let delete = changes.delete.iter().map(|name| op(name, ConfigOperation::Delete, ""));
    let ops: Vec<_> = set.chain(delete).collect();
    Ok(admin::incremental_alter_configs(client, &resource, &ops)?)
}

/// Describes one entity of a type, or all.
pub(super) fn describe(
    client: &mut Client,
    kind: EntityType,
    name: Option<&str>,
    all: bool,
    terminal: &mut Terminal<'_>,
) -> Result<(), ConfigsError> {
    let names = match name {
        Some(name) if all || name.is_empty() || known(client, kind)?.contains(name) => vec![name.to_owned()],
        Some(name) => {
            let kind = kind.singular();
            terminal.line(format_args!("The {kind} '{name}' doesn't exist and doesn't have dynamic config."))?;
            return Ok(());
        }
        None => {
            let default = (kind == EntityType::Brokers).then(String::new);
            known(client, kind)?.into_iter().chain(default).collect()
        }
    };
    for name in names {
        match name.as_str() {
            "" => terminal.line(format_args!("Default configs for {} in the cluster are:", kind.name()))?,
            name => {
                let which = if all { "All" } else { "Dynamic" };
                terminal.line(format_args!("{which} configs for {} {name} are:", kind.singular()))?;
            }
        }
        let wanted = dynamic_source(kind, &name).filter(|_| !all);
        for entry in entries(client, &resource(kind, &name)?)? {
            if wanted.is_none_or(|source| entry.source == source) {
                terminal.line(line(&entry))?;
            }
        }
    }
    Ok(())
}

fn line(entry: &ConfigEntry) -> String {
    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "null".into());
    let synonyms = entry.synonyms.iter();
    let synonyms = synonyms.map(|(name, value, source)| format!("{}:{name}={}", source.name(), text(value)));
    let synonyms = synonyms.collect::<Vec<_>>().join(", ");
    format!("  {}={} sensitive={} synonyms={{{synonyms}}}", entry.name, text(&entry.value), entry.is_sensitive)
}

/// Names of the entities of a type that there are, or that have a configuration.
fn known(client: &mut Client, kind: EntityType) -> Result<BTreeSet<String>, ConfigsError> {
    Ok(match kind {
        EntityType::Topics => admin::list_topics(client)?.into_iter().map(|topic| topic.name).collect(),
        EntityType::Brokers | EntityType::BrokerLoggers => {
            let brokers = admin::describe_cluster(client, false)?.brokers;
            brokers.into_iter().map(|broker| broker.id.to_string()).collect()
        }
        EntityType::ClientMetrics => {
            admin::list_config_resources(client, ConfigResourceType::ClientMetrics)?.into_iter().collect()
        }
        EntityType::Groups => {
            let groups = admin::list_groups(client, &[], &[])?.into_iter().map(|group| group.id);
            let mut names: BTreeSet<String> = groups.collect();
            match admin::list_config_resources(client, ConfigResourceType::Group) {
                Ok(configured) => names.extend(configured),
                // An old broker knows no configurations of groups.
                Err(ClientError::UnsupportedApi { .. } | ClientError::UnsupportedVersion { .. }) => {}
                Err(error) => return Err(error.into()),
            }
            names
        }
        EntityType::Users | EntityType::Clients | EntityType::Ips => BTreeSet::new(),
    })
}

/// All entries of a configuration, by name.
fn entries(client: &mut Client, resource: &ConfigResource) -> Result<Vec<ConfigEntry>, ConfigsError> {
    let described = admin::describe_configs(client, std::slice::from_ref(resource), true)?;
    let mut entries = Vec::new();
    for (_, result) in described {
        entries.extend(result?);
    }
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(entries)
}

fn resource(kind: EntityType, name: &str) -> Result<ConfigResource, ConfigsError> {
    let resource_type = match kind {
        EntityType::Topics => ConfigResourceType::Topic,
        EntityType::Brokers => ConfigResourceType::Broker,
        EntityType::BrokerLoggers => ConfigResourceType::BrokerLogger,
        EntityType::ClientMetrics => ConfigResourceType::ClientMetrics,
        EntityType::Groups => ConfigResourceType::Group,
        EntityType::Users | EntityType::Clients | EntityType::Ips => {
            return Err(ConfigsError::Argument(format!("Invalid entity type: {}", kind.name())));
        }
    };
    Ok(ConfigResource { kind: resource_type, name: name.to_owned() })
}

/// Where the values come from that are set for the entity itself; `None` if all are.
fn dynamic_source(kind: EntityType, name: &str) -> Option<ConfigSource> {
    match kind {
        EntityType::Topics => Some(ConfigSource::DynamicTopicConfig),
        EntityType::Brokers if name.is_empty() => Some(ConfigSource::DynamicDefaultBrokerConfig),
        EntityType::Brokers => Some(ConfigSource::DynamicBrokerConfig),
        EntityType::ClientMetrics => Some(ConfigSource::ClientMetricsConfig),
        EntityType::Groups => Some(ConfigSource::GroupConfig),
        EntityType::BrokerLoggers | EntityType::Users | EntityType::Clients | EntityType::Ips => None,
    }
}
