//! State to records, for a snapshot (`MetadataImage.write`).

use std::borrow::Cow;

use kafka_rpc::stored::metadata::{
    ClientQuotaRecord, ConfigRecord, FeatureLevelRecord, MetadataRecord, ProducerIdsRecord, RegisterBrokerRecord,
    TopicRecord, UserScramCredentialRecord, ZkMigrationStateRecord,
};

use super::{Image, Topic};
use crate::metadata::MetadataVersion;

impl Image {
    /// Calls `write` with the records that make this image, and with their versions. What the `metadata.version` has no
    /// records for is left out, as Kafka does.
    ///
    /// # Errors
    /// The first error of `write`.
    pub fn write<E>(&self, mut write: impl FnMut(&MetadataRecord<'_>, i16) -> Result<(), E>) -> Result<(), E> {
        let version = self.metadata_version();
        let mut write = |record: MetadataRecord<'_>| write(&record, version.record_version(&record));
        self.write_features(version, &mut write)?;
        for broker in self.brokers.values() {
            write(MetadataRecord::RegisterBroker(registration(broker, version)))?;
        }
        if version.has_controller_registration() {
            self.controllers.values().try_for_each(|it| write(MetadataRecord::RegisterController(it.clone())))?;
        }
        self.topics().try_for_each(|topic| write_topic(topic, version, self.is_elr_enabled(), &mut write))?;
        self.write_configs(&mut write)?;
        self.write_quotas(&mut write)?;
        if let Some(next_producer_id) = self.next_producer_id {
            let record = ProducerIdsRecord { broker_id: -1, broker_epoch: -1, next_producer_id, ..Default::default() };
            write(MetadataRecord::ProducerIds(record))?;
        }
        self.acls.values().try_for_each(|acl| write(MetadataRecord::AccessControlEntry(acl.clone())))?;
        if version.has_scram() {
            self.write_scram(&mut write)?;
        }
        if version.has_delegation_tokens() {
            let tokens = self.delegation_tokens.values();
            tokens.cloned().try_for_each(|token| write(MetadataRecord::DelegationToken(token)))?;
        }
        Ok(())
    }

    fn write_features<E>(
        &self,
        version: MetadataVersion,
        mut write: impl FnMut(MetadataRecord<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let record = |name, feature_level| {
            MetadataRecord::FeatureLevel(FeatureLevelRecord {
                name: Cow::Borrowed(name),
                feature_level,
                ..Default::default()
            })
        };
        // First: it decides how the others are read.
        write(record(MetadataVersion::FEATURE, version.level()))?;
        self.features.iter().try_for_each(|(name, level)| write(record(name, *level)))?;
        if self.zk_migration_state != 0 {
            let zk_migration_state = self.zk_migration_state;
            write(MetadataRecord::ZkMigrationState(ZkMigrationStateRecord {
                zk_migration_state,
                ..Default::default()
            }))?;
        }
        Ok(())
    }

    fn write_configs<E>(&self, mut write: impl FnMut(MetadataRecord<'_>) -> Result<(), E>) -> Result<(), E> {
        for resource in self.configs.resources() {
            for (name, value) in self.configs.of(resource) {
                write(MetadataRecord::Config(ConfigRecord {
                    resource_type: resource.kind.id(),
                    resource_name: Cow::Borrowed(&resource.name),
                    name: Cow::Borrowed(name),
                    value: Some(Cow::Borrowed(value)),
                    ..Default::default()
                }))?;
            }
        }
        Ok(())
    }

    fn write_quotas<E>(&self, mut write: impl FnMut(MetadataRecord<'_>) -> Result<(), E>) -> Result<(), E> {
        for (entity, quotas) in &self.client_quotas {
            for (key, value) in quotas {
                write(MetadataRecord::ClientQuota(ClientQuotaRecord {
                    entity: entity.to_record(),
                    key: Cow::Borrowed(key),
                    value: *value,
                    remove: false,
                    ..Default::default()
                }))?;
            }
        }
        Ok(())
    }

    fn write_scram<E>(&self, mut write: impl FnMut(MetadataRecord<'_>) -> Result<(), E>) -> Result<(), E> {
        for ((mechanism, user), credential) in &self.scram {
            write(MetadataRecord::UserScramCredential(UserScramCredentialRecord {
                name: Cow::Borrowed(user),
                mechanism: mechanism.id(),
                salt: Cow::Borrowed(&credential.salt),
                stored_key: Cow::Borrowed(&credential.stored_key),
                server_key: Cow::Borrowed(&credential.server_key),
                iterations: credential.iterations,
                ..Default::default()
            }))?;
        }
        Ok(())
    }
}

/// A registration with the fields that the version has.
fn registration(broker: &RegisterBrokerRecord<'static>, version: MetadataVersion) -> RegisterBrokerRecord<'static> {
    let mut broker = broker.clone();
    if !version.has_directory_assignment() {
        broker.log_dirs.clear();
    }
    if !version.has_cordoned_log_dirs() {
        broker.cordoned_log_dirs = None;
    }
    broker
}

fn write_topic<E>(
    topic: &Topic,
    version: MetadataVersion,
    has_elr: bool,
    mut write: impl FnMut(MetadataRecord<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let record = TopicRecord { name: Cow::Borrowed(&topic.name), topic_id: topic.id, ..Default::default() };
    write(MetadataRecord::Topic(record))?;
    topic.partitions().try_for_each(|(index, partition)| {
        let mut record = partition.to_record(topic.id, index, version.partition_version());
        if !has_elr {
            record.eligible_leader_replicas = None;
            record.last_known_elr = None;
        }
        write(MetadataRecord::Partition(record))
    })
}
