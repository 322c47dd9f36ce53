//! `kafka-groups`: lists groups of all types (`GroupsCommand`).

use std::ffi::OsString;

use kafka_options::{Options, Usage};
use kafka_thin_client::admin::{self, GroupListing};
use kafka_thin_client::{Client, ClientError};

use crate::client::{connect, explain};
use crate::terminal::{Stop, Terminal};

const USAGE: &str = include_str!("../usage/groups.txt");
const ABOUT: &str = "This tool helps to list groups of all types.";
/// Types of groups.
const TYPES: [&str; 4] = ["Classic", "Consumer", "Share", "Streams"];
/// Options of which one alone may choose groups.
const KINDS: [&str; 3] = ["consumer", "share", "streams"];
/// The least width of a column.
const COLUMN: usize = 20;

/// Which groups to list.
#[derive(Debug, Default, PartialEq, Eq)]
struct Filter {
    group_type: Option<&'static str>,
    protocol: Option<String>,
    /// One of [`KINDS`].
    kind: Option<&'static str>,
}

impl Filter {
    /// Whether a group is to be listed: the first filter that is there decides, except that a type and a protocol both count.
    fn has(&self, group: &GroupListing) -> bool {
        let is_of = |group_type: &str| group.group_type.eq_ignore_ascii_case(group_type);
        let has_protocol = self.protocol.as_ref().is_none_or(|protocol| group.protocol_type == *protocol);
        match (self.group_type, &self.protocol, self.kind) {
            (Some(group_type), ..) => is_of(group_type) && has_protocol,
            (None, Some(_), _) => has_protocol,
            (None, None, Some("consumer")) => {
                ["", "consumer"].contains(&group.protocol_type.as_str()) || is_of("consumer")
            }
            (None, None, Some(kind)) => is_of(kind),
            (None, None, None) => true,
        }
    }
}

/// Runs the tool.
pub(crate) fn main(args: Vec<OsString>, terminal: &mut Terminal<'_>) -> Result<(), Stop> {
    let usage = Usage::read(USAGE);
    let options = Options::parse(&usage, args).map_err(|error| Stop::usage(error.to_string(), &usage))?;
    let filter = check(&options, &usage)?;
    let mut client = connect(&options, "bootstrap-server", "command-config")?;
    match list(&mut client, &filter) {
        Ok(rows) => Ok(rows.iter().try_for_each(|row| terminal.line(row))?),
        Err(error) => {
            let why = explain(&error, "findAllBrokers");
            terminal.line(format_args!("Error while executing groups command : {why}"))?;
            tracing::error!("{error}");
            Err(Stop::Exit(1))
        }
    }
}

fn check(options: &Options, usage: &Usage) -> Result<Filter, Stop> {
    if options.is_empty() || options.has("help") {
        return Err(Stop::usage(ABOUT, usage));
    }
    if options.has("version") {
        return Err(Stop::Version);
    }
    if !options.has("bootstrap-server") {
        return Err(Stop::usage("Missing required option(s) [bootstrap-server]", usage));
    }
    if !options.has("list") {
        return Err(Stop::usage("Command must include exactly one action: --list.", usage));
    }
    let group_type = options.value("group-type")?.map(|given| {
        let known = TYPES.into_iter().find(|known| known.eq_ignore_ascii_case(&given));
        known.ok_or_else(|| Stop::Failed("--group-type must be a valid group type.".to_owned()))
    });
    let kind = KINDS.into_iter().find(|kind| options.has(kind));
    let others = ["consumer", "group-type", "protocol", "share", "streams"];
    let other = others.into_iter().find(|other| kind.is_some_and(|kind| kind != *other) && options.has(other));
    if let (Some(kind), Some(other)) = (kind, other) {
        return Err(Stop::usage(format!("Option \"[{kind}]\" can't be used with option \"[{other}]\""), usage));
    }
    Ok(Filter { group_type: group_type.transpose()?, protocol: options.value("protocol")?, kind })
}

