//! The log under the script.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use kafka_log::format::uuid::Uuid;
use kafka_log::fs::OsFs;
use kafka_log::log::config::LogConfig;
use kafka_log::log::{Log, LogOptions};
use kafka_log::log::{ProducerStateConfig, VerificationGuard};
use serde_json::{Value, json};

use crate::script::Failure;

pub(crate) struct OpenWith<'a> {
    pub(crate) folder: &'a Path,
    pub(crate) config: &'a BTreeMap<String, String>,
    pub(crate) log_start: i64,
    pub(crate) recovery_point: i64,
    pub(crate) clean: bool,
    pub(crate) topic_id: Option<Uuid>,
    pub(crate) producers: ProducerStateConfig,
    pub(crate) now_ms: i64,
}

/// An open log, and the guards that the script has asked for.
pub(crate) struct Partition {
    pub(crate) log: Log<OsFs>,
    pub(crate) guards: HashMap<i64, VerificationGuard>,
}

impl Partition {
    pub(crate) fn open(with: &OpenWith<'_>) -> Result<Self, Failure> {
        let options = LogOptions {
            refuse_like_kafka: true,
            config: config(with.config)?,
            log_start_offset: with.log_start,
            recovery_point: with.recovery_point,
            had_clean_shutdown: with.clean,
            topic_id: with.topic_id,
            producers: with.producers,
            now_ms: with.now_ms,
            ..LogOptions::default()
        };
        let (log, _) = Log::open(OsFs, with.folder, options).map_err(|e| Failure::of(&e))?;
        Ok(Partition { log, guards: HashMap::new() })
    }

    /// The `s` of an answer.
    pub(crate) fn state(&self) -> Value {
        let segments: Vec<_> = self.log.segments().iter().map(|s| (s.base_offset(), s.size())).collect();
        json!({
            "start": self.log.log_start_offset(),
            "end": self.log.log_end_offset(),
            "hw": self.log.high_watermark(),
            "lso": self.log.last_stable_offset(),
            "rp": self.log.recovery_point(),
            "segs": segments,
        })
    }

    /// What the log start checkpoint gets: nothing where the first segment says it already.
    pub(crate) fn start_to_checkpoint(&self) -> Option<i64> {
        let first = self.log.segments().first().map_or(0, |segment| segment.base_offset());
        Some(self.log.log_start_offset()).filter(|&start| start > first)
    }

    pub(crate) fn active_base(&self) -> i64 {
        self.log.segments().last().map_or(0, |segment| segment.base_offset())
    }

    pub(crate) fn update_config(&self, settings: &BTreeMap<String, String>) -> Result<(), Failure> {
        self.log.update_config(config(settings)?);
        Ok(())
    }

    pub(crate) fn run_due(&self, now_ms: i64) -> Result<(), Failure> {
        self.log.run_due(now_ms).map_err(|e| Failure::of(&e))
    }

    pub(crate) fn flush(&self, now_ms: i64) -> Result<(), Failure> {
        self.log.flush(true, now_ms).map_err(|e| Failure::of(&e))
    }

    pub(crate) fn close(self) -> Result<(), Failure> {
        self.log.close().map_err(|e| Failure::of(&e))
    }

    pub(crate) fn crash(self) -> Result<(), Failure> {
        self.log.abandon().map_err(|e| Failure::of(&e))
    }

    /// Brings index entries that are in memory to their files.
    pub(crate) fn write_indexes(&self) -> Result<(), Failure> {
        let written = self.log.segments().iter().try_for_each(|segment| segment.write_indexes(self.log.home()));
        written.map_err(|e| Failure::of(&e))
    }
}

fn config(settings: &BTreeMap<String, String>) -> Result<Arc<LogConfig>, Failure> {
    let settings = settings.iter().map(|(name, value)| match name.as_str() {
        // Without the lower bound.
        "segment.bytes" => ("internal.segment.bytes", value.as_str()),
        name => (name, value.as_str()),
    });
    LogConfig::from_properties(settings, &LogConfig::default()).map(Arc::new).map_err(|e| Failure::of(&e))
}
