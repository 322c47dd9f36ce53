//! A run: random operations on a log on the simulated file system, with crashes and faults, all from one seed.

use std::path::Path;
use std::sync::Arc;

use kafka_log::format::batch::TimestampType;
use kafka_log::log::Log;
use kafka_log::log::config::LogConfig;

use super::check::{self, Stop};
use super::make::Maker;
use super::model::Model;
use super::{Crash, Fault, SimFs};
use crate::Random;

/// The directory of the partition.
pub const DIR: &str = "/data/t-0";
/// When runs begin, in ms.
const BEGIN_MS: i64 = 1_700_000_000_000;

/// What a run did, to see that it did something.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    /// Operations.
    pub operations: u64,
    /// Appends that were refused.
    pub refused: u64,
    /// Appends.
    pub appends: u64,
    /// Crashes, those during recovery among them.
    pub crashes: u64,
    /// Failures of the disk that the log saw.
    pub failures: u64,
    /// Batches that recovery left, all in all.
    pub recovered: u64,
    /// Rounds of the cleaner that cleaned something.
    pub cleaned: u64,
    /// Segments at the end.
    pub segments: u64,
    /// Runs that ended with files that Kafka does not open either.
    pub not_opened: u64,
}

impl Counts {
    /// Adds what another run did.
    pub fn add(&mut self, other: &Counts) {
        self.operations += other.operations;
        self.refused += other.refused;
        self.appends += other.appends;
        self.crashes += other.crashes;
        self.failures += other.failures;
        self.recovered += other.recovered;
        self.cleaned += other.cleaned;
        self.segments += other.segments;
        self.not_opened += other.not_opened;
    }
}

/// What the log directory's checkpoints say.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Saved {
    pub(super) recovery_point: i64,
    pub(super) start: i64,
    pub(super) high_watermark: i64,
    pub(super) cleaner: i64,
    pub(super) is_clean: bool,
}

/// What the operation under way may have changed when it does not end well.
#[derive(Clone, Copy, Debug)]
pub(super) struct UnderWay {
    /// Below this all is still there.
    pub(super) kept: i64,
    /// The log start is not above this.
    pub(super) start_max: i64,
    /// The cleaner is at work.
    pub(super) is_cleaning: bool,
    /// Batches may be cut off.
    pub(super) is_cutting: bool,
}

/// What runs of one kind have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Profile {
    Leader,
    Follower,
    Compacted,
}

pub(super) struct Run {
    pub(super) random: Random,
    pub(super) profile: Profile,
    pub(super) fs: SimFs,
    pub(super) now_ms: i64,
    pub(super) config: Arc<LogConfig>,
    pub(super) log: Option<Log<SimFs>>,
    pub(super) model: Model,
    pub(super) maker: Maker,
    pub(super) saved: Saved,
    pub(super) under_way: UnderWay,
    pub(super) epoch: i32,
    /// Base offset of the active segment.
    pub(super) active: i64,
    /// A segment was rolled by this process, and the flush after it is still to come.
    pub(super) is_flush_due: bool,
    /// The log may know more of producers than the batches tell.
    pub(super) is_uncertain: bool,
    pub(super) trace: Option<Vec<String>>,
    /// After so many crashes the run ends without opening the log again.
    pub(super) crashes_left: Option<usize>,
    pub(super) counts: Counts,
}

/// One run. With `trace` the error tells all operations.
///
/// # Errors
/// What the log did wrong.
pub fn run(seed: u64, trace: bool) -> Result<Counts, String> {
    let mut run = Run::new(seed, trace);
    let operations = 20 + run.random.below(60);
    let outcome = run.go(operations);
    let counts = run.counts;
    let told = run.trace.take().unwrap_or_default();
    drop(run);
    match outcome {
        Ok(()) => Ok(counts),
        Err(Stop::Captured) => Ok(counts),
        Err(Stop::Refused) => Ok(Counts { not_opened: counts.not_opened + 1, ..counts }),
        Err(Stop::Wrong(text) | Stop::Medium(text) | Stop::Slice(text)) => Err(format!("{}\n{text}", told.join("\n"))),
    }
}

/// What a crash left.
pub struct Image {
    /// The files; the partition is [`DIR`].
    pub fs: SimFs,
    /// Settings of the topic.
    pub config: Arc<LogConfig>,
    /// When it is opened next, in ms.
    pub now_ms: i64,
    /// Recovery point, log start and high watermark from the checkpoints.
    pub checkpoints: [i64; 3],
    /// Whether the log had been closed before.
    pub is_clean: bool,
}

