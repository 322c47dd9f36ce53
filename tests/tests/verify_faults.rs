//! `verify` on faults rebuilt: one or two at random places of healthy partitions, each of which must be found, and classed.
//!
//! `VERIFY_SEED` repeats a run, `VERIFY_FAULTS` says how many there are.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a fixture that cannot be read fails the test")]

use std::ops::Range;
use std::path::Path;

use kafka_log::audit::{AuditOptions, Class, Finding, Level, PartitionReport, verify_partition};
use kafka_log::format::transaction_index::ABORTED_TXN_LEN;
use kafka_log::fs::overlay::OverlayFs;
use kafka_log::fs::{Fs, FsFile, OpenMode, OsFs};
use tests::Random;
use tests::faults::{self, EPOCH_AT, Fault, LENGTH_AT, MAGIC_AT, Partition, break_it};

/// A healthy partition, and what is found in it.
struct Known {
    partition: Partition,
    before: Vec<Finding>,
}

fn known() -> Vec<Known> {
    let of = |partition: Partition| {
        let before = verified(&OsFs, &partition.dir).all_findings().cloned().collect();
        Known { partition, before }
    };
    faults::partitions().into_iter().map(of).collect()
}

fn verified<F: Fs>(fs: &F, dir: &Path) -> PartitionReport {
    verify_partition(fs, dir, &AuditOptions { level: Level::Deep, ..AuditOptions::default() }).unwrap()
}

/// Whether the findings about a fault are of a class that fits it, where it is alone.
fn is_classed(fault: &Fault, report: &PartitionReport, new: &[&Finding]) -> bool {
    let has = |classes: &[Class]| new.iter().any(|finding| classes.contains(&finding.class));
    let is_unreadable = |file: &Path, bytes: Range<u64>| {
        let segment = report.segments.iter().find(|segment| segment.path == *file).unwrap();
        let is_there = |fault: &kafka_log::audit::Fault| fault.bytes.start < bytes.end && bytes.start < fault.bytes.end;
        segment.faults.iter().any(is_there) && has(&[Class::Damage, Class::TornTail])
    };
    match fault {
        Fault::Bit { file, at, batch } => match at - batch.start {
            ..LENGTH_AT => has(&[Class::Damage]),
            EPOCH_AT..MAGIC_AT => has(&[Class::Damage, Class::MetadataOnly]),
            _ => is_unreadable(file, *at..batch.end),
        },
        Fault::Zeros { file, bytes, is_covered: true } => is_unreadable(file, bytes.clone()),
        // What is before the checksum alone: an offset, a length, an epoch.
        Fault::Zeros { .. } => has(&[Class::Damage, Class::TornTail, Class::MetadataOnly]),
        Fault::Cut { file, len, is_torn: true } => is_unreadable(file, len - 1..*len),
        Fault::Cut { .. } => has(&[Class::Damage, Class::IndexOnly, Class::MetadataOnly]),
        Fault::Tail { .. } => has(&[Class::TornTail, Class::Damage]),
        Fault::Beside { file, .. } => {
            let is_index = file
                .extension()
                .is_some_and(|extension| ["index", "timeindex", "txnindex"].iter().any(|index| extension == *index));
            if is_index {
                has(&[Class::IndexOnly]) && report.segments.iter().all(|segment| segment.faults.is_empty())
            } else {
                has(&[Class::MetadataOnly, Class::Damage])
            }
        }
        Fault::Gone { .. } => has(&[Class::IndexOnly, Class::Damage, Class::MetadataOnly]),
    }
}

#[test]
fn every_fault_made_at_random_is_found_and_classed() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let seed = tests::seed("VERIFY_SEED");
    let count = number("VERIFY_FAULTS").unwrap_or(2000);
    let partitions = known();
    let mut missed = Vec::new();
    for i in 0..count {
        let mut random = Random::new(seed.wrapping_add(i));
        let Known { partition, before } = &partitions[random.below(partitions.len())];
        let fs = OverlayFs::new(OsFs);
        let mut faults = vec![break_it(&fs, partition, &mut random)];
        // The second one of a double fault is elsewhere: on the same bytes they might undo each other.
        if random.below(3) == 0 {
            let other = OverlayFs::new(OsFs);
            let second = break_it(&other, partition, &mut random);
            let touched: Vec<_> = fs.changes().into_iter().map(|change| change.path).collect();
            if other.changes().iter().all(|change| !touched.contains(&change.path)) {
                for change in other.changes() {
                    copy(&other, &fs, &change.path);
                }
                faults.push(second);
            }
        }
        if fs.changes().is_empty() || is_same(&fs) || faults.iter().all(is_harmless) {
            continue;
        }
        let report = verified(&fs, &partition.dir);
        let new: Vec<&Finding> = report.all_findings().filter(|finding| !before.contains(finding)).collect();
        let is_found = !new.is_empty();
        let is_classed = faults.len() > 1 || is_classed(&faults[0], &report, &new);
        if !is_found || !is_classed {
            let told: Vec<_> = new.iter().map(|f| format!("    {}: {f}", f.class.name())).collect();
            missed.push(format!("seed {} {faults:?}\n{}", seed.wrapping_add(i), told.join("\n")));
        }
    }
    let shown: Vec<_> = missed.iter().take(10).cloned().collect();
    assert!(missed.is_empty(), "VERIFY_SEED={seed}: {} of {count}\n{}", missed.len(), shown.join("\n"));
}

/// Whether the file says the same as before, or something as possible.
fn is_harmless(fault: &Fault) -> bool {
    let Fault::Beside { file, at } = fault else { return false };
    let name = file.file_name().unwrap_or_default();
    // Kafka reads the first byte of the version alone. The start offset of the first epoch, of one digit in these partitions,
    // is that of the log, which may be above the first batch.
    Path::new(name).extension().is_some_and(|extension| extension == "txnindex") && at % ABORTED_TXN_LEN as u64 == 1
        || name == "leader-epoch-checkpoint" && *at == 6
}

/// Whether the bytes are what they were, as after zeros over zeros.
fn is_same<F: Fs>(fs: &OverlayFs<F>) -> bool {
    fs.changes().iter().all(|change| {
        let read = |bytes: Option<Vec<u8>>| bytes.unwrap_or_else(|| panic!("{} vanished", change.path.display()));
        change.after.is_some()
            && read(kafka_log::fs::read_whole(fs, &change.path).unwrap())
                == read(kafka_log::fs::read_whole(&OsFs, &change.path).unwrap())
    })
}

fn copy<F: Fs>(from: &OverlayFs<F>, to: &OverlayFs<F>, path: &Path) {
    match kafka_log::fs::read_whole(from, path).unwrap() {
        None => to.remove_file(path).unwrap(),
        Some(bytes) => {
            let file = to.open(path, OpenMode::Write).unwrap();
            file.set_len(bytes.len() as u64).unwrap();
            file.write_all_at(&bytes, 0).unwrap();
        }
    }
}
