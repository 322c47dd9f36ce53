//! `--list`.

use kafka_thin_client::admin::{self, PartitionReassignment};
use kafka_thin_client::{Client, TopicPartition};

use super::{ReassignError, joined};
use crate::terminal::Terminal;

/// Lists the changes of replicas that have not ended.
pub(super) fn list(client: &mut Client, terminal: &mut Terminal<'_>) -> Result<(), ReassignError> {
    let current = admin::list_partition_reassignments(client, None);
    let current = current.map_err(|error| ReassignError::Client("listPartitionReassignments", error))?;
    if current.is_empty() {
        return Ok(terminal.line("No partition reassignments found.")?);
    }
    terminal.line("Current partition reassignments:")?;
    current.iter().try_for_each(|(partition, reassignment)| terminal.line(line(partition, reassignment)))?;
    Ok(())
}

fn line(partition: &TopicPartition, reassignment: &PartitionReassignment) -> String {
    let part = |what: &str, brokers: &[i32]| match brokers {
        [] => String::new(),
        brokers => format!(" {what}: {}.", joined(brokers, ",")),
    };
    let adding = part("adding", &reassignment.adding_replicas);
    let removing = part("removing", &reassignment.removing_replicas);
    format!("{partition}: replicas: {}.{adding}{removing}", joined(&reassignment.replicas, ","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_what_comes_and_what_goes() {
        let reassignment = |adding: &[i32], removing: &[i32]| {
            line(
                &TopicPartition::new("t", 0),
                &PartitionReassignment {
                    replicas: vec![2, 3, 1],
                    adding_replicas: adding.to_vec(),
                    removing_replicas: removing.to_vec(),
                },
            )
        };
        assert_eq!(reassignment(&[3], &[1]), "t-0: replicas: 2,3,1. adding: 3. removing: 1.");
        assert_eq!(reassignment(&[], &[1, 2]), "t-0: replicas: 2,3,1. removing: 1,2.");
    }
}
