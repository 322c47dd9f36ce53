//! `kafka-topics`: creates, lists, describes, changes and deletes topics (`TopicCommand`).

mod alter;
mod create;
mod describe;
mod options;

use std::ffi::OsString;
use std::fmt;
use std::io;

use kafka_broker::metadata::is_internal;
use kafka_options::{OptionError, Options};
use kafka_rpc::Uuid;
use kafka_thin_client::admin::{self, Results};
use kafka_thin_client::{ApiError, Client, ClientError, Topic};

use crate::client::{connect, explain};
use crate::regex::{IncludeList, InvalidPattern};
use crate::terminal::{Stop, Terminal};

/// Why a command fails; what is shown is the message of Kafka's exception.
#[derive(Debug)]
enum TopicError {
    /// An option's value.
    Option(OptionError),
    /// The cluster gave no answer to the call of this name.
    Client(&'static str, ClientError),
    /// The cluster refused.
    Api(ApiError),
    /// A pattern of topics that is none.
    Pattern(InvalidPattern),
    /// No topic is so called.
    NoTopic(String),
    /// No topic has this id.
    NoTopicId(Uuid),
    /// An argument that the tool itself refuses.
    Argument(String),
    /// The output cannot be written.
    Output(io::Error),
}

impl fmt::Display for TopicError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TopicError::Option(error) => error.fmt(f),
            TopicError::Client(call, error) => f.write_str(&explain(error, call)),
            TopicError::Api(error) => error.fmt(f),
            TopicError::Pattern(error) => error.fmt(f),
            TopicError::NoTopic(name) => write!(f, "Topic '{name}' does not exist as expected"),
            TopicError::NoTopicId(id) => write!(f, "TopicId '{id}' does not exist as expected"),
            TopicError::Argument(message) => f.write_str(message),
            TopicError::Output(error) => error.fmt(f),
        }
    }
}

impl From<OptionError> for TopicError {
    fn from(error: OptionError) -> Self {
        TopicError::Option(error)
    }
}

impl From<ApiError> for TopicError {
    fn from(error: ApiError) -> Self {
        TopicError::Api(error)
    }
}

impl From<io::Error> for TopicError {
    fn from(error: io::Error) -> Self {
        TopicError::Output(error)
    }
}

/// Runs the tool.
pub(crate) fn main(args: Vec<OsString>, terminal: &mut Terminal<'_>) -> Result<(), Stop> {
    let options = options::parse(args, terminal)?;
    let mut client = connect(&options, "bootstrap-server", "command-config")?;
    let outcome = if options.has("create") {
        create::create(&mut client, &options, terminal)
    } else if options.has("alter") {
        alter::alter(&mut client, &options)
    } else if options.has("list") {
        list(&mut client, &options, terminal)
    } else if options.has("describe") {
        describe::describe(&mut client, &options, terminal)
    } else {
        alter::delete(&mut client, &options)
    };
    match outcome {
        Ok(()) => Ok(()),
        Err(TopicError::Output(error)) => Err(error.into()),
        Err(error) => {
            terminal.line(format_args!("Error while executing topic command : {error}"))?;
            terminal.out().flush()?;
            tracing::error!("{error}");
            Err(Stop::Exit(1))
        }
    }
}

fn list(client: &mut Client, options: &Options, terminal: &mut Terminal<'_>) -> Result<(), TopicError> {
    let topics = matching(client, options)?;
    Ok(terminal.line(topics.join("\n"))?)
}

fn all_topics(client: &mut Client) -> Result<Vec<Topic>, TopicError> {
    admin::list_topics(client).map_err(|error| TopicError::Client("listTopics", error))
}

/// Names of the topics that `--topic` means, sorted.
fn matching(client: &mut Client, options: &Options) -> Result<Vec<String>, TopicError> {
    let exclude_internal = options.has("exclude-internal");
    let pattern = options.value("topic")?;
    let names = all_topics(client)?.into_iter().map(|topic| topic.name);
    match pattern {
        Some(pattern) => {
            let list = IncludeList::read(&pattern).map_err(TopicError::Pattern)?;
            Ok(names.filter(|name| list.has(name, exclude_internal)).collect())
        }
        None => Ok(names.filter(|name| !(exclude_internal && is_internal(name))).collect()),
    }
}

/// As [`matching`], and an error if there are none although a topic is named and `--if-exists` is not there.
fn expected(client: &mut Client, options: &Options) -> Result<Vec<String>, TopicError> {
    let topics = matching(client, options)?;
    match options.value("topic")? {
        Some(name) if topics.is_empty() && !name.is_empty() && !options.has("if-exists") => {
            Err(TopicError::NoTopic(name))
        }
        _ => Ok(topics),
    }
}

/// The first error among results, as `KafkaFuture.allOf` has it.
fn all<T, K>(results: Results<T, K>) -> Result<Vec<T>, ApiError> {
    results.into_iter().map(|(_, result)| result).collect()
}

/// Numbers with commas between them.
fn joined(numbers: &[i32]) -> String {
    numbers.iter().map(i32::to_string).collect::<Vec<_>>().join(",")
}
