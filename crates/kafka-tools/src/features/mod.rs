//! `kafka-features`: the levels of a cluster's features (`FeatureCommand`).

mod describe;
mod update;

use std::ffi::OsString;

use crate::arguments::{self, Argument, Command, Tool};
use crate::client::connect_either;
use crate::feature_levels;
use crate::terminal::{Stop, Terminal};

const FEATURE: Argument = Argument::value("feature", None);
const UNSAFE: Argument = Argument::flag("unsafe", None);
const DRY_RUN: Argument = Argument::flag("dry-run", None);
const METADATA: Argument = Argument::value("metadata", None);
const RELEASE: Argument = Argument::value("release-version", None);

const COMMANDS: &[Command] = &[
    Command {
        name: "describe",
        help: include_str!("../../usage/features_describe.txt"),
        arguments: &[Argument::value("node-id", None)],
        exclusive: &[],
    },
    Command {
        name: "upgrade",
        help: include_str!("../../usage/features_upgrade.txt"),
        arguments: &[METADATA, RELEASE, FEATURE, DRY_RUN],
        exclusive: &[],
    },
    Command {
        name: "downgrade",
        help: include_str!("../../usage/features_downgrade.txt"),
        arguments: &[METADATA, RELEASE, FEATURE, UNSAFE, DRY_RUN],
        exclusive: &[],
    },
    Command {
        name: "disable",
        help: include_str!("../../usage/features_disable.txt"),
        arguments: &[FEATURE, UNSAFE, DRY_RUN],
        exclusive: &[],
    },
    Command {
        name: "version-mapping",
        help: include_str!("../../usage/features_version_mapping.txt"),
        arguments: &[RELEASE],
        exclusive: &[],
    },
    Command {
        name: "feature-dependencies",
        help: include_str!("../../usage/features_feature_dependencies.txt"),
        arguments: &[Argument::required("feature", None)],
        exclusive: &[],
    },
];

/// The tool.
static TOOL: Tool = Tool {
    name: "kafka-features",
    help: include_str!("../../usage/features.txt"),
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
    match command {
        "version-mapping" => return feature_levels::version_mapping(&arguments, terminal),
        "feature-dependencies" => return feature_levels::dependencies(&arguments, terminal),
        _ => {}
    }
    let mut client = connect_either(&arguments, arguments.value("command-config"))?;
    match command {
        "describe" => describe::describe(&mut client, &arguments, terminal),
        "disable" => update::disable(&mut client, &arguments, terminal),
        operation => update::change(&mut client, operation, &arguments, terminal),
    }
}
