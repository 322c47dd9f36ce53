//! Time-outs, and ids that are forgotten.

use super::*;

#[test]
fn a_transaction_that_takes_too_long_is_aborted_and_its_producer_fenced() {
    for version in [0, 2] {
        let world = world(version);
        let producer = world.init(None, 0).unwrap();
        world.add(producer, "a", version, 1).unwrap();
        world.tick(MINUTE + 1);
        assert_eq!(world.state(), "Ongoing");
        world.tick(world.coordinators.next_deadline().max(MINUTE + 2));
        assert_eq!(world.state(), "CompleteAbort");
        let [(.., marker)] = world.take_markers()[..] else { panic!("one marker") };
        assert_eq!((marker.is_commit, marker.producer_epoch), (false, 1));
        assert_eq!(world.end(producer, false, 0), Err(ErrorCode::ProducerFenced));
        assert_eq!(world.coordinators.counts().timed_out, 1);
        // The producer may go on (KIP-360) where it can know the epoch.
        assert_eq!(world.init(None, 2 * MINUTE), Ok((100, 2)));
    }
}

#[test]
fn nothing_is_looked_at_before_it_is_due() {
    let world = world(2);
    let producer = world.init(None, 0).unwrap();
    world.add(producer, "a", 2, 0).unwrap();
    assert_eq!(world.coordinators.next_deadline(), 10_000);
    world.tick(2 * MINUTE);
    assert_eq!(world.coordinators.next_deadline(), 2 * MINUTE + 10_000);
}

#[test]
fn ids_that_were_silent_for_a_week_are_forgotten() {
    let week = 7 * 24 * 60 * MINUTE;
    let world = world(2);
    for number in 0..100 {
        let id = format!("id-{number}");
        let request = Init { transactional_id: &id, timeout_ms: 1, expected: None };
        world.coordinators.init_producer_id(&world, request, 0).unwrap();
    }
    let producer = world.init(None, 0).unwrap();
    world.tick(week - 1);
    assert_eq!(world.coordinators.counts().ids, 101);
    // An open transaction keeps its id, however old.
    let kept = (ID, Producer { id: producer.0, epoch: producer.1 });
    world.coordinators.add_partitions(&world, kept, &[(Arc::from("a"), 0)], 2, week).unwrap();
    world.tick(week + 60 * MINUTE);
    let counts = world.coordinators.counts();
    assert_eq!((counts.ids, counts.expired), (1, 100));
    assert_eq!(world.restarted(2, week).coordinators.counts().ids, 1);
}

#[test]
fn ids_are_kept_when_their_tombstones_cannot_be_written() {
    let world = world(2);
    world.init(None, 0).unwrap();
    world.append_error.set(Some(ErrorCode::KafkaStorageError));
    world.tick(i64::MAX / 2);
    assert_eq!(world.coordinators.counts().ids, 1);
}
