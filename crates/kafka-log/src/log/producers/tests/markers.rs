use super::*;

fn coordinator(transaction_version: i16) -> AppendTerms {
    AppendTerms { transaction_version, ..COORDINATOR }
}

/// A transaction of epoch 3 open from offset 10 on.
fn with_open_txn() -> ProducerStateManager {
    let mut manager = manager();
    accept(&mut manager, &Data { epoch: 3, sequence: 4, offset: 10, ..TXN }.bytes(), &AppendTerms::REPLICATION);
    manager
}

#[test]
fn a_marker_ends_the_transaction_and_keeps_the_batches_of_its_epoch() {
    for (marker, is_aborted) in [(COMMIT, false), (ABORT, true)] {
        let mut manager = with_open_txn();
        let marker = Marker { epoch: 3, offset: 11, coordinator_epoch: 7, timestamp: 333, ..marker };
        let completed = accept(&mut manager, &marker.bytes(), &coordinator(1));
        assert_eq!(completed, [(CompletedTxn { producer_id: PID, first_offset: 10, last_offset: 11, is_aborted }, 12)]);
        let state = state(&manager);
        assert_eq!(
            (state.current_txn_first_offset(), state.coordinator_epoch(), state.last_timestamp()),
            (None, 7, 333)
        );
        assert_eq!(kept(&manager), [(4, 4, 10)]);
    }
}

#[test]
fn after_a_marker_that_raised_the_epoch_zero_is_expected() {
    let mut manager = with_open_txn();
    accept(&mut manager, &Marker { epoch: 4, offset: 11, ..COMMIT }.bytes(), &coordinator(2));
    assert_eq!(kept(&manager), []);
    assert_eq!(state(&manager).last_sequence(), -1);
    let next = Data { epoch: 4, sequence: 5, offset: 12, ..DATA };
    assert_eq!(refuse(&mut manager, &next.bytes(), &CLIENT), "OutOfOrderSequenceException");
    accept(&mut manager, &Data { sequence: 0, ..next }.bytes(), &CLIENT);
}

#[test]
fn the_marker_of_a_transaction_of_version_2_has_a_higher_epoch_or_is_a_repetition() {
    for version in [0, 1] {
        let mut manager = with_open_txn();
        let old = Marker { epoch: 2, offset: 11, ..COMMIT };
        assert_eq!(refuse(&mut manager, &old.bytes(), &coordinator(version)), "InvalidProducerEpochException");
        accept(&mut manager, &Marker { epoch: 3, ..old }.bytes(), &coordinator(version));
        assert_eq!(accept(&mut manager, &Marker { epoch: 3, offset: 12, ..old }.bytes(), &coordinator(version)), []);
    }
    let mut manager = with_open_txn();
    for epoch in [2, 3] {
        let late = Marker { epoch, offset: 11, ..COMMIT };
        assert_eq!(refuse(&mut manager, &late.bytes(), &coordinator(2)), "InvalidProducerEpochException");
    }
    accept(&mut manager, &Marker { epoch: 4, offset: 11, ..COMMIT }.bytes(), &coordinator(2));
    assert_eq!(accept(&mut manager, &Marker { epoch: 4, offset: 12, ..COMMIT }.bytes(), &coordinator(2)), []);
    let late = Marker { epoch: 3, offset: 13, ..COMMIT };
    assert_eq!(refuse(&mut manager, &late.bytes(), &coordinator(2)), "InvalidProducerEpochException");
}

#[test]
fn the_highest_epoch_ends_its_transaction_although_it_cannot_be_raised() {
    let mut manager = manager();
    accept(&mut manager, &Data { epoch: i16::MAX, ..TXN }.bytes(), &AppendTerms::REPLICATION);
    let completed = accept(&mut manager, &Marker { epoch: i16::MAX, offset: 1, ..COMMIT }.bytes(), &coordinator(2));
    assert_eq!(completed.len(), 1);
}

#[test]
fn a_leader_must_be_told_the_version_and_a_follower_need_not() {
    for origin in [AppendOrigin::Client, AppendOrigin::Coordinator, AppendOrigin::RaftLeader] {
        let mut manager = with_open_txn();
        let terms = AppendTerms { origin, ..CLIENT };
        let marker = Marker { epoch: 3, offset: 11, ..COMMIT };
        assert_eq!(refuse(&mut manager, &marker.bytes(), &terms), "IllegalArgumentException");
    }
    let mut manager = with_open_txn();
    let marker = Marker { epoch: 3, offset: 11, ..COMMIT };
    assert_eq!(accept(&mut manager, &marker.bytes(), &AppendTerms::REPLICATION).len(), 1);
}

