//! `describe`

use kafka_thin_client::{Client, admin};

use super::{failed, now_ms};
use crate::arguments::Arguments;
use crate::table;
use crate::terminal::{Stop, Terminal};

const HEAD: [&str; 9] = [
    "CoordinatorId",
    "TransactionalId",
    "ProducerId",
    "ProducerEpoch",
    "TransactionState",
    "TransactionTimeoutMs",
    "CurrentTransactionStartTimeMs",
    "TransactionDurationMs",
    "TopicPartitions",
];

pub(super) fn describe(client: &mut Client, arguments: &Arguments, terminal: &mut Terminal<'_>) -> Result<(), Stop> {
    let id = arguments.value("transactional-id").unwrap_or_default();
    let what = || format!("Failed to describe transaction state of transactional-id `{id}`");
    let of = admin::describe_transaction(client, id).map_err(|error| failed(&what(), &error))?;
    let or_none = |time: Option<i64>| time.map_or_else(|| "None".to_owned(), |time| time.to_string());
    let partitions: Vec<_> = of.partitions.iter().map(ToString::to_string).collect();
    let row = [
        of.coordinator.to_string(),
        id.to_owned(),
        of.producer_id.to_string(),
        of.producer_epoch.to_string(),
        of.state,
        of.timeout_ms.to_string(),
        or_none(of.start_time_ms),
        or_none(of.start_time_ms.map(|start| now_ms() - start)),
        partitions.join(","),
    ];
    Ok(table::print(HEAD, &[row], terminal)?)
}
