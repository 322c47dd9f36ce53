//! Leaders and ISRs when brokers come and go (`ReplicationControlManager.generateLeaderAndIsrUpdates`).

use kafka_rpc::Uuid;
use kafka_rpc::stored::metadata::{MetadataRecord, PartitionChangeRecord};

use super::Context;
use super::partition_change::{Election, PartitionChange};
use crate::metadata::{Image, NO_LEADER, Partition, Topic};

/// What happens to a broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BrokerEvent {
    /// It can lead from now on.
    Comes(i32),
    /// It cannot lead any more.
    Goes(i32),
    /// It may have lost records.
    UncleanShutdown(i32),
}

impl BrokerEvent {
    fn concerns(self, partition: &Partition) -> bool {
        match self {
            BrokerEvent::Comes(_) => partition.leader == NO_LEADER,
            BrokerEvent::Goes(id) => partition.isr.contains(&id),
            BrokerEvent::UncleanShutdown(id) => partition.isr.contains(&id) || partition.elr.contains(&id),
        }
    }

    fn allows(self, image: &Image, id: i32) -> bool {
        match self {
            BrokerEvent::Comes(came) if came == id => true,
            BrokerEvent::Goes(gone) | BrokerEvent::UncleanShutdown(gone) if gone == id => false,
            _ => image.is_active(id),
        }
    }
}

/// Adds the changes of all partitions that an event concerns.
pub(super) fn updates(
    image: &Image,
    context: &Context<'_>,
    event: BrokerEvent,
    records: &mut Vec<MetadataRecord<'static>>,
) {
    updates_of(image, context, event, |partition| event.concerns(partition), records);
}

/// Adds the changes of the partitions that an event concerns.
pub(super) fn updates_of(
    image: &Image,
    context: &Context<'_>,
    event: BrokerEvent,
    concerns: impl Fn(&Partition) -> bool,
    records: &mut Vec<MetadataRecord<'static>>,
) {
    for topic in image.topics() {
        for (index, partition) in topic.partitions().filter(|(_, partition)| concerns(partition)) {
            let is_acceptable = |id| event.allows(image, id);
            let unclean = context.allows_unclean_election(image, &topic.name);
            let election = if unclean { Election::Unclean } else { Election::Online };
            let change = with_change(image, context, topic, index, partition, election, &is_acceptable, |change| {
                if let BrokerEvent::Goes(id) | BrokerEvent::UncleanShutdown(id) = event {
                    change.isr.retain(|member| *member != id);
                }
                if let BrokerEvent::UncleanShutdown(id) = event {
                    change.unclean_shutdown = Some(id);
                }
            });
            records.extend(change.map(MetadataRecord::PartitionChange));
        }
    }
}

/// The record of a change that begins with the partition as it is. Who leads has its log in a directory that works
/// (`LeaderAcceptor`).
#[expect(clippy::too_many_arguments, reason = "a partition, how it elects, and what is to be different")]
pub(super) fn with_change(
    image: &Image,
    context: &Context<'_>,
    topic: &Topic,
    index: i32,
    partition: &Partition,
    election: Election,
    is_acceptable: &dyn Fn(i32) -> bool,
    set: impl FnOnce(&mut PartitionChange<'_>),
) -> Option<PartitionChangeRecord> {
    let is_acceptable = |id| is_acceptable(id) && image.has_online_dir(id, partition);
    let replicas = topic.partitions().next().map_or(0, |(_, first)| first.replicas.len());
    let mut change = PartitionChange {
        topic_id: topic.id,
        index,
        partition,
        version: image.metadata_version(),
        is_elr_enabled: image.is_elr_enabled(),
        min_isr: context.min_isr(image, &topic.name, replicas),
        election,
        is_acceptable: &is_acceptable,
        default_dir: &|id| default_dir(image, id),
        unclean_shutdown: None,
        directories: Vec::new(),
        isr: partition.isr.to_vec(),
        replicas: partition.replicas.to_vec(),
        removing: partition.removing_replicas.to_vec(),
        adding: partition.adding_replicas.to_vec(),
    };
    set(&mut change);
    change.build()
}

/// The log directory of a new replica: the only one of the broker, else unassigned (`ClusterControlManager.defaultDir`).
pub(super) fn default_dir(image: &Image, broker: i32) -> Uuid {
    match image.broker(broker).map(|broker| broker.log_dirs.as_slice()) {
        Some([only]) => *only,
        _ => Uuid::ZERO,
    }
}
