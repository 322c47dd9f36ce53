//! Records to state (`MetadataDelta.replay`).

use kafka_rpc::stored::metadata::{
    ClearElrRecord, ClientQuotaRecord, ConfigRecord, FeatureLevelRecord, MetadataRecord, PartitionChangeRecord,
    PartitionRecord, RemoveTopicRecord, TopicRecord, UserScramCredentialRecord,
};

use super::{
    ApplyError, ClientQuotaEntity, ConfigResource, ConfigResourceType, Image, Partition, ScramCredentialData,
    ScramMechanism, owned,
};
use crate::metadata::{Delta, MetadataVersion};

impl Image {
    /// Makes the change of a record, and notes it in `delta`. Marks of transactions change nothing: what is in a
    /// transaction must be applied when it has ended.
    ///
    /// # Errors
    /// A record that contradicts the image, which is as it was.
    pub fn apply(&mut self, record: &MetadataRecord<'_>, delta: &mut Delta) -> Result<(), ApplyError> {
        match record {
            MetadataRecord::Topic(record) => self.topic_record(record, delta),
            MetadataRecord::Partition(record) => self.partition_record(record, delta),
            MetadataRecord::PartitionChange(record) => self.partition_change(record, delta),
            MetadataRecord::RemoveTopic(record) => self.remove_topic(record, delta),
            MetadataRecord::ClearElr(record) => self.clear_elr(record, delta),
            MetadataRecord::Config(record) => self.config_record(record, delta),
            MetadataRecord::RegisterBroker(record) => {
                delta.changed_brokers.insert(record.broker_id);
                self.brokers.insert(record.broker_id, owned::broker(record));
                Ok(())
            }
            MetadataRecord::UnregisterBroker(record) => {
                self.known_broker(record.broker_id, record.broker_epoch)?;
                self.brokers.remove(&record.broker_id);
                delta.changed_brokers.insert(record.broker_id);
                Ok(())
            }
            MetadataRecord::BrokerRegistrationChange(record) => self.broker_change(record, delta),
            MetadataRecord::FenceBroker(record) => self.set_fenced(record.id, record.epoch, true, delta),
            MetadataRecord::UnfenceBroker(record) => self.set_fenced(record.id, record.epoch, false, delta),
            MetadataRecord::RegisterController(record) => {
                self.controllers.insert(record.controller_id, owned::controller(record));
                Ok(())
            }
            MetadataRecord::FeatureLevel(record) => self.feature_level(record, delta),
            MetadataRecord::ClientQuota(record) => {
                self.client_quota(record);
                delta.has_changed_quotas = true;
                Ok(())
            }
            MetadataRecord::ProducerIds(record) => {
                self.next_producer_id = Some(record.next_producer_id);
                Ok(())
            }
            MetadataRecord::UserScramCredential(record) => self.scram_credential_record(record, delta),
            MetadataRecord::RemoveUserScramCredential(record) => {
                self.scram.remove(&(mechanism(record.mechanism)?, record.name.clone().into_owned()));
                delta.has_changed_scram = true;
                Ok(())
            }
            MetadataRecord::AccessControlEntry(record) => {
                self.acls.insert(record.id, owned::acl(record));
                delta.changed_acls.insert(record.id);
                Ok(())
            }
            MetadataRecord::RemoveAccessControlEntry(record) => {
                let removed = self.acls.remove(&record.id);
                removed.ok_or_else(|| ApplyError::UnknownEntry { id: record.id.to_string() })?;
                delta.changed_acls.insert(record.id);
                Ok(())
            }
            MetadataRecord::DelegationToken(record) => {
                let token = owned::delegation_token(record);
                self.delegation_tokens.insert(token.token_id.clone().into_owned(), token);
                Ok(())
            }
            MetadataRecord::RemoveDelegationToken(record) => {
                self.delegation_tokens.remove(&*record.token_id);
                Ok(())
            }
            MetadataRecord::ZkMigrationState(record) => {
                self.zk_migration_state = record.zk_migration_state;
                Ok(())
            }
            MetadataRecord::NoOp(_)
            | MetadataRecord::BeginTransaction(_)
            | MetadataRecord::EndTransaction(_)
            | MetadataRecord::AbortTransaction(_) => Ok(()),
        }
    }

    fn topic_record(&mut self, record: &TopicRecord<'_>, delta: &mut Delta) -> Result<(), ApplyError> {
        let name = self.topics.insert(&record.name, record.topic_id);
        let name = name.ok_or_else(|| ApplyError::DuplicateTopic { name: record.name.clone().into_owned() })?;
        delta.created_topics.insert(record.topic_id, name);
        Ok(())
    }

