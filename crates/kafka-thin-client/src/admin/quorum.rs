//! The quorum of the metadata log: its voters and observers.

use kafka_rpc::messages::add_raft_voter_request::Listener;
use kafka_rpc::messages::describe_quorum_request::{PartitionData, TopicData};
use kafka_rpc::messages::describe_quorum_response::ReplicaState;
use kafka_rpc::messages::{AddRaftVoterRequest, DescribeQuorumRequest, RemoveRaftVoterRequest};
use kafka_rpc::{ErrorCode, Uuid};

use super::timeout_ms;
use crate::cluster::Client;
use crate::error::{ApiError, ClientError};

/// The topic of the metadata log, which has one partition.
const METADATA_TOPIC: &str = "__cluster_metadata";

/// A quorum (`QuorumInfo`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quorum {
    /// The active controller.
    pub leader_id: i32,
    /// Its epoch.
    pub leader_epoch: i32,
    /// The offset after the last record that is committed.
    pub high_watermark: i64,
    /// Nodes that vote.
    pub voters: Vec<QuorumReplica>,
    /// Nodes that only read.
    pub observers: Vec<QuorumReplica>,
    /// Where voters listen, as far as the leader knows.
    pub nodes: Vec<QuorumNode>,
}

/// A node of a [`Quorum`], with its copy of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuorumReplica {
    /// The node.
    pub id: i32,
    /// The directory of its log; zero if unknown.
    pub directory_id: Uuid,
    /// The offset after its last record; -1 if unknown.
    pub log_end_offset: i64,
    /// When it asked for records the last time, in ms since 1970, as the leader counts; `None` if unknown.
    pub last_fetch_ms: Option<i64>,
    /// When it had all that the leader had; `None` if unknown.
    pub last_caught_up_ms: Option<i64>,
}

/// A voter of a [`Quorum`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuorumNode {
    /// The node.
    pub id: i32,
    /// Where it listens.
    pub endpoints: Vec<VoterEndpoint>,
}

/// A listener of a voter (`RaftVoterEndpoint`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VoterEndpoint {
    /// Its name, such as `CONTROLLER`.
    pub listener: String,
    /// Host.
    pub host: String,
    /// Port.
    pub port: u16,
}

/// Describes the quorum (`describeMetadataQuorum`).
///
/// # Errors
/// If the cluster does not answer, or with an error.
pub fn describe_metadata_quorum(client: &mut Client) -> Result<Quorum, ClientError> {
    let partition = PartitionData { partition_index: 0, ..Default::default() };
    let topic = TopicData { topic_name: METADATA_TOPIC.into(), partitions: vec![partition], ..Default::default() };
    let request = DescribeQuorumRequest { topics: vec![topic], ..Default::default() };
    client.retry(|client| {
        let reply = client.send_to_any_or_controller(&request)?;
        let response = reply.message()?;
        ApiError::check(response.error_code, response.error_message.as_deref())?;
        let missing = ApiError { code: ErrorCode::UnknownTopicOrPartition, message: None };
        let partition = response.topics.iter().flat_map(|topic| &topic.partitions).next().ok_or(missing)?;
        ApiError::check(partition.error_code, partition.error_message.as_deref())?;
        let nodes = response.nodes.iter().map(|node| {
            let endpoints = node.listeners.iter().map(|listener| VoterEndpoint {
                listener: listener.name.to_string(),
                host: listener.host.to_string(),
                port: listener.port,
            });
            QuorumNode { id: node.node_id, endpoints: endpoints.collect() }
        });
        Ok(Quorum {
            leader_id: partition.leader_id,
            leader_epoch: partition.leader_epoch,
            high_watermark: partition.high_watermark,
            voters: partition.current_voters.iter().map(replica).collect(),
            observers: partition.observers.iter().map(replica).collect(),
            nodes: nodes.collect(),
        })
    })
}

fn replica(replica: &ReplicaState) -> QuorumReplica {
    let known = |time: i64| Some(time).filter(|time| *time >= 0);
    QuorumReplica {
        id: replica.replica_id,
        directory_id: replica.replica_directory_id,
        log_end_offset: replica.log_end_offset,
        last_fetch_ms: known(replica.last_fetch_timestamp),
        last_caught_up_ms: known(replica.last_caught_up_timestamp),
    }
}

/// Makes a node a voter (`addRaftVoter`).
///
/// # Errors
/// If the cluster does not answer, or with an error.
pub fn add_raft_voter(
    client: &mut Client,
    voter_id: i32,
    voter_directory_id: Uuid,
    endpoints: &[VoterEndpoint],
) -> Result<(), ClientError> {
    let listeners = endpoints.iter().map(|endpoint| Listener {
        name: endpoint.listener.as_str().into(),
        host: endpoint.host.as_str().into(),
        port: endpoint.port,
        ..Default::default()
    });
    let request = AddRaftVoterRequest {
        cluster_id: None,
        timeout_ms: timeout_ms(client),
        voter_id,
        voter_directory_id,
        listeners: listeners.collect(),
        ..Default::default()
    };
    client.retry(|client| {
        let reply = client.send_to_any_or_controller(&request)?;
        let response = reply.message()?;
        Ok(ApiError::check(response.error_code, response.error_message.as_deref())?)
    })
}

/// Takes a node out of the voters (`removeRaftVoter`).
///
/// # Errors
/// If the cluster does not answer, or with an error.
pub fn remove_raft_voter(client: &mut Client, voter_id: i32, voter_directory_id: Uuid) -> Result<(), ClientError> {
    let request = RemoveRaftVoterRequest { cluster_id: None, voter_id, voter_directory_id, ..Default::default() };
    client.retry(|client| {
        let reply = client.send_to_any_or_controller(&request)?;
        let response = reply.message()?;
        Ok(ApiError::check(response.error_code, response.error_message.as_deref())?)
    })
}
