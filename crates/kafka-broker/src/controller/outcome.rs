//! What a plan gets and gives.

use kafka_rpc::ErrorCode;
use kafka_rpc::Uuid;
use kafka_rpc::stored::metadata::MetadataRecord;

use super::{ApiError, ConfigRules};
use crate::metadata::{ConfigResource, Image};

/// Most records of one request (`QuorumController.MAX_RECORDS_PER_USER_OP`).
pub const RECORDS_MAX: usize = 10_000;

/// What plans know of the node. Names in brackets are those of Kafka's settings.
#[derive(Clone, Debug)]
pub struct Settings {
    /// This node (`node.id`).
    pub node_id: i32,
    /// Partitions of topics that do not say how many (`num.partitions`).
    pub num_partitions: i32,
    /// Replicas of topics that do not say how many (`default.replication.factor`).
    pub default_replication_factor: i16,
    /// Whether topics may be deleted (`delete.topic.enable`).
    pub delete_topic_enable: bool,
    /// `min.insync.replicas` in the settings of the node.
    pub min_insync_replicas: i32,
    /// `unclean.leader.election.enable` in the settings of the node.
    pub unclean_leader_election_enable: bool,
}

impl Settings {
    /// Kafka's defaults.
    pub fn new(node_id: i32) -> Self {
        Settings {
            node_id,
            num_partitions: 1,
            default_replication_factor: 1,
            delete_topic_enable: true,
            min_insync_replicas: 1,
            unclean_leader_election_enable: false,
        }
    }
}

/// What a plan is made with, beside the image.
#[derive(Clone, Copy)]
pub struct Context<'c> {
    /// Settings of the node.
    pub settings: &'c Settings,
    /// What settings of topics and brokers may be.
    pub rules: &'c dyn ConfigRules,
    /// Draws ids of topics.
    pub new_id: fn() -> Uuid,
    /// Now, in ms since 1970.
    pub now_ms: i64,
    /// The offset of the first record that the plan adds.
    pub next_offset: i64,
    /// Counts partitions that the plan creates or deletes, and refuses them when the client's quota is used up.
    pub charge: &'c dyn Fn(usize) -> Result<(), ApiError>,
}

/// Charges no client.
pub(crate) fn free_of_charge(_partitions: usize) -> Result<(), ApiError> {
    Ok(())
}

impl Context<'_> {
    /// The `min.insync.replicas` of a topic, at most the number of its replicas (`getTopicEffectiveMinIsr`).
    pub(super) fn min_isr(&self, image: &Image, topic: &str, replicas: usize) -> usize {
        let value = self.topic_config(image, topic, "min.insync.replicas");
        let value = value.and_then(|text| text.trim().parse().ok()).unwrap_or(self.settings.min_insync_replicas);
        usize::try_from(value).unwrap_or(1).min(replicas)
    }

    /// Whether a leader from outside the ISR may be elected for a topic.
    pub(super) fn allows_unclean_election(&self, image: &Image, topic: &str) -> bool {
        let value = self.topic_config(image, topic, "unclean.leader.election.enable");
        value.map_or(self.settings.unclean_leader_election_enable, |text| text.trim().eq_ignore_ascii_case("true"))
    }

    /// A setting that has the same name for topics and brokers: of the topic, of this node, of all nodes.
    fn topic_config<'i>(&self, image: &'i Image, topic: &str, name: &str) -> Option<&'i str> {
        image
            .config(&ConfigResource::topic(topic), name)
            .or_else(|| image.config(&ConfigResource::broker(self.settings.node_id), name))
            .or_else(|| image.config(&ConfigResource::all_brokers(), name))
    }
}

/// What is to be done for a request.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome<R> {
    /// Records to append.
    pub records: Vec<MetadataRecord<'static>>,
    /// Whether they must hold as a whole.
    pub is_atomic: bool,
    /// The response for when they are on disk.
    pub response: R,
}

impl<R> Outcome<R> {
    /// Records that must hold as a whole.
    pub fn atomic(records: Vec<MetadataRecord<'static>>, response: R) -> Self {
        Outcome { records, is_atomic: true, response }
    }

    /// Records that need not hold as a whole.
    pub fn of(records: Vec<MetadataRecord<'static>>, response: R) -> Self {
        Outcome { records, is_atomic: false, response }
    }

    /// A response alone.
    pub fn none(response: R) -> Self {
        Outcome::atomic(Vec::new(), response)
    }
}

/// Refuses more records than a request may have.
pub(super) fn check_count(records: &[MetadataRecord<'_>]) -> Result<(), ApiError> {
    if records.len() > RECORDS_MAX {
        let message = "Unable to perform excessively large batch operation.";
        return Err(ApiError::new(ErrorCode::PolicyViolation, message));
    }
    Ok(())
}
