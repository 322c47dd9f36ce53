//! What a follower does with each answer.

use kafka_rpc::ErrorCode;

use super::log::{Batch, MemoryLog, encode};
use crate::replication::Replica as _;
use crate::replication::follower::{End, Fetch, Fetched, Follower, Next, Outcome};

const BACK_OFF_MS: i64 = 1000;
const OK: Fetched<'_> =
    Fetched { error: ErrorCode::None, high_watermark: 0, log_start_offset: 0, diverging: None, records: &[] };

/// A follower in this epoch, and its log with ten records of each of these.
fn follower(epochs: &[i32], leader_epoch: i32) -> (Follower, MemoryLog) {
    let log = MemoryLog::default();
    epochs.iter().for_each(|epoch| log.lead(*epoch, vec![1; 10]));
    let follower = Follower::begin("t-0", &log, leader_epoch, BACK_OFF_MS, 0).unwrap();
    (follower, log)
}

fn fetch(follower: &Follower, log: &MemoryLog, now_ms: i64) -> Fetch {
    match follower.next(log, now_ms).unwrap() {
        Next::Fetch(fetch) => fetch,
        other => panic!("expected a fetch, found {other:?}"),
    }
}

#[test]
fn records_are_appended_and_the_high_watermark_is_the_lower_of_the_leaders_and_the_log_end() {
    let (mut follower, log) = follower(&[2], 4);
    let first = fetch(&follower, &log, 0);
    let expected = Fetch { offset: 10, last_fetched_epoch: Some(2), leader_epoch: 4, log_start_offset: 0 };
    assert_eq!(first, expected);
    let records = encode(&[
        Batch { base: 10, epoch: 2, values: vec![7] },
        // After a compaction offsets have gaps.
        Batch { base: 15, epoch: 3, values: vec![8, 9] },
    ]);
    let answer = Fetched { high_watermark: 20, log_start_offset: 12, records: &records, ..OK };
    let outcome = follower.fetched(&first, &answer, &log, 0);
    assert_eq!(outcome, Outcome::Appended { bytes: records.len() });
    assert_eq!(follower.fetched(&first, &answer, &log, 0), Outcome::Stale);
    let at = log.watermarks();
    assert_eq!((at.log_start, at.high_watermark, at.log_end), (12, 17, 17));
    assert_eq!((follower.lag(), follower.is_in_sync()), (Some(3), false));
    let next = fetch(&follower, &log, 0);
    assert_eq!(next, Fetch { offset: 17, last_fetched_epoch: Some(3), leader_epoch: 4, log_start_offset: 12 });
    // A log start above the high watermark would say that records are gone which may not be committed.
    follower.fetched(&next, &Fetched { high_watermark: 15, log_start_offset: 16, ..OK }, &log, 0);
    assert_eq!(log.watermarks().log_start, 15);
    assert!(follower.is_in_sync());
}

#[test]
fn a_log_that_differs_is_cut_at_the_end_of_the_last_common_epoch() {
    // Epochs 1, 3 and 5 end at 10, 20 and 30 here.
    for (diverging, cut) in [
        ((3, 14), 14),
        ((3, 25), 20),
        // Epoch 4 is not known here: what is above epoch 3 goes, and the next fetch compares that.
        ((4, 28), 20),
        ((1, 4), 4),
    ] {
        let (mut follower, log) = follower(&[1, 3, 5], 6);
        log.set_high_watermark(8);
        let sent = fetch(&follower, &log, 0);
        // Nothing else of the answer counts.
        let answer = Fetched { diverging: Some(diverging), high_watermark: 40, log_start_offset: 3, ..OK };
        assert_eq!(follower.fetched(&sent, &answer, &log, 0), Outcome::Truncated { to: cut }, "{diverging:?}");
        let at = log.watermarks();
        assert_eq!((at.log_start, at.high_watermark, at.log_end), (0, cut.min(8), cut));
        let next = fetch(&follower, &log, 0);
        assert_eq!((next.offset, next.last_fetched_epoch), (cut, log.latest_epoch().unwrap()));
    }
}

#[test]
fn a_leader_that_finds_a_difference_where_there_is_none_is_asked_later() {
    for diverging in [(5, 40), (5, -1)] {
        let (mut follower, log) = follower(&[5], 5);
        let sent = fetch(&follower, &log, 0);
        let answer = Fetched { diverging: Some(diverging), ..OK };
        assert_eq!(follower.fetched(&sent, &answer, &log, 7), Outcome::BackedOff);
        assert_eq!(follower.next(&log, 8).unwrap(), Next::Wait { until_ms: 1007 });
        assert_eq!(log.watermarks().log_end, 10);
    }
}

