//! `describe-producers`

use kafka_thin_client::{Client, TopicPartition, admin};

use super::failed;
use crate::arguments::{Arguments, number};
use crate::table;
use crate::terminal::{Stop, Terminal};

const HEAD: [&str; 6] = [
    "ProducerId",
    "ProducerEpoch",
    "LatestCoordinatorEpoch",
    "LastSequence",
    "LastTimestamp",
    "CurrentTransactionStartOffset",
];

pub(super) fn describe(client: &mut Client, arguments: &Arguments, terminal: &mut Terminal<'_>) -> Result<(), Stop> {
    let broker: Option<i32> = number(arguments, "broker-id")?;
    let partition = partition(arguments)?;
    let described = admin::describe_producers(client, std::slice::from_ref(&partition), broker);
    let described = described.map_err(|error| {
        let of = broker.map_or_else(|| "leader".to_owned(), |id| format!("broker {id}"));
        failed(&format!("Failed to describe producers for partition {partition} on {of}"), &error)
    })?;
    let rows = described.into_values().flatten().map(|of| {
        [
            of.producer_id.to_string(),
            of.producer_epoch.to_string(),
            of.coordinator_epoch.to_string(),
            of.last_sequence.to_string(),
            of.last_timestamp.to_string(),
            of.transaction_start_offset.map_or_else(|| "None".to_owned(), |offset| offset.to_string()),
        ]
    });
    let rows: Vec<_> = rows.collect();
    Ok(table::print(HEAD, &rows, terminal)?)
}

/// The partition that two options name.
pub(super) fn partition(arguments: &Arguments) -> Result<TopicPartition, Stop> {
    let topic = arguments.value("topic").unwrap_or_default();
    Ok(TopicPartition::new(topic, number(arguments, "partition")?.unwrap_or(0)))
}
