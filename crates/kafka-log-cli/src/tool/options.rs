//! The command line of `kafka-log`.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use super::compare::CompareOptions;
use super::extract::ExtractOptions;
use super::pages::Pages;
use super::repair::RepairOptions;
use super::style::Color;
use super::verify::VerifyOptions;

/// Inspects, verifies and repairs the files of a Kafka log directory
///
/// Without a command it shows what the files and directories are. Only `repair` with --apply, --undo or --into, and `extract`, write to
/// Kafka's files or copies of them.
#[derive(Debug, Parser)]
#[command(name = "kafka-log", version, args_conflicts_with_subcommands = true, arg_required_else_help = true)]
pub(super) struct Options {
    /// Files and directories to look into: a segment, a partition directory, a log directory
    #[arg(value_name = "PATH", required_unless_present_any = ["completions", "man"])]
    pub(super) paths: Vec<PathBuf>,

    /// When to colour the output
    #[arg(long, value_name = "WHEN", default_value = "auto", global = true)]
    pub(super) color: Color,

    /// Texts that are printed instead.
    #[command(flatten)]
    pub(super) pages: Pages,

    /// What to do.
    #[command(subcommand)]
    pub(super) command: Option<Command>,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Report what is wrong; read-only, may run next to a broker
    Verify(VerifyOptions),
    /// Print a plan that repairs what is wrong, and execute it with --apply
    Repair(RepairOptions),
    /// Copy good batches into a new partition directory
    Extract(ExtractOptions),
    /// Compare the batches of replicas; read-only, for brokers that do not run
    Compare(CompareOptions),
}
