//! `abort` and `forceTerminateTransaction`.

use kafka_thin_client::admin::{self, TransactionToAbort};
use kafka_thin_client::{Client, TopicPartition};

use super::failed;
use super::producers::partition;
use crate::arguments::{Arguments, number};
use crate::terminal::Stop;

const UNIDENTIFIED: &str = "The transaction to abort must be identified either with --start-offset (for brokers on 3.0 or above) \
    or with --producer-id, --producer-epoch, and --coordinator-epoch (for older brokers)";

pub(super) fn abort(client: &mut Client, arguments: &Arguments) -> Result<(), Stop> {
    let partition = partition(arguments)?;
    let of = match (number(arguments, "start-offset")?, number(arguments, "producer-id")?) {
        (None, None) => return Err(Stop::Failed(UNIDENTIFIED.to_owned())),
        (Some(start_offset), _) => find(client, partition, start_offset)?,
        (None, Some(producer_id)) => {
            let missing = |option| Stop::Failed(format!("Missing required argument --{option}"));
            let producer_epoch = number(arguments, "producer-epoch")?.ok_or_else(|| missing("producer-epoch"))?;
            let epoch: i32 = number(arguments, "coordinator-epoch")?.ok_or_else(|| missing("coordinator-epoch"))?;
            TransactionToAbort { partition, producer_id, producer_epoch, coordinator_epoch: epoch.max(0) }
        }
    };
    admin::abort_transaction(client, &of).map_err(|error| {
        let spec = format!(
            "AbortTransactionSpec(topicPartition={}, producerId={}, producerEpoch={}, coordinatorEpoch={})",
            of.partition, of.producer_id, of.producer_epoch, of.coordinator_epoch
        );
        failed(&format!("Failed to abort transaction {spec}"), &error)
    })
}

pub(super) fn force(client: &mut Client, arguments: &Arguments) -> Result<(), Stop> {
    let id = arguments.value("transactionalId").unwrap_or_default();
    let what = || format!("Failed to force terminate transactionalId `{id}`");
    admin::force_terminate_transaction(client, id).map_err(|error| failed(&what(), &error))
}

/// The transaction that begins at this offset.
fn find(client: &mut Client, partition: TopicPartition, start_offset: i64) -> Result<TransactionToAbort, Stop> {
    let described = admin::describe_producers(client, std::slice::from_ref(&partition), None);
    let described = described
        .map_err(|error| failed(&format!("Failed to validate producer state for partition {partition}"), &error))?;
    let mut producers = described.into_values().flatten();
    let Some(of) = producers.find(|of| of.transaction_start_offset == Some(start_offset)) else {
        return Err(Stop::Failed(format!(
            "Could not find any open transactions starting at offset {start_offset} on partition {partition}"
        )));
    };
    // As Kafka's tool narrows it.
    let producer_epoch = of.producer_epoch as i16;
    // A coordinator that is not known yet counts as the first one.
    let coordinator_epoch = of.coordinator_epoch.max(0);
    Ok(TransactionToAbort { partition, producer_id: of.producer_id, producer_epoch, coordinator_epoch })
}
