//! The client that a tool uses, and what it says of a cluster that fails it.

use std::ffi::OsString;

use kafka_options::{Options, Usage};
use kafka_thin_client::{ApiError, Client, ClientConfig, ClientError};

use crate::arguments::Arguments;
use crate::terminal::Stop;

/// Reads a command line; help and version end the tool, as an empty command line does.
pub(crate) fn parse_or_explain(usage: &Usage, about: &str, args: Vec<OsString>) -> Result<Options, Stop> {
    let options = Options::parse(usage, args)?;
    if options.is_empty() || options.has("help") {
        return Err(Stop::usage(about, usage));
    }
    if options.has("version") {
        return Err(Stop::Version);
    }
    Ok(options)
}

/// Ends the tool if an option is missing.
pub(crate) fn require(options: &Options, usage: &Usage, required: &[&str]) -> Result<(), Stop> {
    match required.iter().find(|option| !options.has(option)) {
        Some(missing) => Err(Stop::usage(format!("Missing required argument \"[{missing}]\""), usage)),
        None => Ok(()),
    }
}

/// A client with the options that most tools have: `--bootstrap-server` and a properties file.
pub(crate) fn connect(options: &Options, bootstrap: &'static str, config: &'static str) -> Result<Client, Stop> {
    open(settings(options, bootstrap, config)?)
}

/// What these options say of a client.
pub(crate) fn settings(options: &Options, bootstrap: &'static str, config: &'static str) -> Result<ClientConfig, Stop> {
    configure(adminclient(), options.value(config)?.as_deref(), options.value(bootstrap)?.as_deref())
}

/// The settings of an `Admin` that is not told anything.
pub(crate) fn adminclient() -> ClientConfig {
    let mut settings = ClientConfig::new(Vec::<String>::new());
    settings.connection.client_id = "adminclient-1".into();
    settings
}

/// Settings, with those of a properties file and with these bootstrap servers.
pub(crate) fn configure(
    mut settings: ClientConfig,
    path: Option<&str>,
    servers: Option<&str>,
) -> Result<ClientConfig, Stop> {
    if let Some(path) = path {
        let bytes = std::fs::read(path).map_err(|error| Stop::Failed(format!("{path}: {error}")))?;
        apply(&mut settings, &bytes)?;
    }
    if let Some(servers) = servers {
        let servers = servers.split(',').map(str::trim).filter(|server| !server.is_empty());
        settings.bootstrap_servers = servers.map(str::to_owned).collect();
    }
    Ok(settings)
}

/// A client of brokers or of controllers, for the tools that take one of `--bootstrap-server` and `--bootstrap-controller`
/// (`initializeBootstrapProperties`).
pub(crate) fn connect_either(arguments: &Arguments, config: Option<&str>) -> Result<Client, Stop> {
    let (servers, controllers) = (arguments.value("bootstrap-server"), arguments.value("bootstrap-controller"));
    if servers.is_some() == controllers.is_some() {
        let how = if servers.is_some() { "only one" } else { "one" };
        return Err(Stop::Failed(format!("You must specify {how} of --bootstrap-controller and --bootstrap-server.")));
    }
    let mut settings = configure(adminclient(), config, servers.or(controllers))?;
    settings.bootstrap_controllers = controllers.is_some();
    open(settings)
}

/// The client, which connects when it is used.
pub(crate) fn open(settings: ClientConfig) -> Result<Client, Stop> {
    Client::new(settings).map_err(|error| {
        // Kafka's tool has the reason in its stack trace.
        tracing::error!("{error}");
        Stop::Failed("Failed to create new KafkaAdminClient".into())
    })
}

/// Takes over a properties file. Keys that no client knows are not worth a word, as in Kafka.
pub(crate) fn apply(settings: &mut ClientConfig, bytes: &[u8]) -> Result<(), Stop> {
    let properties = ClientConfig::read_properties(bytes);
    let unknown = properties.and_then(|properties| settings.apply(&properties));
    match unknown {
        Ok(unknown) => {
            let security = unknown.iter().filter(|key| ["sasl.", "ssl."].iter().any(|prefix| key.starts_with(prefix)));
            security.for_each(|key| tracing::warn!("{key} has no effect in this client"));
            Ok(())
        }
        Err(error) => Err(Stop::Failed(error.to_string())),
    }
}

/// What Kafka's `Admin` says of an error in the call of this name.
pub(crate) fn explain(error: &ClientError, call: &str) -> String {
    match error {
        ClientError::TimedOut { last, .. } if last.code().is_none() => {
            format!("Timed out waiting for a node assignment. Call: {call}")
        }
        ClientError::TimedOut { last, .. } => last.to_string(),
        error => error.to_string(),
    }
}

/// The class and the message of Kafka's exception for the failure of the call of this name.
pub(crate) fn thrown(error: &ClientError, call: &str) -> String {
    let exception = match error {
        ClientError::Api(error) => error.code.exception(),
        ClientError::TimedOut { .. } => "TimeoutException",
        ClientError::UnsupportedApi { .. } | ClientError::UnsupportedVersion { .. } => "UnsupportedVersionException",
        _ => "NetworkException",
    };
    format!("org.apache.kafka.common.errors.{exception}: {}", explain(error, call))
}

/// The class and the message of Kafka's exception.
pub(crate) fn exception(error: &ApiError) -> String {
    format!("{}: {error}", exception_class(error))
}

/// The class of Kafka's exception.
pub(crate) fn exception_class(error: &ApiError) -> String {
    format!("org.apache.kafka.common.errors.{}", error.code.exception())
}
