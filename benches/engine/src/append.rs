//! Appending: as a leader one batch a call or a group of them, as a follower several a call.

use std::path::Path;
use std::sync::Arc;
use std::thread;

use kafka_log::compression::Compressor;
use kafka_log::fs::{Fs, FsFile, OpenMode, OsFs};
use kafka_log::log::config::LogConfig;
use kafka_log::log::{GroupedAppend, LeaderAppend, Log, LogOptions};

use crate::Anyhow;
use crate::options::Options;
use crate::payload::{Rng, Shape};
use crate::report::{Seconds, Timer, bench};

const NOW: i64 = 1_700_000_000_000;

pub(crate) fn config() -> LogConfig {
    LogConfig { segment_bytes: 1 << 30, max_message_bytes: 16 << 20, retention_ms: -1, ..LogConfig::default() }
}

pub(crate) fn open_new(dir: &Path, config: LogConfig) -> Anyhow<Log> {
    let _ = std::fs::remove_dir_all(dir);
    let options = LogOptions { config: Arc::new(config), now_ms: NOW, ..LogOptions::default() };
    Ok(Log::open(OsFs, dir, options)?.0)
}

pub(crate) fn run(options: &Options) -> Anyhow<()> {
    let dir = options.path("dir").join("bench-append-0");
    let mode = options.text("mode", "leader");
    let shape = Shape {
        codec: options.codec()?,
        record: options.number("record", 1024)?,
        raw: options.number("batch", 16384)?,
        keys: 0,
    };
    let per = options.number("per", 1_usize)?;
    let appenders = options.number("appenders", 1_usize)?;
    let sync = options.number("sync", 0_u8)? > 0;
    // As many batches as the other side goes round. A follower's call has as many there; what is a group here are several calls there.
    let batches_a_call = if mode == "follower" { per } else { 1 };
    let pool = (((64 << 20) / (shape.raw * batches_a_call)).clamp(8, 1024) * batches_a_call / per).max(1);
    let (mut rng, mut compressor) = (Rng(7), Compressor::new());
    let mut calls: Vec<Vec<Vec<u8>>> = Vec::new();
    for at in 0..pool as i64 {
        let mut call = Vec::new();
        for _ in 0..per {
            let mut batch = Vec::new();
            shape.batch(&mut rng, &mut compressor, 0, NOW + at, &mut batch)?;
            call.push(batch);
        }
        calls.push(call);
    }
    let bytes: u64 = options.number("bytes", 1 << 30)?;
    let per_call = shape.raw_bytes() * per as u64;
    let n = bytes / per_call / appenders as u64;
    let records = (shape.records() * per * appenders) as i64 * n.cast_signed();
    bench("append", options, per_call * n * appenders as u64, n * appenders as u64, || {
        if mode == "bare" {
            return write_bare(&dir, &calls, n * appenders as u64);
        }
        let log = open_new(&dir, config())?;
        let seconds = if mode == "leader" { lead(&log, &calls, n, appenders, sync)? } else { follow(&log, &calls, n)? };
        if log.log_end_offset() != records {
            return Err(format!("log end offset {}, expected {records}", log.log_end_offset()).into());
        }
        log.abandon()?;
        std::fs::remove_dir_all(&dir)?;
        Ok(seconds)
    })
}

fn lead(log: &Log, calls: &[Vec<Vec<u8>>], n: u64, appenders: usize, sync: bool) -> Anyhow<Seconds> {
    let timer = Timer::start();
    let done: Result<Vec<()>, String> = thread::scope(|scope| {
        let threads: Vec<_> = (0..appenders).map(|_| scope.spawn(move || lead_one(log, calls, n, sync))).collect();
        threads.into_iter().map(|t| t.join().map_err(|_| "a thread panicked".to_owned())?).collect()
    });
    done?;
    Ok(timer.stop())
}

fn lead_one(log: &Log, calls: &[Vec<Vec<u8>>], n: u64, sync: bool) -> Result<(), String> {
    let append = LeaderAppend::from_client(0);
    let mut calls: Vec<Vec<_>> =
        calls.iter().map(|call| call.iter().map(|records| GroupedAppend::new(records, append)).collect()).collect();
    let pool = calls.len();
    for k in 0..n {
        let call = &mut calls[(k % pool as u64) as usize];
        if let [batch] = call.as_mut_slice() {
            log.append_as_leader(batch.records, append, NOW).map_err(|e| e.to_string())?;
        } else {
            log.append_group_as_leader(call, NOW);
            for grouped in call {
                grouped.answer.take().ok_or("no answer")?.map_err(|e| e.to_string())?;
            }
        }
        if sync {
            log.flush(false, NOW).map_err(|e| e.to_string())?;
        }
    }
    Ok(())
}

fn follow(log: &Log, calls: &[Vec<Vec<u8>>], n: u64) -> Anyhow<Seconds> {
    let mut calls: Vec<Vec<u8>> = calls.iter().map(|call| call.concat()).collect();
    let pool = calls.len();
    let mut next = 0_i64;
    let timer = Timer::start();
    for k in 0..n {
        let call = &mut calls[(k % pool as u64) as usize];
        let mut at = 0;
        while at < call.len() {
            call[at..at + 8].copy_from_slice(&next.to_be_bytes());
            next += i64::from(number_at(call, at + 23)) + 1;
            at += 12 + number_at(call, at + 8) as usize;
        }
        log.append_as_follower(call, i32::MAX, NOW)?;
    }
    Ok(timer.stop())
}

/// The same bytes by the same number of `pwrite`s and nothing else: what the file system takes, and no log can be below.
fn write_bare(dir: &Path, calls: &[Vec<Vec<u8>>], n: u64) -> Anyhow<Seconds> {
    let calls: Vec<Vec<u8>> = calls.iter().map(|call| call.concat()).collect();
    std::fs::create_dir_all(dir)?;
    let file = OsFs.open(&dir.join("bare"), OpenMode::Create)?;
    let mut position = 0;
    let timer = Timer::start();
    for k in 0..n {
        let call = &calls[(k % calls.len() as u64) as usize];
        file.write_all_at(call, position)?;
        position += call.len() as u64;
    }
    let seconds = timer.stop();
    std::fs::remove_dir_all(dir)?;
    Ok(seconds)
}

fn number_at(bytes: &[u8], at: usize) -> i32 {
    i32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}
