//! `kafka-dump-log`, Kafka's `DumpLogSegments`, as a function.

mod decode;
mod error;
mod filter;
mod finding;
mod gaps;
mod in_order;
mod index;
mod json;
mod log;
mod log_lines;
mod log_worker;
pub mod options;
mod output;
mod printer;
pub mod producer_snapshot;
mod report;
mod run;
mod text;
mod time_index;
mod timestamp;
mod txn_index;

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use kafka_log::format::file_name::offset_from_file_name;

use error::DumpError;
use options::Parsed;

/// Runs the tool on the arguments of this process.
pub fn main() -> ExitCode {
    let args = std::env::args_os().skip(1);
    ExitCode::from(run(args, &mut std::io::stdout(), &mut std::io::stderr()))
}

/// Runs the tool on `args`, the words after the program's name; gives its exit code.
pub fn run(args: impl Iterator<Item = OsString>, out: &mut (dyn Write + Send), err: &mut (dyn Write + Send)) -> u8 {
    match options::parse(args) {
        Parsed::Exit(exit) => {
            let _ = out.write_all(exit.stdout.as_bytes());
            let _ = err.write_all(exit.stderr.as_bytes());
            exit.code
        }
        Parsed::Run(options) => run::run(&options, out, err),
    }
}

/// The offset before the first dot of a name.
fn base_offset(name: &str) -> Result<i64, DumpError> {
    offset_from_file_name(name)
        .ok_or_else(|| DumpError::Other("expected a name that starts with a base offset and a dot".into()))
}
