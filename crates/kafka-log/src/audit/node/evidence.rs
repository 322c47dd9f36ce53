//! What the judges of a node's files hand in, and how a start follows from it.

use std::path::{Path, PathBuf};

use crate::audit::{Change, Finding, Severity};
use crate::format::uuid::Uuid;

/// What a node does at its next start before it opens an ordinary log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NodeStart {
    /// The node starts.
    Starts {
        /// Partitions whose directory is renamed to `-stray`, so that their records are out of reach.
        set_aside: Vec<Stray>,
        /// Why partitions are not served: log directories that go offline with all partitions in them, and what keeps
        /// the broker from leading or following.
        unserved: Vec<Refusal>,
    },
    /// The node does not start.
    Refuses(Refusal),
}

/// What keeps a node from starting, or a log directory from being used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Simple name of the class that Kafka throws.
    pub exception: &'static str,
    /// What is wrong, for people.
    pub message: String,
    /// The file or directory that it is about.
    pub path: PathBuf,
}

/// A partition that a start sets aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stray {
    /// The directory.
    pub path: PathBuf,
    /// Topic in its name.
    pub topic: String,
    /// Partition in its name.
    pub partition: i32,
    /// Id in its `partition.metadata`, if there is one.
    pub topic_id: Option<Uuid>,
    /// Whether it has, or had, records.
    pub has_records: bool,
    /// Why it is set aside, for people.
    pub why: String,
}

/// Damage that no repair can fix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remaining {
    /// The file or directory.
    pub path: PathBuf,
    /// What is wrong, for people.
    pub what: String,
    /// What a person can do about it.
    pub advice: String,
    /// A command that does it, where there is one.
    pub command: Option<String>,
}

/// The steps of a start, in their order: what fails first decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    /// `meta.properties` of all log directories.
    MetaProperties,
    /// `bootstrap.checkpoint`.
    Bootstrap,
    /// `quorum-state`, and what the raft client reads before it runs.
    Quorum,
    /// The metadata log and its snapshots.
    Metadata,
    /// Registration with the controller.
    Registration,
    /// The names of the directories.
    Listing,
    /// The logs.
    Logs,
}

/// Everything that was found.
#[derive(Clone, Debug, Default)]
pub(super) struct Evidence {
    pub(super) findings: Vec<Finding>,
    pub(super) changes: Vec<(PathBuf, Change)>,
    pub(super) remaining: Vec<Remaining>,
    pub(super) strays: Vec<Stray>,
    refusals: Vec<(Step, Refusal)>,
    /// Log directories that go offline, and over what.
    offline: Vec<(PathBuf, Refusal)>,
    /// What keeps partitions from being served in log directories that are online.
    unserved: Vec<Refusal>,
}

impl Evidence {
    /// The node does not get past this step.
    pub(super) fn refuse(
        &mut self,
        step: Step,
        exception: &'static str,
        path: impl Into<PathBuf>,
        message: impl Into<String>,
    ) {
        self.refusals.push((step, Refusal { exception, message: message.into(), path: path.into() }));
    }

    /// A log directory cannot be used.
    pub(super) fn take_offline(&mut self, log_dir: &Path, path: impl Into<PathBuf>, message: impl Into<String>) {
        let refusal = Refusal { exception: "KafkaStorageException", message: message.into(), path: path.into() };
        self.offline.push((log_dir.to_owned(), refusal));
    }

    /// The broker starts, and does not serve what this is about.
    pub(super) fn leave_unserved(
        &mut self,
        path: impl Into<PathBuf>,
        exception: &'static str,
        message: impl Into<String>,
    ) {
        let refusal = Refusal { exception, message: message.into(), path: path.into() };
        self.unserved.push(refusal);
    }

    /// Forgets what is neither about the directory of one partition nor about what a start makes of it.
    pub(super) fn keep_below(&mut self, dir: &Path) {
        let is_below = |path: &Path| path.starts_with(dir);
        self.findings.retain(|finding| is_below(&finding.path));
        self.changes.retain(|(of, _)| is_below(of));
        self.remaining.retain(|remaining| is_below(&remaining.path));
        self.strays.retain(|stray| is_below(&stray.path));
        self.refusals.retain(|(_, refusal)| is_below(&refusal.path));
        self.offline.retain(|(_, refusal)| is_below(&refusal.path));
        self.unserved.retain(|refusal| is_below(&refusal.path));
    }

    /// Leaves damage to a person that is not about the partition alone: what there is to do is said of the log directory.
    pub(super) fn refer_to(&mut self, log_dir: &Path) {
        let is_left = self.changes.is_empty() && self.remaining.is_empty();
        let damage = self.findings.iter().find(|finding| is_left && finding.severity == Severity::Damage).cloned();
        if let Some(finding) = damage {
            let command = format!("kafka-log verify {}", quoted(log_dir));
            let advice = "do not start the node; look at the whole log directory";
            self.remain(
                finding.path,
                format!("expected {}, found {}", finding.expected, finding.found),
                advice,
                Some(command),
            );
        }
    }

    /// The repair gives a file new content, or moves it to the quarantine where there is none.
    pub(super) fn change(&mut self, dir: &Path, name: &str, content: Option<Vec<u8>>, why: impl Into<String>) {
        let content = content.map(crate::audit::Content::of);
        self.changes.push((dir.to_owned(), Change { name: name.to_owned(), content, why: why.into() }));
    }

    /// Damage that is left to a person.
    pub(super) fn remain(
        &mut self,
        path: impl Into<PathBuf>,
        what: impl Into<String>,
        advice: impl Into<String>,
        command: Option<String>,
    ) {
        self.remaining.push(Remaining { path: path.into(), what: what.into(), advice: advice.into(), command });
    }

    /// The outcome of a start on these log directories.
    pub(super) fn start(&mut self, log_dirs: &[&Path]) -> NodeStart {
        self.refusals.sort_by_key(|(step, _)| *step);
        if let Some((_, first)) = self.refusals.first() {
            return NodeStart::Refuses(first.clone());
        }
        let is_offline = |dir: &&Path| self.offline.iter().any(|(offline, _)| offline == *dir);
        match self.offline.first() {
            Some((_, first)) if log_dirs.iter().all(is_offline) => NodeStart::Refuses(first.clone()),
            _ => NodeStart::Starts {
                set_aside: self.strays.clone(),
                unserved: self.offline.iter().map(|(_, refusal)| refusal).chain(&self.unserved).cloned().collect(),
            },
        }
    }
}

/// A command line that moves a directory out of its log directory, into a directory beside that.
pub(super) fn move_away(log_dir: &Path, name: &str) -> String {
    let mut aside = log_dir.as_os_str().to_owned();
    aside.push(".set-aside");
    let aside = Path::new(&aside);
    let (from, aside) = (quoted(&log_dir.join(name)), quoted(aside));
    format!("mkdir -p {aside} && mv {from} {aside}/")
}

/// A path as a POSIX shell takes it.
pub(super) fn quoted(path: &Path) -> String {
    let text = path.to_string_lossy();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:,@%".contains(c);
    if text.chars().all(is_plain) && !text.starts_with('-') {
        return text.into_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}
