//! InitProducerId: epochs, fences, ids that are used up.

use super::*;

#[test]
fn each_start_of_a_producer_gets_the_next_epoch_of_the_same_id() {
    let world = world(2);
    assert_eq!(world.init(None, 0), Ok((100, 0)));
    assert_eq!(world.init(None, 0), Ok((100, 1)));
    assert_eq!(world.state(), "Empty");
}

#[test]
fn impossible_requests_are_refused() {
    let world = world(2);
    let init = |id, timeout_ms| {
        let request = Init { transactional_id: id, timeout_ms, expected: None };
        world.coordinators.init_producer_id(&world, request, 0).map(|producer| producer.id)
    };
    assert_eq!(init("", 1), Err(ErrorCode::InvalidRequest));
    assert_eq!(init(ID, 0), Err(ErrorCode::InvalidTransactionTimeout));
    assert_eq!(init(ID, 900_001), Err(ErrorCode::InvalidTransactionTimeout));
    assert_eq!(init(ID, 900_000), Ok(100));
}

#[test]
fn a_partition_that_is_elsewhere_or_loading_is_not_served() {
    let world = unloaded(2, vec![Vec::new(); 4]);
    assert_eq!(world.init(None, 0), Err(ErrorCode::NotCoordinator));
    let loads: Vec<_> = (0..PARTITIONS).map(|partition| world.coordinators.load(partition, 1).unwrap()).collect();
    assert_eq!(world.init(None, 0), Err(ErrorCode::CoordinatorLoadInProgress));
    assert_eq!(world.coordinators.list(Default::default(), 0).error_code, ErrorCode::CoordinatorLoadInProgress.code());
    drop(loads);
    assert_eq!(world.init(None, 0), Err(ErrorCode::NotCoordinator));
}

#[test]
fn a_producer_that_goes_on_is_given_the_next_epoch_once() {
    let world = world(2);
    let first = world.init(None, 0).unwrap();
    assert_eq!(world.init(Some(first), 0), Ok((100, 1)));
    // The answer was lost.
    assert_eq!(world.init(Some(first), 0), Ok((100, 1)));
    assert_eq!(world.init(Some((100, 7)), 0), Err(ErrorCode::ProducerFenced));
    assert_eq!(world.init(Some((7, 1)), 0), Err(ErrorCode::ProducerFenced));
    assert_eq!(world.init(Some((100, 1)), 0), Ok((100, 2)));
}

#[test]
fn an_id_whose_epochs_are_used_up_is_replaced() {
    let world = world(2);
    let last = world.at_epoch(i16::MAX - 1);
    assert_eq!(last, (100, i16::MAX - 1));
    assert_eq!(world.init(Some(last), 0), Ok((101, 0)));
    // The answer was lost: the producer still asks with the old id.
    assert_eq!(world.init(Some(last), 0), Ok((101, 0)));
    assert_eq!(world.init(None, 0), Ok((101, 1)));
}

#[test]
fn another_producer_aborts_the_open_transaction_and_comes_again() {
    for (version, fenced_epoch) in [(0, 1), (2, 1)] {
        let world = world(version);
        let first = world.init(None, 0).unwrap();
        world.add(first, "a", version, 1).unwrap();
        assert_eq!(world.init(None, 2), Err(ErrorCode::ConcurrentTransactions));
        assert_eq!(world.state(), "CompleteAbort");
        let markers = world.take_markers();
        let expected = Marker {
            producer_id: 100,
            producer_epoch: fenced_epoch,
            coordinator_epoch: 1,
            is_commit: false,
            transaction_version: version,
        };
        assert_eq!(markers, [("a".to_owned(), 0, expected)]);
        assert_eq!(world.init(None, 3), Ok((100, 2)));
        // The first one is fenced from now on.
        assert_eq!(world.add(first, "a", version, 4), Err(ErrorCode::ProducerFenced));
        assert_eq!(world.end(first, true, 0), Err(ErrorCode::ProducerFenced));
        assert_eq!(world.coordinators.counts().fenced, 1);
    }
}

#[test]
fn a_fence_that_cannot_be_written_uses_one_epoch() {
    for version in [0, 2] {
        let world = world(version);
        let first = world.init(None, 0).unwrap();
        world.add(first, "a", version, 1).unwrap();
        world.append_error.set(Some(ErrorCode::KafkaStorageError));
        for _ in 0..3 {
            assert_eq!(world.init(None, 2), Err(ErrorCode::NotCoordinator));
        }
        assert_eq!(world.state(), "Ongoing");
        world.append_error.set(None);
        assert_eq!(world.init(None, 3), Err(ErrorCode::ConcurrentTransactions));
        assert_eq!(world.take_markers()[0].2.producer_epoch, 1);
    }
}

#[test]
fn what_cannot_be_written_has_no_effect() {
    let world = world(2);
    for (appended, answered) in [
        (ErrorCode::UnknownTopicOrPartition, ErrorCode::CoordinatorNotAvailable),
        (ErrorCode::NotEnoughReplicas, ErrorCode::CoordinatorNotAvailable),
        (ErrorCode::NotLeaderOrFollower, ErrorCode::NotCoordinator),
        (ErrorCode::KafkaStorageError, ErrorCode::NotCoordinator),
        (ErrorCode::MessageTooLarge, ErrorCode::UnknownServerError),
    ] {
        world.append_error.set(Some(appended));
        assert_eq!(world.init(None, 0), Err(answered));
    }
    assert_eq!(world.describe().error_code, ErrorCode::TransactionalIdNotFound.code());
}
