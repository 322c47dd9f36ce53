//! Offsets of partitions.

use std::collections::BTreeMap;

use kafka_rpc::ErrorCode;
use kafka_rpc::messages::delete_records_request::{DeleteRecordsPartition, DeleteRecordsTopic};
use kafka_rpc::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_rpc::messages::{DeleteRecordsRequest, ListOffsetsRequest};

use super::{result, timeout_ms};
use crate::cluster::Client;
use crate::error::{ApiError, ClientError};
use crate::group::TopicPartition;

/// Which offset of a partition (`OffsetSpec`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OffsetSpec {
    /// The first one.
    Earliest,
    /// The one after the last.
    Latest,
    /// The one with the latest timestamp.
    MaxTimestamp,
    /// The first one that is on the broker's disk.
    EarliestLocal,
    /// The last one in tiered storage.
    LatestTiered,
    /// The first one that is not in tiered storage yet.
    EarliestPendingUpload,
    /// The first one at this time in milliseconds or later.
    Timestamp(i64),
}

impl OffsetSpec {
    const fn timestamp(self) -> i64 {
        match self {
            OffsetSpec::Latest => -1,
            OffsetSpec::Earliest => -2,
            OffsetSpec::MaxTimestamp => -3,
            OffsetSpec::EarliestLocal => -4,
            OffsetSpec::LatestTiered => -5,
            OffsetSpec::EarliestPendingUpload => -6,
            OffsetSpec::Timestamp(timestamp) => timestamp,
        }
    }
}

/// Which records count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IsolationLevel {
    /// All.
    #[default]
    ReadUncommitted,
    /// Those of transactions only if these have been committed.
    ReadCommitted,
}

/// An offset that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListedOffset {
    /// The offset; -1 if no record fits.
    pub offset: i64,
    /// Timestamp of its record; -1 unless one was looked for.
    pub timestamp: i64,
    /// Epoch of the leader then; -1 if unknown.
    pub leader_epoch: i32,
}

/// Asks the leaders for offsets (`listOffsets`). Partitions in the order of their names.
///
/// # Errors
/// If a leader does not answer, and for a partition that has none until `default.api.timeout.ms` is over.
pub fn list_offsets(
    client: &mut Client,
    wanted: &[(TopicPartition, OffsetSpec)],
    isolation: IsolationLevel,
) -> Result<BTreeMap<TopicPartition, Result<ListedOffset, ApiError>>, ClientError> {
    client.retry(|client| {
        let mut results = BTreeMap::new();
        for (leader, wanted) in by_leader(client, wanted)? {
            let topics = wanted.into_iter().map(|(name, partitions)| ListOffsetsTopic {
                name: name.into(),
                partitions: partitions.into_iter().map(asked).collect(),
                ..Default::default()
            });
            let request = ListOffsetsRequest {
                replica_id: -1,
                isolation_level: i8::from(isolation == IsolationLevel::ReadCommitted),
                topics: topics.collect(),
                timeout_ms: timeout_ms(client),
                ..Default::default()
            };
            let reply = client.send_to(leader, &request)?;
            for topic in &reply.message()?.topics {
                for partition in &topic.partitions {
                    let found = ListedOffset {
                        offset: partition.offset,
                        timestamp: partition.timestamp,
                        leader_epoch: partition.leader_epoch,
                    };
                    let outcome = final_result(partition.error_code, found)?;
                    results.insert(TopicPartition::new(topic.name.as_ref(), partition.partition_index), outcome);
                }
            }
        }
        Ok(results)
    })
}

fn asked((partition_index, spec): (i32, OffsetSpec)) -> ListOffsetsPartition {
    ListOffsetsPartition { partition_index, timestamp: spec.timestamp(), ..Default::default() }
}

/// Deletes the records before an offset (`deleteRecords`), -1 for all; the results are the new first offsets.
///
/// # Errors
/// If a leader does not answer, and for a partition that has none until `default.api.timeout.ms` is over.
pub fn delete_records(
    client: &mut Client,
    before: &[(TopicPartition, i64)],
) -> Result<BTreeMap<TopicPartition, Result<i64, ApiError>>, ClientError> {
    client.retry(|client| {
        let mut results = BTreeMap::new();
        for (leader, topics) in by_leader(client, before)? {
            let of =
                |(partition_index, offset)| DeleteRecordsPartition { partition_index, offset, ..Default::default() };
            let topics = topics.into_iter().map(|(name, partitions)| DeleteRecordsTopic {
                name: name.into(),
                partitions: partitions.into_iter().map(of).collect(),
                ..Default::default()
            });
            let request =
                DeleteRecordsRequest { topics: topics.collect(), timeout_ms: timeout_ms(client), ..Default::default() };
            let reply = client.send_to(leader, &request)?;
            for topic in &reply.message()?.topics {
                for partition in &topic.partitions {
                    let outcome = final_result(partition.error_code, partition.low_watermark)?;
                    results.insert(TopicPartition::new(topic.name.as_ref(), partition.partition_index), outcome);
                }
            }
        }
        Ok(results)
    })
}

/// The result of a partition, unless its error is worth another attempt.
fn final_result<T>(code: i16, value: T) -> Result<Result<T, ApiError>, ClientError> {
    match result(code, None, value) {
        Err(error) if error.code.is_retriable() && error.code != ErrorCode::UnknownTopicOrPartition => {
            Err(error.into())
        }
        outcome => Ok(outcome),
    }
}

/// Partitions by leader and topic, each with what is wanted of it.
type ByLeader<'a, T> = BTreeMap<i32, BTreeMap<&'a str, Vec<(i32, T)>>>;

fn by_leader<'a, T: Copy>(
    client: &mut Client,
    wanted: &'a [(TopicPartition, T)],
) -> Result<ByLeader<'a, T>, ClientError> {
    let mut leaders: ByLeader<'a, T> = BTreeMap::new();
    for (TopicPartition { topic, partition }, what) in wanted {
        let leader = client.leader(topic, *partition)?;
        leaders.entry(leader).or_default().entry(topic).or_default().push((*partition, *what));
    }
    Ok(leaders)
}
