//! One round of cleaning of one log (`Cleaner.doClean`).

use std::collections::HashMap;
use std::sync::Arc;

use super::build_map::{FindKeys, KeyLane, MapSink};
use super::candidate::LogToClean;
use super::clean_into::{OutLane, OutSink, ThinOut};
use super::group::{SegmentExtent, group_segments_by_size};
use super::hooks::CleanerHooks;
use super::io_buffer::IoBuffer;
use super::lanes::{Walked, walk};
use super::offset_map::OffsetMap;
use super::retention::{LastRecord, Retention};
use super::source::{Source, Window};
use super::stats::CleanerStats;
use super::transactions::CleanedTransactionMetadata;
use crate::format::file_name::FileState;
use crate::format::offset_index::OFFSET_INDEX_ENTRY_LEN;
use crate::format::time_index::TIME_INDEX_ENTRY_LEN;
use crate::fs::Fs;
use crate::log::Log;
use crate::log::config::LogConfig;
use crate::log::error::LogError;
use crate::segment::log_segment::{LogSegment, remove_segment_files};

/// What a cleaner is made with (`CleanerConfig`, of one thread).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CleanerConfig {
    /// Bytes for the hashes of keys (`log.cleaner.dedupe.buffer.size`).
    pub dedupe_buffer_bytes: usize,
    /// Part of them that may be used, 0 to 1 (`log.cleaner.io.buffer.load.factor`).
    pub dedupe_buffer_load_factor: f64,
    /// Bytes of a buffer of Kafka's for reading (`log.cleaner.io.buffer.size`). It decides which batches are too large;
    /// how much is read at once does not depend on it.
    pub io_buffer_bytes: usize,
    /// Up to how many bytes such a buffer grows, even where `max.message.bytes` is lower (`message.max.bytes`).
    pub io_buffer_bytes_max: usize,
}

impl Default for CleanerConfig {
    fn default() -> Self {
        CleanerConfig {
            dedupe_buffer_bytes: 128 * 1024 * 1024,
            dedupe_buffer_load_factor: 0.9,
            io_buffer_bytes: 512 * 1024,
            io_buffer_bytes_max: 1024 * 1024 + 12,
        }
    }
}

/// What came of a round.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cleaned {
    /// The next round starts here: what belongs into `cleaner-offset-checkpoint`.
    pub end_offset: i64,
    /// What was done.
    pub stats: CleanerStats,
}

/// Cleans one log after the other, with the same memory (`Cleaner`). Belongs to one thread.
pub struct Cleaner {
    config: CleanerConfig,
    map: OffsetMap,
    key_lanes: Vec<(Window, KeyLane)>,
    out_lanes: Vec<(Window, OutLane)>,
}

impl Cleaner {
    /// A cleaner; its memory is touched with the first rounds.
    pub fn new(config: CleanerConfig) -> Self {
        Cleaner::with_threads(config, 1)
    }

    /// A cleaner of so many threads: the caller's, and others of the operating system that clean a large segment together
    /// with it and are gone when the segment is done. Kafka has no such setting.
    pub fn with_threads(config: CleanerConfig, threads: usize) -> Self {
        let threads = threads.max(1);
        Cleaner {
            config,
            map: OffsetMap::new(config.dedupe_buffer_bytes),
            key_lanes: (0..threads).map(|_| Default::default()).collect(),
            out_lanes: (0..threads).map(|_| Default::default()).collect(),
        }
    }

    /// Cleans a log as far as `to_clean` says and the map reaches. Appends and reads go on meanwhile; segments must not be
    /// removed by others, who have to make `hooks` abort the round first.
    ///
    /// As in Kafka, transactions that were aborted below the log start are forgotten: the caller must have written
    /// down the log start before, so that their records do not come back with the next start.
    ///
    /// Each group of segments takes the place of its sources when it is done and on disk, so what is done stays
    /// when the round ends early.
    ///
    /// # Errors
    /// I/O errors; `CleaningAborted`; a batch that cannot be read, or that Kafka does not clean either: such a
    /// log should not be tried again.
    pub fn clean<F: Fs>(
        &mut self,
        log: &Log<F>,
        to_clean: &LogToClean,
        hooks: &impl CleanerHooks,
        now_ms: i64,
    ) -> Result<Cleaned, LogError> {
        log.check_usable()?;
        let cleaned = self.clean_log(log, to_clean, hooks, now_ms);
        for (window, lane) in &mut self.key_lanes {
            window.restore();
            lane.restore();
        }
        for (window, lane) in &mut self.out_lanes {
            window.restore();
            lane.restore();
        }
        log.guard(cleaned)
    }

