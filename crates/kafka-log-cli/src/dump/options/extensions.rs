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
use kafka_log::format::schema::KafkaVersion;
use kafka_options::{Takes, Word};

use super::OptionError;
use super::filter::Filter;
use super::kafka;
use crate::shared::{ByteSize, ProgressOption, parse_threads};

/// What is requested beyond Kafka's tool.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
#[command(next_help_heading = "Files")]
pub struct Extensions {
    /// Dump all files below this directory; may be repeated
    #[arg(long = "dir", value_name = "DIR")]
    pub dirs: Vec<PathBuf>,

    /// Which batches and records are dumped.
    #[command(flatten)]
    pub filter: Filter,

    /// Kafka's lines, or one JSON object per line
    #[arg(long, value_name = "FORMAT", default_value = "text", help_heading = OUTPUT)]
    pub output: OutputFormat,

    /// The release whose kafka-dump-log.sh is followed, in the records that it knows and in what it prints
    #[arg(long, value_name = "VERSION", default_value = "4.3", help_heading = OUTPUT)]
    pub kafka_version: KafkaRelease,

    /// How the decoder of a log is chosen: by the decoder options, or by the name of its directory; auto prints keys and values, as the decoder
    /// options do
    #[arg(long, value_name = "HOW", default_value = "none", help_heading = OUTPUT)]
    pub decode: Decode,

    /// Print timestamps as ISO-8601 in UTC instead of milliseconds
    #[arg(long, help_heading = OUTPUT)]
    pub iso_timestamps: bool,

    /// Print lengths instead of keys, values and header values
    #[arg(long, help_heading = OUTPUT)]
    pub redact: bool,

    /// Print control characters of keys, values, headers and names as escapes such as \x1b; auto does so on a terminal
    #[arg(long, value_name = "WHEN", default_value = "never", help_heading = OUTPUT)]
    pub escape: Escape,

    /// Show progress on stderr; auto does so on a terminal
    #[arg(long, value_name = "WHEN", default_value = "auto", help_heading = OUTPUT)]
    pub progress: ProgressOption,

    /// Continue after damage, and report which offsets and bytes were unreadable
    #[arg(long, help_heading = DAMAGE)]
    pub resync: bool,

    /// Exit as kafka-log verify does: 0 if nothing is wrong, 1 for findings that Kafka tolerates, 2 for damage, 3 if a file could
    /// not be dumped
    #[arg(long, help_heading = DAMAGE)]
    pub strict: bool,

    /// Refuse to decompress a batch to more than this: bytes, or with KiB, MiB, GiB
    #[arg(long, value_name = "SIZE", default_value_t = ByteSize::DECOMPRESSED_MAX, help_heading = DAMAGE)]
    pub max_decompressed_bytes: ByteSize,

    /// Number of threads that decode
    #[arg(long, value_name = "N", value_parser = parse_threads, help_heading = DAMAGE)]
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

/// A release of Kafka whose tool is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum KafkaRelease {
    /// Kafka 4.3.
    #[value(name = "4.3")]
    V4_3,
    /// Kafka 4.4.
    #[value(name = "4.4")]
    V4_4,
}

impl KafkaRelease {
    /// What `--version` of the tool prints.
    pub(super) fn version(self) -> &'static str {
        match self {
            KafkaRelease::V4_3 => "4.3.0",
            KafkaRelease::V4_4 => "4.4.0",
        }
    }
}

impl From<KafkaRelease> for KafkaVersion {
    fn from(release: KafkaRelease) -> Self {
        match release {
            KafkaRelease::V4_3 => KafkaVersion::V4_3,
            KafkaRelease::V4_4 => KafkaVersion::V4_4,
        }
    }
}

/// How the decoder of a log is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Decode {
    /// From the options alone, as Kafka does.
    None,
    /// From the directory's name where it is that of an internal topic, else from the options.
    Auto,
}

/// When Kafka's lines have escapes in place of control characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Escape {
    /// Where the stream is a terminal.
    Auto,
    /// In any case.
    Always,
    /// Not at all: the bytes are Kafka's.
    Never,
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
             A wrong command line with any other option gives 3.",
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

/// The option that the unknown `word` may stand for.
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
