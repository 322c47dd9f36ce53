//! The cases of Kafka's `PartitionTest` that are about the state of a leader.

use std::collections::BTreeMap;

use super::*;

const LAG_MAX: i64 = 30_000;
const ME: i32 = 1;
const MIN_ISR: i32 = 1;

/// Brokers that are alive, with epochs.
struct Alives(BTreeMap<i32, Alive>);

impl Brokers for Alives {
    fn alive(&self, id: i32) -> Option<Alive> {
        self.0.get(&id).copied()
    }
}

fn alive(ids: &[i32]) -> Alives {
    let epoch_of = |id: i32| Alive { epoch: i64::from(id) * 100, is_shutting_down: false };
    Alives(ids.iter().map(|id| (*id, epoch_of(*id))).collect())
}

fn state(replicas: &[i32], isr: &[i32], leader_epoch: i32, partition_epoch: i32) -> metadata::Partition {
    metadata::Partition {
        replicas: replicas.into(),
        isr: isr.into(),
        leader: ME,
        leader_epoch,
        partition_epoch,
        ..metadata::Partition::default()
    }
}

fn leader(replicas: &[i32], isr: &[i32], log_end: i64, now_ms: i64) -> Leader {
    Leader::new(ME, LAG_MAX, &state(replicas, isr, 5, 8), log_end, now_ms)
}

fn log(high_watermark: i64, log_end: i64) -> Watermarks {
    Watermarks { log_start: 0, last_stable: high_watermark, high_watermark, log_end }
}

fn fetch(replica: i32, offset: i64, leader_end: i64, now_ms: i64) -> FollowerFetch {
    let broker_epoch = i64::from(replica) * 100;
    FollowerFetch { replica, broker_epoch, leader_epoch: 5, offset, log_start: 0, leader_end, now_ms }
}

fn accepted(change: &IsrChange) -> Accepted {
    Accepted {
        leader_epoch: change.leader_epoch,
        partition_epoch: change.partition_epoch + 1,
        isr: change.isr.iter().map(|(id, _)| *id).collect(),
    }
}

#[test]
fn a_follower_at_the_high_watermark_joins_the_isr_with_its_broker_epoch() {
    let brokers = alive(&[1, 2, 3]);
    let mut leader = leader(&[1, 2, 3], &[1, 2], 6, 0);
    leader.fetched(&fetch(3, 5, 6, 10), &brokers).unwrap();
    assert_eq!(leader.expand(3, log(3, 6), &brokers), None, "it has not reached the start of the epoch");
    leader.fetched(&fetch(3, 6, 8, 20), &brokers).unwrap();
    assert_eq!(leader.expand(3, log(7, 8), &brokers), None, "it has not reached the high watermark");
    let change = leader.expand(3, log(6, 8), &brokers).unwrap();
    // Broker 2 has not fetched yet: its epoch is not known.
    assert_eq!(change.isr, [(1, 100), (2, -1), (3, 300)]);
    assert_eq!((change.leader_epoch, change.partition_epoch, change.is_expansion), (5, 8, true));
    assert_eq!(leader.expand(3, log(6, 8), &brokers), None, "one change at a time");
    assert_eq!(leader.altered(&change, &Ok(accepted(&change))), Altered::Committed);
    assert_eq!(leader.expand(3, log(6, 8), &brokers), None, "it is in the ISR");
}

#[test]
fn brokers_that_are_fenced_or_stopping_or_of_an_earlier_life_do_not_join() {
    let mut brokers = alive(&[1, 2]);
    let mut leader = leader(&[1, 2], &[1], 0, 0);
    leader.fetched(&fetch(2, 0, 0, 1), &brokers).unwrap();
    let fenced = brokers.0.remove(&2).unwrap();
    assert_eq!(leader.expand(2, log(0, 0), &brokers), None, "fenced");
    brokers.0.insert(2, Alive { is_shutting_down: true, ..fenced });
    assert_eq!(leader.expand(2, log(0, 0), &brokers), None, "stopping");
    brokers.0.insert(2, Alive { epoch: 201, ..fenced });
    assert_eq!(leader.expand(2, log(0, 0), &brokers), None, "started again since");
    assert_eq!(leader.fetched(&fetch(2, 0, 0, 2), &brokers), Err(ErrorCode::NotLeaderOrFollower));
    // The leader may hear of the follower's new epoch later than it fetches: that is no expansion yet, and no error.
    let ahead = FollowerFetch { broker_epoch: 202, ..fetch(2, 0, 0, 3) };
    leader.fetched(&ahead, &brokers).unwrap();
    assert_eq!(leader.expand(2, log(0, 0), &brokers), None, "its new epoch is not known here");
    // An old follower sends none.
    leader.fetched(&FollowerFetch { broker_epoch: -1, ..ahead }, &brokers).unwrap();
    assert!(leader.expand(2, log(0, 0), &brokers).is_some());
}

