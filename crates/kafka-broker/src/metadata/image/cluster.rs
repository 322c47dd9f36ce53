//! Changes of brokers (`ClusterDelta`).

use kafka_rpc::Uuid;
use kafka_rpc::stored::metadata::{BrokerRegistrationChangeRecord, RegisterBrokerRecord};

use super::{ApplyError, Image, Partition};
use crate::metadata::Delta;

/// The log directory of a replica that has none yet (`DirectoryId.UNASSIGNED`).
const UNASSIGNED: Uuid = Uuid::ZERO;
/// That of a replica whose directory is known to have failed (`DirectoryId.LOST`).
const LOST: Uuid = Uuid([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
/// That of a replica from before directories had ids (`DirectoryId.MIGRATING`).
const MIGRATING: Uuid = Uuid([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]);

impl Image {
    /// Whether the log directory of a replica works, as far as is known (`BrokerRegistration.hasOnlineDir`).
    pub fn has_online_dir(&self, broker: i32, partition: &Partition) -> bool {
        let Some(registered) = self.broker(broker) else { return false };
        let place = partition.replicas.iter().position(|replica| *replica == broker);
        match place.and_then(|place| partition.directories.get(place)).copied().unwrap_or(UNASSIGNED) {
            UNASSIGNED | MIGRATING => true,
            LOST => false,
            // A broker of an old release does not say which it has.
            dir => registered.log_dirs.is_empty() || registered.log_dirs.contains(&dir),
        }
    }

    pub(super) fn known_broker(
        &mut self,
        id: i32,
        epoch: i64,
    ) -> Result<&mut RegisterBrokerRecord<'static>, ApplyError> {
        let broker = self.brokers.get_mut(&id).filter(|broker| broker.broker_epoch == epoch);
        broker.ok_or(ApplyError::UnknownBroker { id, epoch })
    }

    pub(super) fn set_fenced(
        &mut self,
        id: i32,
        epoch: i64,
        fenced: bool,
        delta: &mut Delta,
    ) -> Result<(), ApplyError> {
        self.known_broker(id, epoch)?.fenced = fenced;
        delta.changed_brokers.insert(id);
        Ok(())
    }

    pub(super) fn broker_change(
        &mut self,
        record: &BrokerRegistrationChangeRecord,
        delta: &mut Delta,
    ) -> Result<(), ApplyError> {
        let unknown = |field, value| Err(ApplyError::UnknownValue { field, value });
        let fenced = match record.fenced {
            0 => None,
            1 => Some(true),
            -1 => Some(false),
            other => return unknown("fenced", other),
        };
        if !(0..=1).contains(&record.in_controlled_shutdown) {
            return unknown("inControlledShutdown", record.in_controlled_shutdown);
        }
        let broker = self.known_broker(record.broker_id, record.broker_epoch)?;
        broker.fenced = fenced.unwrap_or(broker.fenced);
        broker.in_controlled_shutdown |= record.in_controlled_shutdown == 1;
        if !record.log_dirs.is_empty() {
            broker.log_dirs.clone_from(&record.log_dirs);
        }
        if record.cordoned_log_dirs.is_some() {
            broker.cordoned_log_dirs.clone_from(&record.cordoned_log_dirs);
        }
        delta.changed_brokers.insert(record.broker_id);
        Ok(())
    }
}
