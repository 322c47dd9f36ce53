//! The operations of a run, each of which says to the model what it must have done.

use std::sync::Arc;

use kafka_log::internal::{Cleaner, CleanerConfig};
use kafka_log::log::LogStartOffsetReason;
use kafka_log::log::error::LogError;

use super::Crash;
use super::check::{self, Stop};
use super::run::{Profile, Run, config, not_open};

fn wrong<T>(text: String) -> Result<T, Stop> {
    Err(Stop::Wrong(text))
}

impl Run {
    pub(super) fn operation(&mut self) -> Result<(), Stop> {
        match self.random.below(100) {
            0..45 => self.append(),
            45..54 => self.move_high_watermark(),
            54..60 => self.flush(),
            60..66 => self.run_due(),
            66..70 => self.sleep(),
            70..73 => self.roll(),
            73..76 => self.save(),
            76..79 => self.truncate(),
            79 => self.truncate_fully(),
            80..83 => self.delete_records(),
            83..86 if self.profile == Profile::Compacted => self.clean(),
            83..86 => self.retain(),
            86 if self.profile == Profile::Compacted => self.retain(),
            86..89 => self.clean(),
            89 => self.change_config(),
            90 => self.snapshot(),
            91 => self.release(),
            92..95 => self.close_and_open(),
            95..97 => {
                self.tell(|| "look at everything".to_owned());
                let log = self.log.as_ref().ok_or_else(|| Stop::Wrong("not open".to_owned()))?;
                check::all(log, &mut self.model, &mut self.random)
            }
            _ if self.fs.power_is_off() => Ok(()),
            _ => self.crash(&Crash::ALL),
        }
    }

    fn move_high_watermark(&mut self) -> Result<(), Stop> {
        let to = match self.random.below(4) {
            0 => self.model.start - 1 + self.random.below((self.model.end - self.model.start) as usize + 3) as i64,
            _ => self.model.end,
        };
        let to = to.max(0);
        self.tell(|| format!("high watermark {to}"));
        let expected = to.clamp(self.model.start, self.model.end);
        let found = self.log()?.update_high_watermark(to)?;
        self.model.high_watermark = expected;
        self.model.is_cut_since_high_watermark = false;
        // What lies below a high watermark stays decided when it sinks.
        self.model.reloaded_at = self.model.reloaded_at.max(expected);
        if found == expected { Ok(()) } else { wrong(format!("high watermark {found}, not {expected}")) }
    }

    fn flush(&mut self) -> Result<(), Stop> {
        let force = self.random.below(2) == 0;
        self.tell(|| format!("flush, force {force}"));
        self.log()?.flush(force, self.now_ms)?;
        self.model.is_seal_unsynced = false;
        self.model.flushed = self.model.end;
        let recovery_point = self.log()?.recovery_point();
        let end = self.model.end;
        if recovery_point < end {
            wrong(format!("recovery point {recovery_point} after a flush of {end}"))
        } else {
            Ok(())
        }
    }

    fn run_due(&mut self) -> Result<(), Stop> {
        self.tell(|| "do what is due".to_owned());
        self.log()?.run_due(self.now_ms)?;
        // The flush after a roll syncs what was sealed before, too; one that an earlier process had still to do is not done.
        self.model.is_seal_unsynced &= !self.is_flush_due;
        self.is_flush_due = false;
        Ok(())
    }

    fn sleep(&mut self) -> Result<(), Stop> {
        let ms = [1, 50, 600, 3000][self.random.below(4)];
        self.tell(|| format!("sleep {ms}"));
        self.now_ms += ms;
        self.fs.set_clock(self.now_ms);
        Ok(())
    }

    fn roll(&mut self) -> Result<(), Stop> {
        self.tell(|| "roll".to_owned());
        let base = self.log()?.roll(None, self.now_ms)?;
        if base == self.model.end { Ok(()) } else { wrong(format!("rolled to {base}")) }
    }

