//! The files one after another, then the closing report (`DumpLogSegments.main`).

use std::io::{self, BufWriter, ErrorKind, IsTerminal, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use kafka_log::audit::{Code, Finding, Severity};

use super::error::DumpError;
use super::file::{Dump, Escapes};
use super::finding::{Findings, FindingsTo};
use super::options::{JavaFile, Options, OutputFormat};
use super::output::Sink;
use super::report::Report;
use super::walk::{Found, Obstacle, Walk};
use crate::shared::progress::{Beside, Progress};
use crate::shared::{exit, json_lines};

/// Dumps the files of `options`; returns the exit code.
///
/// With Kafka's options alone an error ends the run, as it ends Kafka's. With any other option the later files are
/// dumped all the same.
pub(crate) fn run(options: &Options, out: &mut (dyn Write + Send), err: &mut (dyn Write + Send)) -> u8 {
    let progress = shows_progress(options).then(|| Progress::new(all_bytes(options)));
    let (mut out, mut err) =
        (Beside { write: out, progress: progress.as_ref() }, Beside { write: err, progress: progress.as_ref() });
    let (sink, err) = (Sink::new(&mut out), Sink::new(&mut err));
    let findings = Findings::new(match options.extensions.output {
        OutputFormat::Json => FindingsTo::Objects,
        OutputFormat::Text if options.extensions.strict || options.extensions.resync => FindingsTo::Lines(&err),
        OutputFormat::Text => FindingsTo::Nobody,
    });
    let (report, progress) = (Report::default(), progress.as_ref());
    let escapes = Escapes::new(options.extensions.escape);
    let mut run = Run {
        dump: Dump {
            options,
            sink: &sink,
            err: &err,
            findings: &findings,
            report,
            progress,
            escapes,
            could_not_run: false,
        },
        has_failed: false,
        bytes_done: 0,
    };
    let stopped = run.begin().is_break() || run.all();
    if let Some(progress) = progress {
        progress.finish();
    }
    let Run { dump: Dump { mut report, could_not_run, .. }, has_failed, .. } = run;
    let strict = options.extensions.strict;
    let code = match sink.take_error() {
        // The reader has gone, as after `head`: not an error.
        Some(error) if error.kind() == ErrorKind::BrokenPipe && !strict => exit::CLEAN,
        Some(error) => {
            if error.kind() != ErrorKind::BrokenPipe {
                let _ = writeln!(&err, "kafka-dump-log: standard output: {error}");
            }
            if strict { exit::COULD_NOT_RUN } else { exit::KAFKA_FAILED }
        }
        None if strict && could_not_run => exit::COULD_NOT_RUN,
        None if strict => findings.exit_code(),
        None if has_failed => exit::KAFKA_FAILED,
        None => exit::CLEAN,
    };
    if !stopped && options.extensions.output == OutputFormat::Text {
        let mut buffered = BufWriter::new(&err);
        let _ = report.write(&mut buffered, escapes.err).and_then(|()| buffered.flush());
    }
    code
}

struct Run<'d> {
    dump: Dump<'d>,
    /// The dump of a file ended before its end.
    has_failed: bool,
    /// Bytes of the files that are done.
    bytes_done: u64,
}

impl Run<'_> {
    /// Begins the JSON output.
    fn begin(&self) -> ControlFlow<()> {
        let options = self.dump.options;
        if options.extensions.output == OutputFormat::Text {
            return ControlFlow::Continue(());
        }
        let paths =
            options.files.iter().map(JavaFile::path).chain(options.extensions.dirs.iter().map(PathBuf::as_path));
        let mut out = Vec::new();
        json_lines::push_line(&mut out, &json_lines::run("kafka-dump-log", paths, serde_json::Value::Null));
        self.dump.sink.write(&out)
    }

    /// Dumps everything; tells whether the run was broken off.
    fn all(&mut self) -> bool {
        let options = self.dump.options;
        for file in &options.files {
            if self.one(file, false) {
                return true;
            }
        }
        for found in Walk::new(options.extensions.dirs.iter()) {
            let is_over = match found {
                Found::File(file) => self.one(&file, true),
                Found::Other(path, obstacle) => self.pass_by(&path, obstacle),
            };
            if is_over {
                return true;
            }
        }
        false
    }

    /// Dumps a file; tells whether the run is over.
    fn one(&mut self, file: &JavaFile, is_walked: bool) -> bool {
        let dumped = self.dump.file(file, is_walked);
        if let Some(progress) = self.dump.progress {
            self.bytes_done += len(file.path());
            progress.reach(self.bytes_done);
        }
        match dumped {
            Ok(()) => false,
            Err(DumpError::Stopped) => true,
            Err(DumpError::Io(error)) if is_walked && error.kind() == ErrorKind::NotFound => {
                self.pass_by(file, Obstacle::Vanished)
            }
            Err(error) => self.failed(file, &error, is_walked),
        }
    }

    /// Tells why something in a directory is not dumped.
    fn pass_by(&mut self, path: &JavaFile, obstacle: Obstacle) -> bool {
        let shown = path.to_string();
        let finding = match obstacle {
            Obstacle::Unreadable { error, is_named } => return self.failed(path, &DumpError::Io(error), !is_named),
            // A broker deletes files while it runs.
            Obstacle::Vanished => {
                Finding::new(Code::ReadFailed, shown, "the file that its directory lists", "none any more")
                    .graded(Severity::Note)
            }
            Obstacle::SeenBefore => {
                self.dump.complain(format_args!(
                    "{shown}: not dumped again: it leads to a directory that is dumped already"
                ));
                return false;
            }
            Obstacle::NotAFile { kind, is_kafkas } => {
                let code = if is_kafkas { Code::ReadFailed } else { Code::UnknownFile };
                Finding::new(code, shown, "a regular file", format!("a {kind}"))
            }
            Obstacle::Without { code, what } => Finding::new(code, shown, what, "none"),
        };
        self.dump.warn(&finding).is_err()
    }

    /// Tells why the dump of a file ended early; tells whether the run is over.
    fn failed(&mut self, file: &JavaFile, error: &DumpError, is_walked: bool) -> bool {
        self.has_failed = true;
        let is_missing = matches!(error, DumpError::Io(error) if error.kind() == ErrorKind::NotFound && !is_walked);
        self.dump.could_not_run |= is_missing || matches!(error, DumpError::Option(_));
        let shown = file.to_string();
        match error.finding(&shown) {
            Some(finding) if self.dump.findings.are_shown() => self.dump.report(&finding).is_err(),
            _ => {
                self.dump.complain(format_args!("{shown}: {error}"));
                !self.dump.options.extended
            }
        }
    }
}

/// Whether progress is shown: by default never with Kafka's options alone, whose output is Kafka's. A bar and lines on one
/// terminal would be in each other's way.
fn shows_progress(options: &Options) -> bool {
    let fits = || options.extended && io::stderr().is_terminal() && !io::stdout().is_terminal();
    options.extensions.progress.is_wanted(fits)
}

/// Bytes of all files that are to be dumped, as far as that is known beforehand.
fn all_bytes(options: &Options) -> u64 {
    let named = options.files.iter().map(|file| len(file.path()));
    let walked = Walk::new(options.extensions.dirs.iter()).map(|found| match found {
        Found::File(file) => len(file.path()),
        Found::Other(..) => 0,
    });
    named.chain(walked).sum()
}

fn len(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |metadata| metadata.len())
}
