//! Dumping the batches and records of a `.log` or `.checkpoint` file (`DumpLogSegments.dumpLog`).

use std::ops::{ControlFlow, Range};
use std::path::Path;

use kafka_log::segment::resync::Resync;
use kafka_log::segment::scan::{ScanEnd, Scanned, scan};

use super::decode::Decoder;
use super::error::{DumpError, OrStopped};
use super::filter::Selection;
use super::finding::{Finding, Findings};
use super::gaps::Gaps;
use super::json::JsonLines;
use super::log_worker::{LogWorker, Shared, WorkEnd};
use super::options::{Filter, OutputFormat};
use super::output::Sink;
use super::over_damage::over_damage;
use super::printer::{Printer, Shown};
use super::seek;
use super::source::Source;
use super::text::{KafkaText, number, text};

/// Largest file that Kafka opens, in bytes: positions are Java integers.
pub(crate) const FILE_BYTES_MAX: u64 = i32::MAX as u64;

/// A file of batches.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LogFile<'f> {
    pub(crate) file: &'f Source<'f>,
    /// Where it is; its indexes are looked for beside it.
    pub(crate) path: &'f Path,
    /// As it was named on the command line.
    pub(crate) shown: &'f str,
    /// Name without folder.
    pub(crate) name: &'f str,
    /// The lowest offset that may be in it.
    pub(crate) base_offset: i64,
}

impl LogFile<'_> {
    /// Is the offset one that the file can hold? The base offset of a batch is not covered by its checksum.
    pub(super) fn may_hold(&self, offset: i64) -> bool {
        (0..=i64::from(i32::MAX)).contains(&offset.wrapping_sub(self.base_offset))
    }
}

/// What of a log is dumped, and how.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LogSettings<'o> {
    /// Look into the batches?
    pub(crate) deep: bool,
    pub(crate) shown: Shown,
    pub(crate) decoder: Decoder,
    pub(crate) output: OutputFormat,
    pub(crate) filter: &'o Filter,
    /// What `--since` and `--until` count back from.
    pub(crate) now_ms: i64,
    /// Carry on behind damage?
    pub(crate) resync: bool,
    /// Batches are read up to this many bytes, `i32::MAX` for all.
    pub(crate) max_bytes: i32,
    /// Most bytes that the records of one batch may decompress to.
    pub(crate) decompressed_bytes_max: usize,
    pub(crate) threads: usize,
}

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
            return Err(DumpError::Other(format!("expected at most {FILE_BYTES_MAX} bytes, found {file_len}")));
        }
        let max_bytes = u64::try_from(settings.max_bytes)
            .map_err(|_| DumpError::Other(format!("--max-bytes: expected at least 0, found {}", settings.max_bytes)))?;
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
        let offsets = log.base_offset..=log.base_offset.saturating_add(i32::MAX.into());
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
                (Some(Scanned { end: ScanEnd::Corrupt(error), .. }), _) => return Err(DumpError::in_file(error)),
                (Some(Scanned { position, .. }), _) => {
                    self.trailing(position..end)?;
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

    /// Where the first batch may be that is asked for.
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
    fn trailing(self, rest: Range<u64>) -> Result<(), DumpError> {
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
            text(&mut out, log.name);
            text(&mut out, "\n");
        }
        let message = "expected a whole batch, found fewer bytes";
        findings.report(&Finding::error("trailing-bytes", log.shown, message).at(rest.start).bytes(bytes), &mut out);
        sink.write(&out).or_stopped()
    }
}
