//! `ElectLeaders` (`ReplicationControlManager.electLeaders`).

use std::borrow::Cow;

use kafka_rpc::ErrorCode;
use kafka_rpc::messages::elect_leaders_response::{PartitionResult, ReplicaElectionResult};
use kafka_rpc::messages::{ElectLeadersRequest, ElectLeadersResponse};
use kafka_rpc::stored::metadata::MetadataRecord;

use super::elections::with_change;
use super::outcome::check_count;
use super::partition_change::Election;
use super::{ApiError, Context, Outcome};
use crate::metadata::{Image, NO_LEADER};

/// Elects leaders of these partitions, or of all.
pub fn plan(
    image: &Image,
    context: &Context<'_>,
    request: &ElectLeadersRequest<'_>,
) -> Outcome<ElectLeadersResponse<'static>> {
    let mut records = Vec::new();
    let election = match request.election_type {
        0 => Ok(Election::Preferred),
        1 => Ok(Election::Unclean),
        other => Err(ApiError::new(ErrorCode::InvalidRequest, format!("Unknown election type {other}"))),
    };
    let mut elect = |topic: &str, index: i32| -> Result<(), ApiError> {
        records.extend(elect(image, context, topic, index, election.clone()?)?);
        Ok(())
    };
    let mut results = Vec::new();
    match &request.topic_partitions {
        Some(topics) => {
            for topic in topics {
                let verdicts = topic.partitions.iter().map(|index| (*index, elect(&topic.topic, *index))).collect();
                results.push(result(&topic.topic, verdicts));
            }
        }
        None => {
            for topic in image.topics() {
                let mut verdicts: Vec<_> =
                    topic.partitions().map(|(index, _)| (index, elect(&topic.name, index))).collect();
                // Those whose leader is the right one are left out.
                let is_needed = |verdict: &Result<(), ApiError>| {
                    verdict.as_ref().err().map(|error| error.code) != Some(ErrorCode::ElectionNotNeeded)
                };
                verdicts.retain(|(_, verdict)| is_needed(verdict));
                results.push(result(&topic.name, verdicts));
            }
        }
    }
    let verdict = election.map(|_| ()).and_then(|()| check_count(&records));
    if verdict.is_err() {
        records.clear();
    }
    let (error_code, _) = ApiError::parts(&verdict);
    let response =
        ElectLeadersResponse { error_code, replica_election_results: results, ..ElectLeadersResponse::default() };
    Outcome::of(records, response)
}

fn result(topic: &str, verdicts: Vec<(i32, Result<(), ApiError>)>) -> ReplicaElectionResult<'static> {
    let partition = |(partition_id, verdict)| {
        let (error_code, error_message) = ApiError::parts(&verdict);
        PartitionResult { partition_id, error_code, error_message, ..PartitionResult::default() }
    };
    ReplicaElectionResult {
        topic: Cow::Owned(topic.to_owned()),
        partition_result: verdicts.into_iter().map(partition).collect(),
        ..ReplicaElectionResult::default()
    }
}

fn elect(
    image: &Image,
    context: &Context<'_>,
    name: &str,
    index: i32,
    election: Election,
) -> Result<Option<MetadataRecord<'static>>, ApiError> {
    let unknown = |why: String| ApiError::new(ErrorCode::UnknownTopicOrPartition, why);
    let topic = image.topic(name).ok_or_else(|| unknown(format!("No such topic as {name}")))?;
    let partition = topic.partition(index);
    let partition = partition.ok_or_else(|| unknown(format!("No such partition as {name}-{index}")))?;
    let is_done = match election {
        Election::Unclean => partition.leader != NO_LEADER,
        _ => partition.has_preferred_leader(),
    };
    if is_done {
        return Err(ErrorCode::ElectionNotNeeded.into());
    }
    let is_acceptable = |id| image.is_active(id);
    let change = with_change(image, context, topic, index, partition, election, &is_acceptable, |_| {});
    match change {
        Some(change) => Ok(Some(MetadataRecord::PartitionChange(change))),
        None if election == Election::Preferred => Err(ErrorCode::PreferredLeaderNotAvailable.into()),
        None => Err(ErrorCode::EligibleLeadersNotAvailable.into()),
    }
}
