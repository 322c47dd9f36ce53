//! From roles of partitions to fetchers: what this broker follows is fetched, what it leads is not.

use std::sync::Arc;

use kafka_rpc::Uuid;

use super::Shared;
use crate::partitions::{Assumed, Partition};
use crate::replication::fetcher::Following;

/// Starts and ends fetches of partitions of a topic that have assumed a role.
pub(super) fn follow(shared: &Shared, topic_id: Uuid, assumed: Vec<(Arc<Partition>, Assumed)>) {
    let (mut followed, mut gone) = (Vec::new(), Vec::new());
    for (partition, assumed) in assumed {
        match assumed {
            Assumed::Stale => {}
            Assumed::Leader { .. } => gone.push(partition.topic_partition().clone()),
            Assumed::Follower { leader, leader_epoch, .. } => {
                followed.push(Following { partition, topic_id, leader, leader_epoch });
            }
        }
    }
    shared.fetchers.update(&shared.image.read(), followed, &gone);
}
