use super::*;

fn start(manager: &mut ProducerStateManager, sequence: i32, epoch: i16, is_v2: bool) -> VerificationGuard {
    manager.maybe_start_transaction_verification(PID, sequence, epoch, is_v2, 0).unwrap()
}

fn with(verification_guard: VerificationGuard) -> AppendTerms {
    AppendTerms { verification_guard, ..CLIENT }
}

#[test]
fn the_sentinel_verifies_nothing() {
    let mut manager = manager();
    let guard = start(&mut manager, 0, 0, false);
    assert!(guard.verify(guard));
    assert!(!guard.verify(VerificationGuard::SENTINEL));
    assert!(!VerificationGuard::SENTINEL.verify(VerificationGuard::SENTINEL));
    let other = self::manager().maybe_start_transaction_verification(PID, 0, 0, false, 0).unwrap();
    assert!(!guard.verify(other), "a guard of another partition");
}

#[test]
fn the_first_batch_of_a_transaction_needs_its_guard_and_uses_it_up() {
    let mut manager = manager();
    assert_eq!(refuse(&mut manager, &TXN.bytes(), &CLIENT), "InvalidTxnStateException");
    let coordinator = AppendTerms { origin: AppendOrigin::Coordinator, ..CLIENT };
    assert_eq!(refuse(&mut manager, &TXN.bytes(), &coordinator), "InvalidTxnStateException");
    let guard = start(&mut manager, 0, 0, false);
    assert_eq!(start(&mut manager, 0, 0, false), guard, "asked for again");
    assert_eq!(refuse(&mut manager, &TXN.bytes(), &CLIENT), "InvalidTxnStateException");
    accept(&mut manager, &TXN.bytes(), &with(guard));
    assert_eq!(manager.verification_guard(PID), VerificationGuard::SENTINEL);
    // Further batches need none, and none is handed out while the transaction runs.
    accept(&mut manager, &Data { sequence: 1, offset: 1, ..TXN }.bytes(), &CLIENT);
    assert_eq!(start(&mut manager, 2, 0, false), VerificationGuard::SENTINEL);
}

#[test]
fn a_plain_batch_and_a_follower_need_no_guard() {
    let mut manager = manager();
    accept(&mut manager, &DATA.bytes(), &CLIENT);
    accept(&mut manager, &Data { sequence: 1, offset: 1, ..TXN }.bytes(), &AppendTerms::REPLICATION);
    let config = ProducerStateConfig { verification_enabled: false, ..CONFIG };
    manager.set_config(config);
    accept(&mut manager, &Data { producer_id: 2, offset: 2, ..TXN }.bytes(), &CLIENT);
}

#[test]
fn a_marker_in_between_takes_the_guard_away() {
    let mut manager = manager();
    let guard = start(&mut manager, 0, 0, false);
    accept(&mut manager, &ABORT.bytes(), &COORDINATOR);
    let late = Data { offset: 1, ..TXN };
    assert_eq!(refuse(&mut manager, &late.bytes(), &with(guard)), "InvalidTxnStateException");
    assert_ne!(start(&mut manager, 0, 0, false), guard);
}

#[test]
fn with_version_2_the_marker_of_the_transaction_before_leaves_the_guard_alone() {
    let mut manager = manager();
    accept(&mut manager, &TXN.bytes(), &AppendTerms::REPLICATION);
    let guard = start(&mut manager, 0, 1, true);
    let v2 = AppendTerms { transaction_version: 2, ..COORDINATOR };
    accept(&mut manager, &Marker { epoch: 1, offset: 1, ..COMMIT }.bytes(), &v2);
    accept(&mut manager, &Data { epoch: 1, offset: 2, ..TXN }.bytes(), &with(guard));
    // A marker of another epoch does take it away.
    accept(&mut manager, &Marker { epoch: 2, offset: 3, ..COMMIT }.bytes(), &v2);
    start(&mut manager, 0, 3, true);
    accept(&mut manager, &Marker { epoch: 2, offset: 4, ..COMMIT }.bytes(), &v2);
    assert_eq!(manager.verification_guard(PID), VerificationGuard::SENTINEL);
}

#[test]
fn nothing_gets_in_before_the_lowest_sequence_that_was_seen() {
    let mut manager = manager();
    let guard = start(&mut manager, 3, 0, false);
    start(&mut manager, 1, 0, false);
    start(&mut manager, 5, 0, false);
    let higher = Data { sequence: 3, ..TXN };
    assert_eq!(refuse(&mut manager, &higher.bytes(), &with(guard)), "OutOfOrderSequenceException");
    assert_eq!(manager.verification_guard(PID), guard, "a refused batch does not use it up");
    // A higher epoch starts again, a lower one not at all.
    start(&mut manager, 4, 2, false);
    start(&mut manager, 0, 1, false);
    accept(&mut manager, &Data { epoch: 2, sequence: 4, ..TXN }.bytes(), &with(guard));
}

#[test]
fn with_version_2_an_unknown_producer_starts_with_zero() {
    let mut manager = manager();
    let guard = start(&mut manager, 2, 0, true);
    assert_eq!(refuse(&mut manager, &Data { sequence: 2, ..TXN }.bytes(), &with(guard)), "OutOfOrderSequenceException");
    start(&mut manager, 0, 0, true);
    accept(&mut manager, &TXN.bytes(), &with(guard));
}

#[test]
fn an_old_epoch_is_told_so_before_anything_else() {
    let mut manager = manager();
    accept(&mut manager, &Data { epoch: 5, ..DATA }.bytes(), &CLIENT);
    let error = manager.maybe_start_transaction_verification(PID, 0, 4, true, 0).unwrap_err();
    assert_eq!(error.exception(), "InvalidProducerEpochException");
    let old = Data { epoch: 4, offset: 1, ..TXN };
    assert_eq!(refuse(&mut manager, &old.bytes(), &CLIENT), "InvalidProducerEpochException");
}

#[test]
fn the_second_batch_of_an_append_that_starts_a_transaction_finds_the_guard_gone() {
    let mut manager = manager();
    let guard = start(&mut manager, 0, 0, false);
    let terms = AppendTerms { origin: AppendOrigin::Coordinator, ..with(guard) };
    let mut appends = ProducerAppends::new();
    check(&mut manager, &TXN.bytes(), &terms, &mut appends).unwrap();
    let second = Data { sequence: 1, offset: 1, ..TXN };
    let error = check(&mut manager, &second.bytes(), &terms, &mut appends).unwrap_err();
    assert_eq!(error.exception(), "InvalidTxnStateException");
}

#[test]
fn verifications_expire_and_can_be_cleared() {
    let mut manager = manager();
    let guard = manager.maybe_start_transaction_verification(PID, 0, 0, false, 500).unwrap();
    manager.remove_expired(1499);
    assert_eq!(manager.verification_guard(PID), guard);
    manager.remove_expired(1500);
    assert_eq!(manager.verification_guard(PID), VerificationGuard::SENTINEL);
    start(&mut manager, 0, 0, false);
    manager.clear_verification(PID);
    assert_eq!(manager.verification_guard(PID), VerificationGuard::SENTINEL);
}
