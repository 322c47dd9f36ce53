//! Indexes and producer snapshots: whatever the bytes, look-ups end and give what is there; what Kafka's rules permit to
//! append is read again.

use kafka_log::format::FormatError;
use kafka_log::format::offset_index::{OffsetIndex, OffsetIndexAppender};
use kafka_log::format::producer_snapshot::{ProducerSnapshot, write_producer_snapshot};
use kafka_log::format::time_index::{TimeIndex, TimeIndexAppender};
use kafka_log::format::transaction_index::{TransactionIndex, TransactionIndexAppender};

use super::Dice;

/// Numbers worth asking for: those at the ends of their ranges, and one of the input.
fn targets(dice: &mut Dice<'_>) -> [i64; 6] {
    [i64::MIN, -1, 0, i64::from(i32::MAX), i64::MAX, i64::from_be_bytes(dice.array())]
}

/// A base offset that leaves room for an int32 after it, in either sign; at the very ends Kafka's sums wrap around.
fn base_offset(dice: &mut Dice<'_>) -> i64 {
    i64::from_be_bytes(dice.array()) >> 1
}

pub(super) fn offset_index(bytes: &[u8]) {
    let mut dice = Dice(bytes);
    let (targets, base_offset) = (targets(&mut dice), base_offset(&mut dice));
    let index = OffsetIndex::new(base_offset, dice.0);
    let all: Vec<_> = index.iter().collect();
    assert_eq!((all.len(), index.entries()), (dice.0.len() / 8, dice.0.len() / 8));
    assert_eq!(index.entry(all.len()), None);
    let rises = all.windows(2).all(|pair| pair[0].offset < pair[1].offset);
    for target in targets {
        let found = index.lookup(target);
        if rises {
            let want = all.iter().rev().find(|entry| entry.offset <= target);
            assert_eq!(want.map_or((base_offset, 0), |e| (e.offset, e.position)), (found.offset, found.position));
        }
        assert!(index.entries_below(target) <= all.len());
        let _ = index.fetch_upper_bound(target as i32, (target >> 32) as i32);
    }
    let _ = index.sanity_check(dice.0.len() as u64);
    let mut appender = OffsetIndexAppender::new(OffsetIndex::new(base_offset, &[]), dice.0.len());
    let mut out = Vec::new();
    let kept: Vec<_> = all.iter().filter(|e| appender.append(e.offset, e.position, &mut out).is_ok()).collect();
    let read = OffsetIndex::new(base_offset, &out);
    assert!(read.iter().eq(kept.into_iter().copied()));
    assert_eq!(read.sanity_check(out.len() as u64), Ok(()));
}

pub(super) fn time_index(bytes: &[u8]) {
    let mut dice = Dice(bytes);
    let (targets, base_offset) = (targets(&mut dice), base_offset(&mut dice));
    let index = TimeIndex::new(base_offset, dice.0);
    let all: Vec<_> = index.iter().collect();
    assert_eq!((all.len(), index.entries()), (dice.0.len() / 12, dice.0.len() / 12));
    let rises = all.windows(2).all(|pair| pair[0].timestamp < pair[1].timestamp);
    for target in targets {
        let found = index.lookup(target);
        if let Some(want) = all.iter().rev().find(|entry| entry.timestamp <= target).filter(|_| rises) {
            assert_eq!((want.timestamp, want.offset), (found.timestamp, found.offset));
        }
        assert!(index.entries_below(target) <= all.len());
    }
    let _ = index.sanity_check(dice.0.len() as u64);
    let mut appender = TimeIndexAppender::new(TimeIndex::new(base_offset, &[]), dice.0.len());
    let mut out = Vec::new();
    let kept: Vec<_> =
        all.iter().filter(|e| appender.maybe_append(e.timestamp, e.offset, true, &mut out) == Ok(true)).collect();
    let read = TimeIndex::new(base_offset, &out);
    assert!(read.iter().eq(kept.into_iter().copied()));
    assert_eq!(read.sanity_check(out.len() as u64), Ok(()));
}

pub(super) fn transaction_index(bytes: &[u8]) {
    let mut dice = Dice(bytes);
    let [.., target] = targets(&mut dice);
    let index = TransactionIndex::new(dice.0);
    let all: Result<Vec<_>, FormatError> = index.iter().collect();
    let _ = (index.collect_aborted_txns(0, target), index.truncation_slot(target), index.sanity_check(target));
    if let Err(error) = all {
        assert!(error.at < dice.0.len() as u64, "{error}");
        return;
    }
    let (mut appender, mut out) = (TransactionIndexAppender::default(), Vec::new());
    let entries = all.expect("checked before");
    let kept: Vec<_> = entries.iter().map(|e| e.txn).filter(|&txn| appender.append(txn, &mut out).is_ok()).collect();
    let read = TransactionIndex::new(&out);
    assert!(read.iter().map(|entry| entry.map(|e| e.txn)).eq(kept.into_iter().map(Ok)));
}

pub(super) fn producer_snapshot(bytes: &[u8]) {
    match ProducerSnapshot::read(bytes) {
        Ok(snapshot) => {
            let _ = snapshot.iter().map(|entry| (entry.batch(), entry.open_txn_first_offset())).last();
            let mut out = Vec::new();
            write_producer_snapshot(snapshot.iter(), &mut out);
            let again = ProducerSnapshot::read(&out).expect("what was written can be read");
            assert!(again.iter().eq(snapshot.iter()));
        }
        Err(error) => {
            let error = FormatError::from(error);
            assert!(error.at <= bytes.len() as u64 && !error.to_string().is_empty());
        }
    }
    // The same with a checksum that holds, so that what is behind it is reached.
    if let Some(covered) = bytes.get(6..).filter(|_| bytes.len() < 1 << 16) {
        let mut mended = bytes.to_vec();
        mended[2..6].copy_from_slice(&crc32c::crc32c(covered).to_be_bytes());
        if let Ok(snapshot) = ProducerSnapshot::read(&mended) {
            assert!(snapshot.len() <= bytes.len());
            let _ = snapshot.iter().map(|entry| entry.batch()).last();
        }
    }
}
