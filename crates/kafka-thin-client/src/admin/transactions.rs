//! Transactions and their producers: listed, described, ended.

use std::collections::BTreeMap;

use kafka_rpc::ErrorCode;
use kafka_rpc::messages::describe_producers_request::TopicRequest;
use kafka_rpc::messages::write_txn_markers_request::{WritableTxnMarker, WritableTxnMarkerTopic};
use kafka_rpc::messages::{
    DescribeProducersRequest, DescribeTransactionsRequest, InitProducerIdRequest, ListTransactionsRequest,
    WriteTxnMarkersRequest,
};

use super::{describe_cluster, timeout_ms};
use crate::cluster::{Client, CoordinatorType};
use crate::error::{ApiError, ClientError};
use crate::group::TopicPartition;

/// Which transactions to list; what is empty or `None` excludes nothing.
#[derive(Clone, Debug, Default)]
pub struct TransactionFilter {
    /// Ids of producers.
    pub producer_ids: Vec<i64>,
    /// Those that began more than so many ms ago.
    pub longer_than_ms: Option<i64>,
    /// A regular expression for the whole transactional id.
    pub pattern: Option<String>,
}

/// A transactional id, as its coordinator lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransactionListing {
    /// The broker that coordinates it.
    pub coordinator: i32,
    /// The id.
    pub transactional_id: String,
    /// Its producer.
    pub producer_id: i64,
    /// What became of its last transaction: Kafka's name of the state.
    pub state: String,
}

/// A transactional id, as its coordinator describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransactionDescription {
    /// The broker that coordinates it.
    pub coordinator: i32,
    /// What became of its last transaction: Kafka's name of the state.
    pub state: String,
    /// Its producer.
    pub producer_id: i64,
    /// The epoch of the producer.
    pub producer_epoch: i16,
    /// After which time a transaction is aborted.
    pub timeout_ms: i32,
    /// When the transaction began, if there was one.
    pub start_time_ms: Option<i64>,
    /// The partitions of the transaction.
    pub partitions: Vec<TopicPartition>,
}

/// A producer, as a partition knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProducerState {
    /// Its id.
    pub producer_id: i64,
    /// Its epoch.
    pub producer_epoch: i32,
    /// The sequence of its last record.
    pub last_sequence: i32,
    /// When that was written, by its own timestamp.
    pub last_timestamp: i64,
    /// Epoch of the coordinator that has ended its last transaction; -1 for none.
    pub coordinator_epoch: i32,
    /// First offset of its open transaction.
    pub transaction_start_offset: Option<i64>,
}

/// A transaction that is to be aborted in a partition (`AbortTransactionSpec`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransactionToAbort {
    /// The partition.
    pub partition: TopicPartition,
    /// The producer.
    pub producer_id: i64,
    /// Its epoch.
    pub producer_epoch: i16,
    /// Epoch of the coordinator in whose name it is aborted.
    pub coordinator_epoch: i32,
}

/// The transactional ids of all coordinators (`listTransactions`), in the order of their brokers and names.
///
/// # Errors
/// If a broker does not answer, or with an error.
pub fn list_transactions(
    client: &mut Client,
    filter: &TransactionFilter,
) -> Result<Vec<TransactionListing>, ClientError> {
    let request = ListTransactionsRequest {
        producer_id_filters: filter.producer_ids.clone(),
        duration_filter: filter.longer_than_ms.unwrap_or(-1),
        transactional_id_pattern: filter.pattern.as_deref().map(Into::into),
        ..Default::default()
    };
    let mut found = Vec::new();
    for broker in describe_cluster(client, false)?.brokers {
        let listed = client.retry(|client| {
            let reply = client.send_to(broker.id, &request)?;
            let response = reply.message()?;
            // Kafka's words, whatever the error is.
            let why =
                format!("ListTransactions request sent to broker {} failed with an unexpected exception", broker.id);
            ApiError::check(response.error_code, Some(&why))?;
            let listed = response.transaction_states.iter().map(|of| TransactionListing {
                coordinator: broker.id,
                transactional_id: of.transactional_id.to_string(),
                producer_id: of.producer_id,
                state: of.transaction_state.to_string(),
            });
            Ok(listed.collect::<Vec<_>>())
        })?;
        found.extend(listed);
    }
    found.sort_by(|a, b| (a.coordinator, &a.transactional_id).cmp(&(b.coordinator, &b.transactional_id)));
    Ok(found)
}