#[test]
fn errors_wait_and_a_fenced_epoch_ends_the_follower() {
    for error in [
        ErrorCode::NotLeaderOrFollower,
        ErrorCode::UnknownLeaderEpoch,
        ErrorCode::UnknownTopicId,
        ErrorCode::UnknownTopicOrPartition,
        ErrorCode::InconsistentTopicId,
        ErrorCode::KafkaStorageError,
        ErrorCode::OffsetMovedToTieredStorage,
    ] {
        let (mut follower, log) = follower(&[1], 1);
        let sent = fetch(&follower, &log, 0);
        assert_eq!(follower.fetched(&sent, &Fetched { error, ..OK }, &log, 5), Outcome::BackedOff);
        assert_eq!(follower.next(&log, 1004).unwrap(), Next::Wait { until_ms: 1005 });
        assert_eq!(fetch(&follower, &log, 1005), sent);
        // The clock was set back: the old time does not count.
        assert_eq!(fetch(&follower, &log, -5000), sent);
    }
    let (mut follower, log) = follower(&[1], 1);
    let sent = fetch(&follower, &log, 0);
    let fenced = Fetched { error: ErrorCode::FencedLeaderEpoch, ..OK };
    assert_eq!(follower.fetched(&sent, &fenced, &log, 0), Outcome::Failed);
    assert_eq!((follower.next(&log, i64::MAX).unwrap(), follower.has_failed()), (Next::Failed, true));
    assert_eq!(follower.back_off(0), Outcome::Failed);
}

#[test]
fn corrupt_records_are_not_appended_and_fetched_again() {
    let (mut follower, log) = follower(&[1], 1);
    let sent = fetch(&follower, &log, 0);
    let mut records = encode(&[Batch { base: 10, epoch: 1, values: vec![7] }]);
    *records.last_mut().unwrap() ^= 1;
    let answer = Fetched { high_watermark: 11, records: &records, ..OK };
    assert_eq!(follower.fetched(&sent, &answer, &log, 0), Outcome::BackedOff);
    assert_eq!(log.watermarks().log_end, 10);
    assert_eq!(fetch(&follower, &log, BACK_OFF_MS), sent);
}

#[test]
fn out_of_range_the_leaders_ends_decide() {
    let out_of_range = Fetched { error: ErrorCode::OffsetOutOfRange, ..OK };
    // Ends of the leader's log, and what becomes of this one, which ends at 10.
    for (latest, earliest, start, end) in [(6, None, 0, 6), (30, Some(20), 20, 20), (30, Some(10), 0, 10)] {
        let (mut follower, log) = follower(&[1], 3);
        let sent = fetch(&follower, &log, 0);
        assert_eq!(follower.fetched(&sent, &out_of_range, &log, 0), Outcome::OutOfRange);
        assert_eq!(follower.next(&log, 0).unwrap(), Next::List { end: End::Latest, leader_epoch: 3 });
        assert_eq!(follower.listed(End::Latest, 2, Ok(0), &log, 0), Outcome::Stale);
        follower.listed(End::Latest, 3, Ok(latest), &log, 0);
        if let Some(earliest) = earliest {
            assert_eq!(follower.next(&log, 0).unwrap(), Next::List { end: End::Earliest, leader_epoch: 3 });
            follower.listed(End::Earliest, 3, Ok(earliest), &log, 0);
        }
        let at = log.watermarks();
        assert_eq!((at.log_start, at.log_end), (start, end));
        let next = fetch(&follower, &log, BACK_OFF_MS);
        assert_eq!((next.offset, next.last_fetched_epoch), (end, log.latest_epoch().unwrap()));
    }
    let (mut follower, log) = follower(&[1], 3);
    let sent = fetch(&follower, &log, 0);
    follower.fetched(&sent, &out_of_range, &log, 0);
    let refused = Err(ErrorCode::NotLeaderOrFollower);
    assert_eq!(follower.listed(End::Latest, 3, refused, &log, 0), Outcome::BackedOff);
    assert_eq!(fetch(&follower, &log, BACK_OFF_MS), sent);
}

#[test]
fn a_log_without_epochs_begins_at_its_high_watermark() {
    let (_, log) = follower(&[1], 1);
    log.set_high_watermark(4);
    log.truncate_fully_and_start_at(4, 0).unwrap();
    let follower = Follower::begin("t-0", &log, 1, BACK_OFF_MS, 0).unwrap();
    assert_eq!(fetch(&follower, &log, 0).last_fetched_epoch, None);
    assert_eq!(fetch(&follower, &log, 0).offset, 4);
}
