//! Crashes, and what must be there afterwards.

use std::path::Path;
use std::sync::Arc;

use kafka_log::fs::{Fs, read_whole};
use kafka_log::log::ProducerStateConfig;
use kafka_log::log::RecoveryReason;
use kafka_log::log::{Log, LogOptions, OpenError, OpenReport};

use super::check::{self, Stop};
use super::model::{ModelBatch, decode, whole};
use super::run::{DIR, Run};
use super::{Crash, Fault};

/// What Kafka does not open either: more batches than a segment's index may have entries. An opening starts to count the
/// bytes between entries again, so that recovery may want more entries than the appends.
const REFUSED_BY_KAFKA: [&str; 1] = ["the index is full"];

/// What Kafka does not open either where a torn write lost no more than the offset of a segment's first batch, which no
/// checksum covers: it counts as one that does not fit. With zeros after that the file was made longer by, the look at the
/// end of the segment fails before that.
const REFUSED_WHERE_TORN: [&str; 2] = ["does not fit, though not at its end", "batch length at byte"];

impl Run {
    /// Lets the machine or the process die by one of `rules`, and opens the log again.
    pub(super) fn crash(&mut self, rules: &[Crash]) -> Result<(), Stop> {
        // What is in memory alone is lost with the process.
        self.log = None;
        self.counts.crashes += 1;
        let rule = rules[self.random.below(rules.len())];
        self.tell(|| format!("crash: {rule:?}"));
        self.fs = self.fs.crash(rule, self.random.number());
        if self.crashes_left.is_some_and(|left| left <= 1) {
            return Err(Stop::Captured);
        }
        self.crashes_left = self.crashes_left.map(|left| left - 1);
        self.reopen(Some(rule))
    }

    /// Opens the log, through crashes during recovery, and holds what is there against the model. `crash` is what came
    /// before, if it was not a clean end.
    pub(super) fn reopen(&mut self, crash: Option<Crash>) -> Result<(), Stop> {
        let mut crash = crash;
        self.is_flush_due = false;
        // The operation that failed may have rolled a segment before.
        self.model.is_seal_unsynced |= self.last_base() > self.active;
        for attempt in 0.. {
            self.fs.disarm();
            if attempt < 3 && self.random.below(4) == 0 {
                let behind = 1 + self.random.below(15) as u64;
                self.tell(|| format!("  power fails at call {behind} of the opening"));
                self.fs.fail_change(self.fs.changes() + behind, Fault::PowerOff);
            }
            self.tell_files();
            let opened = self.open();
            let was_clean = std::mem::replace(&mut self.saved.is_clean, false);
            match opened {
                Ok((log, report)) => {
                    self.fs.disarm();
                    let mut reasons = report.recovered_segments.iter().map(|segment| segment.reason);
                    if reasons.any(|reason| reason == RecoveryReason::OffsetsOutOfOrder) {
                        return Err(Stop::Wrong("a segment was emptied".to_owned()));
                    }
                    let outcome = self.recovered(&log, crash, was_clean);
                    // What a manager has to do: a checkpoint above the log end would hide what is appended now from the next
                    // recovery.
                    self.saved.recovery_point = self.saved.recovery_point.min(log.recovery_point());
                    self.log = Some(log);
                    return outcome;
                }
                Err(error) => {
                    let text = error.to_string();
                    let is_torn = || self.has_torn_offset();
                    if crash.is_some() && REFUSED_BY_KAFKA.iter().any(|refused| text.contains(refused))
                        || crash.is_some()
                            && REFUSED_WHERE_TORN.iter().any(|refused| text.contains(refused))
                            && is_torn()
                    {
                        return Err(Stop::Refused);
                    }
                    if self.fs.faults() == 0 {
                        return Err(Stop::Wrong(format!("does not open: {error}")));
                    }
                    let rule = Crash::ALL[self.random.below(Crash::ALL.len())];
                    self.tell(|| format!("  {error}; crash: {rule:?}"));
                    self.counts.crashes += 1;
                    self.fs = self.fs.crash(rule, self.random.number());
                    if crash != Some(Crash::Killed) || rule != Crash::Killed {
                        crash = Some(rule).filter(|rule| *rule != Crash::Killed).or(crash).or(Some(rule));
                    }
                }
            }
        }
        Ok(())
    }

    /// Names and content of the log files, looked at in a copy: the faults of a run must not depend on the observer.
    fn log_files(&self) -> Vec<(String, Vec<u8>)> {
        let copy = self.fs.crash(Crash::Killed, 0);
        let mut entries = copy.read_dir(Path::new(DIR)).unwrap_or_default();
        entries.sort();
        let logs = entries.into_iter().filter(|entry| entry.name.contains(".log"));
        let content = |name: &str| read_whole(&copy, &Path::new(DIR).join(name)).ok().flatten().unwrap_or_default();
        logs.map(|entry| (content(&entry.name), entry.name)).map(|(bytes, name)| (name, bytes)).collect()
    }

    /// Base offset of the last segment that has a file.
    fn last_base(&self) -> i64 {
        let files = self.log_files();
        files.iter().filter_map(|(name, _)| name.strip_suffix(".log")?.parse().ok()).max().unwrap_or(0)
    }

    /// Whether a batch lost its offset in a torn write, and nothing else: no checksum covers it.
    fn has_torn_offset(&self) -> bool {
        let is_torn = |batch: &Arc<ModelBatch>| !self.model.was_written(batch) && self.model.is_torn(batch);
        self.log_files().iter().any(|(name, bytes)| name.ends_with(".log") && whole(bytes).iter().any(is_torn))
    }

