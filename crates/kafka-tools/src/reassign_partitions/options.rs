//! The command line of `kafka-reassign-partitions` (`ReassignPartitionsCommand.validateAndParseArgs`).

use std::ffi::OsString;

use kafka_options::{Options, Usage};

use crate::client::{parse_or_explain, require};
use crate::terminal::Stop;

const USAGE: &str = include_str!("../../usage/reassign_partitions.txt");
const ABOUT: &str = "This tool helps to move topic partitions between replicas.";

/// What the tool can do, with the options that each action needs and those that it takes besides.
const ACTIONS: [Action; 5] = [
    Action {
        name: "generate",
        required: &["topics-to-move-json-file", "broker-list"],
        permitted: &["bootstrap-server", "command-config", "disable-rack-aware"],
    },
    Action {
        name: "execute",
        required: &["reassignment-json-file"],
        permitted: &[
            "additional",
            "bootstrap-server",
            "command-config",
            "throttle",
            "replica-alter-log-dirs-throttle",
            "timeout",
            "disallow-replication-factor-change",
        ],
    },
    Action {
        name: "verify",
        required: &["reassignment-json-file"],
        permitted: &["bootstrap-server", "command-config", "preserve-throttles"],
    },
    Action {
        name: "cancel",
        required: &["reassignment-json-file"],
        permitted: &["bootstrap-server", "bootstrap-controller", "command-config", "preserve-throttles", "timeout"],
    },
    Action { name: "list", required: &[], permitted: &["bootstrap-server", "bootstrap-controller", "command-config"] },
];

/// All options that an action may not take, in the order of Kafka's message.
const OPTIONS: [&str; 14] = [
    "bootstrap-server",
    "bootstrap-controller",
    "command-config",
    "reassignment-json-file",
    "topics-to-move-json-file",
    "broker-list",
    "disable-rack-aware",
    "throttle",
    "replica-alter-log-dirs-throttle",
    "timeout",
    "additional",
    "preserve-throttles",
    "disallow-replication-factor-change",
    "version",
];

struct Action {
    name: &'static str,
    required: &'static [&'static str],
    permitted: &'static [&'static str],
}

/// Reads the command line.
pub(super) fn parse(args: Vec<OsString>) -> Result<Options, Stop> {
    let usage = Usage::read(USAGE);
    let options = parse_or_explain(&usage, ABOUT, args)?;
    let mut actions = ACTIONS.iter().filter(|action| options.has(action.name));
    let (Some(action), None) = (actions.next(), actions.next()) else {
        let names = ACTIONS.map(|action| format!("--{}", action.name)).join(", ");
        return Err(Stop::usage(format!("Command must include exactly one action: {names}"), &usage));
    };
    match options.count(&["bootstrap-server", "bootstrap-controller"]) {
        0 => return Err(Stop::usage("Please specify either --bootstrap-server or --bootstrap-controller", &usage)),
        1 => {}
        _ => {
            let why = "Please don't specify both --bootstrap-server and --bootstrap-controller";
            return Err(Stop::usage(why, &usage));
        }
    }
    require(&options, &usage, action.required)?;
    let is_known = |option: &&str| action.required.contains(option) || action.permitted.contains(option);
    match OPTIONS.iter().find(|option| options.has(option) && !is_known(option)) {
        Some(option) => {
            let why = format!("Option \"[{option}]\" can't be used with action \"[{}]\"", action.name);
            Err(Stop::usage(why, &usage))
        }
        None => Ok(options),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_lines_are_refused_with_kafkas_words() {
        let outcome = |line: &str| match parse(line.split_whitespace().map(OsString::from).collect()) {
            Ok(_) => "ok".to_owned(),
            Err(Stop::Usage(message, _) | Stop::Failed(message)) => message,
            Err(other) => format!("{other:?}"),
        };
        for (line, expected) in [
            ("--bootstrap-server a --list", "ok"),
            ("--bootstrap-controller a --cancel --reassignment-json-file f --preserve-throttles", "ok"),
            ("--list", "Please specify either --bootstrap-server or --bootstrap-controller"),
            ("--bootstrap-server a --execute", "Missing required argument \"[reassignment-json-file]\""),
            (
                "--bootstrap-server a --list --execute",
                "Command must include exactly one action: --generate, --execute, --verify, --cancel, --list",
            ),
            (
                "--bootstrap-server a --verify --reassignment-json-file f --throttle 5",
                "Option \"[throttle]\" can't be used with action \"[verify]\"",
            ),
            (
                "--bootstrap-controller a --verify --reassignment-json-file f",
                "Option \"[bootstrap-controller]\" can't be used with action \"[verify]\"",
            ),
        ] {
            assert_eq!(outcome(line), expected, "{line}");
        }
    }
}
