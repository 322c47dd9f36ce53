//! Opening many partitions after a clean shutdown.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use kafka_log::compression::{Codec, Compressor};
use kafka_log::fs::OsFs;
use kafka_log::log::{LeaderAppend, Log, LogOptions};

use crate::Anyhow;
use crate::append::{config, open_new};
use crate::options::Options;
use crate::payload::{Rng, Shape};
use crate::report::{Timer, bench};

pub(crate) fn run(options: &Options) -> Anyhow<()> {
    let root = options.path("dir").join("bench-open");
    let partitions = options.number("partitions", 1000_usize)?;
    let segments = options.number("segments", 1_usize)?;
    let threads = options.number("threads", 1_usize)?;
    let _ = std::fs::remove_dir_all(&root);
    let shape = Shape { codec: Codec::None, record: 1024, raw: 8192, keys: 0 };
    let (mut rng, mut compressor) = (Rng(3), Compressor::new());
    let mut ends = Vec::new();
    for partition in 0..partitions {
        let log = open_new(&root.join(format!("t-{partition}")), config())?;
        for segment in 0..segments {
            if segment > 0 {
                log.roll(None, 0)?;
            }
            for at in 0..4 {
                let mut batch = Vec::new();
                shape.batch(&mut rng, &mut compressor, 0, 1_700_000_000_000 + at, &mut batch)?;
                log.append_as_leader(&batch, LeaderAppend::from_client(0), 1_700_000_000_000)?;
            }
        }
        ends.push(log.log_end_offset());
        log.close()?;
    }
    let config = Arc::new(config());
    let (before, held) = (resident_kib(), std::cell::Cell::new(0));
    bench("open", options, 0, partitions as u64, || {
        let next = AtomicUsize::new(0);
        let timer = Timer::start();
        let opened: Result<Vec<Vec<Log>>, String> = thread::scope(|scope| {
            let workers: Vec<_> = (0..threads)
                .map(|_| {
                    scope.spawn(|| {
                        let mut logs = Vec::new();
                        loop {
                            let at = next.fetch_add(1, Ordering::Relaxed);
                            let Some(&end) = ends.get(at) else { return Ok(logs) };
                            let options = LogOptions {
                                config: Arc::clone(&config),
                                recovery_point: end,
                                ..LogOptions::default()
                            };
                            let opened = Log::open(OsFs, &root.join(format!("t-{at}")), options);
                            logs.push(opened.map_err(|e| e.to_string())?.0);
                        }
                    })
                })
                .collect();
            workers.into_iter().map(|w| w.join().map_err(|_| "a thread panicked".to_owned())?).collect()
        });
        let seconds = timer.stop();
        held.set(resident_kib().saturating_sub(before));
        for log in opened?.into_iter().flatten() {
            log.close()?;
        }
        Ok(seconds)
    })?;
    eprintln!("resident memory with {partitions} partitions open: {} KiB more than before", held.get());
    std::fs::remove_dir_all(&root)?;
    Ok(())
}

/// Resident memory of this process in KiB, 0 where the system does not tell.
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|kib| kib.parse().ok()).unwrap_or(0)
}
