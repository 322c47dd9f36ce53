//! One thread of the dump of a log.

use std::ops::ControlFlow;
use std::sync::PoisonError;

use kafka_log::audit::Finding;
use kafka_log::compression::Decompressor;
use kafka_log::segment::batch::RawBatch;
use kafka_log::segment::scan::{BatchWorker, Turn};

use super::batch_findings::{offset_out_of_range, offsets};
use super::error::{DumpError, OrStopped};
use super::filter::Verdict;
use super::gaps::Gaps;
use super::log_context::{Shared, WorkEnd, report};
use super::log_lines::LogLines;
use super::output::{Output, Sink};
use super::printer::Printer;

/// Bytes of a batch from which on its records are decompressed when its turn has come, into a buffer that all threads
/// share: there may be many times as many, and they should be in memory once.
const ONE_AT_A_TIME_FROM: usize = 1024 * 1024;

/// One thread of a dump.
pub(super) struct LogWorker<'s, 'd, P> {
    shared: &'d Shared<'d>,
    printer: P,
    decompressor: Decompressor,
    out: Output<'s>,
    /// Offsets of this window that do not follow one another.
    gaps: Gaps,
    last_offset: Option<i64>,
}

impl<'s, 'd, P: Printer> LogWorker<'s, 'd, P> {
    pub(super) fn new(shared: &'d Shared<'d>, printer: P, sink: &'s Sink<'s>) -> Self {
        let decompressor = Decompressor::new(shared.decompressed_bytes_max);
        LogWorker { shared, printer, decompressor, out: Output::new(sink), gaps: Gaps::default(), last_offset: None }
    }

    /// Prints a batch; `Break` where everything that was requested has been printed.
    pub(super) fn dump(&mut self, batch: &RawBatch<'_>, turn: &mut Turn<'_>) -> Result<ControlFlow<()>, DumpError> {
        let shared = self.shared;
        if shared.resync && !shared.log.may_hold(batch.overhead.offset) {
            self.report(&offset_out_of_range(shared.log, batch), turn)?;
        }
        let verdict = shared.selection.as_ref().map_or(Verdict::Fits, |selection| selection.batch(batch));
        match verdict {
            Verdict::Fits | Verdict::Look => {}
            Verdict::Past if !shared.resync && shared.log.may_hold(batch.overhead.offset) => {
                return Ok(ControlFlow::Break(()));
            }
            Verdict::Past | Verdict::Skip => return Ok(ControlFlow::Continue(())),
        }
        let LogWorker { printer, decompressor, out, gaps, .. } = self;
        let mut lines = LogLines { shared, printer, out, gaps, turn, batch: Some(batch) };
        let mut for_long_batches;
        let decompressor = if batch.as_bytes().len() > ONE_AT_A_TIME_FROM && (shared.deep || verdict == Verdict::Look) {
            lines.turn.wait().or_stopped()?;
            for_long_batches = shared.for_long_batches.lock().unwrap_or_else(PoisonError::into_inner);
            &mut *for_long_batches
        } else {
            decompressor
        };
        if !shared.deep {
            if verdict == Verdict::Look
                && shared.selection.is_some_and(|selection| !selection.may_mean_record_of(batch, decompressor))
            {
                return Ok(ControlFlow::Continue(()));
            }
            shared.wait_for_count(lines.turn)?;
            lines.batch()?;
            let flow = shared.count();
            lines.out.relieve(lines.turn).or_stopped()?;
            return Ok(flow);
        }
        if shared.selection.is_none() {
            lines.batch()?;
        }
        let dumped = lines.records(batch, decompressor);
        let is_about_bytes = dumped.as_ref().is_err_and(DumpError::is_about_bytes);
        if is_about_bytes || verdict == Verdict::Look && lines.batch.is_some() && !batch.is_valid() {
            // Nothing proves that no record is meant.
            shared.wait_for_count(lines.turn)?;
            lines.batch()?;
        }
        let flow = dumped?;
        lines.out.relieve(lines.turn).or_stopped()?;
        Ok(flow)
    }

    /// Reports a finding after everything printed before it.
    #[cold]
    pub(super) fn report(&mut self, finding: &Finding, turn: &mut Turn<'_>) -> Result<(), DumpError> {
        report(self.shared.findings, &mut self.out, turn, finding)
    }

    /// Prints as much of a batch as can be read, and reports the rest.
    pub(super) fn dump_readable(
        &mut self,
        batch: &RawBatch<'_>,
        turn: &mut Turn<'_>,
    ) -> Result<ControlFlow<()>, DumpError> {
        self.last_offset = offsets(batch).map(|(_, last)| last).or(self.last_offset);
        match self.dump(batch, turn) {
            Err(error) if error.is_about_bytes() => {
                self.out.end_line();
                if let Some(finding) = error.finding(self.shared.log.shown) {
                    let finding = finding.at(batch.position..batch.position + batch.as_bytes().len() as u64);
                    self.report(
                        &offsets(batch).map_or(finding.clone(), |(first, last)| finding.of(first, Some(last))),
                        turn,
                    )?;
                }
                Ok(ControlFlow::Continue(()))
            }
            dumped => dumped,
        }
    }

    /// Joins what this thread has found; it has the turn.
    pub(super) fn join(&mut self, end: WorkEnd) -> ControlFlow<()> {
        let end = if self.out.drain().is_break() { WorkEnd::Stopped } else { end };
        self.shared.joined(|joined| {
            joined.gaps.join(&mut self.gaps);
            joined.last_offset = self.last_offset.take().or(joined.last_offset);
            if let WorkEnd::No = end {
                return ControlFlow::Continue(());
            }
            joined.end = end;
            ControlFlow::Break(())
        })
    }
}

impl<P: Printer> BatchWorker for LogWorker<'_, '_, P> {
    fn batch(&mut self, batch: &RawBatch<'_>, turn: &mut Turn<'_>) -> ControlFlow<()> {
        let dumped = match self.shared.resync {
            false => self.dump(batch, turn),
            true if batch.is_valid() => self.dump_readable(batch, turn),
            true => {
                turn.wait()?;
                return self.join(WorkEnd::Damaged(batch.position));
            }
        };
        let end = match dumped {
            Ok(ControlFlow::Continue(())) => return ControlFlow::Continue(()),
            Ok(ControlFlow::Break(())) => WorkEnd::Finished,
            Err(DumpError::Stopped) => WorkEnd::Stopped,
            Err(error) => WorkEnd::Error(error.in_batch(batch.position, batch.overhead.offset)),
        };
        turn.wait()?;
        self.join(end)
    }

    fn window_done(&mut self) -> ControlFlow<()> {
        self.join(WorkEnd::No)
    }
}
