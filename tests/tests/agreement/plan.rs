//! Verdict and plan of a folder, whatever it is.

use std::path::{Path, PathBuf};

use kafka_log::audit::{
    AuditOptions, Finding, Level, Remaining, Report, Restored, Severity, Silent, VerifyError, verify,
};
use kafka_log::repair::{
    Change, Lost, Options, PartitionPlan, RepairError, Superseded, apply, plan_log_dir, plan_partition_alone, undo,
};

use super::folder::{Folder, LOG_DIR, Target};

/// What `verify` says.
pub(crate) struct Judged {
    pub(crate) report: Report,
}

impl Judged {
    pub(crate) fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.report.all_findings()
    }

    pub(crate) fn damage(&self) -> impl Iterator<Item = &Finding> {
        self.findings().filter(|finding| finding.severity == Severity::Damage)
    }
}

/// How `verify` looks.
pub(crate) fn options() -> AuditOptions {
    AuditOptions { level: Level::Deep, ..AuditOptions::default() }
}

/// Verifies a folder.
///
/// # Errors
/// It is none of a log any more.
pub(crate) fn judge(folder: &Folder) -> Result<Judged, VerifyError> {
    let report = verify(&folder.fs, std::slice::from_ref(&folder.path), &options(), &Silent)?;
    Ok(Judged { report })
}

/// What `repair` plans, the directories of all parts named.
#[derive(Debug, Default)]
pub(crate) struct Planned {
    /// Partitions first, as they are carried out.
    pub(crate) changes: Vec<(PathBuf, Vec<Change>)>,
    pub(crate) lost: Vec<(PathBuf, Lost)>,
    pub(crate) superseded: Vec<(PathBuf, Superseded)>,
    pub(crate) restored: Vec<(PathBuf, Restored)>,
    pub(crate) remaining: Vec<Remaining>,
}

impl Planned {
    fn add(&mut self, plan: PartitionPlan) {
        let path = &plan.path;
        self.lost.extend(plan.lost.into_iter().map(|lost| (path.clone(), lost)));
        self.superseded.extend(plan.superseded.into_iter().map(|superseded| (path.clone(), superseded)));
        self.restored.extend(plan.restored.into_iter().map(|(_, restored)| (path.clone(), restored)));
        self.remaining.extend(plan.remaining);
        if !plan.changes.is_empty() {
            self.changes.push((plan.path, plan.changes));
        }
    }

    /// The files that are changed.
    pub(crate) fn changed(&self) -> impl Iterator<Item = PathBuf> {
        self.changes.iter().flat_map(|(dir, changes)| changes.iter().map(move |change| dir.join(&change.name)))
    }
}

/// Plans the repair of a folder.
///
/// # Errors
/// The errors of the plan.
pub(crate) fn plan(folder: &Folder) -> Result<Planned, RepairError> {
    let mut planned = Planned::default();
    match folder.target {
        Target::Partition => planned.add(plan_partition_alone(&folder.fs, &folder.path, &Options::default())?),
        Target::LogDir => {
            let plan = plan_log_dir(&folder.fs, &folder.path, &[], &Options::default())?;
            plan.partitions.into_iter().for_each(|partition| planned.add(partition));
            planned.remaining.extend(plan.remaining);
            if !plan.changes.is_empty() {
                planned.changes.push((plan.path, plan.changes));
            }
        }
    }
    Ok(planned)
}

fn is_log_dir(dir: &Path) -> bool {
    dir == Path::new(LOG_DIR)
}

/// Carries a plan out.
///
/// # Errors
/// The errors of the repair.
pub(crate) fn carry_out(folder: &Folder, planned: &Planned) -> Result<(), RepairError> {
    planned.changes.iter().try_for_each(|(dir, changes)| apply(&folder.fs, dir, is_log_dir(dir), changes))
}

/// Takes it back.
///
/// # Errors
/// The errors of the undo.
pub(crate) fn take_back(folder: &Folder, planned: &Planned) -> Result<(), RepairError> {
    planned.changes.iter().rev().try_for_each(|(dir, _)| undo(&folder.fs, dir, is_log_dir(dir), false).map(drop))
}
