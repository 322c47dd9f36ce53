//! The consumer protocol (KIP-848): members say what they have, and are told what to have.

use std::time::{Duration, Instant};

use kafka_rpc::messages::ConsumerGroupHeartbeatRequest;
use kafka_rpc::messages::consumer_group_heartbeat_request::TopicPartitions;

use crate::connection::{Connection, message};
use crate::{Anyhow, Options, measure, report_heartbeats, report_rebalance};

const VERSION: i16 = 1;
/// Requests that are under way at once.
const WINDOW: usize = 200;
/// `group.consumer.heartbeat.interval.ms`
const INTERVAL_S: f64 = 5.0;

/// A member as its client sees it.
struct Member {
    group: String,
    id: String,
    epoch: i32,
    owned: Vec<TopicPartitions>,
    /// What it has was changed: the next heartbeat says so.
    has_news: bool,
}

impl Member {
    fn new(group: String, number: usize) -> Self {
        Member { group, id: format!("member-{number}"), epoch: 0, owned: Vec::new(), has_news: true }
    }

    fn owned(&self) -> usize {
        self.owned.iter().map(|topic| topic.partitions.len()).sum()
    }

    fn request(&self, assignor: &str) -> ConsumerGroupHeartbeatRequest<'static> {
        let joins = self.epoch == 0;
        ConsumerGroupHeartbeatRequest {
            group_id: self.group.clone().into(),
            member_id: self.id.clone().into(),
            member_epoch: self.epoch,
            rebalance_timeout_ms: if joins { 300_000 } else { -1 },
            subscribed_topic_names: joins.then(|| vec!["t".into()]),
            server_assignor: joins.then(|| assignor.to_owned().into()),
            topic_partitions: (joins || self.has_news).then(|| self.owned.clone()),
            ..Default::default()
        }
    }
}

/// A heartbeat of each member.
fn beat(connection: &mut Connection, members: &mut [Member], assignor: &str) -> Anyhow<()> {
    for window in members.chunks_mut(WINDOW) {
        let requests: Vec<_> = window.iter().map(|member| member.request(assignor)).collect();
        connection.send_all(&requests, VERSION)?;
        for member in window {
            let frame = connection.receive()?;
            let answer = message::<ConsumerGroupHeartbeatRequest<'_>>(&frame, VERSION)?;
            if answer.error_code != 0 {
                return Err(format!("{}: error {}: {:?}", member.id, answer.error_code, answer.error_message).into());
            }
            (member.epoch, member.has_news) = (answer.member_epoch, false);
            if let Some(assignment) = answer.assignment {
                let topics = assignment.topic_partitions.into_iter().map(|topic| TopicPartitions {
                    topic_id: topic.topic_id,
                    partitions: topic.partitions,
                    ..Default::default()
                });
                member.owned = topics.collect();
                member.has_news = true;
            }
        }
    }
    Ok(())
}

/// Heartbeats until all members have the epoch of the newest, and all partitions are owned.
fn settle(connection: &mut Connection, members: &mut [Member], options: &Options) -> Anyhow<()> {
    let until = Instant::now() + Duration::from_secs(120);
    loop {
        beat(connection, members, &options.assignor)?;
        let newest = members.iter().map(|member| member.epoch).max();
        let is_even = members.iter().all(|member| Some(member.epoch) == newest && !member.has_news);
        let owned: usize = members.iter().map(Member::owned).sum();
        if is_even && i32::try_from(owned)? == options.partitions {
            return Ok(());
        }
        if Instant::now() > until {
            return Err(format!("{owned} of {} partitions are owned", options.partitions).into());
        }
    }
}

/// Members of many groups, all stable, send heartbeats.
pub(crate) fn heartbeats(options: &Options) -> Anyhow<()> {
    let mut connection = Connection::open(&options.bootstrap)?;
    let mut members: Vec<_> = (0..options.members)
        .map(|number| Member::new(format!("beating-{}", number % options.groups.max(1)), number))
        .collect();
    // Until they are told nothing new.
    for _ in 0..5 {
        beat(&mut connection, &mut members, &options.assignor)?;
        std::thread::sleep(Duration::from_millis(1_100));
    }
    let mut count = 0;
    let until = Instant::now() + Duration::from_secs(options.seconds);
    let measured = measure(options, || {
        while Instant::now() < until {
            beat(&mut connection, &mut members, &options.assignor)?;
            count += members.len() as u64;
        }
        Ok(())
    })?;
    report_heartbeats(options, count, INTERVAL_S, &measured);
    Ok(())
}

/// All members of a group join; then one more comes, and one goes.
pub(crate) fn rebalance(options: &Options) -> Anyhow<()> {
    let mut connection = Connection::open(&options.bootstrap)?;
    for round in 0..options.rounds {
        let group = format!("large-{}-{}-{round}", options.assignor, std::process::id());
        let mut members: Vec<_> = (0..options.members).map(|number| Member::new(group.clone(), number)).collect();
        let all = measure(options, || settle(&mut connection, &mut members, options))?;
        report_rebalance(options, "all join", &all);
        members.push(Member::new(group, options.members));
        let more = measure(options, || settle(&mut connection, &mut members, options))?;
        report_rebalance(options, "one more joins", &more);
        let mut gone = members.swap_remove(0);
        gone.epoch = -1;
        let less = measure(options, || {
            connection.call(&gone.request(&options.assignor), VERSION)?;
            settle(&mut connection, &mut members, options)
        })?;
        report_rebalance(options, "one leaves", &less);
    }
    Ok(())
}
