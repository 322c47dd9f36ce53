//! Compaction of a log in which each key appears about `dup` times.

use kafka_log::compression::Compressor;
use kafka_log::internal::{Cleaner, CleanerConfig};
use kafka_log::log::Log;
use kafka_log::log::config::LogConfig;

use crate::Anyhow;
use crate::append::{config, open_new};
use crate::options::Options;
use crate::payload::{Rng, Shape};
use crate::report::{Timer, bench};

const NOW: i64 = 1_700_000_000_000;

pub(crate) fn run(options: &Options) -> Anyhow<()> {
    let dir = options.path("dir").join("bench-compact-0");
    let want: u64 = options.number("bytes", 1 << 30)?;
    let record: usize = options.number("record", 1024)?;
    let dup: u64 = options.number("dup", 2)?;
    let shape = Shape {
        codec: options.codec()?,
        record,
        raw: options.number("batch", 16384)?,
        keys: want / record as u64 / dup,
    };
    let topic = LogConfig {
        compact: true,
        delete: false,
        segment_bytes: options.number("segment", 256 << 20)?,
        file_delete_delay_ms: 0,
        ..config()
    };
    let settings = CleanerConfig {
        dedupe_buffer_bytes: 128 << 20,
        dedupe_buffer_load_factor: 0.9,
        io_buffer_bytes: 512 << 10,
        io_buffer_bytes_max: 32 << 20,
    };
    let mut cleaner = Cleaner::with_threads(settings, options.number("threads", 1)?);
    let sizes = std::cell::Cell::new((0, 0));
    bench("compact", options, want, want / record as u64, || {
        let log = open_new(&dir, topic.clone())?;
        let records = fill(&log, &shape, want)?;
        log.update_high_watermark(records)?;
        log.roll(None, NOW)?;
        log.flush(false, NOW)?;
        log.run_due(NOW)?;
        let before = log.size();
        let to_clean = log.log_to_clean(Some(0), NOW)?;
        let timer = Timer::start();
        cleaner.clean(&log, &to_clean, &(), NOW)?;
        let seconds = timer.stop();
        sizes.set((before, records));
        if log.size() >= before {
            return Err("nothing was compacted".into());
        }
        log.run_due(NOW)?;
        log.abandon()?;
        std::fs::remove_dir_all(&dir)?;
        Ok(seconds)
    })
}

/// Appends until the log has `want` bytes; says how many records that took.
fn fill(log: &Log, shape: &Shape, want: u64) -> Anyhow<i64> {
    let (mut rng, mut compressor) = (Rng(11), Compressor::new());
    let (mut offset, mut timestamp) = (0, NOW);
    let mut batch = Vec::new();
    while log.size() < want {
        batch.clear();
        shape.batch(&mut rng, &mut compressor, offset, timestamp, &mut batch)?;
        offset = log.append_as_follower(&batch, i32::MAX, NOW)?.last_offset + 1;
        timestamp += 1;
    }
    Ok(offset)
}
