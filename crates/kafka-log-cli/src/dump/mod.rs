//! `kafka-dump-log`, Kafka's `DumpLogSegments`, as a function.

pub mod options;

use std::process::ExitCode;

/// Runs the tool on the arguments of this process.
pub fn main() -> ExitCode {
    ExitCode::SUCCESS
}
