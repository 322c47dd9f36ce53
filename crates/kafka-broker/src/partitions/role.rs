//! What this broker is to a partition: its leader or a follower, as the metadata says (`makeLeader`, `makeFollower`).

use std::sync::Arc;

use crate::disk::Log;
use kafka_log::log::error::KafkaError as _;
use parking_lot::Mutex;

use super::Partition;
use crate::metadata;
use crate::replication::Leader;

/// What this broker is to a partition.
pub(super) enum Role {
    /// It leads.
    Leader(Mutex<Leader>),
    /// It copies the log of the leader, `NO_LEADER` without one.
    Follower { leader: i32 },
}

/// What a change of the metadata has made of this broker's role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Assumed {
    /// The change is not newer than what is known.
    Stale,
    /// It leads. `is_new`: in another epoch than before.
    Leader { is_new: bool },
    /// It follows this leader, `NO_LEADER` without one. `is_new`: it led before, or followed in another epoch.
    Follower { leader: i32, leader_epoch: i32, is_new: bool },
}

impl Partition {
    /// Makes this broker what the metadata says that it is: leader or follower of the partition.
    pub(crate) fn assume(&self, to: &metadata::Partition, now_ms: i64) -> Assumed {
        let (assumed, has_resigned) = {
            let mut state = self.state().write();
            // What is known already must not be taken over again: it would forget a change of the ISR that is on its way.
            if to.partition_epoch < state.partition_epoch || to.partition_epoch == state.metadata_epoch {
                return Assumed::Stale;
            }
            let had_led = matches!(state.role, Role::Leader(_));
            let is_new_epoch = to.leader_epoch > state.leader_epoch;
            state.partition_epoch = to.partition_epoch;
            state.metadata_epoch = to.partition_epoch;
            state.leader_epoch = to.leader_epoch;
            let node_id = self.replication().node_id;
            let leads = to.leader == node_id;
            let log_end = state.hosted.log().map_or(0, |log| log.log_end_offset());
            match &mut state.role {
                Role::Leader(leader) if leads => leader.get_mut().update(to, log_end, now_ms),
                role if leads => {
                    let lag_max_ms = self.replication().lag_max_ms();
                    *role = Role::Leader(Mutex::new(Leader::new(node_id, lag_max_ms, to, log_end, now_ms)));
                }
                role => *role = Role::Follower { leader: to.leader },
            }
            if let Ok(log) = state.hosted.log() {
                self.prepare(log, to, leads);
            }
            // The ISR may be down to this broker.
            self.advance(&state);
            let assumed = match leads {
                true => Assumed::Leader { is_new: is_new_epoch || !had_led },
                false => {
                    let (leader, leader_epoch) = (to.leader, to.leader_epoch);
                    Assumed::Follower { leader, leader_epoch, is_new: is_new_epoch || had_led }
                }
            };
            (assumed, had_led && !leads)
        };
        if has_resigned {
            // Clients who wait must ask the new leader.
            self.watch().wake();
        }
        assumed
    }

    /// Tells the log of the role. An epoch is on disk before its first record (`Log::begin_epoch`).
    fn prepare(&self, log: &Arc<Log>, to: &metadata::Partition, leads: bool) {
        let is_sole = leads && *to.replicas == [self.replication().node_id];
        let told = if log.is_sole_replica() == is_sole { Ok(()) } else { log.set_sole_replica(is_sole) };
        let is_known = !leads || log.latest_epoch().is_some_and(|latest| latest >= to.leader_epoch);
        let told = told.and_then(|()| if is_known { Ok(()) } else { log.begin_epoch(to.leader_epoch) });
        if let Err(error) = told {
            let (partition, code) = (self.topic_partition(), error.code().name());
            tracing::error!(%partition, code, %error, "cannot note a leader epoch");
        }
    }
}
