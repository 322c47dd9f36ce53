//! `--state`: what is done already, so that a run can be paused, or killed, and taken up again.
//!
//! JSON Lines: a head with the version, the level and the seed of the sample, then one line for each partition that is done,
//! with its verdict and findings. Each line is on its way to the disk before the next partition begins; half a line at the
//! end, left by a crash, is passed over, and so is a line that no run writes: its partition is verified again. A run that
//! comes to its end removes the file. A file that does not begin with a head is not ours, and stays as it is.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use kafka_log::audit::{Class, Code, Level, PartitionReport, Severity, Verdict};
use serde_json::{Value, json};

use super::own_file::{named, open_existing, refused};
use crate::shared::json_lines;

/// Version of the form of the file.
const VERSION: u64 = 1;

/// Bytes of the longest head.
const HEAD_MAX: u64 = 256;

/// A partition that an earlier run has verified.
#[derive(Clone, Debug)]
pub(super) struct Done {
    /// Its directory.
    pub(super) path: PathBuf,
    /// What came of it.
    pub(super) verdict: Verdict,
    /// Its findings.
    pub(super) findings: Vec<EarlierFinding>,
}

/// A finding of an earlier run.
#[derive(Clone, Debug)]
pub(super) struct EarlierFinding {
    pub(super) severity: Severity,
    pub(super) class: Class,
    /// As the JSON output has it.
    pub(super) json: Value,
}

/// The file, open for more.
pub(super) struct State {
    path: PathBuf,
    file: File,
    done: HashMap<PathBuf, Done>,
    seed: u64,
}

impl State {
    /// Reads the file at `path`, or begins it.
    ///
    /// # Errors
    /// It cannot be read or written, is no state of a run at this level, or no regular file. It is not changed then.
    pub(super) fn open(path: &Path, level: Level) -> io::Result<Self> {
        let failed = |error: io::Error| named(path, &error);
        let mut state = match open_existing(path, File::options().read(true).append(true))? {
            None => {
                let file = File::options().append(true).create_new(true).open(path).map_err(failed)?;
                State { path: path.to_owned(), file, done: HashMap::new(), seed: drawn_seed() }
            }
            Some(file) if file.metadata().map_err(failed)?.len() == 0 => {
                State { path: path.to_owned(), file, done: HashMap::new(), seed: drawn_seed() }
            }
            Some(file) => return State::resume(path, file, level),
        };
        let head = json!({"kind": "state", "version": VERSION, "level": level.name(), "seed": state.seed});
        writeln!(state.file, "{head}").map_err(failed)?;
        Ok(state)
    }

    fn resume(path: &Path, file: File, level: Level) -> io::Result<Self> {
        let failed = |error: io::Error| named(path, &error);
        let mut reader = BufReader::new(&file);
        let mut line = Vec::new();
        reader.by_ref().take(HEAD_MAX).read_until(b'\n', &mut line).map_err(failed)?;
        let seed = seed(&line, level).map_err(|what| refused(path, what))?;
        let (mut end, mut done) = (line.len() as u64, HashMap::new());
        loop {
            line.clear();
            let read = reader.read_until(b'\n', &mut line).map_err(failed)?;
            if !line.ends_with(b"\n") {
                break;
            }
            end += read as u64;
            if let Some(read) = serde_json::from_slice(&line).ok().as_ref().and_then(Done::read) {
                done.insert(read.path.clone(), read);
            }
        }
        file.set_len(end).map_err(failed)?;
        Ok(State { path: path.to_owned(), file, done, seed })
    }

    /// The number that draws the sample.
    pub(super) fn seed(&self) -> u64 {
        self.seed
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
        let findings: Vec<Value> = report.all_findings().map(json_lines::finding).collect();
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

/// A seed for a sample, another one in each run.
pub(super) fn drawn_seed() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_nanos() as u64)
}

/// The seed in `line`, the first of a file.
///
/// # Errors
/// What is expected, where the line is no head, or that of a run at another level.
fn seed(line: &[u8], level: Level) -> Result<u64, String> {
    const EXPECTED: &str = "expected the state of an earlier run, found another file";
    let head: Value = serde_json::from_slice(line).map_err(|_| EXPECTED)?;
    let seed = head["seed"].as_u64().filter(|_| head["kind"] == "state" && line.ends_with(b"\n")).ok_or(EXPECTED)?;
    if head["version"] != VERSION || head["level"] != level.name() {
        return Err(format!("expected the state of a run at level {}, found {head}", level.name()));
    }
    Ok(seed)
}

impl Done {
    /// Reads a line; `None` where no run writes such a one.
    fn read(line: &Value) -> Option<Self> {
        if line["kind"] != "done" {
            return None;
        }
        let verdicts = [Verdict::Clean, Verdict::Tolerated, Verdict::Damaged];
        let verdict = verdicts.into_iter().find(|verdict| line["verdict"] == verdict.name())?;
        let findings: Vec<_> = line["findings"].as_array()?.iter().map(EarlierFinding::read).collect::<Option<_>>()?;
        let worst = findings.iter().map(|finding| Verdict::of(finding.severity)).max();
        Some(Done { path: line["path"].as_str()?.into(), verdict: verdict.max(worst.unwrap_or(verdict)), findings })
    }
}

impl EarlierFinding {
    /// Reads a finding; `None` where its kind, severity, class or code is none that a run gives.
    fn read(json: &Value) -> Option<Self> {
        let severities = [Severity::Note, Severity::Warning, Severity::Damage];
        let severity = severities.into_iter().find(|severity| json["severity"] == severity.name())?;
        let class = Class::ALL.into_iter().find(|class| json["class"] == class.name())?;
        let is_known = json["kind"] == "finding" && Code::ALL.iter().any(|code| json["code"] == code.id());
        is_known.then(|| EarlierFinding { severity, class, json: json.clone() })
    }
}
