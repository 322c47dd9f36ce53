//! `kafka-log repair --like-kafka`.

use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::{Args, ValueEnum};
use kafka_log::audit::{Checkpoints, LogDirCheckpoints};
use kafka_log::format::partition_dir::{PartitionDirName, PartitionDirState};
use kafka_log::fs::OsFs;
use kafka_log::log::LogOptions;
use kafka_log::log::config::LogConfig;
use kafka_log::repair::{LogDirPlan, Place, RepairError, plan_like_kafka};

use super::{Plan, Room, Target};

/// What is asked of Kafka's own recovery.
#[derive(Args, Debug)]
#[group(id = "like", multiple = true)]
pub(super) struct LikeKafkaOptions {
    /// Leave exactly what a start and a clean stop of Kafka would leave, and save nothing more
    #[arg(long, conflicts_with_all = ["donor", "may_end_lower", "shallow"])]
    like_kafka: bool,

    /// With --like-kafka: how the broker was stopped before; by default as the log directory shows
    #[arg(long, value_name = "HOW", requires = "like_kafka")]
    stop: Option<Stop>,

    /// With --like-kafka: topic setting, such as index.interval.bytes=4096, or producer.id.expiration.ms
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = setting, requires = "like_kafka")]
    settings: Vec<(String, String)>,

    /// With --like-kafka: the log start offset; by default from the checkpoint, else 0
    #[arg(long, value_name = "OFFSET", requires = "like_kafka")]
    log_start_offset: Option<i64>,

    /// With --like-kafka: the offset below which everything is on disk; by default from the checkpoint of a log directory, else 0
    #[arg(long, value_name = "OFFSET", requires = "like_kafka")]
    recovery_point: Option<i64>,
}

/// How a broker was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Stop {
    /// All logs were closed.
    Clean,
    /// It was killed, or the machine failed.
    Unclean,
}

impl LikeKafkaOptions {
    pub(super) fn is_asked_for(&self) -> bool {
        self.like_kafka
    }
}

fn setting(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or_else(|| "expected NAME=VALUE".to_owned())?;
    Ok((name.trim().to_owned(), value.to_owned()))
}

/// Plans what Kafka would do.
pub(super) fn plan(target: &Target, options: &LikeKafkaOptions) -> Result<Plan, RepairError> {
    match target.place {
        Place::Partition => {
            let name = target.dir.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let around = target.log_dir.as_ref().map(|log_dir| LogDirCheckpoints::of_dir(&OsFs, log_dir));
            let mut checkpoints = match (around, PartitionDirName::parse(&name)) {
                (Some(around), Some(name)) => around.of(name.topic, name.partition),
                _ => Checkpoints::default(),
            };
            // How far a partition alone was flushed is not known.
            checkpoints.recovery_point = None;
            of_partition(&target.dir, &checkpoints, options).map(Plan::Partition)
        }
        Place::LogDir => {
            let checkpoints = LogDirCheckpoints::of_dir(&OsFs, &target.dir);
            let mut plan = LogDirPlan { path: target.dir.clone(), ..LogDirPlan::default() };
            for Room { dir, is_log_dir, .. } in target.rooms()? {
                let name = dir.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
                let Some(parsed) = PartitionDirName::parse(&name).filter(|_| !is_log_dir) else { continue };
                if parsed.state == PartitionDirState::Live {
                    let checkpoints = checkpoints.of(parsed.topic, parsed.partition);
                    plan.partitions.push(of_partition(&dir, &checkpoints, options)?);
                }
            }
            Ok(Plan::LogDir(plan))
        }
    }
}

fn of_partition(
    dir: &Path,
    checkpoints: &Checkpoints,
    options: &LikeKafkaOptions,
) -> Result<kafka_log::repair::PartitionPlan, RepairError> {
    let refused = |what: String| RepairError::Refused { path: dir.to_owned(), what };
    let is_clean = options.stop.map_or(checkpoints.is_clean_stop == Some(true), |stop| stop == Stop::Clean);
    let mut how = LogOptions {
        refuse_like_kafka: true,
        log_start_offset: options.log_start_offset.or(checkpoints.log_start_offset).unwrap_or(0),
        recovery_point: options.recovery_point.or(checkpoints.recovery_point).unwrap_or(0),
        had_clean_shutdown: is_clean,
        now_ms: now_ms(),
        ..LogOptions::default()
    };
    let mut of_topic = Vec::new();
    for (name, value) in &options.settings {
        if name == "producer.id.expiration.ms" {
            how.producers.expiration_ms =
                value.trim().parse().map_err(|_| refused(format!("expected a number for {name}, found {value}")))?;
        } else {
            of_topic.push((name.as_str(), value.as_str()));
        }
    }
    LogConfig::validate_names(of_topic.iter().map(|(name, _)| *name)).map_err(|error| refused(error.to_string()))?;
    let config =
        LogConfig::from_properties(of_topic, &LogConfig::default()).map_err(|error| refused(error.to_string()))?;
    how.config = Arc::new(config);
    plan_like_kafka(&OsFs, dir, how).map(|(plan, _)| plan)
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
