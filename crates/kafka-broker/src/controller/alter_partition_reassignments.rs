//! `AlterPartitionReassignments` (`ReplicationControlManager.alterPartitionReassignments`).

use std::borrow::Cow;

use kafka_rpc::ErrorCode;
use kafka_rpc::messages::alter_partition_reassignments_request::ReassignablePartition;
use kafka_rpc::messages::alter_partition_reassignments_response::{
    ReassignablePartitionResponse, ReassignableTopicResponse,
};
use kafka_rpc::messages::{AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse};
use kafka_rpc::stored::metadata::MetadataRecord;

use super::elections::with_change;
use super::partition_change::Election;
use super::placement::check_manual;
use super::{ApiError, Context, Outcome, RECORDS_MAX};
use crate::metadata::{Image, Partition, Topic};

/// Begins reassignments, or cancels them.
pub fn plan(
    image: &Image,
    context: &Context<'_>,
    request: &AlterPartitionReassignmentsRequest<'_>,
) -> Outcome<AlterPartitionReassignmentsResponse<'static>> {
    let mut records = Vec::new();
    let mut responses = Vec::with_capacity(request.topics.len());
    for topic in &request.topics {
        let mut partitions = Vec::with_capacity(topic.partitions.len());
        for target in &topic.partitions {
            let factor_may_change = request.allow_replication_factor_change;
            let record = reassign(image, context, &topic.name, target, factor_may_change);
            let record = record.and_then(|record| match record {
                Some(_) if records.len() >= RECORDS_MAX => Err(ApiError::bare(ErrorCode::UnknownServerError)),
                record => Ok(record),
            });
            let verdict = record.map(|record| records.extend(record));
            let (error_code, error_message) = ApiError::parts(&verdict);
            partitions.push(ReassignablePartitionResponse {
                partition_index: target.partition_index,
                error_code,
                error_message,
                ..ReassignablePartitionResponse::default()
            });
        }
        let name = Cow::Owned(topic.name.clone().into_owned());
        responses.push(ReassignableTopicResponse { name, partitions, ..ReassignableTopicResponse::default() });
    }
    let response = AlterPartitionReassignmentsResponse {
        allow_replication_factor_change: request.allow_replication_factor_change,
        error_message: None,
        responses,
        ..AlterPartitionReassignmentsResponse::default()
    };
    Outcome::atomic(records, response)
}

fn reassign(
    image: &Image,
    context: &Context<'_>,
    name: &str,
    target: &ReassignablePartition,
    factor_may_change: bool,
) -> Result<Option<MetadataRecord<'static>>, ApiError> {
    let unknown = |why: String| ApiError::new(ErrorCode::UnknownTopicOrPartition, why);
    let index = target.partition_index;
    let topic = image.topic(name).ok_or_else(|| unknown(format!("Unable to find a topic named {name}.")))?;
    let partition = topic.partition(index);
    let partition = partition.ok_or_else(|| unknown(format!("Unable to find partition {name}:{index}.")))?;
    match &target.replicas {
        None => cancel(image, context, topic, index, partition),
        Some(replicas) => change(image, context, topic, index, partition, replicas, factor_may_change),
    }
}

/// Goes back to the replicas before the reassignment (`cancelPartitionReassignment`).
fn cancel(
    image: &Image,
    context: &Context<'_>,
    topic: &Topic,
    index: i32,
    partition: &Partition,
) -> Result<Option<MetadataRecord<'static>>, ApiError> {
    if !partition.is_reassigning() {
        return Err(ApiError::bare(ErrorCode::NoReassignmentInProgress));
    }
    let without_added = |ids: &[i32]| -> Vec<i32> {
        ids.iter().copied().filter(|id| !partition.adding_replicas.contains(id)).collect()
    };
    let (replicas, mut isr) = (without_added(&partition.replicas), without_added(&partition.isr));
    let unclean = context.allows_unclean_election(image, &topic.name);
    if isr.is_empty() {
        if !unclean {
            let why = format!(
                "Unable to revert partition assignment for {}:{index} because it would require an unclean leader \
                 election.",
                topic.name
            );
            return Err(ApiError::new(ErrorCode::InvalidReplicaAssignment, why));
        }
        isr = replicas.first().copied().into_iter().collect();
    }
    let election = if unclean { Election::Unclean } else { Election::Online };
    let is_acceptable = |id| image.is_active(id);
    let record = with_change(image, context, topic, index, partition, election, &is_acceptable, |change| {
        change.isr = isr;
        change.replicas = replicas;
        change.removing.clear();
        change.adding.clear();
    });
    Ok(record.map(MetadataRecord::PartitionChange))
}

/// Adds the new replicas; the old ones go when the new ones are in sync (`changePartitionReassignment`).
fn change(
    image: &Image,
    context: &Context<'_>,
    topic: &Topic,
    index: i32,
    partition: &Partition,
    target: &[i32],
    factor_may_change: bool,
) -> Result<Option<MetadataRecord<'static>>, ApiError> {
    check_manual(image, target, None)?;
    let current = partition.replicas.iter().filter(|id| !partition.removing_replicas.contains(id)).count();
    if !factor_may_change && target.len() != current {
        let why = format!("The replication factor is changed from {current} to {}", target.len());
        return Err(ApiError::new(ErrorCode::InvalidReplicationFactor, why));
    }
    let mut removing: Vec<i32> = partition.replicas.iter().copied().filter(|id| !target.contains(id)).collect();
    removing.sort_unstable();
    let mut adding: Vec<i32> = target.iter().copied().filter(|id| !partition.replicas.contains(id)).collect();
    adding.sort_unstable();
    let is_acceptable = |id| image.is_active(id);
    let record = with_change(image, context, topic, index, partition, Election::Online, &is_acceptable, |change| {
        change.replicas = target.iter().chain(&removing).copied().collect();
        if !removing.is_empty() {
            change.removing = removing;
        }
        if !adding.is_empty() {
            change.adding = adding;
        }
    });
    Ok(record.map(MetadataRecord::PartitionChange))
}