    fn clean_log<F: Fs>(
        &mut self,
        log: &Log<F>,
        to_clean: &LogToClean,
        hooks: &impl CleanerHooks,
        now_ms: i64,
    ) -> Result<Cleaned, LogError> {
        let config = log.config();
        // What makes records superfluous must be on disk before they go: later records of their keys, and the markers
        // of transactions, which may lie in the active segment.
        log.sync_for_cleaning()?;
        let mut stats = CleanerStats::default();
        let mut io_buffer = IoBuffer::new(self.config.io_buffer_bytes, self.config.io_buffer_bytes_max);
        // Tombstones of magic 0 and 1 have no horizon: they go by the age of the clean part of the log.
        let legacy_delete_horizon_ms = match log.segments_between(0, to_clean.first_dirty_offset).last() {
            Some(segment) => segment.last_modified_ms(log.home())?.wrapping_sub(config.delete_retention_ms),
            None => 0,
        };
        self.build_map(log, to_clean, &config, &mut io_buffer, &mut stats, hooks)?;
        let end_offset = self.map.latest_offset().wrapping_add(1);

        let segments = log.segments_between(0, end_offset);
        let extents: Vec<_> = segments.iter().map(|segment| extent(log, segment)).collect::<Result<_, _>>()?;
        let groups = group_segments_by_size(
            &extents,
            config.segment_bytes,
            config.segment_index_bytes,
            to_clean.first_uncleanable_offset,
        );
        let mut transactions = CleanedTransactionMetadata::new();
        for group in groups {
            let mut round = Round {
                log,
                config: &config,
                to_clean,
                legacy_delete_horizon_ms,
                now_ms,
                hooks,
                transactions: &mut transactions,
                io_buffer: &mut io_buffer,
                stats: &mut stats,
                lanes: &mut self.out_lanes,
            };
            round.clean_segments(&segments[group], &self.map)?;
        }
        stats.buffer_utilization = self.map.utilization();
        Ok(Cleaned { end_offset, stats })
    }

    /// (`buildOffsetMap`)
    fn build_map<F: Fs>(
        &mut self,
        log: &Log<F>,
        to_clean: &LogToClean,
        config: &LogConfig,
        io_buffer: &mut IoBuffer,
        stats: &mut CleanerStats,
        hooks: &impl CleanerHooks,
    ) -> Result<(), LogError> {
        let (start, end) = (to_clean.first_dirty_offset, to_clean.first_uncleanable_offset);
        // Offsets are not used twice, so no more keys can come; in a log that says otherwise they have room, too.
        self.map.clear_for(end.saturating_sub(start).max(0).cast_unsigned());
        let keys_max = (self.map.slots() as f64 * self.config.dedupe_buffer_load_factor) as usize;
        let dirty = log.segments_between(start, end);
        let mut transactions = CleanedTransactionMetadata::new();
        transactions.add_aborted_transactions(log.collect_aborted_transactions(start, end)?);
        for (at, segment) in dirty.iter().enumerate() {
            if hooks.is_aborted() {
                return Err(LogError::CleaningAborted);
            }
            let home = log.home();
            let source = Source { home, segment, max_message_bytes: config.max_message_bytes };
            let position = segment.index_lookup(home, start)?.position.max(0).cast_unsigned();
            let pass = FindKeys { source: &source, hasher: self.map.hasher(), start_offset: start };
            let mut sink = MapSink { map: &mut self.map, keys_max, stats: &mut *stats };
            let state = (&mut transactions, &mut *io_buffer);
            match walk(&pass, &source, position, state, &mut sink, &mut self.key_lanes, hooks)? {
                Walked::Stopped => break,
                Walked::All(bytes) => stats.map_bytes_read += bytes,
            }
            // Offsets up to the next segment belong to this one, whether it has them or not.
            let next_offset = dirty.get(at + 1).map_or(end, |next| next.base_offset());
            self.map.update_latest_offset(next_offset - 1);
            io_buffer.restore();
        }
        Ok(())
    }
}

