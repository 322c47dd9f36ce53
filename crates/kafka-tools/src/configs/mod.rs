//! `kafka-configs`: describes and changes configurations and quotas (`ConfigCommand`).

mod changes;
mod entities;
mod options;
mod quotas;
mod resources;
mod scram;

use std::ffi::OsString;
use std::fmt;
use std::io;

use kafka_options::{OptionError, Options};
use kafka_thin_client::{ApiError, Client, ClientError};

use crate::client::connect;
use crate::terminal::{Stop, Terminal};
use entities::{Entity, EntityType};

/// Why a command fails.
#[derive(Debug)]
enum ConfigsError {
    /// An argument that the tool itself refuses; Kafka's tool prints nothing but this message.
    Argument(String),
    /// The cluster gave no answer.
    Client(ClientError),
    /// A file cannot be read.
    File(String, io::Error),
    /// The output cannot be written.
    Output(io::Error),
}

impl fmt::Display for ConfigsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConfigsError::Argument(message) => f.write_str(message),
            ConfigsError::Client(error) => error.fmt(f),
            ConfigsError::File(path, error) => write!(f, "{path}: {error}"),
            ConfigsError::Output(error) => error.fmt(f),
        }
    }
}

impl From<OptionError> for ConfigsError {
    fn from(error: OptionError) -> Self {
        ConfigsError::Argument(error.to_string())
    }
}

impl From<ClientError> for ConfigsError {
    fn from(error: ClientError) -> Self {
        ConfigsError::Client(error)
    }
}

impl From<ApiError> for ConfigsError {
    fn from(error: ApiError) -> Self {
        ConfigsError::Client(error.into())
    }
}

impl From<io::Error> for ConfigsError {
    fn from(error: io::Error) -> Self {
        ConfigsError::Output(error)
    }
}

/// Runs the tool.
pub(crate) fn main(args: Vec<OsString>, terminal: &mut Terminal<'_>) -> Result<(), Stop> {
    let line = args.iter().map(|arg| arg.to_string_lossy()).collect::<Vec<_>>().join(" ");
    let (options, entities) = options::parse(args)?;
    // A controller takes the same requests; only the names of the options differ.
    let bootstrap = if options.has("bootstrap-server") { "bootstrap-server" } else { "bootstrap-controller" };
    let mut client = connect(&options, bootstrap, "command-config")?;
    let outcome = if options.has("alter") {
        alter(&mut client, &options, &entities, terminal)
    } else {
        describe(&mut client, &options, &entities, terminal)
    };
    match outcome {
        Ok(()) => Ok(()),
        Err(ConfigsError::Output(error)) => Err(error.into()),
        Err(ConfigsError::Argument(message)) => Err(Stop::Failed(message)),
        Err(error) => Err(Stop::Failed(format!("Error while executing config command with args '{line}'\n{error}"))),
    }
}

fn alter(
    client: &mut Client,
    options: &Options,
    entities: &[Entity],
    terminal: &mut Terminal<'_>,
) -> Result<(), ConfigsError> {
    let changes = changes::read(options)?;
    let Some(Entity { kind, name: Some(name) }) = entities.first() else {
        return Err(ConfigsError::Argument("An entity name must be specified for every entity type".into()));
    };
    match kind {
        EntityType::Users | EntityType::Clients | EntityType::Ips => quotas::alter(client, entities, &changes)?,
        _ => resources::alter(client, *kind, name, &changes)?,
    }
    match name.as_str() {
        "" => terminal.line(format_args!("Completed updating default config for {} in the cluster.", kind.name()))?,
        name => terminal.line(format_args!("Completed updating config for {} {name}.", kind.singular()))?,
    }
    Ok(())
}

fn describe(
    client: &mut Client,
    options: &Options,
    entities: &[Entity],
    terminal: &mut Terminal<'_>,
) -> Result<(), ConfigsError> {
    match entities.first().map(|entity| (entity.kind, &entity.name)) {
        Some((EntityType::Users | EntityType::Clients, _)) => {
            quotas::describe(client, entities, terminal)?;
            quotas::describe_credentials(client, entities, terminal)
        }
        Some((EntityType::Ips, _)) => quotas::describe(client, entities, terminal),
        Some((kind, name)) => resources::describe(client, kind, name.as_deref(), options.has("all"), terminal),
        None => Ok(()),
    }
}
