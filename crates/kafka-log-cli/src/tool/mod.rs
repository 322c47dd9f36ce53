//! `kafka-log`: a command line with verbs, one file for each.

pub mod exit;
mod extract;
mod inspect;
mod options;
mod repair;
pub mod style;
mod verify;

use std::ffi::OsString;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::process::ExitCode;

use clap::Parser;

use options::{Command, Options};
use style::{Color, Style};

/// What a verb writes to.
pub struct Out<'o> {
    /// Standard output.
    pub out: &'o mut dyn Write,
    /// Standard error.
    pub err: &'o mut dyn Write,
    /// How standard output is styled.
    pub style: Style,
    /// Whether progress may be drawn on standard error.
    pub is_interactive: bool,
}

/// Runs the tool on the arguments of this process.
pub fn main() -> ExitCode {
    let (mut out, mut err) = (io::BufWriter::with_capacity(64 * 1024, io::stdout()), io::stderr());
    let terminals = Terminals { out: io::stdout().is_terminal(), err: io::stderr().is_terminal() };
    ExitCode::from(run(std::env::args_os(), &mut out, &mut err, terminals))
}

/// Which of the two streams are terminals.
#[derive(Clone, Copy, Debug, Default)]
pub struct Terminals {
    /// Standard output.
    pub out: bool,
    /// Standard error.
    pub err: bool,
}

/// Runs the tool on `args`, the program's name in front; gives its exit code.
pub fn run(
    args: impl IntoIterator<Item = OsString>,
    out: &mut dyn Write,
    err: &mut dyn Write,
    terminals: Terminals,
) -> u8 {
    let options = match Options::try_parse_from(args) {
        Ok(options) => options,
        Err(error) if error.use_stderr() => {
            let _ = write!(err, "{error}");
            return exit::COULD_NOT_RUN;
        }
        // Help and version were asked for.
        Err(page) => {
            let _ = write!(out, "{page}").and_then(|()| out.flush());
            return exit::CLEAN;
        }
    };
    let style = Style::new(options.color, terminals.out);
    let mut to = Out { out, err, style, is_interactive: terminals.err };
    let done = match &options.command {
        None => inspect::run(&options.paths, &mut to),
        Some(Command::Verify(options)) => verify::run(options, &mut to),
        Some(Command::Repair(options)) => repair::run(options, &mut to),
        Some(Command::Extract(options)) => extract::run(options, &mut to),
    };
    match done.and_then(|code| to.out.flush().map(|()| code)) {
        Ok(code) => code,
        // Nobody reads on, as after `head`: no reason to complain.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => exit::CLEAN,
        Err(error) => {
            let _ = writeln!(err, "kafka-log: {error}");
            exit::COULD_NOT_RUN
        }
    }
}

impl Color {
    /// Whether to style, given that the stream is a terminal or not.
    fn is_on(self, is_terminal: bool) -> bool {
        match self {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => is_terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
        }
    }
}
