//! Changes of settings (`ConfigAdminManager`, `ConfigurationControlManager`).

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use kafka_rpc::ErrorCode;
use kafka_rpc::stored::metadata::{ConfigRecord, MetadataRecord};

use super::outcome::check_count;
use super::{ApiError, Context, topic_name};
use crate::metadata::{ConfigResource, ConfigResourceType, Feature, Image};

/// How a setting is to change (`AlterConfigOp.OpType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Set,
    Delete,
    Append,
    Subtract,
    Unknown(i8),
}

impl Change {
    pub(super) fn from_id(id: i8) -> Self {
        match id {
            0 => Change::Set,
            1 => Change::Delete,
            2 => Change::Append,
            3 => Change::Subtract,
            other => Change::Unknown(other),
        }
    }
}

/// The changes of a resource.
pub(super) struct Changes<'r> {
    /// Number of its type.
    pub(super) kind: i8,
    pub(super) name: &'r str,
    /// Name, kind of change and value.
    pub(super) changes: Vec<(&'r str, Change, Option<&'r str>)>,
    /// Whether settings that are not named stay.
    pub(super) keeps_others: bool,
}

type Verdict<'r> = (i8, &'r str, Result<(), ApiError>);

/// The records of all changes that are right, and what to say of each resource.
pub(super) fn alter<'r>(
    image: &Image,
    context: &Context<'_>,
    resources: &[Changes<'r>],
    validate_only: bool,
) -> (Vec<MetadataRecord<'static>>, Vec<Verdict<'r>>) {
    let (mut once, mut twice) = (BTreeSet::new(), BTreeSet::new());
    for resource in resources {
        if !once.insert((resource.kind, resource.name)) {
            twice.insert((resource.kind, resource.name));
        }
    }
    let mut records = Vec::new();
    let mut verdicts = Vec::with_capacity(resources.len());
    for resource in resources {
        let altered = if twice.contains(&(resource.kind, resource.name)) {
            Err(ApiError::new(ErrorCode::InvalidRequest, "Each resource must appear at most once."))
        } else {
            alter_one(image, context, resource)
        };
        let verdict = altered.map(|altered| records.extend(altered));
        verdicts.push((resource.kind, resource.name, verdict));
    }
    if let Err(error) = check_count(&records) {
        records.clear();
        verdicts.iter_mut().for_each(|(.., verdict)| *verdict = Err(error.clone()));
    }
    if validate_only {
        records.clear();
    }
    (records, verdicts)
}

/// Writes `response`, the answer for a resource, and `refused`, that for one that the client may not alter: both messages have a struct
/// of this name and these fields.
macro_rules! answers_of_resources {
    ($response:ident) => {
        fn response((kind, name, verdict): (i8, &str, Result<(), $crate::controller::ApiError>)) -> $response<'static> {
            let (error_code, error_message) = $crate::controller::ApiError::parts(&verdict);
            $response {
                error_code,
                error_message,
                resource_type: kind,
                resource_name: name.to_owned().into(),
                ..Default::default()
            }
        }

        /// The answer for a resource that the client may not alter.
        pub(crate) fn refused(((kind, name), code): ((i8, &str), kafka_rpc::ErrorCode)) -> $response<'static> {
            response((kind, name, Err(code.into())))
        }
    };
}
pub(super) use answers_of_resources;

fn alter_one(
    image: &Image,
    context: &Context<'_>,
    resource: &Changes<'_>,
) -> Result<Vec<MetadataRecord<'static>>, ApiError> {
    let target = check_request(context, resource)?;
    let existing: BTreeMap<String, String> =
        image.configs(&target).map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let mut changed: BTreeMap<&str, Option<String>> = BTreeMap::new();
    for (name, change, value) in &resource.changes {
        let current = existing.get(*name).map(String::as_str);
        changed.insert(name, changed_value(context, &target, name, *change, *value, current)?);
    }
    if !resource.keeps_others {
        for name in existing.keys() {
            changed.entry(name).or_insert(None);
        }
    }
    // Brokers read their settings again when a record says so, also one that changes nothing.
    let is_broker = target.kind == ConfigResourceType::Broker;
    changed.retain(|name, value| is_broker || existing.get(*name) != value.as_ref());
    let mut settings = existing.clone();
    for (name, value) in &changed {
        match value {
            Some(value) => settings.insert((*name).to_owned(), value.clone()),
            None => settings.remove(*name),
        };
    }
    check_min_isr(image, &target, &changed)?;
    context.rules.validate(&target, &settings, &existing)?;
    if is_broker {
        context.rules.check_step(image, &target, &settings)?;
    }
    check_existence(image, &target)?;
    let record = |(name, value): (&str, Option<String>)| {
        MetadataRecord::Config(ConfigRecord {
            resource_type: target.kind.id(),
            resource_name: Cow::Owned(target.name.clone()),
            name: Cow::Owned(name.to_owned()),
            value: value.map(Cow::Owned),
            ..ConfigRecord::default()
        })
    };
    Ok(changed.into_iter().map(record).collect())
}

