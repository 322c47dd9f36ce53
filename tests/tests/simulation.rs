//! Logs on a file system that loses what was not synced, fails and dies, held against a model.
//!
//! `SEEDS` sets the number of runs, `FIRST_SEED` the first of them; a failure names its seed, and
//! `SEED=... cargo test -p tests --test simulation` repeats that run and tells all it did.

use std::env;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use tests::sim::run::{Counts, run};

fn number(name: &str) -> Option<u64> {
    env::var(name).ok()?.parse().ok()
}

/// Runs a seed; what was wrong, a panic too.
fn failure(seed: u64, trace: bool) -> Result<Counts, String> {
    let outcome = panic::catch_unwind(AssertUnwindSafe(|| run(seed, trace)));
    outcome.unwrap_or_else(|cause| {
        let text = cause.downcast_ref::<String>().cloned().or(cause.downcast_ref::<&str>().map(|s| (*s).to_owned()));
        Err(format!("panicked: {}", text.unwrap_or_default()))
    })
}

#[test]
fn whatever_was_flushed_is_there_after_every_crash_and_nothing_else_ever_appears() {
    if let Some(seed) = number("SEED") {
        match failure(seed, true) {
            Ok(counts) => println!("{counts:?}"),
            Err(text) => panic!("SEED={seed}{text}"),
        }
        return;
    }
    let (first, count) = (number("FIRST_SEED").unwrap_or(1), number("SEEDS").unwrap_or(300));
    let failures_max = number("FAILURES").unwrap_or(3) as usize;
    let (next, outcome) = (AtomicU64::new(first), Mutex::new((Counts::default(), Vec::new())));
    let began = std::time::Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + count {
                        break;
                    }
                    let result = failure(seed, false);
                    let mut outcome = outcome.lock().unwrap();
                    match result {
                        Ok(counts) => outcome.0.add(&counts),
                        Err(text) => outcome.1.push(format!("SEED={seed}{text}")),
                    }
                    if outcome.1.len() >= failures_max {
                        break;
                    }
                }
            });
        }
    });
    let (total, mut found) = outcome.into_inner().unwrap();
    found.sort();
    println!("{total:?} in {} ms", began.elapsed().as_millis());
    assert!(found.is_empty(), "{}", found.join("\n\n"));
    assert!(total.crashes > count && total.recovered > count && total.failures > count / 10, "{total:?}");
}