/// What crash number `crashes` of a run leaves, counted from 1; of a shorter run its last one.
///
/// # Errors
/// What the log did wrong before.
pub fn image(seed: u64, crashes: usize) -> Result<Image, String> {
    let mut run = Run::new(seed, false);
    run.crashes_left = Some(crashes);
    let operations = 20 + run.random.below(60);
    match run.go(operations) {
        Ok(()) | Err(Stop::Captured | Stop::Refused) => Ok(Image {
            checkpoints: [run.saved.recovery_point, run.saved.start, run.saved.high_watermark],
            is_clean: run.saved.is_clean,
            fs: run.fs,
            config: run.config,
            now_ms: run.now_ms,
        }),
        Err(Stop::Wrong(text) | Stop::Medium(text) | Stop::Slice(text)) => Err(text),
    }
}

impl Run {
    fn new(seed: u64, trace: bool) -> Self {
        let mut random = Random::new(seed);
        let profile = match random.below(5) {
            0 | 1 => Profile::Leader,
            2 | 3 => Profile::Follower,
            _ => Profile::Compacted,
        };
        let fs = SimFs::new(random.number());
        fs.set_clock(BEGIN_MS);
        fs.set_short_reads(random.below(2) == 0);
        Run {
            profile,
            fs,
            now_ms: BEGIN_MS,
            config: Arc::new(config(&mut random, profile)),
            random,
            log: None,
            model: Model::default(),
            maker: Maker::new(),
            saved: Saved { is_clean: true, ..Saved::default() },
            under_way: UnderWay { kept: 0, start_max: 0, is_cleaning: false, is_cutting: false },
            epoch: 0,
            active: 0,
            is_flush_due: false,
            is_uncertain: false,
            trace: trace.then(Vec::new),
            crashes_left: None,
            counts: Counts::default(),
        }
    }

    pub(super) fn tell(&mut self, text: impl FnOnce() -> String) {
        if let Some(trace) = &mut self.trace {
            trace.push(text());
        }
    }

    fn go(&mut self, operations: usize) -> Result<(), Stop> {
        self.tell(String::new);
        let config = format!("{:?} {:?}", self.profile, self.config);
        self.tell(|| config);
        self.make_directory()?;
        self.reopen(None)?;
        for _ in 0..operations {
            self.counts.operations += 1;
            self.maybe_arm();
            self.under_way = UnderWay {
                kept: self.model.flushed,
                start_max: self.model.start,
                is_cleaning: false,
                is_cutting: false,
            };
            match self.operation().and_then(|()| self.compare()) {
                Ok(()) => {}
                Err(Stop::Medium(text)) => self.after_failure(&text)?,
                Err(Stop::Slice(_)) if self.fs.power_is_off() => self.crash(&Crash::ALL)?,
                Err(Stop::Slice(_)) if self.fs.faults() > 0 => {}
                Err(wrong) => return Err(wrong),
            }
            let complaints = self.fs.complaints();
            if !complaints.is_empty() {
                return Err(Stop::Wrong(complaints.join("\n")));
            }
        }
        self.fs.disarm();
        let log = self.log()?;
        self.counts.segments = log.segments().len() as u64;
        self.counts.crashes += 1;
        self.crash(&[Crash::Killed, Crash::Synced, Crash::Ordered, Crash::Scattered, Crash::Garbage])
    }

    /// The partition's directory, durable as that of a log directory in use.
    fn make_directory(&self) -> Result<(), Stop> {
        use kafka_log::fs::Fs;
        let made = self.fs.create_dir_all(Path::new(DIR)).and_then(|()| {
            self.fs.sync_dir(Path::new("/"))?;
            self.fs.sync_dir(Path::new("/data"))
        });
        made.map_err(|e| Stop::Wrong(e.to_string()))
    }

    pub(super) fn log(&self) -> Result<&Log<SimFs>, Stop> {
        self.log.as_ref().ok_or_else(not_open)
    }

