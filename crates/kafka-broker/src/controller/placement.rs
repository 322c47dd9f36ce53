//! Replicas for new partitions (`StripedReplicaPlacer`, `validateManualPartitionAssignment`).

use kafka_rpc::ErrorCode;

use super::ApiError;
use crate::metadata::Image;

/// The replicas of each new partition, the preferred leader first.
pub(super) fn place(image: &Image, partitions: usize, replication_factor: i16) -> Result<Vec<Vec<i32>>, ApiError> {
    let refused = |why: String| Err(ApiError::new(ErrorCode::InvalidReplicationFactor, why));
    let Some(wanted) = usize::try_from(replication_factor).ok().filter(|wanted| *wanted > 0) else {
        return refused(format!(
            "Invalid replication factor {replication_factor}: the replication factor must be positive."
        ));
    };
    let is_usable = |broker: &&_| !is_cordoned(broker);
    let mut brokers: Vec<_> =
        image.brokers().filter(is_usable).map(|broker| (broker.fenced, broker.broker_id)).collect();
    // Unfenced ones first: they lead.
    brokers.sort_unstable();
    let unfenced = brokers.iter().filter(|(is_fenced, _)| !is_fenced).count();
    if unfenced == 0 {
        return refused("All brokers are currently fenced or have all their log directories cordoned.".to_owned());
    }
    if wanted > brokers.len() {
        return refused(format!(
            "The target replication factor of {wanted} cannot be reached because only {} broker(s) are registered or \
             some brokers have all their log directories cordoned.",
            brokers.len()
        ));
    }
    let (live, fenced) = brokers.split_at(unfenced);
    let replicas = |partition: usize| {
        let turned = live.iter().cycle().skip(partition % live.len()).take(live.len());
        turned.chain(fenced).take(wanted).map(|(_, id)| *id).collect()
    };
    Ok((0..partitions).map(replicas).collect())
}

/// Whether all log directories of a broker are cordoned.
fn is_cordoned(broker: &kafka_rpc::stored::metadata::RegisterBrokerRecord<'_>) -> bool {
    let cordoned = broker.cordoned_log_dirs.as_deref().unwrap_or_default();
    !broker.log_dirs.is_empty() && broker.log_dirs.iter().all(|dir| cordoned.contains(dir))
}

/// Whether these replicas may be those of a partition whose topic has `replication_factor` of them, if it has partitions.
pub(super) fn check_manual(image: &Image, replicas: &[i32], replication_factor: Option<usize>) -> Result<(), ApiError> {
    let refused = |why: String| Err(ApiError::new(ErrorCode::InvalidReplicaAssignment, why));
    if replicas.is_empty() {
        return refused("The manual partition assignment includes an empty replica list.".to_owned());
    }
    let mut sorted = replicas.to_vec();
    sorted.sort_unstable();
    let mut previous = None;
    for id in sorted {
        if image.broker(id).is_none() {
            return refused(format!(
                "The manual partition assignment includes broker {id}, but no such broker is registered."
            ));
        }
        if previous.replace(id) == Some(id) {
            return refused(format!("The manual partition assignment includes the broker {id} more than once."));
        }
    }
    if let Some(expected) = replication_factor.filter(|expected| *expected != replicas.len()) {
        return refused(format!(
            "The manual partition assignment includes a partition with {} replica(s), but this is not consistent \
             with previous partitions, which have {expected} replica(s).",
            replicas.len()
        ));
    }
    Ok(())
}
