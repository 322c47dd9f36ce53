//! How long appends take at a steady rate, alone and beside the work that goes on in a broker: a cleaner, retention and a
//! neighbour that recovers.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use kafka_log::compression::Compressor;
use kafka_log::fs::OsFs;
use kafka_log::internal::{Cleaner, CleanerConfig};
use kafka_log::log::config::LogConfig;
use kafka_log::log::{LeaderAppend, Log, LogOptions};
use serde_json::json;

use crate::Anyhow;
use crate::append::{config, open_new};
use crate::options::Options;
use crate::payload::{Rng, Shape};

const NOW: i64 = 1_700_000_000_000;

pub(crate) fn run(options: &Options) -> Anyhow<()> {
    let root = options.path("dir").join("bench-latency");
    let seconds: u64 = options.number("seconds", 20)?;
    let rate: u64 = options.number("rate", 2000)?;
    let shape = Shape {
        codec: options.codec()?,
        record: options.number("record", 1024)?,
        raw: options.number("batch", 16384)?,
        keys: 0,
    };
    for beside in [false, true] {
        let _ = std::fs::remove_dir_all(&root);
        let topic = LogConfig { segment_bytes: 64 << 20, ..config() };
        let log = open_new(&root.join("appended-0"), topic)?;
        let neighbours = Neighbours::prepare(&root)?;
        let stop = AtomicBool::new(false);
        let taken = thread::scope(|scope| -> Anyhow<Vec<u64>> {
            let mut others = Vec::new();
            if beside {
                others.push(scope.spawn(|| neighbours.clean(&stop)));
                others.push(scope.spawn(|| neighbours.retain(&stop)));
                others.push(scope.spawn(|| neighbours.recover(&stop)));
            }
            let taken = append(&log, &shape, rate, seconds);
            stop.store(true, Ordering::Relaxed);
            for other in others {
                other.join().map_err(|_| "a thread panicked")??;
            }
            taken
        })?;
        report(beside, &neighbours, &shape, taken)?;
        log.abandon()?;
    }
    std::fs::remove_dir_all(&root)?;
    Ok(())
}

/// Microseconds from when an append was due to when it was done, of each.
fn append(log: &Log, shape: &Shape, rate: u64, seconds: u64) -> Anyhow<Vec<u64>> {
    let (mut rng, mut compressor) = (Rng(5), Compressor::new());
    let mut pool = Vec::new();
    for at in 0..64 {
        let mut batch = Vec::new();
        shape.batch(&mut rng, &mut compressor, 0, NOW + at, &mut batch)?;
        pool.push(batch);
    }
    let mut taken = Vec::new();
    let began = Instant::now();
    for at in 0..rate * seconds {
        let due = began + Duration::from_nanos(at * 1_000_000_000 / rate);
        while let Some(left) = due.checked_duration_since(Instant::now()) {
            // Sleeps end late.
            if left > Duration::from_micros(200) { thread::sleep(left / 2) } else { std::hint::spin_loop() }
        }
        let batch = &mut pool[(at % 64) as usize];
        batch[..8].fill(0);
        log.append_as_leader(batch, LeaderAppend::from_client(0), NOW)?;
        taken.push(due.elapsed().as_micros() as u64);
    }
    Ok(taken)
}

/// What goes on beside the appends, and how often.
struct Neighbours {
    compacted: Log,
    retained: Log,
    unclean: std::path::PathBuf,
    rounds: [AtomicU64; 3],
}

impl Neighbours {
    fn prepare(root: &Path) -> Anyhow<Self> {
        let topic =
            LogConfig { compact: true, delete: false, segment_bytes: 16 << 20, file_delete_delay_ms: 0, ..config() };
        let compacted = open_new(&root.join("compacted-0"), topic)?;
        let topic = LogConfig { segment_bytes: 1 << 20, retention_bytes: 8 << 20, file_delete_delay_ms: 0, ..config() };
        let retained = open_new(&root.join("retained-0"), topic)?;
        let unclean = root.join("unclean-0");
        let log = open_new(&unclean, config())?;
        fill(&log, 0, 128 << 20)?;
        log.abandon()?;
        Ok(Neighbours { compacted, retained, unclean, rounds: Default::default() })
    }

