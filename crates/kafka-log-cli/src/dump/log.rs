//! Dumping the batches and records of a `.log` or `.checkpoint` file (`DumpLogSegments.dumpLog`).

use std::io;
use std::ops::{ControlFlow, Range};

use kafka_log::audit::{Code, Finding};
use kafka_log::format::FormatError;
use kafka_log::segment::resync::Resync;
use kafka_log::segment::scan::{ScanEnd, Scanned, scan};

use super::batch_findings::of_step;
use super::error::{DumpError, OrStopped};
use super::filter::Selection;
use super::finding::Findings;
use super::gaps::Gaps;
use super::json::JsonLines;
use super::log_context::{FILE_BYTES_MAX, LogFile, LogSettings, Shared, WorkEnd};
use super::log_worker::LogWorker;
use super::options::{OptionError, OutputFormat};
use super::output::Sink;
use super::over_damage::over_damage;
use super::printer::Printer;
use super::push::{number, text};
use super::seek;
use super::source::Source;
use super::text::KafkaText;

/// Prints the batches of `log`. Gives the offsets that do not follow one another, if Kafka's lines of all records were
/// printed.
pub(crate) fn dump_log<'s>(
    log: &LogFile<'_>,
    settings: &LogSettings<'_>,
    sink: &'s Sink<'s>,
    findings: &Findings<'_>,
) -> Result<Gaps, DumpError> {
    let dump = LogDump { log, settings, sink, findings };
    match settings.output {
        OutputFormat::Text => dump.run(|| KafkaText::new(settings.shown, settings.decoder)),
        OutputFormat::Json => dump.run(|| JsonLines::new(log.shown, settings.shown, settings.decoder)),
    }
}

#[derive(Clone, Copy)]
struct LogDump<'d, 's> {
    log: &'d LogFile<'d>,
    settings: &'d LogSettings<'d>,
    sink: &'s Sink<'s>,
    findings: &'d Findings<'d>,
}

impl LogDump<'_, '_> {
    fn run<P: Printer>(self, printer: impl Fn() -> P) -> Result<Gaps, DumpError> {
        let LogDump { log, settings, sink, findings } = self;
        let file_len = log.file.len();
        if file_len > FILE_BYTES_MAX {
            let expected = format!("at most {FILE_BYTES_MAX} bytes");
            return Err(DumpError::unfit(Code::SegmentSize, expected, file_len.to_string()));
        }
        let max_bytes =
            u64::try_from(settings.max_bytes).map_err(|_| OptionError::negative("max-bytes", settings.max_bytes))?;
        let end = file_len.min(max_bytes);
        if settings.filter.limit == Some(0) {
            return Ok(Gaps::default());
        }
        let selection = Selection::new(settings.filter, settings.now_ms);

        let shared = Shared::new(log, findings, settings, selection);
        let mut from = match &selection {
            Some(selection) if !settings.resync => self.seek(selection, file_len, end)?,
            _ => 0,
        };
        let offsets = log.base_offset..=log.last_offset_max();
        let mut resync = Resync::new(log.file, from..end, offsets, None);
        let end_of_work = loop {
            let mut workers: Vec<_> =
                (0..settings.threads.max(1)).map(|_| LogWorker::new(&shared, printer(), sink)).collect();
            let scanned = scan(log.file, from..end, file_len, &mut workers);
            let damaged = match (scanned, shared.joined(|joined| std::mem::replace(&mut joined.end, WorkEnd::No))) {
                (Some(Scanned { end: ScanEnd::Io(error), .. }), _) => return Err(error.into()),
                (Some(Scanned { position, end: ScanEnd::NoMoreBatches }), _) if position == end => break WorkEnd::No,
                (Some(Scanned { position, .. }), _) if settings.resync => position,
                (None, WorkEnd::Damaged(position)) => position,
                (Some(Scanned { position, end: ScanEnd::Corrupt(error) }), _) => {
                    return Err(self.corrupt(&mut resync, position..end, error));
                }
                (Some(Scanned { position, .. }), _) => {
                    self.trailing(&mut resync, position..end)?;
                    break WorkEnd::No;
                }
                (None, end) => break end,
            };
            let mut worker = LogWorker::new(&shared, printer(), sink);
            match over_damage(&mut worker, &shared, &mut resync, damaged..end, end < file_len)? {
                ControlFlow::Continue(position) => from = position,
                ControlFlow::Break(()) => break WorkEnd::Finished,
            }
            if from >= end {
                break WorkEnd::No;
            }
        };
        match end_of_work {
            WorkEnd::Error(error) => Err(error),
            WorkEnd::No | WorkEnd::Finished => Ok(shared.joined(|joined| std::mem::take(&mut joined.gaps))),
            WorkEnd::Stopped | WorkEnd::Damaged(_) => Err(DumpError::Stopped),
        }
    }

    /// Where the first batch may be that is requested.
    fn seek(self, selection: &Selection<'_>, file_len: u64, end: u64) -> Result<u64, DumpError> {
        let mut found = Vec::new();
        let position = seek::start(self.log, selection, file_len, end, &mut found)?;
        let mut out = Vec::new();
        for finding in &found {
            self.findings.report(finding, &mut out);
        }
        self.sink.write(&out).or_stopped()?;
        Ok(position)
    }

    /// Reports what is left behind the last whole batch.
    fn trailing(self, resync: &mut Resync<'_, Source<'_>>, rest: Range<u64>) -> Result<(), DumpError> {
        let LogDump { log, settings, sink, findings } = self;
        let bytes = rest.end.saturating_sub(rest.start);
        if bytes == 0 || settings.max_bytes != i32::MAX {
            return Ok(());
        }
        let mut out = Vec::new();
        if settings.output == OutputFormat::Text {
            text(&mut out, "Found ");
            number(&mut out, bytes);
            text(&mut out, " invalid bytes at the end of ");
            let start = out.len();
            text(&mut out, log.name);
            settings.shown.escape_from(&mut out, start);
            text(&mut out, "\n");
        }
        if self.findings.are_shown()
            && let Some(finding) = self.damage(resync, rest)?
        {
            findings.report(&finding, &mut out);
        }
        sink.write(&out).or_stopped()
    }

    /// The error that ends the dump at the start of `rest`.
    fn corrupt(self, resync: &mut Resync<'_, Source<'_>>, rest: Range<u64>, error: FormatError) -> DumpError {
        if !self.findings.are_shown() {
            return DumpError::in_file(Code::UnreadableBytes, error);
        }
        match self.damage(resync, rest) {
            Ok(Some(finding)) => DumpError::Found { finding: Box::new(finding), error },
            Ok(None) => DumpError::in_file(Code::UnreadableBytes, error),
            Err(error) => error.into(),
        }
    }

    /// What is at the start of `rest` in place of a batch, as a walk over damage finds it.
    fn damage(self, resync: &mut Resync<'_, Source<'_>>, rest: Range<u64>) -> io::Result<Option<Finding>> {
        resync.resume(rest.start, None);
        Ok(resync.step()?.and_then(|step| of_step(self.log, &step, self.log.file.len())))
    }
}
