//! What the threads that read a segment do with each batch, and how their results meet in file order.

use std::ops::ControlFlow;
use std::sync::{Mutex, PoisonError};

use super::deciders::Deciders;
use super::gather::Gather;
use crate::audit::batch::{BatchSummary, Summarizer};
use crate::segment::batch::RawBatch;
use crate::segment::scan::{BatchWorker, Turn};

/// Where the threads hand over.
pub(super) type Shared<'w, 'o> = Mutex<(&'w mut Gather, &'w mut Deciders<'o>)>;

/// One thread of a scan.
pub(super) struct Worker<'w, 'o> {
    summarizer: Summarizer,
    batches: Vec<BatchSummary>,
    shared: &'w Shared<'w, 'o>,
}

impl<'w, 'o> Worker<'w, 'o> {
    pub(super) fn new(summarizer: Summarizer, shared: &'w Shared<'w, 'o>) -> Self {
        Worker { summarizer, batches: Vec::new(), shared }
    }

    fn hand_over(&mut self) {
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        let (gather, deciders) = &mut *shared;
        gather.take(&mut self.batches, deciders);
    }
}

impl BatchWorker for Worker<'_, '_> {
    fn batch(&mut self, batch: &RawBatch<'_>, turn: &mut Turn<'_>) -> ControlFlow<()> {
        match self.summarizer.summarize(batch) {
            Some(summary) => {
                self.batches.push(summary);
                ControlFlow::Continue(())
            }
            // The closer look goes on from here.
            None => {
                turn.wait()?;
                self.hand_over();
                ControlFlow::Break(())
            }
        }
    }

    fn window_done(&mut self) -> ControlFlow<()> {
        self.hand_over();
        ControlFlow::Continue(())
    }
}
