//! Dumping the batches and records of a `.log` or `.checkpoint` file (`DumpLogSegments.dumpLog`).

use std::fs::File;
use std::ops::ControlFlow;
use std::sync::{Mutex, PoisonError};

use kafka_log::compression::Decompressor;
use kafka_log::format::batch::Attributes;
use kafka_log::format::legacy::LegacyRecord;
use kafka_log::format::record::Record;
use kafka_log::segment::batch::{Batch, RawBatch};
use kafka_log::segment::scan::{BatchWorker, ScanEnd, Turn, scan};

use super::error::{DumpError, OrStopped};
use super::gaps::Gaps;
use super::output::{Output, Sink};
use super::text::{KafkaText, number, text};

/// Largest file that Kafka opens, in bytes: positions are Java integers.
pub(crate) const FILE_BYTES_MAX: u64 = i32::MAX as u64;

/// What of a log is dumped, and how.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LogSettings {
    /// Look into the batches?
    pub(crate) deep: bool,
    /// Batches are read up to this many bytes, `i32::MAX` for all.
    pub(crate) max_bytes: i32,
    /// Most bytes that the records of one batch may decompress to.
    pub(crate) decompressed_bytes_max: usize,
    pub(crate) threads: usize,
}

/// Prints the batches of `file`. Gives the offsets that do not follow one another.
pub(crate) fn dump_log<'s>(
    file: &File,
    name: &str,
    settings: LogSettings,
    sink: &'s Sink<'s>,
    printer: impl Fn() -> KafkaText,
) -> Result<Gaps, DumpError> {
    let file_len = file.metadata()?.len();
    if file_len > FILE_BYTES_MAX {
        return Err(DumpError::Other(format!("expected at most {FILE_BYTES_MAX} bytes, found {file_len}")));
    }
    let max_bytes = u64::try_from(settings.max_bytes)
        .map_err(|_| DumpError::Other(format!("--max-bytes: expected at least 0, found {}", settings.max_bytes)))?;
    let end = file_len.min(max_bytes);

    let shared = Mutex::new(Joined { gaps: Gaps::at_start(), error: None });
    let worker = |_| LogWorker {
        deep: settings.deep,
        printer: printer(),
        decompressor: Decompressor::new(settings.decompressed_bytes_max),
        out: Output::new(sink),
        gaps: Gaps::default(),
        shared: &shared,
    };
    let mut workers: Vec<_> = (0..settings.threads.max(1)).map(worker).collect();
    let scanned = scan(file, 0..end, file_len, &mut workers);
    drop(workers);
    let Joined { gaps, error } = shared.into_inner().unwrap_or_else(PoisonError::into_inner);
    let Some(scanned) = scanned else { return Err(error.unwrap_or(DumpError::Stopped)) };
    match scanned.end {
        ScanEnd::NoMoreBatches => {}
        ScanEnd::Corrupt(error) => return Err(DumpError::in_file(error)),
        ScanEnd::Io(error) => return Err(error.into()),
        _ => {}
    }
    let trailing = end.saturating_sub(scanned.position);
    if trailing > 0 && settings.max_bytes == i32::MAX {
        let mut line = Vec::new();
        text(&mut line, "Found ");
        number(&mut line, trailing);
        text(&mut line, " invalid bytes at the end of ");
        text(&mut line, name);
        text(&mut line, "\n");
        sink.write(&line).or_stopped()?;
    }
    Ok(gaps)
}

/// What the threads have found so far, in file order.
struct Joined {
    gaps: Gaps,
    error: Option<DumpError>,
}

/// One thread of a dump.
struct LogWorker<'s, 'j> {
    deep: bool,
    printer: KafkaText,
    decompressor: Decompressor,
    out: Output<'s>,
    /// Offsets of this window that do not follow one another.
    gaps: Gaps,
    shared: &'j Mutex<Joined>,
}

impl LogWorker<'_, '_> {
    fn dump(&mut self, batch: &RawBatch<'_>, turn: &mut Turn<'_>) -> Result<(), DumpError> {
        let damaged = DumpError::in_record;
        self.printer.batch(&mut self.out.buf, batch).map_err(damaged)?;
        if self.deep {
            match batch.parse().map_err(damaged)? {
                Batch::Default(default) => {
                    let attributes = default.header().attributes();
                    let records = default.records(&mut self.decompressor).map_err(damaged)?;
                    if attributes.codec_id() != 0 {
                        // Kafka reads a compressed batch to its end before the first record of it is printed.
                        records.clone().try_for_each(|record| record.map(|_| ())).map_err(damaged)?;
                    }
                    let mut lines =
                        Lines { printer: &mut self.printer, out: &mut self.out, gaps: &mut self.gaps, turn };
                    for record in records {
                        lines.default_record(attributes, &record.map_err(damaged)?)?;
                    }
                }
                Batch::Legacy(message) => {
                    let records = message.records(&mut self.decompressor).map_err(damaged)?;
                    let mut lines =
                        Lines { printer: &mut self.printer, out: &mut self.out, gaps: &mut self.gaps, turn };
                    for record in records {
                        lines.legacy_record(&message, &record.map_err(damaged)?)?;
                    }
                }
            }
        }
        self.out.relieve(turn).or_stopped()
    }

    /// Joins what this thread has found; it has the turn.
    fn join(&mut self, error: Option<DumpError>) -> ControlFlow<()> {
        let flow = self.out.drain();
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        shared.gaps.join(&mut self.gaps);
        if error.is_some() {
            shared.error = error;
            return ControlFlow::Break(());
        }
        flow
    }
}

impl BatchWorker for LogWorker<'_, '_> {
    fn batch(&mut self, batch: &RawBatch<'_>, turn: &mut Turn<'_>) -> ControlFlow<()> {
        let Err(error) = self.dump(batch, turn) else { return ControlFlow::Continue(()) };
        turn.wait()?;
        self.join(Some(error.in_batch(batch.position, batch.overhead.offset)))
    }

    fn window_done(&mut self) -> ControlFlow<()> {
        self.join(None)
    }
}

/// The lines of the records of one batch.
struct Lines<'l, 's, 't> {
    printer: &'l mut KafkaText,
    out: &'l mut Output<'s>,
    gaps: &'l mut Gaps,
    turn: &'l mut Turn<'t>,
}

impl Lines<'_, '_, '_> {
    fn default_record(&mut self, attributes: Attributes, record: &Record<'_>) -> Result<(), DumpError> {
        self.gaps.see(record.offset);
        self.printer.default_record(self.out, self.turn, attributes, record)
    }

    fn legacy_record(&mut self, batch: &LegacyRecord<'_>, record: &LegacyRecord<'_>) -> Result<(), DumpError> {
        self.gaps.see(record.offset());
        self.printer.legacy_record(self.out, self.turn, batch, record)
    }
}
