//! What is written is what a later broker finds, wherever the first one stopped.

use super::*;

#[test]
fn a_later_broker_goes_on_with_an_open_transaction() {
    for version in [0, 1, 2] {
        let world = world(version);
        let producer = world.init(None, 0).unwrap();
        world.add(producer, "a", version, 3).unwrap();
        let later = world.restarted(2, 4);
        assert_eq!(later.describe(), world.describe());
        assert!(later.take_markers().is_empty());
        later.add(producer, "b", version, 4).unwrap();
        later.end(producer, true, version).unwrap();
        assert_eq!(later.take_markers().len(), 2);
    }
}

/// The records of one transaction up to each of them: the outcome is that of the last one, everywhere.
#[test]
fn a_stop_between_any_two_steps_ends_in_commit_everywhere_or_abort_everywhere() {
    for (is_commit, version) in [(true, 0), (false, 0), (true, 2), (false, 2)] {
        let world = world(version);
        let producer = world.init(None, 0).unwrap();
        world.add(producer, "a", version, 1).unwrap();
        world.add(producer, "b", version, 2).unwrap();
        world.end(producer, is_commit, version).unwrap();
        let logs = world.logs.borrow().clone();
        let partition = logs.iter().position(|log| !log.is_empty()).unwrap();
        // InitProducerId, two partitions, the outcome, its completion.
        assert_eq!(logs[partition].len(), 5);
        for len in 1..=5 {
            let mut logs = logs.clone();
            logs[partition].truncate(len);
            let later = unloaded(version, logs);
            later.load(2, 10);
            let markers = later.take_markers();
            match len {
                1 => assert_eq!(later.state(), "Empty"),
                2 | 3 => assert_eq!(later.state(), "Ongoing"),
                _ => assert_eq!(later.state(), if is_commit { "CompleteCommit" } else { "CompleteAbort" }),
            }
            let expected = if len == 4 { 2 } else { 0 };
            assert_eq!(markers.len(), expected, "after {len} records");
            assert!(markers.iter().all(|(.., marker)| marker.is_commit == is_commit && marker.coordinator_epoch == 2));
        }
    }
}

#[test]
fn epochs_that_were_used_up_are_known_after_a_restart() {
    let world = world(2);
    let last = world.at_epoch(i16::MAX - 1);
    world.add(last, "a", 2, 1).unwrap();
    *world.marker_error.borrow_mut() = Some(("a".to_owned(), ErrorCode::KafkaStorageError));
    assert_eq!(world.end(last, true, 2), Ok((101, 0)));
    let later = world.restarted(2, 3);
    assert_eq!(later.take_markers()[0].2.producer_id, 100);
    assert_eq!(later.end(last, true, 2), Ok((101, 0)));
    later.add((101, 0), "a", 2, 4).unwrap();
}

#[test]
fn an_older_leader_epoch_changes_nothing() {
    let world = world(2);
    world.init(None, 0).unwrap();
    assert!(world.coordinators.load(0, 1).is_none());
    assert!(world.coordinators.load(PARTITIONS, 9).is_none());
    assert_eq!(world.coordinators.counts().ids, 1);
}
