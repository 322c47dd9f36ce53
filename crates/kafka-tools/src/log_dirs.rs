//! `kafka-log-dirs`: what the brokers have on disk (`LogDirsCommand`).

use std::collections::BTreeSet;
use std::ffi::OsString;

use kafka_options::Usage;
use kafka_thin_client::admin::{self, BrokerLogDirs, LogDir};
use kafka_thin_client::{ApiError, Client};
use serde_json::{Value, json};

use crate::client::{connect, exception_class, explain, parse_or_explain, require};
use crate::terminal::{Stop, Terminal};

const USAGE: &str = include_str!("../usage/log_dirs.txt");
const ABOUT: &str = "This tool helps to query log directory usage on the specified brokers.";

/// Runs the tool.
pub(crate) fn main(args: Vec<OsString>, terminal: &mut Terminal<'_>) -> Result<(), Stop> {
    let usage = Usage::read(USAGE);
    let options = parse_or_explain(&usage, ABOUT, args)?;
    require(&options, &usage, &["bootstrap-server", "describe"])?;
    let list = |option| -> Result<Vec<String>, Stop> {
        let given = options.value(option)?.unwrap_or_default();
        Ok(given.split(',').filter(|word| !word.is_empty()).map(str::to_owned).collect())
    };
    let topics = list("topic-list")?;
    let asked = list("broker-list")?;
    let number = |word: &String| word.parse().map_err(|_| Stop::Failed(format!("For input string: \"{word}\"")));
    let asked: BTreeSet<i32> = asked.iter().map(number).collect::<Result<_, _>>()?;
    let mut client = connect(&options, "bootstrap-server", "command-config")?;
    let brokers = brokers(&mut client, asked)?;
    terminal.line("Querying brokers for log directories information")?;
    let mut described = Vec::new();
    for broker in &brokers {
        let dirs = admin::describe_log_dirs(&mut client, *broker);
        let dirs = dirs.map_err(|error| Stop::Failed(explain(&error, "describeLogDirs")))?;
        described.push(json!({"broker": broker, "logDirs": log_dirs(dirs, &topics)}));
    }
    terminal.line(format_args!("Received log directory information from brokers {}", joined(&brokers)))?;
    Ok(terminal.line(json!({"brokers": described, "version": 1}))?)
}

/// The brokers that were asked for, or all.
fn brokers(client: &mut Client, asked: BTreeSet<i32>) -> Result<BTreeSet<i32>, Stop> {
    let cluster = admin::describe_cluster(client, false);
    let cluster = cluster.map_err(|error| Stop::Failed(explain(&error, "listNodes")))?.brokers;
    let cluster: BTreeSet<i32> = cluster.into_iter().map(|broker| broker.id).collect();
    let missing: BTreeSet<i32> = asked.difference(&cluster).copied().collect();
    if !missing.is_empty() {
        return Err(Stop::Failed(format!(
            "ERROR: The given brokers do not exist from --broker-list: {}. Current existent brokers: {}",
            joined(&missing),
            joined(&cluster)
        )));
    }
    Ok(if asked.is_empty() { cluster } else { asked })
}

fn joined(ids: &BTreeSet<i32>) -> String {
    ids.iter().map(i32::to_string).collect::<Vec<_>>().join(",")
}

fn log_dirs(dirs: BrokerLogDirs, topics: &[String]) -> Vec<Value> {
    dirs.into_iter().map(|(path, result)| log_dir(&path, &result, topics)).collect()
}

fn log_dir(path: &str, result: &Result<LogDir, ApiError>, topics: &[String]) -> Value {
    let replicas = result.iter().flat_map(|dir| &dir.replicas);
    let replicas = replicas.filter(|replica| topics.is_empty() || topics.contains(&replica.topic)).map(|replica| {
        let partition = format!("{}-{}", replica.topic, replica.partition);
        let (size, lag, is_future) = (replica.size, replica.offset_lag, replica.is_future);
        json!({"partition": partition, "size": size, "offsetLag": lag, "isFuture": is_future})
    });
    let error = result.as_ref().err().map(exception_class);
    json!({"partitions": replicas.collect::<Vec<_>>(), "error": error, "logDir": path})
}
