use super::*;

#[test]
fn sequences_follow_one_another() {
    let mut manager = manager();
    accept(&mut manager, &Data { count: 3, ..DATA }.bytes(), &CLIENT);
    for sequence in [2, 4, 5, i32::MAX] {
        let bytes = Data { sequence, offset: 3, ..DATA }.bytes();
        assert_eq!(refuse(&mut manager, &bytes, &CLIENT), "OutOfOrderSequenceException");
    }
    accept(&mut manager, &Data { sequence: 3, offset: 3, ..DATA }.bytes(), &CLIENT);
    assert_eq!(kept(&manager), [(0, 2, 2), (3, 3, 3)]);
    assert_eq!(manager.map_end_offset(), 4);
}

#[test]
fn zero_follows_the_largest_sequence_also_within_a_batch() {
    let mut manager = manager();
    accept(&mut manager, &Data { sequence: i32::MAX - 1, count: 2, ..DATA }.bytes(), &CLIENT);
    accept(&mut manager, &Data { sequence: 0, offset: 2, ..DATA }.bytes(), &CLIENT);
    let mut manager = self::manager();
    accept(&mut manager, &Data { sequence: i32::MAX - 1, count: 4, ..DATA }.bytes(), &CLIENT);
    assert_eq!(kept(&manager), [(i32::MAX - 1, 1, 3)]);
    accept(&mut manager, &Data { sequence: 2, offset: 4, ..DATA }.bytes(), &CLIENT);
}

#[test]
fn an_unknown_producer_may_start_anywhere() {
    let mut manager = manager();
    accept(&mut manager, &Data { epoch: 5, sequence: 17, ..DATA }.bytes(), &CLIENT);
    assert_eq!(state(&manager).last_sequence(), 17);
}

#[test]
fn a_new_epoch_starts_with_zero_and_forgets_the_batches() {
    let mut manager = manager();
    accept(&mut manager, &Data { sequence: 7, ..DATA }.bytes(), &CLIENT);
    let bytes = Data { epoch: 1, sequence: 8, offset: 1, ..DATA }.bytes();
    assert_eq!(refuse(&mut manager, &bytes, &CLIENT), "OutOfOrderSequenceException");
    accept(&mut manager, &Data { epoch: 1, offset: 1, ..DATA }.bytes(), &CLIENT);
    assert_eq!(kept(&manager), [(0, 0, 1)]);
    assert_eq!(state(&manager).producer_epoch(), 1);
}

#[test]
fn an_epoch_below_the_known_one_is_refused_save_by_a_follower() {
    let mut manager = manager();
    accept(&mut manager, &Data { epoch: 3, ..DATA }.bytes(), &CLIENT);
    let bytes = Data { epoch: 2, sequence: 5, offset: 1, ..DATA }.bytes();
    for terms in [CLIENT, COORDINATOR, AppendTerms { origin: AppendOrigin::RaftLeader, ..CLIENT }] {
        assert_eq!(refuse(&mut manager, &bytes, &terms), "InvalidProducerEpochException");
    }
    accept(&mut manager, &bytes, &AppendTerms::REPLICATION);
    assert_eq!(state(&manager).producer_epoch(), 2);
    assert_eq!(kept(&manager), [(5, 5, 1)]);
}

#[test]
fn only_clients_have_their_sequences_checked() {
    for terms in [COORDINATOR, AppendTerms::REPLICATION] {
        let mut manager = manager();
        accept(&mut manager, &DATA.bytes(), &terms);
        accept(&mut manager, &Data { sequence: 9, offset: 1, ..DATA }.bytes(), &terms);
        accept(&mut manager, &Data { epoch: 1, sequence: 4, offset: 2, ..DATA }.bytes(), &terms);
        accept(&mut manager, &Data { epoch: 1, sequence: -1, offset: 3, ..DATA }.bytes(), &terms);
        assert_eq!(state(&manager).last_sequence(), -1);
    }
}

