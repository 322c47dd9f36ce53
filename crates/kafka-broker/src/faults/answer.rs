//! Answers that are an error for everything that was asked for (`AbstractRequest.getErrorResponse`).

use std::borrow::Cow;

use kafka_rpc::messages::*;
use kafka_rpc::{ApiKey, ErrorCode};

use crate::api::{Call, Handled, Refusal};

/// Whether there is such an answer.
pub(super) const fn can_fail(api: ApiKey) -> bool {
    matches!(
        api,
        ApiKey::Produce
            | ApiKey::Fetch
            | ApiKey::ListOffsets
            | ApiKey::Metadata
            | ApiKey::OffsetCommit
            | ApiKey::OffsetFetch
            | ApiKey::FindCoordinator
            | ApiKey::JoinGroup
            | ApiKey::Heartbeat
            | ApiKey::LeaveGroup
            | ApiKey::SyncGroup
            | ApiKey::ApiVersions
            | ApiKey::CreateTopics
            | ApiKey::DeleteTopics
            | ApiKey::InitProducerId
            | ApiKey::AddPartitionsToTxn
            | ApiKey::AddOffsetsToTxn
            | ApiKey::EndTxn
            | ApiKey::TxnOffsetCommit
            | ApiKey::DescribeCluster
            | ApiKey::ConsumerGroupHeartbeat
    )
}

/// Answers with an error.
pub(crate) fn answer(call: &mut Call<'_>, code: ErrorCode) -> Result<Handled, Refusal> {
    let error_code = code.code();
    match call.request.api_key {
        ApiKey::Produce => produce(call, code),
        ApiKey::Fetch => fetch(call, error_code),
        ApiKey::ListOffsets => list_offsets(call, error_code),
        ApiKey::Metadata => metadata(call, error_code),
        ApiKey::OffsetCommit => offset_commit(call, error_code),
        ApiKey::OffsetFetch => offset_fetch(call, error_code),
        ApiKey::FindCoordinator => find_coordinator(call, code),
        ApiKey::JoinGroup => {
            let request: JoinGroupRequest<'_> = call.message()?;
            let (member_id, generation_id) = (request.member_id.clone(), -1);
            // Old versions have no null here.
            let protocol_name = (call.version() < 7).then(|| "".into());
            call.respond(&JoinGroupResponse {
                error_code,
                member_id,
                generation_id,
                protocol_name,
                ..Default::default()
            })
        }
        ApiKey::SyncGroup => call.respond(&SyncGroupResponse { error_code, ..Default::default() }),
        ApiKey::Heartbeat => call.respond(&HeartbeatResponse { error_code, ..Default::default() }),
        ApiKey::LeaveGroup => call.respond(&LeaveGroupResponse { error_code, ..Default::default() }),
        ApiKey::ApiVersions => call.respond(&ApiVersionsResponse { error_code, ..Default::default() }),
        ApiKey::CreateTopics => create_topics(call, error_code),
        ApiKey::DeleteTopics => delete_topics(call, error_code),
        ApiKey::InitProducerId => {
            call.respond(&InitProducerIdResponse { error_code, producer_epoch: -1, ..Default::default() })
        }
        ApiKey::AddPartitionsToTxn => add_partitions_to_txn(call, error_code),
        ApiKey::AddOffsetsToTxn => call.respond(&AddOffsetsToTxnResponse { error_code, ..Default::default() }),
        ApiKey::EndTxn => call.respond(&EndTxnResponse { error_code, ..Default::default() }),
        ApiKey::TxnOffsetCommit => txn_offset_commit(call, error_code),
        ApiKey::DescribeCluster => call.respond(&DescribeClusterResponse { error_code, ..Default::default() }),
        ApiKey::ConsumerGroupHeartbeat => {
            call.respond(&ConsumerGroupHeartbeatResponse { error_code, ..Default::default() })
        }
        other => Err(Refusal::Unsupported(other, call.version())),
    }
}

