//! The cluster: its brokers, and what they have on disk.

use kafka_rpc::messages::{DescribeClusterRequest, DescribeLogDirsRequest, UnregisterBrokerRequest};

use super::{Results, result};
use crate::cluster::{CONTROLLER_ENDPOINTS, Client};
use crate::error::{ApiError, ClientError};

/// A cluster, as a broker describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterDescription {
    /// Its id.
    pub cluster_id: String,
    /// The node that takes requests for the controller; -1 if there is none.
    pub controller_id: i32,
    /// Its brokers, by id; its controllers if the client talks to those.
    pub brokers: Vec<DescribedBroker>,
}

/// A broker of a [`ClusterDescription`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescribedBroker {
    /// Its id.
    pub id: i32,
    /// Where it listens.
    pub host: String,
    /// Where it listens.
    pub port: i32,
    /// `broker.rack`.
    pub rack: Option<String>,
    /// Whether it is fenced: registered, and not in use.
    pub is_fenced: bool,
}

/// Describes the cluster (`describeCluster`); fenced brokers only if asked for, which brokers before Kafka 4 refuse.
///
/// # Errors
/// If the cluster does not answer, or with an error.
pub fn describe_cluster(client: &mut Client, include_fenced: bool) -> Result<ClusterDescription, ClientError> {
    let mut request = DescribeClusterRequest { include_fenced_brokers: include_fenced, ..Default::default() };
    if client.config().bootstrap_controllers {
        request.endpoint_type = CONTROLLER_ENDPOINTS;
    }
    client.retry(|client| {
        let reply = client.send_to_any(&request)?;
        let response = reply.message()?;
        ApiError::check(response.error_code, response.error_message.as_deref())?;
        let brokers = response.brokers.iter().map(|broker| DescribedBroker {
            id: broker.broker_id,
            host: broker.host.to_string(),
            port: broker.port,
            rack: broker.rack.as_deref().map(str::to_owned),
            is_fenced: broker.is_fenced,
        });
        let mut brokers: Vec<_> = brokers.collect();
        brokers.sort_by_key(|broker| broker.id);
        Ok(ClusterDescription {
            cluster_id: response.cluster_id.to_string(),
            controller_id: response.controller_id,
            brokers,
        })
    })
}

/// Makes the cluster forget a broker (`unregisterBroker`).
///
/// # Errors
/// If the cluster does not answer, or with an error.
pub fn unregister_broker(client: &mut Client, broker_id: i32) -> Result<(), ClientError> {
    let request = UnregisterBrokerRequest { broker_id, ..Default::default() };
    client.retry(|client| {
        let reply = client.send_to_any_or_controller(&request)?;
        let response = reply.message()?;
        Ok(ApiError::check(response.error_code, response.error_message.as_deref())?)
    })
}

/// The log directories of a broker, each with its path.
pub type BrokerLogDirs = Results<LogDir>;

/// A log directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogDir {
    /// The replicas in it.
    pub replicas: Vec<LogDirReplica>,
    /// Bytes of its volume; -1 where the broker does not tell.
    pub total_bytes: i64,
    /// Bytes that are free there; -1 where the broker does not tell.
    pub usable_bytes: i64,
    /// Whether it gets no new replicas.
    pub is_cordoned: bool,
}

/// A replica in a [`LogDir`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogDirReplica {
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// Bytes on disk.
    pub size: i64,
    /// How far it is behind: the high watermark, or the log that it is to replace.
    pub offset_lag: i64,
    /// Whether it is on its way from another directory.
    pub is_future: bool,
}

/// What a broker has on disk (`describeLogDirs`).
///
/// # Errors
/// If the broker does not answer, or with an error of the whole.
pub fn describe_log_dirs(client: &mut Client, broker: i32) -> Result<BrokerLogDirs, ClientError> {
    let request = DescribeLogDirsRequest { topics: None, ..Default::default() };
    client.retry(|client| {
        let reply = client.send_to(broker, &request)?;
        let response = reply.message()?;
        ApiError::check(response.error_code, None)?;
        let dirs = response.results.iter().map(|dir| {
            let replicas = dir.topics.iter().flat_map(|topic| {
                topic.partitions.iter().map(|partition| LogDirReplica {
                    topic: topic.name.to_string(),
                    partition: partition.partition_index,
                    size: partition.partition_size,
                    offset_lag: partition.offset_lag,
                    is_future: partition.is_future_key,
                })
            });
            let found = LogDir {
                replicas: replicas.collect(),
                total_bytes: dir.total_bytes,
                usable_bytes: dir.usable_bytes,
                is_cordoned: dir.is_cordoned,
            };
            (dir.log_dir.to_string(), result(dir.error_code, None, found))
        });
        Ok(dirs.collect())
    })
}
