//! `kafka-log extract`.

use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use kafka_log::format::file_name::FileName;
use kafka_log::format::partition_dir::PartitionDirName;
use kafka_log::fs::OsFs;
use kafka_log::repair::{self, Extracted, Place, RepairError};

use super::Out;
use crate::shared::{ByteSize, OffsetRange, TimeBound, exit};
use crate::visible;

/// Options of `extract`.
#[derive(Args, Debug)]
pub(super) struct ExtractOptions {
    /// Segments, partition directories, log directories
    #[arg(value_name = "PATH", required = true)]
    pub(super) paths: Vec<PathBuf>,

    /// Directory for the new partition directories; it must be outside the source
    #[arg(long, value_name = "DIR")]
    to: PathBuf,

    /// Offsets: N, FROM.., ..TO, FROM..TO (without TO) or FROM..=TO (with TO)
    #[arg(long = "offset", value_name = "RANGE")]
    offsets: Option<OffsetRange>,

    /// Timestamp at or after TIME: ISO-8601 with an offset or in UTC (2024-05-01T12:30:00+02:00, 2024-05-01),
    /// milliseconds since the epoch, or a time back from now (-2h, "15m ago")
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, verbatim_doc_comment)]
    since: Option<TimeBound>,

    /// Timestamp before TIME
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    until: Option<TimeBound>,

    /// Do not decode records: batches that cannot be decompressed are copied, too
    #[arg(long)]
    shallow: bool,

    /// Refuse to decompress a batch to more than this; a larger one is copied as it is
    #[arg(long, value_name = "SIZE", default_value_t = ByteSize::DECOMPRESSED_MAX)]
    max_decompressed_bytes: ByteSize,
}

/// Runs the verb; returns its exit code.
pub(super) fn run(options: &ExtractOptions, to: &mut Out<'_>) -> io::Result<u8> {
    let mut code = exit::CLEAN;
    for path in &options.paths {
        let done = sources(path).and_then(|sources| {
            repair::check_target(&OsFs, path, &options.to)?;
            let copy = |(dir, segment): (PathBuf, Option<i64>)| one(&dir, segment, options);
            sources.into_iter().map(copy).collect::<Result<Vec<_>, _>>()
        });
        match done {
            Ok(extracted) => {
                for extracted in extracted {
                    code = code.max(print(&extracted, to)?);
                }
            }
            Err(error) => {
                to.complain(error)?;
                code = exit::COULD_NOT_RUN;
            }
        }
    }
    Ok(code)
}

/// The partition directories that a path stands for, and the segment if it names one.
fn sources(path: &Path) -> Result<Vec<(PathBuf, Option<i64>)>, RepairError> {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    if path.is_file() {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let expected = "a log file with its base offset for a name";
        let base = FileName::parse(&name).and_then(|name| name.offset);
        let dir = path.parent().map(Path::to_owned).zip(base);
        return dir
            .map(|(dir, base)| vec![(dir, Some(base))])
            .ok_or(RepairError::NotFound { path: path.clone(), expected });
    }
    match repair::place(&OsFs, &path)? {
        Place::Partition => Ok(vec![(path, None)]),
        Place::LogDir => {
            let entries = std::fs::read_dir(&path).into_iter().flatten().flatten().map(|entry| entry.path());
            let is_partition = |path: &PathBuf| {
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                path.is_dir() && PartitionDirName::parse(&name).is_some()
            };
            let mut dirs: Vec<_> = entries.filter(is_partition).map(|path| (path, None)).collect();
            dirs.sort();
            Ok(dirs)
        }
    }
}

fn one(dir: &Path, segment: Option<i64>, options: &ExtractOptions) -> Result<Extracted, RepairError> {
    let target = options.to.join(dir.file_name().unwrap_or_default());
    let offsets = options.offsets.map_or(0..=i64::MAX, |range| range.first..=range.last);
    let now_ms = jiff::Timestamp::now().as_millisecond();
    let since = options.since.map_or(i64::MIN, |since| since.resolve(now_ms));
    let until = options.until.map_or(i64::MAX, |until| until.resolve(now_ms).saturating_sub(1));
    let how = repair::ExtractOptions {
        offsets,
        timestamps: since..=until,
        segment,
        is_shallow: options.shallow,
        decompressed_max: options.max_decompressed_bytes.in_memory(),
    };
    repair::extract(&OsFs, dir, &target, &how)
}

/// Says what was copied; the exit code is that of damage where some of the source could not be.
fn print(extracted: &Extracted, to: &mut Out<'_>) -> io::Result<u8> {
    let Extracted { path, batches, bytes, unreadable, restored, .. } = extracted;
    let path = visible::path(path);
    match extracted.first_offset.zip(extracted.last_offset) {
        Some((first, last)) => {
            writeln!(to.out, "{path}: {batches} batches, {bytes} bytes, offsets {first} to {last}")?;
        }
        None => writeln!(to.out, "{path}: no batches")?,
    }
    if *restored > 0 {
        writeln!(to.out, "  {} headers were corrected", to.style.good(restored))?;
    }
    if *unreadable > 0 {
        writeln!(to.out, "  {} stretches of the source could not be read", to.style.damage(unreadable))?;
        return Ok(exit::DAMAGE);
    }
    Ok(exit::CLEAN)
}
