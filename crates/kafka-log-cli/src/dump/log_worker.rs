//! One thread of the dump of a log.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use kafka_log::compression::Decompressor;
use kafka_log::segment::batch::{Batch, RawBatch};
use kafka_log::segment::scan::{BatchWorker, Turn};

use super::error::{DumpError, OrStopped};
use super::filter::{Selection, Verdict};
use super::finding::{Finding, Findings};
use super::gaps::Gaps;
use super::log::{LogFile, LogSettings};
use super::log_lines::LogLines;
use super::options::OutputFormat;
use super::output::{Output, Sink};
use super::printer::Printer;

/// What the threads have found so far, in file order.
pub(super) struct Joined {
    pub(super) gaps: Gaps,
    pub(super) end: WorkEnd,
    /// Last offset of the last batch.
    pub(super) last_offset: Option<i64>,
}

/// Why the threads break off.
#[derive(Debug)]
pub(super) enum WorkEnd {
    /// They do not.
    No,
    /// Everything that was asked for has been printed.
    Finished,
    /// Nobody listens any more.
    Stopped,
    /// The batch at this position is damaged, and the dump is to go on behind it.
    Damaged(u64),
    /// The dump ends here.
    Error(DumpError),
}

/// What the threads of a dump have in common.
pub(super) struct Shared<'d> {
    pub(super) log: &'d LogFile<'d>,
    pub(super) findings: &'d Findings<'d>,
    deep: bool,
    pub(super) resync: bool,
    decompressed_bytes_max: usize,
    /// Kafka's report of gaps makes sense for its lines of all records only.
    pub(super) sees_gaps: bool,
    pub(super) selection: Option<Selection<'d>>,
    /// Records, or batches where only these are dumped, that may still be printed. Who has the turn counts down.
    left: Option<AtomicU64>,
    joined: Mutex<Joined>,
    /// Whoever has the turn decompresses long batches with it.
    for_long_batches: Mutex<Decompressor>,
}

impl<'d> Shared<'d> {
    pub(super) fn new(
        log: &'d LogFile<'d>,
        findings: &'d Findings<'d>,
        settings: &LogSettings<'d>,
        selection: Option<Selection<'d>>,
    ) -> Self {
        Shared {
            log,
            findings,
            deep: settings.deep,
            resync: settings.resync,
            decompressed_bytes_max: settings.decompressed_bytes_max,
            sees_gaps: settings.output == OutputFormat::Text && selection.is_none() && !settings.resync,
            selection,
            left: settings.filter.limit.map(AtomicU64::new),
            joined: Mutex::new(Joined { gaps: Gaps::at_start(), end: WorkEnd::No, last_offset: None }),
            for_long_batches: Mutex::new(Decompressor::new(settings.decompressed_bytes_max)),
        }
    }

