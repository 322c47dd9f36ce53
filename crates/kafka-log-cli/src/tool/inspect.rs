//! `kafka-log PATH…`: what is this file or directory?

use std::io;
use std::path::PathBuf;

use super::{Out, exit};

/// Runs the verb; gives its exit code.
pub(super) fn run(paths: &[PathBuf], to: &mut Out<'_>) -> io::Result<u8> {
    for path in paths {
        writeln!(to.out, "{}", path.display())?;
    }
    Ok(exit::CLEAN)
}
