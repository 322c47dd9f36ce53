//! The fuzz targets on mutated files of Kafka, with a seed: no panic, no broken promise, no allocation that the input does
//! not justify. `HOSTILE_RUNS` sets the number of inputs for each target, `KAFKA_SEED` repeats a run.

use std::env;
use std::fs;
use std::panic::{self, AssertUnwindSafe};
use std::sync::OnceLock;

use tests::Random;
use tests::fixtures::root;
use tests::hostile::mutate::mutate;
use tests::hostile::seeds::{files, seeds};
use tests::hostile::{DECOMPRESSED_MAX, TARGETS, Target};

/// Remembers the largest allocation of the process, whatever thread makes it.
mod allocations {
    #![expect(unsafe_code, reason = "there is no other way to see allocations")]

    use std::alloc::{GlobalAlloc, Layout, System};
    use std::sync::atomic::{AtomicUsize, Ordering};

    static LARGEST: AtomicUsize = AtomicUsize::new(0);

    struct Watching;

    #[global_allocator]
    static WATCHING: Watching = Watching;

    // SAFETY: every call is handed to the system's allocator as it came.
    unsafe impl GlobalAlloc for Watching {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            see(layout.size());
            unsafe { System.alloc(layout) }
        }

        unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
            see(layout.size());
            unsafe { System.alloc_zeroed(layout) }
        }

        unsafe fn realloc(&self, old: *mut u8, layout: Layout, size: usize) -> *mut u8 {
            see(size);
            unsafe { System.realloc(old, layout, size) }
        }

        unsafe fn dealloc(&self, old: *mut u8, layout: Layout) {
            unsafe { System.dealloc(old, layout) }
        }
    }

    fn see(size: usize) {
        LARGEST.fetch_max(size, Ordering::Relaxed);
    }

    /// The largest allocation since the last call, in bytes.
    pub(super) fn take_largest() -> usize {
        LARGEST.swap(0, Ordering::Relaxed)
    }
}

/// What an allocation may be large for: text of JSON is longer than the bytes it shows, decoded fields are wider.
const FACTOR: usize = 32;
/// Buffers of a fixed size.
const FIXED: usize = 1024 * 1024;

/// Runs a target; returns what is wrong, if anything is.
fn failure(target: &Target, input: &[u8]) -> Option<String> {
    allocations::take_largest();
    let outcome = panic::catch_unwind(AssertUnwindSafe(|| (target.check)(input)));
    let largest = allocations::take_largest();
    if let Err(cause) = outcome {
        let text = cause.downcast_ref::<String>().cloned().or(cause.downcast_ref::<&str>().map(|s| (*s).to_owned()));
        return Some(text.unwrap_or_default());
    }
    let permitted = input.len() * FACTOR + FIXED + DECOMPRESSED_MAX;
    (largest > permitted).then(|| format!("allocated {largest} bytes at once for an input of {}", input.len()))
}

fn seed() -> u64 {
    static SEED: OnceLock<u64> = OnceLock::new();
    *SEED.get_or_init(|| tests::seed("KAFKA_SEED"))
}

#[test]
fn inputs_that_once_broke_something_are_answered() {
    let mut found = Vec::new();
    for target in TARGETS {
        let Ok(kept) = fs::read_dir(root().join("fixtures/fuzz").join(target.name)) else { continue };
        for path in kept.map(|entry| entry.unwrap().path()) {
            let failure = failure(target, &fs::read(&path).unwrap());
            found.extend(failure.map(|what| format!("{}: {what}", path.display())));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn kept_inputs_belong_to_a_target() {
    for entry in fs::read_dir(root().join("fixtures/fuzz")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(name == "README.md" || TARGETS.iter().any(|target| target.name == name), "{name}");
    }
}

#[test]
fn every_fuzz_target_has_its_file_and_the_other_way_round() {
    let listed = fs::read_dir(root().join("fuzz/fuzz_targets")).unwrap();
    let mut files: Vec<_> = listed.map(|e| e.unwrap().file_name().into_string().unwrap().replace(".rs", "")).collect();
    let mut targets: Vec<_> = TARGETS.iter().map(|target| target.name.to_owned()).collect();
    files.sort();
    targets.sort();
    assert_eq!(files, targets);
}

#[test]
fn mutated_files_are_answered_by_every_target() {
    let runs: usize = env::var("HOSTILE_RUNS").ok().and_then(|runs| runs.parse().ok()).unwrap_or(300);
    let (files, seed) = (files(), seed());
    let only = env::var("HOSTILE_TARGET").unwrap_or_default();
    let mut found = Vec::new();
    for (number, target) in TARGETS.iter().enumerate().filter(|(_, target)| target.name.contains(&only)) {
        let seeds = seeds(target.name, &files);
        let mut random = Random::new(seed ^ (number as u64) << 48);
        let mut failures = 0;
        let began = std::time::Instant::now();
        for run in 0..runs {
            // The first ones as they are: what is healthy must pass as well.
            let mut input = seeds[random.below(seeds.len())].clone();
            if run * 10 > runs {
                let other = random.below(seeds.len());
                mutate(&mut random, &mut input, &seeds[other]);
            }
            let Some(what) = failure(target, &input) else { continue };
            failures += 1;
            if failures <= 3 {
                let kept = root().join("target").join(format!("hostile-{}-{seed}-{run}", target.name));
                let _ = fs::write(&kept, &input);
                found.push(format!("{} of {} bytes, kept in {}: {what}", target.name, input.len(), kept.display()));
            }
        }
        println!("{}: {} seeds, {runs} runs, {} ms", target.name, seeds.len(), began.elapsed().as_millis());
    }
    assert!(found.is_empty(), "KAFKA_SEED={seed}\n{}", found.join("\n"));
}
