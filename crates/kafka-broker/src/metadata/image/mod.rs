//! The state after a record of the metadata (`MetadataImage`).

mod apply;
mod cluster;
mod configs;
mod error;
mod owned;
mod partition;
mod quotas;
mod topics;
mod write;

use std::collections::BTreeMap;

use kafka_rpc::Uuid;
use kafka_rpc::stored::metadata::{
    AccessControlEntryRecord, DelegationTokenRecord, RegisterBrokerRecord, RegisterControllerRecord,
};

use super::{Feature, MetadataVersion};
use configs::Configs;
use topics::Topics;

pub use configs::{ConfigResource, ConfigResourceType};
pub use error::ApplyError;
pub use kafka_security::scram::{ScramCredentialData, ScramMechanism};
pub use partition::{LeaderRecoveryState, NO_LEADER, Partition};
pub use quotas::ClientQuotaEntity;
pub use topics::Topic;

/// Where in the log an image stands (`MetadataProvenance`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Offset of the last record, -1 without one.
    pub offset: i64,
    /// Its leader epoch.
    pub epoch: i32,
    /// Its time in ms.
    pub timestamp_ms: i64,
}

impl Default for Position {
    fn default() -> Self {
        Position { offset: -1, epoch: 0, timestamp_ms: -1 }
    }
}

/// The state after a record. [`Image::apply`] changes it in place, with work in proportion to the change.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Image {
    position: Position,
    topics: Topics,
    configs: Configs,
    brokers: BTreeMap<i32, RegisterBrokerRecord<'static>>,
    controllers: BTreeMap<i32, RegisterControllerRecord<'static>>,
    features: BTreeMap<String, i16>,
    metadata_version: Option<MetadataVersion>,
    kraft_version: i16,
    zk_migration_state: i8,
    next_producer_id: Option<i64>,
    client_quotas: BTreeMap<ClientQuotaEntity, BTreeMap<String, f64>>,
    scram: BTreeMap<(ScramMechanism, String), ScramCredentialData>,
    acls: BTreeMap<Uuid, AccessControlEntryRecord<'static>>,
    delegation_tokens: BTreeMap<String, DelegationTokenRecord<'static>>,
}

impl Image {
    /// The last record that it holds.
    pub fn position(&self) -> Position {
        self.position
    }

    /// Notes up to which record it holds all.
    pub fn set_position(&mut self, position: Position) {
        self.position = position;
    }

    /// A topic by its name.
    pub fn topic(&self, name: &str) -> Option<&Topic> {
        self.topics.by_name(name)
    }

    /// A topic by its id.
    pub fn topic_by_id(&self, id: Uuid) -> Option<&Topic> {
        self.topics.by_id(id)
    }

    /// All topics in the order of their names.
    pub fn topics(&self) -> impl Iterator<Item = &Topic> {
        self.topics.from("")
    }

    /// The topics whose names are `name` or come after it, in order.
    pub fn topics_from(&self, name: &str) -> impl Iterator<Item = &Topic> {
        self.topics.from(name)
    }

    /// How many topics there are.
    pub fn topic_count(&self) -> usize {
        self.topics.len()
    }

    /// A topic whose name differs from this one in `.` and `_` alone.
    pub fn colliding_topic(&self, name: &str) -> Option<&str> {
        self.topics.colliding(name)
    }

    /// A partition by the id of its topic.
    pub fn partition(&self, topic_id: Uuid, partition: i32) -> Option<&Partition> {
        self.topics.by_id(topic_id)?.partition(partition)
    }

    /// The settings of a resource in the order of their names; none where it has none.
    pub fn configs(&self, resource: &ConfigResource) -> impl Iterator<Item = (&str, &str)> {
        self.configs.of(resource)
    }

    /// A setting of a resource.
    pub fn config(&self, resource: &ConfigResource, name: &str) -> Option<&str> {
        self.configs.get(resource, name)
    }