/// What a broker refuses before it asks the controller (`ConfigAdminManager.preprocess`).
fn check_request(context: &Context<'_>, resource: &Changes<'_>) -> Result<ConfigResource, ApiError> {
    let invalid = |why: String| ApiError::new(ErrorCode::InvalidRequest, why);
    let mut names = BTreeSet::new();
    if !resource.changes.iter().all(|(name, ..)| names.insert(*name)) {
        return Err(invalid("Error due to duplicate config keys".to_owned()));
    }
    let is_null = |(_, change, value): &&(&str, Change, Option<&str>)| *change != Change::Delete && value.is_none();
    let nulls: Vec<_> = resource.changes.iter().filter(is_null).map(|(name, ..)| *name).collect();
    if !nulls.is_empty() {
        return Err(invalid(format!("Null value not supported for : {}", nulls.join(", "))));
    }
    let kind = ConfigResourceType::from_id(resource.kind);
    let kind = kind.filter(|kind| *kind != ConfigResourceType::BrokerLogger);
    let kind = kind.ok_or_else(|| invalid(format!("Unknown resource type {}", resource.kind)))?;
    if kind == ConfigResourceType::Broker && !resource.name.is_empty() {
        let (name, node) = (resource.name, context.settings.node_id);
        let id: i32 = name.parse().map_err(|_| invalid(format!("Node id must be an integer, but it is: {name}")))?;
        if id != node {
            return Err(invalid(format!("Unexpected broker id, expected {node}, but received {name}")));
        }
    }
    Ok(ConfigResource { kind, name: resource.name.to_owned() })
}

fn changed_value(
    context: &Context<'_>,
    target: &ConfigResource,
    name: &str,
    change: Change,
    value: Option<&str>,
    current: Option<&str>,
) -> Result<Option<String>, ApiError> {
    let operation = match change {
        Change::Set => return Ok(value.map(str::to_owned)),
        Change::Delete => return Ok(None),
        Change::Append => "APPEND",
        Change::Subtract => "SUBTRACT",
        Change::Unknown(id) => {
            return Err(ApiError::new(ErrorCode::InvalidRequest, format!("Unknown operations type {id}")));
        }
    };
    let default = context
        .rules
        .list_default(target.kind, name)
        .ok_or_else(|| context.rules.not_a_list(target.kind, name, operation))?;
    let mut parts: Vec<&str> = current.unwrap_or(&default).split(',').filter(|part| !part.is_empty()).collect();
    for part in value.unwrap_or_default().split(',') {
        let place = parts.iter().position(|known| *known == part);
        match (change, place) {
            (Change::Append, None) => parts.push(part),
            (Change::Subtract, Some(place)) => drop(parts.remove(place)),
            _ => {}
        }
    }
    Ok(Some(parts.join(",")))
}

/// With ELR `min.insync.replicas` is the same for all brokers.
fn check_min_isr(
    image: &Image,
    target: &ConfigResource,
    changed: &BTreeMap<&str, Option<String>>,
) -> Result<(), ApiError> {
    let Some(value) = changed.get("min.insync.replicas") else { return Ok(()) };
    if target.kind != ConfigResourceType::Broker || image.feature(Feature::ELR) == 0 {
        return Ok(());
    }
    let refused = |why| Err(ApiError::new(ErrorCode::InvalidConfig, why));
    if !target.name.is_empty() {
        return refused("Broker-level min.insync.replicas cannot be altered while ELR is enabled.");
    }
    match value {
        None => refused("Cluster-level min.insync.replicas cannot be removed while ELR is enabled."),
        Some(_) => Ok(()),
    }
}

/// (`QuorumController.ConfigResourceExistenceChecker`)
fn check_existence(image: &Image, target: &ConfigResource) -> Result<(), ApiError> {
    let name = &target.name;
    match target.kind {
        ConfigResourceType::Topic => {
            topic_name::check(name)?;
            if image.topic(name).is_none() {
                let why = format!("The topic '{name}' does not exist.");
                return Err(ApiError::new(ErrorCode::UnknownTopicOrPartition, why));
            }
        }
        ConfigResourceType::Broker if !name.is_empty() => {
            let is_known = name.parse().is_ok_and(|id| image.broker(id).is_some());
            if !is_known {
                let why = format!("No broker with id {name} found.");
                return Err(ApiError::new(ErrorCode::BrokerIdNotRegistered, why));
            }
        }
        _ => {}
    }
    Ok(())
}
