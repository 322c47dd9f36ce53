//! `kafka-cluster`: a cluster's id and endpoints, and brokers that it is to forget (`ClusterTool`).

use std::ffi::OsString;

use kafka_thin_client::admin::{self, DescribedBroker};
use kafka_thin_client::{Client, ClientError};

use crate::arguments::{self, Argument, Arguments, Command, Tool, number};
use crate::client::{connect_either, thrown};
use crate::terminal::{Stop, Terminal};

const SERVER: Argument = Argument::value("bootstrap-server", Some('b'));
const CONTROLLER: Argument = Argument::value("bootstrap-controller", Some('C'));
const OLD_CONFIG: Argument = Argument::value("config", None);
const CONFIG: Argument = Argument::value("command-config", Some('c'));
/// Options of which there may be one at most.
const EXCLUSIVE: &[&str] = &["bootstrap-server", "bootstrap-controller"];
/// The width of a column whose cells are all missing.
const HOST_WIDTH: usize = 100;
const RACK_WIDTH: usize = 10;

const COMMANDS: &[Command] = &[
    Command {
        name: "cluster-id",
        help: include_str!("../usage/cluster_cluster_id.txt"),
        arguments: &[SERVER, CONTROLLER, OLD_CONFIG, CONFIG],
        exclusive: EXCLUSIVE,
    },
    Command {
        name: "unregister",
        help: include_str!("../usage/cluster_unregister.txt"),
        arguments: &[SERVER, CONTROLLER, OLD_CONFIG, CONFIG, Argument::required("id", Some('i'))],
        exclusive: EXCLUSIVE,
    },
    Command {
        name: "list-endpoints",
        help: include_str!("../usage/cluster_list_endpoints.txt"),
        arguments: &[SERVER, CONTROLLER, OLD_CONFIG, CONFIG, Argument::flag("include-fenced-brokers", None)],
        exclusive: EXCLUSIVE,
    },
];

/// The tool.
static TOOL: Tool =
    Tool { name: "kafka-cluster", help: include_str!("../usage/cluster.txt"), arguments: &[], commands: COMMANDS };

/// Runs the tool.
pub(crate) fn main(args: Vec<OsString>, terminal: &mut Terminal<'_>) -> Result<(), Stop> {
    // Unlike the other tools, Kafka's has exit code 1 after its help.
    let parsed = arguments::parse_or_explain(&TOOL, &args, terminal)?;
    let Some((command, arguments)) = parsed else { return Err(Stop::Exit(1)) };
    let (old, config) = (arguments.value("config"), arguments.value("command-config"));
    if old.is_some() && config.is_some() {
        return Err(Stop::Failed("--config and --command-config cannot be specified together.".to_owned()));
    }
    let unregistered: Option<i32> = number(&arguments, "id")?;
    if old.is_some() {
        terminal.line(
            "Option --config has been deprecated and will be removed in a future version. Use --command-config instead.",
        )?;
    }
    let mut client = connect_either(&arguments, old.or(config))?;
    match (command, unregistered) {
        ("list-endpoints", _) => list_endpoints(&mut client, &arguments, terminal),
        ("unregister", Some(id)) => unregister(&mut client, id, terminal),
        _ => {
            let cluster = admin::describe_cluster(&mut client, false);
            let cluster = cluster.map_err(|error| Stop::Failed(thrown(&error, "listNodes")))?;
            Ok(terminal.line(format_args!("Cluster ID: {}", cluster.cluster_id))?)
        }
    }
}

fn unregister(client: &mut Client, id: i32, terminal: &mut Terminal<'_>) -> Result<(), Stop> {
    match admin::unregister_broker(client, id) {
        Ok(()) => Ok(terminal.line(format_args!("Broker {id} is no longer registered."))?),
        Err(error) => {
            if let ClientError::UnsupportedApi { .. } = error {
                terminal.line("The target cluster does not support the broker unregistration API.")?;
            }
            Err(Stop::Failed(thrown(&error, "unregisterBroker")))
        }
    }
}

fn list_endpoints(client: &mut Client, arguments: &Arguments, terminal: &mut Terminal<'_>) -> Result<(), Stop> {
    let include_fenced = arguments.has("include-fenced-brokers");
    let are_controllers = arguments.has("bootstrap-controller");
    if include_fenced && are_controllers {
        let why = "The option --include-fenced-brokers is only supported with --bootstrap-server option";
        return Err(Stop::Failed(why.to_owned()));
    }
    match admin::describe_cluster(client, include_fenced) {
        Ok(cluster) => {
            let rows = rows(&cluster.brokers, are_controllers);
            rows.iter().try_for_each(|row| terminal.line(row))?;
            Ok(())
        }
        Err(error) => {
            if let ClientError::UnsupportedVersion { .. } | ClientError::UnsupportedApi { .. } = error {
                terminal.line(&error)?;
            }
            Err(Stop::Failed(thrown(&error, "listNodes")))
        }
    }
}

/// The head of the table, and a row for each node. Controllers have no state.
fn rows(nodes: &[DescribedBroker], are_controllers: bool) -> Vec<String> {
    let width = |cells: Vec<&str>, missing| cells.iter().map(|cell| cell.len()).max().unwrap_or(missing);
    let host_width = width(nodes.iter().map(|node| node.host.as_str()).collect(), HOST_WIDTH);
    let rack_width = width(nodes.iter().filter_map(|node| node.rack.as_deref()).collect(), RACK_WIDTH);
    let row = |id: &str, host: &str, port: &str, rack: &str, state: &str, kind: &str| {
        let state = if are_controllers { String::new() } else { format!("{state:<10} ") };
        format!("{id:<10} {host:<host_width$} {port:<10} {rack:<rack_width$} {state}{kind:<15}")
    };
    let kind = if are_controllers { "controller" } else { "broker" };
    let node = |node: &DescribedBroker| {
        let state = if node.is_fenced { "fenced" } else { "unfenced" };
        let rack = node.rack.as_deref().unwrap_or("null");
        row(&node.id.to_string(), &node.host, &node.port.to_string(), rack, state, kind)
    };
    let head = row("ID", "HOST", "PORT", "RACK", "STATE", "ENDPOINT_TYPE");
    std::iter::once(head).chain(nodes.iter().map(node)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_hosts_and_racks() {
        let node = |id, rack: Option<&str>| DescribedBroker {
            id,
            host: "127.0.0.1".into(),
            port: 9092,
            rack: rack.map(str::to_owned),
            is_fenced: id == 2,
        };
        assert_eq!(
            rows(&[node(1, Some("r")), node(2, None)], false),
            [
                "ID         HOST      PORT       RACK STATE      ENDPOINT_TYPE  ",
                "1          127.0.0.1 9092       r unfenced   broker         ",
                "2          127.0.0.1 9092       null fenced     broker         ",
            ]
        );
        assert_eq!(
            rows(&[node(1, None)], true),
            [
                "ID         HOST      PORT       RACK       ENDPOINT_TYPE  ",
                "1          127.0.0.1 9092       null       controller     ",
            ]
        );
    }
}
