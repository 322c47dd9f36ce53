//! Partitions of a transaction: added, verified, listed, described.

use super::super::Filter;
use super::*;

#[test]
fn a_transaction_opens_with_its_first_partition() {
    let world = world(2);
    let producer = world.init(None, 0).unwrap();
    world.add(producer, "a", 0, 7).unwrap();
    world.add(producer, "b", 0, 9).unwrap();
    let described = world.describe();
    assert_eq!(described.transaction_state, "Ongoing");
    assert_eq!((described.producer_id, described.producer_epoch), producer);
    assert_eq!((described.transaction_timeout_ms, described.transaction_start_time_ms), (60_000, 7));
    assert!(described.topics.iter().map(|topic| topic.topic.as_ref()).eq(["a", "b"]));
}

#[test]
fn a_partition_that_is_there_is_not_written_again() {
    let world = world(2);
    let producer = world.init(None, 0).unwrap();
    world.add(producer, "a", 2, 1).unwrap();
    let count = || world.logs.borrow().iter().map(Vec::len).sum::<usize>();
    let before = count();
    world.add(producer, "a", 2, 2).unwrap();
    assert_eq!(count(), before);
}

#[test]
fn only_the_producer_of_a_transaction_adds_to_it() {
    let world = world(2);
    assert_eq!(world.add((100, 0), "a", 2, 0), Err(ErrorCode::InvalidProducerIdMapping));
    let (id, epoch) = world.init(None, 0).unwrap();
    assert_eq!(world.add((id + 1, epoch), "a", 2, 0), Err(ErrorCode::InvalidProducerIdMapping));
    assert_eq!(world.add((id, epoch + 1), "a", 2, 0), Err(ErrorCode::ProducerFenced));
}

#[test]
fn records_are_verified_against_the_open_transaction() {
    let world = world(2);
    assert_eq!(world.verify((100, 0), "a"), Err(ErrorCode::InvalidProducerIdMapping));
    let (id, epoch) = world.init(None, 0).unwrap();
    world.add((id, epoch), "a", 0, 1).unwrap();
    assert_eq!(world.verify((id, epoch), "a"), Ok(()));
    assert_eq!(world.verify((id, epoch), "b"), Err(ErrorCode::TransactionAbortable));
    assert_eq!(world.verify((id + 1, epoch), "a"), Err(ErrorCode::InvalidProducerIdMapping));
    assert_eq!(world.verify((id, epoch + 1), "a"), Err(ErrorCode::ProducerFenced));
    world.end((id, epoch), true, 0).unwrap();
    assert_eq!(world.verify((id, epoch), "a"), Err(ErrorCode::TransactionAbortable));
}

#[test]
fn transactions_are_listed_by_state_producer_age_and_pattern() {
    let world = world(2);
    let producer = world.init(None, 0).unwrap();
    world.add(producer, "a", 2, 1_000).unwrap();
    let listed = |filter: Filter<'_>| world.coordinators.list(filter, 3_000);
    let count = |filter: Filter<'_>| listed(filter).transaction_states.len();
    assert_eq!(count(Filter::default()), 1);
    assert_eq!(count(Filter { states: &["Ongoing".into()], ..Filter::default() }), 1);
    assert_eq!(count(Filter { states: &["Empty".into()], ..Filter::default() }), 0);
    assert_eq!(count(Filter { producer_ids: &[100], ..Filter::default() }), 1);
    assert_eq!(count(Filter { producer_ids: &[101], ..Filter::default() }), 0);
    assert_eq!(count(Filter { longer_than_ms: Some(1_999), ..Filter::default() }), 1);
    assert_eq!(count(Filter { longer_than_ms: Some(2_000), ..Filter::default() }), 0);
    assert_eq!(count(Filter { pattern: Some("[s-u]"), ..Filter::default() }), 1);
    assert_eq!(count(Filter { pattern: Some("x|"), ..Filter::default() }), 0);
    assert_eq!(count(Filter { pattern: Some(""), ..Filter::default() }), 1);
    for pattern in ["(", "a)|(?:b"] {
        let refused = listed(Filter { pattern: Some(pattern), ..Filter::default() });
        assert_eq!(refused.error_code, ErrorCode::InvalidRegularExpression.code());
    }
    let names = ["Dead".into(), "PrepareEpochFence".into(), "Unheard".into()];
    assert_eq!(listed(Filter { states: &names, ..Filter::default() }).unknown_state_filters, ["Unheard"]);
}

#[test]
fn ids_that_cannot_be_described_have_their_reasons() {
    let world = world(2);
    let described = world.coordinators.describe(&["".into(), "none".into(), "none".into()]);
    let codes: Vec<_> = described.transaction_states.iter().map(|of| of.error_code).collect();
    assert_eq!(codes, [ErrorCode::InvalidRequest.code(), ErrorCode::TransactionalIdNotFound.code()]);
}
