//! Brokers and controllers come, can lead, and go (`ClusterControlManager`, `ReplicationControlManager`).

use kafka_rpc::ErrorCode;
use kafka_rpc::Uuid;
use kafka_rpc::stored::metadata::register_broker_record::{BrokerEndpoint, BrokerFeature};
use kafka_rpc::stored::metadata::register_controller_record::{ControllerEndpoint, ControllerFeature};
use kafka_rpc::stored::metadata::{
    BrokerRegistrationChangeRecord, MetadataRecord, RegisterBrokerRecord, RegisterControllerRecord,
};

use super::elections::{BrokerEvent, updates, updates_of, with_change};
use super::partition_change::Election;
use super::{ApiError, Context, Outcome};
use crate::metadata::{FEATURES, Image, MetadataVersion, Partition};

/// Where a node listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    /// Name of the listener.
    pub name: String,
    /// Host that is advertised.
    pub host: String,
    /// Port that is advertised.
    pub port: u16,
    /// Number of the security protocol: 0 `PLAINTEXT`, 1 `SSL`, 2 `SASL_PLAINTEXT`, 3 `SASL_SSL`.
    pub security_protocol: i16,
}

/// A broker as it registers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokerRegistration {
    /// Drawn at each start.
    pub incarnation_id: Uuid,
    /// Where clients reach it.
    pub listeners: Vec<Listener>,
    /// `broker.rack`
    pub rack: Option<String>,
    /// Ids of its log directories that are online.
    pub log_dirs: Vec<Uuid>,
    /// The broker epoch that the last orderly stop left in all log directories (`.kafka_cleanshutdown`).
    pub previous_broker_epoch: Option<i64>,
}

/// A controller as it registers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControllerRegistration {
    /// Drawn at each start.
    pub incarnation_id: Uuid,
    /// Where nodes reach it.
    pub listeners: Vec<Listener>,
}

/// The levels of features that this release knows: name, lowest and highest.
pub(crate) fn supported_features() -> impl Iterator<Item = (&'static str, i16, i16)> {
    let version = (MetadataVersion::FEATURE, MetadataVersion::MINIMUM.level(), MetadataVersion::LATEST.level());
    FEATURES.iter().map(|feature| (feature.name, 0, feature.max_level())).chain([version])
}

/// The record of a controller.
pub(super) fn register_controller(node_id: i32, controller: &ControllerRegistration) -> MetadataRecord<'static> {
    let end_point = |listener: &Listener| ControllerEndpoint {
        name: listener.name.clone().into(),
        host: listener.host.clone().into(),
        port: listener.port,
        security_protocol: listener.security_protocol,
        ..Default::default()
    };
    let feature = |(name, min_supported_version, max_supported_version): (&'static str, _, _)| ControllerFeature {
        name: name.into(),
        min_supported_version,
        max_supported_version,
        ..Default::default()
    };
    MetadataRecord::RegisterController(RegisterControllerRecord {
        controller_id: node_id,
        incarnation_id: controller.incarnation_id,
        end_points: controller.listeners.iter().map(end_point).collect(),
        features: supported_features().map(feature).collect(),
        ..Default::default()
    })
}

/// Registers the broker, fenced. After anything but an orderly stop it may have lost records, and is no eligible leader.
/// The response is the broker epoch.
pub(super) fn register_broker(
    image: &Image,
    context: &Context<'_>,
    broker: &BrokerRegistration,
) -> Result<Outcome<i64>, ApiError> {
    check(image, broker)?;
    let id = context.settings.node_id;
    let mut records = Vec::new();
    if let Some(existing) = image.broker(id) {
        let is_clean = broker.previous_broker_epoch == Some(existing.broker_epoch);
        let has_lost = image.is_elr_enabled() && !is_clean;
        let event = if has_lost { BrokerEvent::UncleanShutdown(id) } else { BrokerEvent::Goes(id) };
        updates(image, context, event, &mut records);
    }
    let end_point = |listener: &Listener| BrokerEndpoint {
        name: listener.name.clone().into(),
        host: listener.host.clone().into(),
        port: listener.port,
        security_protocol: listener.security_protocol,
        ..Default::default()
    };
    let feature = |(name, min_supported_version, max_supported_version): (&'static str, _, _)| BrokerFeature {
        name: name.into(),
        min_supported_version,
        max_supported_version,
        ..Default::default()
    };
    let has_dirs = image.metadata_version().has_directory_assignment();
    records.push(MetadataRecord::RegisterBroker(RegisterBrokerRecord {
        broker_id: id,
        incarnation_id: broker.incarnation_id,
        broker_epoch: context.next_offset,
        end_points: broker.listeners.iter().map(end_point).collect(),
        features: supported_features().map(feature).collect(),
        rack: broker.rack.clone().map(Into::into),
        fenced: true,
        log_dirs: if has_dirs { broker.log_dirs.clone() } else { Vec::new() },
        ..Default::default()
    }));
    Ok(Outcome::of(records, context.next_offset))
}

