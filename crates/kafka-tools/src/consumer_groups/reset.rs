//! `--reset-offsets`.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{SystemTime, UNIX_EPOCH};

use kafka_options::Options;
use kafka_rpc::ErrorCode;
use kafka_thin_client::admin::{self, CommittedOffset, IsolationLevel, OffsetSpec};
use kafka_thin_client::{Client, TopicPartition};

use super::describe::{end_offsets, offsets};
use super::options::SCENARIOS;
use super::{COLUMN, GroupsError, Row, csv, print_error, scope, wanted, when, width};
use crate::client::exception;
use crate::terminal::Terminal;

/// New offsets of a group.
pub(super) type Plan = BTreeMap<TopicPartition, i64>;

/// Moves offsets of groups, or says how they would move.
pub(super) fn reset(client: &mut Client, options: &Options, terminal: &mut Terminal<'_>) -> Result<(), GroupsError> {
    let groups = wanted(client, options)?;
    let mut plans: BTreeMap<String, Plan> = BTreeMap::new();
    for group in &groups {
        let state = match admin::describe_group(client, group) {
            Ok(group) => group.state,
            Err(error) if error.code() == Some(ErrorCode::GroupIdNotFound) => "Dead".into(),
            Err(error) => return Err(GroupsError::caused(&error, "describeConsumerGroups")),
        };
        if !["Empty", "Dead"].contains(&state.as_str()) {
            print_error(
                terminal,
                format_args!(
                    "Assignments can only be reset if the group '{group}' is inactive, but the current state is {state}."
                ),
            )?;
            plans.insert(group.clone(), Plan::new());
            continue;
        }
        let partitions = partitions(client, options, group)?;
        let plan = plan(client, options, group, groups.len(), &partitions, terminal)?;
        if options.has("execute") {
            commit(client, group, &plan)?;
        }
        plans.insert(group.clone(), plan);
    }
    match options.has("export") {
        true => terminal.line(csv::write(&plans, groups.len() == 1))?,
        false => print(&plans, terminal)?,
    }
    Ok(())
}

fn print(plans: &BTreeMap<String, Plan>, terminal: &mut Terminal<'_>) -> Result<(), GroupsError> {
    let topics = plans.values().flat_map(|plan| plan.keys().map(|partition| partition.topic.as_str()));
    let (topic_width, group_width) = (width(COLUMN, topics), width(COLUMN, plans.keys().map(String::as_str)));
    let mut row = |group: &str, topic: &str, partition: &str, offset: &str| {
        let cells = [(Some(group_width), group), (Some(topic_width), topic), (Some(10), partition), (None, offset)];
        write!(terminal.out(), "\n{}", Row(&cells))
    };
    if !plans.is_empty() {
        row("GROUP", "TOPIC", "PARTITION", "NEW-OFFSET")?;
    }
    for (group, plan) in plans {
        for (TopicPartition { topic, partition }, offset) in plan {
            row(group, topic, &partition.to_string(), &offset.to_string())?;
        }
    }
    Ok(terminal.line("")?)
}

fn commit(client: &mut Client, group: &str, plan: &Plan) -> Result<(), GroupsError> {
    let committed = |offset: i64| CommittedOffset { offset, leader_epoch: -1, metadata: String::new() };
    let offsets = plan.iter().map(|(partition, offset)| (partition.clone(), committed(*offset))).collect();
    let results = admin::alter_group_offsets(client, group, &offsets);
    let results = results.map_err(|error| GroupsError::caused(&error, "alterConsumerGroupOffsets"))?;
    let failed = results.into_iter().find_map(|(_, result)| result.err());
    failed.map_or(Ok(()), |error| Err(GroupsError::Failed(exception(&error))))
}

/// The partitions whose offsets are to move; none with `--from-file`, which has its own.
fn partitions(client: &mut Client, options: &Options, group: &str) -> Result<BTreeSet<TopicPartition>, GroupsError> {
    if options.has("all-topics") {
        Ok(committed(client, group)?.into_keys().collect())
    } else if options.has("topic") {
        let scope::Scope { partitions, unknown } = scope::read(client, &options.values("topic"))?;
        if let Some((_, error)) = unknown.first() {
            return Err(GroupsError::Failed(error.to_string()));
        }
        let topics: BTreeSet<&str> = partitions.iter().map(|partition| partition.topic.as_str()).collect();
        let topics: Vec<String> = topics.into_iter().map(str::to_owned).collect();
        let known = scope::read(client, &topics)?.partitions;
        let missing = partitions.difference(&known).map(TopicPartition::to_string);
        let missing = missing.collect::<Vec<_>>().join(", ");
        match missing.is_empty() {
            true => Ok(partitions),
            false => Err(GroupsError::Failed(format!("The partitions \"{missing}\" do not exist"))),
        }
    } else if options.has("from-file") {
        Ok(BTreeSet::new())
    } else {
        Err(GroupsError::Usage("One of the reset scopes should be defined: --all-topics, --topic.".into()))
    }
}

