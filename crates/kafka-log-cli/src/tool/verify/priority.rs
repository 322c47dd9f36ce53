//! `--idle`: nobody waits for a verification.

use std::io;
use std::process::{Command, Stdio};

/// Gives this process idle I/O priority and the lowest CPU priority. Threads started from now on have it, too.
///
/// The system call for the first has no safe wrapper; `ionice` of util-linux makes it.
///
/// # Errors
/// There is no `ionice` or `renice`, or the system refuses.
pub(super) fn make_idle() -> io::Result<()> {
    let id = std::process::id().to_string();
    run("renice", &["-n", "19", "-p", &id])?;
    run("ionice", &["-c", "3", "-p", &id])
}

fn run(program: &str, args: &[&str]) -> io::Result<()> {
    let status = Command::new(program).args(args).stdout(Stdio::null()).stderr(Stdio::null()).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(io::Error::other(format!("{program}: {status}"))),
        Err(error) => Err(io::Error::new(error.kind(), format!("{program}: {error}"))),
    }
}
