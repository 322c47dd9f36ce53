//! `kafka-storage`: formats log directories, and says what is in them (`StorageTool`).

mod format;
mod info;
mod scram;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use kafka_broker::config::BrokerConfig;
use kafka_broker::metadata::random_uuid;

use crate::arguments::{self, Argument, Arguments, Command, Tool};
use crate::feature_levels;
use crate::terminal::{Stop, Terminal};

const CONFIG: Argument = Argument::required("config", Some('c'));
const COMMANDS: &[Command] = &[
    Command { name: "info", help: include_str!("../../usage/storage_info.txt"), arguments: &[CONFIG], exclusive: &[] },
    Command {
        name: "format",
        help: include_str!("../../usage/storage_format.txt"),
        arguments: &[
            CONFIG,
            Argument::required("cluster-id", Some('t')),
            Argument::value("add-scram", Some('S')),
            Argument::flag("ignore-formatted", Some('g')),
            Argument::value("release-version", Some('r')),
            Argument::value("feature", Some('f')),
            Argument::flag("standalone", Some('s')),
            Argument::flag("no-initial-controllers", Some('N')),
            Argument::value("initial-controllers", Some('I')),
        ],
        exclusive: &["standalone", "no-initial-controllers", "initial-controllers"],
    },
    Command {
        name: "version-mapping",
        help: include_str!("../../usage/storage_version_mapping.txt"),
        arguments: &[Argument::value("release-version", Some('r'))],
        exclusive: &[],
    },
    Command {
        name: "feature-dependencies",
        help: include_str!("../../usage/storage_feature_dependencies.txt"),
        arguments: &[Argument::required("feature", Some('f'))],
        exclusive: &[],
    },
    Command {
        name: "random-uuid",
        help: include_str!("../../usage/storage_random_uuid.txt"),
        arguments: &[],
        exclusive: &[],
    },
];

/// The tool.
pub(crate) static TOOL: Tool =
    Tool { name: "kafka-storage", help: include_str!("../../usage/storage.txt"), arguments: &[], commands: COMMANDS };

/// Runs the tool.
pub(crate) fn main(args: Vec<OsString>, terminal: &mut Terminal<'_>) -> Result<(), Stop> {
    let Some((command, arguments)) = arguments::parse_or_explain(&TOOL, &args, terminal)? else { return Ok(()) };
    match command {
        "info" => info::info(&load(&arguments)?, terminal),
        "format" => format::format(&arguments, &load(&arguments)?, terminal),
        "version-mapping" => feature_levels::version_mapping(&arguments, terminal),
        "feature-dependencies" => feature_levels::dependencies(&arguments, terminal),
        _ => Ok(terminal.line(random_uuid())?),
    }
}

fn load(arguments: &Arguments) -> Result<BrokerConfig, Stop> {
    let path = arguments.value("config").unwrap_or_default();
    let loaded = BrokerConfig::load(Some(Path::new(path)), &[]);
    loaded.map(|(config, _)| config).map_err(|error| Stop::Failed(error.to_string()))
}

/// `log.dirs` and `metadata.log.dir`, sorted.
fn directories(config: &BrokerConfig) -> Vec<PathBuf> {
    let mut directories = config.log_dirs.clone();
    directories.push(config.metadata_log_dir.clone());
    directories.sort();
    directories.dedup();
    directories
}
