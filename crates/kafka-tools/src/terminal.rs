//! Where the tools write to, and how they end.

use std::fmt::Display;
use std::io::{self, Write};

use kafka_options::{OptionError, Usage};

/// The version of Kafka whose tools these stand in for.
const KAFKA_VERSION: &str = "4.3.0";

/// Why a tool ends before its end.
#[derive(Debug)]
pub(crate) enum Stop {
    /// With this exit code; all has been said.
    Exit(u8),
    /// A message and the option table on stderr, exit code 1 (`CommandLineUtils.printUsageAndExit`).
    Usage(String, &'static str),
    /// The version on stdout, exit code 0 (`CommandLineUtils.printVersionAndExit`).
    Version,
    /// A message on stderr, exit code 1: where Kafka's tool prints a stack trace.
    Failed(String),
    /// The output cannot be written.
    Output(io::Error),
}

impl Stop {
    pub(crate) fn usage(message: impl Into<String>, usage: &Usage) -> Self {
        Stop::Usage(message.into(), usage.text())
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Stop::Output(error)
    }
}

impl From<OptionError> for Stop {
    fn from(error: OptionError) -> Self {
        Stop::Failed(error.to_string())
    }
}

/// Standard output and standard error.
pub(crate) struct Terminal<'a> {
    out: &'a mut dyn Write,
    err: &'a mut dyn Write,
}

impl<'a> Terminal<'a> {
    pub(crate) fn new(out: &'a mut dyn Write, err: &'a mut dyn Write) -> Self {
        Terminal { out, err }
    }

    /// Standard output, for what is not a line.
    pub(crate) fn out(&mut self) -> &mut dyn Write {
        self.out
    }

    /// A line on standard output.
    pub(crate) fn line(&mut self, line: impl Display) -> io::Result<()> {
        writeln!(self.out, "{line}")
    }

    /// A line on standard error.
    pub(crate) fn error(&mut self, line: impl Display) -> io::Result<()> {
        self.out.flush()?;
        writeln!(self.err, "{line}")
    }

    /// Says what there is to say at the end; returns the exit code.
    pub(crate) fn end(&mut self, outcome: Result<(), Stop>) -> u8 {
        let (code, written) = match outcome {
            Ok(()) => (0, Ok(())),
            Err(Stop::Exit(code)) => (code, Ok(())),
            Err(Stop::Usage(message, table)) => {
                (1, self.error(message).and_then(|()| self.err.write_all(table.as_bytes())))
            }
            Err(Stop::Version) => (0, self.line(KAFKA_VERSION)),
            Err(Stop::Failed(message)) => (1, self.error(message)),
            Err(Stop::Output(error)) => (1, Err(error)),
        };
        // The error cannot be reported: there is no output left.
        if written.and_then(|()| self.out.flush()).is_err() { 1 } else { code }
    }
}
