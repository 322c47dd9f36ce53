//! `--resync`: from a damaged batch to where the file can be read as usual again.

use std::ops::{ControlFlow, Range};

use kafka_log::segment::resync::{Resync, Step, Unreadable};
use kafka_log::segment::scan::{BatchWorker, Turn};

use super::batch_findings::of_step;
use super::error::{DumpError, OrStopped};
use super::log_context::Shared;
use super::log_worker::LogWorker;
use super::printer::Printer;
use super::source::Source;

/// Undamaged bytes in a row from which on several threads are worth their start again.
const GOOD_BYTES: u64 = 4 * 1024 * 1024;

/// Prints the batches in `range`, which begins with damage, up to the end or to where no more damage is near; returns the
/// position there, or `Break` where everything that was requested is printed. Where the range `is_cut` from a longer file,
/// a batch that runs past its end is no damage. `resync` walks through a range with the same end.
pub(super) fn over_damage<P: Printer>(
    worker: &mut LogWorker<'_, '_, P>,
    shared: &Shared<'_>,
    resync: &mut Resync<'_, Source<'_>>,
    range: Range<u64>,
    is_cut: bool,
) -> Result<ControlFlow<(), u64>, DumpError> {
    resync.resume(range.start, shared.joined(|joined| joined.last_offset));
    let mut turn = Turn::alone();
    let mut damage_end = range.start;
    loop {
        let step = resync.step()?;
        let is_batch = matches!(step, Some(Step::Batch(_)));
        let is_beyond = |found: &Unreadable| is_cut && found.bytes.end == range.end;
        let found = step.as_ref().filter(|step| !matches!(step, Step::Unreadable(found) if is_beyond(found)));
        if let Some(finding) = found.and_then(|step| of_step(shared.log, step, range.end)) {
            worker.report(&finding, &mut turn)?;
        }
        let flow = match step {
            None => break,
            Some(Step::Batch(batch) | Step::Damaged(batch) | Step::WrongLength { batch, .. }) => {
                worker.dump_readable(&batch, &mut turn)?
            }
            Some(_) => ControlFlow::Continue(()),
        };
        if flow.is_break() {
            worker.window_done().or_stopped()?;
            return Ok(ControlFlow::Break(()));
        }
        if !is_batch {
            damage_end = resync.position();
        } else if resync.position() - damage_end >= GOOD_BYTES {
            break;
        }
    }
    worker.window_done().or_stopped()?;
    Ok(ControlFlow::Continue(resync.position()))
}
