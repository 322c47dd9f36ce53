//! `CreateTopics` (`ControllerApis.createTopics`, `ReplicationControlManager.createTopics`).

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use kafka_rpc::messages::create_topics_request::{CreatableReplicaAssignment, CreatableTopic};
use kafka_rpc::messages::create_topics_response::CreatableTopicResult;
use kafka_rpc::messages::{CreateTopicsRequest, CreateTopicsResponse};
use kafka_rpc::stored::metadata::{ConfigRecord, MetadataRecord, TopicRecord};
use kafka_rpc::{ErrorCode, Uuid};

use super::elections::default_dir;
use super::outcome::check_count;
use super::placement::{check_manual, place};
use super::{ApiError, Context, Outcome, RECORDS_MAX, topic_name};
use crate::metadata::{ConfigResource, ConfigResourceType, Image, METADATA_TOPIC, Partition};

/// Creates topics, or says what would become of that (`validate_only`).
pub fn plan(
    image: &Image,
    context: &Context<'_>,
    request: &CreateTopicsRequest<'_>,
) -> Outcome<CreateTopicsResponse<'static>> {
    let (mut once, mut twice) = (BTreeSet::new(), BTreeSet::new());
    for topic in &request.topics {
        if !once.insert(topic.name.as_ref()) {
            twice.insert(topic.name.as_ref());
        }
    }
    let is_allowed = |name: &str| !twice.contains(name) && name != METADATA_TOPIC;
    let topics: Vec<_> = request.topics.iter().filter(|topic| is_allowed(&topic.name)).collect();
    let mut records = Vec::new();
    let verdict = check_partitions(&topics, context);
    let mut results: Vec<_> = topics
        .iter()
        .map(|topic| {
            let created = verdict.clone().and_then(|()| create(image, context, topic, &mut records));
            created.unwrap_or_else(|error| refused(&topic.name, &error))
        })
        .collect();
    if let Err(error) = check_count(&records) {
        records.clear();
        results = topics.iter().map(|topic| refused(&topic.name, &error)).collect();
    }
    let invalid = |message| ApiError::new(ErrorCode::InvalidRequest, message);
    results.extend(twice.iter().map(|name| refused(name, &invalid("Duplicate topic name."))));
    if once.contains(METADATA_TOPIC) && !twice.contains(METADATA_TOPIC) {
        let message = "Creation of internal topic __cluster_metadata is prohibited.";
        results.push(refused(METADATA_TOPIC, &invalid(message)));
    }
    if request.validate_only {
        records.clear();
    }
    Outcome::atomic(records, CreateTopicsResponse { topics: results, ..CreateTopicsResponse::default() })
}

fn refused(name: &str, error: &ApiError) -> CreatableTopicResult<'static> {
    CreatableTopicResult {
        name: Cow::Owned(name.to_owned()),
        error_code: error.code.code(),
        error_message: error.message.clone(),
        ..CreatableTopicResult::default()
    }
}

/// Refuses more partitions than one request may create (`validateTotalNumberOfPartitions`).
fn check_partitions(topics: &[&CreatableTopic<'_>], context: &Context<'_>) -> Result<(), ApiError> {
    let count = |topic: &&CreatableTopic<'_>| match (topic.assignments.len(), topic.num_partitions) {
        (0, -1) => i64::from(context.settings.num_partitions),
        // A negative number must not make up for others: it is refused with its own topic.
        (0, partitions) => i64::from(partitions.max(0)),
        (assignments, _) => i64::try_from(assignments).unwrap_or(i64::MAX),
    };
    let total = topics.iter().map(count).fold(0_i64, i64::saturating_add);
    if usize::try_from(total).is_ok_and(|total| total > RECORDS_MAX) {
        let message = "Excessively large number of partitions per request.";
        return Err(ApiError::new(ErrorCode::PolicyViolation, message));
    }
    Ok(())
}

/// Adds the records of a topic; gives its part of the response.
fn create(
    image: &Image,
    context: &Context<'_>,
    topic: &CreatableTopic<'_>,
    records: &mut Vec<MetadataRecord<'static>>,
) -> Result<CreatableTopicResult<'static>, ApiError> {
    check_name(image, &topic.name)?;
    let settings = settings(topic)?;
    if !settings.is_empty() {
        context.rules.validate(&ConfigResource::topic(&topic.name), &settings, &BTreeMap::new())?;
    }
    let assignments = assignments(image, context, topic)?;
    (context.charge)(assignments.len())?;
    let topic_id = (context.new_id)();
    let name = topic.name.clone().into_owned();
    let replication_factor = assignments.first().map_or(0, Vec::len);
    records.push(MetadataRecord::Topic(TopicRecord { name: name.clone().into(), topic_id, ..Default::default() }));
    records.extend(settings.iter().map(|(key, value)| {
        MetadataRecord::Config(ConfigRecord {
            resource_type: ConfigResourceType::Topic.id(),
            resource_name: name.clone().into(),
            name: key.clone().into(),
            value: Some(value.clone().into()),
            ..Default::default()
        })
    }));
    let num_partitions = i32::try_from(assignments.len()).unwrap_or(i32::MAX);
    let partitions = (0..).zip(assignments);
    records.extend(partitions.map(|(index, replicas)| partition_record(image, topic_id, index, &replicas)));
    Ok(CreatableTopicResult {
        name: name.into(),
        topic_id,
        error_message: None,
        num_partitions,
        replication_factor: i16::try_from(replication_factor).unwrap_or(i16::MAX),
        configs: Some(context.rules.topic_entries(image, &settings)),
        ..CreatableTopicResult::default()
    })
}

