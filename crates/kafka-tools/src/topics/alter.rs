//! `--alter` and `--delete`.

use kafka_options::Options;
use kafka_rpc::messages::create_partitions_request::{CreatePartitionsAssignment, CreatePartitionsTopic};
use kafka_thin_client::{Client, admin};

use super::create::assignment;
use super::describe::described;
use super::{TopicError, all, expected};

/// Adds partitions to all topics that `--topic` means.
pub(super) fn alter(client: &mut Client, options: &Options) -> Result<(), TopicError> {
    let count: Option<i32> = options.number("partitions")?;
    let assignment = assignment(options)?;
    let names = expected(client, options)?;
    if names.is_empty() {
        return Ok(());
    }
    let mut topics = Vec::new();
    for name in &names {
        let assignments = match assignment.is_empty() {
            true => None,
            false => {
                // The first ones are those that the topic has already.
                let existing = described(client, &[name], options)?.first().map_or(0, |topic| topic.partitions.len());
                let new = assignment.iter().skip(existing).cloned();
                Some(new.map(|broker_ids| CreatePartitionsAssignment { broker_ids, ..Default::default() }).collect())
            }
        };
        topics.push(CreatePartitionsTopic {
            name: name.into(),
            count: count.unwrap_or_default(),
            assignments,
            ..Default::default()
        });
    }
    let results = admin::create_partitions(client, topics, false);
    all(results.map_err(|error| TopicError::Client("createPartitions", error))?)?;
    Ok(())
}

/// Deletes all topics that `--topic` means.
pub(super) fn delete(client: &mut Client, options: &Options) -> Result<(), TopicError> {
    let names = expected(client, options)?;
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let results = admin::delete_topics(client, &names);
    all(results.map_err(|error| TopicError::Client("deleteTopics", error))?)?;
    Ok(())
}
