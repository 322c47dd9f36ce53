//! `kafka-consumer-groups`: lists, describes and deletes groups, and moves their offsets (`ConsumerGroupCommand`).

mod csv;
mod delete;
mod describe;
mod list;
mod members;
mod options;
mod reset;
mod scope;
mod when;

use std::ffi::OsString;
use std::fmt::{self, Display};
use std::io;
use std::time::Duration;

use kafka_options::{OptionError, Options, Usage};
use kafka_thin_client::{Client, ClientError};

use crate::client::{open, settings, thrown};
use crate::terminal::{Stop, Terminal};

/// How long a call may take unless `--timeout` says otherwise.
const TIMEOUT_MS: u64 = 30_000;
/// Stands for a value that there is not.
const MISSING: &str = "-";
/// The least width of most columns.
const COLUMN: usize = 15;

/// Why a command fails.
#[derive(Debug)]
enum GroupsError {
    /// An argument that the tool itself refuses: its usage is printed.
    Usage(String),
    /// Anything else, with the message of Kafka's exception; Kafka's exit code is 0.
    Failed(String),
    /// The output cannot be written.
    Output(io::Error),
}

impl GroupsError {
    /// An error of the call of this name, as the cause of Kafka's exception.
    fn caused(error: &ClientError, call: &str) -> Self {
        GroupsError::Failed(thrown(error, call))
    }
}

impl From<OptionError> for GroupsError {
    fn from(error: OptionError) -> Self {
        GroupsError::Failed(error.to_string())
    }
}

impl From<io::Error> for GroupsError {
    fn from(error: io::Error) -> Self {
        GroupsError::Output(error)
    }
}

/// Runs the tool.
pub(crate) fn main(args: Vec<OsString>, terminal: &mut Terminal<'_>) -> Result<(), Stop> {
    let usage = Usage::read(options::USAGE);
    let options = options::parse(&usage, args, terminal)?;
    if let Some(regex) = options.value("validate-regex")? {
        return validate_regex(&regex, terminal);
    }
    // A value that is none is reported like everything that fails later.
    let timeout = options.number::<u64>("timeout");
    let timeout_ms = timeout.clone().ok().flatten().unwrap_or(TIMEOUT_MS);
    let mut settings = settings(&options, "bootstrap-server", "command-config")?;
    settings.default_api_timeout = Duration::from_millis(timeout_ms);
    let mut client = open(settings)?;
    let outcome = match timeout {
        Ok(_) => run(&mut client, &options, terminal),
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(()) => Ok(()),
        Err(GroupsError::Output(error)) => Err(error.into()),
        Err(GroupsError::Usage(message)) => Err(Stop::usage(message, &usage)),
        Err(GroupsError::Failed(message)) => {
            Ok(print_error(terminal, format_args!("Executing consumer group command failed due to {message}"))?)
        }
    }
}

fn run(client: &mut Client, options: &Options, terminal: &mut Terminal<'_>) -> Result<(), GroupsError> {
    if options.has("list") {
        list::list(client, options, terminal)
    } else if options.has("describe") {
        describe::describe(client, options, terminal)
    } else if options.has("delete") {
        delete::groups(client, options, terminal)
    } else if options.has("reset-offsets") {
        reset::reset(client, options, terminal)
    } else {
        delete::offsets(client, options, terminal)
    }
}

fn validate_regex(regex: &str, terminal: &mut Terminal<'_>) -> Result<(), Stop> {
    match regex_lite::Regex::new(regex) {
        Ok(_) => terminal.line(format_args!("The regular expression `{regex}` is valid."))?,
        Err(error) => terminal.line(format_args!("The regular expression `{regex}` is invalid: {error}."))?,
    }
    Ok(())
}

fn print_error(terminal: &mut Terminal<'_>, message: impl Display) -> io::Result<()> {
    terminal.line(format_args!("\nError: {message}"))
}

/// The groups that `--group` names, or all of consumers with `--all-groups`.
fn wanted(client: &mut Client, options: &Options) -> Result<Vec<String>, GroupsError> {
    if options.has("all-groups") {
        Ok(list::consumer_groups(client, &[], &[])?.into_iter().map(|group| group.id).collect())
    } else {
        Ok(options.values("group"))
    }
}

/// A row of a table: cells to the left of columns of these widths. `None` is for the last cell, which needs no width.
struct Row<'a>(&'a [(Option<usize>, &'a str)]);

impl fmt::Display for Row<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (width, cell)) in self.0.iter().enumerate() {
            let separator = if at == 0 { "" } else { " " };
            write!(f, "{separator}{cell:<width$}", width = width.unwrap_or(0))?;
        }
        Ok(())
    }
}

/// The width of a column with these cells.
fn width<'a>(least: usize, cells: impl Iterator<Item = &'a str>) -> usize {
    cells.map(|cell| cell.chars().count()).max().unwrap_or(0).max(least)
}
