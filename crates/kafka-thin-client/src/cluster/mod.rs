//! A cluster: its nodes, its topics, and the way to them.

mod coordinator;
mod metadata;
mod retry;
mod send;

use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

use kafka_rpc::{ErrorCode, Uuid};

use crate::config::{ClientConfig, ConfigError};
use crate::connection::Connection;
use crate::error::Peer;

pub use coordinator::CoordinatorType;
pub(crate) use metadata::CONTROLLER_ENDPOINTS;

/// A broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its id.
    pub id: i32,
    /// Where it listens.
    pub peer: Peer,
    /// `broker.rack`.
    pub rack: Option<String>,
}

/// A partition of a [`Topic`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition {
    /// Its number.
    pub index: i32,
    /// Its error, such as `LEADER_NOT_AVAILABLE`.
    pub error: Option<ErrorCode>,
    /// The leader's node; `None` if there is none.
    pub leader: Option<i32>,
    /// Epoch of the leader; -1 where the node does not tell.
    pub leader_epoch: i32,
    /// Nodes of the replicas; the first one is the preferred leader.
    pub replicas: Vec<i32>,
    /// Nodes of the replicas in sync.
    pub isr: Vec<i32>,
    /// Nodes of the replicas that are offline.
    pub offline_replicas: Vec<i32>,
}

/// A topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    /// Its name.
    pub name: String,
    /// Its id; zero where the node does not tell.
    pub id: Uuid,
    /// Its error, such as `UNKNOWN_TOPIC_OR_PARTITION`.
    pub error: Option<ErrorCode>,
    /// Whether it is one of Kafka's own (`__consumer_offsets`, `__transaction_state`).
    pub is_internal: bool,
    /// Its partitions, by number.
    pub partitions: Vec<Partition>,
}

/// What a client knows of its cluster: the nodes as of the last Metadata response, and every topic as of the last one that had it.
#[derive(Clone, Debug, Default)]
pub struct Cluster {
    /// The cluster's id.
    pub cluster_id: Option<String>,
    /// The node that takes requests for the controller; brokers of a KRaft cluster name any live broker and forward.
    pub controller: Option<i32>,
    /// The brokers, by id.
    pub nodes: BTreeMap<i32, Node>,
    /// Topics without an error, by name.
    pub topics: HashMap<String, Topic>,
}

impl Cluster {
    /// A topic by its id.
    pub fn topic_by_id(&self, id: Uuid) -> Option<&Topic> {
        self.topics.values().find(|topic| topic.id == id)
    }

    /// A partition.
    pub fn partition(&self, topic: &str, index: i32) -> Option<&Partition> {
        self.topics.get(topic)?.partitions.iter().find(|partition| partition.index == index)
    }
}

/// A client of a cluster.
///
/// The methods that send make one attempt. Wrap them in [`Client::retry`] to try as Kafka's clients do; [`admin`](crate::admin) does.
#[derive(Debug)]
pub struct Client {
    config: ClientConfig,
    bootstrap: Vec<Peer>,
    cluster: Cluster,
    /// When the nodes of `cluster` were read; `None` if they are not to be believed.
    refreshed: Option<Instant>,
    coordinators: HashMap<(CoordinatorType, String), i32>,
    connections: HashMap<Peer, Connection>,
    /// The end of the call in progress (`default.api.timeout.ms`).
    deadline: Option<Instant>,
}

impl Client {
    /// A client without connections yet.
    ///
    /// # Errors
    /// If `bootstrap.servers` is empty or wrong.
    pub fn new(config: ClientConfig) -> Result<Self, ConfigError> {
        let bootstrap = config.bootstrap_peers()?;
        Ok(Client {
            config,
            bootstrap,
            cluster: Cluster::default(),
            refreshed: None,
            coordinators: HashMap::new(),
            connections: HashMap::new(),
            deadline: None,
        })
    }

    /// The configuration.
    pub fn config(&self) -> &ClientConfig {
        &self.config
    }

    /// What is known of the cluster, without asking.
    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }
}
