//! `CreatePartitions` (`ReplicationControlManager.createPartitions`).

use std::borrow::Cow;
use std::collections::BTreeSet;

use kafka_rpc::ErrorCode;
use kafka_rpc::messages::create_partitions_request::{CreatePartitionsAssignment, CreatePartitionsTopic};
use kafka_rpc::messages::create_partitions_response::CreatePartitionsTopicResult;
use kafka_rpc::messages::{CreatePartitionsRequest, CreatePartitionsResponse};
use kafka_rpc::stored::metadata::MetadataRecord;

use super::create_topics::{check_live, partition_record};
use super::placement::{check_manual, place};
use super::{ApiError, Context, Outcome, RECORDS_MAX};
use crate::metadata::{Image, Topic};

/// Adds partitions to topics, or says what would become of that (`validate_only`).
pub fn plan(
    image: &Image,
    context: &Context<'_>,
    request: &CreatePartitionsRequest<'_>,
) -> Outcome<CreatePartitionsResponse<'static>> {
    let (mut once, mut twice) = (BTreeSet::new(), BTreeSet::new());
    for topic in &request.topics {
        if !once.insert(topic.name.as_ref()) {
            twice.insert(topic.name.as_ref());
        }
    }
    let mut records = Vec::new();
    let result = |name: &str, verdict: &Result<(), ApiError>| {
        let (error_code, error_message) = ApiError::parts(verdict);
        let name = Cow::Owned(name.to_owned());
        CreatePartitionsTopicResult { name, error_code, error_message, ..CreatePartitionsTopicResult::default() }
    };
    let duplicate = Err(ApiError::new(ErrorCode::InvalidRequest, "Duplicate topic name."));
    let mut results: Vec<_> = twice.iter().map(|name| result(name, &duplicate)).collect();
    for topic in request.topics.iter().filter(|topic| !twice.contains(topic.name.as_ref())) {
        let added = add(image, context, topic, RECORDS_MAX.saturating_sub(records.len()));
        let verdict = added.map(|added| records.extend(added));
        results.push(result(&topic.name, &verdict));
    }
    if request.validate_only {
        records.clear();
    }
    Outcome::atomic(records, CreatePartitionsResponse { results, ..CreatePartitionsResponse::default() })
}

/// The records of the new partitions of a topic.
fn add(
    image: &Image,
    context: &Context<'_>,
    request: &CreatePartitionsTopic<'_>,
    room: usize,
) -> Result<Vec<MetadataRecord<'static>>, ApiError> {
    let topic = image.topic(&request.name);
    let topic = topic.ok_or_else(|| ApiError::bare(ErrorCode::UnknownTopicOrPartition))?;
    let has = topic.partition_count();
    let wanted = usize::try_from(request.count).unwrap_or(0);
    let refused = |why: String| Err(ApiError::new(ErrorCode::InvalidPartitions, why));
    if wanted == has {
        return refused(format!("Topic already has {has} partition(s)."));
    }
    let Some(additional) = wanted.checked_sub(has) else {
        return refused(format!(
            "The topic {} currently has {has} partition(s); {} would not be an increase.",
            request.name, request.count
        ));
    };
    let assignments = request.assignments.as_deref();
    if let Some(given) = assignments.map(<[_]>::len).filter(|given| *given != additional) {
        let why = format!(
            "Attempted to add {additional} additional partition(s), but only {given} assignment(s) were specified."
        );
        return Err(ApiError::new(ErrorCode::InvalidReplicaAssignment, why));
    }
    if additional > room {
        // Kafka refuses these, too, and knows no better error.
        return Err(ApiError::bare(ErrorCode::UnknownServerError));
    }
    let replicas = match assignments {
        Some(assignments) => manual(image, topic, assignments)?,
        None => placed(image, topic, additional)?,
    };
    (context.charge)(replicas.len())?;
    let first = i32::try_from(has).unwrap_or(i32::MAX);
    let partitions = (first..).zip(replicas);
    Ok(partitions.map(|(index, replicas)| partition_record(image, topic.id, index, &replicas)).collect())
}

fn replication_factor(topic: &Topic) -> usize {
    topic.partitions().next().map_or(1, |(_, first)| first.replicas.len())
}

fn manual(image: &Image, topic: &Topic, assignments: &[CreatePartitionsAssignment]) -> Result<Vec<Vec<i32>>, ApiError> {
    let first = i32::try_from(topic.partition_count()).unwrap_or(i32::MAX);
    let check = |(index, assignment): (i32, &CreatePartitionsAssignment)| {
        check_manual(image, &assignment.broker_ids, Some(replication_factor(topic)))?;
        check_live(image, index, &assignment.broker_ids)?;
        Ok(assignment.broker_ids.clone())
    };
    (first..).zip(assignments).map(check).collect()
}

fn placed(image: &Image, topic: &Topic, additional: usize) -> Result<Vec<Vec<i32>>, ApiError> {
    let factor = i16::try_from(replication_factor(topic)).unwrap_or(i16::MAX);
    let placed = place(image, additional, factor)?;
    if placed.iter().any(|replicas| !replicas.iter().any(|id| image.is_active(*id))) {
        let why = format!(
            "Unable to replicate the partition {factor} time(s): All brokers are currently fenced or in controlled \
             shutdown."
        );
        return Err(ApiError::new(ErrorCode::InvalidReplicationFactor, why));
    }
    Ok(placed)
}
