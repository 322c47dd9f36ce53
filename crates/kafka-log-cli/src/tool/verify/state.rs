//! `--state`: what is done already, so that a run can be paused, or killed, and taken up again.
//!
//! JSON Lines: a head with the version, the level and the seed of the sample, then one line for each partition that is done,
//! with its verdict and findings. Each line is on its way to the disk before the next partition begins; half a line at the
//! end, left by a crash, is passed over. A run that comes to its end removes the file.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use kafka_log::verify::{Level, PartitionReport, Verdict};
use serde_json::{Value, json};

use super::json;

/// Version of the form of the file.
const VERSION: u64 = 1;

/// A partition that an earlier run has verified.
#[derive(Clone, Debug)]
pub(super) struct Done {
    /// Its directory.
    pub(super) path: PathBuf,
    /// What came of it.
    pub(super) verdict: Verdict,
    /// Its findings as JSON.
    pub(super) findings: Vec<Value>,
}

/// The file, open for more.
pub(super) struct State {
    path: PathBuf,
    file: File,
    done: HashMap<PathBuf, Done>,
    seed: Option<u64>,
}

impl State {
    /// Reads the file at `path`, or begins it.
    ///
    /// # Errors
    /// It cannot be read or written, or belongs to a run at another level.
    pub(super) fn open(path: &Path, level: Level) -> io::Result<Self> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(named(path, &error)),
        };
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        let mut lines = whole.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let head = lines.next();
        if let Some(head) = &head
            && (head["version"].as_u64() != Some(VERSION) || head["level"].as_str() != Some(level.name()))
        {
            let what = format!("expected the state of a run at level {}, found {head}", level.name());
            return Err(named(path, &io::Error::other(what)));
        }
        let done = lines.filter_map(|line| Done::read(&line)).map(|done| (done.path.clone(), done)).collect();
        let mut file = File::options().append(true).create(true).open(path).map_err(|error| named(path, &error))?;
        file.set_len(if whole.is_empty() { 0 } else { whole.len() as u64 + 1 })?;
        let mut seed = head.as_ref().and_then(|head| head["seed"].as_u64());
        if head.is_none() {
            let drawn = u64::from(std::process::id()) << 20 | fs::metadata(path).map_or(0, |found| found.len());
            seed = Some(drawn);
            writeln!(file, "{}", json!({"kind": "state", "version": VERSION, "level": level.name(), "seed": drawn}))?;
        }
        Ok(State { path: path.to_owned(), file, done, seed })
    }

    /// The number that draws the sample.
    pub(super) fn seed(&self, otherwise: u64) -> u64 {
        self.seed.unwrap_or(otherwise)
    }

    /// Whether an earlier run has verified the partition.
    pub(super) fn is_done(&self, partition: &Path) -> bool {
        self.done.contains_key(partition)
    }

    /// Notes that a partition is done.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(super) fn add(&mut self, report: &PartitionReport) -> io::Result<()> {
        let findings: Vec<Value> = report.all_findings().map(json::finding).collect();
        let verdict = report.verdict().name();
        let path = report.path.to_string_lossy();
        let line = json!({"kind": "done", "path": path, "verdict": verdict, "findings": findings});
        let written = writeln!(self.file, "{line}").and_then(|()| self.file.sync_data());
        written.map_err(|error| named(&self.path, &error))
    }

    /// Ends the run: the file stays if it was paused. Gives what the earlier runs did.
    ///
    /// # Errors
    /// The file cannot be removed.
    pub(super) fn finish(self, is_paused: bool) -> io::Result<Vec<Done>> {
        if !is_paused {
            fs::remove_file(&self.path).map_err(|error| named(&self.path, &error))?;
        }
        let mut done: Vec<_> = self.done.into_values().collect();
        done.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(done)
    }
}

impl Done {
    fn read(line: &Value) -> Option<Self> {
        let verdict = match line["verdict"].as_str()? {
            "clean" => Verdict::Clean,
            "tolerated" => Verdict::Tolerated,
            _ => Verdict::Damaged,
        };
        let findings = line["findings"].as_array().cloned().unwrap_or_default();
        Some(Done { path: line["path"].as_str()?.into(), verdict, findings })
    }
}

fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}
