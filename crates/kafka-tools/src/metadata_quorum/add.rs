//! `add-controller`: the controller is the one whose configuration `--command-config` names.

use std::path::Path;

use kafka_log::format::meta_properties::MetaProperties;
use kafka_rpc::Uuid;
use kafka_thin_client::admin::{self, VoterEndpoint};
use kafka_thin_client::{Client, ClientConfig, Properties};

use super::describe::endpoint_text;
use crate::arguments::Arguments;
use crate::client::thrown;
use crate::properties::get;
use crate::terminal::{Stop, Terminal};

const QUESTION: &str = "Is this a valid controller configuration file?";

/// Makes a controller a voter.
pub(super) fn add(client: &mut Client, arguments: &Arguments, terminal: &mut Terminal<'_>) -> Result<(), Stop> {
    let path = arguments.value("command-config").ok_or_else(|| {
        let why = "You must supply the configuration file of the controller you are adding when using add-controller.";
        Stop::Failed(why.to_owned())
    })?;
    let bytes = std::fs::read(path).map_err(|error| Stop::Failed(format!("{path}: {error}")))?;
    let properties = ClientConfig::read_properties(&bytes).map_err(|error| Stop::Failed(error.to_string()))?;
    let id = controller_id(&properties)?;
    let directory_id = directory_id(metadata_directory(&properties)?)?;
    let endpoints = endpoints(&properties)?;
    let is_dry_run = arguments.has("dry-run");
    if !is_dry_run {
        let added = admin::add_raft_voter(client, id, directory_id, &endpoints);
        added.map_err(|error| Stop::Failed(thrown(&error, "addRaftVoter")))?;
    }
    let what = if is_dry_run { "DRY RUN of adding" } else { "Added" };
    let endpoints = endpoints.iter().map(endpoint_text).collect::<Vec<_>>().join(", ");
    let line = format_args!("{what} controller {id} with directory id {directory_id} and endpoints: {endpoints}");
    Ok(terminal.line(line)?)
}

fn failed(why: &str) -> Stop {
    Stop::Failed(format!("{why} {QUESTION}"))
}

fn controller_id(properties: &Properties) -> Result<i32, Stop> {
    let id = get(properties, "node.id").ok_or_else(|| failed("node.id not found in configuration file."))?;
    let id: i32 = id.parse().map_err(|_| Stop::Failed(format!("For input string: \"{id}\"")))?;
    if id < 0 {
        return Err(failed("node.id was negative in configuration file."));
    }
    match get(properties, "process.roles").is_some_and(|roles| roles.contains("controller")) {
        true => Ok(id),
        false => Err(failed("process.roles did not contain 'controller' in configuration file.")),
    }
}

fn metadata_directory(properties: &Properties) -> Result<&Path, Stop> {
    let of_logs = get(properties, "log.dirs").and_then(|dirs| dirs.trim().split(',').next());
    let directory = get(properties, "metadata.log.dir").or(of_logs);
    directory.map(Path::new).ok_or_else(|| failed("Neither metadata.log.dir nor log.dirs were found."))
}

fn directory_id(directory: &Path) -> Result<Uuid, Stop> {
    let path = directory.join("meta.properties");
    let unreadable =
        |why: &str| Stop::Failed(format!("Unable to read meta.properties from {}: {why}", directory.display()));
    let bytes = std::fs::read(&path).map_err(|error| unreadable(&error.to_string()))?;
    let properties = MetaProperties::read(&bytes).map_err(|error| unreadable(&error.to_string()))?;
    let missing = || Stop::Failed(format!("No directory id found in {}", directory.display()));
    properties.directory_id.ok_or_else(missing)
}

/// The listeners for controllers, as they are advertised.
fn endpoints(properties: &Properties) -> Result<Vec<VoterEndpoint>, Stop> {
    let mut listeners = Vec::new();
    for key in ["listeners", "advertised.listeners"] {
        let list = get(properties, key).unwrap_or_default();
        for listener in list.split(',').map(str::trim).filter(|listener| !listener.is_empty()) {
            let unable = || Stop::Failed(format!("Unable to parse {listener} to a broker endpoint"));
            listeners.push(endpoint(listener).ok_or_else(unable)?);
        }
    }
    let names = get(properties, "controller.listener.names");
    let names = names.ok_or_else(|| failed("controller.listener.names was not found."))?;
    let of = names.split(',').map(|name| {
        let name = name.to_uppercase();
        let found = listeners.iter().rev().find(|endpoint| endpoint.listener == name).cloned();
        found.ok_or_else(|| Stop::Failed(format!("Cannot find information about controller listener name: {name}")))
    });
    of.collect()
}

/// Reads `NAME://host:port`; without a host it is `localhost`.
fn endpoint(listener: &str) -> Option<VoterEndpoint> {
    let (name, address) = listener.split_once("://")?;
    let (host, port) = address.rsplit_once(':')?;
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let host = if host.is_empty() { "localhost" } else { host };
    Some(VoterEndpoint { listener: name.to_uppercase(), host: host.to_owned(), port: port.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn properties(pairs: &[(&str, &str)]) -> Properties {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    fn message<T>(outcome: Result<T, Stop>) -> String {
        match outcome {
            Err(Stop::Failed(message)) => message,
            _ => String::new(),
        }
    }

    #[test]
    fn a_controller_is_read_from_its_configuration() {
        let valid = properties(&[
            ("node.id", "7"),
            ("process.roles", "controller"),
            ("log.dirs", "a,b"),
            ("listeners", "CONTROLLER://:9093"),
            ("advertised.listeners", "controller://[::1]:9094"),
            ("controller.listener.names", "CONTROLLER"),
        ]);
        assert_eq!(controller_id(&valid).ok(), Some(7));
        assert_eq!(metadata_directory(&valid).ok(), Some(Path::new("a")));
        let found = endpoints(&valid).map(|endpoints| endpoints.iter().map(endpoint_text).collect::<Vec<_>>());
        assert_eq!(found.ok(), Some(vec!["CONTROLLER://[::1]:9094".to_owned()]));
        let broker = properties(&[("node.id", "7"), ("process.roles", "broker"), ("controller.listener.names", "C")]);
        assert!(message(controller_id(&broker)).starts_with("process.roles did not contain 'controller'"));
        assert!(message(metadata_directory(&broker)).starts_with("Neither metadata.log.dir nor log.dirs"));
        assert_eq!(message(endpoints(&broker)), "Cannot find information about controller listener name: C");
    }
}
