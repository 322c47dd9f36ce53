//! `remove-controller`.

use kafka_thin_client::{Client, admin};

use crate::arguments::{Arguments, number};
use crate::client::thrown;
use crate::terminal::{Stop, Terminal};
use crate::uuid;

/// Takes a controller out of the voters.
pub(super) fn remove(client: &mut Client, arguments: &Arguments, terminal: &mut Terminal<'_>) -> Result<(), Stop> {
    let id: i32 = number(arguments, "controller-id")?.unwrap_or_default();
    if id < 0 {
        return Err(Stop::Failed(format!("Invalid negative --controller-id: {id}")));
    }
    let directory_id = uuid::parse(arguments.value("controller-directory-id").unwrap_or_default())
        .map_err(|error| Stop::Failed(format!("Failed to parse --controller-directory-id: {error}")))?;
    let is_dry_run = arguments.has("dry-run");
    if !is_dry_run {
        let removed = admin::remove_raft_voter(client, id, directory_id);
        removed.map_err(|error| Stop::Failed(thrown(&error, "removeRaftVoter")))?;
    }
    let what = if is_dry_run { "DRY RUN of removing " } else { "Removed " };
    Ok(terminal.line(format_args!("{what} KRaft controller {id} with directory id {directory_id}"))?)
}
