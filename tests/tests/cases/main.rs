//! The cases of `tests/cases` without Kafka: verdicts, predictions, plans, exit codes, lost offsets and unchanged files.
//! `tests/differential/cases/run` starts real brokers on what a repair leaves, too. The environment variable `CASE` picks the cases
//! whose name contains it.

mod demands;
mod spec;
mod tools;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use spec::Case;
use tests::fixtures::root;

fn all() -> Vec<PathBuf> {
    let listed = fs::read_dir(root().join("tests/cases")).expect("the repository has a folder of cases");
    let mut cases: Vec<_> = listed.map(|entry| entry.expect("the cases can be listed").path()).collect();
    cases.retain(|path| path.join("case.json").exists());
    cases.sort();
    cases
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

#[test]
fn every_case_meets_its_demands() {
    let wanted = env::var("CASE").unwrap_or_default();
    let cases: Vec<_> = all().into_iter().filter(|path| name(path).contains(&wanted)).collect();
    assert!(!cases.is_empty(), "no case has {wanted} in its name");
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut unmet = Vec::new();
        while let Some(path) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
            if let Err(why) = Case::read(path).and_then(|case| demands::check(&case)) {
                unmet.push(format!("{}: {why}", name(path)));
            }
        }
        unmet
    };
    let workers = thread::available_parallelism().map_or(2, |count| count.get().min(4));
    let mut unmet: Vec<_> = thread::scope(|threads| {
        let workers: Vec<_> = (0..workers).map(|_| threads.spawn(worker)).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("a worker does not panic")).collect()
    });
    unmet.sort();
    assert!(unmet.is_empty(), "{} of {} cases:\n{}", unmet.len(), cases.len(), unmet.join("\n"));
}

#[test]
fn a_demand_that_is_not_known_is_refused() {
    let text = fs::read_to_string(root().join("tests/cases/20-healthy/case.json")).expect("case 20 is there");
    assert!(serde_json::from_str::<Case>(&text).is_ok());
    for known in ["\"exit\"", "\"plan_exit\"", "\"no_findings\"", "\"loses\"", "\"severity\"", "\"about\""] {
        let unknown = text.replacen(known, "\"unheard-of\"", 1);
        assert!(unknown != text && serde_json::from_str::<Case>(&unknown).is_err(), "{known}");
    }
}