    /// Changes or takes what has been found so far.
    pub(super) fn joined<T>(&self, change: impl FnOnce(&mut Joined) -> T) -> T {
        change(&mut self.joined.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Something is about to be printed: with a limit, everything before it must have been counted.
    #[inline]
    pub(super) fn wait_for_count(&self, turn: &mut Turn<'_>) -> Result<(), DumpError> {
        if self.left.is_some() { turn.wait().or_stopped() } else { Ok(()) }
    }

    /// Something was printed. `Break` where the limit is reached.
    #[inline]
    pub(super) fn count(&self) -> ControlFlow<()> {
        match &self.left {
            Some(left) if left.fetch_sub(1, Ordering::Relaxed) <= 1 => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    }
}

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

    /// Prints a batch; `Break` where everything that was asked for has been printed.
    pub(super) fn dump(&mut self, batch: &RawBatch<'_>, turn: &mut Turn<'_>) -> Result<ControlFlow<()>, DumpError> {
        let shared = self.shared;
        if shared.resync && !shared.log.may_hold(batch.overhead.offset) {
            let offset = batch.overhead.offset;
            let message =
                format!("expected an offset from {} up to 2147483647 above it, found {offset}", shared.log.base_offset);
            let finding = Finding::error("offset-out-of-range", shared.log.shown, message).at(batch.position);
            self.report(finding.offsets(Some((offset, offset))), turn)?;
        }
        if let Some(selection) = &shared.selection {
            match selection.batch(batch, shared.deep) {
                Verdict::Look => {}
                Verdict::Past if !shared.resync && shared.log.may_hold(batch.overhead.offset) => {
                    return Ok(ControlFlow::Break(()));
                }
                Verdict::Past | Verdict::Skip => return Ok(ControlFlow::Continue(())),
            }
        }
        let LogWorker { printer, decompressor, out, gaps, .. } = self;
        let mut lines = LogLines { shared, printer, out, gaps, turn, batch: Some(batch) };
        if !shared.deep {
            shared.wait_for_count(lines.turn)?;
            lines.batch()?;
            let flow = shared.count();
            lines.out.relieve(lines.turn).or_stopped()?;
            return Ok(flow);
        }
        if shared.selection.is_none() {
            lines.batch()?;
        }
        let mut for_long_batches;
        let decompressor = if batch.as_bytes().len() > ONE_AT_A_TIME_FROM {
            lines.turn.wait().or_stopped()?;
            for_long_batches = shared.for_long_batches.lock().unwrap_or_else(PoisonError::into_inner);
            &mut *for_long_batches
        } else {
            decompressor
        };
        let damaged = DumpError::in_record;
        match batch.parse().map_err(damaged)? {
            Batch::Default(default) => {
                let attributes = default.header().attributes();
                let records = default.records(decompressor).map_err(damaged)?;
                if attributes.codec_id() != 0 {
                    // Kafka reads a compressed batch to its end before the first record of it is printed.
                    records.clone().try_for_each(|record| record.map(|_| ())).map_err(damaged)?;
                }
                for record in records {
                    if lines.default_record(attributes, &record.map_err(damaged)?)?.is_break() {
                        return Ok(ControlFlow::Break(()));
                    }
                }
            }
            Batch::Legacy(message) => {
                for record in message.records(decompressor).map_err(damaged)? {
                    if lines.legacy_record(&message, &record.map_err(damaged)?)?.is_break() {
                        return Ok(ControlFlow::Break(()));
                    }
                }
            }
        }
        lines.out.relieve(lines.turn).or_stopped()?;
        Ok(ControlFlow::Continue(()))
    }

    /// Reports a finding behind everything printed before it.
    #[cold]
    pub(super) fn report(&mut self, finding: Finding<'_>, turn: &mut Turn<'_>) -> Result<(), DumpError> {
        report(self.shared.findings, &mut self.out, turn, &finding)
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
                let finding = Finding::error("damaged-records", self.shared.log.shown, error.to_string());
                let finding = finding.at(batch.position).bytes(batch.as_bytes().len() as u64);
                self.report(finding.offsets(offsets(batch)), turn)?;
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

/// Reports a finding behind everything printed before it. Findings of threads that work ahead of an early end do not count,
/// so each waits for its turn.
#[cold]
pub(super) fn report(
    findings: &Findings<'_>,
    out: &mut Output<'_>,
    turn: &mut Turn<'_>,
    finding: &Finding<'_>,
) -> Result<(), DumpError> {
    if findings.are_shown() {
        turn.wait().or_stopped()?;
        out.drain().or_stopped()?;
        findings.report(finding, &mut out.buf);
    }
    Ok(())
}

/// First and last offset as the header has them; of a message that of the message for both.
pub(super) fn offsets(batch: &RawBatch<'_>) -> Option<(i64, i64)> {
    if batch.overhead.magic < 2 {
        return Some((batch.overhead.offset, batch.overhead.offset));
    }
    batch.header().ok().map(|header| (header.base_offset(), header.last_offset()))
}
