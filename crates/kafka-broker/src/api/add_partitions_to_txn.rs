//! AddPartitionsToTxn, 0 to 5: up to version 3 from producers, later from brokers, for several transactions at once.

use std::borrow::Cow;
use std::sync::Arc;

use kafka_rpc::ErrorCode;
use kafka_rpc::acl::AclOperation;
use kafka_rpc::messages::add_partitions_to_txn_request::{AddPartitionsToTxnTopic, AddPartitionsToTxnTransaction};
use kafka_rpc::messages::add_partitions_to_txn_response::{
    AddPartitionsToTxnPartitionResult, AddPartitionsToTxnResult, AddPartitionsToTxnTopicResult,
};
use kafka_rpc::messages::{AddPartitionsToTxnRequest, AddPartitionsToTxnResponse};

use super::transactions::fenced_error;
use super::{Call, Handled, Refusal};
use crate::transaction::Producer;

/// Since this version a request is for any number of transactions, and comes from brokers.
const BATCHED_MIN_VERSION: i16 = 4;
/// Since this version clients know `PRODUCER_FENCED`.
const PRODUCER_FENCED_MIN_VERSION: i16 = 2;
/// What clients that ask in these versions speak (`transactionVersionForAddPartitionsToTxn`).
const CLIENT_VERSION: i16 = 0;
const BATCHED_CLIENT_VERSION: i16 = 2;

pub(super) fn handle(call: &mut Call<'_>) -> Result<Handled, Refusal> {
    let request: AddPartitionsToTxnRequest<'_> = call.message()?;
    if call.version() < BATCHED_MIN_VERSION {
        let results = add(
            call,
            &AddPartitionsToTxnTransaction {
                transactional_id: request.v3_and_below_transactional_id,
                producer_id: request.v3_and_below_producer_id,
                producer_epoch: request.v3_and_below_producer_epoch,
                topics: request.v3_and_below_topics,
                ..Default::default()
            },
        );
        let response = AddPartitionsToTxnResponse { results_by_topic_v3_and_below: results, ..Default::default() };
        return call.respond(&response);
    }
    if let Err(code) = call.rights().check_cluster(AclOperation::ClusterAction) {
        return call.respond(&AddPartitionsToTxnResponse { error_code: code.code(), ..Default::default() });
    }
    let results = request.transactions.iter().map(|transaction| AddPartitionsToTxnResult {
        transactional_id: Cow::Borrowed(&transaction.transactional_id),
        topic_results: add(call, transaction),
        ..Default::default()
    });
    let response = AddPartitionsToTxnResponse { results_by_transaction: results.collect(), ..Default::default() };
    call.respond(&response)
}

fn add(
    call: &Call<'_>,
    transaction: &AddPartitionsToTxnTransaction<'_>,
) -> Vec<AddPartitionsToTxnTopicResult<'static>> {
    let topics = &transaction.topics;
    // Brokers, who send the later versions, have checked their clients.
    let rights = (call.version() < BATCHED_MIN_VERSION).then(|| call.rights());
    if let Some(rights) = &rights
        && let Err(code) = rights.check_transactional_id(AclOperation::Write, &transaction.transactional_id)
    {
        return answer(topics, |_, _| code);
    }
    let names = topics.iter().map(|topic| &*topic.name);
    let denied = rights.as_ref().map(|rights| rights.denied_topics(AclOperation::Write, names));
    let refusal = |topic: &str, partition: i32| {
        if denied.as_ref().is_some_and(|denied| denied.contains(topic)) {
            return Some(ErrorCode::TopicAuthorizationFailed);
        }
        let is_known = call.shared.topics.named(topic).is_ok_and(|topic| topic.has_partition(partition));
        (!is_known).then_some(ErrorCode::UnknownTopicOrPartition)
    };
    let is_refused =
        topics.iter().any(|topic| topic.partitions.iter().any(|number| refusal(&topic.name, *number).is_some()));
    if is_refused {
        return answer(topics, |topic, partition| {
            refusal(topic, partition).unwrap_or(ErrorCode::OperationNotAttempted)
        });
    }
    let mut partitions = Vec::new();
    for topic in topics {
        let name: Arc<str> = topic.name.as_ref().into();
        partitions.extend(topic.partitions.iter().map(|number| (Arc::clone(&name), *number)));
    }
    let id = transaction.transactional_id.as_ref();
    let producer = Producer { id: transaction.producer_id, epoch: transaction.producer_epoch };
    let (shared, now_ms) = (call.shared, call.at.now_ms);
    if transaction.verify_only {
        let mut verified =
            shared.transactions.verify_partitions(shared, (id, producer), &partitions, now_ms).into_iter();
        return answer(topics, |_, _| verified.next().and_then(Result::err).unwrap_or(ErrorCode::None));
    }
    let is_batched = call.version() >= BATCHED_MIN_VERSION;
    let client_version = if is_batched { BATCHED_CLIENT_VERSION } else { CLIENT_VERSION };
    let added = shared.transactions.add_partitions(shared, (id, producer), &partitions, client_version, now_ms);
    let error = added.err().unwrap_or(ErrorCode::None);
    let error = fenced_error(error, call.version() >= PRODUCER_FENCED_MIN_VERSION);
    answer(topics, |_, _| error)
}

fn answer(
    topics: &[AddPartitionsToTxnTopic<'_>],
    mut error: impl FnMut(&str, i32) -> ErrorCode,
) -> Vec<AddPartitionsToTxnTopicResult<'static>> {
    let topics = topics.iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|&partition_index| AddPartitionsToTxnPartitionResult {
            partition_index,
            partition_error_code: error(&topic.name, partition_index).code(),
            ..Default::default()
        });
        AddPartitionsToTxnTopicResult {
            results_by_partition: partitions.collect(),
            name: Cow::Owned(topic.name.to_string()),
            ..Default::default()
        }
    });
    topics.collect()
}
