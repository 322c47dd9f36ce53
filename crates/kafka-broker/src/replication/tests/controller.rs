//! A model of the controller: who leads one partition, who is in sync, and who would be eligible (KIP-966).

use kafka_rpc::ErrorCode;

use crate::metadata::{NO_LEADER, Partition};
use crate::replication::leader::{Alive, Brokers};
use crate::replication::{Accepted, IsrChange};

/// `min.insync.replicas`
pub(super) const MIN_ISR: usize = 2;

/// What is known of brokers: the epoch of each that is not fenced.
#[derive(Clone, Debug, Default)]
pub(super) struct Registered(pub(super) Vec<Option<i64>>);

impl Brokers for Registered {
    fn alive(&self, id: i32) -> Option<Alive> {
        let epoch = (*self.0.get(usize::try_from(id).ok()?)?)?;
        Some(Alive { epoch, is_shutting_down: false })
    }
}

/// The controller.
#[derive(Debug)]
pub(super) struct Controller {
    pub(super) partition: Partition,
    pub(super) brokers: Registered,
    next_epoch: i64,
}

impl Controller {
    /// All brokers are in sync, and the first one leads.
    pub(super) fn new(count: usize) -> Self {
        let replicas: Box<[i32]> = (0..count as i32).collect();
        let partition = Partition { isr: replicas.clone(), replicas, ..Partition::default() };
        let brokers = Registered((0..count as i64).map(Some).collect());
        Controller { partition, brokers, next_epoch: count as i64 }
    }

    fn is_alive(&self, id: i32) -> bool {
        self.brokers.alive(id).is_some()
    }

    /// Whether all committed records are safe without this broker.
    pub(super) fn can_lose(&self, id: i32) -> bool {
        let safe = self.partition.isr.iter().chain(&self.partition.elr);
        safe.filter(|member| **member != id).count() > 0
    }

    fn change(&mut self, isr: Vec<i32>, unclean: Option<i32>) {
        let before = &self.partition;
        let mut elr: Vec<i32> = before.isr.iter().chain(&before.elr).copied().collect();
        elr.retain(|id| !isr.contains(id) && Some(*id) != unclean);
        elr.dedup();
        if isr.len() >= MIN_ISR {
            elr.clear();
        }
        self.partition.isr = isr.into();
        self.partition.elr = elr.into();
        self.partition.partition_epoch += 1;
        self.elect();
    }

    fn elect(&mut self) {
        let partition = &self.partition;
        if partition.leader != NO_LEADER && partition.isr.contains(&partition.leader) {
            return;
        }
        let mut candidates = partition.isr.iter().chain(&partition.elr).copied();
        let elected = candidates.find(|id| self.is_alive(*id)).unwrap_or(NO_LEADER);
        if elected == NO_LEADER && partition.leader == NO_LEADER {
            return;
        }
        self.partition.leader = elected;
        self.partition.leader_epoch += 1;
        if elected != NO_LEADER && !self.partition.isr.contains(&elected) {
            let mut elr = self.partition.elr.to_vec();
            elr.retain(|id| *id != elected);
            self.partition.elr = elr.into();
            self.partition.isr = [elected].into();
        }
    }

    /// The session of a broker has ended.
    pub(super) fn fence(&mut self, id: i32) {
        self.brokers.0[id as usize] = None;
        let isr = self.partition.isr.iter().copied().filter(|member| *member != id).collect::<Vec<_>>();
        if isr.len() < self.partition.isr.len() {
            self.change(isr, None);
        }
    }

    /// A broker has started. After an unclean stop it may lack what it had.
    pub(super) fn register(&mut self, id: i32, was_clean: bool) -> i64 {
        self.fence(id);
        if !was_clean {
            let isr = self.partition.isr.iter().copied().filter(|member| *member != id).collect();
            self.change(isr, Some(id));
        }
        self.next_epoch += 1;
        self.next_epoch
    }

    /// A broker is there.
    pub(super) fn unfence(&mut self, id: i32, epoch: i64) {
        self.brokers.0[id as usize] = Some(epoch);
        self.partition.partition_epoch += 1;
        self.elect();
    }

    /// (`AlterPartition`)
    pub(super) fn alter(&mut self, from: i32, change: &IsrChange) -> Result<Accepted, ErrorCode> {
        let partition = &self.partition;
        if partition.leader != from || change.leader_epoch != partition.leader_epoch {
            return Err(ErrorCode::FencedLeaderEpoch);
        }
        if change.partition_epoch != partition.partition_epoch {
            return Err(ErrorCode::InvalidUpdateVersion);
        }
        let is_eligible = |(id, epoch): &(i32, i64)| {
            self.brokers.alive(*id).is_some_and(|alive| *epoch == -1 || alive.epoch == *epoch)
        };
        if !change.isr.iter().all(is_eligible) {
            return Err(ErrorCode::IneligibleReplica);
        }
        self.change(change.isr.iter().map(|(id, _)| *id).collect(), None);
        let Partition { leader_epoch, partition_epoch, isr, .. } = &self.partition;
        Ok(Accepted { leader_epoch: *leader_epoch, partition_epoch: *partition_epoch, isr: isr.to_vec() })
    }
}
