//! What consumers are given of a partition.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use kafka_log::audit::LogDirCheckpoints;
use kafka_log::audit::PartitionReport;
use kafka_log::audit::predict::{PredictOptions, Stop};
use kafka_log::compression::{DECOMPRESSED_MAX, Decompressor};
use kafka_log::format::partition_dir::PartitionDirName;
use kafka_log::fs::{Fs, read_whole};
use kafka_log::log::{Log, LogOptions};
use kafka_log::segment::batch::{Batch, Batches};
use tests::sim::SimFs;

/// Key and value.
pub(crate) type Content = (Option<Vec<u8>>, Option<Vec<u8>>);
/// Records by offset.
pub(crate) type Served = BTreeMap<i64, Content>;

/// How a start of the broker opens a partition.
pub(crate) fn start_options(fs: &SimFs, dir: &Path, stop: Stop) -> PredictOptions {
    let around = LogDirCheckpoints::of_dir(fs, dir.parent().unwrap_or(dir));
    let name = dir.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let checkpoints =
        PartitionDirName::parse(&name).map(|name| around.of(name.topic, name.partition)).unwrap_or_default();
    PredictOptions {
        stop,
        config: Default::default(),
        log_start_offset: checkpoints.log_start_offset.unwrap_or(0),
        recovery_point: checkpoints.recovery_point.unwrap_or(0),
        now_ms: 0,
        and_close: false,
    }
}

/// Starts on a partition, changing its files, and returns the log start offset.
///
/// # Errors
/// The exception that Kafka throws.
pub(crate) fn open(fs: &SimFs, dir: &Path, report: &PartitionReport, stop: Stop) -> Result<i64, String> {
    let options = start_options(fs, dir, stop);
    let options = LogOptions { topic_id: report.topic_id, ..options.of_log() };
    let delay_ms = options.config.file_delete_delay_ms;
    let (log, opened) = Log::open(fs.clone(), dir, options).map_err(|error| error.to_string())?;
    log.run_due(delay_ms).map_err(|error| error.to_string())?;
    Ok(opened.log_start_offset)
}

/// The log files in use, in the order of their offsets.
pub(crate) fn logs(fs: &SimFs, dir: &Path) -> Vec<(i64, PathBuf)> {
    let names = fs.read_dir(dir).unwrap_or_default();
    let bases = names.iter().filter_map(|entry| Some((entry.name.strip_suffix(".log")?.parse().ok()?, &entry.name)));
    let mut logs: Vec<_> = bases.map(|(base, name)| (base, dir.join(name))).collect();
    logs.sort();
    logs
}

/// What a plain consumer gets that begins at the log start offset: it goes from batch to batch, passes over records that
/// it has had, and ends at the first batch that it cannot read.
pub(crate) fn served(fs: &SimFs, dir: &Path, log_start_offset: i64) -> Served {
    let mut served = Served::new();
    let mut next = log_start_offset;
    let mut decompressor = Decompressor::new(DECOMPRESSED_MAX);
    for (_, path) in logs(fs, dir) {
        let bytes = read_whole(fs, &path).expect("files in memory can be read").unwrap_or_default();
        let mut at = 0;
        for raw in Batches::new(&bytes) {
            let Ok(raw) = raw else { return served };
            let Some(last) = deliver(&raw, next, &mut decompressor, &mut served) else { return served };
            at += raw.as_bytes().len();
            next = next.max(last.saturating_add(1));
        }
        if at < bytes.len() {
            return served;
        }
    }
    served
}

/// Delivers a batch, and returns its last offset; `None` where the consumer does not get over it.
fn deliver(
    raw: &kafka_log::segment::batch::RawBatch<'_>,
    next: i64,
    decompressor: &mut Decompressor,
    served: &mut Served,
) -> Option<i64> {
    let own = |bytes: Option<&[u8]>| bytes.map(<[u8]>::to_vec);
    match raw.parse().ok()? {
        Batch::Default(batch) => {
            if !batch.is_valid() {
                return None;
            }
            let header = batch.header();
            if header.last_offset() < next || header.attributes().is_control() {
                return Some(header.last_offset());
            }
            for record in batch.records(decompressor).ok()? {
                let record = record.ok()?;
                if record.offset >= next {
                    served.insert(record.offset, (own(record.key), own(record.value)));
                }
            }
            Some(header.last_offset())
        }
        Batch::Legacy(message) => {
            if !message.is_valid() {
                return None;
            }
            for record in message.records(decompressor).ok()? {
                let record = record.ok()?;
                if record.offset() >= next {
                    served.insert(record.offset(), (own(record.key().ok()?), own(record.value().ok()?)));
                }
            }
            Some(message.offset())
        }
    }
}
