//! The command line of `kafka-configs` (`ConfigCommandOptions`).

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::net::ToSocketAddrs;

use kafka_options::{Options, Usage};

use super::entities::{DEFAULTS, Entity, EntityType, FLAGS, names, types};
use crate::client::parse_or_explain;
use crate::terminal::Stop;

const USAGE: &str = include_str!("../../usage/configs.txt");
const ABOUT: &str = "This tool helps to manipulate and describe entity config for a topic, client, user, broker, ip, \
                     client-metrics or group";

/// Reads the command line.
pub(super) fn parse(args: Vec<OsString>) -> Result<(Options, Vec<Entity>), Stop> {
    let usage = Usage::read(USAGE);
    let options = parse_or_explain(&usage, ABOUT, args)?;
    if options.count(&["alter", "describe"]) != 1 {
        return Err(Stop::usage("Command must include exactly one action: --describe, --alter", &usage));
    }
    let unwanted = ["add-config", "delete-config"].iter().find(|option| options.has("describe") && options.has(option));
    if let Some(option) = unwanted {
        return Err(Stop::usage(format!("Option \"[describe]\" can't be used with option \"[{option}]\""), &usage));
    }
    let entities = check(&options).map_err(Stop::Failed)?;
    Ok((options, entities))
}

/// The entities, if all options go together.
fn check(options: &Options) -> Result<Vec<Entity>, String> {
    let refuse = |message: &str| Err(message.to_owned());
    let (types, names) = (types(options), names(options));
    let distinct: BTreeSet<&String> = types.iter().collect();
    if distinct.len() != types.len() {
        let twice = types.iter().enumerate().filter(|(at, kind)| types.iter().take(*at).any(|other| other == *kind));
        let twice: Vec<&str> = twice.map(|(_, kind)| kind.as_str()).collect();
        return Err(format!("Duplicate entity type(s) specified: {}", twice.join(",")));
    }
    match options.count(&["bootstrap-server", "bootstrap-controller"]) {
        0 => return refuse("Either --bootstrap-server or --bootstrap-controller must be specified."),
        1 => {}
        _ => return refuse("Only one of --bootstrap-server or --bootstrap-controller can be specified"),
    }
    let kinds: Vec<EntityType> = types.iter().map(|kind| entity_type(kind)).collect::<Result<_, _>>()?;
    let has = |kind: EntityType| kinds.contains(&kind);
    if kinds.is_empty() {
        return refuse("At least one entity type must be specified");
    }
    if kinds.len() > 1 && !(kinds.len() == 2 && has(EntityType::Users) && has(EntityType::Clients)) {
        return refuse("Only 'users' and 'clients' entity types may be specified together");
    }
    let flagged = FLAGS.iter().chain(&DEFAULTS).any(|(option, _)| options.has(option));
    if flagged && options.count(&["entity-name", "entity-type", "entity-default"]) > 0 {
        return refuse("--entity-{type,name,default} should not be used in conjunction with specific entity flags");
    }
    let (has_name, has_default) = (names.iter().any(|name| !name.is_empty()), names.iter().any(String::is_empty));
    check_names(&kinds, &names)?;
    let all_types = types.join(",");
    if options.has("describe") {
        if options.has("entity-default") && !kinds.iter().any(|kind| kind.has_default()) {
            return Err(format!("--entity-default must not be specified with --describe of {all_types}"));
        }
        if has(EntityType::BrokerLoggers) && !has_name {
            return Err(format!("An entity name must be specified with --describe of {all_types}"));
        }
    } else {
        if kinds.iter().any(|kind| kind.has_default()) {
            if !has_name && !has_default {
                return refuse(
                    "An entity-name or default entity must be specified with --alter of users, clients, brokers or ips",
                );
            }
        } else if !has_name {
            return Err(format!("An entity name must be specified with --alter of {all_types}"));
        }
        match options.count(&["add-config", "add-config-file", "delete-config"]) {
            0 => {
                return refuse(
                    "At least one of --add-config, --add-config-file, or --delete-config must be specified with --alter",
                );
            }
            _ if options.count(&["add-config", "add-config-file"]) > 1 => {
                return refuse("Only one of --add-config or --add-config-file must be specified");
            }
            _ if names.len() != kinds.len() => {
                return refuse("An entity name must be specified for every entity type");
            }
            _ => {}
        }
    }
    if names.len() > kinds.len() {
        return refuse("More entity names specified than entity types");
    }
    let names = names.into_iter().map(Some).chain(std::iter::repeat(None));
    Ok(kinds.into_iter().zip(names).map(|(kind, name)| Entity { kind, name }).collect())
}

fn entity_type(word: &str) -> Result<EntityType, String> {
    let found = EntityType::ALL.into_iter().find(|kind| kind.name() == word);
    found.ok_or_else(|| {
        let all = EntityType::ALL.map(EntityType::name).join(", ");
        format!(
            "Invalid entity type {word}, the entity type must be one of {all} with a --bootstrap-server or \
             --bootstrap-controller argument"
        )
    })
}

/// Whether names of brokers are ids, and those of addresses can be resolved.
fn check_names(kinds: &[EntityType], names: &[String]) -> Result<(), String> {
    for (kind, name) in kinds.iter().zip(names.iter()).filter(|(_, name)| !name.is_empty()) {
        let kind_name = kind.name();
        match kind {
            EntityType::Brokers | EntityType::BrokerLoggers if name.parse::<i32>().is_err() => {
                return Err(format!(
                    "The entity name for {kind_name} must be a valid integer broker id, but it is: {name}"
                ));
            }
            EntityType::Ips if (name.as_str(), 0).to_socket_addrs().is_err() => {
                return Err(format!(
                    "The entity name for {kind_name} must be a valid IP or resolvable host, but it is: {name}"
                ));
            }
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(line: &str) -> String {
        match parse(line.split(' ').map(OsString::from).collect()) {
            Ok((_, entities)) => {
                let of = entities.iter().map(|entity| format!("{}={:?}", entity.kind.name(), entity.name));
                of.collect::<Vec<_>>().join(" ")
            }
            Err(Stop::Usage(message, _) | Stop::Failed(message)) => message,
            Err(other) => format!("{other:?}"),
        }
    }

    #[test]
    fn entities_are_named_in_two_ways() {
        let on = "--bootstrap-server a:1 --describe";
        for (line, expected) in [
            ("--topic t", "topics=Some(\"t\")"),
            ("--entity-type topics", "topics=None"),
            ("--entity-type clients --entity-default", "clients=Some(\"\")"),
            (
                "--entity-type users --entity-default --entity-type clients --entity-name c",
                "users=Some(\"\") clients=Some(\"c\")",
            ),
            ("--broker-defaults", "brokers=Some(\"\")"),
            ("--broker x", "The entity name for brokers must be a valid integer broker id, but it is: x"),
            ("--topic t --broker 1", "Only 'users' and 'clients' entity types may be specified together"),
            ("--entity-type topics --topic t", "Duplicate entity type(s) specified: topics"),
        ] {
            assert_eq!(outcome(&format!("{on} {line}")), expected, "{line}");
        }
    }
}