    /// Writes the checkpoints of the log directory.
    fn save(&mut self) -> Result<(), Stop> {
        self.save_recovery_point()?;
        self.save_start()?;
        self.saved.high_watermark = self.log()?.high_watermark();
        let saved = self.saved;
        self.tell(|| format!("save {saved:?}"));
        Ok(())
    }

    fn save_start(&mut self) -> Result<(), Stop> {
        let log = self.log()?;
        let first = log.segments().first().map_or(0, |segment| segment.base_offset());
        let start = log.log_start_offset();
        self.saved.start = if start > first { start } else { 0 };
        Ok(())
    }

    fn save_recovery_point(&mut self) -> Result<(), Stop> {
        self.saved.recovery_point = self.log()?.recovery_point();
        Ok(())
    }

    fn truncate(&mut self) -> Result<(), Stop> {
        let most = if self.random.below(3) == 0 { 40 } else { 6 };
        let back = self.random.below(most) as i64;
        let target = (self.model.end + 1 - back).max(0);
        self.tell(|| format!("truncate to {target}"));
        let first = self.log()?.segments().first().map_or(0, |segment| segment.base_offset());
        let is_due = target < self.model.end;
        if is_due {
            let reaching = self.model.batches.iter().find(|batch| batch.last_offset >= target);
            let cut_at = reaching.map_or(target, |batch| batch.base_offset.min(target));
            self.under_way.kept = self.under_way.kept.min(cut_at);
            if target < first {
                self.under_way.start_max = i64::MAX;
            }
            self.under_way.is_cutting = true;
        }
        let cut = self.log()?.truncate_to(target, self.now_ms)?;
        if cut != is_due {
            return wrong(format!("truncated: {cut}"));
        }
        if cut {
            if target < first {
                self.model.truncate_fully(target, target);
            } else {
                self.model.truncate(target);
            }
            self.after_cut()?;
        }
        Ok(())
    }

    fn truncate_fully(&mut self) -> Result<(), Stop> {
        let to = (self.model.end + self.random.below(20) as i64 - 10).max(0);
        self.tell(|| format!("truncate fully, start at {to}"));
        self.under_way.kept = i64::MIN;
        self.under_way.start_max = i64::MAX;
        self.under_way.is_cutting = true;
        self.log()?.truncate_fully_and_start_at(to, None, self.now_ms)?;
        self.model.truncate_fully(to, to);
        self.after_cut()
    }

    /// What a manager does after a truncation.
    fn after_cut(&mut self) -> Result<(), Stop> {
        self.under_way.is_cutting = false;
        self.save_recovery_point()?;
        let active = self.log()?.segments().last().map_or(0, |segment| segment.base_offset());
        self.saved.cleaner = self.saved.cleaner.min(active);
        Ok(())
    }

    fn delete_records(&mut self) -> Result<(), Stop> {
        let to = self.model.start + self.random.below((self.model.end - self.model.start) as usize + 2) as i64;
        self.tell(|| format!("delete records below {to}"));
        self.under_way.start_max = self.under_way.start_max.max(to.min(self.model.high_watermark));
        let reason = LogStartOffsetReason::ClientRecordDeletion;
        let moved = self.log()?.maybe_increment_log_start_offset(to, reason, self.now_ms);
        match moved {
            Err(LogError::OffsetOutOfRange { .. }) if to > self.model.high_watermark => Ok(()),
            Ok(moved) if to <= self.model.high_watermark && moved == (to > self.model.start) => {
                self.model.raise_start(to);
                Ok(())
            }
            Err(LogError::Storage(error)) => Err(Stop::Medium(error.to_string())),
            other => wrong(format!("log start {to}: {other:?}")),
        }
    }

