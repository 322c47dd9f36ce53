//! The dump of one file, whatever it holds.

use std::fmt;
use std::io::{self, ErrorKind, IsTerminal};
use std::num::NonZero;
use std::path::{Path, PathBuf};

use kafka_log::audit::{Code, Finding};
use kafka_log::format::FormatError;
use kafka_log::format::file_name::FileName;

use super::auto_decode::internal_topic;
use super::contents::Contents;
use super::decode::Decoder;
use super::entry::{EntryForm, read_small};
use super::error::{DumpError, OrStopped};
use super::finding::Findings;
use super::gap_lines::FirstReading;
use super::index::{IndexPlace, IndexSettings, check_index, dump_index, not_sane};
use super::json::Object;
use super::log::dump_log;
use super::log_context::{LogFile, LogSettings};
use super::options::{Decode, Escape, JavaFile, Options, OutputFormat};
use super::output::Sink;
use super::printer::Shown;
use super::producer_snapshot::push_producers;
use super::report::Report;
use super::source::Source;
use super::time_index::{TimeIndexError, check_time_index, dump_time_index};
use super::txn_index::dump_txn_index;
use crate::shared::finding::Line;
use crate::shared::progress::Progress;
use crate::visible::Visible;

/// What the dump of every file needs.
pub(crate) struct Dump<'d> {
    pub(crate) options: &'d Options,
    pub(crate) sink: &'d Sink<'d>,
    pub(crate) err: &'d Sink<'d>,
    pub(crate) findings: &'d Findings<'d>,
    pub(crate) report: Report,
    pub(crate) progress: Option<&'d Progress>,
    pub(crate) escapes: Escapes,
    /// Something that was requested was not there to be examined.
    pub(crate) could_not_run: bool,
}

/// On which streams Kafka's lines have escapes in place of display controls. Lines in words of our own always have them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Escapes {
    pub(crate) out: bool,
    pub(crate) err: bool,
}

impl Escapes {
    pub(crate) fn new(option: Escape) -> Self {
        match option {
            Escape::Always => Escapes { out: true, err: true },
            Escape::Never => Escapes { out: false, err: false },
            Escape::Auto => Escapes { out: io::stdout().is_terminal(), err: io::stderr().is_terminal() },
        }
    }
}