/// Describes a transactional id (`describeTransactions`).
///
/// # Errors
/// If its coordinator does not answer, or with an error.
pub fn describe_transaction(client: &mut Client, id: &str) -> Result<TransactionDescription, ClientError> {
    let request = DescribeTransactionsRequest { transactional_ids: vec![id.into()], ..Default::default() };
    client.retry(|client| {
        let coordinator = client.coordinator(CoordinatorType::Transaction, id)?;
        let reply = client.send_to(coordinator, &request)?;
        let response = reply.message()?;
        let described = response.transaction_states.into_iter().find(|of| of.transactional_id == id);
        let of = described.ok_or(ClientError::NoNode)?;
        let is_unknown = of.error_code == ErrorCode::TransactionalIdNotFound.code();
        // Kafka's words.
        let why = is_unknown.then(|| {
            format!("DescribeTransactions request for transactionalId `{id}` failed because the ID could not be found")
        });
        ApiError::check(of.error_code, why.as_deref())?;
        let partitions = of.topics.iter().flat_map(|topic| {
            topic.partitions.iter().map(|partition| TopicPartition::new(topic.topic.as_ref(), *partition))
        });
        Ok(TransactionDescription {
            coordinator,
            state: of.transaction_state.to_string(),
            producer_id: of.producer_id,
            producer_epoch: of.producer_epoch,
            timeout_ms: of.transaction_timeout_ms,
            start_time_ms: Some(of.transaction_start_time_ms).filter(|start| *start >= 0),
            partitions: partitions.collect(),
        })
    })
}

/// The producers that partitions know (`describeProducers`): as this broker has them, or as the leaders.
///
/// # Errors
/// If a broker does not answer, or with an error.
pub fn describe_producers(
    client: &mut Client,
    partitions: &[TopicPartition],
    broker: Option<i32>,
) -> Result<BTreeMap<TopicPartition, Vec<ProducerState>>, ClientError> {
    let mut described = BTreeMap::new();
    for partition in partitions {
        let topics = vec![TopicRequest {
            name: partition.topic.as_str().into(),
            partition_indexes: vec![partition.partition],
            ..Default::default()
        }];
        let request = DescribeProducersRequest { topics, ..Default::default() };
        let producers = client.retry(|client| {
            let node = match broker {
                Some(node) => node,
                None => client.leader(&partition.topic, partition.partition)?,
            };
            let reply = client.send_to(node, &request)?;
            let response = reply.message()?;
            let mut producers = Vec::new();
            for of in response.topics.iter().flat_map(|topic| &topic.partitions) {
                ApiError::check(of.error_code, of.error_message.as_deref())?;
                producers.extend(of.active_producers.iter().map(|producer| ProducerState {
                    producer_id: producer.producer_id,
                    producer_epoch: producer.producer_epoch,
                    last_sequence: producer.last_sequence,
                    last_timestamp: producer.last_timestamp,
                    coordinator_epoch: producer.coordinator_epoch,
                    transaction_start_offset: Some(producer.current_txn_start_offset).filter(|offset| *offset >= 0),
                }));
            }
            Ok(producers)
        })?;
        described.insert(partition.clone(), producers);
    }
    Ok(described)
}

/// Aborts the open transaction of a transactional id, if there is one, and fences its producer (`forceTerminateTransaction`).
///
/// # Errors
/// If its coordinator does not answer, or with an error.
pub fn force_terminate_transaction(client: &mut Client, id: &str) -> Result<(), ClientError> {
    let request = InitProducerIdRequest {
        transactional_id: Some(id.into()),
        transaction_timeout_ms: timeout_ms(client),
        producer_id: -1,
        producer_epoch: -1,
        ..Default::default()
    };
    client.retry(|client| {
        let coordinator = client.coordinator(CoordinatorType::Transaction, id)?;
        let reply = client.send_to(coordinator, &request)?;
        Ok(ApiError::check(reply.message()?.error_code, None)?)
    })
}

/// Writes the marker of an aborted transaction to a partition (`abortTransaction`).
///
/// # Errors
/// If the leader does not answer, or with an error.
pub fn abort_transaction(client: &mut Client, of: &TransactionToAbort) -> Result<(), ClientError> {
    let topics = vec![WritableTxnMarkerTopic {
        name: of.partition.topic.as_str().into(),
        partition_indexes: vec![of.partition.partition],
        ..Default::default()
    }];
    let marker = WritableTxnMarker {
        producer_id: of.producer_id,
        producer_epoch: of.producer_epoch,
        coordinator_epoch: of.coordinator_epoch,
        transaction_result: false,
        topics,
        ..Default::default()
    };
    let request = WriteTxnMarkersRequest { markers: vec![marker], ..Default::default() };
    client.retry(|client| {
        let node = client.leader(&of.partition.topic, of.partition.partition)?;
        let reply = client.send_to(node, &request)?;
        let response = reply.message()?;
        let results = response.markers.iter().flat_map(|marker| &marker.topics).flat_map(|topic| &topic.partitions);
        results.into_iter().try_for_each(|result| Ok(ApiError::check(result.error_code, None)?))
    })
}