fn produce(call: &mut Call<'_>, code: ErrorCode) -> Result<Handled, Refusal> {
    use kafka_rpc::messages::produce_response::{PartitionProduceResponse, TopicProduceResponse};
    let request: ProduceRequest<'_> = call.message()?;
    if request.acks == 0 {
        return Err(Refusal::Unanswered(code));
    }
    let responses = request.topic_data.iter().map(|topic| TopicProduceResponse {
        name: Cow::Borrowed(&topic.name),
        topic_id: topic.topic_id,
        partition_responses: topic
            .partition_data
            .iter()
            .map(|data| PartitionProduceResponse {
                index: data.index,
                error_code: code.code(),
                base_offset: -1,
                log_start_offset: -1,
                ..Default::default()
            })
            .collect(),
        ..Default::default()
    });
    let responses = responses.collect();
    call.respond(&ProduceResponse { responses, ..Default::default() })
}

fn fetch(call: &mut Call<'_>, error_code: i16) -> Result<Handled, Refusal> {
    use kafka_rpc::messages::fetch_response::{FetchableTopicResponse, PartitionData};
    let request: FetchRequest<'_> = call.message()?;
    if request.session_epoch > 0 {
        // The partitions are those of the session, most of which the request does not name: the error is that of the request.
        return call.respond(&FetchResponse { error_code, ..Default::default() });
    }
    let responses = request.topics.iter().map(|topic| FetchableTopicResponse {
        topic: Cow::Borrowed(&topic.topic),
        topic_id: topic.topic_id,
        partitions: topic
            .partitions
            .iter()
            .map(|asked| PartitionData {
                partition_index: asked.partition,
                error_code,
                high_watermark: -1,
                records: Some(kafka_rpc::Records::default()),
                ..Default::default()
            })
            .collect(),
        ..Default::default()
    });
    let responses = responses.collect();
    call.respond(&FetchResponse { responses, ..Default::default() })
}

fn list_offsets(call: &mut Call<'_>, error_code: i16) -> Result<Handled, Refusal> {
    use kafka_rpc::messages::list_offsets_response::{ListOffsetsPartitionResponse, ListOffsetsTopicResponse};
    let request: ListOffsetsRequest<'_> = call.message()?;
    let topics = request.topics.iter().map(|topic| ListOffsetsTopicResponse {
        name: Cow::Borrowed(&topic.name),
        partitions: topic
            .partitions
            .iter()
            .map(|asked| ListOffsetsPartitionResponse {
                partition_index: asked.partition_index,
                error_code,
                timestamp: -1,
                offset: -1,
                leader_epoch: -1,
                ..Default::default()
            })
            .collect(),
        ..Default::default()
    });
    let topics = topics.collect();
    call.respond(&ListOffsetsResponse { topics, ..Default::default() })
}

fn metadata(call: &mut Call<'_>, error_code: i16) -> Result<Handled, Refusal> {
    use kafka_rpc::messages::metadata_response::MetadataResponseTopic;
    let request: MetadataRequest<'_> = call.message()?;
    let topics = request.topics.iter().flatten().map(|topic| MetadataResponseTopic {
        error_code,
        name: Some(Cow::Borrowed(topic.name.as_deref().unwrap_or_default())),
        topic_id: topic.topic_id,
        ..Default::default()
    });
    let topics = topics.collect();
    call.respond(&MetadataResponse { topics, error_code, ..Default::default() })
}

fn offset_commit(call: &mut Call<'_>, error_code: i16) -> Result<Handled, Refusal> {
    use kafka_rpc::messages::offset_commit_response::{OffsetCommitResponsePartition, OffsetCommitResponseTopic};
    let request: OffsetCommitRequest<'_> = call.message()?;
    let topics = request.topics.iter().map(|topic| OffsetCommitResponseTopic {
        name: Cow::Borrowed(&topic.name),
        topic_id: topic.topic_id,
        partitions: topic
            .partitions
            .iter()
            .map(|asked| OffsetCommitResponsePartition {
                partition_index: asked.partition_index,
                error_code,
                ..Default::default()
            })
            .collect(),
        ..Default::default()
    });
    let topics = topics.collect();
    call.respond(&OffsetCommitResponse { topics, ..Default::default() })
}

fn offset_fetch(call: &mut Call<'_>, error_code: i16) -> Result<Handled, Refusal> {
    use kafka_rpc::messages::offset_fetch_response::OffsetFetchResponseGroup;
    let request: OffsetFetchRequest<'_> = call.message()?;
    let groups = request.groups.iter().map(|group| OffsetFetchResponseGroup {
        group_id: Cow::Borrowed(&group.group_id),
        error_code,
        ..Default::default()
    });
    let groups = groups.collect();
    call.respond(&OffsetFetchResponse { groups, error_code, ..Default::default() })
}

