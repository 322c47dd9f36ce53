//! A log of many small segments in a simulated file system.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use kafka_log::compression::{Compressor, Decompressor};
use kafka_log::format::builder::{BatchFields, RecordBatchBuilder};
use kafka_log::fs::Fs;
use kafka_log::internal::{Cleaner, CleanerConfig};
use kafka_log::log::config::LogConfig;
use kafka_log::log::types::FetchIsolation;
use kafka_log::log::{LeaderAppend, Log, LogOptions};
use kafka_log::segment::batch::{Batch, Batches};
use tests::sim::SimFs;

pub(crate) const NOW: i64 = 1_700_000_000_000;
pub(crate) const DIR: &str = "/logs/t-0";
pub(crate) const RECORDS: i64 = 60;

/// Offset, key and value of each record.
pub(crate) type Records = Vec<(i64, String, String)>;

pub(crate) fn options(recovery_point: i64, had_clean_shutdown: bool) -> LogOptions {
    let config = LogConfig {
        compact: true,
        delete: false,
        segment_bytes: 1000,
        index_interval_bytes: 100,
        min_cleanable_dirty_ratio: 0.0,
        ..LogConfig::default()
    };
    LogOptions { config: Arc::new(config), recovery_point, had_clean_shutdown, now_ms: NOW, ..LogOptions::default() }
}

/// A batch of one record.
pub(crate) fn record(age: i64, key: &str, value: &str) -> Vec<u8> {
    let mut builder = RecordBatchBuilder::new(BatchFields::default());
    builder.append(0, NOW + age, Some(key.as_bytes()), Some(value.as_bytes()), &[]).unwrap();
    let mut bytes = Vec::new();
    builder.finish(&mut Compressor::new(), &mut bytes).unwrap();
    bytes
}

pub(crate) fn open(fs: &SimFs, recovery_point: i64) -> Log<SimFs> {
    Log::open(fs.clone(), Path::new(DIR), options(recovery_point, false)).unwrap().0
}

/// A log of many small segments, all of it on the disk.
pub(crate) fn filled(fs: &SimFs) -> (Log<SimFs>, Records) {
    let (log, _) = Log::open(fs.clone(), Path::new(DIR), options(0, true)).unwrap();
    let mut records = Records::new();
    for offset in 0..RECORDS {
        let (key, value) = (format!("k{}", offset * offset % 7), format!("v{offset}"));
        let bytes = record(offset, &key, &value);
        log.append_as_leader(&bytes, LeaderAppend::from_client(0), NOW).unwrap();
        records.push((offset, key, value));
        // Two or three of these fit into one.
        if offset % 5 == 4 {
            log.roll(None, NOW).unwrap();
        }
    }
    log.update_high_watermark(RECORDS).unwrap();
    log.run_due(NOW).unwrap();
    log.flush(true, NOW).unwrap();
    for above in ["/logs", "/"] {
        fs.sync_dir(Path::new(above)).unwrap();
    }
    (log, records)
}

pub(crate) fn read_all(log: &Log<SimFs>) -> Records {
    let (mut offset, mut records, mut decompressor) = (0, Records::new(), Decompressor::new(1 << 20));
    while offset < log.log_end_offset() {
        let bytes = log.read(offset, 1 << 20, FetchIsolation::LogEnd, true).unwrap().records.read().unwrap();
        assert!(!bytes.is_empty(), "nothing at offset {offset}");
        for batch in Batches::new(&bytes) {
            let Ok(Batch::Default(batch)) = batch.unwrap().parse() else { continue };
            assert!(batch.is_valid());
            for record in batch.records(&mut decompressor).unwrap() {
                let record = record.unwrap();
                let text = |bytes: Option<&[u8]>| String::from_utf8(bytes.unwrap().to_vec()).unwrap();
                records.push((record.offset, text(record.key), text(record.value)));
            }
            offset = batch.header().last_offset() + 1;
        }
    }
    records
}

/// What a full round leaves.
pub(crate) fn compacted(records: &Records) -> Records {
    let last: BTreeMap<_, _> = records.iter().map(|record| (&record.1, record.0)).collect();
    records.iter().filter(|record| last[&record.1] == record.0).cloned().collect()
}

pub(crate) fn clean(log: &Log<SimFs>) -> Result<i64, String> {
    let config = CleanerConfig { dedupe_buffer_bytes: 24 * 100, ..CleanerConfig::default() };
    let to_clean = log.log_to_clean(None, NOW).map_err(|e| e.to_string())?;
    let cleaned = Cleaner::new(config).clean(log, &to_clean, &(), NOW).map_err(|e| e.to_string())?;
    Ok(cleaned.end_offset)
}
