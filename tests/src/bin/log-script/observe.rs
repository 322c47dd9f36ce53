//! What a script sees of files and batches.

use std::fs;
use std::io;
use std::path::Path;

use kafka_log::compression::Decompressor;
use kafka_log::format::FormatError;
use kafka_log::format::batch::RecordBatch;
use kafka_log::format::legacy::LegacyRecord;
use kafka_log::format::producer_snapshot::ProducerSnapshot;
use kafka_log::segment::batch::{Batch, RawBatch};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

/// Room for a decompressed batch: nothing that a script holds is longer.
const ROOM: usize = 1 << 30;
/// Longer keys and values are shown as their length.
const SHOWN_MAX: usize = 48;

/// The first 32 hex digits of SHA-256.
pub(crate) fn sha(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(bytes)[..16])
}

/// Names of the files in a folder, sorted; none when it is not there.
pub(crate) fn files_in(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(names),
        Err(e) => return Err(e),
    };
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// What lies in the log directory and in the partition's folder, in a form that does not depend on when index files are
/// made or grown.
pub(crate) fn files(root: &Path, partition: &Path, is_open: bool) -> io::Result<Value> {
    let mut seen = Map::new();
    for name in files_in(root)? {
        let bytes = fs::read(root.join(&name))?;
        if !bytes.is_empty() {
            seen.insert(name, String::from_utf8_lossy(&bytes).into());
        }
    }
    let names = files_in(partition)?;
    let active = names.iter().filter_map(|name| name.strip_suffix(".log")).max().filter(|_| is_open);
    for name in &names {
        let bytes = fs::read(partition.join(name))?;
        let is_active = active.is_some_and(|active| name.starts_with(active));
        if let Some(shown) = file(name, &bytes, is_active) {
            seen.insert(format!("p/{name}"), shown);
        }
    }
    Ok(seen.into())
}

fn file(name: &str, bytes: &[u8], is_active: bool) -> Option<Value> {
    let ends_in = |suffixes: &[&str]| suffixes.iter().any(|suffix| name.ends_with(suffix));
    let summary = |bytes: &[u8]| json!([bytes.len(), sha(bytes)]);
    if ends_in(&[".deleted"]) {
        ends_in(&[".log.deleted", ".snapshot.deleted"]).then(|| "".into())
    } else if ends_in(&[".index", ".timeindex"]) {
        let width = if ends_in(&[".index"]) { 8 } else { 12 };
        let entries = if is_active { without_empty_end(bytes, width) } else { bytes };
        (!is_active || !entries.is_empty()).then(|| summary(entries))
    } else if ends_in(&[".txnindex"]) {
        (!bytes.is_empty()).then(|| summary(bytes))
    } else if ends_in(&[".snapshot"]) {
        Some(snapshot(bytes))
    } else if ends_in(&[".log", ".swap", ".cleaned"]) {
        Some(summary(bytes))
    } else {
        Some(latin1(bytes).into())
    }
}

/// Index entries up to the last that is not all zero.
fn without_empty_end(bytes: &[u8], width: usize) -> &[u8] {
    let used = bytes.chunks_exact(width).rposition(|entry| entry.iter().any(|&b| b != 0)).map_or(0, |last| last + 1);
    &bytes[..used * width]
}

fn snapshot(bytes: &[u8]) -> Value {
    let Ok(snapshot) = ProducerSnapshot::read(bytes) else { return json!(["corrupt"]) };
    let mut producers: Vec<_> = snapshot.iter().collect();
    producers.sort_by_key(|producer| producer.producer_id);
    let shown = producers.iter().map(|p| {
        let (batch, open) = (p.batch(), p.open_txn_first_offset().unwrap_or(-1));
        let last = batch.map_or(-1, |batch| batch.last_offset);
        let mut shown =
            vec![p.producer_id, p.producer_epoch.into(), p.coordinator_epoch.into(), p.timestamp, last, open];
        if let Some(batch) = batch {
            let first_offset = batch.last_offset - i64::from(batch.offset_delta);
            shown.extend([batch.first_sequence.into(), batch.last_sequence.into(), first_offset]);
        }
        Value::from(shown)
    });
    shown.collect()
}

