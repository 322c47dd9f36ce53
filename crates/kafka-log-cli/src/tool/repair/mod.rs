//! `kafka-log repair`.

mod into;
mod json;
mod like_kafka;
mod text;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use kafka_log::audit::Remaining;
use kafka_log::fs::OsFs;
use kafka_log::log::error::StorageError;
use kafka_log::repair::{
    self, Finished, Home, LockedDir, LogDirPlan, PartitionPlan, Place, RepairError, plan_log_dir, plan_partition_alone,
};
use serde_json::Value;

use super::Out;
use crate::shared::{ByteSize, exit, json_lines};
use crate::visible::{self, write_json_line};

/// What to repair, and how.
#[derive(Args, Debug)]
pub(super) struct RepairOptions {
    /// Log directories, partition directories, segments (of which the whole partition is repaired)
    #[arg(value_name = "PATH", required = true)]
    pub(super) paths: Vec<PathBuf>,

    /// Execute the plan. Replaced and removed files go to a quarantine next to the partition's files
    #[arg(long, conflicts_with = "undo")]
    apply: bool,

    /// Undo the last repair, byte for byte
    #[arg(long)]
    undo: bool,

    /// With --undo: also if records were written since. Files that have changed go to the quarantine as N.late.NAME
    #[arg(long, requires = "undo")]
    force: bool,

    /// Repair a copy in this directory, which must be outside the source; the source is not changed
    #[arg(long, value_name = "DIR", conflicts_with_all = ["undo", "apply"])]
    into: Option<PathBuf>,

    /// Fill holes from another replica, byte for byte: its partition directory, or its log directory
    #[arg(long, value_name = "DIR")]
    donor: Option<PathBuf>,

    /// Allow a lower log end offset where the last batches are lost, as Kafka does. For a replica that catches up from another
    /// one; without it, lost offsets are not assigned again
    #[arg(long)]
    may_end_lower: bool,

    /// Do not decode records: batches that cannot be decompressed stay
    #[arg(long)]
    shallow: bool,

    /// Refuse to decompress a batch to more than this; a larger one stays as it is
    #[arg(long, value_name = "SIZE", default_value_t = ByteSize::DECOMPRESSED_MAX)]
    max_decompressed_bytes: ByteSize,

    #[command(flatten)]
    like_kafka: like_kafka::LikeKafkaOptions,

    /// Output format of the plan
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    output: Output,
}

/// How a plan is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    /// Human-readable text.
    Text,
    /// JSON Lines: one object for each partition and for each log directory, and a summary.
    Json,
}

/// What is planned for one of the paths.
enum Plan {
    LogDir(LogDirPlan),
    Partition(PartitionPlan),
}

impl Plan {
    fn partitions(&self) -> &[PartitionPlan] {
        match self {
            Plan::LogDir(plan) => &plan.partitions,
            Plan::Partition(plan) => std::slice::from_ref(plan),
        }
    }

    fn is_empty(&self) -> bool {
        match self {
            Plan::LogDir(plan) => plan.is_empty(),
            Plan::Partition(plan) => plan.is_empty(),
        }
    }

    /// Damage that stays, of the directory first.
    fn remaining(&self) -> impl Iterator<Item = &Remaining> {
        let of_dir = if let Plan::LogDir(plan) = self { plan.remaining.as_slice() } else { &[] };
        of_dir.iter().chain(self.partitions().iter().flat_map(|plan| &plan.remaining))
    }
}

/// Runs the verb; returns its exit code.
pub(super) fn run(options: &RepairOptions, to: &mut Out<'_>) -> io::Result<u8> {
    if options.output == Output::Json && !options.undo {
        let paths = options.paths.iter().map(PathBuf::as_path);
        write_json_line(to.out, &json_lines::run("kafka-log repair", paths, Value::Null))?;
    }
    let mut code = exit::CLEAN;
    for path in &options.paths {
        let done = if options.undo { undo(path, options, to) } else { repair(path, options, to) };
        code = code.max(match done {
            Ok(code) => code,
            Err(Failure::Output(error)) => return Err(error),
            Err(Failure::Repair(error)) => {
                to.complain(&error)?;
                if matches!(error, RepairError::Refused { .. }) { exit::DAMAGE } else { exit::COULD_NOT_RUN }
            }
        });
    }
    Ok(code)
}

