//! The command line of `kafka-acls`.

use std::ffi::OsString;

use kafka_options::{Options, Usage};
use kafka_rpc::acl::PatternType;

use crate::client::parse_or_explain;
use crate::terminal::Stop;

const USAGE: &str = include_str!("../../usage/acls.txt");
const ABOUT: &str = "This tool helps to manage acls on kafka.";

/// Reads and checks it (`AclCommandOptions.checkArgs`).
pub(super) fn parse(args: Vec<OsString>) -> Result<(Options, Usage), Stop> {
    let usage = Usage::read(USAGE);
    let options = parse_or_explain(&usage, ABOUT, args)?;
    match fault(&options) {
        Some(message) => Err(Stop::usage(message, &usage)),
        None => Ok((options, usage)),
    }
}

fn fault(options: &Options) -> Option<String> {
    let has = |name: &str| options.has(name);
    let text = |text: &str| Some(text.to_owned());
    match options.count(&["bootstrap-server", "bootstrap-controller"]) {
        0 => return text("One of --bootstrap-server or --bootstrap-controller must be specified"),
        1 => {}
        _ => return text("Only one of --bootstrap-server or --bootstrap-controller must be specified"),
    }
    if options.count(&["add", "remove", "list"]) != 1 {
        return text("Command must include exactly one action: --list, --add, --remove. ");
    }
    let of_role = ["operation", "deny-principal", "deny-host"];
    let of_list = ["producer", "consumer", "allow-host", "allow-principal", "deny-host", "deny-principal"];
    let excluded: [(&str, &[&str]); 3] = [("list", &of_list), ("producer", &of_role), ("consumer", &of_role)];
    for (used, others) in excluded {
        if let Some(other) = others.iter().find(|other| has(used) && has(other)) {
            return Some(format!("Option \"[{used}]\" can't be used with option \"[{other}]\""));
        }
    }
    if has("principal") && !has("list") {
        return text("The --principal option is only available if --list is set");
    }
    if has("producer") && !has("topic") {
        return text("With --producer you must specify a --topic");
    }
    if has("idempotent") && !has("producer") {
        return text("The --idempotent option is only available if --producer is set");
    }
    let is_beside = !has("producer") && (has("cluster") || has("transactional-id"));
    if has("consumer") && (!has("topic") || !has("group") || is_beside) {
        return text(
            "With --consumer you must specify a --topic and a --group and no --cluster or --transactional-id option should \
             be specified.",
        );
    }
    None
}

/// The value of `--resource-pattern-type`.
pub(super) fn pattern_type(options: &Options) -> Result<PatternType, Stop> {
    let Some(value) = options.value("resource-pattern-type")? else { return Ok(PatternType::Literal) };
    let known = PatternType::ALL.iter().filter(|pattern| **pattern != PatternType::Unknown);
    let found = known.copied().find(|pattern| pattern.name().eq_ignore_ascii_case(&value));
    found.ok_or_else(|| Stop::Failed(format!("Cannot parse argument '{value}' of option resource-pattern-type")))
}
