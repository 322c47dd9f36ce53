//! `kafka-log`: a command line with verbs, one file for each.

mod compare;
mod extract;
mod inspect;
mod options;
mod pages;
mod repair;
pub mod style;
mod verify;

use std::ffi::OsString;
use std::fmt;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::process::ExitCode;

use clap::Parser;
use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue};

use options::{Command, Options};
use style::{Color, Style};

use crate::shared::exit;
use crate::visible::Visible;

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

impl Out<'_> {
    /// Writes a line about something that is wrong to standard error.
    pub(crate) fn complain(&mut self, what: impl fmt::Display) -> io::Result<()> {
        writeln!(self.err, "kafka-log: {}", Visible(what))
    }
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

/// Runs the tool on `args`, the first of which is the program's name; returns its exit code.
pub fn run(
    args: impl IntoIterator<Item = OsString>,
    out: &mut dyn Write,
    err: &mut dyn Write,
    terminals: Terminals,
) -> u8 {
    let options = match Options::try_parse_from(args) {
        Ok(options) => options,
        Err(error) if error.use_stderr() => {
            let _ = err.write_all(visible_usage_error(error).as_bytes());
            return exit::COULD_NOT_RUN;
        }
        // Help and version were requested.
        Err(page) => {
            let _ = write!(out, "{page}").and_then(|()| out.flush());
            return exit::CLEAN;
        }
    };
    let style = Style::new(options.color, terminals.out);
    let mut to = Out { out, err, style, is_interactive: terminals.err };
    let done = match (&options.command, options.pages.page()) {
        (None, Some(page)) => to.out.write_all(&page).map(|()| exit::CLEAN),
        (None, None) => inspect::run(&options.paths, &mut to),
        (Some(Command::Verify(options)), _) => verify::run(options, &mut to),
        (Some(Command::Repair(options)), _) => repair::run(options, &mut to),
        (Some(Command::Extract(options)), _) => extract::run(options, &mut to),
        (Some(Command::Compare(options)), _) => compare::run(options, &mut to),
    };
    match done.and_then(|code| to.out.flush().map(|()| code)) {
        Ok(code) => code,
        // The reader has gone, as after `head`: not an error.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => exit::CLEAN,
        Err(error) => {
            let _ = to.complain(error);
            exit::COULD_NOT_RUN
        }
    }
}

/// The text of a wrong command line, with display controls in the words of the command line as escapes.
fn visible_usage_error(mut error: clap::Error) -> String {
    let visible = |text: &StyledStr| StyledStr::from(Visible(text).to_string());
    let named: Vec<_> = error
        .context()
        .filter_map(|(kind, value)| {
            let value = match value {
                // The usage has lines, and nothing of the command line.
                _ if kind == ContextKind::Usage => return None,
                ContextValue::String(text) => ContextValue::String(Visible(text).to_string()),
                ContextValue::Strings(texts) => {
                    ContextValue::Strings(texts.iter().map(|text| Visible(text).to_string()).collect())
                }
                ContextValue::StyledStr(text) => ContextValue::StyledStr(visible(text)),
                ContextValue::StyledStrs(texts) => ContextValue::StyledStrs(texts.iter().map(visible).collect()),
                _ => return None,
            };
            Some((kind, value))
        })
        .collect();
    for (kind, value) in named {
        error.insert(kind, value);
    }
    // What a value parser says comes after these.
    error.to_string().split_inclusive('\n').map(visible_line).collect()
}

fn visible_line(line: &str) -> String {
    match line.strip_suffix('\n') {
        Some(line) => format!("{}\n", Visible(line)),
        None => Visible(line).to_string(),
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
