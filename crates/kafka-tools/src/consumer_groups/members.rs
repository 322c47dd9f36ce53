//! `--describe --members`.

use std::collections::{BTreeMap, BTreeSet};

use kafka_thin_client::TopicPartition;
use kafka_thin_client::admin::{ConsumerMember, GroupDescription, GroupMember};

use super::describe::is_worth_a_table;
use super::{COLUMN, GroupsError, MISSING, Row, width};
use crate::terminal::Terminal;

/// The least width of a column with assignments.
const ASSIGNMENT_COLUMN: usize = 20;
/// The least width of the column with instance ids.
const INSTANCE_COLUMN: usize = 17;

/// The cells of a member.
struct Cells {
    id: String,
    instance: String,
    host: String,
    client: String,
    count: String,
    epoch: String,
    assignment: String,
    target_epoch: String,
    target: String,
    upgraded: String,
}

/// Prints the members of a group.
pub(super) fn print(group: &GroupDescription, verbose: bool, terminal: &mut Terminal<'_>) -> Result<(), GroupsError> {
    is_worth_a_table(group, group.members.len(), terminal)?;
    let members: Vec<Cells> = group.members.iter().map(|member| cells(group, member)).collect();
    let has_instances = members.iter().any(|member| !member.instance.is_empty());
    // Worth a column only while a group is on its way from one protocol to the other.
    let migrating = ["true", "false"].iter().all(|value| members.iter().any(|member| member.upgraded == *value));
    let column = |least: usize, cell: fn(&Cells) -> &str| width(least, members.iter().map(cell));
    let group_width = width(COLUMN, [group.id.as_str()].into_iter());
    let (id_width, host_width) = (column(COLUMN, |m| &m.id), column(COLUMN, |m| &m.host));
    let (instance_width, client_width) = (column(INSTANCE_COLUMN, |m| &m.instance), column(COLUMN, |m| &m.client));
    let assignment_width = column(ASSIGNMENT_COLUMN, |m| &m.assignment);
    let target_width = column(ASSIGNMENT_COLUMN, |m| &m.target);
    terminal.line("")?;
    let mut print = |group: &str, member: &Cells| {
        let mut row = vec![(Some(group_width), group), (Some(id_width), &*member.id)];
        row.extend(has_instances.then_some((Some(instance_width), &*member.instance)));
        row.extend([(Some(host_width), &*member.host), (Some(client_width), &*member.client)]);
        row.push((Some(COLUMN), &member.count));
        if verbose {
            row.extend([(Some(COLUMN), &*member.epoch), (Some(assignment_width), &*member.assignment)]);
            row.extend([(Some(COLUMN), &*member.target_epoch), (Some(target_width), &*member.target)]);
            row.extend(migrating.then_some((None, &*member.upgraded)));
        } else {
            row.push((None, ""));
        }
        terminal.line(Row(&row))
    };
    let heading = Cells {
        id: "CONSUMER-ID".into(),
        instance: "GROUP-INSTANCE-ID".into(),
        host: "HOST".into(),
        client: "CLIENT-ID".into(),
        count: "#PARTITIONS".into(),
        epoch: "CURRENT-EPOCH".into(),
        assignment: "CURRENT-ASSIGNMENT".into(),
        target_epoch: "TARGET-EPOCH".into(),
        target: "TARGET-ASSIGNMENT".into(),
        upgraded: "UPGRADED".into(),
    };
    print("GROUP", &heading)?;
    members.iter().try_for_each(|member| print(&group.id, member))?;
    Ok(())
}

fn cells(group: &GroupDescription, member: &GroupMember) -> Cells {
    let consumer = member.consumer.as_ref();
    let epoch = |epoch: Option<i32>| epoch.map_or(MISSING.to_owned(), |epoch| epoch.to_string());
    let target = consumer.map_or(String::new(), |consumer| assignment(&consumer.target));
    let upgraded = consumer.and_then(|ConsumerMember { is_classic, .. }| is_classic.map(|is_classic| !is_classic));
    Cells {
        id: member.id.clone(),
        instance: member.instance_id.clone().unwrap_or_default(),
        host: member.host.clone(),
        client: member.client_id.clone(),
        count: member.assignment.len().to_string(),
        epoch: epoch(consumer.map(|consumer| consumer.epoch)),
        assignment: assignment(&member.assignment),
        target_epoch: epoch(consumer.and(group.epochs).map(|(_, target)| target)),
        target: if target.is_empty() { MISSING.to_owned() } else { target },
        upgraded: upgraded.map_or(String::new(), |upgraded| upgraded.to_string()),
    }
}

/// `topic:0,1;other:2`.
fn assignment(partitions: &BTreeSet<TopicPartition>) -> String {
    let mut topics: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for TopicPartition { topic, partition } in partitions {
        topics.entry(topic).or_default().push(partition.to_string());
    }
    let topics = topics.into_iter().map(|(topic, partitions)| format!("{topic}:{}", partitions.join(",")));
    let text = topics.collect::<Vec<_>>().join(";");
    if text.is_empty() { MISSING.to_owned() } else { text }
}
