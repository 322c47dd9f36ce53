//! `describe`.

use std::time::{SystemTime, UNIX_EPOCH};

use kafka_rpc::Uuid;
use kafka_thin_client::Client;
use kafka_thin_client::admin::{self, Quorum, QuorumReplica, VoterEndpoint};

use crate::arguments::Arguments;
use crate::client::thrown;
use crate::table;
use crate::terminal::{Stop, Terminal};

const HEAD: [&str; 7] =
    ["NodeId", "DirectoryId", "LogEndOffset", "Lag", "LastFetchTimestamp", "LastCaughtUpTimestamp", "Status"];

/// Prints the state of the quorum, or what each node has of the log.
pub(super) fn describe(client: &mut Client, arguments: &Arguments, terminal: &mut Terminal<'_>) -> Result<(), Stop> {
    let (status, replication) = (arguments.has("status"), arguments.has("replication"));
    let is_human_readable = arguments.has("human-readable");
    let refused = |why: &str| Err(Stop::Failed(why.to_owned()));
    match (status, replication) {
        (true, true) => refused("Only one of --status or --replication should be specified with describe sub-command"),
        (false, false) => refused("One of --status or --replication must be specified with describe sub-command"),
        (true, false) if is_human_readable => {
            refused("The option --human-readable is only supported along with --replication")
        }
        (true, false) => {
            let cluster = admin::describe_cluster(client, false);
            let cluster = cluster.map_err(|error| Stop::Failed(thrown(&error, "listNodes")))?;
            Ok(terminal.line(status_text(&cluster.cluster_id, &quorum(client)?)?)?)
        }
        (false, true) => {
            let quorum = quorum(client)?;
            let now_ms = is_human_readable.then(now_ms);
            Ok(table::print(HEAD, &rows(&quorum, now_ms)?, terminal)?)
        }
    }
}

fn quorum(client: &mut Client) -> Result<Quorum, Stop> {
    admin::describe_metadata_quorum(client).map_err(|error| Stop::Failed(thrown(&error, "describeMetadataQuorum")))
}

/// The voter that leads.
fn leader(quorum: &Quorum) -> Result<&QuorumReplica, Stop> {
    let leader = quorum.voters.iter().find(|voter| voter.id == quorum.leader_id);
    leader.ok_or_else(|| Stop::Failed(format!("the quorum has no voter {}, which leads it", quorum.leader_id)))
}

fn status_text(cluster_id: &str, quorum: &Quorum) -> Result<String, Stop> {
    let leader = leader(quorum)?;
    // Of several voters with the same end, the first counts.
    let slowest = quorum.voters.iter().min_by_key(|voter| voter.log_end_offset).unwrap_or(leader);
    let lag_ms = match (leader.last_caught_up_ms, slowest.last_caught_up_ms) {
        _ if leader.id == slowest.id && leader.directory_id == slowest.directory_id => 0,
        (Some(leader), Some(slowest)) => leader.saturating_sub(slowest),
        _ => -1,
    };
    Ok(format!(
        "ClusterId:              {cluster_id}\n\
         LeaderId:               {}\n\
         LeaderEpoch:            {}\n\
         HighWatermark:          {}\n\
         MaxFollowerLag:         {}\n\
         MaxFollowerLagTimeMs:   {lag_ms}\n\
         CurrentVoters:          {}\n\
         CurrentObservers:       {}",
        quorum.leader_id,
        quorum.leader_epoch,
        quorum.high_watermark,
        leader.log_end_offset.saturating_sub(slowest.log_end_offset),
        replicas_text(quorum, &quorum.voters),
        replicas_text(quorum, &quorum.observers),
    ))
}

fn replicas_text(quorum: &Quorum, replicas: &[QuorumReplica]) -> String {
    let of = replicas.iter().map(|replica| {
        let node = quorum.nodes.iter().find(|node| node.id == replica.id);
        replica_text(replica, node.map_or(&[], |node| &node.endpoints))
    });
    format!("[{}]", of.collect::<Vec<_>>().join(", "))
}