fn check(image: &Image, broker: &BrokerRegistration) -> Result<(), ApiError> {
    let refused = |why: String| Err(ApiError::new(ErrorCode::InvalidRegistration, why));
    if image.metadata_version().has_directory_assignment() {
        let mut dirs = broker.log_dirs.clone();
        dirs.sort_unstable();
        dirs.dedup();
        match dirs.as_slice() {
            [] => return refused("No directories specified in request".to_owned()),
            _ if dirs.len() < broker.log_dirs.len() => return refused("Duplicate directory ID in request".to_owned()),
            _ => {}
        }
    }
    for (name, level) in image.features() {
        let range =
            supported_features().find(|(known, _, _)| *known == name).map_or((0, 0), |(_, min, max)| (min, max));
        if !(range.0..=range.1).contains(&level) {
            let why = format!(
                "Unable to register because the broker does not support finalized version {level} of {name}. The \
                 broker wants a version between {} and {}, inclusive.",
                range.0, range.1
            );
            return Err(ApiError::new(ErrorCode::UnsupportedVersion, why));
        }
    }
    Ok(())
}

/// Unfences the broker, and lets it lead what has no leader.
pub(super) fn unfence(image: &Image, context: &Context<'_>) -> Outcome<()> {
    let Some((id, mut change)) = change_of(image, context).filter(|_| is_fenced(image, context)) else {
        return Outcome::none(());
    };
    change.fenced = -1;
    let (broker_id, broker_epoch) = (change.broker_id, change.broker_epoch);
    let mut records = vec![MetadataRecord::BrokerRegistrationChange(change)];
    updates(image, context, BrokerEvent::Comes(id), &mut records);
    if image.metadata_version().has_cordoned_log_dirs() {
        let cordoned = BrokerRegistrationChangeRecord {
            broker_id,
            broker_epoch,
            cordoned_log_dirs: Some(Vec::new()),
            ..Default::default()
        };
        records.push(MetadataRecord::BrokerRegistrationChange(cordoned));
    }
    Outcome::of(records, ())
}

/// An orderly stop: the broker leads nothing any more.
pub(super) fn controlled_shutdown(image: &Image, context: &Context<'_>) -> Outcome<()> {
    let Some((id, mut change)) = change_of(image, context).filter(|_| !is_fenced(image, context)) else {
        return Outcome::none(());
    };
    let mut records = Vec::new();
    if image.broker(id).is_some_and(|broker| !broker.in_controlled_shutdown) {
        change.in_controlled_shutdown = 1;
        records.push(MetadataRecord::BrokerRegistrationChange(change));
    }
    updates(image, context, BrokerEvent::Goes(id), &mut records);
    Outcome::of(records, ())
}

/// Fences the broker.
pub(super) fn fence(image: &Image, context: &Context<'_>) -> Outcome<()> {
    let Some((id, mut change)) = change_of(image, context).filter(|_| !is_fenced(image, context)) else {
        return Outcome::none(());
    };
    let mut records = Vec::new();
    updates(image, context, BrokerEvent::Goes(id), &mut records);
    change.fenced = 1;
    records.push(MetadataRecord::BrokerRegistrationChange(change));
    Outcome::of(records, ())
}

/// Log directories of the broker have failed: it leads nothing in them any more (`handleDirectoriesOffline`).
pub(super) fn directories_offline(image: &Image, context: &Context<'_>, failed: &[Uuid]) -> Outcome<()> {
    let id = context.settings.node_id;
    let online = image.broker(id).map(|broker| broker.log_dirs.as_slice()).unwrap_or_default();
    let (offline, left): (Vec<Uuid>, Vec<Uuid>) = online.iter().partition(|dir| failed.contains(dir));
    let Some((_, mut change)) = change_of(image, context).filter(|_| !offline.is_empty()) else {
        return Outcome::none(());
    };
    let is_in_them = |partition: &Partition| {
        let mut places = partition.replicas.iter().zip(&partition.directories);
        partition.isr.contains(&id) && places.any(|(replica, dir)| *replica == id && offline.contains(dir))
    };
    let mut records = Vec::new();
    updates_of(image, context, BrokerEvent::Goes(id), is_in_them, &mut records);
    if !left.is_empty() {
        change.log_dirs = left;
        records.push(MetadataRecord::BrokerRegistrationChange(change));
    }
    Outcome::of(records, ())
}

/// Replicas of the broker are in these log directories (`handleAssignReplicasToDirs`). Those that are not there any more are
/// passed over.
pub(super) fn assign_directories(image: &Image, context: &Context<'_>, assigned: &[(Uuid, i32, Uuid)]) -> Outcome<()> {
    let id = context.settings.node_id;
    let change = |(topic_id, index, dir): &(Uuid, i32, Uuid)| {
        let topic = image.topic_by_id(*topic_id)?;
        let partition = topic.partition(*index).filter(|partition| partition.replicas.contains(&id))?;
        let is_acceptable = |broker| image.is_active(broker);
        let change =
            with_change(image, context, topic, *index, partition, Election::Online, &is_acceptable, |change| {
                change.directories.push((id, *dir));
            });
        change.map(MetadataRecord::PartitionChange)
    };
    Outcome::of(assigned.iter().filter_map(change).collect(), ())
}

fn is_fenced(image: &Image, context: &Context<'_>) -> bool {
    image.broker(context.settings.node_id).is_some_and(|broker| broker.fenced)
}

/// The id of this broker and a change without effect; `None` where it has not registered.
fn change_of(image: &Image, context: &Context<'_>) -> Option<(i32, BrokerRegistrationChangeRecord)> {
    let broker = image.broker(context.settings.node_id)?;
    let (broker_id, broker_epoch) = (broker.broker_id, broker.broker_epoch);
    Some((broker_id, BrokerRegistrationChangeRecord { broker_id, broker_epoch, ..Default::default() }))
}
