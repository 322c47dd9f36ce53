//! Ways through the batches of a file: each finds what one finds batch after batch.

use std::ops::ControlFlow;
use std::sync::Mutex;

use kafka_log::segment::batch::RawBatch;
use kafka_log::segment::chain::{Chain, HeaderReader};
use kafka_log::segment::resync::{Resync, Step};
use kafka_log::segment::scan::{BatchWorker, ScanEnd, Turn, scan};

use super::Dice;

struct Collector<'c> {
    own: Vec<u64>,
    all: &'c Mutex<Vec<u64>>,
}

impl BatchWorker for Collector<'_> {
    fn batch(&mut self, batch: &RawBatch<'_>, _: &mut Turn<'_>) -> ControlFlow<()> {
        let _ = (batch.header(), batch.parse());
        self.own.push(batch.position);
        ControlFlow::Continue(())
    }

    fn window_done(&mut self) -> ControlFlow<()> {
        self.all.lock().expect("no thread panicked").append(&mut self.own);
        ControlFlow::Continue(())
    }
}

pub(super) fn segment_scan(bytes: &[u8]) {
    let want: Vec<u64> = crate::rewrite::batches(bytes).map(|batch| batch.position).collect();
    for threads in [1, 2] {
        let all = Mutex::new(Vec::new());
        let mut workers: Vec<_> = (0..threads).map(|_| Collector { own: Vec::new(), all: &all }).collect();
        let len = bytes.len() as u64;
        let scanned = scan(bytes, 0..len, len, &mut workers).expect("nobody broke it off");
        drop(workers);
        let found = all.into_inner().expect("no thread panicked");
        assert_eq!(found, want, "{threads} threads");
        let left = &bytes[usize::try_from(scanned.position).expect("inside of the bytes")..];
        match scanned.end {
            ScanEnd::NoMoreBatches => assert!(matches!(RawBatch::split_first(left, 0), Ok(None)) || left.len() <= 17),
            ScanEnd::Corrupt(error) => assert_eq!(error.at, scanned.position + 8),
            other => panic!("{other:?}"),
        }
    }
}

/// Searches by headers alone answer as a search through all batches does.
pub(super) fn chain(bytes: &[u8]) {
    let mut dice = Dice(bytes);
    let (target, position) = (i64::from_be_bytes(dice.array()), u64::from(u16::from_be_bytes(dice.array())));
    let bytes = dice.0;
    let mut reader = HeaderReader::new(bytes, bytes.len() as u64);
    let mut places = Vec::new();
    let mut end = 0;
    while let Ok(place) = reader.batch_at(end, bytes.len() as u64) {
        assert_eq!(place.position, end);
        end += place.size;
        places.push(place);
        let mut buffer = Vec::new();
        let read = reader.read_batch(&place, &mut buffer).expect("it is inside of the bytes");
        assert_eq!(read.as_bytes().len() as u64, place.size);
    }
    let chain = Chain::walk(&mut reader).expect("bytes in memory can be read");
    assert_eq!(chain.end, end);
    let from = places.iter().find(|place| place.position >= position);
    let start = from.map_or(end, |place| place.position);
    assert_eq!(chain.first_at_or_after(&mut reader, position).expect("readable"), start);
    for target in [target, 0, i64::MIN, i64::MAX, places.last().and_then(|p| p.last_offset.ok()).unwrap_or(5)] {
        let reaches = |offset: &i64| *offset >= target;
        let want = places.iter().find(|p| p.position >= start && p.last_offset.as_ref().map_or(true, reaches));
        assert_eq!(chain.find(&mut reader, start, target).expect("readable").as_ref(), want, "{target}");
    }
}

/// The way through damage covers each byte once, in order, and ends; batches it trusts can be trusted.
pub(super) fn resync(bytes: &[u8]) {
    let len = bytes.len() as u64;
    let mut resync = Resync::new(bytes, 0..len, 0..=i64::from(i32::MAX), None);
    let mut at = 0;
    let mut was_unreadable = false;
    while let Some(step) = resync.step().expect("bytes in memory can be read") {
        let is_unreadable = matches!(step, Step::Unreadable(_));
        let end = match step {
            Step::Batch(batch) => {
                let from = usize::try_from(at).expect("inside of the bytes");
                assert_eq!(batch.as_bytes(), &bytes[from..from + batch.as_bytes().len()]);
                trusted(&batch, at)
            }
            Step::WrongLength { batch, found } => {
                assert_ne!(batch.overhead.length, found);
                trusted(&batch, at)
            }
            Step::Damaged(batch) => {
                assert_eq!(batch.position, at);
                at + batch.overhead.size() as u64
            }
            Step::Unreadable(found) => {
                assert!(!was_unreadable && found.bytes.start == at && found.error.at >= at, "{found:?}");
                found.bytes.end
            }
            other => panic!("{other:?}"),
        };
        assert!(end > at && end <= len);
        was_unreadable = is_unreadable;
        at = end;
        assert_eq!(resync.position(), at);
    }
    assert_eq!(at, len);
}

/// The end of a batch whose checksum holds.
fn trusted(batch: &RawBatch<'_>, at: u64) -> u64 {
    assert_eq!(batch.position, at);
    assert!(batch.is_valid());
    at + batch.overhead.size() as u64
}
