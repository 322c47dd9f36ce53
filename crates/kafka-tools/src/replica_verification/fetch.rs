//! Fetches from all replicas at once, leaders and followers (`ReplicaFetcher`).

use std::collections::{BTreeMap, BTreeSet};
use std::thread;
use std::time::Duration;

use kafka_rpc::messages::fetch_request::{FetchPartition, FetchTopic, ReplicaState};
use kafka_rpc::messages::{FetchRequest, FetchResponse};
use kafka_rpc::{Records, Uuid};
use kafka_thin_client::{ApiError, Client, ClientError, Pending, TopicPartition};

use super::compare::Fetched;

/// The replica id that lets a follower answer what it has (`FetchRequest.DEBUGGING_CONSUMER_ID`).
const DEBUGGING_CONSUMER_ID: i32 = -2;
/// The last version that has the replica id in its own field.
const REPLICA_ID_VERSION_MAX: i16 = 14;
/// The most that one response has.
const RESPONSE_MAX_BYTES: i32 = 64 * 1024 * 1024;
/// The pause after a node that did not answer.
const PAUSE: Duration = Duration::from_secs(1);

/// Partitions with the ids of their topics and the nodes that have them.
pub(super) type Replicas = BTreeMap<TopicPartition, (Uuid, BTreeSet<i32>)>;

/// How much to fetch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    /// Of a partition.
    pub(super) max_bytes: i32,
    /// How long a node may wait for more.
    pub(super) max_wait_ms: i32,
}

/// Fetches from all replicas. One that does not answer has nothing.
pub(super) fn all(
    client: &mut Client,
    replicas: &Replicas,
    offsets: &BTreeMap<TopicPartition, i64>,
    size: Size,
) -> BTreeMap<TopicPartition, Vec<Fetched>> {
    let nodes: BTreeSet<i32> = replicas.values().flat_map(|(_, nodes)| nodes).copied().collect();
    let sent: Vec<_> = nodes.into_iter().map(|node| (node, send(client, node, replicas, offsets, size))).collect();
    let mut fetched: BTreeMap<TopicPartition, Vec<Fetched>> = BTreeMap::new();
    let mut has_failed = false;
    for (node, pending) in sent {
        let mut of_node =
            pending.and_then(|pending| receive(client, node, pending, replicas)).unwrap_or_else(|error| {
                tracing::warn!("no answer from node {node}: {error}");
                client.disconnect(node);
                has_failed = true;
                BTreeMap::new()
            });
        for (partition, _) in replicas.iter().filter(|(_, (_, nodes))| nodes.contains(&node)) {
            let nothing = || Fetched { replica: node, high_watermark: -1, bytes: Vec::new() };
            let of = of_node.remove(partition).unwrap_or_else(nothing);
            fetched.entry(partition.clone()).or_default().push(of);
        }
    }
    if has_failed {
        thread::sleep(PAUSE);
    }
    fetched
}

fn send(
    client: &mut Client,
    node: i32,
    replicas: &Replicas,
    offsets: &BTreeMap<TopicPartition, i64>,
    size: Size,
) -> Result<Pending, ClientError> {
    let mut topics: Vec<FetchTopic<'_>> = Vec::new();
    for (TopicPartition { topic, partition }, (topic_id, nodes)) in replicas {
        if !nodes.contains(&node) {
            continue;
        }
        let offset = offsets.get(&TopicPartition::new(topic, *partition)).copied().unwrap_or(0);
        let data = FetchPartition {
            partition: *partition,
            fetch_offset: offset,
            log_start_offset: 0,
            partition_max_bytes: size.max_bytes,
            ..Default::default()
        };
        match topics.last_mut().filter(|last| last.topic == topic.as_str()) {
            Some(last) => last.partitions.push(data),
            None => topics.push(FetchTopic {
                topic: topic.as_str().into(),
                topic_id: *topic_id,
                partitions: vec![data],
                ..Default::default()
            }),
        }
    }
    let connection = client.connection(node)?;
    let mut request = FetchRequest {
        max_wait_ms: size.max_wait_ms,
        min_bytes: 1,
        max_bytes: RESPONSE_MAX_BYTES,
        topics,
        ..Default::default()
    };
    // Without a session each response has all partitions.
    request.session_epoch = -1;
    if connection.latest::<FetchRequest<'_>>()? <= REPLICA_ID_VERSION_MAX {
        request.replica_id = DEBUGGING_CONSUMER_ID;
    } else {
        request.replica_state = ReplicaState { replica_id: DEBUGGING_CONSUMER_ID, ..Default::default() };
    }
    connection.send(&request)
}

fn receive(
    client: &mut Client,
    node: i32,
    pending: Pending,
    replicas: &Replicas,
) -> Result<BTreeMap<TopicPartition, Fetched>, ClientError> {
    let reply = client.connection(node)?.receive::<FetchRequest<'_>>(pending)?;
    let response: FetchResponse<'_> = reply.message()?;
    ApiError::check(response.error_code, None)?;
    let mut fetched = BTreeMap::new();
    for topic in &response.responses {
        let by_id = replicas.iter().find(|(_, (id, _))| topic.topic.is_empty() && *id == topic.topic_id);
        let name = by_id.map_or_else(|| topic.topic.to_string(), |(partition, _)| partition.topic.clone());
        for data in &topic.partitions {
            if let Err(error) = ApiError::check(data.error_code, None) {
                tracing::warn!("node {node}: partition {name}-{}: {error}", data.partition_index);
            }
            let bytes = data.records.as_ref().and_then(Records::bytes).unwrap_or_default();
            let partition = TopicPartition::new(&name, data.partition_index);
            let of = Fetched { replica: node, high_watermark: data.high_watermark, bytes: bytes.to_vec() };
            fetched.insert(partition, of);
        }
    }
    Ok(fetched)
}
