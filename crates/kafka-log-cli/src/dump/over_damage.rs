//! `--resync`: from a damaged batch to where the file can be read as usual again.

use std::ops::{ControlFlow, Range};

use kafka_log::segment::resync::{Resync, Step, Unreadable};
use kafka_log::segment::scan::{BatchWorker, Turn};

use super::error::{DumpError, OrStopped};
use super::finding::Finding;
use super::log_lines::checksum_mismatch;
use super::log_worker::{LogWorker, Shared};
use super::printer::Printer;
use super::source::Source;

/// Undamaged bytes in a row from which on several threads are worth their start again.
const GOOD_BYTES: u64 = 4 * 1024 * 1024;

/// Prints the batches in `range`, which begins with damage, up to the end or to where no more damage is near; gives the
/// position there, or `Break` where everything that was asked for is printed. Where the range `is_cut` from a longer file,
/// a batch that runs past its end is no damage. `resync` walks through a range with the same end.
pub(super) fn over_damage<P: Printer>(
    worker: &mut LogWorker<'_, '_, P>,
    shared: &Shared<'_>,
    resync: &mut Resync<'_, Source<'_>>,
    range: Range<u64>,
    is_cut: bool,
) -> Result<ControlFlow<(), u64>, DumpError> {
    let log = shared.log;
    resync.resume(range.start, shared.joined(|joined| joined.last_offset));
    let mut turn = Turn::alone();
    let mut damage_end = range.start;
    loop {
        let step = resync.step()?;
        let is_batch = matches!(step, Some(Step::Batch(_)));
        let flow = match step {
            None => break,
            Some(Step::Batch(batch)) => worker.dump_readable(&batch, &mut turn)?,
            Some(Step::Damaged(batch)) => {
                worker.report(checksum_mismatch(log.shown, &batch), &mut turn)?;
                worker.dump_readable(&batch, &mut turn)?
            }
            Some(Step::WrongLength { batch, found }) => {
                let length = batch.overhead.length;
                let message = format!("expected {length} as its length, for which the checksum holds, found {found}");
                let finding = Finding::error("wrong-length", log.shown, message);
                let finding = finding.at(batch.position).bytes(batch.as_bytes().len() as u64);
                worker.report(finding.offsets(super::log_worker::offsets(&batch)), &mut turn)?;
                worker.dump_readable(&batch, &mut turn)?
            }
            Some(Step::Unreadable(found)) => {
                if !(is_cut && found.bytes.end == range.end) {
                    worker.report(unreadable(log.shown, &found), &mut turn)?;
                }
                ControlFlow::Continue(())
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

fn unreadable<'f>(file: &'f str, found: &Unreadable) -> Finding<'f> {
    let bytes = found.bytes.end - found.bytes.start;
    let finding = match (found.is_zero, found.offsets) {
        (true, None | Some((_, None))) => {
            Finding::warning("zero-padding", file, "expected a batch, found nothing but zeros")
        }
        (_, Some((first, None))) => {
            let message = format!("{}; offsets from {first} on may be missing", found.error);
            Finding::error("unreadable-bytes", file, message)
        }
        _ => Finding::error("unreadable-bytes", file, found.error.to_string()),
    };
    let missing = found.offsets.and_then(|(first, last)| Some((first, last?)));
    finding.at(found.bytes.start).bytes(bytes).offsets(missing)
}