    fn partition_record(&mut self, record: &PartitionRecord, delta: &mut Delta) -> Result<(), ApplyError> {
        let (id, partition) = (record.topic_id, record.partition_id);
        let topic = self.topics.by_id_mut(id).ok_or(ApplyError::UnknownTopic { id })?;
        let made = Partition::from_record(record).filter(|_| partition >= 0);
        if topic.insert(partition, made.ok_or(ApplyError::InvalidPartition { id, partition })?) {
            delta.changed_partitions.insert((id, partition));
        }
        Ok(())
    }

    fn partition_change(&mut self, record: &PartitionChangeRecord, delta: &mut Delta) -> Result<(), ApplyError> {
        let (id, partition) = (record.topic_id, record.partition_id);
        let topic = self.topics.by_id_mut(id).ok_or(ApplyError::UnknownTopic { id })?;
        let state = topic.partition_mut(partition).ok_or(ApplyError::UnknownPartition { id, partition })?;
        state.change(record).ok_or(ApplyError::InvalidPartition { id, partition })?;
        delta.changed_partitions.insert((id, partition));
        Ok(())
    }

    fn remove_topic(&mut self, record: &RemoveTopicRecord, delta: &mut Delta) -> Result<(), ApplyError> {
        let id = record.topic_id;
        let topic = self.topics.remove(id).ok_or(ApplyError::UnknownTopic { id })?;
        self.configs.remove(&ConfigResource::topic(&topic.name));
        delta.topic_deleted(&topic);
        Ok(())
    }

    fn clear_elr(&mut self, record: &ClearElrRecord<'_>, delta: &mut Delta) -> Result<(), ApplyError> {
        let ids = if record.topic_name.is_empty() {
            self.topics.ids()
        } else {
            let name = &record.topic_name;
            let topic = self.topics.by_name(name);
            vec![topic.ok_or_else(|| ApplyError::UnknownTopicName { name: name.clone().into_owned() })?.id]
        };
        for id in ids {
            let Some(topic) = self.topics.by_id_mut(id) else { continue };
            for (index, partition) in topic.partitions_mut() {
                if partition.clear_elr() {
                    delta.changed_partitions.insert((id, index));
                }
            }
        }
        Ok(())
    }

    fn config_record(&mut self, record: &ConfigRecord<'_>, delta: &mut Delta) -> Result<(), ApplyError> {
        let kind = ConfigResourceType::from_id(record.resource_type)
            .ok_or(ApplyError::UnknownValue { field: "resourceType", value: record.resource_type })?;
        let resource = ConfigResource { kind, name: record.resource_name.clone().into_owned() };
        self.configs.set(&resource, &record.name, record.value.as_deref());
        delta.changed_configs.insert(resource);
        Ok(())
    }

    fn feature_level(&mut self, record: &FeatureLevelRecord<'_>, delta: &mut Delta) -> Result<(), ApplyError> {
        let level = record.feature_level;
        if record.name == MetadataVersion::FEATURE {
            let version = MetadataVersion::from_level(level);
            self.metadata_version = Some(version.ok_or(ApplyError::UnknownMetadataVersion { level })?);
        } else if level == 0 {
            self.features.remove(&*record.name);
        } else {
            self.features.insert(record.name.clone().into_owned(), level);
        }
        delta.has_changed_features = true;
        Ok(())
    }

    fn client_quota(&mut self, record: &ClientQuotaRecord<'_>) {
        let entity = ClientQuotaEntity::from_record(&record.entity);
        if !record.remove {
            self.client_quotas.entry(entity).or_default().insert(record.key.clone().into_owned(), record.value);
        } else if let Some(quotas) = self.client_quotas.get_mut(&entity) {
            quotas.remove(&*record.key);
            if quotas.is_empty() {
                self.client_quotas.remove(&entity);
            }
        }
    }

    fn scram_credential_record(
        &mut self,
        record: &UserScramCredentialRecord<'_>,
        delta: &mut Delta,
    ) -> Result<(), ApplyError> {
        let credential = ScramCredentialData {
            salt: record.salt.to_vec(),
            stored_key: record.stored_key.to_vec(),
            server_key: record.server_key.to_vec(),
            iterations: record.iterations,
        };
        self.scram.insert((mechanism(record.mechanism)?, record.name.clone().into_owned()), credential);
        delta.has_changed_scram = true;
        Ok(())
    }
}

fn mechanism(id: i8) -> Result<ScramMechanism, ApplyError> {
    ScramMechanism::from_id(id).ok_or(ApplyError::UnknownValue { field: "mechanism", value: id })
}
