//! EndTxn with and without an epoch for each transaction, answers that were lost, markers that fail.

use super::*;

const NONE: (i64, i16) = (-1, -1);

#[test]
fn a_transaction_of_version_0_ends_with_the_epoch_that_it_had() {
    for (is_commit, state) in [(true, "CompleteCommit"), (false, "CompleteAbort")] {
        let world = world(2);
        let producer = world.init(None, 0).unwrap();
        world.add(producer, "a", 0, 1).unwrap();
        world.add(producer, "b", 0, 2).unwrap();
        assert_eq!(world.end(producer, is_commit, 0), Ok(producer));
        assert_eq!(world.state(), state);
        let markers = world.take_markers();
        assert!(markers.iter().map(|(topic, ..)| topic.as_str()).eq(["a", "b"]));
        assert!(markers.iter().all(|(.., marker)| marker.is_commit == is_commit && marker.producer_epoch == 0));
        assert!(world.describe().topics.is_empty());
        // The same again is no error, the opposite is.
        assert_eq!(world.end(producer, is_commit, 0), Ok(NONE));
        assert_eq!(world.end(producer, !is_commit, 0), Err(ErrorCode::InvalidTxnState));
        world.add(producer, "a", 0, 3).unwrap();
        assert_eq!(world.describe().transaction_start_time_ms, 3);
    }
}

#[test]
fn a_transaction_of_version_2_ends_with_the_next_epoch() {
    for (is_commit, state) in [(true, "CompleteCommit"), (false, "CompleteAbort")] {
        let world = world(2);
        let producer = world.init(None, 0).unwrap();
        world.add(producer, "a", 2, 1).unwrap();
        assert_eq!(world.end(producer, is_commit, 2), Ok((100, 1)));
        assert_eq!(world.state(), state);
        let [(.., marker)] = world.take_markers()[..] else { panic!("one marker") };
        assert_eq!((marker.producer_epoch, marker.transaction_version), (1, 2));
        // The answer was lost.
        assert_eq!(world.end(producer, is_commit, 2), Ok((100, 1)));
        assert_eq!(world.end(producer, !is_commit, 2), Err(ErrorCode::InvalidTxnState));
        assert_eq!(world.add(producer, "a", 2, 3), Err(ErrorCode::ProducerFenced));
        world.add((100, 1), "a", 2, 4).unwrap();
    }
}

#[test]
fn a_producer_of_version_2_may_abort_before_it_has_begun() {
    let world = world(2);
    let producer = world.init(None, 0).unwrap();
    assert_eq!(world.end(producer, true, 2), Err(ErrorCode::InvalidTxnState));
    assert_eq!(world.end(producer, false, 2), Ok((100, 1)));
    assert_eq!(world.end((100, 1), true, 2), Err(ErrorCode::InvalidTxnState));
    assert_eq!(world.end((100, 1), false, 2), Ok((100, 2)));
    assert!(world.take_markers().is_empty());
    world.add((100, 2), "a", 2, 1).unwrap();
    assert_eq!(world.end((100, 2), true, 2), Ok((100, 3)));
    assert_eq!(world.end((100, 3), false, 2), Ok((100, 4)));
}

#[test]
fn a_producer_of_version_0_must_have_begun() {
    let world = world(0);
    assert_eq!(world.end((100, 0), true, 0), Err(ErrorCode::InvalidProducerIdMapping));
    let producer = world.init(None, 0).unwrap();
    for is_commit in [true, false] {
        assert_eq!(world.end(producer, is_commit, 0), Err(ErrorCode::InvalidTxnState));
    }
}

#[test]
fn only_the_producer_of_a_transaction_ends_it() {
    for version in [0, 2] {
        let world = world(version);
        let producer = world.init(None, 0).unwrap();
        world.add(producer, "a", version, 1).unwrap();
        assert_eq!(world.end((99, 0), true, version), Err(ErrorCode::InvalidProducerIdMapping));
        for epoch in [-1, 1] {
            assert_eq!(world.end((100, epoch), true, version), Err(ErrorCode::ProducerFenced));
        }
        assert_eq!(world.state(), "Ongoing");
    }
}

#[test]
fn the_last_epoch_of_an_id_is_followed_by_another_id() {
    let world = world(2);
    let last = world.at_epoch(i16::MAX - 1);
    world.add(last, "a", 2, 1).unwrap();
    assert_eq!(world.end(last, true, 2), Ok((101, 0)));
    let [(.., marker)] = world.take_markers()[..] else { panic!("one marker") };
    assert_eq!((marker.producer_id, marker.producer_epoch), (100, i16::MAX));
    // The answer was lost.
    assert_eq!(world.end(last, true, 2), Ok((101, 0)));
    assert_eq!(world.end(last, false, 2), Err(ErrorCode::InvalidTxnState));
    world.add((101, 0), "a", 2, 2).unwrap();
    assert_eq!(world.end((101, 0), true, 2), Ok((101, 1)));
}

#[test]
fn a_fence_at_the_last_epoch_is_followed_by_another_id() {
    let world = world(2);
    let last = world.at_epoch(i16::MAX - 1);
    world.add(last, "a", 2, 1).unwrap();
    assert_eq!(world.init(None, 2), Err(ErrorCode::ConcurrentTransactions));
    assert_eq!(world.take_markers()[0].2.producer_epoch, i16::MAX);
    assert_eq!(world.init(None, 3), Ok((101, 1)));
}

