//! Healthy inputs of the targets, made of files that Kafka wrote.

use std::fs;

use data_encoding::HEXLOWER;
use kafka_log::compression::Codec;
use kafka_log::format::record::Record;
use kafka_log::format::schema::{InternalTopic, KafkaVersion, Part};
use kafka_log::segment::batch::{Batch, RawBatch};
use kafka_rpc::ApiKey;

use super::protocol;
use super::tool::{KINDS, OPTIONS};
use crate::fixtures;
use crate::rewrite::batches;

/// Longest seed in bytes: what is longer makes every run slow and holds little that is new.
const LEN_MAX: usize = 16 * 1024;

/// Files of all healthy scenarios, of at most 64 KiB, with their names.
pub fn files() -> Vec<(String, Vec<u8>)> {
    let scenarios = fixtures::names().into_iter().filter(|name| !name.starts_with("damage-") && name != "usage");
    let paths = scenarios.flat_map(|name| fixtures::files(&fixtures::scenario(&name)));
    let read = paths.filter_map(|path| {
        let name = path.file_name()?.to_string_lossy().into_owned();
        let bytes = fs::read(&path).ok()?;
        (bytes.len() <= 64 * 1024).then_some((name, bytes))
    });
    read.collect()
}

/// Seeds of the target of this name; never none.
pub fn seeds(target: &str, files: &[(String, Vec<u8>)]) -> Vec<Vec<u8>> {
    let named = |ending: &'static str| {
        files.iter().filter(move |(name, _)| name.ends_with(ending)).map(|(_, bytes)| &bytes[..])
    };
    let logs = || named(".log").chain(named(".checkpoint"));
    let whole = |ending: &'static str| named(ending).map(<[u8]>::to_vec).collect::<Vec<_>>();
    let behind =
        |head: &[u8], ending: &'static str| named(ending).map(|bytes| [head, bytes].concat()).collect::<Vec<_>>();
    let records = |codec: Codec| logs().flat_map(batches).filter_map(|raw| stored(&raw, codec)).collect::<Vec<_>>();
    let mut found: Vec<Vec<u8>> = match target {
        "batch" => logs().flat_map(batches).map(|raw| raw.as_bytes().to_vec()).collect(),
        "batch_mut" => logs().flat_map(batches).map(|raw| [&[7; 21], raw.as_bytes()].concat()).collect(),
        "records_none" => records(Codec::None),
        "records_gzip" => records(Codec::Gzip),
        "records_snappy" => records(Codec::Snappy),
        "records_lz4" => records(Codec::Lz4),
        "records_zstd" => records(Codec::Zstd),
        "wrapper" => {
            let old = logs().filter(|log| log.get(16).is_some_and(|&magic| magic < 2));
            old.flat_map(|log| [[&[0; 9], log].concat(), [&[3; 9], log].concat()]).collect()
        }
        "offset_index" => behind(&[0; 16], ".index"),
        "time_index" => behind(&[0; 16], ".timeindex"),
        "transaction_index" => behind(&[0; 8], ".txnindex"),
        "producer_snapshot" => whole(".snapshot"),
        "leader_epoch_checkpoint" => whole("leader-epoch-checkpoint"),
        "offset_checkpoint" => whole("-offset-checkpoint"),
        "partition_metadata" => whole("partition.metadata"),
        "meta_properties" => whole("meta.properties"),
        "quorum_state" => whole("quorum-state"),
        "clean_shutdown" => whole(".kafka_cleanshutdown"),
        "file_name" => files.iter().map(|(name, _)| name.clone().into_bytes()).collect(),
        "segment_scan" | "resync" => logs().map(<[u8]>::to_vec).collect(),
        // No file beside the log, then each of an even length of its own.
        "verify" | "repair" => logs()
            .flat_map(|log| [[&[0, 1].repeat(6)[..], log].concat(), [&[0, 16].repeat(6)[..], log].concat()])
            .collect(),
        "chain" => logs().map(|log| [&[0; 10], log].concat()).collect(),
        "dump" | "dump_extended" => dumps(files),
        "protocol_request" => recorded_messages()
            .filter_map(|(name, version, bytes)| {
                let api = name.strip_suffix("Request")?;
                let key = ApiKey::ALL.iter().find(|key| key.name() == api)?;
                Some(protocol::frame(*key, version, &bytes))
            })
            .collect(),
        "protocol_message" => recorded_messages()
            .filter_map(|(name, version, bytes)| {
                let which = protocol::names().iter().position(|other| *other == name)?;
                Some([&[which as u8, version as u8][..], &bytes].concat())
            })
            .collect(),
        "control_record" => {
            logs().flat_map(batches).filter(is_control).flat_map(|raw| keys_and_values(&raw, None)).collect()
        }
        other => logs().flat_map(batches).flat_map(|raw| keys_and_values(&raw, topic(other))).collect(),
    };
    found.iter_mut().for_each(|seed| seed.truncate(LEN_MAX));
    found.push(Vec::new());
    found.sort();
    found.dedup();
    found
}