    fn count(&self, at: usize) {
        self.rounds[at].fetch_add(1, Ordering::Relaxed);
    }

    fn clean(&self, stop: &AtomicBool) -> Result<(), String> {
        let mut cleaner = Cleaner::new(CleanerConfig {
            dedupe_buffer_bytes: 16 << 20,
            dedupe_buffer_load_factor: 0.9,
            io_buffer_bytes: 512 << 10,
            io_buffer_bytes_max: 32 << 20,
        });
        let mut checkpoint = Some(0);
        while !stop.load(Ordering::Relaxed) {
            let log = &self.compacted;
            fill(log, 10_000, log.size() + (32 << 20)).map_err(|e| e.to_string())?;
            log.update_high_watermark(log.log_end_offset()).map_err(|e| e.to_string())?;
            let to_clean = log.log_to_clean(checkpoint, NOW).map_err(|e| e.to_string())?;
            checkpoint = Some(cleaner.clean(log, &to_clean, &(), NOW).map_err(|e| e.to_string())?.end_offset);
            log.run_due(NOW).map_err(|e| e.to_string())?;
            self.count(0);
        }
        Ok(())
    }

    fn retain(&self, stop: &AtomicBool) -> Result<(), String> {
        while !stop.load(Ordering::Relaxed) {
            let log = &self.retained;
            fill(log, 0, log.size() + (2 << 20)).map_err(|e| e.to_string())?;
            log.update_high_watermark(log.log_end_offset()).map_err(|e| e.to_string())?;
            log.delete_old_segments(NOW).map_err(|e| e.to_string())?;
            log.run_due(NOW).map_err(|e| e.to_string())?;
            self.count(1);
            thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    fn recover(&self, stop: &AtomicBool) -> Result<(), String> {
        while !stop.load(Ordering::Relaxed) {
            let options = LogOptions { config: Arc::new(config()), had_clean_shutdown: false, ..LogOptions::default() };
            let (log, _) = Log::open(OsFs, &self.unclean, options).map_err(|e| e.to_string())?;
            log.abandon().map_err(|e| e.to_string())?;
            self.count(2);
        }
        Ok(())
    }
}

fn fill(log: &Log, keys: u64, until: u64) -> Anyhow<()> {
    let shape = Shape { codec: kafka_log::compression::Codec::None, record: 1024, raw: 16384, keys };
    let (mut rng, mut compressor) = (Rng(log.log_end_offset().cast_unsigned()), Compressor::new());
    let mut batch = Vec::new();
    while log.size() < until {
        batch.clear();
        shape.batch(&mut rng, &mut compressor, 0, NOW, &mut batch)?;
        log.append_as_leader(&batch, LeaderAppend::from_client(0), NOW)?;
    }
    Ok(())
}

fn report(beside: bool, neighbours: &Neighbours, shape: &Shape, mut taken: Vec<u64>) -> Anyhow<()> {
    use std::io::Write as _;
    taken.sort_unstable();
    let at = |share: f64| taken.get(((taken.len() as f64 * share) as usize).min(taken.len() - 1)).copied();
    let [cleaned, retained, recovered] = neighbours.rounds.each_ref().map(|rounds| rounds.load(Ordering::Relaxed));
    let line = json!({
        "impl": "kafka-log", "bench": "latency", "beside": beside, "batch": shape.raw, "ops": taken.len(),
        "p50_us": at(0.5), "p99_us": at(0.99), "p999_us": at(0.999), "max_us": taken.last(),
        "cleaner_rounds": cleaned, "retention_rounds": retained, "recoveries_of_128_mib": recovered,
    });
    writeln!(std::io::stdout(), "{line}")?;
    Ok(())
}