#[test]
fn fetches_of_strangers_and_other_epochs_are_refused() {
    let brokers = alive(&[1, 2, 3]);
    let mut leader = leader(&[1, 2], &[1, 2], 0, 0);
    assert_eq!((leader.knows(2), leader.knows(3)), (true, false));
    assert_eq!(leader.fetched(&fetch(3, 0, 0, 1), &brokers), Err(ErrorCode::NotLeaderOrFollower));
    let other = FollowerFetch { leader_epoch: 4, ..fetch(2, 0, 0, 1) };
    assert_eq!(leader.fetched(&other, &brokers), Err(ErrorCode::NotLeaderOrFollower));
    assert_eq!(leader.fetched(&fetch(2, 3, 5, 1), &brokers), Ok(true));
    assert_eq!(leader.fetched(&fetch(2, 3, 5, 2), &brokers), Ok(false));
}

#[test]
fn a_follower_that_is_late_for_too_long_leaves_the_isr() {
    let brokers = alive(&[1, 2, 3]);
    let mut leader = leader(&[1, 2, 3], &[1, 2, 3], 0, 1000);
    assert_eq!(leader.shrink(10, 1000 + LAG_MAX, &brokers), None, "a new leader gives its followers time");
    // Broker 2 has everything, and sends no more fetches: it is in sync as long as nothing is appended.
    leader.fetched(&fetch(2, 10, 10, 2000), &brokers).unwrap();
    // Broker 3 is at each fetch where the leader was at the one before: late, but never by more than two fetches.
    leader.fetched(&fetch(3, 0, 10, 2000), &brokers).unwrap();
    leader.fetched(&fetch(3, 10, 20, 40_000), &brokers).unwrap();
    assert_eq!(leader.shrink(10, 2001 + LAG_MAX, &brokers), None);
    let change = leader.shrink(20, 2001 + LAG_MAX, &brokers).unwrap();
    assert_eq!(change.isr, [(1, 100)], "broker 3 had caught up at 2000");
    assert!(!change.is_expansion);
    assert_eq!(leader.shrink(20, 2002 + LAG_MAX, &brokers), None, "one change at a time");
}

#[test]
fn the_high_watermark_is_what_all_replicas_have_that_may_be_in_sync() {
    let brokers = alive(&[1, 2, 3]);
    let mut leader = leader(&[1, 2, 3], &[1, 2, 3], 0, 0);
    let reached = |leader: &Leader, at: Watermarks, now| leader.high_watermark(at, MIN_ISR, now, &alive(&[1, 2, 3]));
    assert_eq!(reached(&leader, log(0, 10), 1), None, "where the followers are is not known");
    leader.fetched(&fetch(2, 10, 10, 1), &brokers).unwrap();
    leader.fetched(&fetch(3, 4, 10, 1), &brokers).unwrap();
    assert_eq!(reached(&leader, log(0, 10), 2), Some(4));
    assert_eq!(reached(&leader, log(4, 10), 2), None);
    // As long as the controller has not agreed that broker 3 leaves, it counts.
    let change = leader.shrink(10, 2 + LAG_MAX, &brokers).unwrap();
    assert_eq!(change.isr, [(1, 100), (2, 200)]);
    assert_eq!(reached(&leader, log(4, 10), 2 + LAG_MAX), None);
    leader.altered(&change, &Ok(accepted(&change)));
    assert_eq!(reached(&leader, log(4, 10), 2 + LAG_MAX), Some(10));
}

#[test]
fn a_pending_expansion_counts_from_the_moment_it_is_sent() {
    let brokers = alive(&[1, 2]);
    let mut leader = leader(&[1, 2], &[1], 0, 0);
    leader.fetched(&fetch(2, 3, 3, 10), &brokers).unwrap();
    let change = leader.expand(2, log(3, 3), &brokers).unwrap();
    let late = 11 + LAG_MAX;
    assert_eq!(leader.high_watermark(log(3, 9), MIN_ISR, late, &brokers), None);
    // A refusal that says that nothing was changed takes it back.
    assert_eq!(leader.altered(&change, &Err(ErrorCode::IneligibleReplica)), Altered::Rejected);
    assert_eq!(leader.high_watermark(log(3, 9), MIN_ISR, late, &brokers), Some(9));
}

