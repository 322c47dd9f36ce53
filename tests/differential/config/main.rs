//! What ours makes of settings, one case a line on stdin: the answers of `KafkaConfigs.java` are compared with these by `run`.
//!
//! A case: kind, tab, a flag for each of "had tiered storage" and "the broker has it", tab, and `name=value` in hex,
//! separated by commas.

use std::fmt::Write as _;
use std::io::{self, BufRead as _, Write as _};

use kafka_log::compression::Codec;
use kafka_log::log::config::{CompressionType, ConfigError, LogConfig};
use kafka_log::log::error::KafkaError as _;
use kafka_log::manager::LogManagerConfig;

fn main() -> io::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    for line in io::stdin().lock().lines() {
        let line = line?;
        let [kind, flags, settings] = line.split('\t').collect::<Vec<_>>()[..] else {
            return Err(io::Error::other(format!("no case: {line}")));
        };
        let settings: Vec<_> = settings.split(',').filter(|s| !s.is_empty()).map(setting).collect();
        writeln!(out, "{}", answer(kind, flags, &settings))?;
    }
    out.flush()
}

fn setting(text: &str) -> (String, String) {
    let (name, value) = text.split_once('=').expect("name=value");
    (unhex(name), unhex(value))
}

fn unhex(text: &str) -> String {
    let bytes = data_encoding::HEXLOWER.decode(text.as_bytes()).expect("hex");
    String::from_utf8(bytes).expect("UTF-8")
}

fn answer(kind: &str, flags: &str, settings: &[(String, String)]) -> String {
    let pairs = || settings.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let flag = |at: usize| flags.as_bytes()[at] == b'1';
    let answer = match kind {
        "topic" => LogConfig::from_properties(pairs(), &LogConfig::default()).map(|config| show(&config)),
        "validate" => LogConfig::validate(pairs()).map(|()| "ok".to_owned()),
        "tiered" => tiered(&mut pairs(), flag(0), flag(1)),
        "manager" => LogManagerConfig::from_properties(pairs()).map(|config| show_manager(&config)),
        "broker" => LogConfig::from_broker_properties(pairs()).map(|config| show(&config)),
        _ => Ok("no such kind".to_owned()),
    };
    answer.unwrap_or_else(|error| error.exception().to_owned())
}

fn tiered<'a>(
    pairs: &mut dyn Iterator<Item = (&'a str, &'a str)>,
    was: bool,
    system: bool,
) -> Result<String, ConfigError> {
    let pairs: Vec<_> = pairs.collect();
    LogConfig::validate_names(pairs.iter().map(|(name, _)| *name))?;
    let config = LogConfig::from_properties(pairs, &LogConfig::default())?;
    config.validate_topic(was, system)?;
    Ok("ok".to_owned())
}

/// All fields, in the order of `KafkaConfigs.manager`.
fn show_manager(c: &LogManagerConfig) -> String {
    let bits = |value: f64| if value.is_nan() { f64::NAN.to_bits() } else { value.to_bits() } as i64;
    let numbers = [
        c.recovery_threads_per_data_dir as i64,
        c.retention_check_ms,
        c.flush_check_ms,
        c.recovery_point_checkpoint_ms,
        c.log_start_offset_checkpoint_ms,
        c.high_watermark_checkpoint_ms,
        c.initial_task_delay_ms,
        i64::from(c.producer_id_expiration_ms),
        c.producer_id_expiration_check_ms,
        i64::from(c.transaction_max_timeout_ms),
        c.cleaner.threads as i64,
        c.cleaner.dedupe_buffer_bytes,
        bits(c.cleaner.dedupe_buffer_load_factor),
        i64::from(c.cleaner.io_buffer_bytes),
        bits(c.cleaner.io_max_bytes_per_second),
        c.cleaner.backoff_ms,
        i64::from(c.cleaner.max_message_bytes),
    ];
    let flags = [c.transaction_partition_verification, c.remote_storage_system, c.cleaner.enabled];
    let numbers = numbers.iter().map(ToString::to_string);
    numbers.chain(flags.iter().map(ToString::to_string)).collect::<Vec<_>>().join(" ")
}

/// All fields, in the order of `KafkaConfigs.show`.
fn show(c: &LogConfig) -> String {
    let compression = match c.compression_type {
        CompressionType::Producer => "PRODUCER",
        CompressionType::Always(Codec::None) => "UNCOMPRESSED",
        CompressionType::Always(Codec::Gzip) => "GZIP",
        CompressionType::Always(Codec::Snappy) => "SNAPPY",
        CompressionType::Always(Codec::Lz4) => "LZ4",
        CompressionType::Always(Codec::Zstd) => "ZSTD",
    };
    let ratio = if c.min_cleanable_dirty_ratio.is_nan() { f64::NAN } else { c.min_cleanable_dirty_ratio };
    let mut out = String::new();
    let numbers = [
        i64::from(c.segment_bytes),
        c.segment_ms,
        c.segment_jitter_ms,
        i64::from(c.segment_index_bytes),
        c.flush_messages,
        c.flush_ms,
        c.retention_bytes,
        c.retention_ms,
        i64::from(c.max_message_bytes),
        i64::from(c.index_interval_bytes),
        c.file_delete_delay_ms,
        c.delete_retention_ms,
        c.min_compaction_lag_ms,
        c.max_compaction_lag_ms,
        i64::from(c.min_insync_replicas),
        i64::from(c.compression_gzip_level),
        i64::from(c.compression_lz4_level),
        i64::from(c.compression_zstd_level),
        c.message_timestamp_before_max_ms,
        c.message_timestamp_after_max_ms,
        c.effective_local_retention_ms(),
        c.effective_local_retention_bytes(),
        c.max_segment_ms(),
        i64::from(c.init_file_size()),
        ratio.to_bits() as i64,
    ];
    let flags = [
        c.compact,
        c.delete,
        c.unclean_leader_election_enable,
        c.preallocate,
        c.remote_storage_enable,
        c.remote_log_copy_disable,
        c.remote_log_delete_on_disable,
    ];
    let lists = [&c.leader_replication_throttled_replicas, &c.follower_replication_throttled_replicas];
    for number in numbers {
        let _ = write!(out, "{number} ");
    }
    for flag in flags {
        let _ = write!(out, "{flag} ");
    }
    let _ = write!(out, "{compression} {}", c.message_timestamp_type.name());
    for list in lists {
        let _ = write!(out, " [{}]", list.join("|"));
    }
    out
}
