//! The options of `kafka-log verify`.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use kafka_log::audit::Level;

use crate::shared::{ByteSize, ProgressOption, parse_threads};

/// Options of `verify`.
#[derive(Args, Debug)]
pub(in crate::tool) struct VerifyOptions {
    /// Segments, partition directories, log directories; several log directories are treated as those of one broker
    #[arg(value_name = "PATH", required = true)]
    pub(super) paths: Vec<PathBuf>,

    /// How thoroughly to verify
    #[arg(long, value_name = "LEVEL", default_value = "default")]
    pub(super) level: LevelOption,

    /// Say what Kafka 4.3 would do at its next start, after a clean and after an unclean stop
    #[arg(long)]
    pub(super) predict: bool,

    /// Topic setting for --predict, such as segment.bytes=1048576; may be repeated
    #[arg(long = "set", value_name = "NAME=VALUE", requires = "predict")]
    pub(super) set: Vec<String>,

    /// Output format
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(super) output: OutputFormat,

    /// Also print notes: odd but legal states
    #[arg(long)]
    pub(super) notes: bool,

    /// List every finding; by default many of one kind in one directory are summarized
    #[arg(long)]
    pub(super) all: bool,

    /// Show progress on stderr; auto does so on a terminal
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub(super) progress: ProgressOption,

    /// Number of threads for each device
    #[arg(long, value_name = "N", default_value = "1", value_parser = parse_threads, help_heading = SCRUB)]
    pub(super) threads: NonZeroUsize,

    /// Read at most this many bytes per second, such as 50MiB
    #[arg(long, value_name = "SIZE", value_parser = rate, help_heading = SCRUB)]
    pub(super) max_rate: Option<ByteSize>,

    /// Run at the lowest CPU priority, from which Linux derives the lowest best-effort I/O priority
    #[arg(long, help_heading = SCRUB)]
    pub(super) idle: bool,

    /// Do not pollute the page cache: drop what was read from it
    #[arg(long, help_heading = SCRUB)]
    pub(super) cache_neutral: bool,

    /// Verify a random PERCENT of the partitions, different ones each time
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(1..=100), help_heading = SCRUB)]
    pub(super) sample: Option<u8>,

    /// Record the finished partitions in this file, and continue after them in the next run; the file must be outside the
    /// verified paths, and an existing file with other content is refused
    #[arg(long, value_name = "FILE", help_heading = SCRUB)]
    pub(super) state: Option<PathBuf>,

    /// Stop after this many minutes; a run with the same --state continues
    #[arg(long, value_name = "MINUTES", requires = "state", help_heading = SCRUB)]
    pub(super) pause_after: Option<u64>,

    /// Write metrics for Prometheus' textfile collector; the file must be outside the verified paths, and an existing file
    /// with other content is refused
    #[arg(long, value_name = "FILE", help_heading = SCRUB)]
    pub(super) metrics: Option<PathBuf>,

    /// Refuse to decompress a batch to more than this at level deep
    #[arg(long, value_name = "SIZE", default_value_t = ByteSize::DECOMPRESSED_MAX)]
    pub(super) max_decompressed_bytes: ByteSize,
}

const SCRUB: &str = "Scrubbing large disks";

fn rate(text: &str) -> Result<ByteSize, &'static str> {
    match text.parse()? {
        ByteSize(0) => Err("a number of bytes above 0, such as 50MiB"),
        rate => Ok(rate),
    }
}

/// How thoroughly to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum LevelOption {
    /// Names, sizes, index structure, checkpoints
    Quick,
    /// Every batch and every index entry
    Default,
    /// Also every record
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
    /// Human-readable text
    Text,
    /// JSON Lines
    Json,
    /// One HTML page
    Html,
}
