//! `kafka-log verify`: what is wrong, and what would Kafka do?

mod html;
mod json;
mod metrics;
mod options;
mod own_file;
mod predictions;
mod progress;
mod scrub_fs;
mod state;
mod text;
mod tracker;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use kafka_log::audit::predict::{Prediction, Stop, predict};
use kafka_log::audit::{self, Report, Verdict, VerifyError};
use kafka_log::log::config::LogConfig;
use rustix::process::setpriority_process;

use super::Out;
use crate::shared::exit;
use options::OutputFormat;
pub(super) use options::VerifyOptions;
use progress::Progress;
use scrub_fs::{Limits, ScrubFs};
use state::State;
use tracker::Tracker;

/// The niceness that gives way to all others.
const LOWEST_PRIORITY: i32 = 19;

/// What a run found, and what it took.
struct Run<'r> {
    options: &'r VerifyOptions,
    report: Report,
    predictions: Vec<Prediction>,
    /// Partitions that an earlier run had verified, with what it found.
    earlier: Vec<state::Done>,
    /// Partitions that are left because the run was paused.
    is_paused: bool,
    bytes_read: u64,
    elapsed: Duration,
}

impl Run<'_> {
    /// The verdict over this run and the one that it goes on with.
    fn verdict(&self) -> Verdict {
        self.earlier.iter().map(|done| done.verdict).chain([self.report.verdict()]).max().unwrap_or(Verdict::Clean)
    }
}

/// Runs the verb; returns its exit code.
pub(super) fn run(options: &VerifyOptions, to: &mut Out<'_>) -> io::Result<u8> {
    let config = match config(&options.set) {
        Ok(config) => Arc::new(config),
        Err(error) => return could_not_run(to, &error),
    };
    if options.predict && options.level == options::LevelOption::Quick {
        return could_not_run(to, "--predict needs --level default or deep");
    }
    let state = match own_files(options) {
        Ok(state) => state,
        Err(error) => return could_not_run(to, &error.to_string()),
    };
    // Threads inherit it, and none has been started yet.
    if options.idle
        && let Err(error) = setpriority_process(None, LOWEST_PRIORITY)
    {
        to.complain(format_args!("lowest priority: {error}; continuing without it"))?;
    }
    let started = Instant::now();
    let limits =
        Limits { bytes_per_second: options.max_rate.map(|rate| rate.0), is_cache_neutral: options.cache_neutral };
    let fs = ScrubFs::new(limits);
    let progress = Progress::new(options, to.is_interactive, &fs);
    let tracker = Tracker::new(options, state, started);
    let now_ms = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_millis() as i64);
    let audit_options = audit::AuditOptions {
        level: options.level.into(),
        threads: options.threads.get(),
        decompressed_max: usize::try_from(options.max_decompressed_bytes.0).unwrap_or(usize::MAX),
        config,
        now_ms,
        ..audit::AuditOptions::default()
    };
    let verified = verify_all(&fs, options, &audit_options, &tracker);
    progress.finish();
    let report = match verified {
        Ok(report) => report,
        Err(error) => return could_not_run(to, &error.to_string()),
    };
    let mut predictions = Vec::new();
    for stop in [Stop::Clean, Stop::Unclean].into_iter().filter(|_| options.predict) {
        match predict(&fs, &report, stop, &audit_options) {
            Ok(mut found) => predictions.append(&mut found),
            Err(error) => return could_not_run(to, &error.to_string()),
        }
    }
    let (earlier, is_paused) = tracker.finish()?;
    let run = Run {
        options,
        report,
        predictions,
        earlier,
        is_paused,
        bytes_read: fs.bytes_read(),
        elapsed: started.elapsed(),
    };
    match options.output {
        OutputFormat::Text => text::print(&run, to)?,
        OutputFormat::Json => json::print(&run, to.out)?,
        OutputFormat::Html => html::print(&run, to.out)?,
    }
    if let Some(path) = &options.metrics {
        metrics::write(&run, path)?;
    }
    Ok(run.verdict().exit_code())
}

/// Checks where the run is to write, and opens the state.
fn own_files(options: &VerifyOptions) -> io::Result<Option<State>> {
    for path in options.state.iter().chain(&options.metrics) {
        own_file::check_place(path, &options.paths)?;
    }
    options.metrics.as_deref().map_or(Ok(()), metrics::check)?;
    options.state.as_deref().map(|path| State::open(path, options.level.into())).transpose()
}

fn could_not_run(to: &mut Out<'_>, what: &str) -> io::Result<u8> {
    to.complain(what)?;
    Ok(exit::COULD_NOT_RUN)
}

/// The settings of `--set` over Kafka's defaults.
fn config(set: &[String]) -> Result<LogConfig, String> {
    let pairs: Vec<_> = set
        .iter()
        .map(|pair| pair.split_once('=').ok_or_else(|| format!("--set: expected NAME=VALUE, found {pair}")))
        .collect::<Result<_, _>>()?;
    LogConfig::from_properties(pairs, &LogConfig::default()).map_err(|error| format!("--set: {error}"))
}

/// Verifies the paths, those of different devices at the same time.
fn verify_all(
    fs: &ScrubFs,
    options: &VerifyOptions,
    audit_options: &audit::AuditOptions,
    tracker: &Tracker,
) -> Result<Report, VerifyError> {
    audit::verify_groups(fs, &by_device(&options.paths), audit_options, tracker)
}

/// The paths by the devices that they are on.
fn by_device(paths: &[PathBuf]) -> Vec<Vec<PathBuf>> {
    let mut devices: BTreeMap<u64, Vec<PathBuf>> = BTreeMap::new();
    for path in paths {
        devices.entry(device(path)).or_default().push(path.clone());
    }
    devices.into_values().collect()
}

#[cfg(unix)]
fn device(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |metadata| std::os::unix::fs::MetadataExt::dev(&metadata))
}

#[cfg(not(unix))]
fn device(_: &Path) -> u64 {
    0
}