/// The second pass over a log.
struct Round<'a, F: Fs, H> {
    log: &'a Log<F>,
    config: &'a LogConfig,
    to_clean: &'a LogToClean,
    legacy_delete_horizon_ms: i64,
    now_ms: i64,
    hooks: &'a H,
    transactions: &'a mut CleanedTransactionMetadata,
    io_buffer: &'a mut IoBuffer,
    stats: &'a mut CleanerStats,
    lanes: &'a mut [(Window, OutLane)],
}

impl<F: Fs, H: CleanerHooks> Round<'_, F, H> {
    /// Cleans a group of segments into one, which takes their place (`cleanSegments`).
    fn clean_segments(&mut self, group: &[Arc<LogSegment<F>>], map: &OffsetMap) -> Result<(), LogError> {
        let (Some(first), Some(last)) = (group.first(), group.last()) else { return Ok(()) };
        let log = self.log;
        let home = log.home();
        // What an earlier round left when it failed.
        remove_segment_files(home.fs(), &home.dir(), first.base_offset(), FileState::Cleaned)?;
        let options = log.segment_options(self.config);
        let dest = LogSegment::create(home, first.base_offset(), FileState::Cleaned, &options, self.now_ms)?;
        let filled = self.fill(group, &dest, map).and_then(|()| {
            dest.seal(home)?;
            // Everything must be on disk before the sources lose their names.
            dest.files_to_sync(home)?.sync()?;
            dest.set_last_modified(home, last.last_modified_ms(home)?)?;
            Ok(())
        });
        if filled.is_err() {
            let _ = dest.remove_files(home);
        }
        filled?;
        log.replace_segments(&[Arc::new(dest)], group, self.now_ms)
    }

    fn fill(&mut self, group: &[Arc<LogSegment<F>>], dest: &LogSegment<F>, map: &OffsetMap) -> Result<(), LogError> {
        let log = self.log;
        let last_records = last_records_of_active_producers(log);
        let mut written_back = 0;
        for (at, segment) in group.iter().enumerate() {
            // The whole range, because the transaction index of the new segment is made from scratch.
            let next_offset = match group.get(at + 1) {
                Some(next) => next.base_offset(),
                None => segment.read_next_offset(log.home())?,
            };
            let aborted = log.collect_aborted_transactions(segment.base_offset(), next_offset)?;
            self.transactions.add_aborted_transactions(aborted);
            let rules = Retention {
                map,
                now_ms: self.now_ms,
                delete_retention_ms: self.config.delete_retention_ms,
                retain_legacy_deletes: segment.last_modified_ms(log.home())? > self.legacy_delete_horizon_ms,
                upper_bound_offset: self.to_clean.first_uncleanable_offset,
                last_records: &last_records,
            };
            let source = Source { home: log.home(), segment, max_message_bytes: self.config.max_message_bytes };
            let pass = ThinOut { source: &source, rules: &rules };
            let (home, stats) = (log.home(), &mut *self.stats);
            let mut sink = OutSink { home, dest, largest_offset: -1, written_back, stats };
            let state = (&mut *self.transactions, &mut *self.io_buffer);
            match walk(&pass, &source, 0, state, &mut sink, self.lanes, self.hooks) {
                // The next round finds it in parts.
                Err(LogError::SegmentOverflow { .. }) => {
                    log.split_overflowed_segment(segment, self.now_ms)?;
                    return Err(LogError::CleaningAborted);
                }
                cleaned => cleaned?,
            };
            written_back = sink.written_back;
            self.io_buffer.restore();
        }
        Ok(())
    }
}

/// (`lastRecordsOfActiveProducers`)
fn last_records_of_active_producers<F: Fs>(log: &Log<F>) -> HashMap<i64, LastRecord> {
    let mut records = HashMap::new();
    log.for_each_producer(|producer_id, state| {
        let last_data_offset = Some(state.last_data_offset()).filter(|offset| *offset >= 0);
        records.insert(producer_id, LastRecord { last_data_offset, producer_epoch: state.producer_epoch() });
    });
    records
}

fn extent<F: Fs>(log: &Log<F>, segment: &LogSegment<F>) -> Result<SegmentExtent, LogError> {
    let home = log.home();
    Ok(SegmentExtent {
        base_offset: segment.base_offset(),
        size: segment.size().into(),
        offset_index_bytes: (segment.offset_index_entries(home)? * OFFSET_INDEX_ENTRY_LEN) as u64,
        time_index_bytes: (segment.time_index_entries(home)? * TIME_INDEX_ENTRY_LEN) as u64,
    })
}
