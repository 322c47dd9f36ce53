//! `kafka-log repair`.

use std::io;
use std::path::PathBuf;

use clap::Args;

use super::{Out, exit};

/// What to repair, and how.
#[derive(Args, Debug)]
pub(super) struct RepairOptions {
    /// Segments, partition directories, log directories
    #[arg(value_name = "PATH", required = true)]
    pub(super) paths: Vec<PathBuf>,
}

/// Runs the verb; gives its exit code.
pub(super) fn run(options: &RepairOptions, to: &mut Out<'_>) -> io::Result<u8> {
    let _ = options;
    writeln!(to.err, "kafka-log: not built yet")?;
    Ok(exit::COULD_NOT_RUN)
}
