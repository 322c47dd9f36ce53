//! The classic protocol: members join, one of them assigns, all sync.

use kafka_rpc::messages::join_group_request::JoinGroupRequestProtocol;
use kafka_rpc::messages::sync_group_request::SyncGroupRequestAssignment;
use kafka_rpc::messages::{HeartbeatRequest, JoinGroupRequest, SyncGroupRequest};

use crate::connection::{Connection, message};
use crate::{Anyhow, Options, measure, report_heartbeats, report_rebalance};

/// The last version in which a member gets its id and joins with one request.
const JOIN_VERSION: i16 = 3;
const SYNC_VERSION: i16 = 3;
const HEARTBEAT_VERSION: i16 = 3;
/// Requests that are under way at once.
const WINDOW: usize = 200;
/// `heartbeat.interval.ms` of Kafka's consumer.
const INTERVAL_S: f64 = 3.0;

/// A member as its client sees it. It has a connection of its own, because JoinGroup is answered when all have joined.
struct Member {
    connection: Connection,
    id: String,
    generation: i32,
    /// What it subscribes to, as far as the broker cares: other bytes are another subscription.
    metadata: u8,
    /// The members that it assigns for, if it leads.
    led: Vec<String>,
}

fn connect(options: &Options, count: usize) -> Anyhow<Vec<Member>> {
    let open = |_| {
        let connection = Connection::open(&options.bootstrap)?;
        Ok(Member { connection, id: String::new(), generation: -1, metadata: 0, led: Vec::new() })
    };
    (0..count).map(open).collect()
}

/// One generation: all join, the leader assigns as many partitions to each as there are, all have their answers.
fn generation(group: &str, members: &mut [Member], options: &Options) -> Anyhow<()> {
    for member in &mut *members {
        let metadata = vec![member.metadata; 40].into();
        let request = JoinGroupRequest {
            group_id: group.to_owned().into(),
            member_id: member.id.clone().into(),
            protocol_type: "consumer".into(),
            protocols: vec![JoinGroupRequestProtocol { name: "range".into(), metadata, ..Default::default() }],
            session_timeout_ms: 300_000,
            rebalance_timeout_ms: 300_000,
            ..Default::default()
        };
        member.connection.send_all(&[request], JOIN_VERSION)?;
    }
    for member in &mut *members {
        let frame = member.connection.receive()?;
        let joined = message::<JoinGroupRequest<'_>>(&frame, JOIN_VERSION)?;
        if joined.error_code != 0 {
            return Err(format!("JoinGroup: error {}", joined.error_code).into());
        }
        member.id = joined.member_id.to_string();
        member.generation = joined.generation_id;
        member.led = joined.members.iter().map(|of| of.member_id.to_string()).collect();
    }
    // Four bytes for each partition, as in Kafka's own protocol.
    let each = usize::try_from(options.partitions)? / members.len().max(1) * 4;
    for member in &mut *members {
        let assignments = member.led.iter().map(|id| SyncGroupRequestAssignment {
            member_id: id.clone().into(),
            assignment: vec![1; each].into(),
            ..Default::default()
        });
        let request = SyncGroupRequest {
            group_id: group.to_owned().into(),
            generation_id: member.generation,
            member_id: member.id.clone().into(),
            assignments: assignments.collect(),
            ..Default::default()
        };
        member.connection.send_all(&[request], SYNC_VERSION)?;
    }
    for member in members {
        let frame = member.connection.receive()?;
        let synced = message::<SyncGroupRequest<'_>>(&frame, SYNC_VERSION)?;
        if synced.error_code != 0 || synced.assignment.len() != each {
            return Err(format!("SyncGroup: error {}", synced.error_code).into());
        }
    }
    Ok(())
}

/// Members of many groups, all stable, send heartbeats, through one connection.
pub(crate) fn heartbeats(options: &Options) -> Anyhow<()> {
    let groups = options.groups.max(1);
    let mut requests = Vec::new();
    for number in 0..groups {
        let group = format!("beating-{number}-{}", std::process::id());
        let mut members = connect(options, options.members / groups)?;
        generation(&group, &mut members, options)?;
        requests.extend(members.into_iter().map(|member| HeartbeatRequest {
            group_id: group.clone().into(),
            generation_id: member.generation,
            member_id: member.id.into(),
            ..Default::default()
        }));
    }
    let mut connection = Connection::open(&options.bootstrap)?;
    let mut count = 0;
    let until = std::time::Instant::now() + std::time::Duration::from_secs(options.seconds);
    let measured = measure(options, || {
        while std::time::Instant::now() < until {
            for window in requests.chunks(WINDOW) {
                connection.send_all(window, HEARTBEAT_VERSION)?;
                for _ in window {
                    let frame = connection.receive()?;
                    let answer = message::<HeartbeatRequest<'_>>(&frame, HEARTBEAT_VERSION)?;
                    if answer.error_code != 0 {
                        return Err(format!("Heartbeat: error {}", answer.error_code).into());
                    }
                    count += 1;
                }
            }
        }
        Ok(())
    })?;
    report_heartbeats(options, count, INTERVAL_S, &measured);
    Ok(())
}

/// A large group has a first generation, and then others, because all its members subscribe to something else.
pub(crate) fn rebalance(options: &Options) -> Anyhow<()> {
    let group = format!("large-{}", std::process::id());
    let mut members = connect(options, options.members)?;
    // With the delay in which a new group waits for more members.
    generation(&group, &mut members, options)?;
    for _ in 0..options.rounds {
        members.iter_mut().for_each(|member| member.metadata += 1);
        let measured = measure(options, || generation(&group, &mut members, options))?;
        report_rebalance(options, "all join again", &measured);
    }
    Ok(())
}
