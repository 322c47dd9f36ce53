//! Directories, records and managers for the tests.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use kafka_log::compression::Compressor;
use kafka_log::format::builder::{BatchFields, RecordBatchBuilder};
use kafka_log::fs::{Fs, OsFs};
use kafka_log::log::config::LogConfig;
use kafka_log::log::error::LogError;
use kafka_log::log::types::FetchIsolation;
use kafka_log::log::{LeaderAppend, Log, TopicPartition};
use kafka_log::manager::{
    CallingThread, CreateLog, LoadReport, LogManager, LogManagerConfig, ManagerError, ShutdownReport, Startup, Unloaded,
};
use kafka_log::segment::batch::{Batch, Batches};

/// Some time, in ms since 1970.
pub(crate) const NOW: i64 = 1_700_000_000_000;

/// A directory that goes with the value.
pub(crate) struct TempDir(PathBuf);

impl TempDir {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("log-manager-{}-{number}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        TempDir(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Log directories `0`, `1` and so on.
    pub(crate) fn dirs(&self, count: usize) -> Vec<PathBuf> {
        (0..count).map(|number| self.0.join(number.to_string())).collect()
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub(crate) fn tp(topic: &str, partition: i32) -> TopicPartition {
    TopicPartition::new(topic, partition).unwrap()
}

pub(crate) fn small_segments() -> LogConfig {
    LogConfig { segment_bytes: 500, ..LogConfig::default() }
}

pub(crate) fn manager_config() -> LogManagerConfig {
    LogManagerConfig { unique_id_seed: Some(1), ..LogManagerConfig::default() }
}

pub(crate) fn open<F: Fs>(fs: F, dirs: &[PathBuf], config: LogConfig) -> Result<Unloaded<F>, ManagerError> {
    LogManager::open(fs, dirs, config, manager_config())
}

/// A manager whose logs are loaded, and how that went.
pub(crate) fn start_on<F: Fs>(fs: F, dirs: &[PathBuf], config: LogConfig) -> (LogManager<F>, LoadReport) {
    open(fs, dirs, config).unwrap().load(&Startup::plain(NOW)).unwrap()
}

pub(crate) fn start(dirs: &[PathBuf]) -> (LogManager, LoadReport) {
    start_on(OsFs, dirs, small_segments())
}

pub(crate) fn stop<F: Fs>(manager: LogManager<F>) -> ShutdownReport {
    manager.shutdown(&CallingThread, -1, NOW)
}

pub(crate) fn create<F: Fs>(manager: &LogManager<F>, tp: &TopicPartition) -> Arc<Log<F>> {
    manager.get_or_create_log(tp, CreateLog { is_new: true, ..CreateLog::default() }, NOW).unwrap()
}

/// A batch of records with these keys and values; timestamps are [`NOW`].
pub(crate) fn batch(records: &[(&str, &str)]) -> Vec<u8> {
    let mut builder = RecordBatchBuilder::new(BatchFields::default());
    for (offset, (key, value)) in records.iter().enumerate() {
        builder.append(offset as i64, NOW, Some(key.as_bytes()), Some(value.as_bytes()), &[]).unwrap();
    }
    let mut bytes = Vec::new();
    builder.finish(&mut Compressor::new(), &mut bytes).unwrap();
    bytes
}

/// Appends one record a batch, keys `k0`, `k1` and so on, and commits them.
pub(crate) fn append<F: Fs>(log: &Log<F>, count: usize) {
    for _ in 0..count {
        let end = log.log_end_offset();
        append_record(log, &format!("k{end}"), &format!("value of {end}"));
    }
}

pub(crate) fn append_record<F: Fs>(log: &Log<F>, key: &str, value: &str) {
    let bytes = batch(&[(key, value)]);
    log.append_as_leader(&bytes, LeaderAppend::from_client(1), NOW).unwrap();
    log.update_high_watermark(log.log_end_offset()).unwrap();
}

/// All records: offsets, keys and values.
pub(crate) fn records<F: Fs>(log: &Log<F>) -> Vec<(i64, String, String)> {
    let mut found = Vec::new();
    let mut offset = log.log_start_offset();
    let mut decompressor = kafka_log::compression::Decompressor::new(1 << 20);
    while offset < log.log_end_offset() {
        let read = match log.read(offset, 1 << 20, FetchIsolation::LogEnd, true) {
            // Retention was faster.
            Err(LogError::OffsetOutOfRange { log_start_offset, .. }) if log_start_offset > offset => {
                offset = log_start_offset;
                continue;
            }
            read => read.unwrap(),
        };
        let bytes = read.records.read().unwrap();
        if bytes.is_empty() {
            break;
        }
        for batch in Batches::new(&bytes) {
            let Batch::Default(batch) = batch.unwrap().parse().unwrap() else { continue };
            for record in batch.records(&mut decompressor).unwrap() {
                let record = record.unwrap();
                let text = |bytes: Option<&[u8]>| String::from_utf8(bytes.unwrap_or_default().to_vec()).unwrap();
                if record.offset >= offset {
                    found.push((record.offset, text(record.key), text(record.value)));
                }
            }
            offset = offset.max(batch.header().last_offset() + 1);
        }
    }
    found
}

/// Names in a directory, in order.
pub(crate) fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Lines of a checkpoint after its head, in order.
pub(crate) fn checkpoint(dir: &Path, name: &str) -> Vec<String> {
    let text = std::fs::read_to_string(dir.join(name)).unwrap_or_default();
    text.lines().skip(2).map(str::to_owned).collect()
}
