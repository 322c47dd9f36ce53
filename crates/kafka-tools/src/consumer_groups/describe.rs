//! `--describe`: offsets and state. Members are in their own module.

use std::collections::{BTreeMap, BTreeSet};

use kafka_options::Options;
use kafka_thin_client::admin::{self, CommittedOffset, GroupDescription, GroupMember, IsolationLevel, OffsetSpec};
use kafka_thin_client::{Client, TopicPartition};

use super::{COLUMN, GroupsError, MISSING, Row, members, print_error, wanted, width};
use crate::client::exception;
use crate::terminal::Terminal;

/// Describes groups, in the order of their names.
pub(super) fn describe(client: &mut Client, options: &Options, terminal: &mut Terminal<'_>) -> Result<(), GroupsError> {
    let verbose = options.has("verbose");
    let names: BTreeSet<String> = wanted(client, options)?.into_iter().collect();
    let mut groups = Vec::new();
    for name in &names {
        let group = admin::describe_group(client, name);
        groups
            .push(group.map_err(|error| GroupsError::caused(&error, "describeConsumerGroups(api=FIND_COORDINATOR)"))?);
    }
    if options.has("members") {
        groups.iter().try_for_each(|group| members::print(group, verbose, terminal))
    } else if options.has("state") {
        groups.iter().try_for_each(|group| print_state(client, group, verbose, terminal))
    } else {
        let mut described = Vec::new();
        for group in &groups {
            described.push((group, rows(client, group)?));
        }
        described.iter().try_for_each(|(group, rows)| print_offsets(group, rows, verbose, terminal))
    }
}

/// Says what there is to say of a group's state; whether there is more to print.
pub(super) fn is_worth_a_table(
    group: &GroupDescription,
    rows: usize,
    terminal: &mut Terminal<'_>,
) -> Result<bool, GroupsError> {
    let id = &group.id;
    match group.state.as_str() {
        "Dead" => print_error(terminal, format_args!("Consumer group '{id}' does not exist."))?,
        "Empty" => terminal.error(format_args!("\nConsumer group '{id}' has no active members."))?,
        "PreparingRebalance" | "CompletingRebalance" | "Assigning" | "Reconciling" => {
            terminal.error(format_args!("\nWarning: Consumer group '{id}' is rebalancing."))?;
        }
        _ => {}
    }
    Ok(group.state != "Dead" && rows > 0)
}

/// A partition that a group has, or has an offset of.
struct OffsetRow<'a> {
    partition: &'a TopicPartition,
    member: Option<&'a GroupMember>,
    leader_epoch: String,
    offset: String,
    end: String,
    lag: String,
}

/// A partition with what is known of it.
struct Offsets {
    partition: TopicPartition,
    member: Option<usize>,
    committed: Option<CommittedOffset>,
    end: Option<i64>,
}

/// Partitions of members, those with the most first, and then those without an owner.
fn rows(client: &mut Client, group: &GroupDescription) -> Result<Vec<Offsets>, GroupsError> {
    let committed = admin::list_group_offsets(client, &group.id);
    let mut committed: BTreeMap<TopicPartition, CommittedOffset> =
        committed.map_err(|error| GroupsError::caused(&error, "listConsumerGroupOffsets"))?;
    let mut members: Vec<usize> = (0..group.members.len()).collect();
    let assigned = |at: usize| group.members.get(at).map(|member| &member.assignment);
    members.sort_by_key(|at| std::cmp::Reverse(assigned(*at).map_or(0, BTreeSet::len)));
    let mut rows: Vec<(TopicPartition, Option<usize>)> = Vec::new();
    for at in members {
        rows.extend(assigned(at).into_iter().flatten().map(|partition| (partition.clone(), Some(at))));
    }
    let of_nobody = committed.keys().filter(|partition| !rows.iter().any(|(other, _)| other == *partition));
    let of_nobody: Vec<_> = of_nobody.map(|partition| (partition.clone(), None)).collect();
    rows.extend(of_nobody);
    let ends = end_offsets(client, rows.iter().map(|(partition, _)| partition.clone()))?;
    let row = |(partition, member): (TopicPartition, Option<usize>)| Offsets {
        committed: committed.remove(&partition),
        end: ends.get(&partition).copied(),
        partition,
        member,
    };
    Ok(rows.into_iter().map(row).collect())
}

/// The offsets after the last records of partitions.
pub(super) fn end_offsets(
    client: &mut Client,
    partitions: impl Iterator<Item = TopicPartition>,
) -> Result<BTreeMap<TopicPartition, i64>, GroupsError> {
    offsets(client, partitions, OffsetSpec::Latest)
}

/// Offsets of partitions.
pub(super) fn offsets(
    client: &mut Client,
    partitions: impl Iterator<Item = TopicPartition>,
    spec: OffsetSpec,
) -> Result<BTreeMap<TopicPartition, i64>, GroupsError> {
    let wanted: Vec<_> = partitions.map(|partition| (partition, spec)).collect();
    let listed = admin::list_offsets(client, &wanted, IsolationLevel::ReadUncommitted);
    let listed = listed.map_err(|error| GroupsError::caused(&error, "listOffsets"))?;
    let of = listed.into_iter().map(|(partition, result)| match result {
        Ok(listed) => Ok((partition, listed.offset)),
        Err(error) => Err(GroupsError::Failed(exception(&error))),
    });
    of.collect()
}

