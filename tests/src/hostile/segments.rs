//! The walk through the batches of a file: on several threads the same as batch after batch.

use std::ops::ControlFlow;
use std::sync::Mutex;

use kafka_log::segment::batch::RawBatch;
use kafka_log::segment::scan::{BatchWorker, ScanEnd, Turn, scan};

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
