//! Which batches and records are dumped.

use std::ops::Bound;

use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::{Args, ValueEnum};

use super::matcher::{self, HeaderMatch, KeyMatch};
use crate::shared::{OffsetRange, TimeBound};

/// Conditions that a record must all meet; without any, everything is dumped.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
#[command(next_help_heading = "Filters of batches and records (all must fit)")]
pub struct Filter {
    /// Offsets: N, FROM.., ..TO, FROM..TO (without TO) or FROM..=TO (with TO)
    #[arg(long = "offset", value_name = "RANGE")]
    pub offsets: Option<OffsetRange>,

    /// Timestamp at or after TIME: ISO-8601 with an offset or in UTC (2024-05-01T12:30:00+02:00, 2024-05-01),
    /// milliseconds since the epoch, or a time back from now (-2h, "15m ago")
    #[arg(long, value_name = "TIME", verbatim_doc_comment)]
    pub since: Option<TimeBound>,

    /// Timestamp before TIME
    #[arg(long, value_name = "TIME")]
    pub until: Option<TimeBound>,

    /// Exactly this key: text, or bytes as hex:... or base64:... (text:... for text that begins like that)
    #[arg(long, value_name = "KEY", value_parser = OsStringValueParser::new().try_map(matcher::key))]
    pub key: Option<KeyMatch>,

    /// A header of this name, and of this value if one is given, in the notation of --key; may be repeated
    #[arg(long = "header", value_name = "NAME[=VALUE]", value_parser = OsStringValueParser::new().try_map(matcher::header))]
    pub headers: Vec<HeaderMatch>,

    /// The producer with this id
    #[arg(long, value_name = "ID", value_parser = |id: &str| id.parse::<i64>().map_err(|_| "a producer id, a whole number"))]
    pub producer_id: Option<i64>,

    /// Only control batches (transaction markers and the like), or all but these
    #[arg(long, value_name = "WHICH")]
    pub control: Option<Control>,

    /// Stop after this many records, or batches where only batches are dumped
    #[arg(long, value_name = "N", value_parser = |n: &str| n.parse::<u64>().map_err(|_| "a number of records"))]
    pub limit: Option<u64>,
}

/// What is done with control batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Control {
    /// Nothing else is dumped.
    Only,
    /// They are left out.
    Hide,
}

impl Filter {
    /// Whether records must be looked at, not only their batches.
    pub fn needs_records(&self) -> bool {
        self.key.is_some() || !self.headers.is_empty()
    }

    /// The timestamps to be dumped, in milliseconds since the epoch, if it is `now_ms` now: a `RangeBounds`.
    pub fn timestamps(&self, now_ms: i64) -> (Bound<i64>, Bound<i64>) {
        let since = self.since.map_or(Bound::Unbounded, |since| Bound::Included(since.resolve(now_ms)));
        let until = self.until.map_or(Bound::Unbounded, |until| Bound::Excluded(until.resolve(now_ms)));
        (since, until)
    }
}
