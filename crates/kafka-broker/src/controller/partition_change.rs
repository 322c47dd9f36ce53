//! From what a partition should be to the record of the change (`PartitionChangeBuilder`).

use kafka_rpc::Uuid;
use kafka_rpc::stored::metadata::PartitionChangeRecord;

use crate::metadata::{LeaderRecoveryState, MetadataVersion, NO_LEADER, Partition};

/// The leader in a record that leaves it as it is.
const NO_LEADER_CHANGE: i32 = -2;

/// How a leader is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Election {
    /// The preferred leader if it is in sync, else as `Online`.
    Preferred,
    /// Any replica in sync.
    Online,
    /// As `Online`, and if there is none any live replica.
    Unclean,
}

/// A change to be made.
pub(super) struct PartitionChange<'p> {
    pub(super) topic_id: Uuid,
    pub(super) index: i32,
    pub(super) partition: &'p Partition,
    pub(super) version: MetadataVersion,
    pub(super) is_elr_enabled: bool,
    pub(super) min_isr: usize,
    pub(super) election: Election,
    /// Whether a broker may lead.
    pub(super) is_acceptable: &'p dyn Fn(i32) -> bool,
    /// The log directory of a replica that is new.
    pub(super) default_dir: &'p dyn Fn(i32) -> Uuid,
    /// A broker that may have lost records.
    pub(super) unclean_shutdown: Option<i32>,
    /// Log directories of replicas that are to change.
    pub(super) directories: Vec<(i32, Uuid)>,
    pub(super) isr: Vec<i32>,
    pub(super) replicas: Vec<i32>,
    pub(super) removing: Vec<i32>,
    pub(super) adding: Vec<i32>,
}

/// Who leads from now on.
struct Elected {
    leader: i32,
    is_unclean: bool,
}

