//! `kafka-log PATH…`: what is this file or directory?

mod directory;
mod file;

use std::fmt::Display;
use std::io;
use std::path::{Path, PathBuf};

use kafka_log::audit::{PathKind, path_kind};
use kafka_log::fs::{Fs, OsFs};

use super::Out;
use super::style::Styled;
use crate::shared::exit;
use crate::visible::{self, Visible};

/// Runs the verb; returns its exit code.
pub(super) fn run(paths: &[PathBuf], to: &mut Out<'_>) -> io::Result<u8> {
    let mut code = exit::CLEAN;
    for (i, path) in paths.iter().enumerate() {
        if i > 0 {
            writeln!(to.out)?;
        }
        if let Err(error) = one(path, to)? {
            to.complain(format_args!("{}: {error}", visible::path(path)))?;
            code = exit::COULD_NOT_RUN;
        }
    }
    Ok(code)
}

/// One path; the inner error is about the path, the outer one about the output.
fn one(path: &Path, to: &mut Out<'_>) -> io::Result<Result<(), String>> {
    let found = match OsFs.metadata(path) {
        Ok(found) => found,
        Err(error) => return Ok(Err(error.to_string())),
    };
    if !found.is_dir {
        return file::describe(path, found.len, to);
    }
    match path_kind(&OsFs, path) {
        Ok(PathKind::LogDirectory) => directory::log_directory(path, to),
        Ok(_) => directory::partition(path, to),
        Err(_) => {
            Ok(Err("expected a partition or log directory, found a directory with nothing of Kafka's in it".into()))
        }
    }
}

/// A heading: the path and what it is.
fn heading(path: &Path, what: &str, to: &mut Out<'_>) -> io::Result<()> {
    writeln!(to.out, "{}: {}", to.style.bold(visible::path(path)), Visible(what))
}

/// A line of its own for each fact.
fn fact(name: &str, value: impl Display, to: &mut Out<'_>) -> io::Result<()> {
    writeln!(to.out, "  {name:<18} {}", Visible(value))
}

/// A fact with a style.
fn styled_fact(name: &str, value: Styled<impl Display>, to: &mut Out<'_>) -> io::Result<()> {
    writeln!(to.out, "  {name:<18} {value}")
}
