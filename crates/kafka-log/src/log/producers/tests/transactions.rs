use super::*;

const REPLICATION: AppendTerms = AppendTerms::REPLICATION;

fn begin(manager: &mut ProducerStateManager, producer_id: i64, offset: i64) {
    accept(manager, &Data { producer_id, offset, sequence: -1, ..TXN }.bytes(), &REPLICATION);
}

fn end(manager: &mut ProducerStateManager, producer_id: i64, offset: i64) -> (CompletedTxn, i64) {
    let completed = accept(manager, &Marker { producer_id, offset, ..ABORT }.bytes(), &REPLICATION);
    completed[0]
}

fn first_unstable(manager: &ProducerStateManager) -> Option<i64> {
    manager.first_unstable_offset().map(|offset| offset.message_offset)
}

#[test]
fn the_first_unstable_offset_waits_for_the_high_watermark_to_pass_the_marker() {
    let mut manager = manager();
    begin(&mut manager, 1, 99);
    assert_eq!(manager.first_unstable_offset(), Some(LogOffsetMetadata::at(99, 0, 7)));
    end(&mut manager, 1, 105);
    assert_eq!((first_unstable(&manager), manager.first_undecided_offset()), (Some(99), None));
    manager.on_high_watermark_updated(105);
    assert_eq!(manager.first_unstable_offset(), Some(LogOffsetMetadata::at(99, 0, 7)));
    manager.on_high_watermark_updated(106);
    assert_eq!(first_unstable(&manager), None);
}

#[test]
fn the_oldest_transaction_counts_whether_open_or_not_yet_replicated() {
    let mut manager = manager();
    begin(&mut manager, 1, 10);
    begin(&mut manager, 2, 20);
    begin(&mut manager, 3, 30);
    assert_eq!(end(&mut manager, 2, 40).1, 10, "the oldest other one");
    assert_eq!(first_unstable(&manager), Some(10));
    assert_eq!(end(&mut manager, 1, 50).1, 30);
    assert_eq!((first_unstable(&manager), manager.first_undecided_offset()), (Some(10), Some(30)));
    manager.on_high_watermark_updated(45);
    assert_eq!(first_unstable(&manager), Some(10), "20 went, 10 stays");
    manager.on_high_watermark_updated(51);
    assert_eq!(first_unstable(&manager), Some(30));
    assert_eq!(end(&mut manager, 3, 60).1, 61, "no other is open");
}

#[test]
fn a_plain_batch_while_a_transaction_runs_is_refused_whoever_sends_it() {
    for terms in [CLIENT, COORDINATOR, REPLICATION] {
        let mut manager = manager();
        begin(&mut manager, PID, 0);
        let plain = Data { sequence: 0, offset: 1, ..DATA };
        assert_eq!(refuse(&mut manager, &plain.bytes(), &terms), "InvalidTxnStateException");
    }
}

#[test]
fn a_transaction_goes_on_and_keeps_its_first_offset() {
    let mut manager = manager();
    begin(&mut manager, PID, 5);
    accept(&mut manager, &Data { offset: 6, sequence: 0, ..TXN }.bytes(), &REPLICATION);
    assert_eq!(state(&manager).current_txn_first_offset(), Some(5));
    assert!(manager.has_ongoing_transaction(PID, 0));
    assert!(!manager.has_ongoing_transaction(PID, 1));
}

#[test]
fn completing_what_was_never_begun_is_an_error() {
    let mut manager = manager();
    let txn = CompletedTxn { producer_id: 1, first_offset: 2, last_offset: 3, is_aborted: false };
    assert_eq!(manager.complete_txn(&txn).unwrap_err().exception(), "IllegalArgumentException");
}

#[test]
fn a_raised_log_start_lets_go_of_finished_transactions_below_it() {
    let mut manager = manager();
    begin(&mut manager, 1, 10);
    end(&mut manager, 1, 15);
    begin(&mut manager, 2, 20);
    manager.on_log_start_offset_incremented(15);
    assert_eq!(first_unstable(&manager), Some(10));
    manager.on_log_start_offset_incremented(16);
    assert_eq!(first_unstable(&manager), Some(20), "an open one stays");
    assert_eq!((manager.map_end_offset(), manager.producer_id_count()), (21, 2));
    manager.on_log_start_offset_incremented(40);
    assert_eq!(manager.map_end_offset(), 40);
}

#[test]
fn a_transaction_is_late_five_minutes_after_its_longest_time() {
    let mut manager = manager();
    assert!(!manager.has_late_transaction(i64::MAX));
    accept(&mut manager, &Data { producer_id: 1, offset: 0, timestamp: 1000, ..TXN }.bytes(), &REPLICATION);
    accept(&mut manager, &Data { producer_id: 2, offset: 1, timestamp: 10, ..TXN }.bytes(), &REPLICATION);
    let limit = 1000 + 5000 + LATE_TRANSACTION_BUFFER_MS;
    assert!(!manager.has_late_transaction(limit));
    assert!(manager.has_late_transaction(limit + 1));
    accept(
        &mut manager,
        &Data { producer_id: 1, offset: 2, timestamp: 2000, sequence: 1, ..TXN }.bytes(),
        &REPLICATION,
    );
    assert!(!manager.has_late_transaction(limit + 1));
    end(&mut manager, 1, 3);
    assert_eq!(manager.oldest_txn_last_timestamp(), 10);
    end(&mut manager, 2, 4);
    assert_eq!(manager.oldest_txn_last_timestamp(), -1);
}

#[test]
fn a_replay_ends_transactions_batch_by_batch() {
    let mut manager = manager();
    let mut appends = ProducerAppends::new();
    let mut replay = |bytes: &[u8]| {
        let batch = RecordBatch::parse(bytes).unwrap();
        manager.replay(&batch.header(), EndTransaction::read(&batch).unwrap(), &mut appends).unwrap()
    };
    assert_eq!(replay(&Data { producer_id: 1, offset: 3, ..TXN }.bytes()), None);
    assert_eq!(replay(&Data { producer_id: 2, offset: 4, ..TXN }.bytes()), None);
    let txn = CompletedTxn { producer_id: 2, first_offset: 4, last_offset: 5, is_aborted: true };
    assert_eq!(replay(&Marker { producer_id: 2, offset: 5, ..ABORT }.bytes()), Some((txn, 3)));
    assert_eq!(replay(&Data { producer_id: -1, offset: 6, count: 4, ..DATA }.bytes()), None);
    assert_eq!((manager.map_end_offset(), first_unstable(&manager)), (10, Some(3)));
}