enum Failure {
    Output(io::Error),
    Repair(RepairError),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Failure::Output(error)
    }
}

impl From<RepairError> for Failure {
    fn from(error: RepairError) -> Self {
        Failure::Repair(error)
    }
}

/// The directory that a path stands for, and the log directory around it.
struct Target {
    /// As its log directory names it.
    dir: PathBuf,
    /// As it was given, with all links in it.
    given: PathBuf,
    place: Place,
    log_dir: Option<PathBuf>,
}

/// A directory that repairs are made in.
struct Room {
    dir: PathBuf,
    is_log_dir: bool,
    /// Whether it lies elsewhere, and the log directory has a symbolic link to it.
    is_link: bool,
}

/// For `map_err`: what was being done with which file.
fn io_error(op: &'static str, path: &Path) -> impl FnOnce(io::Error) -> RepairError {
    move |source| StorageError::Io { op, path: path.to_owned(), source }.into()
}

impl Target {
    fn of(path: &Path) -> Result<Self, RepairError> {
        // A relative path may have no parent to speak of.
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let given = if path.is_file() { path.parent().map(Path::to_owned).unwrap_or(path) } else { path };
        let Home { dir, real, log_dirs } = repair::home(&OsFs, &given)?;
        Ok(match repair::place(&OsFs, &dir)? {
            Place::LogDir => Target { given, log_dir: Some(real.clone()), dir: real, place: Place::LogDir },
            Place::Partition => {
                let log_dir = log_dirs.into_iter().find(|log_dir| dir.parent() == Some(log_dir));
                Target { dir, given, place: Place::Partition, log_dir }
            }
        })
    }

    fn lock(&self) -> Result<Locks, RepairError> {
        let own = LockedDir::take(&OsFs, &self.given, self.place == Place::LogDir)?;
        Ok(Locks { own, dir: self.dir.clone(), linked: BTreeMap::new() })
    }

    /// The directories that repairs are made in, this one at last.
    fn rooms(&self) -> Result<Vec<Room>, RepairError> {
        let mut rooms = Vec::new();
        if self.place == Place::LogDir {
            let mut seen = vec![self.dir.clone()];
            let entries = std::fs::read_dir(&self.dir).map_err(io_error("list", &self.dir))?.flatten();
            let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
            paths.sort();
            for dir in paths {
                let is_link = dir.is_symlink();
                if is_link {
                    // Each directory once, and this one apart.
                    let Ok(real) = std::fs::canonicalize(&dir) else { continue };
                    if seen.contains(&real) || real.parent() == Some(&self.dir) {
                        continue;
                    }
                    seen.push(real);
                }
                rooms.push(Room { dir, is_log_dir: false, is_link });
            }
        }
        rooms.push(Room { dir: self.dir.clone(), is_log_dir: self.place == Place::LogDir, is_link: false });
        Ok(rooms)
    }

    fn plan(
        &self,
        siblings: &[PathBuf],
        options: &repair::Options,
        like_kafka: &like_kafka::LikeKafkaOptions,
    ) -> Result<Plan, RepairError> {
        if like_kafka.is_asked_for() {
            return like_kafka::plan(self, like_kafka);
        }
        match self.place {
            Place::LogDir => {
                let siblings: Vec<PathBuf> =
                    siblings.iter().filter_map(|dir| Target::of(dir).ok()).map(|t| t.dir).collect();
                let siblings: Vec<&Path> = siblings.iter().map(PathBuf::as_path).collect();
                plan_log_dir(&OsFs, &self.dir, &siblings, options).map(Plan::LogDir)
            }
            Place::Partition => plan_partition_alone(&OsFs, &self.dir, options).map(Plan::Partition),
        }
    }
}

/// The locks that a repair holds from before it plans.
struct Locks {
    /// Of the target.
    own: LockedDir<OsFs>,
    dir: PathBuf,
    /// Of partitions that lie elsewhere, where the lock of the log directory does not keep other repairs away.
    linked: BTreeMap<PathBuf, LockedDir<OsFs>>,
}

impl Locks {
    /// Runs `work` on a directory of the target under its lock.
    fn on<T>(
        &self,
        dir: &Path,
        work: impl FnOnce(&LockedDir<OsFs>) -> Result<T, RepairError>,
    ) -> Result<T, RepairError> {
        if dir == self.dir {
            return work(&self.own);
        }
        match self.linked.get(dir) {
            Some(lock) => work(lock),
            None => work(&self.own.partition(dir)?),
        }
    }

