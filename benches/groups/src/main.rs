//! Members of groups by the thousand, played by one process against a running broker: heartbeats, and rebalances of one large group.
//! The protocol of the clients is spoken here, and nothing that a client would do besides, so that the time is the broker's.

mod classic;
mod connection;
mod consumer;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use connection::Connection;
use kafka_rpc::messages::create_topics_request::CreatableTopic;
use kafka_rpc::messages::{CreateTopicsRequest, FindCoordinatorRequest};

const USAGE: &str = "usage: group-bench HOST:PORT SUBCOMMAND [key=value ...]
  heartbeats  [protocol=consumer|classic] [members=10000] [groups=100] [seconds=5]   as fast as they are answered
  rebalance   [protocol=consumer|classic] [assignor=uniform|range] [members=1000] [partitions=10000] [rounds=3]
              of the classic protocol, whose clients assign: until each member has its answer to SyncGroup
common: [pid=N]   the broker's process, whose processor time is printed, too";

type Anyhow<T> = Result<T, Box<dyn std::error::Error>>;

/// What the command line says.
struct Options {
    bootstrap: String,
    protocol: String,
    assignor: String,
    members: usize,
    groups: usize,
    partitions: i32,
    rounds: usize,
    seconds: u64,
    pid: Option<u32>,
}

impl Options {
    fn parse(bootstrap: String, rest: impl Iterator<Item = String>) -> Anyhow<(Self, usize)> {
        let mut options = Options {
            bootstrap,
            protocol: "consumer".to_owned(),
            assignor: "uniform".to_owned(),
            members: 0,
            groups: 100,
            partitions: 10_000,
            rounds: 3,
            seconds: 5,
            pid: None,
        };
        let mut members = None;
        for argument in rest {
            let (key, value) = argument.split_once('=').ok_or(USAGE)?;
            match key {
                "protocol" => value.clone_into(&mut options.protocol),
                "assignor" => value.clone_into(&mut options.assignor),
                "members" => members = Some(value.parse()?),
                "groups" => options.groups = value.parse()?,
                "partitions" => options.partitions = value.parse()?,
                "rounds" => options.rounds = value.parse()?,
                "seconds" => options.seconds = value.parse()?,
                "pid" => options.pid = Some(value.parse()?),
                _ => return Err(USAGE.into()),
            }
        }
        Ok((options, members.unwrap_or(0)))
    }

    /// Processor time of the broker, in seconds.
    fn processor_s(&self) -> Anyhow<f64> {
        let Some(pid) = self.pid else { return Ok(0.0) };
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
        let fields: Vec<&str> = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace().collect();
        let ticks = |at: usize| -> Anyhow<f64> { Ok(fields.get(at).ok_or("no such process")?.parse()?) };
        // Linux counts in hundredths of a second.
        Ok((ticks(11)? + ticks(12)?) / 100.0)
    }
}

/// Something that was measured.
struct Measured {
    took: Duration,
    processor_s: f64,
}

/// Measures the wall time and the broker's processor time.
fn measure(options: &Options, work: impl FnOnce() -> Anyhow<()>) -> Anyhow<Measured> {
    let (before, began) = (options.processor_s()?, Instant::now());
    work()?;
    Ok(Measured { took: began.elapsed(), processor_s: options.processor_s()? - before })
}

/// Creates the topic `t`, and has the topic of groups created.
fn prepare(options: &Options) -> Anyhow<()> {
    let mut connection = Connection::open(&options.bootstrap)?;
    let topic = CreatableTopic {
        name: "t".into(),
        num_partitions: options.partitions,
        replication_factor: 1,
        ..Default::default()
    };
    let request = CreateTopicsRequest { topics: vec![topic], timeout_ms: 120_000, ..Default::default() };
    let frame = connection.call(&request, 7)?;
    let created = connection::message::<CreateTopicsRequest<'_>>(&frame, 7)?;
    let error = created.topics.first().map_or(0, |topic| topic.error_code);
    // TOPIC_ALREADY_EXISTS
    if ![0, 36].contains(&error) {
        return Err(format!("the topic cannot be created: error {error}").into());
    }
    let until = Instant::now() + Duration::from_secs(60);
    loop {
        let request = FindCoordinatorRequest { coordinator_keys: vec!["g".into()], ..Default::default() };
        let frame = connection.call(&request, 4)?;
        let found = connection::message::<FindCoordinatorRequest<'_>>(&frame, 4)?;
        let error = found.coordinators.first().map_or(-1, |coordinator| coordinator.error_code);
        if error == 0 {
            return Ok(());
        }
        if Instant::now() > until {
            return Err(format!("no coordinator: error {error}").into());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn run() -> Anyhow<()> {
    let mut arguments = std::env::args().skip(1);
    let (Some(bootstrap), Some(subcommand)) = (arguments.next(), arguments.next()) else { return Err(USAGE.into()) };
    let (mut options, members) = Options::parse(bootstrap, arguments)?;
    let default = if subcommand == "heartbeats" { 10_000 } else { 1_000 };
    options.members = if members == 0 { default } else { members };
    prepare(&options)?;
    match (subcommand.as_str(), options.protocol.as_str()) {
        ("heartbeats", "consumer") => consumer::heartbeats(&options),
        ("heartbeats", "classic") => classic::heartbeats(&options),
        ("rebalance", "consumer") => consumer::rebalance(&options),
        ("rebalance", "classic") => classic::rebalance(&options),
        _ => Err(USAGE.into()),
    }
}

/// Says how fast heartbeats were answered, and what that means for members that send one every few seconds.
fn report_heartbeats(options: &Options, count: u64, interval_s: f64, measured: &Measured) {
    let per_s = count as f64 / measured.took.as_secs_f64();
    let each_us = measured.processor_s / count as f64 * 1e6;
    let cores = each_us / 1e6 * options.members as f64 / interval_s;
    println!(
        "heartbeats {} members={} groups={}: {per_s:.0}/s, {each_us:.2} us of processor time each; {:.3} cores for one every {interval_s} s",
        options.protocol, options.members, options.groups, cores
    );
}

fn report_rebalance(options: &Options, what: &str, measured: &Measured) {
    println!(
        "rebalance {} {} members={} partitions={} {what}: {:.3} s, {:.2} s of processor time",
        options.protocol,
        options.assignor,
        options.members,
        options.partitions,
        measured.took.as_secs_f64(),
        measured.processor_s
    );
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