fn find_coordinator(call: &mut Call<'_>, code: ErrorCode) -> Result<Handled, Refusal> {
    use kafka_rpc::messages::find_coordinator_response::Coordinator;
    let request: FindCoordinatorRequest<'_> = call.message()?;
    if call.version() < 4 {
        return call.respond(&FindCoordinatorResponse {
            error_code: code.code(),
            error_message: Some(code.message().into()),
            node_id: -1,
            port: -1,
            ..Default::default()
        });
    }
    let coordinators = request.coordinator_keys.iter().map(|key| Coordinator {
        key: Cow::Borrowed(key),
        node_id: -1,
        port: -1,
        error_code: code.code(),
        ..Default::default()
    });
    let coordinators = coordinators.collect();
    call.respond(&FindCoordinatorResponse { coordinators, ..Default::default() })
}

fn create_topics(call: &mut Call<'_>, error_code: i16) -> Result<Handled, Refusal> {
    use kafka_rpc::messages::create_topics_response::CreatableTopicResult;
    let request: CreateTopicsRequest<'_> = call.message()?;
    let topics = request.topics.iter().map(|topic| CreatableTopicResult {
        name: Cow::Borrowed(&topic.name),
        error_code,
        ..Default::default()
    });
    let topics = topics.collect();
    call.respond(&CreateTopicsResponse { topics, ..Default::default() })
}

fn delete_topics(call: &mut Call<'_>, error_code: i16) -> Result<Handled, Refusal> {
    use kafka_rpc::messages::delete_topics_response::DeletableTopicResult;
    let request: DeleteTopicsRequest<'_> = call.message()?;
    let named = request.topic_names.iter().map(|name| DeletableTopicResult {
        name: Some(Cow::Borrowed(name)),
        error_code,
        ..Default::default()
    });
    let topics = request.topics.iter().map(|topic| DeletableTopicResult {
        name: topic.name.as_deref().map(Cow::Borrowed),
        topic_id: topic.topic_id,
        error_code,
        ..Default::default()
    });
    let responses = named.chain(topics).collect();
    call.respond(&DeleteTopicsResponse { responses, ..Default::default() })
}

fn add_partitions_to_txn(call: &mut Call<'_>, error_code: i16) -> Result<Handled, Refusal> {
    use kafka_rpc::messages::add_partitions_to_txn_response::{
        AddPartitionsToTxnPartitionResult, AddPartitionsToTxnTopicResult,
    };
    let request: AddPartitionsToTxnRequest<'_> = call.message()?;
    let results = request.v3_and_below_topics.iter().map(|topic| AddPartitionsToTxnTopicResult {
        name: Cow::Borrowed(&topic.name),
        results_by_partition: topic
            .partitions
            .iter()
            .map(|partition| AddPartitionsToTxnPartitionResult {
                partition_index: *partition,
                partition_error_code: error_code,
                ..Default::default()
            })
            .collect(),
        ..Default::default()
    });
    let results_by_topic_v3_and_below = results.collect();
    call.respond(&AddPartitionsToTxnResponse { error_code, results_by_topic_v3_and_below, ..Default::default() })
}

fn txn_offset_commit(call: &mut Call<'_>, error_code: i16) -> Result<Handled, Refusal> {
    use kafka_rpc::messages::txn_offset_commit_response::{
        TxnOffsetCommitResponsePartition, TxnOffsetCommitResponseTopic,
    };
    let request: TxnOffsetCommitRequest<'_> = call.message()?;
    let topics = request.topics.iter().map(|topic| TxnOffsetCommitResponseTopic {
        name: Cow::Borrowed(&topic.name),
        partitions: topic
            .partitions
            .iter()
            .map(|asked| TxnOffsetCommitResponsePartition {
                partition_index: asked.partition_index,
                error_code,
                ..Default::default()
            })
            .collect(),
        ..Default::default()
    });
    let topics = topics.collect();
    call.respond(&TxnOffsetCommitResponse { topics, ..Default::default() })
}