    fn hold(&mut self, room: &Room) -> Result<(), RepairError> {
        if room.is_link {
            self.linked.insert(room.dir.clone(), self.own.partition(&room.dir)?);
        }
        Ok(())
    }
}

fn repair(path: &Path, options: &RepairOptions, to: &mut Out<'_>) -> Result<u8, Failure> {
    let how = repair::Options {
        is_shallow: options.shallow,
        may_end_lower: options.may_end_lower,
        decompressed_max: options.max_decompressed_bytes.in_memory(),
        donor: options.donor.clone(),
    };
    let mut target = Target::of(path)?;
    if let Some(into) = &options.into {
        target = into::copy(&target, into, to)?;
    }
    let is_applied = options.apply || options.into.is_some();
    let locks = if is_applied { Some(finish(&target, to)?) } else { None };
    if !is_applied {
        for Room { dir, is_log_dir, .. } in target.rooms()? {
            if repair::is_interrupted(&OsFs, &dir, is_log_dir)? {
                let hint = "a repair was interrupted; --apply finishes it, --undo takes it back; the plan is for what is there now";
                to.complain(format_args!("{}: {hint}", visible::path(&dir)))?;
            }
        }
    }
    let plan = target.plan(&options.paths, &how, &options.like_kafka)?;
    match options.output {
        Output::Text => text::print(&plan, to)?,
        Output::Json => json::print(&plan, is_applied, to.out)?,
    }
    if let Some(locks) = &locks {
        to.out.flush()?;
        apply(&plan, locks)?;
        if options.into.is_some() {
            into::drop_quarantine(&target)?;
        }
    }
    if options.output == Output::Text {
        text::print_end(&plan, is_applied, options.into.is_some(), to)?;
    }
    Ok(match (plan.remaining().next().is_some(), plan.is_empty()) {
        (true, _) => exit::DAMAGE,
        (false, true) => exit::CLEAN,
        (false, false) => exit::TOLERATED,
    })
}

/// Locks the target and finishes what earlier repairs have left.
fn finish(target: &Target, to: &mut Out<'_>) -> Result<Locks, Failure> {
    let mut locks = target.lock()?;
    for room in target.rooms()? {
        locks.hold(&room)?;
        let dir = visible::path(&room.dir);
        match locks.on(&room.dir, LockedDir::finish)? {
            Finished::Nothing => {}
            Finished::Repair => to.complain(format_args!("{dir}: an interrupted repair was finished"))?,
            Finished::Undo => to.complain(format_args!("{dir}: an interrupted undo was finished"))?,
            Finished::TakenBack { changed } => to.complain(format_args!(
                "{dir}: an interrupted repair was taken back: {} is not what it was when it was planned",
                visible::path(&changed)
            ))?,
        }
    }
    Ok(locks)
}

fn apply(plan: &Plan, locks: &Locks) -> Result<(), RepairError> {
    // Two links may lead to the same partition, and the second plan would be for files that are no longer there.
    let mut done = BTreeSet::new();
    for partition in plan.partitions().iter().filter(|partition| !partition.is_empty()) {
        let real = std::fs::canonicalize(&partition.path).map_err(io_error("look at", &partition.path))?;
        if !done.insert(real) {
            continue;
        }
        locks.on(&partition.path, |locked| locked.apply(&partition.changes))?;
    }
    if let Plan::LogDir(plan) = plan
        && !plan.changes.is_empty()
    {
        locks.on(&plan.path, |locked| locked.apply(&plan.changes))?;
    }
    Ok(())
}

fn undo(path: &Path, options: &RepairOptions, to: &mut Out<'_>) -> Result<u8, Failure> {
    let target = Target::of(path)?;
    let locks = target.lock()?;
    let mut code = exit::CLEAN;
    for room in target.rooms()? {
        if locks.on(&room.dir, |locked| locked.undo(options.force))? {
            writeln!(to.out, "{}: the last repair is taken back", visible::path(&room.dir))?;
            code = exit::TOLERATED;
        }
    }
    if code == exit::CLEAN {
        writeln!(to.out, "{}: there is no repair to take back", visible::path(&target.dir))?;
    }
    Ok(code)
}
