//! `--list`.

use kafka_options::Options;
use kafka_thin_client::admin::{self, GroupListing};
use kafka_thin_client::{Client, ClientError};

use super::{COLUMN, GroupsError, Row, width};
use crate::terminal::Terminal;

/// States that a group of consumers can have, in the order of Kafka's message.
const STATES: [&str; 7] =
    ["CompletingRebalance", "Reconciling", "Stable", "PreparingRebalance", "Empty", "Assigning", "Dead"];
/// Types of groups of consumers, in the order of Kafka's message.
const TYPES: [&str; 2] = ["Consumer", "Classic"];

/// Lists groups.
pub(super) fn list(client: &mut Client, options: &Options, terminal: &mut Terminal<'_>) -> Result<(), GroupsError> {
    let (with_type, with_state) = (options.has("type"), options.has("state"));
    let types = filter(options, "type", "types", &TYPES)?;
    let states = filter(options, "state", "state", &STATES)?;
    let groups = consumer_groups(client, &states, &types)?;
    if !with_type && !with_state {
        for group in groups {
            terminal.line(group.id)?;
        }
        return Ok(());
    }
    let id_width = width(COLUMN, groups.iter().map(|group| group.id.as_str())) + 10;
    let mut row = |id: &str, kind: &str, state: &str| {
        let cells = [(true, id_width, id), (with_type, 20, kind), (with_state, 20, state)];
        let cells = cells.into_iter().filter(|(shown, ..)| *shown).map(|(_, width, cell)| (Some(width), cell));
        terminal.line(Row(&cells.collect::<Vec<_>>()))
    };
    row("GROUP", "TYPE", "STATE")?;
    for group in &groups {
        let known = |name: &str, all: &[&'static str]| {
            all.iter().find(|known| known.eq_ignore_ascii_case(name)).copied().unwrap_or("Unknown")
        };
        row(&group.id, known(&group.group_type, &TYPES), known(&group.state, &STATES))?;
    }
    Ok(())
}

/// The values of `--state` or `--type`, as Kafka writes them.
fn filter(options: &Options, option: &'static str, what: &str, valid: &[&str]) -> Result<Vec<String>, GroupsError> {
    let Some(given) = options.value(option)?.filter(|given| !given.is_empty()) else { return Ok(Vec::new()) };
    let of = |word: &str| valid.iter().find(|known| known.eq_ignore_ascii_case(word.trim()));
    let found: Option<Vec<String>> = given.split(',').map(|word| of(word).map(|name| (*name).to_owned())).collect();
    found.ok_or_else(|| {
        let plural = if option == "type" { "types" } else { "states" };
        GroupsError::Usage(format!("Invalid {what} list '{given}'. Valid {plural} are: {}", valid.join(", ")))
    })
}

/// Groups of consumers, of all or of these states and types.
pub(super) fn consumer_groups(
    client: &mut Client,
    states: &[String],
    types: &[String],
) -> Result<Vec<GroupListing>, GroupsError> {
    let groups = match admin::list_groups(client, states, types) {
        // A broker that knows no types has classic groups only.
        Err(ClientError::UnsupportedVersion { .. }) if types.iter().all(|kind| kind == "Classic") => {
            admin::list_groups(client, states, &[])
        }
        outcome => outcome,
    };
    let groups = groups.map_err(|error| match error {
        ClientError::TimedOut { .. } => GroupsError::Failed(
            "java.util.concurrent.ExecutionException: org.apache.kafka.common.KafkaException: Failed to find brokers \
             to send ListGroups"
                .into(),
        ),
        error => GroupsError::caused(&error, "listGroups"),
    })?;
    let is_consumer = |group: &GroupListing| {
        ["", "consumer"].contains(&group.protocol_type.as_str())
            && (group.group_type.is_empty() || TYPES.iter().any(|kind| kind.eq_ignore_ascii_case(&group.group_type)))
    };
    Ok(groups.into_iter().filter(is_consumer).collect())
}
