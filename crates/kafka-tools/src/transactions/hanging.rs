//! `find-hanging`: transactions that are open in a partition, and of which no coordinator knows any more.

use std::collections::{BTreeMap, HashMap};

use kafka_thin_client::admin::{self, ProducerState, TransactionFilter};
use kafka_thin_client::{Client, TopicPartition};

use super::{failed, now_ms};
use crate::arguments::{Arguments, number};
use crate::table;
use crate::terminal::{Stop, Terminal};

const HEAD: [&str; 8] = [
    "Topic",
    "Partition",
    "ProducerId",
    "ProducerEpoch",
    "CoordinatorEpoch",
    "StartOffset",
    "LastTimestamp",
    "Duration(min)",
];
/// Partitions in a response.
const PAGE: i32 = 2_000;
/// Minutes after which a transaction can hang.
const TIMEOUT_MINUTES: i64 = 15;
const MS_PER_MINUTE: i64 = 60_000;

pub(super) fn find(client: &mut Client, arguments: &Arguments, terminal: &mut Terminal<'_>) -> Result<(), Stop> {
    let broker: Option<i32> = number(arguments, "broker-id")?;
    let (topic, partition) = (arguments.value("topic"), number(arguments, "partition")?);
    if topic.is_none() && broker.is_none() {
        let why = "The `find-hanging` command requires either --topic or --broker-id to limit the scope of the search";
        return Err(Stop::Failed(why.to_owned()));
    }
    let partitions = match (topic, partition) {
        (None, Some(_)) => {
            return Err(Stop::Failed("The --partition argument requires --topic to be provided".to_owned()));
        }
        (Some(topic), Some(partition)) => vec![TopicPartition::new(topic, partition)],
        (topic, None) => partitions(client, topic, broker)?,
    };
    let minutes: i64 = number::<i32>(arguments, "max-transaction-timeout")?.map_or(TIMEOUT_MINUTES, Into::into);
    let count = partitions.len();
    let producers = admin::describe_producers(client, &partitions, broker);
    let producers = producers.map_err(|error| {
        let of = broker.map_or_else(|| "Optional.empty".to_owned(), |id| format!("Optional[{id}]"));
        failed(&format!("Failed to describe producers for {count} partitions on broker {of}"), &error)
    })?;
    let now = now_ms();
    let is_old =
        |of: &ProducerState| of.transaction_start_offset.is_some() && now - of.last_timestamp > minutes * MS_PER_MINUTE;
    let open = producers.into_iter().flat_map(|(partition, producers)| {
        producers.into_iter().filter(is_old).map(move |producer| (partition.clone(), producer))
    });
    let hanging = unknown(client, open.collect())?;
    let rows: Vec<_> = hanging.iter().map(|(partition, of)| row(partition, of, now)).collect();
    Ok(table::print(HEAD, &rows, terminal)?)
}

/// The partitions of a topic, or of all; those on a broker, if one is given.
fn partitions(client: &mut Client, topic: Option<&str>, broker: Option<i32>) -> Result<Vec<TopicPartition>, Stop> {
    let names: Vec<String> = match topic {
        Some(topic) => vec![topic.to_owned()],
        None => {
            let topics = client.fetch_topics(None, false).map_err(|error| failed("Failed to list topics", &error))?;
            topics.into_iter().map(|topic| topic.name).collect()
        }
    };
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let what = format!("Failed to describe {} topics", names.len());
    let described = admin::describe_topics(client, &names, PAGE).map_err(|error| failed(&what, &error))?;
    let mut partitions = Vec::new();
    for (name, topic) in described {
        let topic = topic.map_err(|error| failed(&what, &error.into()))?;
        let here = topic.partitions.iter().filter(|of| broker.is_none_or(|broker| of.replicas.contains(&broker)));
        partitions.extend(here.map(|of| TopicPartition::new(name.as_str(), of.index)));
    }
    partitions.sort();
    Ok(partitions)
}

type Open = (TopicPartition, ProducerState);

/// Those of which no coordinator says that the partition is part of the transaction.
fn unknown(client: &mut Client, open: Vec<Open>) -> Result<Vec<Open>, Stop> {
    if open.is_empty() {
        return Ok(open);
    }
    let mut by_producer: BTreeMap<i64, Vec<Open>> = BTreeMap::new();
    for (partition, of) in open {
        by_producer.entry(of.producer_id).or_default().push((partition, of));
    }
    let producer_ids: Vec<i64> = by_producer.keys().copied().collect();
    let what = format!("Failed to list transactions for {} producers", producer_ids.len());
    let listed = admin::list_transactions(client, &TransactionFilter { producer_ids, ..TransactionFilter::default() });
    let listed = listed.map_err(|error| failed(&what, &error))?;
    let mut known: HashMap<i64, Vec<TopicPartition>> = HashMap::new();
    let what = format!("Failed to describe {} transactions", listed.len());
    for of in &listed {
        match admin::describe_transaction(client, &of.transactional_id) {
            Ok(described) => drop(known.insert(of.producer_id, described.partitions)),
            Err(error) if error.code() == Some(kafka_rpc::ErrorCode::TransactionalIdNotFound) => {}
            Err(error) => return Err(failed(&what, &error)),
        }
    }
    let hanging = by_producer
        .into_values()
        .flatten()
        .filter(|(partition, of)| known.get(&of.producer_id).is_none_or(|partitions| !partitions.contains(partition)));
    Ok(hanging.collect())
}

fn row(partition: &TopicPartition, of: &ProducerState, now: i64) -> [String; 8] {
    [
        partition.topic.to_string(),
        partition.partition.to_string(),
        of.producer_id.to_string(),
        of.producer_epoch.to_string(),
        of.coordinator_epoch.to_string(),
        of.transaction_start_offset.unwrap_or(-1).to_string(),
        of.last_timestamp.to_string(),
        ((now - of.last_timestamp) / MS_PER_MINUTE).to_string(),
    ]
}