    fn retain(&mut self) -> Result<(), Stop> {
        self.tell(|| "delete old segments".to_owned());
        self.under_way.start_max = self.under_way.start_max.max(self.model.high_watermark);
        let before = self.model.start;
        let count = self.log()?.delete_old_segments(self.now_ms)?;
        let start = self.log()?.log_start_offset();
        self.tell(|| format!("  {count} segments, start {start}"));
        if start < before || start > self.model.high_watermark.max(before) {
            return wrong(format!("retention moved the log start from {before} to {start}"));
        }
        if start > before && (!self.config.delete || count == 0) {
            return wrong(format!("the log start moved from {before} to {start} though nothing may go"));
        }
        self.model.raise_start(start);
        Ok(())
    }

    fn change_config(&mut self) -> Result<(), Stop> {
        self.config = Arc::new(config(&mut self.random, self.profile));
        let config = Arc::clone(&self.config);
        self.tell(|| format!("{config:?}"));
        self.log()?.update_config(config);
        Ok(())
    }

    fn snapshot(&mut self) -> Result<(), Stop> {
        self.tell(|| "snapshot".to_owned());
        Ok(self.log()?.take_producer_snapshot()?)
    }

    fn release(&mut self) -> Result<(), Stop> {
        self.tell(|| "release what is idle".to_owned());
        Ok(self.log()?.release_idle()?)
    }

    fn close_and_open(&mut self) -> Result<(), Stop> {
        self.tell(|| "close".to_owned());
        self.saved.high_watermark = self.log()?.high_watermark();
        self.log()?.flush(true, self.now_ms)?;
        self.model.flushed = self.model.end;
        self.under_way.kept = self.model.end;
        let first = self.log()?.segments().first().map_or(0, |segment| segment.base_offset());
        let recovery_point = self.log()?.recovery_point();
        self.log.take().ok_or_else(not_open)?.close()?;
        self.saved.recovery_point = recovery_point;
        self.saved.start = if self.model.start > first { self.model.start } else { 0 };
        self.saved.is_clean = true;
        if self.random.below(2) == 0 && !self.fs.power_is_off() {
            return self.crash(&Crash::ALL);
        }
        self.reopen(None)
    }

    fn clean(&mut self) -> Result<(), Stop> {
        if self.profile != Profile::Compacted {
            return self.run_due();
        }
        let checkpoint = Some(self.saved.cleaner).filter(|offset| *offset > 0);
        let to_clean = self.log()?.log_to_clean(checkpoint, self.now_ms)?;
        self.tell(|| format!("clean {to_clean:?}"));
        if !to_clean.needs_cleaning(self.config.min_cleanable_dirty_ratio) {
            return Ok(());
        }
        self.under_way.is_cleaning = true;
        // What a manager does before: cleaning forgets that transactions below the log start were aborted.
        self.save_start()?;
        let mut cleaner = Cleaner::new(CleanerConfig {
            // Room for a few keys at times, so that a round ends early.
            dedupe_buffer_bytes: [24 * 8, 24 * 64][self.random.below(2)],
            io_buffer_bytes: 1024,
            ..CleanerConfig::default()
        });
        let log = self.log.as_ref().ok_or_else(|| Stop::Wrong("no log is open".to_owned()))?;
        let cleaned = match cleaner.clean(log, &to_clean, &(), self.now_ms) {
            Ok(cleaned) => Some(cleaned),
            // Together the segments have more batches than an index may have entries: Kafka leaves such a log alone then. The
            // groups before it are cleaned.
            Err(error) if error.to_string().contains("index is full") => None,
            Err(error) => return Err(error.into()),
        };
        let found = check::content(log, self.model.start, &mut self.random)?;
        self.model.take_cleaned(found, to_clean.first_uncleanable_offset)?;
        self.under_way.is_cleaning = false;
        self.tell(|| format!("  cleaned to {:?}", cleaned.map(|cleaned| cleaned.end_offset)));
        if let Some(cleaned) = cleaned {
            self.saved.cleaner = cleaned.end_offset;
            self.counts.cleaned += 1;
        }
        Ok(())
    }
}