fn print_offsets(
    group: &GroupDescription,
    rows: &[Offsets],
    verbose: bool,
    terminal: &mut Terminal<'_>,
) -> Result<(), GroupsError> {
    if !is_worth_a_table(group, rows.len(), terminal)? {
        return Ok(());
    }
    let text = |number: Option<i64>| number.map_or_else(|| MISSING.to_owned(), |number| number.to_string());
    let shown: Vec<OffsetRow<'_>> = rows
        .iter()
        .map(|row| {
            let offset = row.committed.as_ref().map(|committed| committed.offset);
            let epoch = row.committed.as_ref().map(|committed| i64::from(committed.leader_epoch));
            OffsetRow {
                partition: &row.partition,
                member: row.member.and_then(|at| group.members.get(at)),
                leader_epoch: text(epoch.filter(|epoch| *epoch >= 0)),
                offset: text(offset),
                end: text(row.end),
                lag: text(offset.zip(row.end).map(|(offset, end)| end - offset)),
            }
        })
        .collect();
    let id = |row: &OffsetRow<'_>| row.member.map_or(MISSING.to_owned(), |member| member.id.clone());
    let host = |row: &OffsetRow<'_>| row.member.map_or(MISSING.to_owned(), |member| member.host.clone());
    let ids: Vec<String> = shown.iter().map(id).collect();
    let hosts: Vec<String> = shown.iter().map(host).collect();
    let group_width = width(COLUMN, [group.id.as_str()].into_iter());
    let topic_width = width(COLUMN, shown.iter().map(|row| row.partition.topic.as_str()));
    let id_width = width(COLUMN, ids.iter().map(String::as_str));
    let host_width = width(COLUMN, hosts.iter().map(String::as_str));
    let mut print = |cells: [&str; 10]| {
        let [group, topic, partition, epoch, offset, end, lag, id, host, client] = cells;
        let mut row = vec![(Some(group_width), group), (Some(topic_width), topic), (Some(10), partition)];
        row.extend(verbose.then_some((Some(COLUMN), epoch)));
        row.extend([(Some(COLUMN), offset), (Some(COLUMN), end), (Some(COLUMN), lag)]);
        row.extend([(Some(id_width), id), (Some(host_width), host), (None, client)]);
        write!(terminal.out(), "\n{}", Row(&row))
    };
    print([
        "GROUP",
        "TOPIC",
        "PARTITION",
        "LEADER-EPOCH",
        "CURRENT-OFFSET",
        "LOG-END-OFFSET",
        "LAG",
        "CONSUMER-ID",
        "HOST",
        "CLIENT-ID",
    ])?;
    for ((row, id), host) in shown.iter().zip(&ids).zip(&hosts) {
        let (topic, partition) = (&row.partition.topic, row.partition.partition.to_string());
        let client_id = row.member.map_or(MISSING, |member| member.client_id.as_str());
        let OffsetRow { leader_epoch, offset, end, lag, .. } = row;
        print([&group.id, topic, &partition, leader_epoch, offset, end, lag, id, host, client_id])?;
    }
    Ok(terminal.line("")?)
}

fn print_state(
    client: &Client,
    group: &GroupDescription,
    verbose: bool,
    terminal: &mut Terminal<'_>,
) -> Result<(), GroupsError> {
    if !is_worth_a_table(group, 1, terminal)? {
        return Ok(());
    }
    let node = client.cluster().nodes.get(&group.coordinator);
    let node = node.map_or(String::new(), |node| format!("{}:{}", node.peer.host, node.peer.port));
    let coordinator = format!("{node}  ({})", group.coordinator);
    let assignor = if group.assignor.is_empty() { MISSING } else { &group.assignor };
    let epochs = group.epochs.map(|(group, target)| (group.to_string(), target.to_string()));
    let (epoch, target) = epochs.unwrap_or((MISSING.into(), MISSING.into()));
    let members = group.members.len().to_string();
    let group_width = width(COLUMN, [group.id.as_str()].into_iter());
    let coordinator_width = width(25, [coordinator.as_str()].into_iter());
    let mut print = |cells: [&str; 7]| {
        let [group, coordinator, assignor, state, epoch, target, members] = cells;
        let mut row = vec![(Some(group_width), group), (Some(coordinator_width), coordinator)];
        row.extend([(Some(20), assignor), (Some(20), state)]);
        if verbose {
            row.extend([(Some(COLUMN), epoch), (Some(25), target)]);
        }
        row.push((None, members));
        write!(terminal.out(), "\n{}", Row(&row))
    };
    print([
        "GROUP",
        "COORDINATOR (ID)",
        "ASSIGNMENT-STRATEGY",
        "STATE",
        "GROUP-EPOCH",
        "TARGET-ASSIGNMENT-EPOCH",
        "#MEMBERS",
    ])?;
    print([&group.id, &coordinator, assignor, &group.state, &epoch, &target, &members])?;
    Ok(terminal.line("")?)
}
