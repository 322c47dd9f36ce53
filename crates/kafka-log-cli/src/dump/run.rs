//! The files one after another, then the closing report (`DumpLogSegments.main`).

use std::io::{BufWriter, ErrorKind, Write};
use std::path::Path;

use super::error::DumpError;
use super::file::Dump;
use super::finding::{Finding, Findings, FindingsTo};
use super::options::{JavaFile, Options, OutputFormat};
use super::output::Sink;
use super::progress::{self, Beside, Progress};
use super::report::Report;
use super::walk::{Found, Obstacle, Walk};

/// Dumps the files of `options`; gives the exit code.
///
/// With Kafka's options alone an error ends the run, as it ends Kafka's. With any other option the files behind are
/// dumped all the same.
pub(crate) fn run(options: &Options, out: &mut (dyn Write + Send), err: &mut (dyn Write + Send)) -> u8 {
    let progress = progress::is_wanted(options).then(|| Progress::new(all_bytes(options)));
    let (mut out, mut err) =
        (Beside { write: out, progress: progress.as_ref() }, Beside { write: err, progress: progress.as_ref() });
    let (sink, err) = (Sink::new(&mut out), Sink::new(&mut err));
    let findings = Findings::new(match options.extensions.output {
        OutputFormat::Json => FindingsTo::Objects,
        OutputFormat::Text if options.extensions.strict || options.extensions.resync => FindingsTo::Lines(&err),
        OutputFormat::Text => FindingsTo::Nobody,
    });
    let (report, progress) = (Report::default(), progress.as_ref());
    let mut run = Run {
        dump: Dump { options, sink: &sink, err: &err, findings: &findings, report, progress },
        has_failed: false,
        could_not_read: false,
        bytes_done: 0,
    };
    let stopped = run.all();
    if let Some(progress) = progress {
        progress.finish();
    }
    let Run { dump: Dump { mut report, .. }, has_failed, could_not_read, .. } = run;
    let strict = options.extensions.strict;
    let code = match sink.take_error() {
        // Nobody reads on, as after `head`: no reason to complain.
        Some(error) if error.kind() == ErrorKind::BrokenPipe => {
            if strict {
                2
            } else {
                0
            }
        }
        Some(error) => {
            let _ = writeln!(&err, "kafka-dump-log: standard output: {error}");
            if strict { 2 } else { 1 }
        }
        None if strict && could_not_read => 2,
        None if strict => u8::from(findings.counts().0 > 0),
        None => u8::from(has_failed),
    };
    if !stopped && options.extensions.output == OutputFormat::Text {
        let mut buffered = BufWriter::new(&err);
        let _ = report.write(&mut buffered).and_then(|()| buffered.flush());
    }
    code
}

struct Run<'d> {
    dump: Dump<'d>,
    /// The dump of a file ended before its end.
    has_failed: bool,
    /// A file or directory could not be read.
    could_not_read: bool,
    /// Bytes of the files that are done.
    bytes_done: u64,
}

impl Run<'_> {
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
            Err(error) => self.failed(file, &error),
        }
    }

    /// Tells why something in a directory is not dumped.
    fn pass_by(&mut self, path: &JavaFile, obstacle: Obstacle) -> bool {
        let shown = path.to_string();
        let warning = |kind, message: String| Finding::warning(kind, &shown, message);
        let finding = match obstacle {
            Obstacle::Io(error) => return self.failed(path, &DumpError::Io(error)),
            Obstacle::Vanished => {
                warning("vanished", "expected the file that the directory listed, found none any more".into())
            }
            Obstacle::SeenBefore => {
                warning("seen-before", "expected another directory, found a link to one that is dumped already".into())
            }
            Obstacle::NotAFile(kind) => warning("not-a-file", format!("expected a regular file, found a {kind}")),
            Obstacle::Without(missing) => {
                let message = format!("expected {missing} beside it, found none");
                Finding::warning("missing-index", &shown, message)
            }
        };
        self.dump.warn(&finding).is_err()
    }

    /// Tells why the dump of a file ended early; tells whether the run is over.
    fn failed(&mut self, file: &JavaFile, error: &DumpError) -> bool {
        self.has_failed = true;
        self.could_not_read |= matches!(error, DumpError::Io(_));
        let shown = file.to_string();
        if self.dump.findings.are_shown() {
            return self.dump.report(&Finding::fatal(&shown, error)).is_err();
        }
        self.dump.complain(format_args!("kafka-dump-log: {shown}: {error}"));
        !self.dump.options.extended
    }
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