#[test]
fn a_follower_about_to_join_holds_up_the_high_watermark() {
    let brokers = alive(&[1, 2, 3]);
    let mut leader = leader(&[1, 2, 3], &[1, 2], 0, 0);
    leader.fetched(&fetch(2, 10, 10, 10), &brokers).unwrap();
    // Caught up a moment ago: without this rule the high watermark would run ahead of it, and it would never join.
    leader.fetched(&fetch(3, 6, 6, 10), &brokers).unwrap();
    assert_eq!(leader.high_watermark(log(0, 10), MIN_ISR, 10, &brokers), Some(6));
    assert_eq!(leader.high_watermark(log(0, 10), MIN_ISR, 11 + LAG_MAX, &brokers), Some(10), "it is late");
    assert_eq!(leader.high_watermark(log(0, 10), MIN_ISR, 10, &alive(&[1, 2])), Some(10), "it cannot join: fenced");
}

#[test]
fn below_min_isr_nothing_is_committed() {
    let brokers = alive(&[1]);
    let mut leader = leader(&[1, 2, 3], &[1], 0, 0);
    assert!(leader.is_under_min_isr(2));
    assert_eq!(leader.high_watermark(log(0, 10), 2, 1 + LAG_MAX, &brokers), None);
    assert_eq!(leader.high_watermark(log(0, 10), 1, 1 + LAG_MAX, &brokers), Some(10));
    // More than there are replicas cannot be asked for.
    leader.update(&state(&[1], &[1], 5, 9), 0, 0);
    assert!(!leader.is_under_min_isr(2));
    assert_eq!(leader.high_watermark(log(0, 10), 2, 1, &brokers), Some(10));
}

#[test]
fn producers_are_told_when_the_high_watermark_has_their_records() {
    let brokers = alive(&[1, 2]);
    let mut leader = leader(&[1, 2], &[1, 2], 0, 0);
    assert_eq!(leader.acknowledged(10, 9, 2), None);
    assert_eq!(leader.acknowledged(10, 10, 2), Some(Ok(())));
    let change = leader.shrink(10, 1 + LAG_MAX, &brokers).unwrap();
    assert_eq!(leader.acknowledged(10, 10, 2), Some(Ok(())), "it has not left yet");
    leader.altered(&change, &Ok(accepted(&change)));
    assert_eq!(leader.acknowledged(10, 9, 2), None);
    assert_eq!(leader.acknowledged(10, 10, 2), Some(Err(ErrorCode::NotEnoughReplicasAfterAppend)));
    // A replica that is about to join counts.
    leader.fetched(&fetch(2, 10, 10, 2 + LAG_MAX), &brokers).unwrap();
    leader.expand(2, log(10, 10), &brokers).unwrap();
    assert_eq!(leader.acknowledged(10, 10, 2), Some(Ok(())));
}

#[test]
fn answers_to_changes_that_are_no_longer_pending_are_dropped() {
    let brokers = alive(&[1, 2]);
    let mut leader = leader(&[1, 2], &[1], 0, 0);
    leader.fetched(&fetch(2, 0, 0, 1), &brokers).unwrap();
    let change = leader.expand(2, log(0, 0), &brokers).unwrap();
    for code in [
        ErrorCode::UnknownTopicOrPartition,
        ErrorCode::UnknownTopicId,
        ErrorCode::FencedLeaderEpoch,
        ErrorCode::InvalidUpdateVersion,
        ErrorCode::InvalidRequest,
        ErrorCode::NewLeaderElected,
    ] {
        assert_eq!(leader.altered(&change, &Err(code)), Altered::Unknown, "{}", code.name());
        assert_eq!(leader.expand(2, log(0, 0), &brokers), None, "the metadata has to tell first");
    }
    assert_eq!(leader.altered(&change, &Err(ErrorCode::UnknownServerError)), Altered::Retry);
    let older = Accepted { partition_epoch: 7, ..accepted(&change) };
    assert_eq!(leader.altered(&change, &Ok(older)), Altered::Outdated);
    let elsewhere = Accepted { leader_epoch: 6, ..accepted(&change) };
    assert_eq!(leader.altered(&change, &Ok(elsewhere)), Altered::Outdated);
    // The metadata overtakes the answer.
    leader.update(&state(&[1, 2], &[1, 2], 5, 9), 0, 2);
    assert_eq!(leader.altered(&change, &Ok(accepted(&change))), Altered::Outdated);
    assert!(!leader.is_under_replicated());
}

