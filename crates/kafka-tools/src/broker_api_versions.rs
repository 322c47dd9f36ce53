//! `kafka-broker-api-versions`: which versions of which APIs the brokers serve (`BrokerApiVersionsCommand`).

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::ops::RangeInclusive;

use kafka_options::{Options, Usage};
use kafka_rpc::ApiKey;
use kafka_thin_client::{Client, NodeVersions};

use crate::client::connect;
use crate::terminal::{Stop, Terminal};

const USAGE: &str = include_str!("../usage/broker_api_versions.txt");

/// APIs of Kafka 4.3 that [`ApiKey`] does not have: number, name, first and last version.
const OTHER_APIS: [(i16, &str, i16, i16); 20] = [
    (38, "CreateDelegationToken", 1, 3),
    (39, "RenewDelegationToken", 1, 2),
    (40, "ExpireDelegationToken", 1, 2),
    (41, "DescribeDelegationToken", 1, 3),
    (71, "GetTelemetrySubscriptions", 0, 0),
    (72, "PushTelemetry", 0, 0),
    (76, "ShareGroupHeartbeat", 1, 1),
    (77, "ShareGroupDescribe", 1, 1),
    (78, "ShareFetch", 1, 2),
    (79, "ShareAcknowledge", 1, 2),
    (83, "InitializeShareGroupState", 0, 0),
    (84, "ReadShareGroupState", 0, 0),
    (85, "WriteShareGroupState", 0, 1),
    (86, "DeleteShareGroupState", 0, 0),
    (87, "ReadShareGroupStateSummary", 0, 1),
    (88, "StreamsGroupHeartbeat", 0, 0),
    (89, "StreamsGroupDescribe", 0, 0),
    (90, "DescribeShareGroupOffsets", 0, 1),
    (91, "AlterShareGroupOffsets", 0, 0),
    (92, "DeleteShareGroupOffsets", 0, 0),
];
/// APIs that only nodes of the quorum serve, to each other and to brokers.
const NOT_FOR_CLIENTS: &[ApiKey] = &[
    ApiKey::AlterPartition,
    ApiKey::Envelope,
    ApiKey::FetchSnapshot,
    ApiKey::BrokerRegistration,
    ApiKey::BrokerHeartbeat,
    ApiKey::AllocateProducerIds,
    ApiKey::AssignReplicasToDirs,
];

/// Runs the tool.
pub(crate) fn main(args: Vec<OsString>, terminal: &mut Terminal<'_>) -> Result<(), Stop> {
    let usage = Usage::read(USAGE);
    let options = Options::parse(&usage, args)?;
    if options.is_empty() || options.has("help") {
        return Err(Stop::usage("This tool helps to retrieve broker version information.", &usage));
    }
    if options.has("version") {
        return Err(Stop::Version);
    }
    if !options.has("bootstrap-server") {
        return Err(Stop::usage("Missing required argument \"[bootstrap-server]\"", &usage));
    }
    let mut client = connect(&options, "bootstrap-server", "command-config")?;
    let brokers = brokers(&mut client)?;
    for (id, broker) in brokers {
        terminal.out().write_all(broker.as_bytes())?;
        match client.retry(|client| client.connection(id).map(|connection| connection.versions().clone())) {
            Ok(versions) => terminal.line(format_args!(" -> {}", text(&versions)))?,
            Err(error) => terminal.line(format_args!(" -> ERROR: {error}"))?,
        }
    }
    Ok(())
}

/// The brokers, each with the text of Kafka's `Node`.
fn brokers(client: &mut Client) -> Result<Vec<(i32, String)>, Stop> {
    if let Err(error) = client.fetch_topics(Some(&[]), false) {
        tracing::error!("{error}");
        let servers = client.config().bootstrap_servers.iter().enumerate();
        let servers = servers.map(|(at, server)| format!("{server} (id: -{} rack: null isFenced: false)", at + 1));
        let servers = servers.collect::<Vec<_>>().join(", ");
        return Err(Stop::Failed(format!("Request METADATA failed on brokers [{servers}]")));
    }
    let nodes = client.cluster().nodes.values();
    let node = |node: &kafka_thin_client::Node| {
        let rack = node.rack.as_deref().unwrap_or("null");
        let text = format!("{}:{} (id: {} rack: {rack} isFenced: false)", node.peer.host, node.peer.port, node.id);
        (node.id, text)
    };
    Ok(nodes.map(node).collect())
}

/// `NodeApiVersions.toString(true)`.
fn text(versions: &NodeVersions) -> String {
    let known = |number: i16| {
        let here = ApiKey::from_number(number).map(|api| (api.name(), api.versions()));
        let other = OTHER_APIS.iter().find(|(other, ..)| *other == number);
        here.or(other.map(|(_, name, low, high)| (*name, *low..=*high)))
    };
    let here = ApiKey::ALL.iter().filter(|api| !NOT_FOR_CLIENTS.contains(api)).map(|api| api.number());
    let clients = here.chain(OTHER_APIS.iter().map(|(number, ..)| *number));
    let mut lines: BTreeMap<i16, String> = BTreeMap::new();
    for number in clients.chain(versions.ranges().map(|(number, _)| number)) {
        let line = match (known(number), versions.range(number)) {
            (Some((name, ours)), Some(theirs)) => {
                format!("{name}({number}): {} [{}]", range(&theirs), usable(&ours, &theirs))
            }
            (None, Some(theirs)) => format!("UNKNOWN({number}): {}", range(&theirs)),
            (Some((name, _)), None) => format!("{name}({number}): UNSUPPORTED"),
            (None, None) => continue,
        };
        lines.insert(number, line);
    }
    let lines: Vec<String> = lines.into_values().collect();
    format!("(\n\t{}\n)", lines.join(",\n\t"))
}

fn range(versions: &RangeInclusive<i16>) -> String {
    match (versions.start(), versions.end()) {
        (low, high) if low == high => low.to_string(),
        (low, high) => format!("{low} to {high}"),
    }
}

fn usable(ours: &RangeInclusive<i16>, theirs: &RangeInclusive<i16>) -> String {
    if ours.end() < theirs.start() {
        "unusable: node too new".into()
    } else if theirs.end() < ours.start() {
        "unusable: node too old".into()
    } else {
        format!("usable: {}", ours.end().min(theirs.end()))
    }
}
