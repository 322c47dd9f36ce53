//! The command line of `kafka-dump-log`: Kafka's options with Kafka's habits, and ours beside them.
//!
//! [`parse`] takes words and returns either what to do or what to print; it reads no file and no clock.
//!
//! With Kafka's options alone, everything is as in Kafka's `DumpLogSegments`: what is accepted, what is printed, when
//! a wrong value is noticed, the exit code; only where Kafka dies of a Java exception the words are ours. As soon as
//! an option of ours is there, a wrong command line is one line on stderr before anything is done, and exit code 3.
//! `--kafka-version` alone is not such an option: it says whose habits they are.

mod error;
mod extensions;
mod filter;
mod java;
mod kafka;
mod matcher;
#[cfg(test)]
mod tests;

use std::ffi::OsString;

pub use error::OptionError;
pub use extensions::{Decode, Escape, Extensions, KafkaRelease, OutputFormat};
pub use filter::{Control, Filter};
pub use java::JavaFile;
pub use kafka::{DecoderClass, KafkaOptions, MessageParser};
pub use matcher::{HeaderMatch, KeyMatch};

use extensions::Pages;
use kafka_options::{Refusal, Words, os_string, split};

use crate::shared::exit;
use crate::visible::Visible;

/// What Kafka 4.3.0 and 4.4.0 print as their usage, a recording.
const USAGE: &str = include_str!("usage.txt");

/// Name of the option that says which release is followed.
const KAFKA_VERSION: &str = "kafka-version";

/// The line above the usage when it was requested.
const ABOUT: &str = "This tool helps to parse a log file and dump its contents to the console, \
                     useful for debugging a seemingly corrupt log segment.";

/// What a command line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parsed {
    /// Dump something.
    Run(Box<Options>),
    /// Print something and exit.
    Exit(Exit),
}

/// Texts to print, and the exit code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exit {
    /// For stdout, line ends included.
    pub stdout: String,
    /// For stderr, line ends included.
    pub stderr: String,
    /// The exit code.
    pub code: u8,
}

/// A dump to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// `--files` in its order, the same file more than once if so given; empty without the option.
    pub files: Vec<JavaFile>,
    /// Kafka's other options.
    pub kafka: KafkaOptions,
    /// Ours.
    pub extensions: Extensions,
    /// Whether one of ours other than `--kafka-version` was given; if not, the output must be Kafka's to the byte.
    pub extended: bool,
}

impl Options {
    /// Whether keys and values are printed.
    pub fn print_data_log(&self) -> bool {
        self.kafka.print_data_log() || self.extensions.decode == Decode::Auto
    }

    /// Whether records are examined, not only batches.
    pub fn deep_iteration(&self) -> bool {
        self.kafka.deep_iteration() || self.print_data_log() || self.extensions.filter.needs_records()
    }
}

/// Reads `args`, the words after the program's name.
pub fn parse(args: impl Iterator<Item = OsString>) -> Parsed {
    let command = extensions::command();
    let Words { options, refusal, is_empty } = split(args, |name| extensions::takes(&command, name));
    let (kafka, ours): (Vec<_>, Vec<_>) = options.into_iter().partition(|word| kafka::has_option(&word.name));
    let extended = ours.iter().any(|word| word.name != KAFKA_VERSION);
    let wrong = |what: String| Parsed::Exit(Exit::wrong(&what, extended));

    if let Some(refusal) = refusal {
        return wrong(explain(&refusal, command));
    }
    let kafka = KafkaOptions::new(kafka);
    if is_empty || kafka.help() {
        return Parsed::Exit(Exit::usage(ABOUT));
    }
    let (extensions, pages) = match extensions::parse(command, &ours) {
        // Kafka's tool prints its version whatever else is wrong.
        Err(_) if kafka.version() => return Parsed::Exit(Exit::version(KafkaRelease::V4_3)),
        Ok((extensions, _)) if kafka.version() => return Parsed::Exit(Exit::version(extensions.kafka_version)),
        Ok(read) => read,
        Err(error) => return Parsed::Exit(Exit::wrong(&error.to_string(), true)),
    };
    if let Some(page) = page(&pages) {
        return Parsed::Exit(Exit::page(page));
    }
    let files = match kafka.files() {
        Ok(Some(files)) => files,
        Ok(None) if !extensions.dirs.is_empty() => Vec::new(),
        Ok(None) if extended => return wrong("expected --files or --dir, found neither".into()),
        Ok(None) => return Parsed::Exit(Exit::usage("Missing required argument \"[files]\"")),
        Err(error) => return wrong(error.to_string()),
    };
    match kafka.check() {
        Err(error) if extended => wrong(error.to_string()),
        _ => Parsed::Run(Box::new(Options { files, kafka, extensions, extended })),
    }
}

impl Exit {
    fn page(stdout: String) -> Self {
        Exit { stdout, ..Exit::default() }
    }

    fn version(release: KafkaRelease) -> Self {
        Exit::page(format!("{}\n", release.version()))
    }

    /// `CommandLineUtils.printUsageAndExit`.
    fn usage(message: &str) -> Self {
        Exit { stderr: format!("{message}\n{USAGE}"), code: exit::KAFKA_FAILED, ..Exit::default() }
    }

    fn wrong(what: &str, extended: bool) -> Self {
        Exit {
            stderr: format!("kafka-dump-log: {}\n", Visible(what)),
            code: if extended { exit::COULD_NOT_RUN } else { exit::KAFKA_FAILED },
            ..Exit::default()
        }
    }
}

fn explain(refusal: &Refusal, command: clap::Command) -> String {
    let similar = match refusal {
        Refusal::Unknown(word) => extensions::similar(command, word),
        Refusal::MissingValue(_) => return refusal.to_string(),
    };
    match similar {
        Some(name) => format!("{refusal}; perhaps {name} is meant (--help-all lists the options)"),
        None => format!("{refusal} (--help-all lists the options)"),
    }
}

/// The text that was requested instead of a dump.
fn page(pages: &Pages) -> Option<String> {
    let mut command = extensions::command();
    let mut bytes = Vec::new();
    if pages.help_all {
        return Some(command.render_long_help().to_string());
    } else if let Some(shell) = pages.completions {
        clap_complete::generate(shell, &mut command, "kafka-dump-log", &mut bytes);
    } else if pages.man {
        // Writing to memory cannot fail.
        let _ = clap_mangen::Man::new(command).render(&mut bytes);
    } else {
        return None;
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}