    /// Tells what is in the segment files.
    fn tell_files(&mut self) {
        if self.trace.is_none() {
            return;
        }
        for (name, bytes) in self.log_files() {
            let batches = decode(&bytes).map(|(batches, rest)| {
                let offsets: Vec<_> = batches.iter().map(|batch| (batch.base_offset, batch.last_offset)).collect();
                format!("{offsets:?} and {rest} bytes")
            });
            self.tell(|| format!("    {name}, {} bytes: {batches:?}", bytes.len()));
        }
    }

    fn open(&mut self) -> Result<(Log<super::SimFs>, OpenReport), OpenError> {
        let options = LogOptions {
            config: Arc::clone(&self.config),
            log_start_offset: self.saved.start,
            recovery_point: self.saved.recovery_point,
            had_clean_shutdown: self.saved.is_clean,
            producers: ProducerStateConfig {
                expiration_ms: i64::MAX / 4,
                verification_enabled: false,
                ..ProducerStateConfig::default()
            },
            now_ms: self.now_ms,
            ..LogOptions::default()
        };
        let opened = Log::open(self.fs.clone(), Path::new(DIR), options);
        let saved = self.saved;
        self.tell(|| format!("open: {saved:?} -> {:?}", opened.as_ref().map(|(_, report)| report)));
        let (log, report) = opened?;
        log.update_high_watermark(self.saved.high_watermark)?;
        Ok((log, report))
    }

    /// What recovery left is all that was durable, nothing that was never there, and taken as the truth from now on.
    fn recovered(&mut self, log: &Log<super::SimFs>, crash: Option<Crash>, was_clean: bool) -> Result<(), Stop> {
        let (start, end) = (log.log_start_offset(), log.log_end_offset());
        let found = check::content(log, start, &mut self.random)?;
        self.counts.recovered += found.len() as u64;
        self.tell(|| {
            let offsets: Vec<_> = found.iter().map(|batch| (batch.base_offset, batch.last_offset)).collect();
            format!("  found {start} to {end}: {offsets:?}")
        });
        let start_max = self.under_way.start_max.max(self.saved.start);
        if start > start_max {
            return Err(Stop::Wrong(format!("the log starts at {start}, above {start_max}")));
        }
        // Without a failure of power all is there, unless an operation was interrupted in the middle.
        let kept = match crash {
            None | Some(Crash::Killed) if !self.under_way.is_cutting => self.model.end,
            _ if was_clean => self.model.end,
            _ => self.under_way.kept.min(self.model.flushed),
        };
        self.check_origin(&found, kept)?;
        self.check_kept(&found, start_max.max(self.model.promised_from), kept)?;
        if !matches!(crash, None | Some(Crash::Killed)) || self.under_way.is_cleaning || self.under_way.is_cutting {
            self.is_uncertain = true;
        }
        if !matches!(crash, None | Some(Crash::Killed)) && !was_clean {
            // The last entry of a time index is written when the segment is rolled, and synced later: as in Kafka.
            self.model.has_old_times |= self.model.is_seal_unsynced;
        }
        self.model.is_cut_since_high_watermark = false;
        self.model.adopt(found, start, end);
        if start > self.model.high_watermark || self.saved.high_watermark > 0 {
            self.model.high_watermark = self.saved.high_watermark.clamp(start, end.max(start));
        }
        self.model.high_watermark = log.high_watermark();
        if self.model.high_watermark != self.saved.high_watermark.max(start).min(end) {
            return Err(Stop::Wrong(format!("high watermark {} after opening", self.model.high_watermark)));
        }
        // Cut files that a kill left as they are come back with the next power failure, as in Kafka.
        let is_half_cut = self.under_way.is_cutting && crash == Some(Crash::Killed);
        self.under_way.is_cutting = false;
        if is_half_cut {
            log.flush(true, self.now_ms)?;
            self.model.flushed = end;
        }
        self.under_way.kept = self.model.flushed;
        check::all(log, &mut self.model, &mut self.random)
    }

    /// Each batch was written once, or is what compaction left of one; neighbours are those they were.
    fn check_origin(&self, found: &[Arc<ModelBatch>], kept: i64) -> Result<(), Stop> {
        for batch in found {
            let is_known = self.model.was_written(batch) || self.config.compact && self.model.was_thinned(batch);
            if !is_known && self.model.is_torn(batch) {
                return Err(Stop::Refused);
            }
            if !is_known {
                return Err(Stop::Wrong(format!("was never written: {batch:?}")));
            }
        }
        for pair in found.windows(2) {
            let (last, next) = (pair[0].last_offset, pair[1].base_offset);
            // Below what was kept there are no new gaps. After it a segment may end early, and the next one be whole.
            if next <= last
                || next < kept
                    && next > self.model.promised_from
                    && !self.config.compact
                    && !self.model.were_neighbours(last, next)
            {
                return Err(Stop::Wrong(format!("offset {next} follows {last}")));
            }
        }
        Ok(())
    }

    /// All records of the model in a range of offsets are there.
    fn check_kept(&self, found: &[Arc<ModelBatch>], from: i64, to: i64) -> Result<(), Stop> {
        let mut records: Vec<_> = found.iter().flat_map(|batch| &batch.records).collect();
        records.sort_by_key(|record| record.offset);
        let expected = self.model.visible().flat_map(|batch| &batch.records);
        for record in expected.filter(|record| (from..to).contains(&record.offset)) {
            let at = records.binary_search_by_key(&record.offset, |found| found.offset);
            let is_there = at.is_ok_and(|at| records[at] == record);
            let is_cleaned = self.under_way.is_cleaning && self.model.may_be_cleaned(record, found);
            if !is_there && !is_cleaned {
                let found = at.map(|at| records[at]);
                return Err(Stop::Wrong(format!("everything below {to} was kept, but {record:?} is not: {found:?}")));
            }
        }
        Ok(())
    }
}