fn list(client: &mut Client, filter: &Filter) -> Result<Vec<String>, ClientError> {
    let groups = admin::list_groups(client, &[], &[])?;
    let groups: Vec<_> = groups.into_iter().filter(|group| filter.has(group)).collect();
    Ok(rows(&groups))
}

/// The head of the table, and a row for each group, whose last cell is followed by a space.
fn rows(groups: &[GroupListing]) -> Vec<String> {
    let cells = |group: &GroupListing| {
        let known = TYPES.into_iter().find(|known| known.eq_ignore_ascii_case(&group.group_type));
        let group_type = if group.group_type.is_empty() { "" } else { known.unwrap_or("Unknown") };
        [group.id.clone(), group_type.to_owned(), group.protocol_type.clone()]
    };
    let cells: Vec<_> = groups.iter().map(cells).collect();
    let width = cells.iter().flatten().map(|cell| cell.chars().count()).max().unwrap_or(0).max(COLUMN);
    let head = format!("{:<width$} {:<width$} {:<width$}", "GROUP", "TYPE", "PROTOCOL");
    let row = |cells: &[String; 3]| cells.iter().map(|cell| format!("{cell:<width$} ")).collect::<String>();
    std::iter::once(head).chain(cells.iter().map(row)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(id: &str, group_type: &str, protocol_type: &str) -> GroupListing {
        GroupListing {
            id: id.into(),
            protocol_type: protocol_type.into(),
            state: "Stable".into(),
            group_type: group_type.into(),
        }
    }

    #[test]
    fn filters_choose_groups() {
        let groups = [
            group("a", "classic", "consumer"),
            group("b", "classic", ""),
            group("c", "classic", "connect"),
            group("d", "consumer", "consumer"),
            group("e", "share", "share"),
        ];
        let found = |filter: Filter| {
            groups.iter().filter(|group| filter.has(group)).map(|group| group.id.as_str()).collect::<String>()
        };
        let protocol = || Some("consumer".to_owned());
        assert_eq!(found(Filter::default()), "abcde");
        assert_eq!(found(Filter { kind: Some("consumer"), ..Filter::default() }), "abd");
        assert_eq!(found(Filter { kind: Some("share"), ..Filter::default() }), "e");
        assert_eq!(found(Filter { protocol: protocol(), ..Filter::default() }), "ad");
        assert_eq!(found(Filter { group_type: Some("Classic"), ..Filter::default() }), "abc");
        assert_eq!(found(Filter { group_type: Some("Classic"), protocol: protocol(), kind: None }), "a");
    }

    #[test]
    fn all_columns_have_one_width() {
        assert_eq!(
            rows(&[group("g", "consumer", "consumer")]),
            [
                "GROUP                TYPE                 PROTOCOL            ",
                "g                    Consumer             consumer             ",
            ]
        );
    }

    #[test]
    fn command_lines_are_refused_with_kafkas_words() {
        let usage = Usage::read(USAGE);
        let outcome = |line: &str| {
            let options = Options::parse(&usage, line.split_whitespace().map(OsString::from)).expect("known options");
            match check(&options, &usage) {
                Ok(_) => "ok".to_owned(),
                Err(Stop::Usage(message, _) | Stop::Failed(message)) => message,
                Err(other) => format!("{other:?}"),
            }
        };
        for (line, expected) in [
            ("--bootstrap-server a --list", "ok"),
            ("--list", "Missing required option(s) [bootstrap-server]"),
            ("--bootstrap-server a", "Command must include exactly one action: --list."),
            ("--bootstrap-server a --list --group-type x", "--group-type must be a valid group type."),
            (
                "--bootstrap-server a --list --share --protocol x",
                "Option \"[share]\" can't be used with option \"[protocol]\"",
            ),
        ] {
            assert_eq!(outcome(line), expected, "{line}");
        }
    }
}
