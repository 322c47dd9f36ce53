//! `--delete` and `--delete-offsets`.

use std::collections::BTreeMap;

use kafka_options::Options;
use kafka_rpc::ErrorCode;
use kafka_thin_client::{ApiError, Client, ClientError, TopicPartition, admin};

use super::{COLUMN, GroupsError, MISSING, Row, print_error, scope, wanted, width};
use crate::client::exception;
use crate::terminal::Terminal;

/// Deletes groups.
pub(super) fn groups(client: &mut Client, options: &Options, terminal: &mut Terminal<'_>) -> Result<(), GroupsError> {
    let groups = wanted(client, options)?;
    let results = admin::delete_groups(client, &groups);
    let results = results.map_err(|error| GroupsError::caused(&error, "deleteConsumerGroups"))?;
    let deleted = results.iter().filter(|(_, result)| result.is_ok()).map(|(group, _)| format!("'{group}'"));
    let deleted = deleted.collect::<Vec<_>>().join(", ");
    let failed: Vec<_> = results.iter().filter_map(|(group, result)| Some((group, result.as_ref().err()?))).collect();
    if failed.is_empty() {
        let line = format_args!("Deletion of requested consumer groups ({deleted}) was successful.");
        return Ok(terminal.line(line)?);
    }
    print_error(terminal, "Deletion of some consumer groups failed:")?;
    for (group, error) in failed {
        terminal.line(format_args!("* Group '{group}' could not be deleted due to: {}", exception(error)))?;
    }
    if !deleted.is_empty() {
        terminal.line(format_args!("\nThese consumer groups were deleted successfully: {deleted}"))?;
    }
    Ok(())
}

/// Deletes offsets of a group.
pub(super) fn offsets(client: &mut Client, options: &Options, terminal: &mut Terminal<'_>) -> Result<(), GroupsError> {
    let group = options.value("group")?.unwrap_or_default();
    let scope::Scope { partitions, unknown } = scope::read(client, &options.values("topic"))?;
    // A topic without partitions stands at the end of the table's columns, as `-`.
    let mut results: BTreeMap<(String, Option<i32>), Result<(), ApiError>> =
        unknown.into_iter().map(|(topic, error)| ((topic, None), Err(error))).collect();
    let mut overall = Ok(());
    if !partitions.is_empty() {
        match admin::delete_group_offsets(client, &group, &partitions) {
            Ok(deleted) => {
                overall = deleted.iter().try_for_each(|(_, result)| result.clone());
                results.extend(deleted.into_iter().map(|(partition, result)| (key(partition), result)));
            }
            Err(ClientError::Api(error)) => {
                results.extend(partitions.into_iter().map(|partition| (key(partition), Err(error.clone()))));
                overall = Err(error);
            }
            Err(error) => return Err(GroupsError::caused(&error, "deleteConsumerGroupOffsets")),
        }
    }
    match overall {
        Ok(()) => terminal.line(format_args!("Request succeeded for deleting offsets from group {group}."))?,
        Err(error) => print_error(terminal, overall_message(&error))?,
    }
    let topic_width = width(COLUMN, results.keys().map(|(topic, _)| topic.as_str()));
    let mut print = |topic: &str, partition: &str, status: &str| {
        let row = [(Some(topic_width), topic), (Some(10), partition), (Some(COLUMN), status)];
        write!(terminal.out(), "\n{}", Row(&row))
    };
    print("TOPIC", "PARTITION", "STATUS")?;
    for ((topic, partition), result) in &results {
        let partition = partition.map_or(MISSING.to_owned(), |partition| partition.to_string());
        let status = match result {
            Ok(()) => "Successful".to_owned(),
            Err(error) => format!("Error: {}", exception(error)),
        };
        print(topic, &partition, &status)?;
    }
    Ok(terminal.line("")?)
}

fn key(TopicPartition { topic, partition }: TopicPartition) -> (String, Option<i32>) {
    (topic, Some(partition))
}

fn overall_message(error: &ApiError) -> String {
    match error.code {
        ErrorCode::InvalidGroupId
        | ErrorCode::GroupIdNotFound
        | ErrorCode::GroupAuthorizationFailed
        | ErrorCode::NonEmptyGroup => error.code.message().to_owned(),
        ErrorCode::GroupSubscribedToTopic
        | ErrorCode::TopicAuthorizationFailed
        | ErrorCode::UnknownTopicOrPartition => {
            "Encountered some partition-level error, see the follow-up details.".to_owned()
        }
        code => format!("Encountered some unknown error: {}", code.name()),
    }
}
