//! A partition: where its replicas are and who leads (`PartitionRegistration`).

use kafka_rpc::Uuid;
use kafka_rpc::stored::metadata::{PartitionChangeRecord, PartitionRecord};

/// The leader of a partition without one.
pub const NO_LEADER: i32 = -1;

/// The leader in a change that leaves it as it is.
const NO_LEADER_CHANGE: i32 = -2;

/// Whether a leader was elected from outside the ISR and has not recovered yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LeaderRecoveryState {
    /// It has recovered, or never had to.
    #[default]
    Recovered,
    /// It has not.
    Recovering,
}

impl LeaderRecoveryState {
    /// The number in records and requests.
    pub fn id(self) -> i8 {
        match self {
            LeaderRecoveryState::Recovered => 0,
            LeaderRecoveryState::Recovering => 1,
        }
    }

    fn from_id(id: i8) -> Option<Self> {
        match id {
            0 => Some(LeaderRecoveryState::Recovered),
            1 => Some(LeaderRecoveryState::Recovering),
            _ => None,
        }
    }
}

/// A partition of a topic. Lists hold ids of brokers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Partition {
    /// The replicas, the preferred leader first.
    pub replicas: Box<[i32]>,
    /// The log directory of each replica; zero where none is assigned.
    pub directories: Box<[Uuid]>,
    /// The replicas in sync.
    pub isr: Box<[i32]>,
    /// Replicas that a reassignment removes.
    pub removing_replicas: Box<[i32]>,
    /// Replicas that a reassignment adds.
    pub adding_replicas: Box<[i32]>,
    /// Replicas outside the ISR that have all committed records (KIP-966).
    pub elr: Box<[i32]>,
    /// The last known eligible leader replicas, or the last leader.
    pub last_known_elr: Box<[i32]>,
    /// The leader, [`NO_LEADER`] without one.
    pub leader: i32,
    /// Epoch of the leader.
    pub leader_epoch: i32,
    /// Grows with each change.
    pub partition_epoch: i32,
    /// Whether the leader has recovered from an unclean election.
    pub leader_recovery_state: LeaderRecoveryState,
}

impl Partition {
    /// The partition of a record; `None` where its directories do not go with its replicas, or its state is not known.
    pub fn from_record(record: &PartitionRecord) -> Option<Self> {
        let unassigned = record.directories.is_empty();
        let directories = if unassigned { vec![Uuid::ZERO; record.replicas.len()] } else { record.directories.clone() };
        if directories.len() != record.replicas.len() {
            return None;
        }
        Some(Partition {
            replicas: ids(&record.replicas),
            directories: directories.into(),
            isr: ids(&record.isr),
            removing_replicas: ids(&record.removing_replicas),
            adding_replicas: ids(&record.adding_replicas),
            elr: record.eligible_leader_replicas.as_deref().map_or_else(Box::default, ids),
            last_known_elr: record.last_known_elr.as_deref().map_or_else(Box::default, ids),
            leader: record.leader,
            leader_epoch: record.leader_epoch,
            partition_epoch: record.partition_epoch,
            leader_recovery_state: LeaderRecoveryState::from_id(record.leader_recovery_state)?,
        })
    }

    /// Makes a change (`PartitionRegistration.merge`). `None`, with nothing changed, where its directories do not go
    /// with its replicas, or its state is not known.
    #[must_use]
    pub fn change(&mut self, change: &PartitionChangeRecord) -> Option<()> {
        let replicas = change.replicas.as_deref().map_or(self.replicas.len(), <[i32]>::len);
        let directories = change.directories.as_deref().map_or(self.directories.len(), <[Uuid]>::len);
        // Before directories are assigned a change of replicas leaves them out.
        let unassigned = change.directories.is_none() && self.directories.iter().all(|id| *id == Uuid::ZERO);
        if replicas != directories && !unassigned {
            return None;
        }
        let state = match change.leader_recovery_state {
            -1 => self.leader_recovery_state,
            id => LeaderRecoveryState::from_id(id)?,
        };
        self.leader_recovery_state = state;
        set(&mut self.replicas, change.replicas.as_deref());
        match change.directories.as_deref() {
            Some(directories) => self.directories = directories.into(),
            None if replicas != self.directories.len() => self.directories = vec![Uuid::ZERO; replicas].into(),
            None => {}
        }
        set(&mut self.isr, change.isr.as_deref());
        set(&mut self.removing_replicas, change.removing_replicas.as_deref());
        set(&mut self.adding_replicas, change.adding_replicas.as_deref());
        set(&mut self.elr, change.eligible_leader_replicas.as_deref());
        set(&mut self.last_known_elr, change.last_known_elr.as_deref());
        if change.leader != NO_LEADER_CHANGE {
            self.leader = change.leader;
            self.leader_epoch = self.leader_epoch.wrapping_add(1);
        }
        self.partition_epoch = self.partition_epoch.wrapping_add(1);
        Some(())
    }

    /// Forgets the eligible leader replicas; whether there were any.
    pub(super) fn clear_elr(&mut self) -> bool {
        if self.elr.is_empty() && self.last_known_elr.is_empty() {
            return false;
        }
        (self.elr, self.last_known_elr) = Default::default();
        self.partition_epoch = self.partition_epoch.wrapping_add(1);
        true
    }

    /// The record that makes this partition, with the fields that this version of it has.
    pub fn to_record(&self, topic_id: Uuid, partition: i32, version: i16) -> PartitionRecord {
        let some = |ids: &[i32]| (version >= 2 && !ids.is_empty()).then(|| ids.to_vec());
        PartitionRecord {
            partition_id: partition,
            topic_id,
            replicas: self.replicas.to_vec(),
            isr: self.isr.to_vec(),
            removing_replicas: self.removing_replicas.to_vec(),
            adding_replicas: self.adding_replicas.to_vec(),
            leader: self.leader,
            leader_recovery_state: self.leader_recovery_state.id(),
            leader_epoch: self.leader_epoch,
            partition_epoch: self.partition_epoch,
            directories: if version >= 1 { self.directories.to_vec() } else { Vec::new() },
            eligible_leader_replicas: some(&self.elr),
            last_known_elr: some(&self.last_known_elr),
            ..PartitionRecord::default()
        }
    }

    /// Whether the first replica leads.
    pub fn has_preferred_leader(&self) -> bool {
        self.replicas.first() == Some(&self.leader)
    }

    /// Whether a reassignment is under way.
    pub fn is_reassigning(&self) -> bool {
        !self.adding_replicas.is_empty() || !self.removing_replicas.is_empty()
    }
}

fn ids(ids: &[i32]) -> Box<[i32]> {
    ids.into()
}

fn set(ids: &mut Box<[i32]>, changed: Option<&[i32]>) {
    if let Some(changed) = changed {
        *ids = changed.into();
    }
}
