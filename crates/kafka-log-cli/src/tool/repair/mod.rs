//! `kafka-log repair`.

mod alone;
mod into;
mod json;
mod like_kafka;
mod text;

use std::io;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use kafka_log::fs::OsFs;
use kafka_log::repair::{
    self, Checkpoints, Finished, LogDirLock, LogDirPlan, PartitionPlan, Place, RepairError, checkpoints_around,
    plan_log_dir, plan_partition,
};

use super::{Out, exit};

/// What to repair, and how.
#[derive(Args, Debug)]
pub(super) struct RepairOptions {
    /// Log directories, partition directories, segments (of which the whole partition is repaired)
    #[arg(value_name = "PATH", required = true)]
    pub(super) paths: Vec<PathBuf>,

    /// Carry the plan out. What is replaced or removed goes to a quarantine beside the partition's files
    #[arg(long, conflicts_with = "undo")]
    apply: bool,

    /// Take the last repair back, byte for byte
    #[arg(long)]
    undo: bool,

    /// With --undo: also where records were written since, which are then set aside
    #[arg(long, requires = "undo")]
    force: bool,

    /// Repair a copy in this directory, and never touch the source
    #[arg(long, value_name = "DIR", conflicts_with_all = ["undo", "apply"])]
    into: Option<PathBuf>,

    /// Fill holes from another replica, byte for byte: its partition directory, or its log directory
    #[arg(long, value_name = "DIR")]
    donor: Option<PathBuf>,

    /// Let the log end lower where its last batches are lost, as Kafka does. For a replica that another one brings up to
    /// date; without it, offsets that were handed out are not used again
    #[arg(long)]
    may_end_lower: bool,

    /// Do not look into the records: batches that cannot be decompressed stay
    #[arg(long)]
    shallow: bool,

    #[command(flatten)]
    like_kafka: like_kafka::LikeKafkaOptions,

    /// How to print the plan
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    output: Output,
}

/// How a plan is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    /// For people.
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
        let of_dir = if let Plan::LogDir(plan) = self { plan.changes.len() } else { 0 };
        of_dir == 0 && self.partitions().iter().all(PartitionPlan::is_empty)
    }

    fn has_remaining(&self) -> bool {
        self.partitions().iter().any(|plan| !plan.remaining.is_empty())
    }
}

