//! The command line of `kafka-topics` (`TopicCommandOptions`).

use std::ffi::OsString;

use kafka_options::{Options, Usage};

use crate::terminal::{Stop, Terminal};

const USAGE: &str = include_str!("../../usage/topics.txt");
const ACTIONS: [&str; 5] = ["create", "list", "alter", "describe", "delete"];
const REPORTS: [&str; 4] =
    ["under-replicated-partitions", "under-min-isr-partitions", "at-min-isr-partitions", "unavailable-partitions"];
/// Options with the actions that they go with.
const USED_WITH: [(&str, &[&str]); 13] = [
    ("config", &["alter", "create"]),
    ("partitions", &["alter", "create"]),
    ("replication-factor", &["create"]),
    ("replica-assignment", &["alter", "create"]),
    ("under-replicated-partitions", &["describe"]),
    ("under-min-isr-partitions", &["describe"]),
    ("at-min-isr-partitions", &["describe"]),
    ("unavailable-partitions", &["describe"]),
    ("topics-with-overrides", &["describe"]),
    ("if-exists", &["alter", "delete", "describe"]),
    ("if-not-exists", &["create"]),
    ("exclude-internal", &["list", "describe"]),
    ("partition-size-limit-per-response", &ACTIONS),
];

/// Reads the command line.
pub(super) fn parse(args: Vec<OsString>, terminal: &mut Terminal<'_>) -> Result<Options, Stop> {
    let usage = Usage::read(USAGE);
    let options = Options::parse(&usage, args)?;
    let wrong = |message: &str| Err(Stop::usage(message, &usage));
    if options.is_empty() {
        return wrong("Create, delete, describe, or change a topic.");
    }
    if options.has("help") {
        return wrong("This tool helps to create, delete, describe, or change a topic.");
    }
    if options.has("version") {
        return Err(Stop::Version);
    }
    if options.count(&ACTIONS) != 1 {
        return wrong("Command must include exactly one action: --list, --describe, --create, --alter or --delete");
    }
    if options.has("delete-config") {
        terminal.error(
            "delete-config option is no longer supported and deprecated since version 4.0. \
             The config will be fully removed in future releases.",
        )?;
    }
    if !options.has("bootstrap-server") {
        return Err(Stop::Failed("--bootstrap-server must be specified".into()));
    }
    if options.has("describe") && options.has("if-exists") {
        match (options.has("topic"), options.has("topic-id")) {
            (false, false) => return wrong("--topic or --topic-id is required to describe a topic"),
            (true, true) => terminal.line(
                "Only topic id will be used when both --topic and --topic-id are specified and topicId is not \
                 Uuid.ZERO_UUID",
            )?,
            _ => {}
        }
    }
    if let Some(message) = missing(&options).or_else(|| conflict(&options)) {
        return wrong(&message);
    }
    Ok(options)
}

/// An option that the action needs.
fn missing(options: &Options) -> Option<String> {
    let required = |name: &str| (!options.has(name)).then(|| format!("Missing required argument \"[{name}]\""));
    if !options.has("list") && !options.has("describe") && !options.has("topic") {
        return required("topic");
    }
    if options.has("alter") {
        if options.has("config") {
            let hint = "(To alter topic configurations, the kafka-configs tool can be used.)";
            let set = "[[bootstrap-server], [config]]";
            return Some(format!("Option combination \"{set}\" can't be used with option \"[alter]\" {hint}"));
        }
        return required("partitions");
    }
    None
}

/// Two options that do not go together.
fn conflict(options: &Options) -> Option<String> {
    let together = |option: &str, others: &[&str]| {
        let other = others.iter().find(|other| options.has(option) && options.has(other))?;
        Some(format!("Option \"[{option}]\" can't be used with option \"[{other}]\""))
    };
    let with_action = |(option, actions): &(&str, &[&str])| {
        let others: Vec<&str> = ACTIONS.into_iter().filter(|action| !actions.contains(action)).collect();
        together(option, &others).or_else(|| match *option {
            "replica-assignment" if options.has("create") => together(option, &["partitions", "replication-factor"]),
            "topics-with-overrides" => together(option, &REPORTS),
            report if REPORTS.contains(&report) => together(report, &["topics-with-overrides"]),
            _ => None,
        })
    };
    USED_WITH.iter().find_map(with_action)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(line: &str) -> String {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut terminal = Terminal::new(&mut out, &mut err);
        match parse(line.split(' ').map(OsString::from).collect(), &mut terminal) {
            Ok(_) => "ok".into(),
            Err(Stop::Usage(message, _) | Stop::Failed(message)) => message,
            Err(other) => format!("{other:?}"),
        }
    }

    #[test]
    fn command_lines_are_refused_with_kafkas_words() {
        for (line, expected) in [
            ("--list --bootstrap-server a:1", "ok"),
            ("--bootstrap-server=a:1 --create --topic t --partitions 1 --if-not-exists", "ok"),
            ("--bootstrap-server a:1 --create", "Missing required argument \"[topic]\""),
            ("--create --topic t", "--bootstrap-server must be specified"),
            ("--bootstrap-server a:1 --alter --topic t", "Missing required argument \"[partitions]\""),
            (
                "--bootstrap-server a:1 --alter --topic t --config a=b",
                "Option combination \"[[bootstrap-server], [config]]\" can't be used with option \"[alter]\" \
                 (To alter topic configurations, the kafka-configs tool can be used.)",
            ),
            (
                "--bootstrap-server a:1 --create --topic t --replica-assignment 1 --partitions 2",
                "Option \"[replica-assignment]\" can't be used with option \"[partitions]\"",
            ),
            (
                "--bootstrap-server a:1 --list --if-exists",
                "Option \"[if-exists]\" can't be used with option \"[list]\"",
            ),
            (
                "--bootstrap-server a:1 --describe --unavailable-partitions --topics-with-overrides",
                "Option \"[unavailable-partitions]\" can't be used with option \"[topics-with-overrides]\"",
            ),
            ("--version", "Version"),
        ] {
            assert_eq!(outcome(line), expected, "{line}");
        }
    }
}