/// Messages of the protocol that Kafka wrote: name, version, bytes.
fn recorded_messages() -> impl Iterator<Item = (String, i16, Vec<u8>)> {
    let folder = fs::read_dir(fixtures::root().join("crates/kafka-rpc/tests/recorded"));
    let texts = folder.into_iter().flatten().flatten().filter_map(|file| fs::read_to_string(file.path()).ok());
    texts.flat_map(|text| {
        let parsed = text.lines().filter_map(|line| {
            let mut words = line.split(' ');
            let (name, version, hex) = (words.next()?, words.next()?.parse().ok()?, words.next()?);
            Some((name.to_owned(), version, HEXLOWER.decode(hex.as_bytes()).unwrap_or_default()))
        });
        parsed.collect::<Vec<_>>()
    })
}

/// Count and stored records of a batch of magic 2 with this codec.
fn stored(raw: &RawBatch<'_>, codec: Codec) -> Option<Vec<u8>> {
    let Ok(Batch::Default(batch)) = raw.parse() else { return None };
    let count = i16::try_from(batch.header().record_count()).ok()?;
    (batch.header().attributes().codec() == Ok(codec)).then(|| [&count.to_be_bytes(), batch.stored_records()].concat())
}

fn is_control(raw: &RawBatch<'_>) -> bool {
    matches!(raw.parse(), Ok(Batch::Default(batch)) if batch.header().attributes().is_control())
}

fn topic(target: &str) -> Option<InternalTopic> {
    match target {
        "consumer_offsets" => Some(InternalTopic::ConsumerOffsets),
        "transaction_state" => Some(InternalTopic::TransactionState),
        "share_group_state" => Some(InternalTopic::ShareGroupState),
        "cluster_metadata" => Some(InternalTopic::ClusterMetadata),
        "remote_log_metadata" => Some(InternalTopic::RemoteLogMetadata),
        _ => None,
    }
}

/// Each record of this topic as the schema targets take it: key with its length, whether there is a value, value. All
/// records without a topic.
fn keys_and_values(raw: &RawBatch<'_>, topic: Option<InternalTopic>) -> Vec<Vec<u8>> {
    let Ok(Batch::Default(batch)) = raw.parse() else { return Vec::new() };
    let mut decompressor = kafka_log::compression::Decompressor::new(super::DECOMPRESSED_MAX);
    let Ok(records) = batch.records(&mut decompressor) else { return Vec::new() };
    let nullable = |bytes: Option<&[u8]>| {
        let len = bytes.map_or(1, |b| (b.len().min(0x7fff) as u16) << 1);
        [&len.to_be_bytes(), bytes.unwrap_or_default()].concat()
    };
    let control = is_control(raw);
    let wanted = |record: &Record<'_>| match topic {
        None => true,
        Some(topic) => topic
            .decode(record.key, record.value, 0, KafkaVersion::LATEST)
            .is_ok_and(|decoded| ![decoded.key, decoded.payload].iter().any(|p| matches!(p, Some(Part::Skipped(_))))),
    };
    records
        .map_while(Result::ok)
        .filter(wanted)
        .map(|record| {
            let value = record.value.unwrap_or_default();
            let value = if control { nullable(record.value) } else { [&[0], value].concat() };
            [nullable(record.key), value].concat()
        })
        .collect()
}

fn dumps(files: &[(String, Vec<u8>)]) -> Vec<Vec<u8>> {
    let kind = |name: &str| KINDS.iter().position(|kind| name.ends_with(&format!(".{kind}")));
    let known = files.iter().filter_map(|(name, bytes)| Some((kind(name)? as u8, bytes)));
    known.enumerate().map(|(i, (kind, bytes))| [&[kind, (i % OPTIONS.len()) as u8, 128], &bytes[..]].concat()).collect()
}
