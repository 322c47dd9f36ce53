//! How to judge, and what is told of progress.

use std::path::Path;
use std::sync::Arc;

use super::report::{Level, PartitionReport};
use crate::compression::DECOMPRESSED_MAX;
use crate::log::config::LogConfig;

/// How to judge.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditOptions {
    /// How thoroughly to look.
    pub level: Level,
    /// Threads that work at the same time, at least 1.
    pub threads: usize,
    /// Bytes that one batch may decompress to at level deep; what is larger is not looked into.
    pub decompressed_max: usize,
    /// Whether the log may end below offsets that were handed out, as on a replica that others bring up to date again.
    pub may_end_lower: bool,
    /// Settings of the topics, for what the next start would do.
    pub config: Arc<LogConfig>,
    /// The time of the next start in ms since 1970.
    pub now_ms: i64,
}

impl Default for AuditOptions {
    fn default() -> Self {
        AuditOptions {
            level: Level::Default,
            threads: 1,
            decompressed_max: DECOMPRESSED_MAX,
            may_end_lower: false,
            config: Arc::default(),
            now_ms: 0,
        }
    }
}

/// Hears of a verification while it goes on, from several threads.
pub trait Observer: Sync {
    /// Whether to pass a partition by, because an earlier run verified it.
    fn is_done(&self, partition: &Path) -> bool {
        let _ = partition;
        false
    }

    /// A partition is done.
    fn partition(&self, report: &PartitionReport) {
        let _ = report;
    }

    /// Whether to stop before the next partition.
    fn is_stopped(&self) -> bool {
        false
    }
}

/// Ignores everything.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Observer for Silent {}
