//! The files one after another, then the closing report (`DumpLogSegments.main`).

use std::fs::File;
use std::io::{ErrorKind, Write};

use kafka_log::format::file_name::parse_snapshot_id;

use super::decode::Decoder;
use super::base_offset;
use super::error::{DumpError, OrStopped};
use super::log::{LogSettings, dump_log};
use super::options::{JavaFile, Options};
use super::output::Sink;
use super::producer_snapshot::dump_producer_snapshot;
use super::report::Report;
use super::text::{KafkaText, RecordLines};
use super::txn_index::dump_txn_index;

/// Name of the snapshot that a KRaft node bootstraps from (`BootstrapDirectory.BINARY_BOOTSTRAP_FILENAME`).
const BOOTSTRAP_CHECKPOINT: &str = "bootstrap.checkpoint";

/// Dumps the files of `options`; gives the exit code.
pub(crate) fn run(options: &Options, out: &mut (dyn Write + Send), err: &mut (dyn Write + Send)) -> u8 {
    let sink = Sink::new(out);
    let mut report = Report::default();
    let mut dump = Dump { options, sink: &sink, err, report: &mut report };
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
            let _ = writeln!(err, "kafka-dump-log: standard output: {error}");
            1
        }
        None => {
            let _ = report.write(err);
            0
        }
    }
}

struct Dump<'d> {
    options: &'d Options,
    sink: &'d Sink<'d>,
    err: &'d mut (dyn Write + Send),
    report: &'d mut Report,
}

impl Dump<'_> {
    fn file(&mut self, file: &JavaFile) -> Result<(), DumpError> {
        self.line(format!("Dumping {file}"))?;
        let name = file.name().into_owned();
        match name.rfind('.').map(|dot| &name[dot..]) {
            Some(".log") => {
                let offset = base_offset(&name)?;
                self.line(format!("Log starting offset: {offset}"))?;
                self.log(file, &name)
            }
            Some(".checkpoint") => {
                if name == BOOTSTRAP_CHECKPOINT {
                    self.line("KRaft bootstrap snapshot".into())?;
                } else {
                    let (offset, epoch) = parse_snapshot_id(&name).ok_or_else(|| {
                        DumpError::Other("expected <end offset>-<epoch>.checkpoint as its name".into())
                    })?;
                    self.line(format!("Snapshot end offset: {offset}, epoch: {epoch}"))?;
                }
                self.log(file, &name)
            }
            Some(".txnindex") => self.txn_index(file, &name),
            Some(".snapshot") => self.producer_snapshot(file),
            _ => {
                let _ = writeln!(self.err, "Ignoring unknown file {file}");
                Ok(())
            }
        }
    }

    fn log(&mut self, file: &JavaFile, name: &str) -> Result<(), DumpError> {
        let kafka = &self.options.kafka;
        let other = |e: super::options::OptionError| DumpError::Other(e.to_string());
        let parser = kafka.message_parser().map_err(other)?;
        let max_bytes = kafka.max_bytes().map_err(other)?;
        let settings = LogSettings {
            deep: self.options.deep_iteration(),
            max_bytes,
            decompressed_bytes_max: 256 * 1024 * 1024,
            threads: std::thread::available_parallelism().map_or(1, |n| n.get()),
        };
        let lines = RecordLines { metadata: !kafka.skip_record_metadata(), contents: self.options.print_data_log() };
        let opened = File::open(file.path())?;
        let gaps = dump_log(&opened, name, settings, self.sink, || KafkaText::new(lines, Decoder::from(parser)))?;
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
        line.push('\n');
        self.sink.write(line.as_bytes()).or_stopped()
    }
}