fn committed(client: &mut Client, group: &str) -> Result<Plan, GroupsError> {
    let offsets = admin::list_group_offsets(client, group);
    let offsets = offsets.map_err(|error| GroupsError::caused(&error, "listConsumerGroupOffsets"))?;
    Ok(offsets.into_iter().map(|(partition, committed)| (partition, committed.offset)).collect())
}

fn plan(
    client: &mut Client,
    options: &Options,
    group: &str,
    groups: usize,
    partitions: &BTreeSet<TopicPartition>,
    terminal: &mut Terminal<'_>,
) -> Result<Plan, GroupsError> {
    let all = || partitions.iter().cloned();
    if let Some(offset) = options.number::<i64>("to-offset")? {
        in_range(client, all().map(|partition| (partition, offset)).collect())
    } else if options.has("to-earliest") {
        offsets(client, all(), OffsetSpec::Earliest)
    } else if options.has("to-latest") {
        end_offsets(client, all())
    } else if let Some(by) = options.number::<i64>("shift-by")? {
        let current = committed(client, group)?;
        let shifted = all().map(|partition| match current.get(&partition) {
            Some(offset) => Ok((partition, offset.saturating_add(by))),
            None => Err(GroupsError::Usage(format!(
                "Cannot shift offset for partition {partition} since there is no current committed offset"
            ))),
        });
        in_range(client, shifted.collect::<Result<_, _>>()?)
    } else if let Some(given) = options.value("to-datetime")? {
        let time = when::date_time(&given).map_err(|error| GroupsError::Failed(error.to_string()))?;
        at_time(client, partitions, time, terminal)
    } else if let Some(given) = options.value("by-duration")? {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = i64::try_from(now.as_millis()).unwrap_or(i64::MAX);
        let back = when::duration(&given).map_err(|error| GroupsError::Failed(error.to_string()))?;
        at_time(client, partitions, now.saturating_sub(back), terminal)
    } else if let Some(path) = options.value("from-file")? {
        let text = std::fs::read_to_string(&path);
        let text = text.map_err(|_| GroupsError::Failed(format!("java.io.IOException: Unable to read file {path}")))?;
        let plans = csv::read(&text, Some(group).filter(|_| groups == 1));
        match plans.map_err(|error| GroupsError::Failed(error.to_string()))?.remove(group) {
            Some(plan) => in_range(client, plan),
            None => {
                print_error(terminal, format_args!("No reset plan for group {group} found"))?;
                Ok(Plan::new())
            }
        }
    } else if options.has("to-current") {
        let current = committed(client, group)?;
        let without = all().filter(|partition| !current.contains_key(partition)).collect::<Vec<_>>();
        let mut plan = end_offsets(client, without.into_iter())?;
        plan.extend(all().filter_map(|partition| current.get(&partition).map(|offset| (partition.clone(), *offset))));
        Ok(plan)
    } else {
        let scenarios = SCENARIOS.map(|scenario| format!("[{scenario}]")).join(", ");
        let message = format!("Option '[reset-offsets]' requires one of the following scenarios: [{scenarios}]");
        Err(GroupsError::Usage(message))
    }
}

/// Offsets within what the partitions have.
fn in_range(client: &mut Client, mut plan: Plan) -> Result<Plan, GroupsError> {
    let starts = offsets(client, plan.keys().cloned(), OffsetSpec::Earliest)?;
    let ends = end_offsets(client, plan.keys().cloned())?;
    for (partition, offset) in &mut plan {
        let (start, end) = (starts.get(partition).copied(), ends.get(partition).copied());
        let bound = match (start, end) {
            (_, Some(end)) if *offset > end => Some(("higher than latest", end)),
            (Some(start), _) if *offset < start => Some(("lower than earliest", start)),
            _ => None,
        };
        if let Some((how, bound)) = bound {
            tracing::warn!(
                "New offset ({offset}) is {how} offset for topic partition {partition}. Value will be set to {bound}"
            );
            *offset = bound;
        }
    }
    Ok(plan)
}

/// Offsets of the first records at a time or later, or the ends where there are none.
fn at_time(
    client: &mut Client,
    partitions: &BTreeSet<TopicPartition>,
    time: i64,
    terminal: &mut Terminal<'_>,
) -> Result<Plan, GroupsError> {
    let spec = OffsetSpec::Timestamp(time);
    let wanted: Vec<_> = partitions.iter().map(|partition| (partition.clone(), spec)).collect();
    let listed = admin::list_offsets(client, &wanted, IsolationLevel::ReadUncommitted);
    let mut plan = Plan::new();
    let mut without = Vec::new();
    for (partition, result) in listed.map_err(|error| GroupsError::caused(&error, "listOffsets"))? {
        match result {
            Ok(listed) if listed.offset >= 0 => {
                plan.insert(partition, listed.offset);
            }
            Ok(_) => without.push(partition),
            Err(error) => return Err(GroupsError::Failed(exception(&error))),
        }
    }
    for TopicPartition { topic, partition } in &without {
        terminal.line(format_args!(
            "\nWarn: Partition {partition} from topic {topic} is empty. Falling back to latest known offset."
        ))?;
    }
    plan.extend(end_offsets(client, without.into_iter())?);
    Ok(plan)
}