#[test]
fn an_older_coordinator_is_fenced_save_by_a_follower() {
    let mut manager = with_open_txn();
    accept(&mut manager, &Marker { epoch: 3, offset: 11, coordinator_epoch: 5, ..COMMIT }.bytes(), &coordinator(1));
    let zombie = Marker { epoch: 3, offset: 12, coordinator_epoch: 4, ..COMMIT };
    assert_eq!(refuse(&mut manager, &zombie.bytes(), &coordinator(1)), "TransactionCoordinatorFencedException");
    accept(&mut manager, &zombie.bytes(), &AppendTerms::REPLICATION);
    assert_eq!(state(&manager).coordinator_epoch(), 4);
}

#[test]
fn a_marker_without_a_transaction_completes_nothing_but_is_noted() {
    let mut manager = manager();
    let marker = Marker { epoch: 2, offset: 5, coordinator_epoch: 9, timestamp: 77, ..COMMIT };
    assert_eq!(accept(&mut manager, &marker.bytes(), &coordinator(0)), []);
    let state = state(&manager);
    assert_eq!((state.producer_epoch(), state.coordinator_epoch(), state.last_timestamp()), (2, 9, 77));
    assert_eq!(manager.first_unstable_offset(), None);
    let old = Data { epoch: 1, offset: 6, ..DATA };
    assert_eq!(refuse(&mut manager, &old.bytes(), &CLIENT), "InvalidProducerEpochException");
}

#[test]
fn begin_and_end_may_come_in_one_append() {
    let mut manager = manager();
    let mut appends = ProducerAppends::new();
    let batches = [
        TXN.bytes(),
        Marker { offset: 1, ..ABORT }.bytes(),
        Data { sequence: 1, offset: 2, ..TXN }.bytes(),
        Marker { offset: 3, ..COMMIT }.bytes(),
        Data { sequence: 2, offset: 4, ..TXN }.bytes(),
    ];
    for bytes in &batches {
        check(&mut manager, bytes, &AppendTerms::REPLICATION, &mut appends).unwrap();
    }
    manager.apply(&appends);
    let ended: Vec<_> = appends.completed().iter().map(|t| (t.first_offset, t.last_offset, t.is_aborted)).collect();
    assert_eq!(ended, [(0, 1, true), (2, 3, false)]);
    appends.completed().iter().for_each(|txn| manager.complete_txn(txn).unwrap());
    assert_eq!(manager.first_undecided_offset(), Some(4));
}

#[test]
fn an_empty_control_batch_makes_the_producer_known_and_nothing_else() {
    let mut manager = manager();
    let fields = BatchFields { last_offset: Some(3), ..Marker { epoch: 2, offset: 3, ..COMMIT }.fields() };
    let bytes = finish(RecordBatchBuilder::new(fields));
    assert_eq!(accept(&mut manager, &bytes, &AppendTerms::REPLICATION), []);
    let state = state(&manager);
    assert_eq!((state.producer_epoch(), state.coordinator_epoch(), state.last_timestamp()), (-1, -1, -1));
    accept(&mut manager, &Data { epoch: 0, sequence: 8, offset: 4, ..DATA }.bytes(), &CLIENT);
}

#[test]
fn control_records_that_are_no_markers_are_refused() {
    let read = |bytes: &[u8]| EndTransaction::read(&RecordBatch::parse(bytes).unwrap());
    let leader_change = Marker { kind: ControlRecordType::LeaderChange, ..COMMIT };
    assert_eq!(read(&leader_change.bytes()).unwrap_err().exception(), "IllegalArgumentException");
    for (key, value) in [(&[0u8, 0, 0][..], &[0u8; 6][..]), (&[0, 0, 0, 1], &[0; 5]), (&[0xff, 0, 0, 1], &[0; 6])] {
        let mut builder = RecordBatchBuilder::new(COMMIT.fields());
        builder.append(0, 1, Some(key), Some(value), &[]).unwrap();
        assert_eq!(read(&finish(builder)).unwrap_err().exception(), "InvalidRecordException");
    }
    assert_eq!(read(&DATA.bytes()).unwrap(), None);
    assert_eq!(read(&Marker { producer_id: -1, ..leader_change }.bytes()).unwrap(), None, "one of KRaft's");
}

#[cfg(feature = "gzip")]
#[test]
fn a_compressed_marker_is_read_too() {
    let fields = BatchFields { codec: crate::compression::Codec::Gzip, ..COMMIT.fields() };
    let mut builder = RecordBatchBuilder::new(fields);
    let value = EndTransactionMarker { coordinator_epoch: 12 }.to_bytes();
    builder.append(0, 55, Some(&ControlRecordType::Abort.key()), Some(&value), &[]).unwrap();
    let bytes = finish(builder);
    let marker = EndTransaction::read(&RecordBatch::parse(&bytes).unwrap()).unwrap();
    assert_eq!(marker, Some(EndTransaction { is_aborted: true, coordinator_epoch: 12, timestamp: 55 }));
}
