//! What the threads that read a segment do with each batch, and how their results meet in file order.

use std::ops::ControlFlow;
use std::sync::{Mutex, PoisonError};

use super::ordered::Ordered;
use super::seen::Seen;
use super::{header, records};
use crate::compression::Decompressor;
use crate::segment::batch::{Batch, RawBatch};
use crate::segment::scan::{BatchWorker, Turn};
use crate::verify::report::Level;

/// Turns batches into what is remembered of them.
pub(super) struct Judge {
    level: Level,
    decompressor: Decompressor,
}

impl Judge {
    pub(super) fn new(level: Level, decompressed_max: usize) -> Self {
        Judge { level, decompressor: Decompressor::new(decompressed_max) }
    }

    /// A batch whose shape is right and whose checksum holds; `None` for another.
    #[inline]
    pub(super) fn judge(&mut self, raw: &RawBatch<'_>) -> Option<Seen> {
        let batch = raw.parse().ok()?;
        let is_valid = match &batch {
            Batch::Default(batch) => batch.is_valid(),
            Batch::Legacy(message) => message.is_valid(),
        };
        is_valid.then(|| self.judge_valid(raw, &batch))
    }

    /// A batch whose checksum is known to hold.
    #[inline]
    pub(super) fn judge_valid(&mut self, raw: &RawBatch<'_>, batch: &Batch<'_>) -> Seen {
        let mut seen = Seen::of(raw, batch);
        header::check(&mut seen);
        if let (Batch::Default(batch), true) = (batch, seen.attributes.is_control()) {
            records::check_control(&mut seen, batch, &mut self.decompressor);
        } else if self.level == Level::Deep && !has_loss(&seen) {
            records::check(&mut seen, batch, &mut self.decompressor);
        }
        seen
    }
}

fn has_loss(seen: &Seen) -> bool {
    seen.problems.iter().any(|problem| problem.is_loss)
}

/// One thread of a scan.
pub(super) struct Worker<'w, 'o> {
    judge: Judge,
    seen: Vec<Seen>,
    ordered: &'w Mutex<&'w mut Ordered<'o>>,
}

impl<'w, 'o> Worker<'w, 'o> {
    pub(super) fn new(judge: Judge, ordered: &'w Mutex<&'w mut Ordered<'o>>) -> Self {
        Worker { judge, seen: Vec::new(), ordered }
    }

    fn hand_over(&mut self) {
        let mut ordered = self.ordered.lock().unwrap_or_else(PoisonError::into_inner);
        ordered.batches(&mut self.seen);
    }
}

impl BatchWorker for Worker<'_, '_> {
    fn batch(&mut self, batch: &RawBatch<'_>, turn: &mut Turn<'_>) -> ControlFlow<()> {
        match self.judge.judge(batch) {
            Some(seen) => {
                self.seen.push(seen);
                ControlFlow::Continue(())
            }
            // From here on somebody looks closer, who finds the way.
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
