//! Our answer to one append, in the words of `ValidateOracle.java`.

use std::fmt::Write as _;

use kafka_log::compression::{Codec, Decompressor};
use kafka_log::format::batch::{RecordBatch, TimestampType};
use kafka_log::internal::{AnalyzeParams, analyze, unexpected_append_offset};
use kafka_log::internal::{ValidationParams, ValidationScratch, validate};
use kafka_log::log::config::{CompressionType, LogConfig};
use kafka_log::log::error::{AppendError, KafkaError};
use kafka_log::log::types::AppendOrigin;

/// Log end offset of the follower, as `run` gives it to Kafka.
const FOLLOWER_LOG_END: i64 = 1000;

/// Answers a line as `generate` writes it.
pub(crate) fn answer(line: &str) -> String {
    let fields: Vec<&str> = line.split('\t').collect();
    let mut out = String::new();
    if let Err(error) = append(&fields, &mut out) {
        out.clear();
        describe(&error, &mut out);
    }
    format!("{} {out}", fields[0])
}

fn append(fields: &[&str], out: &mut String) -> Result<(), AppendError> {
    let number = |at: usize| fields[at].parse::<i64>().expect("a number");
    let follower = fields[1] == "follower";
    let origin = match fields[2] {
        _ if follower => AppendOrigin::Replication,
        "client" => AppendOrigin::Client,
        "coordinator" => AppendOrigin::Coordinator,
        _ => AppendOrigin::RaftLeader,
    };
    let (epoch, first_offset, now_ms) = (number(3) as i32, number(4), number(5));
    let config = config(fields);
    let mut records = hex(fields.get(13).unwrap_or(&""));
    let assign = !follower && origin != AppendOrigin::RaftLeader;
    let params = AnalyzeParams {
        origin,
        leader_epoch: epoch,
        max_message_bytes: (!follower).then_some(config.max_message_bytes),
        offsets_must_grow: !assign,
    };
    let found = analyze(&records, &params)?;
    let last_epoch = found.last_leader_epoch.map_or("-".to_owned(), |epoch| epoch.to_string());
    let first_or_last = found.first_or_last_offset_of_first_batch();
    let _ = write!(
        out,
        "first={} last={} max={} epoch={last_epoch} codec={} bytes={} firstOrLast={first_or_last}",
        found.first_offset, found.last_offset, found.max_timestamp, found.source_codec, found.valid_bytes,
    );
    if found.valid_bytes == 0 {
        return Ok(());
    }
    if follower && first_or_last < FOLLOWER_LOG_END {
        out.push(' ');
        describe(&unexpected_append_offset(&records, &found, FOLLOWER_LOG_END), out);
        return Ok(());
    }
    if !assign {
        return Ok(());
    }
    let wants = ValidationParams::new(&config, found.source_codec, origin, now_ms);
    let mut scratch = ValidationScratch::default();
    let records = &mut records[..found.valid_bytes];
    let sent = records.to_vec();
    let validated = validate(records, &wants, &mut scratch);
    assert!(validated.as_ref().is_ok_and(|v| !v.rebuilt) || records == sent, "refused, and yet changed");
    let validated = validated?;
    let bytes = if validated.rebuilt { scratch.rebuilt_mut() } else { records };
    let last = validated.assign_offsets(bytes, first_offset, epoch);
    let _ = write!(
        out,
        " -> max={} time={} last={last} changed={}",
        validated.max_timestamp, validated.log_append_time, validated.rebuilt
    );
    if !bytes.is_empty() {
        write_batch(bytes, !validated.rebuilt || wants.target_codec == Codec::None, out);
    }
    Ok(())
}

fn write_batch(bytes: &[u8], whole: bool, out: &mut String) {
    let batch = RecordBatch::parse(bytes).expect("a batch of magic 2");
    let header = batch.header();
    let _ = write!(
        out,
        " base={} epoch={} magic={} attr={} delta={} ts={}..{} pid={}/{}/{} count={} valid={}",
        header.base_offset(),
        header.partition_leader_epoch(),
        header.magic(),
        header.attributes().0,
        header.last_offset_delta(),
        header.base_timestamp(),
        header.max_timestamp(),
        header.producer_id(),
        header.producer_epoch(),
        header.base_sequence(),
        header.record_count(),
        batch.is_valid(),
    );
    let (name, bytes, mut decompressor) = ("records", batch.stored_records(), Decompressor::new(1 << 28));
    let (name, bytes) = if whole {
        ("bytes", batch.as_bytes())
    } else {
        let codec = header.attributes().codec().expect("a codec");
        (name, decompressor.decompress(codec, 2, bytes).expect("a stream"))
    };
    let _ = write!(out, " {name}={}:{:x}", bytes.len(), fnv1a(bytes));
}

fn describe(error: &AppendError, out: &mut String) {
    let records = match error {
        AppendError::InvalidRecord { records, .. } | AppendError::InvalidTimestamp { records, .. } => &records[..],
        _ => &[],
    };
    let records: Vec<String> = records.iter().map(|record| record.batch_index.to_string()).collect();
    let _ = write!(out, "error {} {} [{}]", error.exception(), error.code().name(), records.join(","));
}

fn config(fields: &[&str]) -> LogConfig {
    let number = |at: usize| fields[at].parse::<i64>().expect("a number");
    let level = |codec, default| if fields[6] == codec { fields[7].parse().unwrap_or(default) } else { default };
    LogConfig {
        compression_type: match fields[6] {
            "producer" => CompressionType::Producer,
            name => CompressionType::Always(Codec::ALL.into_iter().find(|c| c.name() == name).expect("a codec")),
        },
        compression_gzip_level: level("gzip", -1),
        compression_lz4_level: level("lz4", 9),
        compression_zstd_level: level("zstd", 3),
        compact: fields[8] == "1",
        message_timestamp_type: match fields[9] {
            "append" => TimestampType::LogAppendTime,
            _ => TimestampType::CreateTime,
        },
        message_timestamp_before_max_ms: number(10),
        message_timestamp_after_max_ms: number(11),
        max_message_bytes: number(12) as i32,
        ..LogConfig::default()
    }
}

fn hex(text: &str) -> Vec<u8> {
    data_encoding::HEXLOWER.decode(text.as_bytes()).expect("hexadecimal digits")
}

fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}
