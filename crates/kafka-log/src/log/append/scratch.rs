//! Buffers that appends use again.

use std::cell::Cell;

use super::analyze::BatchHead;
use super::group::Answer;
use crate::log::producers::ProducerAppends;
use crate::log::validate::ValidationScratch;
use crate::segment::log_segment::IndexedBatch;

thread_local! {
    /// Buffers of the appends of a thread: there are fewer threads than logs, and no lock to take.
    static SCRATCH: Cell<Option<Box<Scratch>>> = const { Cell::new(None) };
}

/// Buffers of an append.
#[derive(Default)]
pub(super) struct Scratch {
    pub(super) validation: ValidationScratch,
    pub(super) producers: ProducerAppends,
    pub(super) staging: Staging,
    pub(super) heads: Vec<BatchHead>,
    /// Place for the answers of a group.
    pub(super) answers: Vec<Answer>,
}

pub(super) fn with_scratch<T>(work: impl FnOnce(&mut Scratch) -> T) -> T {
    let mut scratch = SCRATCH.take().unwrap_or_default();
    let result = work(&mut scratch);
    SCRATCH.set(Some(scratch));
    result
}

/// Batches that are decided but not written.
#[derive(Default)]
pub(super) struct Staging {
    pub(super) bytes: Vec<u8>,
    pub(super) batches: Vec<IndexedBatch>,
    /// Offset after the last of them.
    pub(super) end_offset: i64,
    /// Whose answers wait for the write.
    pub(super) waiting: Vec<usize>,
}