#[test]
fn any_of_the_last_five_batches_is_known_again() {
    let mut manager = manager();
    for i in 0..7 {
        let data =
            Data { sequence: i * 2, offset: 100 + i64::from(i) * 2, count: 2, timestamp: 50 + i64::from(i), ..DATA };
        accept(&mut manager, &data.bytes(), &CLIENT);
    }
    for i in 2..7 {
        let bytes = Data { sequence: i * 2, offset: 500, count: 2, ..DATA }.bytes();
        let (checked, _) = append(&mut manager, &bytes, &CLIENT).unwrap();
        let Checked::Duplicate(batch) = checked else { panic!("{checked:?}") };
        assert_eq!((batch.first_offset(), batch.last_offset), (100 + i64::from(i) * 2, 101 + i64::from(i) * 2));
        assert_eq!(batch.timestamp, 50 + i64::from(i));
    }
    assert_eq!(manager.map_end_offset(), 114);
    // Too old, cut differently, of another epoch.
    let old = Data { sequence: 2, offset: 500, count: 2, ..DATA };
    assert_eq!(refuse(&mut manager, &old.bytes(), &CLIENT), "OutOfOrderSequenceException");
    let part = Data { sequence: 12, offset: 500, count: 1, ..DATA };
    assert_eq!(refuse(&mut manager, &part.bytes(), &CLIENT), "OutOfOrderSequenceException");
    let other = Data { epoch: 1, sequence: 12, offset: 500, count: 2, ..DATA };
    assert_eq!(refuse(&mut manager, &other.bytes(), &CLIENT), "OutOfOrderSequenceException");
    // A follower takes the leader's word for it.
    accept(&mut manager, &Data { sequence: 12, offset: 500, count: 2, ..DATA }.bytes(), &AppendTerms::REPLICATION);
}

#[test]
fn batches_of_one_append_see_one_another_and_nothing_is_kept_of_a_refused_one() {
    let mut manager = manager();
    let mut appends = ProducerAppends::new();
    let first = Data { count: 2, ..DATA };
    let second = Data { sequence: 2, offset: 2, ..DATA };
    assert_eq!(check(&mut manager, &first.bytes(), &CLIENT, &mut appends).unwrap(), Checked::Accepted);
    assert_eq!(check(&mut manager, &second.bytes(), &CLIENT, &mut appends).unwrap(), Checked::Accepted);
    let new_epoch = Data { epoch: 1, sequence: 0, offset: 3, ..DATA };
    assert_eq!(check(&mut manager, &new_epoch.bytes(), &CLIENT, &mut appends).unwrap(), Checked::Accepted);
    let gap = Data { epoch: 1, sequence: 2, offset: 4, ..DATA };
    // The producer was unknown when the append began: whatever it sends is taken.
    assert_eq!(check(&mut manager, &gap.bytes(), &CLIENT, &mut appends).unwrap(), Checked::Accepted);
    assert!(manager.is_empty());
    manager.apply(&appends);
    assert_eq!(kept(&manager), [(0, 0, 3), (2, 2, 4)]);

    appends.clear();
    let next = Data { epoch: 1, sequence: 3, offset: 5, ..DATA };
    check(&mut manager, &next.bytes(), &CLIENT, &mut appends).unwrap();
    let error =
        check(&mut manager, &Data { sequence: 5, offset: 6, ..next }.bytes(), &CLIENT, &mut appends).unwrap_err();
    assert_eq!(error.exception(), "OutOfOrderSequenceException");
    assert_eq!(kept(&manager), [(0, 0, 3), (2, 2, 4)]);
}

#[test]
fn many_producers_in_one_append_are_kept_apart() {
    let mut manager = manager();
    let mut appends = ProducerAppends::new();
    for round in 0..3 {
        for id in 0..40 {
            let offset = round * 40 + id;
            let data = Data { producer_id: id, sequence: round as i32, offset, ..DATA };
            check(&mut manager, &data.bytes(), &COORDINATOR, &mut appends).unwrap();
        }
    }
    manager.apply(&appends);
    assert_eq!(manager.producer_id_count(), 40);
    for (id, state) in manager.active_producers() {
        assert_eq!(state.batches().map(|b| b.last_offset).collect::<Vec<_>>(), [id, 40 + id, 80 + id]);
    }
}

#[test]
fn batches_without_a_producer_change_nothing() {
    let mut manager = manager();
    for producer_id in [-1, -2, i64::MIN] {
        accept(&mut manager, &Data { producer_id, ..DATA }.bytes(), &CLIENT);
    }
    assert!(manager.is_empty());
}

#[test]
fn silent_producers_expire_at_the_limit() {
    let mut manager = manager();
    accept(&mut manager, &Data { timestamp: 500, ..DATA }.bytes(), &CLIENT);
    accept(&mut manager, &Data { producer_id: 2, offset: 1, timestamp: 400, ..TXN }.bytes(), &AppendTerms::REPLICATION);
    manager.remove_expired(1499);
    assert_eq!(manager.producer_id_count(), 2);
    manager.remove_expired(1500);
    assert_eq!(manager.active_producers().map(|(id, _)| id).collect::<Vec<_>>(), [2], "its transaction is open");
    accept(&mut manager, &Data { sequence: 9, offset: 2, ..DATA }.bytes(), &CLIENT);
}