impl PartitionChange<'_> {
    /// The record; `None` where nothing changes.
    pub(super) fn build(mut self) -> Option<PartitionChangeRecord> {
        let partition = self.partition;
        let mut record =
            PartitionChangeRecord { partition_id: self.index, topic_id: self.topic_id, ..Default::default() };
        let no_change = record.clone();
        self.complete_reassignment();
        let mut elr = self.target_elr();
        self.elect(&mut record, &mut elr);
        if record.leader == NO_LEADER_CHANGE && !contains_all(&self.replicas, &partition.replicas) {
            // A reassignment that removes replicas begins a new leader epoch.
            record.leader = partition.leader;
        }
        if record.isr.is_some() || !self.is_elr_enabled {
            // An unclean election, or a cluster without ELR.
            elr.clear();
        }
        if *elr != *partition.elr {
            record.eligible_leader_replicas = Some(elr);
        }
        let may_set_isr = !self.isr.is_empty() || self.is_elr_enabled;
        if record.isr.is_none() && may_set_isr && *self.isr != *partition.isr {
            record.isr = Some(self.isr.clone());
        }
        let shrinks = record.isr.as_ref().is_some_and(|isr| !contains_all(isr, &partition.isr));
        if self.version.bumps_leader_epoch_on_isr_shrink() && record.leader == NO_LEADER_CHANGE && shrinks {
            record.leader = partition.leader;
        }
        self.set_last_known_leader(&mut record);
        self.set_assignment(&mut record);
        (record != no_change).then_some(record)
    }

    /// A reassignment is done when all replicas that are to stay are in sync (`maybeCompleteReassignment`).
    fn complete_reassignment(&mut self) {
        if self.adding.is_empty() && self.removing.is_empty() {
            return;
        }
        let stay = |ids: &[i32]| -> Vec<i32> { ids.iter().copied().filter(|id| !self.removing.contains(id)).collect() };
        let (isr, replicas) = (stay(&self.isr), stay(&self.replicas));
        if isr.is_empty() || replicas.is_empty() || !contains_all(&isr, &replicas) {
            return;
        }
        (self.isr, self.replicas) = (isr, replicas);
        self.removing.clear();
        self.adding.clear();
    }

    /// The eligible leader replicas, before an election.
    fn target_elr(&self) -> Vec<i32> {
        if !self.is_elr_enabled || self.isr.len() >= self.min_isr {
            return if self.is_elr_enabled { Vec::new() } else { self.partition.elr.to_vec() };
        }
        let mut elr: Vec<i32> = self.partition.elr.iter().chain(&self.partition.isr).copied().collect();
        elr.sort_unstable();
        elr.dedup();
        elr.retain(|id| !self.isr.contains(id) && self.unclean_shutdown != Some(*id));
        elr
    }

    fn elect(&mut self, record: &mut PartitionChangeRecord, elr: &mut Vec<i32>) {
        let elected = self.elected(elr);
        if elected.leader == self.partition.leader {
            return;
        }
        if elr.contains(&elected.leader) {
            self.isr = vec![elected.leader];
            elr.retain(|id| *id != elected.leader);
        }
        record.leader = elected.leader;
        if elected.is_unclean {
            // Records may be lost here.
            record.isr = Some(vec![elected.leader]);
            if self.partition.leader_recovery_state != LeaderRecoveryState::Recovering {
                record.leader_recovery_state = LeaderRecoveryState::Recovering.id();
            }
        }
    }

    fn elected(&self, elr: &[i32]) -> Elected {
        let clean = |leader| Elected { leader, is_unclean: false };
        let is_valid = |id: i32| {
            (self.isr.contains(&id) || (self.isr.is_empty() && elr.contains(&id))) && (self.is_acceptable)(id)
        };
        if self.election == Election::Preferred
            && let Some(&preferred) = self.replicas.first()
            && is_valid(preferred)
        {
            return clean(preferred);
        }
        if is_valid(self.partition.leader) {
            return clean(self.partition.leader);
        }
        if let Some(&online) = self.replicas.iter().find(|id| is_valid(**id)) {
            return clean(online);
        }
        if let [last_leader] = *self.partition.last_known_elr
            && self.is_elr_enabled
            && elr.is_empty()
            && self.isr.is_empty()
            && (self.is_acceptable)(last_leader)
        {
            return Elected { leader: last_leader, is_unclean: true };
        }
        if self.election == Election::Unclean
            && let Some(&live) = self.replicas.iter().find(|id| (self.is_acceptable)(**id))
        {
            return Elected { leader: live, is_unclean: true };
        }
        clean(NO_LEADER)
    }

    /// A partition remembers its last leader when it loses it, and forgets it when it has one again.
    fn set_last_known_leader(&self, record: &mut PartitionChangeRecord) {
        let (partition, leader) = (self.partition, self.partition.leader);
        if !self.is_elr_enabled {
            if !partition.last_known_elr.is_empty() {
                record.last_known_elr = Some(Vec::new());
            }
            return;
        }
        let loses_isr = record.isr.as_ref().is_some_and(Vec::is_empty);
        if loses_isr && *partition.last_known_elr != [leader] {
            record.last_known_elr = Some(vec![leader]);
        } else if (record.leader >= 0 || (leader != NO_LEADER && record.leader != NO_LEADER))
            && !partition.last_known_elr.is_empty()
        {
            record.last_known_elr = Some(Vec::new());
        }
    }

    fn set_assignment(&self, record: &mut PartitionChangeRecord) {
        let partition = self.partition;
        if !self.replicas.is_empty() {
            if self.version.has_directory_assignment() {
                let dir = |id: &i32| {
                    if let Some((_, new)) = self.directories.iter().find(|(replica, _)| replica == id) {
                        return *new;
                    }
                    let place = partition.replicas.iter().position(|replica| replica == id);
                    let known = place.and_then(|place| partition.directories.get(place));
                    known.copied().unwrap_or_else(|| (self.default_dir)(*id))
                };
                let dirs: Vec<Uuid> = self.replicas.iter().map(dir).collect();
                record.directories = (*dirs != *partition.directories).then_some(dirs);
            }
            record.replicas = (*self.replicas != *partition.replicas).then(|| self.replicas.clone());
        }
        record.removing_replicas = (*self.removing != *partition.removing_replicas).then(|| self.removing.clone());
        record.adding_replicas = (*self.adding != *partition.adding_replicas).then(|| self.adding.clone());
    }
}

fn contains_all(ids: &[i32], wanted: &[i32]) -> bool {
    wanted.iter().all(|id| ids.contains(id))
}