#[test]
fn a_leader_that_is_elected_again_keeps_what_it_knows_and_gives_followers_in_sync_time() {
    let brokers = alive(&[1, 2, 3]);
    let mut leader = leader(&[1, 2, 3], &[1, 2], 0, 0);
    leader.fetched(&fetch(2, 8, 10, 10), &brokers).unwrap();
    leader.fetched(&fetch(3, 10, 10, 10), &brokers).unwrap();
    leader.update(&state(&[1, 2, 3], &[1, 2], 6, 9), 10, 50_000);
    assert_eq!(leader.epoch_start(), 10);
    assert_eq!(leader.shrink(11, 50_000 + LAG_MAX, &brokers), None);
    // Broker 3 is not in the ISR, and does not hold up the high watermark before it fetches.
    assert_eq!(leader.high_watermark(log(0, 11), MIN_ISR, 50_001, &brokers), Some(8));
    let change = leader.shrink(11, 50_001 + LAG_MAX, &brokers).unwrap();
    assert_eq!((change.isr, change.leader_epoch), (vec![(1, 100)], 6));
}

#[test]
fn a_reassignment_changes_who_is_known() {
    let brokers = alive(&[1, 2, 3]);
    let mut leader = leader(&[1, 2], &[1, 2], 0, 0);
    leader.fetched(&fetch(2, 7, 7, 10), &brokers).unwrap();
    let adding = metadata::Partition { adding_replicas: [3].into(), ..state(&[1, 2, 3], &[1, 2], 5, 9) };
    leader.update(&adding, 7, 20);
    assert!(leader.knows(3));
    assert!(!leader.is_under_replicated(), "the new replica is not missed yet");
    assert_eq!(leader.high_watermark(log(0, 7), MIN_ISR, 21, &brokers), Some(7), "what was known of broker 2 stays");
    leader.update(&state(&[1, 3], &[1], 5, 10), 7, 30);
    assert!(!leader.knows(2) && leader.is_under_replicated());
}

#[test]
fn metadata_that_comes_after_the_answer_changes_replicas_and_forgets_no_change_of_the_isr() {
    let brokers = alive(&[1, 2, 3]);
    let adding = metadata::Partition { adding_replicas: [3].into(), ..state(&[1, 2, 3], &[1], 5, 8) };
    let mut leader = Leader::new(ME, LAG_MAX, &adding, 0, 0);
    leader.fetched(&fetch(2, 0, 0, 1), &brokers).unwrap();
    leader.fetched(&fetch(3, 0, 0, 1), &brokers).unwrap();
    let first = leader.expand(3, log(0, 0), &brokers).unwrap();
    assert_eq!(leader.altered(&first, &Ok(accepted(&first))), Altered::Committed);
    assert!(!leader.is_under_replicated());
    let second = leader.expand(2, log(0, 0), &brokers).unwrap();
    // The metadata of the first change: the reassignment is over.
    leader.update(&state(&[1, 2, 3], &[1, 3], 5, 9), 0, 2);
    assert!(leader.is_under_replicated(), "three replicas, two in sync");
    assert_eq!(leader.altered(&second, &Ok(accepted(&second))), Altered::Committed);
    assert!(!leader.is_under_replicated());
}

#[test]
fn the_low_watermark_is_that_of_replicas_that_are_alive() {
    let brokers = alive(&[1, 2, 3]);
    let mut leader = leader(&[1, 2, 3], &[1, 2, 3], 0, 0);
    leader.fetched(&FollowerFetch { log_start: 4, ..fetch(2, 10, 10, 1) }, &brokers).unwrap();
    assert_eq!(leader.low_watermark(5, &brokers), -1, "nothing is known of broker 3");
    assert_eq!(leader.low_watermark(5, &alive(&[1, 2])), 4);
    assert_eq!(leader.low_watermark(3, &alive(&[1, 2])), 3);
}

#[test]
fn consumers_are_sent_to_followers_in_sync_that_have_their_offset() {
    let brokers = alive(&[1, 2, 3, 4]);
    let mut leader = leader(&[1, 2, 3, 4], &[1, 2, 3], 0, 0);
    leader.fetched(&fetch(2, 10, 10, 1), &brokers).unwrap();
    leader.fetched(&FollowerFetch { log_start: 5, ..fetch(3, 8, 10, 1) }, &brokers).unwrap();
    leader.fetched(&fetch(4, 10, 10, 1), &brokers).unwrap();
    assert_eq!(leader.readable_from(6), [3, 2], "the one that is most caught up last");
    assert_eq!(leader.readable_from(9), [2]);
    assert_eq!(leader.readable_from(4), [2]);
    assert_eq!(leader.readable_from(11), [0_i32; 0]);
}