fn check_name(image: &Image, name: &str) -> Result<(), ApiError> {
    if image.topic(name).is_some() {
        return Err(ApiError::new(ErrorCode::TopicAlreadyExists, format!("Topic '{name}' already exists.")));
    }
    topic_name::check(name)?;
    if let Some(existing) = image.colliding_topic(name) {
        let message = format!("Topic '{name}' collides with existing topic: {existing}");
        return Err(ApiError::new(ErrorCode::InvalidTopicException, message));
    }
    Ok(())
}

fn settings(topic: &CreatableTopic<'_>) -> Result<BTreeMap<String, String>, ApiError> {
    let is_null =
        |config: &&kafka_rpc::messages::create_topics_request::CreatableTopicConfig<'_>| config.value.is_none();
    let nulls: Vec<_> = topic.configs.iter().filter(is_null).map(|config| config.name.as_ref()).collect();
    if !nulls.is_empty() {
        let message = format!("Null value not supported for topic configs: {}", nulls.join(","));
        return Err(ApiError::new(ErrorCode::InvalidConfig, message));
    }
    let pair = |config: &kafka_rpc::messages::create_topics_request::CreatableTopicConfig<'_>| {
        Some((config.name.clone().into_owned(), config.value.clone()?.into_owned()))
    };
    Ok(topic.configs.iter().filter_map(pair).collect())
}

/// The replicas of each partition, by number.
fn assignments(image: &Image, context: &Context<'_>, topic: &CreatableTopic<'_>) -> Result<Vec<Vec<i32>>, ApiError> {
    if !topic.assignments.is_empty() {
        return manual(image, topic);
    }
    if topic.replication_factor < -1 || topic.replication_factor == 0 {
        let message = "Replication factor must be larger than 0, or -1 to use the default value.";
        return Err(ApiError::new(ErrorCode::InvalidReplicationFactor, message));
    }
    if topic.num_partitions < -1 || topic.num_partitions == 0 {
        let message = "Number of partitions was set to an invalid non-positive value.";
        return Err(ApiError::new(ErrorCode::InvalidPartitions, message));
    }
    let or_default = |given: i32, default: i32| if given == -1 { default } else { given };
    let partitions = or_default(topic.num_partitions, context.settings.num_partitions);
    let factor = match topic.replication_factor {
        -1 => context.settings.default_replication_factor,
        given => given,
    };
    place_new(image, usize::try_from(partitions).unwrap_or(0), factor)
}

/// Places new partitions on brokers of which at least one can lead.
pub(super) fn place_new(image: &Image, partitions: usize, factor: i16) -> Result<Vec<Vec<i32>>, ApiError> {
    let refused = |why: &str| {
        let message = format!("Unable to replicate the partition {factor} time(s): {why}");
        ApiError::new(ErrorCode::InvalidReplicationFactor, message)
    };
    let placed =
        place(image, partitions, factor).map_err(|error| refused(error.message.as_deref().unwrap_or_default()))?;
    if placed.iter().any(|replicas| !replicas.iter().any(|id| image.is_active(*id))) {
        return Err(refused("All brokers are currently fenced or in controlled shutdown."));
    }
    Ok(placed)
}

fn manual(image: &Image, topic: &CreatableTopic<'_>) -> Result<Vec<Vec<i32>>, ApiError> {
    if topic.replication_factor != -1 {
        let message = "A manual partition assignment was specified, but replication factor was not set to -1.";
        return Err(ApiError::new(ErrorCode::InvalidRequest, message));
    }
    if topic.num_partitions != -1 {
        let message = "A manual partition assignment was specified, but numPartitions was not set to -1.";
        return Err(ApiError::new(ErrorCode::InvalidRequest, message));
    }
    let mut assigned: BTreeMap<i32, Vec<i32>> = BTreeMap::new();
    let mut factor = None;
    for CreatableReplicaAssignment { partition_index, broker_ids, .. } in &topic.assignments {
        let refused = |why: String| Err(ApiError::new(ErrorCode::InvalidReplicaAssignment, why));
        if assigned.contains_key(partition_index) {
            return refused(format!("Found multiple manual partition assignments for partition {partition_index}"));
        }
        check_manual(image, broker_ids, factor)?;
        factor = Some(broker_ids.len());
        check_live(image, *partition_index, broker_ids)?;
        assigned.insert(*partition_index, broker_ids.clone());
    }
    if !assigned.keys().copied().eq(0..i32::try_from(assigned.len()).unwrap_or(i32::MAX)) {
        let message = "partitions should be a consecutive 0-based integer sequence";
        return Err(ApiError::new(ErrorCode::InvalidReplicaAssignment, message));
    }
    Ok(assigned.into_values().collect())
}

/// Whether one of the brokers can lead the partition.
pub(super) fn check_live(image: &Image, partition: i32, brokers: &[i32]) -> Result<(), ApiError> {
    if brokers.iter().any(|id| image.is_active(*id)) {
        return Ok(());
    }
    let message = format!(
        "All brokers specified in the manual partition assignment for partition {partition} are fenced or in controlled \
         shutdown."
    );
    Err(ApiError::new(ErrorCode::InvalidReplicaAssignment, message))
}

/// The record of a new partition: the live replicas are in sync, and the first of them leads.
pub(super) fn partition_record(image: &Image, topic_id: Uuid, index: i32, replicas: &[i32]) -> MetadataRecord<'static> {
    let isr: Box<[i32]> = replicas.iter().copied().filter(|id| image.is_active(*id)).collect();
    let partition = Partition {
        leader: isr.first().copied().unwrap_or(crate::metadata::NO_LEADER),
        isr,
        directories: replicas.iter().map(|id| default_dir(image, *id)).collect(),
        replicas: replicas.into(),
        ..Partition::default()
    };
    MetadataRecord::Partition(partition.to_record(topic_id, index, image.metadata_version().partition_version()))
}
