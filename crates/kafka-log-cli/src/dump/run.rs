//! The files one after another, then the closing report (`DumpLogSegments.main`).

use std::fs::File;
use std::io::{BufWriter, ErrorKind, Write};
use std::num::NonZero;

use kafka_log::format::file_name::parse_snapshot_id;

use super::base_offset;
use super::decode::Decoder;
use super::error::{DumpError, OrStopped};
use super::finding::{Findings, FindingsTo};
use super::index::{IndexSettings, dump_index};
use super::log::{LogFile, LogSettings, dump_log};
use super::options::{JavaFile, OptionError, Options, OutputFormat};
use super::output::Sink;
use super::printer::Shown;
use super::producer_snapshot::dump_producer_snapshot;
use super::report::Report;
use super::time_index::dump_time_index;
use super::txn_index::dump_txn_index;

/// Name of the snapshot that a KRaft node bootstraps from (`BootstrapDirectory.BINARY_BOOTSTRAP_FILENAME`).
const BOOTSTRAP_CHECKPOINT: &str = "bootstrap.checkpoint";

/// Most bytes that the records of a batch may decompress to: what Kafka's tool has room for.
const DECOMPRESSED_BYTES_MAX: usize = 256 * 1024 * 1024;

/// Dumps the files of `options`; gives the exit code.
pub(crate) fn run(options: &Options, out: &mut (dyn Write + Send), err: &mut (dyn Write + Send)) -> u8 {
    let sink = Sink::new(out);
    let mut report = Report::default();
    let err = Sink::new(err);
    let findings = Findings::new(match options.extensions.output {
        OutputFormat::Json => FindingsTo::Objects,
        OutputFormat::Text if options.extensions.resync || options.extensions.strict => FindingsTo::Lines(&err),
        OutputFormat::Text => FindingsTo::Nobody,
    });
    let mut dump = Dump { options, sink: &sink, err: &err, findings: &findings, report: &mut report };
    for file in &options.files {
        match dump.file(file) {
            Ok(()) => {}
            Err(DumpError::Stopped) => break,
            Err(error) => {
                let _ = writeln!(dump.err, "kafka-dump-log: {file}: {error}");
                return 1;
            }
        }
    }
    match sink.take_error() {
        // Nobody reads on, as after `head`: no reason to complain.
        Some(error) if error.kind() == std::io::ErrorKind::BrokenPipe => 0,
        Some(error) => {
            let _ = writeln!(&err, "kafka-dump-log: standard output: {error}");
            1
        }
        None => {
            let mut err = BufWriter::new(&err);
            let _ = dump.report.write(&mut err).and_then(|()| err.flush());
            0
        }
    }
}

struct Dump<'d> {
    options: &'d Options,
    sink: &'d Sink<'d>,
    err: &'d Sink<'d>,
    findings: &'d Findings<'d>,
    report: &'d mut Report,
}

impl Dump<'_> {
    fn file(&mut self, file: &JavaFile) -> Result<(), DumpError> {
        self.line(format!("Dumping {file}"))?;
        let name = file.name().into_owned();
        match name.rfind('.').map(|dot| &name[dot..]) {
            Some(".log" | ".checkpoint") => self.log(file, &name),
            Some(".index") => {
                let max_message_size = self.options.kafka.max_message_size().map_err(wrong_option)?;
                let settings = self.index_settings(max_message_size);
                let shown = file.to_string();
                let mismatches = dump_index(file.path(), &name, &shown, settings, self.sink)?;
                self.report.mismatches(file, &mismatches);
                Ok(())
            }
            Some(".timeindex") => {
                let settings = self.index_settings(0);
                let shown = file.to_string();
                let errors = dump_time_index(file.path(), &name, &shown, settings, DECOMPRESSED_BYTES_MAX, self.sink)?;
                self.report.time_index(file, &errors);
                Ok(())
            }
            Some(".txnindex") => self.txn_index(file, &name),
            Some(".snapshot") => self.producer_snapshot(file),
            _ => {
                let _ = writeln!(self.err, "Ignoring unknown file {file}");
                Ok(())
            }
        }
    }

    fn index_settings(&self, max_message_size: i32) -> IndexSettings {
        IndexSettings {
            sanity_only: self.options.kafka.index_sanity_check(),
            verify_only: self.options.kafka.verify_index_only(),
            max_message_size,
            threads: threads(),
        }
    }

    fn log(&mut self, file: &JavaFile, name: &str) -> Result<(), DumpError> {
        let kafka = &self.options.kafka;
        let decoder = Decoder::from(kafka.message_parser().map_err(wrong_option)?);
        let extensions = &self.options.extensions;
        let settings = LogSettings {
            deep: self.options.deep_iteration(),
            shown: Shown {
                metadata: !kafka.skip_record_metadata(),
                contents: self.options.print_data_log(),
                iso_timestamps: extensions.iso_timestamps,
                redact: extensions.redact,
            },
            decoder,
            output: extensions.output,
            filter: &extensions.filter,
            now_ms: now_ms(),
            resync: extensions.resync,
            max_bytes: kafka.max_bytes().map_err(wrong_option)?,
            decompressed_bytes_max: usize::try_from(extensions.max_decompressed_bytes.0).unwrap_or(usize::MAX),
            threads: extensions.threads.map_or_else(threads, NonZero::get),
        };
        self.line(first_line(name)?)?;
        let opened = File::open(file.path())?;
        let shown = file.to_string();
        let log = LogFile {
            file: &opened,
            path: std::path::Path::new(file.path()),
            shown: &shown,
            name,
            base_offset: kafka_log::format::file_name::offset_from_file_name(name).unwrap_or(0),
        };
        let gaps = dump_log(&log, &settings, self.sink, self.findings)?;
        self.report.gaps(file, gaps);
        Ok(())
    }

    fn txn_index(&mut self, file: &JavaFile, name: &str) -> Result<(), DumpError> {
        let bytes = match std::fs::read(file.path()) {
            Err(e) if e.kind() == ErrorKind::NotFound => Vec::new(),
            read => read?,
        };
        let mut lines = Vec::new();
        let dumped = dump_txn_index(name, &bytes, &mut lines);
        self.sink.write(&lines).or_stopped()?;
        dumped
    }

    fn producer_snapshot(&mut self, file: &JavaFile) -> Result<(), DumpError> {
        let mut lines = Vec::new();
        dump_producer_snapshot(&std::fs::read(file.path())?, &mut lines, &mut self.err)?;
        self.sink.write(&lines).or_stopped()
    }

    fn line(&mut self, mut line: String) -> Result<(), DumpError> {
        if self.options.extensions.output == OutputFormat::Json {
            return Ok(());
        }
        line.push('\n');
        self.sink.write(line.as_bytes()).or_stopped()
    }
}

fn wrong_option(error: OptionError) -> DumpError {
    DumpError::Other(error.to_string())
}

fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, NonZero::get)
}

/// What a `.log` or `.checkpoint` says of itself in its name.
fn first_line(name: &str) -> Result<String, DumpError> {
    if name.ends_with(".log") {
        return Ok(format!("Log starting offset: {}", base_offset(name)?));
    }
    if name == BOOTSTRAP_CHECKPOINT {
        return Ok("KRaft bootstrap snapshot".into());
    }
    let (offset, epoch) = parse_snapshot_id(name)
        .ok_or_else(|| DumpError::Other("expected <end offset>-<epoch>.checkpoint as its name".into()))?;
    Ok(format!("Snapshot end offset: {offset}, epoch: {epoch}"))
}

/// Now, as Kafka counts time.
fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}
