//! `kafka-dump-log`, Kafka's `DumpLogSegments`, as a function.

mod decode;
mod error;
mod gaps;
mod log;
pub mod options;
mod output;
mod report;
mod run;
mod text;

use std::io::Write;
pub mod fatal;
pub mod producer_snapshot;
pub mod txn_index;

use std::process::ExitCode;

use options::Parsed;

/// Runs the tool on the arguments of this process.
pub fn main() -> ExitCode {
    let code = match options::parse(std::env::args_os().skip(1)) {
        Parsed::Exit(exit) => {
            let _ = std::io::stdout().write_all(exit.stdout.as_bytes());
            let _ = std::io::stderr().write_all(exit.stderr.as_bytes());
            exit.code
        }
        Parsed::Run(options) => run::run(&options, &mut std::io::stdout(), &mut std::io::stderr()),
    };
    ExitCode::from(code)
}
