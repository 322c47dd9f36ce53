//! `kafka-reassign-partitions`: moves replicas between brokers and between log directories (`ReassignPartitionsCommand`).

mod cancel;
mod execute;
mod generate;
mod list;
mod moves;
mod options;
mod placement;
mod plan;
mod replicas;
mod throttles;
mod verify;

use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::Path;

use kafka_options::{OptionError, Options};
use kafka_thin_client::{ApiError, Client, ClientError};

use crate::client::{configure, exception, open, thrown};
use crate::json::JsonError;
use crate::terminal::{Stop, Terminal};

/// Why an action fails. Kafka prints it on stdout.
#[derive(Debug)]
enum ReassignError {
    /// A message that stands for itself (`TerseException`).
    Terse(String),
    /// The cluster gave no answer to the call of this name.
    Client(&'static str, ClientError),
    /// The cluster refused.
    Api(ApiError),
    /// An option's value.
    Option(OptionError),
    /// A file that is no plan.
    Json(JsonError),
    /// Anything else that the tool refuses.
    Refused(String),
    /// The tool ends otherwise.
    Stop(Stop),
}

impl fmt::Display for ReassignError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReassignError::Terse(message) | ReassignError::Refused(message) => f.write_str(message),
            ReassignError::Client(call, error) => f.write_str(&thrown(error, call)),
            ReassignError::Api(error) => f.write_str(&exception(error)),
            ReassignError::Option(error) => error.fmt(f),
            ReassignError::Json(error) => error.fmt(f),
            ReassignError::Stop(Stop::Failed(message)) => f.write_str(message),
            ReassignError::Stop(stop) => write!(f, "{stop:?}"),
        }
    }
}

impl From<ApiError> for ReassignError {
    fn from(error: ApiError) -> Self {
        ReassignError::Api(error)
    }
}

impl From<OptionError> for ReassignError {
    fn from(error: OptionError) -> Self {
        ReassignError::Option(error)
    }
}

impl From<JsonError> for ReassignError {
    fn from(error: JsonError) -> Self {
        ReassignError::Json(error)
    }
}

impl From<io::Error> for ReassignError {
    fn from(error: io::Error) -> Self {
        ReassignError::Stop(error.into())
    }
}

impl From<Stop> for ReassignError {
    fn from(stop: Stop) -> Self {
        ReassignError::Stop(stop)
    }
}

/// Runs the tool.
pub(crate) fn main(args: Vec<OsString>, terminal: &mut Terminal<'_>) -> Result<(), Stop> {
    let options = options::parse(args)?;
    match run(&options, terminal) {
        Ok(()) => Ok(()),
        Err(ReassignError::Stop(stop @ Stop::Output(_))) => Err(stop),
        Err(ReassignError::Terse(message)) => {
            terminal.line(message)?;
            Err(Stop::Exit(1))
        }
        Err(error) => {
            terminal.line(format_args!("Error: {error}"))?;
            Err(Stop::Exit(1))
        }
    }
}

fn run(options: &Options, terminal: &mut Terminal<'_>) -> Result<(), ReassignError> {
    let mut client = connect(options)?;
    let client = &mut client;
    if options.has("verify") {
        verify::verify(client, &read(options, "reassignment-json-file")?, options.has("preserve-throttles"), terminal)
    } else if options.has("generate") {
        let topics = read(options, "topics-to-move-json-file")?;
        let brokers = options.value("broker-list")?.unwrap_or_default();
        generate::generate(client, &topics, &brokers, !options.has("disable-rack-aware"), terminal)
    } else if options.has("execute") {
        execute::execute(client, options, &read(options, "reassignment-json-file")?, terminal)
    } else if options.has("cancel") {
        cancel::cancel(client, options, &read(options, "reassignment-json-file")?, terminal)
    } else {
        list::list(client, terminal)
    }
}

fn connect(options: &Options) -> Result<Client, ReassignError> {
    let controllers = options.value("bootstrap-controller")?;
    let servers = options.value("bootstrap-server")?;
    let mut settings = kafka_thin_client::ClientConfig::new(Vec::<String>::new());
    settings.connection.client_id = "reassign-partitions-tool".into();
    let config = options.value("command-config")?;
    if let Some(path) = config.as_ref().filter(|path| !Path::new(path).exists()) {
        // The whole message of Java's exception.
        return Err(ReassignError::Refused(path.clone()));
    }
    let mut settings = configure(settings, config.as_deref(), controllers.as_deref().or(servers.as_deref()))?;
    settings.bootstrap_controllers = controllers.is_some();
    Ok(open(settings)?)
}

fn read(options: &Options, option: &'static str) -> Result<String, ReassignError> {
    let path = options.value(option)?.unwrap_or_default();
    std::fs::read_to_string(&path).map_err(|_| ReassignError::Refused(format!("Unable to read file {path}")))
}

/// Texts with commas between them.
fn joined<T: fmt::Display>(items: impl IntoIterator<Item = T>, separator: &str) -> String {
    items.into_iter().map(|item| item.to_string()).collect::<Vec<_>>().join(separator)
}

/// `s` unless there is just one.
const fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}
