//! How to verify, and who hears of it.

use std::path::Path;

use super::report::{Level, PartitionReport};

/// How to verify.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyOptions {
    /// How thoroughly to look.
    pub level: Level,
    /// Threads that work at the same time, at least 1.
    pub threads: usize,
    /// Bytes that one batch may decompress to at level deep; what is larger counts as damaged.
    pub decompressed_max: usize,
}

impl Default for VerifyOptions {
    fn default() -> Self {
        VerifyOptions { level: Level::Default, threads: 1, decompressed_max: 256 * 1024 * 1024 }
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

/// Nobody listens.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Observer for Silent {}
