//! The command line of `kafka-consumer-groups` (`ConsumerGroupCommandOptions`).

use std::ffi::OsString;

use kafka_options::{Options, Usage};

use crate::terminal::{Stop, Terminal};

pub(super) const USAGE: &str = include_str!("../../usage/consumer_groups.txt");

const ABOUT: &str = "This tool helps to list all consumer groups, describe a consumer group, delete consumer group info, \
                     or reset consumer group offsets.";
const ACTIONS: [&str; 6] = ["list", "describe", "delete", "reset-offsets", "delete-offsets", "validate-regex"];
/// Where offsets can be reset to.
pub(super) const SCENARIOS: [&str; 8] =
    ["to-offset", "to-datetime", "by-duration", "to-earliest", "to-latest", "to-current", "shift-by", "from-file"];
/// Options that need another one.
const NEEDS: [(&str, &[&str]); 5] = [
    ("members", &["describe"]),
    ("verbose", &["describe"]),
    ("offsets", &["describe"]),
    ("state", &["describe", "list"]),
    ("type", &["list"]),
];
const GROUP_OR_ALL: &str = "[all-groups], [group]";

/// Reads the command line.
pub(super) fn parse(usage: &Usage, args: Vec<OsString>, terminal: &mut Terminal<'_>) -> Result<Options, Stop> {
    let options = Options::parse(usage, args)?;
    let unavailable = NEEDS.iter().find(|(option, needs)| options.has(option) && options.count(needs) == 0);
    if let Some((option, _)) = unavailable {
        return Err(Stop::Failed(format!(
            "Option(s) [{option}] are unavailable given other options on the command line"
        )));
    }
    if options.is_empty() || options.has("help") {
        return Err(Stop::usage(ABOUT, usage));
    }
    if options.has("version") {
        return Err(Stop::Version);
    }
    if !options.has("validate-regex") && !options.has("bootstrap-server") {
        return Err(Stop::usage("Missing required argument \"[bootstrap-server]\"", usage));
    }
    if let Some(message) = check(&options, terminal)? {
        return Err(Stop::usage(message, usage));
    }
    if options.count(&ACTIONS) != 1 {
        let message = "Command must include exactly one action: --list, --describe, --delete, --reset-offsets, \
                       --delete-offsets, --validate-regex";
        return Err(Stop::usage(message, usage));
    }
    Ok(options)
}

/// What is wrong with the options of an action.
fn check(options: &Options, terminal: &mut Terminal<'_>) -> Result<Option<String>, Stop> {
    let has_group = options.count(&["group", "all-groups"]) > 0;
    let takes = |action: &str, what: &str| Ok(Some(format!("Option [{action}] takes {what}")));
    if options.has("describe") {
        if !has_group {
            return takes("describe", &format!("one of these options: {GROUP_OR_ALL}"));
        }
        if options.count(&["members", "offsets", "state"]) > 1 {
            return takes("describe", "at most one of these options: [members], [offsets], [state]");
        }
        if !options.values("state").is_empty() {
            return Ok(Some("Option [describe] does not take a value for [state]".into()));
        }
    }
    if options.has("delete") {
        if !has_group {
            return takes("delete", &format!("one of these options: {GROUP_OR_ALL}"));
        }
        if options.has("topic") {
            let message = "The consumer does not support topic-specific offset deletion from a consumer group.";
            return Ok(Some(message.into()));
        }
    }
    if options.has("delete-offsets") && options.count(&["group", "topic"]) < 2 {
        return takes("delete-offsets", "the following options: [group], [topic]");
    }
    if options.has("reset-offsets") {
        match options.count(&["dry-run", "execute"]) {
            0 => terminal.error(
                "WARN: No action will be performed as the --execute option is missing. In version 5.0, this command \
                 will require either --dry-run or --execute to be specified. You should add the --dry-run option \
                 explicitly if you are scripting this command and want to keep the current default behavior without \
                 prompting.",
            )?,
            1 => {}
            _ => return Ok(Some("Option [reset-offsets] only accepts one of [execute] and [dry-run]".into())),
        }
        if !has_group {
            return takes("reset-offsets", &format!("one of these options: {GROUP_OR_ALL}"));
        }
    }
    Ok(conflict(options))
}

/// Two options that do not go together.
fn conflict(options: &Options) -> Option<String> {
    let together = |option: &str, others: &[&str]| {
        let other = others.iter().find(|other| **other != option && options.has(option) && options.has(other))?;
        Some(format!("Option \"[{option}]\" can't be used with option \"[{other}]\""))
    };
    let scenarios = SCENARIOS.iter().filter(|_| options.has("reset-offsets"));
    scenarios
        .clone()
        .find_map(|scenario| together(scenario, &SCENARIOS))
        .or_else(|| together("group", &["all-groups", "list"]))
        .or_else(|| together("topic", &["list", "describe"]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(line: &str) -> String {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut terminal = Terminal::new(&mut out, &mut err);
        let line = format!("--bootstrap-server a:1 {line}");
        match parse(&Usage::read(USAGE), line.split(' ').map(OsString::from).collect(), &mut terminal) {
            Ok(_) => "ok".into(),
            Err(Stop::Usage(message, _) | Stop::Failed(message)) => message,
            Err(other) => format!("{other:?}"),
        }
    }

    #[test]
    fn command_lines_are_refused_with_kafkas_words() {
        for (line, expected) in [
            ("--list --state", "ok"),
            ("--describe --group g --members --verbose", "ok"),
            ("--list --members", "Option(s) [members] are unavailable given other options on the command line"),
            ("--describe", "Option [describe] takes one of these options: [all-groups], [group]"),
            ("--describe --group g --state stable", "Option [describe] does not take a value for [state]"),
            ("--list --group g", "Option \"[group]\" can't be used with option \"[list]\""),
            (
                "--reset-offsets --group g --topic t --to-earliest --to-latest --dry-run",
                "Option \"[to-earliest]\" can't be used with option \"[to-latest]\"",
            ),
        ] {
            assert_eq!(outcome(line), expected, "{line}");
        }
    }
}
