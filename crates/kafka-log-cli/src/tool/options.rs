//! The command line of `kafka-log`.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use super::extract::ExtractOptions;
use super::repair::RepairOptions;
use super::style::Color;
use super::verify::VerifyOptions;

/// Looks into, verifies and repairs the files of a Kafka log directory
///
/// Without a verb it says what the files and directories are. Nothing is written to unless `repair --apply` or `extract`
/// is asked for.
#[derive(Debug, Parser)]
#[command(name = "kafka-log", version, args_conflicts_with_subcommands = true, arg_required_else_help = true)]
pub(super) struct Options {
    /// Files and directories to look into: a segment, a partition directory, a log directory
    #[arg(value_name = "PATH", required = true)]
    pub(super) paths: Vec<PathBuf>,

    /// When to colour the output
    #[arg(long, value_name = "WHEN", default_value = "auto", global = true)]
    pub(super) color: Color,

    /// What to do.
    #[command(subcommand)]
    pub(super) command: Option<Command>,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Find out what is wrong; never writes, may run beside a broker
    Verify(VerifyOptions),
    /// Print a plan that puts right what is wrong, and carry it out with --apply
    Repair(RepairOptions),
    /// Copy good batches into a new partition directory
    Extract(ExtractOptions),
}
