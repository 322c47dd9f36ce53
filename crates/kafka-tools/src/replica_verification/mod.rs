//! `kafka-replica-verification`: fetches from all replicas and compares what they have, until it is stopped
//! (`ReplicaVerificationTool`).

mod compare;
mod fetch;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use kafka_options::{Options, Usage};
use kafka_thin_client::admin::{self, IsolationLevel, OffsetSpec};
use kafka_thin_client::{Client, TopicPartition};

use crate::client::{adminclient, configure, exception, open, parse_or_explain, require, thrown};
use crate::regex::IncludeList;
use crate::terminal::{Stop, Terminal};
use compare::{Difference, compare};
use fetch::{Replicas, Size};

const USAGE: &str = include_str!("../../usage/replica_verification.txt");
const ABOUT: &str = "Validate that all replicas for a set of topics have the same data.";
const FETCH_SIZE: i32 = 1024 * 1024;
const MAX_WAIT_MS: i32 = 1000;
const REPORT_INTERVAL_MS: i64 = 30_000;
/// Times that stand for the end and for the beginning of a partition.
const LATEST: i64 = -1;
const EARLIEST: i64 = -2;

/// Runs the tool.
pub(crate) fn main(args: Vec<OsString>, terminal: &mut Terminal<'_>) -> Result<(), Stop> {
    tracing::warn!("This tool is deprecated and may be removed in a future major release.");
    let usage = Usage::read(USAGE);
    let options = parse_or_explain(&usage, ABOUT, args)?;
    require(&options, &usage, &["broker-list"])?;
    let servers = options.value("broker-list")?.unwrap_or_default();
    check_servers(&servers, &usage)?;
    let filter = options.value("topics-include")?.unwrap_or_else(|| ".*".to_owned());
    let filter = IncludeList::read(&filter).map_err(|error| Stop::Failed(error.to_string()))?;
    let size = Size {
        max_bytes: options.number("fetch-size")?.unwrap_or(FETCH_SIZE),
        max_wait_ms: options.number("max-wait-ms")?.unwrap_or(MAX_WAIT_MS),
    };
    let interval = Duration::from_millis(unsigned(options.number("report-interval-ms")?, REPORT_INTERVAL_MS));
    let mut client = open(configure(adminclient(), None, Some(&servers))?)?;
    let client = &mut client;
    let replicas = replicas(client, &filter)?;
    if replicas.is_empty() {
        tracing::error!(
            "No topics found. [topics-include] if specified, is either filtering out all topics or there is no topic."
        );
        return Err(Stop::Exit(1));
    }
    let mut offsets = initial_offsets(client, &options, &replicas)?;
    terminal.line(format_args!("{}: verification process is started", now()))?;
    let mut reported = Instant::now();
    loop {
        terminal.out().flush()?;
        let report = round(client, &replicas, &mut offsets, size, terminal)?;
        if reported.elapsed() > interval {
            terminal.line(format_args!("{}: {report} among {} partitions", now(), replicas.len()))?;
            reported = Instant::now();
        }
    }
}

fn unsigned(given: Option<i64>, default: i64) -> u64 {
    u64::try_from(given.unwrap_or(default)).unwrap_or(0)
}

/// `ToolsUtils.validateBootstrapServer`: each server needs a port.
fn check_servers(servers: &str, usage: &Usage) -> Result<(), Stop> {
    let has_port = |server: &str| server.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    if servers.trim().is_empty() {
        return Err(Stop::usage("Error while validating the bootstrap address\n", usage));
    }
    if !servers.split(',').all(has_port) {
        return Err(Stop::usage("Please provide valid host:port like host1:9091,host2:9092\n", usage));
    }
    Ok(())
}

/// The replicas of the partitions of topics.
fn replicas(client: &mut Client, filter: &IncludeList) -> Result<Replicas, Stop> {
    let topics = client.retry(|client| client.fetch_topics(None, false));
    let topics = topics.map_err(|error| Stop::Failed(thrown(&error, "listTopics")))?;
    let wanted = topics.iter().filter(|topic| topic.error.is_none() && filter.has(&topic.name, false));
    let of = wanted.flat_map(|topic| {
        topic.partitions.iter().map(|partition| {
            let replicas = partition.replicas.iter().copied().collect();
            (TopicPartition::new(&topic.name, partition.index), (topic.id, replicas))
        })
    });
    Ok(of.collect())
}

fn initial_offsets(
    client: &mut Client,
    options: &Options,
    replicas: &Replicas,
) -> Result<BTreeMap<TopicPartition, i64>, Stop> {
    let spec = match options.number("time")?.unwrap_or(LATEST) {
        LATEST => OffsetSpec::Latest,
        EARLIEST => OffsetSpec::Earliest,
        time => OffsetSpec::Timestamp(time),
    };
    let wanted: Vec<_> = replicas.keys().map(|partition| (partition.clone(), spec)).collect();
    let listed = admin::list_offsets(client, &wanted, IsolationLevel::ReadUncommitted);
    let listed = listed.map_err(|error| Stop::Failed(thrown(&error, "listOffsets")))?;
    let of = listed.into_iter().map(|(partition, result)| match result {
        Ok(listed) if listed.offset >= 0 => Ok((partition, listed.offset)),
        Ok(_) => Err(Stop::Failed(format!("partition {partition} has no record at that time or later"))),
        Err(error) => Err(Stop::Failed(exception(&error))),
    });
    of.collect()
}

/// Fetches once from all replicas, and compares. Returns a report of the partition that lags the most.
fn round(
    client: &mut Client,
    replicas: &Replicas,
    offsets: &mut BTreeMap<TopicPartition, i64>,
    size: Size,
    terminal: &mut Terminal<'_>,
) -> Result<String, Stop> {
    let mut fetched = fetch::all(client, replicas, offsets, size);
    let (mut max_lag, mut report) = (-1, "max lag is -1 for partition null at offset -1".to_owned());
    for partition in replicas.keys() {
        let Some(offset) = offsets.get_mut(partition) else { continue };
        let of = fetched.remove(partition).unwrap_or_default();
        let found = compare(partition, &of).map_err(|(replica, error)| {
            Stop::Failed(format!(
                "Error in processing replica {replica} in partition {partition} at offset {offset}: {error}"
            ))
        })?;
        for difference in &found.differences {
            terminal.line(format_args!("{}: {difference}", now()))?;
        }
        if found.differences.iter().any(|difference| matches!(difference, Difference::Offset { .. })) {
            return Err(Stop::Exit(1));
        }
        *offset = found.next_offset.unwrap_or(*offset);
        let end = of.iter().map(|of| of.high_watermark).max().unwrap_or(-1);
        if end.saturating_sub(*offset) > max_lag {
            max_lag = end.saturating_sub(*offset);
            report = format!("max lag is {max_lag} for partition {partition} at offset {offset}");
        }
    }
    Ok(report)
}

/// The time now, as a log line has it.
fn now() -> String {
    let now = TimeZone::system().to_datetime(Timestamp::now());
    format!("{},{:03}", now.strftime("%F %T"), now.millisecond())
}
