//! `kafka-dump-log`, Kafka's `DumpLogSegments`, as a function.

mod auto_decode;
mod batch_findings;
mod checked;
mod contents;
mod control;
mod decode;
mod entry;
mod error;
mod file;
mod filter;
mod finding;
mod gap_lines;
mod gaps;
mod in_order;
mod index;
mod json;
mod log;
mod log_context;
mod log_lines;
mod log_worker;
pub mod options;
mod output;
mod over_damage;
mod printer;
pub mod producer_snapshot;
mod push;
mod repeated;
mod report;
mod run;
mod seek;
mod source;
mod text;
mod time_index;
mod timestamp;
mod txn_index;
mod walk;

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write};
use std::process::ExitCode;

use options::Parsed;

/// Runs the tool on the arguments of this process.
pub fn main() -> ExitCode {
    let args = std::env::args_os().skip(1);
    let code = match unbuffered_stdout() {
        Ok(mut out) => run(args, &mut out, &mut std::io::stderr()),
        Err(_) => run(args, &mut std::io::stdout(), &mut std::io::stderr()),
    };
    ExitCode::from(code)
}

/// The standard output without the line buffer that Rust puts before it: one write for each large buffer.
#[cfg(unix)]
fn unbuffered_stdout() -> io::Result<File> {
    use std::os::fd::AsFd;
    io::stdout().as_fd().try_clone_to_owned().map(File::from)
}

#[cfg(windows)]
fn unbuffered_stdout() -> io::Result<File> {
    use std::os::windows::io::AsHandle;
    io::stdout().as_handle().try_clone_to_owned().map(File::from)
}

/// Runs the tool on `args`, the words after the program's name; returns its exit code.
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