/// Text as ISO-8859-1: a character for each byte.
fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|&b| char::from(b)).collect()
}

fn shown(bytes: Option<&[u8]>) -> Value {
    match bytes {
        None => Value::Null,
        Some(bytes) if bytes.len() > SHOWN_MAX => format!("#{}", bytes.len()).into(),
        Some(bytes) => latin1(bytes).into(),
    }
}

/// The whole batches in a run of bytes (`FileRecords.batches`).
fn batches(bytes: &[u8]) -> Result<Vec<RawBatch<'_>>, FormatError> {
    let (mut batches, mut at) = (Vec::new(), 0);
    while let Some(batch) = RawBatch::split_first(&bytes[at..], at as u64)? {
        at += batch.overhead.size();
        batches.push(batch);
    }
    Ok(batches)
}

/// First and last offset of each whole batch.
pub(crate) fn ranges(bytes: &[u8]) -> Result<Value, FormatError> {
    let range = |batch: &RawBatch<'_>| match batch.parse()? {
        Batch::Default(batch) => Ok(json!([batch.header().base_offset(), batch.header().last_offset()])),
        Batch::Legacy(message) => Ok(json!([first_offset(&message)?, message.offset()])),
    };
    batches(bytes)?.iter().map(range).collect()
}

fn first_offset(message: &LegacyRecord<'_>) -> Result<i64, FormatError> {
    let mut decompressor = Decompressor::new(ROOM);
    let first = message.records(&mut decompressor)?.next().transpose()?;
    Ok(first.map_or(message.offset(), |record| record.offset()))
}

/// All batches of a segment with their records.
pub(crate) fn dump(segment: &[u8]) -> Result<Value, FormatError> {
    let batch = |raw: &RawBatch<'_>| match raw.parse()? {
        Batch::Default(batch) => dump_default(&batch, raw.overhead.magic),
        Batch::Legacy(message) => dump_legacy(&message),
    };
    batches(segment)?.iter().map(batch).collect()
}

fn dump_default(batch: &RecordBatch<'_>, magic: i8) -> Result<Value, FormatError> {
    let header = batch.header();
    let attributes = header.attributes();
    let mut out = Map::new();
    out.insert("base".into(), header.base_offset().into());
    out.insert("last".into(), header.last_offset().into());
    out.insert("magic".into(), magic.into());
    out.insert("codec".into(), attributes.codec()?.name().into());
    out.insert("ts".into(), attributes.timestamp_type().name().into());
    out.insert("max_ts".into(), header.max_timestamp().into());
    out.insert("epoch".into(), header.partition_leader_epoch().into());
    if header.producer_id() > -1 {
        let producer = json!([header.producer_id(), header.producer_epoch(), header.base_sequence()]);
        out.insert("producer".into(), producer);
    }
    if attributes.is_transactional() {
        out.insert("txn".into(), true.into());
    }
    if attributes.is_control() {
        out.insert("control".into(), true.into());
    }
    if let Some(horizon) = header.delete_horizon_ms() {
        out.insert("horizon".into(), horizon.into());
    }
    let mut decompressor = Decompressor::new(ROOM);
    let records = batch.records(&mut decompressor)?;
    let records = records.map(|r| r.map(|r| json!([r.offset, r.timestamp, shown(r.key), shown(r.value)])));
    out.insert("records".into(), records.collect::<Result<_, _>>()?);
    Ok(out.into())
}

fn dump_legacy(message: &LegacyRecord<'_>) -> Result<Value, FormatError> {
    let mut decompressor = Decompressor::new(ROOM);
    let records = message.records(&mut decompressor)?;
    let records: Vec<Value> = records
        .map(|r| r.and_then(|r| Ok(json!([r.offset(), r.timestamp(), shown(r.key()?), shown(r.value()?)]))))
        .collect::<Result<_, _>>()?;
    Ok(json!({
        "base": first_offset(message)?,
        "last": message.offset(),
        "magic": message.magic(),
        "codec": message.codec()?.name(),
        "ts": message.timestamp_type().name(),
        "max_ts": message.timestamp(),
        "epoch": -1,
        "records": records,
    }))
}
