//! `crash-child DIR SEED`: opens the log in `DIR/t-0` and appends, flushes, rolls, cuts and deletes until somebody kills it.
//! Each line on standard output tells the parent something it may hold the files to afterwards:
//!
//! * `open START END`: the log as recovery left it;
//! * `append BASE LAST CRC`: a batch was appended;
//! * `flush END`: everything below is on disk;
//! * `cutting OFFSET`, then `cut END`: a truncation begins, and has ended;
//! * `starting OFFSET`, then `start OFFSET`: the log start moves, and has moved.

use std::error::Error;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::{env, process};

use kafka_log::format::batch::RecordBatch;
use kafka_log::fs::{OsFs, read_whole, write_atomically};
use kafka_log::log::config::LogConfig;
use kafka_log::log::{LeaderAppend, Log, LogOptions, LogStartOffsetReason};
use tests::Random;
use tests::sim::make::{Maker, Producer};

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [dir, seed] = arguments.as_slice() else {
        eprintln!("usage: crash-child DIR SEED");
        process::exit(2);
    };
    if let Err(error) = run(Path::new(dir), seed.parse().unwrap_or(0)) {
        eprintln!("crash-child: {error}");
        process::exit(1);
    }
}

fn say(line: &str) -> io::Result<()> {
    // One write, so that the parent never reads a part of a line.
    io::stdout().write_all(format!("{line}\n").as_bytes())
}

/// The recovery point as a number in a file: a broker has a checkpoint of many partitions for it.
fn saved(dir: &Path) -> io::Result<i64> {
    let bytes = read_whole(&OsFs, &dir.join("recovery-point"))?.unwrap_or_default();
    Ok(String::from_utf8_lossy(&bytes).parse().unwrap_or(0))
}

fn save(dir: &Path, log: &Log) -> io::Result<()> {
    write_atomically(&OsFs, &dir.join("recovery-point"), log.recovery_point().to_string().as_bytes())
}

fn run(dir: &Path, seed: u64) -> Result<(), Box<dyn Error>> {
    let config = LogConfig {
        segment_bytes: 20_000,
        index_interval_bytes: 200,
        file_delete_delay_ms: 50,
        retention_ms: -1,
        ..LogConfig::default()
    };
    let (mut random, mut maker, mut now_ms) = (Random::new(seed), Maker::new(), 1_700_000_000_000);
    let options = LogOptions {
        config: Arc::new(config),
        recovery_point: saved(dir)?,
        had_clean_shutdown: false,
        now_ms,
        ..LogOptions::default()
    };
    let (log, _) = Log::open(OsFs, &dir.join("t-0"), options)?;
    save(dir, &log)?;
    say(&format!("open {} {}", log.log_start_offset(), log.log_end_offset()))?;
    loop {
        now_ms += 1;
        match random.below(100) {
            0..84 => {
                let count = 1 + random.below(5) as i64;
                let batch = maker.data(&mut random, 0, count, (now_ms, false), Producer::NONE, -1);
                let info = log.append_as_leader(&batch, LeaderAppend::from_client(1), now_ms)?;
                let crc = RecordBatch::parse(&batch)?.header().crc();
                say(&format!("append {} {} {crc}", info.first_offset, info.last_offset))?;
            }
            84..92 => {
                log.flush(false, now_ms)?;
                say(&format!("flush {}", log.recovery_point()))?;
            }
            92..96 => log.run_due(now_ms)?,
            96 => {
                let offset = (log.log_end_offset() - random.below(20) as i64).max(log.log_start_offset());
                say(&format!("cutting {offset}"))?;
                log.truncate_to(offset, now_ms)?;
                save(dir, &log)?;
                say(&format!("cut {}", log.log_end_offset()))?;
            }
            97 => {
                let end = log.log_end_offset();
                log.update_high_watermark(end)?;
                let start = log.log_start_offset().max(end - 2000);
                say(&format!("starting {start}"))?;
                log.maybe_increment_log_start_offset(start, LogStartOffsetReason::ClientRecordDeletion, now_ms)?;
                log.delete_old_segments(now_ms)?;
                say(&format!("start {start}"))?;
            }
            98 => save(dir, &log)?,
            _ => {
                log.roll(None, now_ms)?;
            }
        }
    }
}
