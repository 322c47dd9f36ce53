//! Reading: offset to file slice, bytes, checksums, records.

use std::sync::Arc;

use kafka_log::compression::Decompressor;
use kafka_log::fs::OsFs;
use kafka_log::log::config::LogConfig;
use kafka_log::log::types::FetchIsolation;
use kafka_log::log::{Log, LogOptions};
use kafka_log::segment::batch::{Batch, Batches};

use crate::Anyhow;
use crate::append::config;
use crate::options::Options;
use crate::payload::Rng;
use crate::report::{Timer, bench};

pub(crate) fn open_existing(options: &Options, clean: bool) -> Anyhow<Log> {
    let log_options = LogOptions {
        config: Arc::new(LogConfig { segment_bytes: i32::MAX, ..config() }),
        recovery_point: if clean { i64::MAX } else { 0 },
        had_clean_shutdown: clean,
        recovery_threads: options.number("threads", 1)?,
        ..LogOptions::default()
    };
    Ok(Log::open(OsFs, &options.path("log"), log_options)?.0)
}

pub(crate) fn run(options: &Options) -> Anyhow<()> {
    let what = options.text("what", "bytes");
    let fetch = options.number("fetch", 1_usize << 20)?;
    let lookups = options.number("lookups", 200_000_u32)?;
    // A log that was just opened has not been looked at: what each round asks it asks for the first time.
    let is_fresh = options.number("fresh", 0_u8)? > 0;
    let mut opened = Some(open_existing(options, true)?);
    let end = opened.as_ref().map_or(0, |log| log.log_end_offset());
    let mut buf = vec![0; fetch * 2];
    let mut decompressor = Decompressor::new(256 << 20);
    let counts = std::cell::Cell::new((0, 0));
    let mut round = || {
        let (mut bytes, mut ops) = (0_u64, 0_u64);
        if is_fresh {
            opened.take().map_or(Ok(()), |log| log.abandon())?;
            opened = Some(open_existing(options, true)?);
        }
        let log = opened.as_ref().ok_or("no log is open")?;
        let mut rng = Rng(1);
        let timer = Timer::start();
        if what == "locate" {
            for _ in 0..lookups {
                let offset = ((rng.next() >> 1) % end.cast_unsigned()).cast_signed();
                bytes += log.read(offset, fetch, FetchIsolation::LogEnd, true)?.records.len() as u64;
                ops += 1;
            }
            counts.set((bytes, ops));
            return Ok(timer.stop());
        }
        let mut offset = 0;
        while offset < end {
            let slice = log.read(offset, fetch, FetchIsolation::LogEnd, true)?.records;
            let got = slice.read_into(&mut buf)?;
            for batch in Batches::new(&buf[..got]) {
                let batch = batch?;
                bytes += batch.overhead.size() as u64;
                let Batch::Default(batch) = batch.parse()? else { return Err("magic 2 expected".into()) };
                offset = batch.header().last_offset() + 1;
                if what != "bytes" && !batch.is_valid() {
                    return Err("a checksum is wrong".into());
                }
                if what == "records" {
                    for record in batch.records(&mut decompressor)? {
                        std::hint::black_box(record?);
                        ops += 1;
                    }
                } else {
                    ops += 1;
                }
            }
        }
        counts.set((bytes, ops));
        Ok(timer.stop())
    };
    round()?;
    let (bytes, ops) = counts.get();
    bench("read", options, bytes, ops, &mut round)?;
    opened.map_or(Ok(()), |log| log.abandon())?;
    Ok(())
}
