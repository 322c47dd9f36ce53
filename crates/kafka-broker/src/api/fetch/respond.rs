//! From what was read to a response.

use std::borrow::Cow;

use kafka_rpc::messages::FetchResponse;
use kafka_rpc::messages::fetch_response::{
    AbortedTransaction, EpochEndOffset, FetchableTopicResponse, LeaderIdAndEpoch, NodeEndpoint, PartitionData,
};
use kafka_rpc::{ErrorCode, Records};

use super::plan::{Plan, TopicKey};
use super::read::{Read, Reads};
use crate::api::leaders::Leaders;
use crate::broker::Shared;
use crate::disk::Slice;

/// The response, and the slices that it names.
pub(super) fn response<'p>(
    shared: &Shared,
    plan: &'p Plan,
    reads: Reads,
    client: (usize, i16),
) -> (FetchResponse<'p>, Vec<Option<Slice>>) {
    let (listener, version) = client;
    let mut leaders = Leaders::default();
    let mut slices = Vec::new();
    let mut answers: Vec<(&TopicKey, PartitionData<'static>)> = Vec::with_capacity(plan.partitions.len());
    for (planned, read) in plan.partitions.iter().zip(reads.results) {
        let mut data = partition_data(planned.number, read, &mut slices);
        if version >= LEADER_MIN_VERSION && leads_elsewhere(data.error_code) {
            let (leader_id, leader_epoch) = leaders.of(shared, &planned.topic.name, planned.topic.id, planned.number);
            data.current_leader = LeaderIdAndEpoch { leader_id, leader_epoch, ..Default::default() };
        }
        answers.push((&planned.topic, data));
    }
    let session_id = match &plan.session {
        None => 0,
        Some((session, is_incremental)) => {
            session.note(&mut answers, *is_incremental);
            session.id()
        }
    };
    let mut responses: Vec<FetchableTopicResponse<'_>> = Vec::new();
    for (topic, data) in answers {
        match responses.last_mut() {
            Some(last) if *last.topic == *topic.name && last.topic_id == topic.id => last.partitions.push(data),
            _ => responses.push(FetchableTopicResponse {
                topic: Cow::Borrowed(&topic.name),
                topic_id: topic.id,
                partitions: vec![data],
                ..Default::default()
            }),
        }
    }
    let endpoints = leaders.endpoints(shared, listener).map(|endpoint| NodeEndpoint {
        node_id: endpoint.id,
        host: endpoint.host.into(),
        port: endpoint.port,
        rack: endpoint.rack.map(Into::into),
        ..Default::default()
    });
    let node_endpoints = endpoints.collect();
    (FetchResponse { session_id, responses, node_endpoints, ..Default::default() }, slices)
}

/// Since this version clients learn of the leader from an error.
const LEADER_MIN_VERSION: i16 = 16;

fn leads_elsewhere(error_code: i16) -> bool {
    let codes = [ErrorCode::NotLeaderOrFollower, ErrorCode::FencedLeaderEpoch];
    codes.iter().any(|code| code.code() == error_code)
}

/// Bytes of a response without partitions, and of a partition without records.
const EMPTY: usize = 16;
const EMPTY_PARTITION: usize = 40;
/// Bytes of a topic without partitions and its name, which is an id or a text.
const EMPTY_TOPIC: usize = 3;

/// How large the response will be, but for a few bytes that depend on its version.
pub(super) fn size(plan: &Plan, reads: &Reads) -> usize {
    let names = plan.partitions.chunk_by(|one, next| one.topic == next.topic).filter_map(|topic| topic.first());
    let topics: usize = names.map(|first| EMPTY_TOPIC + first.topic.name.len().max(16)).sum();
    EMPTY + topics + plan.partitions.len() * EMPTY_PARTITION + reads.bytes
}

fn partition_data(number: i32, read: Read, slices: &mut Vec<Option<Slice>>) -> PartitionData<'static> {
    match read {
        Read::Records { records, watermarks, aborted, from: _ } => {
            let aborted = aborted.map(|aborted| {
                let transactions = aborted.into_iter().map(|txn| AbortedTransaction {
                    producer_id: txn.producer_id,
                    first_offset: txn.first_offset,
                    ..Default::default()
                });
                transactions.collect()
            });
            let found = if records.is_empty() {
                Records::default()
            } else {
                slices.push(Some(records.clone()));
                Records::File { token: slices.len() - 1, len: records.len() }
            };
            PartitionData {
                partition_index: number,
                high_watermark: watermarks.high_watermark,
                last_stable_offset: watermarks.last_stable,
                log_start_offset: watermarks.log_start,
                aborted_transactions: aborted,
                records: Some(found),
                ..Default::default()
            }
        }
        Read::Diverging { epoch, end_offset, watermarks } => PartitionData {
            partition_index: number,
            high_watermark: watermarks.high_watermark,
            last_stable_offset: watermarks.last_stable,
            log_start_offset: watermarks.log_start,
            diverging_epoch: EpochEndOffset { epoch, end_offset, ..Default::default() },
            records: Some(Records::default()),
            aborted_transactions: None,
            ..Default::default()
        },
        Read::Elsewhere { replica, watermarks } => PartitionData {
            partition_index: number,
            high_watermark: watermarks.high_watermark,
            last_stable_offset: watermarks.last_stable,
            log_start_offset: watermarks.log_start,
            preferred_read_replica: replica,
            records: Some(Records::default()),
            aborted_transactions: None,
            ..Default::default()
        },
        Read::Failed(code) => failed(number, code),
    }
}

fn failed(number: i32, code: ErrorCode) -> PartitionData<'static> {
    PartitionData {
        partition_index: number,
        error_code: code.code(),
        high_watermark: -1,
        records: Some(Records::default()),
        aborted_transactions: None,
        ..Default::default()
    }
}
