//! `kafka-log extract`.

use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use kafka_log::format::file_name::FileName;
use kafka_log::format::partition_dir::PartitionDirName;
use kafka_log::fs::OsFs;
use kafka_log::repair::{self, Extracted, Place, RepairError};

use super::{Out, exit};

/// What to extract, and where to.
#[derive(Args, Debug)]
pub(super) struct ExtractOptions {
    /// Segments, partition directories, log directories
    #[arg(value_name = "PATH", required = true)]
    pub(super) paths: Vec<PathBuf>,

    /// The directory that gets a new partition directory for each partition
    #[arg(long, value_name = "DIR")]
    to: PathBuf,

    /// First offset
    #[arg(long, value_name = "OFFSET")]
    from_offset: Option<i64>,

    /// Last offset
    #[arg(long, value_name = "OFFSET")]
    to_offset: Option<i64>,

    /// First timestamp: milliseconds since 1970, or a date and time such as 2026-11-26T03:00:00Z
    #[arg(long, value_name = "TIME", value_parser = time)]
    from_time: Option<i64>,

    /// Last timestamp
    #[arg(long, value_name = "TIME", value_parser = time)]
    to_time: Option<i64>,

    /// Do not look into the records: batches that cannot be decompressed are copied, too
    #[arg(long)]
    shallow: bool,
}

fn time(text: &str) -> Result<i64, String> {
    if let Ok(ms) = text.parse() {
        return Ok(ms);
    }
    let parsed: Result<jiff::Timestamp, _> = text.parse();
    parsed.map(jiff::Timestamp::as_millisecond).map_err(|error| error.to_string())
}

/// Runs the verb; gives its exit code.
pub(super) fn run(options: &ExtractOptions, to: &mut Out<'_>) -> io::Result<u8> {
    let mut code = exit::CLEAN;
    for path in &options.paths {
        let done = sources(path).and_then(|sources| {
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
                writeln!(to.err, "kafka-log: {error}")?;
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
    let how = repair::ExtractOptions {
        offsets: options.from_offset.unwrap_or(0)..=options.to_offset.unwrap_or(i64::MAX),
        timestamps: options.from_time.unwrap_or(i64::MIN)..=options.to_time.unwrap_or(i64::MAX),
        segment,
        is_shallow: options.shallow,
    };
    repair::extract(&OsFs, dir, &target, &how)
}

/// Says what was copied; the exit code is that of damage where some of the source could not be.
fn print(extracted: &Extracted, to: &mut Out<'_>) -> io::Result<u8> {
    let Extracted { path, batches, bytes, unreadable, restored, .. } = extracted;
    let path = path.display();
    match extracted.first_offset.zip(extracted.last_offset) {
        Some((first, last)) => {
            writeln!(to.out, "{path}: {batches} batches, {bytes} bytes, offsets {first} to {last}")?;
        }
        None => writeln!(to.out, "{path}: no batches")?,
    }
    if *restored > 0 {
        writeln!(to.out, "  {} headers were put right on the way", to.style.good(restored))?;
    }
    if *unreadable > 0 {
        writeln!(to.out, "  {} stretches of the source could not be read", to.style.damage(unreadable))?;
        return Ok(exit::DAMAGE);
    }
    Ok(exit::CLEAN)
}