    /// The resources with settings.
    pub fn config_resources(&self) -> impl Iterator<Item = &ConfigResource> {
        self.configs.resources()
    }

    /// The brokers that are registered, by id.
    pub fn brokers(&self) -> impl Iterator<Item = &RegisterBrokerRecord<'static>> {
        self.brokers.values()
    }

    /// The registration of a broker, as it is now.
    pub fn broker(&self, id: i32) -> Option<&RegisterBrokerRecord<'static>> {
        self.brokers.get(&id)
    }

    /// Whether a broker is registered, unfenced and not shutting down (`ClusterControlManager.isActive`).
    pub fn is_active(&self, broker: i32) -> bool {
        self.broker(broker).is_some_and(|broker| !broker.fenced && !broker.in_controlled_shutdown)
    }

    /// The controllers that are registered, by id.
    pub fn controllers(&self) -> impl Iterator<Item = &RegisterControllerRecord<'static>> {
        self.controllers.values()
    }

    /// The finalized level of a feature, 0 where it has none.
    pub fn feature(&self, name: &str) -> i16 {
        if name == MetadataVersion::FEATURE {
            return self.metadata_version().level();
        }
        self.features.get(name).copied().unwrap_or(0)
    }

    /// The finalized features with a level above 0, `metadata.version` included.
    pub fn features(&self) -> impl Iterator<Item = (&str, i16)> {
        let version = self.metadata_version.map(|version| (MetadataVersion::FEATURE, version.level()));
        self.features.iter().map(|(name, level)| (name.as_str(), *level)).chain(version)
    }

    /// What clients are told of finalized features: those of records, and the `kraft.version` of the quorum.
    pub fn finalized_features(&self) -> impl Iterator<Item = (&str, i16)> {
        let kraft = (self.kraft_version > 0).then_some((Feature::KRAFT, self.kraft_version));
        self.features().chain(kraft)
    }

    /// Notes the `kraft.version` of the quorum, which control records have.
    pub fn set_kraft_version(&mut self, level: i16) {
        self.kraft_version = level;
    }

    /// The finalized `metadata.version`; the lowest where none is recorded.
    pub fn metadata_version(&self) -> MetadataVersion {
        self.metadata_version.unwrap_or(MetadataVersion::MINIMUM)
    }

    /// Whether there are eligible leader replicas (KIP-966).
    pub fn is_elr_enabled(&self) -> bool {
        self.metadata_version().has_elr() && self.feature(Feature::ELR) >= 1
    }

    /// The first producer id that is not allocated.
    pub fn next_producer_id(&self) -> i64 {
        self.next_producer_id.unwrap_or(0)
    }

    /// The client quotas by entity.
    pub fn client_quotas(&self) -> impl Iterator<Item = (&ClientQuotaEntity, &BTreeMap<String, f64>)> {
        self.client_quotas.iter()
    }

    /// The client quotas of one entity.
    pub fn client_quotas_of(&self, entity: &ClientQuotaEntity) -> Option<&BTreeMap<String, f64>> {
        self.client_quotas.get(entity)
    }

    /// The SCRAM credentials by mechanism and user.
    pub fn scram_credentials(&self) -> impl Iterator<Item = (ScramMechanism, &str, &ScramCredentialData)> {
        self.scram.iter().map(|((mechanism, user), credential)| (*mechanism, user.as_str(), credential))
    }

    /// The SCRAM credential of a user.
    pub fn scram_credential(&self, mechanism: ScramMechanism, user: &str) -> Option<&ScramCredentialData> {
        self.scram.get(&(mechanism, user.to_owned()))
    }

    /// An access control entry.
    pub fn acl(&self, id: Uuid) -> Option<&AccessControlEntryRecord<'static>> {
        self.acls.get(&id)
    }

    /// The access control entries by id.
    pub fn acls(&self) -> impl Iterator<Item = &AccessControlEntryRecord<'static>> {
        self.acls.values()
    }
}
