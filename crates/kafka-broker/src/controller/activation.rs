//! What a controller writes when it becomes active (`ActivationRecordsGenerator`).

use kafka_rpc::stored::metadata::{
    AbortTransactionRecord, BeginTransactionRecord, ConfigRecord, EndTransactionRecord, FeatureLevelRecord,
    MetadataRecord,
};

use super::{ControllerError, Settings};
use crate::metadata::{ConfigResourceType, Delta, Image, Loaded, MetadataVersion, ReplayError};

/// The records, which must hold as a whole, and the version at which they are written. `bootstrap` has the values of the
/// first records of a cluster.
pub(super) fn records<'v>(
    loaded: &Loaded,
    bootstrap: &'v [Vec<u8>],
    settings: &Settings,
) -> Result<(Vec<MetadataRecord<'v>>, MetadataVersion), ControllerError> {
    let is_in_transaction = loaded.replay.is_in_transaction();
    let mut records = Vec::new();
    if is_in_transaction {
        let reason = Some("Controller failover".into());
        records.push(MetadataRecord::AbortTransaction(AbortTransactionRecord { reason, ..Default::default() }));
    }
    // The first records themselves may be in the transaction that has not ended.
    let is_new = loaded.is_empty || (is_in_transaction && loaded.image.features().next().is_none());
    if !is_new {
        let version = loaded.image.metadata_version();
        if is_in_transaction && !version.has_transactions() {
            return Err(ControllerError::UnfinishedTransaction);
        }
        return Ok((records, version));
    }
    let (first, version) = first_records(bootstrap, settings)?;
    if version.has_transactions() {
        let name = Some("Bootstrap records".into());
        records.push(MetadataRecord::BeginTransaction(BeginTransactionRecord { name, ..Default::default() }));
        records.extend(first);
        records.push(MetadataRecord::EndTransaction(EndTransactionRecord::default()));
    } else {
        records.extend(first);
    }
    Ok((records, version))
}

/// The value of the only first record of a cluster without a `bootstrap.checkpoint`: the latest `metadata.version`.
pub(super) fn default_bootstrap() -> Result<Vec<Vec<u8>>, ControllerError> {
    let latest = MetadataRecord::FeatureLevel(FeatureLevelRecord {
        name: MetadataVersion::FEATURE.into(),
        feature_level: MetadataVersion::LATEST.level(),
        ..Default::default()
    });
    let mut value = Vec::new();
    latest.encode(0, &mut value).map_err(|error| ControllerError::Bootstrap(ReplayError::Record(error)))?;
    Ok(vec![value])
}

fn first_records<'v>(
    values: &'v [Vec<u8>],
    settings: &Settings,
) -> Result<(Vec<MetadataRecord<'v>>, MetadataVersion), ControllerError> {
    let (mut image, mut delta) = (Image::default(), Delta::default());
    let mut records = Vec::with_capacity(values.len() + 1);
    for value in values {
        let decoded = MetadataRecord::decode(value);
        let (record, _) = decoded.map_err(|error| ControllerError::Bootstrap(ReplayError::Record(error)))?;
        image.apply(&record, &mut delta).map_err(|error| ControllerError::Bootstrap(error.into()))?;
        records.push(record);
    }
    if image.is_elr_enabled() {
        records.push(min_isr_of_all_brokers(settings));
    }
    Ok((records, image.metadata_version()))
}

/// With ELR the number counts for all brokers, and none of them may have its own.
pub(super) fn min_isr_of_all_brokers(settings: &Settings) -> MetadataRecord<'static> {
    MetadataRecord::Config(ConfigRecord {
        resource_type: ConfigResourceType::Broker.id(),
        resource_name: "".into(),
        name: "min.insync.replicas".into(),
        value: Some(settings.min_insync_replicas.to_string().into()),
        ..Default::default()
    })
}
