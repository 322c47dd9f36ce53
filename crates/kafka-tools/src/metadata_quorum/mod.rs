//! `kafka-metadata-quorum`: the quorum of the metadata log, and its voters (`MetadataQuorumCommand`).

mod add;
mod describe;
mod remove;

use std::ffi::OsString;
use std::path::Path;

use crate::arguments::{self, Argument, Command, Tool};
use crate::client::connect_either;
use crate::terminal::{Stop, Terminal};

const COMMANDS: &[Command] = &[
    Command {
        name: "describe",
        help: include_str!("../../usage/metadata_quorum_describe.txt"),
        arguments: &[
            Argument::flag("status", None),
            Argument::flag("replication", None),
            Argument::flag("human-readable", None),
        ],
        exclusive: &[],
    },
    Command {
        name: "add-controller",
        help: include_str!("../../usage/metadata_quorum_add_controller.txt"),
        arguments: &[Argument::flag("dry-run", None)],
        exclusive: &[],
    },
    Command {
        name: "remove-controller",
        help: include_str!("../../usage/metadata_quorum_remove_controller.txt"),
        arguments: &[
            Argument::required("controller-id", Some('i')),
            Argument::required("controller-directory-id", Some('d')),
            Argument::flag("dry-run", None),
        ],
        exclusive: &[],
    },
];

/// The tool.
static TOOL: Tool = Tool {
    name: "kafka-metadata-quorum",
    help: include_str!("../../usage/metadata_quorum.txt"),
    arguments: &[
        Argument::value("bootstrap-server", None),
        Argument::value("bootstrap-controller", None),
        Argument::value("command-config", None),
    ],
    commands: COMMANDS,
};

/// Runs the tool.
pub(crate) fn main(args: Vec<OsString>, terminal: &mut Terminal<'_>) -> Result<(), Stop> {
    let Some((command, arguments)) = arguments::parse_or_explain(&TOOL, &args, terminal)? else { return Ok(()) };
    let config = arguments.value("command-config");
    if let Some(path) = config.filter(|path| !Path::new(path).exists()) {
        return Err(Stop::Failed(format!("Properties file {path} does not exists!")));
    }
    let mut client = connect_either(&arguments, config)?;
    match command {
        "describe" => describe::describe(&mut client, &arguments, terminal),
        "add-controller" => add::add(&mut client, &arguments, terminal),
        _ => remove::remove(&mut client, &arguments, terminal),
    }
}
