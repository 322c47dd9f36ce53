//! The options that Kafka's tool does not have.
//!
//! The structs are read by clap, whose `Command` is the one description of all options: splitting, manual,
//! completions and man page are made from it. The text of each field is what the manual says.

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Args, Command, FromArgMatches, ValueEnum};
use clap_complete::Shell;

use super::OptionError;
use super::filter::Filter;
use super::jopt::{Takes, Word};
use super::kafka;
use super::size::ByteSize;

/// What is asked for beyond Kafka's tool.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
#[command(next_help_heading = "Files")]
pub struct Extensions {
    /// Dump the files of this directory; may be repeated
    #[arg(long = "dir", value_name = "DIR")]
    pub dirs: Vec<PathBuf>,

    /// Which batches and records are dumped.
    #[command(flatten)]
    pub filter: Filter,

    /// Kafka's lines, or one JSON object per line
    #[arg(long, value_name = "FORMAT", default_value = "text", help_heading = OUTPUT)]
    pub output: OutputFormat,

    /// Where the decoder of a log comes from; auto prints keys and values, as the decoder options do
    #[arg(long, value_name = "HOW", default_value = "none", help_heading = OUTPUT)]
    pub decode: Decode,

    /// Print timestamps as ISO-8601 in UTC instead of milliseconds
    #[arg(long, help_heading = OUTPUT)]
    pub iso_timestamps: bool,

    /// Print the lengths of keys, values and header values instead of what they say
    #[arg(long, help_heading = OUTPUT)]
    pub redact: bool,

    /// Show how far a long scan is, on stderr; auto does so on a terminal
    #[arg(long, value_name = "WHEN", default_value = "auto", help_heading = OUTPUT)]
    pub progress: Progress,

    /// Carry on behind damage, and report which offsets and bytes were unreadable
    #[arg(long, help_heading = DAMAGE)]
    pub resync: bool,

    /// Exit with 0 only if nothing is wrong, with 1 if anything is, with 2 if the dump could not run
    #[arg(long, help_heading = DAMAGE)]
    pub strict: bool,

    /// Refuse to decompress a batch to more than this: bytes, or with KiB, MiB, GiB
    #[arg(long, value_name = "SIZE", default_value = "256MiB", help_heading = DAMAGE)]
    pub max_decompressed_bytes: ByteSize,

    /// Threads that decode at the same time
    #[arg(long, value_name = "N", value_parser = |n: &str| n.parse::<NonZeroUsize>().map_err(|_| "a number above 0"), help_heading = DAMAGE)]
    pub threads: Option<NonZeroUsize>,
}

const OUTPUT: &str = "Output";
const DAMAGE: &str = "Damage and limits";

/// Form of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    /// Kafka's lines.
    Text,
    /// JSON Lines.
    Json,
}

/// How the decoder of a log is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Decode {
    /// From the options alone, as Kafka does.
    None,
    /// From the directory's name where it is that of an internal topic, else from the options.
    Auto,
}

/// When progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Progress {
    /// If stderr is a terminal.
    Auto,
    /// Not at all.
    Never,
    /// In any case.
    Always,
}

/// Texts to print instead of dumping anything.
#[derive(Args, Debug)]
#[command(next_help_heading = "About this tool")]
pub(super) struct Pages {
    /// Print this manual of all options
    #[arg(long)]
    pub(super) help_all: bool,

    /// Print the completions for a shell
    #[arg(long, value_name = "SHELL")]
    pub(super) completions: Option<Shell>,

    /// Print the man page, in roff
    #[arg(long)]
    pub(super) man: bool,
}

/// All options, Kafka's and ours.
pub(super) fn command() -> Command {
    Pages::augment_args(Extensions::augment_args(kafka::add_to(Command::new("kafka-dump-log"))))
        .about("Prints what is inside the files of a Kafka log directory: logs, indexes, snapshots")
        .override_usage("kafka-dump-log --files FILE,... [OPTIONS]\n       kafka-dump-log --dir DIR [OPTIONS]")
        .after_help(
            "With Kafka's options alone, output and exit code are those of Kafka's kafka-dump-log.sh:\n\
             1 for a wrong command line or where that tool dies of an exception, else 0, whatever was found.\n\
             A wrong command line with any other option gives 2.",
        )
        .disable_help_flag(true)
        .disable_version_flag(true)
}

/// Whether the option of that name takes a value; `None` if there is no such option.
pub(super) fn takes(command: &Command, name: &str) -> Option<Takes> {
    let arg = command.get_arguments().find(|arg| arg.get_long() == Some(name))?;
    Some(match arg.get_num_args() {
        _ if !arg.get_action().takes_values() => Takes::Nothing,
        Some(range) if range.min_values() == 0 => Takes::OptionalValue,
        _ => Takes::Value,
    })
}

/// Reads the values of `words`, all of them our options.
pub(super) fn parse(mut command: Command, words: &[Word]) -> Result<(Extensions, Pages), OptionError> {
    let mut args = vec![OsString::from(command.get_name())];
    for Word { name, value } in words {
        let mut arg = OsString::from(format!("--{name}"));
        if let Some(value) = value {
            arg.push("=");
            arg.push(value);
        } else if args.contains(&arg) {
            // A flag may be repeated, as Kafka's may.
            continue;
        }
        args.push(arg);
    }
    let result = match read(&mut command, args.clone()) {
        // This error names no option, but none that refuses other bytes accepts their replacement either.
        Err(error) if error.kind() == ErrorKind::InvalidUtf8 => {
            read(&mut command, args.iter().map(|arg| arg.to_string_lossy().into_owned().into()).collect())
        }
        result => result,
    };
    result.map_err(|error| in_one_line(&error))
}

fn read(command: &mut Command, args: Vec<OsString>) -> Result<(Extensions, Pages), clap::Error> {
    let matches = command.try_get_matches_from_mut(args)?;
    Ok((Extensions::from_arg_matches(&matches)?, Pages::from_arg_matches(&matches)?))
}

/// The option that someone who wrote the unknown `word` may have meant.
pub(super) fn similar(command: Command, word: &str) -> Option<String> {
    let name = word.trim_start_matches('-');
    if name.len() < 3 {
        return None;
    }
    let word = format!("--{name}");
    let error = command.try_get_matches_from(["", &word]).err()?;
    match error.get(ContextKind::SuggestedArg)? {
        ContextValue::String(name) => Some(name.clone()),
        _ => None,
    }
}

fn in_one_line(error: &clap::Error) -> OptionError {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(texts)) => texts.join(", "),
        _ => String::new(),
    };
    // clap names an argument the way its usage does: `--offset <RANGE>`.
    let arg = text(ContextKind::InvalidArg);
    let option = arg.trim_start_matches('-').split([' ', '=']).next().unwrap_or_default();
    let found = text(ContextKind::InvalidValue);
    let source = std::error::Error::source(error).map(ToString::to_string);
    match (error.kind(), source) {
        (ErrorKind::ArgumentConflict, _) => OptionError::repeated(option),
        (ErrorKind::TooManyValues, _) => OptionError::value(option, "no value", &found),
        (ErrorKind::ValueValidation, Some(expected)) => OptionError::value(option, expected, &found),
        (ErrorKind::InvalidValue, _) if error.get(ContextKind::ValidValue).is_some() => {
            OptionError::value(option, format!("one of {}", text(ContextKind::ValidValue)), &found)
        }
        _ => OptionError::value(option, error.kind().to_string(), &found),
    }
}