impl Dump<'_> {
    /// Dumps a file that was named, or found in a directory.
    pub(crate) fn file(&mut self, file: &JavaFile, is_walked: bool) -> Result<(), DumpError> {
        let is_json = self.options.extensions.output == OutputFormat::Json;
        let escape = self.escapes.out && !is_json;
        let shown = if escape { Visible(file).to_string() } else { file.to_string() };
        let name = file.name().into_owned();
        self.line(format!("Dumping {shown}"))?;
        let contents = if self.options.extended {
            Contents::of_file(&name, &Source::open(file.path())?)?
        } else {
            Contents::of_kafka_name(&name)?
        };
        let Some(contents) = contents else { return self.unknown(&shown, is_walked) };
        let form = EntryForm {
            json_of: is_json.then_some(shown.as_str()),
            iso_timestamps: self.options.extensions.iso_timestamps,
            escape,
        };
        if is_json {
            self.file_object(&shown, contents)?;
        }
        match contents {
            Contents::Log(_) | Contents::Snapshot(_) => self.log(file, &shown, &name, contents),
            Contents::OffsetIndex(base_offset) => {
                let place = self.index_place(file.path(), &shown, &name, base_offset, false)?;
                self.offset_index(file, &place, form)
            }
            Contents::TimeIndex(base_offset) => {
                let place = self.index_place(file.path(), &shown, &name, base_offset, true)?;
                self.time_index(file, &place, form)
            }
            Contents::TransactionIndex(_) => match Source::open(file.path()) {
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
                source => {
                    let source = source?;
                    dump_txn_index(&source, source.len(), self.options.extensions.kafka_version.into(), form, self.sink)
                }
            },
            Contents::ProducerSnapshot => self.producer_snapshot(file.path(), &shown, form),
            small => {
                let mut out = Vec::new();
                let bytes = Source::open(file.path())?.read_whole()?;
                read_small(small, &bytes, |kind, fields| form.push(&mut out, kind, fields))
                    .map_err(|error| DumpError::in_file(small.damage(), error))?;
                self.sink.write(&out).or_stopped()
            }
        }
    }

    /// A file of which nothing says what it holds. A user who names it expects it to be examined; in a directory it is none
    /// of Kafka's.
    fn unknown(&mut self, shown: &str, is_walked: bool) -> Result<(), DumpError> {
        if !self.findings.are_shown() {
            self.kafka_line(format_args!("Ignoring unknown file {shown}"));
            return Ok(());
        }
        // A file that was named and not looked at is no finding about a log: the run has not done what was requested.
        self.could_not_run |= !is_walked;
        let expected = "a file of a Kafka log directory";
        self.report(&Finding::new(Code::UnknownFile, shown, expected, "neither such a name nor such contents"))
    }

    fn file_object(&self, shown: &str, contents: Contents) -> Result<(), DumpError> {
        let mut out = Vec::new();
        let mut object = Object::new(&mut out, "file", shown);
        object.text("contents", contents.name());
        object.optional("base_offset", contents.base_offset());
        let id = if let Contents::Snapshot(id) = contents { id } else { None };
        object.optional("end_offset", id.map(|(offset, _)| offset));
        object.optional("epoch", id.map(|(_, epoch)| epoch));
        object.end();
        self.sink.write(&out).or_stopped()
    }

    fn log(&mut self, file: &JavaFile, shown: &str, name: &str, contents: Contents) -> Result<(), DumpError> {
        let (kafka, extensions) = (&self.options.kafka, &self.options.extensions);
        let settings = LogSettings {
            deep: self.options.deep_iteration(),
            shown: Shown {
                metadata: !kafka.skip_record_metadata(),
                contents: self.options.print_data_log(),
                iso_timestamps: extensions.iso_timestamps,
                redact: extensions.redact,
                escape: self.escapes.out,
                kafka: extensions.kafka_version.into(),
            },
            // Kafka looks for the decoder classes first, then at the number.
            decoder: self.decoder(file.path(), contents)?,
            output: extensions.output,
            filter: &extensions.filter,
            now_ms: jiff::Timestamp::now().as_millisecond(),
            resync: extensions.resync,
            max_bytes: kafka.max_bytes()?,
            decompressed_bytes_max: self.decompressed_bytes_max(),
            threads: threads(self.options),
        };
        match contents {
            Contents::Log(offset) => self.line(format!("Log starting offset: {offset}"))?,
            Contents::Snapshot(Some((offset, epoch))) => {
                self.line(format!("Snapshot end offset: {offset}, epoch: {epoch}"))?;
            }
            _ => self.line("KRaft bootstrap snapshot".into())?,
        }
        let source = Source::open(file.path())?.watched(self.progress);
        let base_offset = contents.base_offset().unwrap_or(0);
        let is_snapshot = matches!(contents, Contents::Snapshot(_));
        let log = LogFile { file: &source, path: file.path(), shown, name, base_offset, is_snapshot };
        let gaps = dump_log(&log, &settings, self.sink, self.findings)?;
        let end = source.len().min(u64::try_from(settings.max_bytes).unwrap_or(0));
        let decompressed_bytes_max = settings.decompressed_bytes_max;
        self.report.gaps(gaps, FirstReading { file: file.clone(), end, decompressed_bytes_max });
        Ok(())
    }

    fn decompressed_bytes_max(&self) -> usize {
        self.options.extensions.max_decompressed_bytes.in_memory()
    }

    fn decoder(&self, path: &Path, contents: Contents) -> Result<Decoder, DumpError> {
        if self.options.extensions.decode == Decode::Auto
            && let Some(topic) = internal_topic(path, contents)
        {
            return Ok(Decoder::Topic(topic));
        }
        Ok(Decoder::from(self.options.kafka.message_parser()?))
    }

    /// The files that an index belongs to. Kafka wants all of them; beyond that, what is missing is a finding.
    fn index_place<'p>(
        &self,
        path: &'p Path,
        shown: &'p str,
        name: &str,
        base_offset: i64,
        needs_offset_index: bool,
    ) -> Result<IndexPlace<'p>, DumpError> {
        let suffix = if self.options.extended { state_suffix(name) } else { "" };
        let mut place = IndexPlace::new(path, shown, name, base_offset, suffix);
        if !self.options.extended {
            return Ok(place);
        }
        // The indexes that a broker keeps of remote segments have no log beside them.
        let is_remote = FileName::parse(name).is_some_and(|name| name.remote_segment_id.is_some());
        let missing = |file: &mut Option<PathBuf>, code, what, is_needed: bool| {
            let Some(wanted) = file.take_if(|wanted| !wanted.exists()) else { return Ok(()) };
            if is_needed { self.warn(&Finding::new(code, wanted, what, "none")) } else { Ok(()) }
        };
        missing(&mut place.log, Code::SegmentMissing, "the log of the index", !is_remote)?;
        let needs_offset_index = needs_offset_index && place.log.is_some();
        missing(&mut place.offset_index, Code::OffsetIndexMissing, "an offset index", needs_offset_index)?;
        Ok(place)
    }

    fn index_settings(&self) -> Result<IndexSettings, DumpError> {
        let kafka = &self.options.kafka;
        Ok(IndexSettings {
            sanity_only: kafka.index_sanity_check(),
            verify_only: kafka.verify_index_only(),
            max_message_size: kafka.max_message_size()?,
            threads: threads(self.options),
        })
    }

    fn offset_index(&mut self, file: &JavaFile, place: &IndexPlace<'_>, form: EntryForm<'_>) -> Result<(), DumpError> {
        let settings = self.index_settings()?;
        if self.findings.are_shown() && !settings.sanity_only {
            let codes = (Code::OffsetIndexSize, Code::OffsetIndexOrder);
            self.sanity(place.shown, codes, check_index(place)?)?;
        }
        let mismatches = dump_index(place, settings, form, self.sink)?;
        for mismatch in &mismatches {
            let (offset, expected) =
                (mismatch.index_offset, format!("last offset {} of its batch", mismatch.log_offset));
            let finding = Finding::new(Code::OffsetIndexEntry, place.shown, expected, format!("offset {offset}"));
            self.report(&finding.of(offset, Some(offset)))?;
        }
        self.report.mismatches(file, mismatches);
        Ok(())
    }

    fn time_index(&mut self, file: &JavaFile, place: &IndexPlace<'_>, form: EntryForm<'_>) -> Result<(), DumpError> {
        let settings = self.index_settings()?;
        if self.findings.are_shown() && !settings.sanity_only {
            let codes = (Code::TimeIndexSize, Code::TimeIndexOrder);
            self.sanity(place.shown, codes, check_time_index(place)?)?;
        }
        let errors = dump_time_index(place, settings, form, self.decompressed_bytes_max(), self.sink)?;
        for error in errors.iter().filter(|error| !matches!(error, TimeIndexError::Mismatch { is_cleaned: true, .. })) {
            self.report(&time_index_finding(place.shown, error))?;
        }
        self.report.time_index(file, &errors);
        Ok(())
    }

    /// Reports a failed sanity check: the size, or the order of the entries.
    fn sanity(&self, shown: &str, (size, order): (Code, Code), error: Option<FormatError>) -> Result<(), DumpError> {
        let Some(error) = error else { return Ok(()) };
        let code = not_sane(&error, size, order);
        self.report(&Finding::new(code, shown, error.expected(), error.found()).at(error.at..error.at))
    }

    fn producer_snapshot(&mut self, path: &Path, shown: &str, form: EntryForm<'_>) -> Result<(), DumpError> {
        let mut out = Vec::new();
        if let Err(corrupt) = push_producers(&Source::open(path)?.read_whole()?, form, &mut out) {
            if form.json_of.is_none() {
                self.kafka_line(format_args!("{corrupt}"));
            }
            let error = FormatError::from(corrupt);
            let finding = Finding::new(Code::SnapshotCorrupt, shown, error.expected(), error.found());
            self.report(&finding.at(error.at..error.at))?;
        }
        self.sink.write(&out).or_stopped()
    }

    /// Reports a finding where findings are requested.
    pub(crate) fn report(&self, finding: &Finding) -> Result<(), DumpError> {
        let mut out = Vec::new();
        self.findings.report(finding, &mut out);
        self.sink.write(&out).or_stopped()
    }

    /// Reports a finding that is told on stderr where findings are not asked for.
    pub(crate) fn warn(&self, finding: &Finding) -> Result<(), DumpError> {
        if !self.findings.are_shown() {
            self.complain(format_args!("{}", Line(finding)));
        }
        self.report(finding)
    }

    /// Prints a message of this tool to stderr. A closed stderr is no reason to stop.
    pub(crate) fn complain(&self, line: fmt::Arguments<'_>) {
        let _ = self.err.write(format!("kafka-dump-log: {}\n", Visible(line)).as_bytes());
    }

    /// A line of Kafka's on stderr.
    fn kafka_line(&self, line: fmt::Arguments<'_>) {
        let line = if self.escapes.err { Visible(line).to_string() } else { line.to_string() };
        let _ = self.err.write(format!("{line}\n").as_bytes());
    }

    /// A line of the text output.
    fn line(&self, mut line: String) -> Result<(), DumpError> {
        if self.options.extensions.output == OutputFormat::Json {
            return Ok(());
        }
        line.push('\n');
        self.sink.write(line.as_bytes()).or_stopped()
    }
}