    /// Lets one of the next calls fail, now and then.
    fn maybe_arm(&mut self) {
        let fault = match self.random.below(30) {
            0 => Fault::Eio,
            1 => Fault::Enospc,
            2 | 3 => Fault::PowerOff,
            _ => return,
        };
        let behind = 1 + self.random.below(12) as u64;
        if fault == Fault::Eio && self.random.below(3) == 0 {
            self.fs.fail_read(self.fs.reads() + behind, fault);
        } else {
            self.fs.fail_change(self.fs.changes() + behind, fault);
        }
        self.tell(|| format!("  call {behind} from here on: {fault:?}"));
    }

    fn compare(&mut self) -> Result<(), Stop> {
        let Some(log) = &self.log else { return Ok(()) };
        let segments = log.segments();
        let active = segments.last().map_or(0, |segment| segment.base_offset());
        let has_rolled = std::mem::replace(&mut self.active, active) < active;
        self.model.is_seal_unsynced |= has_rolled;
        self.is_flush_due |= has_rolled;
        self.model.flushed = self.model.flushed.max(log.recovery_point().min(self.model.end));
        check::offsets(log, &mut self.model)?;
        if !self.is_uncertain {
            check::producers(log, &self.model)?;
        }
        if self.random.below(6) == 0 {
            check::all(log, &mut self.model, &mut self.random)?;
        }
        Ok(())
    }

    /// The disk failed: the log takes no call any more, and a crash follows.
    fn after_failure(&mut self, text: &str) -> Result<(), Stop> {
        if self.fs.faults() == 0 {
            return Err(Stop::Wrong(format!("failed without a fault: {text}")));
        }
        self.tell(|| format!("  failed: {text}"));
        self.counts.failures += 1;
        self.check_offline(text)?;
        // What a failed sync dropped is in the page cache still: only a power failure shows what is left.
        let rules: &[Crash] = if self.fs.sync_failed() || self.random.below(2) == 0 {
            &[Crash::Synced, Crash::Ordered, Crash::Scattered, Crash::Garbage]
        } else {
            &[Crash::Killed]
        };
        self.crash(rules)
    }

    fn check_offline(&mut self, text: &str) -> Result<(), Stop> {
        let Some(log) = &self.log else { return Ok(()) };
        let changes = self.fs.changes();
        let answers = [
            log.flush(true, self.now_ms).map_err(|e| e.to_string()),
            log.roll(None, self.now_ms).map(|_| ()).map_err(|e| e.to_string()),
            log.truncate_to(0, self.now_ms).map(|_| ()).map_err(|e| e.to_string()),
        ];
        for answer in answers {
            if !answer.as_ref().is_err_and(|error| error.contains("offline")) {
                return Err(Stop::Wrong(format!("after a failure ({text}) the log answers {answer:?}")));
            }
        }
        if self.fs.changes() != changes {
            return Err(Stop::Wrong(format!("after a failure ({text}) the log goes on changing files")));
        }
        Ok(())
    }
}

/// Settings that let much happen in little data.
pub(super) fn config(random: &mut Random, profile: Profile) -> LogConfig {
    let mut pick = |from: &[i64]| from[random.below(from.len())];
    LogConfig {
        segment_bytes: pick(&[300, 700, 1500, 5000]) as i32,
        segment_ms: pick(&[100, 2000, i64::MAX]),
        segment_index_bytes: pick(&[60, 1000, 1000, 1000, 1000, 1000]) as i32,
        index_interval_bytes: pick(&[0, 100, 400]) as i32,
        flush_messages: pick(&[i64::MAX, i64::MAX, i64::MAX, 1, 5]),
        retention_bytes: pick(&[-1, 1000, 5000]),
        retention_ms: pick(&[-1, 500, 5000]),
        file_delete_delay_ms: pick(&[0, 1000, 60_000]),
        delete: profile != Profile::Compacted || pick(&[0, 1]) == 1,
        compact: profile == Profile::Compacted,
        delete_retention_ms: pick(&[0, 1000, 86_400_000]),
        min_cleanable_dirty_ratio: pick(&[0, 1]) as f64 / 4.0,
        preallocate: pick(&[0, 0, 0, 1]) == 1,
        message_timestamp_type: match pick(&[0, 0, 0, 1]) {
            0 => TimestampType::CreateTime,
            _ => TimestampType::LogAppendTime,
        },
        message_timestamp_after_max_ms: i64::MAX,
        ..LogConfig::default()
    }
}

pub(super) fn not_open() -> Stop {
    Stop::Wrong("no log is open".to_owned())
}