fn replica_text(replica: &QuorumReplica, endpoints: &[VoterEndpoint]) -> String {
    let directory = match replica.directory_id {
        Uuid::ZERO => String::new(),
        id => format!(", \"directoryId\": \"{id}\""),
    };
    let endpoints: Vec<_> = endpoints.iter().map(|endpoint| format!("\"{}\"", endpoint_text(endpoint))).collect();
    let endpoints =
        if endpoints.is_empty() { String::new() } else { format!(", \"endpoints\": [{}]", endpoints.join(", ")) };
    format!("{{\"id\": {}{directory}{endpoints}}}", replica.id)
}

/// `LISTENER://host:port`, with brackets around an address that has colons.
pub(super) fn endpoint_text(endpoint: &VoterEndpoint) -> String {
    let VoterEndpoint { listener, host, port } = endpoint;
    if host.contains(':') { format!("{listener}://[{host}]:{port}") } else { format!("{listener}://{host}:{port}") }
}

/// A row for each node, the leader first. With the time now, the times are relative to it.
fn rows(quorum: &Quorum, now_ms: Option<i64>) -> Result<Vec<[String; 7]>, Stop> {
    let leader = leader(quorum)?;
    let followers = quorum.voters.iter().filter(|voter| voter.id != quorum.leader_id);
    let nodes = std::iter::once((leader, "Leader"))
        .chain(followers.map(|voter| (voter, "Follower")))
        .chain(quorum.observers.iter().map(|observer| (observer, "Observer")));
    let row = |(replica, status): (&QuorumReplica, &str)| {
        Ok([
            replica.id.to_string(),
            replica.directory_id.to_string(),
            replica.log_end_offset.to_string(),
            leader.log_end_offset.saturating_sub(replica.log_end_offset).to_string(),
            time_text(replica.last_fetch_ms, now_ms, "last fetch")?,
            time_text(replica.last_caught_up_ms, now_ms, "last caught up")?,
            status.to_owned(),
        ])
    };
    nodes.map(row).collect()
}

fn time_text(time: Option<i64>, now_ms: Option<i64>, what: &str) -> Result<String, Stop> {
    match (time, now_ms) {
        (None, _) => Ok("-1".to_owned()),
        (Some(time), None) => Ok(time.to_string()),
        (Some(time), Some(now)) if time > 0 && time <= now => Ok(format!("{} ms ago", now - time)),
        (Some(time), Some(now)) => Err(Stop::Failed(format!(
            "Error while computing relative time, possible drift in system clock.\nCurrent timestamp is {now}, {what} \
             timestamp is {time}"
        ))),
    }
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kafka_thin_client::admin::QuorumNode;

    fn replica(id: i32, log_end_offset: i64, last_caught_up_ms: Option<i64>) -> QuorumReplica {
        QuorumReplica { id, directory_id: Uuid::ZERO, log_end_offset, last_fetch_ms: Some(900), last_caught_up_ms }
    }

    fn quorum() -> Quorum {
        let endpoint = VoterEndpoint { listener: "CONTROLLER".into(), host: "::1".into(), port: 9093 };
        Quorum {
            leader_id: 2,
            leader_epoch: 5,
            high_watermark: 99,
            voters: vec![replica(1, 90, Some(700)), replica(2, 100, Some(950))],
            observers: vec![replica(3, 80, None)],
            nodes: vec![QuorumNode { id: 2, endpoints: vec![endpoint] }],
        }
    }

    #[test]
    fn the_state_has_the_lag_of_the_slowest_voter() {
        let text = status_text("c", &quorum()).expect("a leader");
        assert!(text.contains("MaxFollowerLag:         10\nMaxFollowerLagTimeMs:   250\n"), "{text}");
        assert!(text.contains(r#"[{"id": 1}, {"id": 2, "endpoints": ["CONTROLLER://[::1]:9093"]}]"#), "{text}");
        let without_leader = Quorum { leader_id: 9, ..quorum() };
        assert!(status_text("c", &without_leader).is_err());
    }

    #[test]
    fn the_leader_stands_first_and_times_can_be_relative() {
        let found = rows(&quorum(), Some(1_000)).expect("times before now");
        let shown: Vec<_> = found.iter().map(|row| (row[0].as_str(), row[3].as_str(), row[5].as_str())).collect();
        assert_eq!(shown, [("2", "0", "50 ms ago"), ("1", "10", "300 ms ago"), ("3", "20", "-1")]);
        assert!(rows(&quorum(), Some(800)).is_err(), "a time in the future");
    }
}