/// Runs the verb; gives its exit code.
pub(super) fn run(options: &RepairOptions, to: &mut Out<'_>) -> io::Result<u8> {
    let mut code = exit::CLEAN;
    for path in &options.paths {
        let done = if options.undo { undo(path, options, to) } else { repair(path, options, to) };
        code = code.max(match done {
            Ok(code) => code,
            Err(Failure::Output(error)) => return Err(error),
            Err(Failure::Repair(error)) => {
                writeln!(to.err, "kafka-log: {error}")?;
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
    dir: PathBuf,
    place: Place,
    log_dir: Option<PathBuf>,
}

impl Target {
    fn of(path: &Path) -> Result<Self, RepairError> {
        // A relative path may have no parent to speak of.
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let dir = if path.is_file() { path.parent().map(Path::to_owned).unwrap_or(path) } else { path };
        let place = repair::place(&OsFs, &dir)?;
        let log_dir = match place {
            Place::LogDir => Some(dir.clone()),
            Place::Partition => {
                let around = dir.parent().filter(|parent| {
                    matches!(repair::place(&OsFs, parent), Ok(Place::LogDir)) || parent.join(".lock").exists()
                });
                around.map(Path::to_owned)
            }
        };
        Ok(Target { dir, place, log_dir })
    }

    fn lock(&self) -> Result<Option<LogDirLock<OsFs>>, RepairError> {
        self.log_dir.as_deref().map(|log_dir| LogDirLock::take(&OsFs, log_dir)).transpose()
    }

    /// The directories that repairs are made in, and whether each is a log directory.
    fn rooms(&self) -> Result<Vec<(PathBuf, bool)>, RepairError> {
        let mut rooms = Vec::new();
        if self.place == Place::LogDir {
            let entries = std::fs::read_dir(&self.dir).into_iter().flatten().flatten();
            rooms.extend(entries.map(|entry| entry.path()).filter(|path| path.is_dir()).map(|path| (path, false)));
            rooms.sort();
        }
        rooms.push((self.dir.clone(), self.place == Place::LogDir));
        Ok(rooms)
    }

    fn plan(&self, options: &repair::Options, like_kafka: &like_kafka::LikeKafkaOptions) -> Result<Plan, RepairError> {
        if like_kafka.is_asked_for() {
            return like_kafka::plan(self, like_kafka);
        }
        match self.place {
            Place::LogDir => plan_log_dir(&OsFs, &self.dir, options).map(Plan::LogDir),
            Place::Partition => {
                let checkpoints = match &self.log_dir {
                    Some(_) => checkpoints_around(&OsFs, &self.dir)?,
                    None => Checkpoints::default(),
                };
                plan_partition(&OsFs, &self.dir, &checkpoints, options).map(Plan::Partition)
            }
        }
    }
}

fn repair(path: &Path, options: &RepairOptions, to: &mut Out<'_>) -> Result<u8, Failure> {
    let how = repair::Options {
        is_shallow: options.shallow,
        may_end_lower: options.may_end_lower,
        decompressed_max: None,
        donor: options.donor.clone(),
    };
    let mut target = Target::of(path)?;
    if let Some(into) = &options.into {
        target = into::copy(&target, into)?;
    }
    let is_applied = options.apply || options.into.is_some();
    let _lock = if options.apply { target.lock()? } else { None };
    for (dir, is_log_dir) in target.rooms()? {
        if is_applied {
            match repair::finish(&OsFs, &dir, is_log_dir)? {
                Finished::Nothing => {}
                Finished::Repair => {
                    writeln!(to.err, "kafka-log: {}: an interrupted repair was finished", dir.display())?
                }
                Finished::Undo => writeln!(to.err, "kafka-log: {}: an interrupted undo was finished", dir.display())?,
            }
        } else if repair::is_interrupted(&OsFs, &dir, is_log_dir)? {
            let hint = "a repair was interrupted; --apply finishes it, --undo takes it back; the plan is for what is there now";
            writeln!(to.err, "kafka-log: {}: {hint}", dir.display())?;
        }
    }
    let plan = target.plan(&how, &options.like_kafka)?;
    match options.output {
        Output::Text => text::print(&plan, !options.like_kafka.is_asked_for(), to)?,
        Output::Json => json::print(&plan, !options.like_kafka.is_asked_for(), is_applied, to.out)?,
    }
    if is_applied {
        to.out.flush()?;
        apply(&plan)?;
        if options.into.is_some() {
            into::drop_quarantine(&target)?;
        }
    }
    if options.output == Output::Text {
        text::print_end(&plan, is_applied, options.into.is_some(), to)?;
    }
    Ok(match (plan.has_remaining(), plan.is_empty()) {
        (true, _) => exit::DAMAGE,
        (false, true) => exit::CLEAN,
        (false, false) => exit::TOLERATED,
    })
}

fn apply(plan: &Plan) -> Result<(), RepairError> {
    for partition in plan.partitions().iter().filter(|partition| !partition.is_empty()) {
        repair::apply(&OsFs, &partition.path, false, &partition.changes)?;
    }
    if let Plan::LogDir(plan) = plan
        && !plan.changes.is_empty()
    {
        repair::apply(&OsFs, &plan.path, true, &plan.changes)?;
    }
    Ok(())
}

fn undo(path: &Path, options: &RepairOptions, to: &mut Out<'_>) -> Result<u8, Failure> {
    let target = Target::of(path)?;
    let _lock = target.lock()?;
    let mut code = exit::CLEAN;
    for (dir, is_log_dir) in target.rooms()? {
        if repair::undo(&OsFs, &dir, is_log_dir, options.force)? {
            writeln!(to.out, "{}: the last repair is taken back", dir.display())?;
            code = exit::TOLERATED;
        }
    }
    if code == exit::CLEAN {
        writeln!(to.out, "{}: there is no repair to take back", target.dir.display())?;
    }
    Ok(code)
}
