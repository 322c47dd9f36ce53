//! Replicas for the partitions of a topic, evenly over racks and brokers (`StripedReplicaPlacer`).

use std::collections::BTreeMap;

use kafka_rpc::ErrorCode;
use kafka_thin_client::ApiError;

/// Brokers that are taken one after the other. Each round begins one further than the last.
struct Ring {
    brokers: Vec<i32>,
    taken: usize,
    offset: usize,
    round: usize,
}

impl Ring {
    /// The next broker; `None` if this round has had all.
    fn next(&mut self, round: usize) -> Option<i32> {
        if self.round != round {
            (self.round, self.taken) = (round, 0);
            self.offset = (self.offset + 1) % self.brokers.len().max(1);
        }
        if self.taken >= self.brokers.len() {
            return None;
        }
        let at = (self.taken + self.offset) % self.brokers.len();
        self.taken += 1;
        self.brokers.get(at).copied()
    }
}

/// Places the replicas of partitions on brokers with these ids and racks: the preferred leaders on one rack after the other, the
/// other replicas on other racks as far as there are any. Where it begins is drawn.
///
/// # Errors
/// If there are fewer brokers than replicas.
pub(super) fn place(
    brokers: &[(i32, Option<String>)],
    partitions: usize,
    replicas: usize,
    random: &mut fastrand::Rng,
) -> Result<Vec<Vec<i32>>, ApiError> {
    let refused = |why: String| Err(ApiError { code: ErrorCode::InvalidReplicationFactor, message: Some(why) });
    if replicas == 0 {
        return refused("Invalid replication factor 0: the replication factor must be positive.".to_owned());
    }
    if brokers.is_empty() {
        let why = "All brokers are currently fenced or have all their log directories cordoned.";
        return refused(why.to_owned());
    }
    if replicas > brokers.len() {
        return refused(format!(
            "The target replication factor of {replicas} cannot be reached because only {} broker(s) are registered or \
             some brokers have all their log directories cordoned.",
            brokers.len()
        ));
    }
    let mut by_rack: BTreeMap<Option<&str>, Vec<i32>> = BTreeMap::new();
    for (id, rack) in brokers {
        by_rack.entry(rack.as_deref()).or_default().push(*id);
    }
    let ring = |mut brokers: Vec<i32>, random: &mut fastrand::Rng| {
        brokers.sort_unstable();
        let offset = random.usize(..brokers.len().max(1));
        Ring { brokers, taken: 0, offset, round: 0 }
    };
    let mut racks: Vec<Ring> = by_rack.into_values().map(|brokers| ring(brokers, random)).collect();
    let (mut first, mut round) = (random.usize(..racks.len()), 0);
    let mut placed = Vec::with_capacity(partitions);
    for _ in 0..partitions {
        // After as many partitions as there are brokers, another order: else partitions would have the same replicas again.
        if round == brokers.len() && brokers.len() > 1 {
            random.shuffle(&mut racks);
            racks.iter_mut().for_each(|rack| random.shuffle(&mut rack.brokers));
            round = 0;
        }
        first %= racks.len();
        placed.push(place_one(&mut racks, first, round, replicas));
        (first, round) = (first + 1, round + 1);
    }
    Ok(placed)
}

/// The replicas of one partition; the leader is on the first rack from `first` on that has a broker left in this round.
fn place_one(racks: &mut [Ring], first: usize, round: usize, replicas: usize) -> Vec<i32> {
    let count = racks.len();
    let mut take = |at: usize| racks.get_mut(at % count).and_then(|rack| rack.next(round));
    let leader = (first..first + count).find_map(|at| take(at).map(|broker| (at % count, broker)));
    let Some((leader_rack, leader)) = leader else { return Vec::new() };
    let mut placed = vec![leader];
    // The leader's rack gives no other replica before each rack had its turn.
    let mut skipped = Some(leader_rack);
    let mut empty = 0;
    let mut at = first;
    while placed.len() < replicas && empty <= count {
        if skipped == Some(at % count) {
            skipped = None;
        } else {
            let broker = take(at);
            empty = if broker.is_some() { 0 } else { empty + 1 };
            placed.extend(broker);
        }
        at += 1;
    }
    placed
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn brokers(racks: &[Option<&str>]) -> Vec<(i32, Option<String>)> {
        (1..).zip(racks).map(|(id, rack)| (id, rack.map(str::to_owned))).collect()
    }

    #[test]
    fn leaders_are_spread_evenly_and_replicas_differ() {
        for seed in 0..200 {
            let random = &mut fastrand::Rng::with_seed(seed);
            let placed = place(&brokers(&[None; 3]), 3, 2, random).expect("enough brokers");
            let leaders: BTreeSet<i32> = placed.iter().map(|replicas| replicas[0]).collect();
            assert_eq!(leaders.len(), 3, "seed {seed}: {placed:?}");
            let different = placed.iter().all(|replicas| replicas.len() == 2 && replicas[0] != replicas[1]);
            assert!(different, "seed {seed}: {placed:?}");
        }
    }

    #[test]
    fn replicas_are_on_different_racks() {
        let racks = [Some("a"), Some("a"), Some("b"), Some("b"), Some("c")];
        for seed in 0..200 {
            let random = &mut fastrand::Rng::with_seed(seed);
            let placed = place(&brokers(&racks), 20, 3, random).expect("enough brokers");
            for replicas in &placed {
                let of = |id: &i32| racks[usize::try_from(*id - 1).expect("an id")];
                let used: BTreeSet<_> = replicas.iter().map(of).collect();
                assert_eq!(used.len(), 3, "seed {seed}: {placed:?}");
            }
        }
    }

    #[test]
    fn too_few_brokers_are_refused_with_kafkas_words() {
        let random = &mut fastrand::Rng::with_seed(1);
        let message = place(&brokers(&[None]), 1, 2, random).expect_err("too few").to_string();
        assert!(message.starts_with("The target replication factor of 2 cannot be reached because only 1 broker(s)"));
        assert!(place(&[], 1, 2, random).is_err());
    }
}