#[test]
fn an_outcome_that_cannot_be_written_is_no_outcome() {
    let world = world(2);
    let producer = world.init(None, 0).unwrap();
    world.add(producer, "a", 2, 1).unwrap();
    world.append_error.set(Some(ErrorCode::KafkaStorageError));
    assert_eq!(world.end(producer, true, 2), Err(ErrorCode::NotCoordinator));
    assert_eq!(world.state(), "Ongoing");
    assert!(world.take_markers().is_empty());
    world.append_error.set(None);
    assert_eq!(world.end(producer, false, 2), Ok((100, 1)));
}

#[test]
fn the_outcome_is_stored_before_markers_are_written_and_answered_after_the_first_attempt() {
    for marker_error in [None, Some(("a".to_owned(), ErrorCode::KafkaStorageError))] {
        let world = world(2);
        let (id, epoch) = world.init(None, 0).unwrap();
        world.add((id, epoch), "a", 2, 1).unwrap();
        *world.marker_error.borrow_mut() = marker_error.clone();
        let of = (ID, Producer { id, epoch });
        assert_eq!(world.coordinators.end_transaction(&world, of, true, 2, (TICKET, 5)), Ok(None));
        assert_eq!((world.state().as_str(), world.ended.get()), ("PrepareCommit", None));
        assert!(world.take_markers().is_empty());
        assert_eq!(world.add((id, 1), "a", 2, 6), Err(ErrorCode::ConcurrentTransactions));
        world.write_markers(6);
        assert_eq!(world.ended.take(), Some(Producer { id, epoch: 1 }));
        let state = if marker_error.is_none() { "CompleteCommit" } else { "PrepareCommit" };
        assert_eq!(world.state(), state);
    }
}

/// Without a lock: a world would wait for itself here.
#[test]
fn a_partition_that_moves_while_markers_are_written_is_finished_where_it_has_gone() {
    let world = world(2);
    let producer = world.init(None, 0).unwrap();
    world.add(producer, "a", 2, 1).unwrap();
    world.moves_at_marker.set(true);
    // The outcome was stored before.
    assert_eq!(world.end(producer, true, 2), Ok((100, 1)));
    assert_eq!(world.take_markers().len(), 1);
    assert_eq!(world.init(None, 2), Err(ErrorCode::NotCoordinator));
    let later = world.restarted(2, 3);
    assert_eq!(later.state(), "CompleteCommit");
    let [(.., marker)] = later.take_markers()[..] else { panic!("one marker") };
    assert!(marker.is_commit);
}

#[test]
fn the_thread_of_markers_finishes_what_is_decided_before_it_ends() {
    let world = world(2);
    let (id, epoch) = world.init(None, 0).unwrap();
    world.add((id, epoch), "a", 2, 1).unwrap();
    let of = (ID, Producer { id, epoch });
    assert_eq!(world.coordinators.end_transaction(&world, of, false, 2, (TICKET, 5)), Ok(None));
    world.coordinators.stop_markers();
    world.coordinators.run_markers(&world, || 6);
    assert_eq!(world.state(), "CompleteAbort");
}

#[test]
fn markers_are_tried_again_until_they_are_written() {
    let world = world(2);
    let producer = world.init(None, 0).unwrap();
    for topic in ["a", "b", "c"] {
        world.add(producer, topic, 2, 1).unwrap();
    }
    *world.marker_error.borrow_mut() = Some(("b".to_owned(), ErrorCode::KafkaStorageError));
    // The outcome is stored, which is what the client is told.
    assert_eq!(world.end(producer, true, 2), Ok((100, 1)));
    assert_eq!(world.state(), "PrepareCommit");
    assert_eq!(world.take_markers().len(), 2);
    let retry_at = world.woken_at.get().unwrap();
    assert_eq!(world.coordinators.next_deadline(), retry_at);
    for version in [0, 2] {
        assert_eq!(world.add((100, 1), "a", version, 2), Err(ErrorCode::ConcurrentTransactions));
        assert_eq!(world.end((100, 1), true, version), Err(ErrorCode::ConcurrentTransactions));
    }
    assert_eq!(world.verify((100, 1), "b"), Err(ErrorCode::ConcurrentTransactions));
    assert_eq!(world.init(None, 2), Err(ErrorCode::ConcurrentTransactions));
    world.tick(retry_at);
    assert_eq!(world.state(), "PrepareCommit");
    assert_eq!(world.coordinators.counts().unfinished, 1);

    *world.marker_error.borrow_mut() = None;
    world.tick(world.woken_at.get().unwrap());
    assert_eq!(world.state(), "CompleteCommit");
    assert!(world.take_markers().iter().map(|(topic, ..)| topic.as_str()).eq(["b"]));
    world.add((100, 1), "a", 2, 9).unwrap();
}

#[test]
fn a_partition_that_was_deleted_needs_no_marker() {
    let world = world(2);
    let producer = world.init(None, 0).unwrap();
    world.add(producer, "a", 2, 1).unwrap();
    *world.marker_error.borrow_mut() = Some(("a".to_owned(), ErrorCode::UnknownTopicOrPartition));
    world.end(producer, true, 2).unwrap();
    assert_eq!(world.state(), "CompleteCommit");
}

#[test]
fn a_later_coordinator_ends_the_attempts() {
    for error in [ErrorCode::TransactionCoordinatorFenced, ErrorCode::InvalidProducerEpoch] {
        let world = world(2);
        let producer = world.init(None, 0).unwrap();
        world.add(producer, "a", 2, 1).unwrap();
        *world.marker_error.borrow_mut() = Some(("a".to_owned(), error));
        world.end(producer, true, 2).unwrap();
        assert_eq!((world.state().as_str(), world.woken_at.get()), ("PrepareCommit", None));
    }
}