fn time_index_finding(shown: &str, error: &TimeIndexError) -> Finding {
    let (code, expected, found, offset) = match *error {
        TimeIndexError::Mismatch { index_timestamp, log_timestamp, .. } => {
            let expected = format!("largest timestamp {log_timestamp} of its batch");
            (Code::TimeIndexEntry, expected, format!("timestamp {index_timestamp}"), None)
        }
        TimeIndexError::OutOfOrder { index_timestamp, previous } => {
            let expected = format!("a timestamp above {previous}, that of the entry before");
            (Code::TimeIndexOrder, expected, format!("timestamp {index_timestamp}"), None)
        }
        TimeIndexError::NotFound { index_offset, log_offset } => {
            let found = if log_offset == -1 { "none".into() } else { format!("one that ends with {log_offset}") };
            (Code::TimeIndexEntry, format!("a batch that ends with offset {index_offset}"), found, Some(index_offset))
        }
    };
    let finding = Finding::new(code, shown, expected, found);
    match offset {
        Some(offset) => finding.of(offset, Some(offset)),
        None => finding,
    }
}

/// What marks a file on its way in or out, after its extension.
fn state_suffix(name: &str) -> &'static str {
    [".deleted", ".cleaned", ".swap"].into_iter().find(|suffix| name.ends_with(suffix)).unwrap_or_default()
}

fn threads(options: &Options) -> usize {
    options.extensions.threads.or(std::thread::available_parallelism().ok()).map_or(1, NonZero::get)
}
