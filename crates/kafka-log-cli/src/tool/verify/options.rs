//! The options of `kafka-log verify`.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use kafka_log::verify::Level;

use crate::dump::options::ByteSize;

/// What to verify, and how.
#[derive(Args, Debug)]
pub(in crate::tool) struct VerifyOptions {
    /// Segments, partition directories, log directories; several directories are taken for those of one broker
    #[arg(value_name = "PATH", required = true)]
    pub(super) paths: Vec<PathBuf>,

    /// How thoroughly to look
    #[arg(long, value_name = "LEVEL", default_value = "default")]
    pub(super) level: LevelOption,

    /// Say what Kafka 4.3 would do at its next start, after a clean and after an unclean stop
    #[arg(long)]
    pub(super) predict: bool,

    /// A setting of the topics for --predict, as segment.bytes=1048576; may be repeated
    #[arg(long = "set", value_name = "NAME=VALUE", requires = "predict")]
    pub(super) set: Vec<String>,

    /// What to print
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(super) output: OutputFormat,

    /// Print notes, too: what is odd but legal
    #[arg(long)]
    pub(super) notes: bool,

    /// Show how far it is on stderr; auto does so on a terminal
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub(super) progress: ProgressOption,

    /// Threads that work at the same time on each device
    #[arg(long, value_name = "N", default_value = "1", help_heading = SCRUB)]
    pub(super) threads: NonZeroUsize,

    /// Read no more than this many bytes a second, as 50MiB
    #[arg(long, value_name = "SIZE", help_heading = SCRUB)]
    pub(super) max_rate: Option<ByteSize>,

    /// Let everybody else go first: idle I/O priority (by ionice) and lowest CPU priority
    #[arg(long, help_heading = SCRUB)]
    pub(super) idle: bool,

    /// Drop what was read from the page cache, so that it pushes nothing out
    #[arg(long, help_heading = SCRUB)]
    pub(super) cache_neutral: bool,

    /// Verify only so many percent of the partitions, others each time
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(1..=100), help_heading = SCRUB)]
    pub(super) sample: Option<u8>,

    /// Note in this file which partitions are done, and go on behind them when run again
    #[arg(long, value_name = "FILE", help_heading = SCRUB)]
    pub(super) state: Option<PathBuf>,

    /// Pause after this many minutes, to be taken up again with the same --state
    #[arg(long, value_name = "MINUTES", requires = "state", help_heading = SCRUB)]
    pub(super) pause_after: Option<u64>,

    /// Write metrics for Prometheus' textfile collector
    #[arg(long, value_name = "FILE", help_heading = SCRUB)]
    pub(super) metrics: Option<PathBuf>,

    /// Refuse to decompress a batch to more than this at level deep
    #[arg(long, value_name = "SIZE", default_value = "256MiB")]
    pub(super) max_decompressed_bytes: ByteSize,
}

const SCRUB: &str = "Scrubbing large disks";

/// How thoroughly to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum LevelOption {
    /// Names, sizes, index structure, checkpoints
    Quick,
    /// Every batch and every index entry
    Default,
    /// Every record, too
    Deep,
}

impl From<LevelOption> for Level {
    fn from(option: LevelOption) -> Self {
        match option {
            LevelOption::Quick => Level::Quick,
            LevelOption::Default => Level::Default,
            LevelOption::Deep => Level::Deep,
        }
    }
}

/// Form of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum OutputFormat {
    /// For people
    Text,
    /// JSON Lines
    Json,
    /// One page for a browser
    Html,
}

/// When progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ProgressOption {
    /// If stderr is a terminal
    Auto,
    /// Not at all
    Never,
    /// In any case
    Always,
}
