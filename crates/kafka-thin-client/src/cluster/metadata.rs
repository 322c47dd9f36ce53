//! Metadata: asked for when it is missing, old or wrong.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Instant;

use kafka_rpc::messages::metadata_request::MetadataRequestTopic;
use kafka_rpc::messages::metadata_response::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use kafka_rpc::messages::{DescribeClusterRequest, MetadataRequest, MetadataResponse};
use kafka_rpc::{ErrorCode, Uuid};

use super::{Client, Node, Partition, Topic};
use crate::error::{ApiError, ClientError, Peer};

/// `EndpointType.CONTROLLER`.
pub(crate) const CONTROLLER_ENDPOINTS: i8 = 2;

impl Client {
    /// Asks for all topics (`None`) or those of these names. Each may have an error.
    ///
    /// # Errors
    /// If no node answers.
    pub fn fetch_topics(&mut self, names: Option<&[&str]>, auto_create: bool) -> Result<Vec<Topic>, ClientError> {
        let topics = names.map(|names| {
            let named = names.iter().map(|name| Some(Cow::Borrowed(*name)));
            named.map(|name| MetadataRequestTopic { name, ..Default::default() }).collect()
        });
        self.fetch_metadata(MetadataRequest { topics, allow_auto_topic_creation: auto_create, ..Default::default() })
    }

    /// Asks for topics by their ids. Each may have an error.
    ///
    /// # Errors
    /// If no node answers, or it knows no topic ids.
    pub fn fetch_topics_by_id(&mut self, ids: &[Uuid]) -> Result<Vec<Topic>, ClientError> {
        let of = |id: &Uuid| MetadataRequestTopic { topic_id: *id, name: None, ..Default::default() };
        let topics = Some(ids.iter().map(of).collect());
        self.fetch_metadata(MetadataRequest { topics, allow_auto_topic_creation: false, ..Default::default() })
    }

    fn fetch_metadata(&mut self, request: MetadataRequest<'_>) -> Result<Vec<Topic>, ClientError> {
        let reply = self.send_to_any(&request)?;
        let response = reply.message()?;
        ApiError::check(response.error_code, None)?;
        let topics: Vec<Topic> = response.topics.iter().map(topic).collect();
        self.learn(&response);
        for topic in &topics {
            if topic.error.is_none() {
                self.cluster.topics.insert(topic.name.clone(), topic.clone());
            } else {
                self.cluster.topics.remove(&topic.name);
            }
        }
        Ok(topics)
    }

    fn learn(&mut self, response: &MetadataResponse<'_>) {
        self.cluster.cluster_id = response.cluster_id.as_deref().map(str::to_owned);
        let nodes = response.brokers.iter().filter_map(node).map(|node| (node.id, node)).collect();
        self.learn_nodes(nodes, response.controller_id);
    }

    fn learn_nodes(&mut self, nodes: BTreeMap<i32, Node>, controller: i32) {
        self.cluster.controller = Some(controller).filter(|id| nodes.contains_key(id));
        self.cluster.nodes = nodes;
        self.refreshed = Some(Instant::now());
        let (nodes, bootstrap) = (&self.cluster.nodes, &self.bootstrap);
        self.connections.retain(|peer, _| bootstrap.contains(peer) || nodes.values().any(|node| node.peer == *peer));
    }

    /// Makes sure that the nodes are known, and not for too long.
    pub(crate) fn ensure_nodes(&mut self) -> Result<(), ClientError> {
        let max_age = self.config.metadata_max_age;
        match self.refreshed {
            Some(refreshed) if refreshed.elapsed() <= max_age => Ok(()),
            _ if self.config.bootstrap_controllers => self.fetch_controllers(),
            _ => self.fetch_topics(Some(&[]), false).map(|_| ()),
        }
    }

    /// Asks a controller for all of them, and for the active one. Controllers do not serve Metadata.
    fn fetch_controllers(&mut self) -> Result<(), ClientError> {
        let request = DescribeClusterRequest { endpoint_type: CONTROLLER_ENDPOINTS, ..Default::default() };
        let reply = self.send_to_any(&request)?;
        let response = reply.message()?;
        ApiError::check(response.error_code, response.error_message.as_deref())?;
        let nodes = response.brokers.iter().filter_map(|broker| {
            let peer = Peer { host: broker.host.to_string(), port: u16::try_from(broker.port).ok()? };
            Some(Node { id: broker.broker_id, peer, rack: broker.rack.as_deref().map(str::to_owned) })
        });
        self.cluster.cluster_id = Some(response.cluster_id.to_string());
        self.learn_nodes(nodes.map(|node| (node.id, node)).collect(), response.controller_id);
        Ok(())
    }

    /// A topic that exists, asked for if it is not known yet.
    ///
    /// # Errors
    /// If no node answers, and the topic's error.
    pub fn topic(&mut self, name: &str) -> Result<&Topic, ClientError> {
        let is_fresh = self.refreshed.is_some_and(|refreshed| refreshed.elapsed() <= self.config.metadata_max_age);
        if !is_fresh || !self.cluster.topics.contains_key(name) {
            let topics = self.fetch_topics(Some(&[name]), false)?;
            let error = topics.iter().find(|topic| topic.name == name).and_then(|topic| topic.error);
            ApiError::check(error.map_or(0, ErrorCode::code), None)?;
        }
        let unknown = ApiError { code: ErrorCode::UnknownTopicOrPartition, message: None };
        self.cluster.topics.get(name).ok_or(unknown.into())
    }

    /// The leader of a partition.
    ///
    /// # Errors
    /// If no node answers, for an unknown partition, and for one without a leader; both of these are retriable.
    pub fn leader(&mut self, topic: &str, index: i32) -> Result<i32, ClientError> {
        let partitions = &self.topic(topic)?.partitions;
        let code = match partitions.iter().find(|partition| partition.index == index) {
            Some(Partition { leader: Some(leader), .. }) => return Ok(*leader),
            Some(partition) => partition.error.unwrap_or(ErrorCode::LeaderNotAvailable),
            None => ErrorCode::UnknownTopicOrPartition,
        };
        self.forget_metadata();
        Err(ApiError { code, message: None }.into())
    }

    /// Lets the next call ask for nodes and topics again: a node said that something of it is wrong.
    pub fn forget_metadata(&mut self) {
        self.refreshed = None;
        self.cluster.topics.clear();
    }
}

fn node(broker: &MetadataResponseBroker<'_>) -> Option<Node> {
    let peer = Peer { host: broker.host.to_string(), port: u16::try_from(broker.port).ok()? };
    Some(Node { id: broker.node_id, peer, rack: broker.rack.as_deref().map(str::to_owned) })
}

fn error(code: i16) -> Option<ErrorCode> {
    ApiError::check(code, None).err().map(|error| error.code)
}

fn topic(topic: &MetadataResponseTopic<'_>) -> Topic {
    let mut partitions: Vec<Partition> = topic.partitions.iter().map(partition).collect();
    partitions.sort_by_key(|partition| partition.index);
    Topic {
        name: topic.name.as_deref().unwrap_or_default().to_owned(),
        id: topic.topic_id,
        error: error(topic.error_code),
        is_internal: topic.is_internal,
        partitions,
    }
}

fn partition(partition: &MetadataResponsePartition) -> Partition {
    Partition {
        index: partition.partition_index,
        error: error(partition.error_code),
        leader: Some(partition.leader_id).filter(|id| *id >= 0),
        leader_epoch: partition.leader_epoch,
        replicas: partition.replica_nodes.clone(),
        isr: partition.isr_nodes.clone(),
        offline_replicas: partition.offline_replicas.clone(),
    }
}
