//! What a broker makes longer than it uses, or cannot have, is not read: zeros after the entries of an index, entries of which there are
//! more than batches, bytes of a log that no position leads to.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a file that cannot be made fails the test")]

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use kafka_log::audit::{AuditOptions, Code, Level, PartitionReport, Severity, verify_partition};
use kafka_log::fs::OsFs;
use tests::counting::CountingFs;
use tests::fixtures;
use tests::hostile::tool::{Scratch, scratch};

const INDEX_BYTES: u64 = 10 * 1024 * 1024;
const BASE: &str = "00000000000000000000";

/// A partition of one segment that Kafka wrote, in a place of its own.
struct Partition {
    _scratch: Scratch,
    dir: PathBuf,
}

impl Partition {
    fn new() -> Self {
        let scratch = Scratch(scratch());
        let dir = scratch.0.join("orders-0");
        fs::create_dir_all(&dir).unwrap();
        let names = ["log", "index", "timeindex"].map(|extension| format!("{BASE}.{extension}"));
        for name in names.into_iter().chain(["leader-epoch-checkpoint".to_owned()]) {
            fs::copy(fixtures::root().join("fixtures/orders-0").join(&name), dir.join(&name)).unwrap();
        }
        Partition { _scratch: scratch, dir }
    }

    fn file(&self, extension: &str) -> File {
        OpenOptions::new().write(true).open(self.dir.join(format!("{BASE}.{extension}"))).unwrap()
    }

    /// As a running broker has its active segment.
    fn preallocated() -> Self {
        let partition = Self::new();
        for (extension, entry_len) in [("index", 8), ("timeindex", 12)] {
            partition.file(extension).set_len(INDEX_BYTES / entry_len * entry_len).unwrap();
        }
        partition
    }

    fn verify(&self, level: Level, hides_holes: bool) -> (PartitionReport, u64) {
        let counting = CountingFs::default();
        let counting = if hides_holes { counting.without_holes() } else { counting };
        let report = verify_partition(&counting, &self.dir, &AuditOptions { level, ..Default::default() }).unwrap();
        (report, counting.bytes())
    }
}

fn entries(report: &PartitionReport) -> (u64, u64) {
    let segment = &report.segments[0];
    (segment.offset_index.as_ref().unwrap().entries, segment.time_index.as_ref().unwrap().entries)
}

#[test]
fn zeros_behind_the_entries_of_an_active_index_are_not_read() {
    let (before, _) = Partition::new().verify(Level::Default, false);
    let partition = Partition::preallocated();
    let log = fs::metadata(partition.dir.join(format!("{BASE}.log"))).unwrap().len();
    for (level, hides_holes, bytes_max) in [
        (Level::Quick, false, log + 32 * 1024),
        // By a search, where the file system does not tell.
        (Level::Quick, true, log + 64 * 1024),
        (Level::Default, false, log + 64 * 1024),
        (Level::Default, true, log + 4 * INDEX_BYTES),
    ] {
        let (report, bytes) = partition.verify(level, hides_holes);
        assert!(bytes <= bytes_max, "{level:?}, holes hidden: {hides_holes}: {bytes} bytes were read");
        assert_eq!(entries(&report), entries(&before), "{level:?}, holes hidden: {hides_holes}");
        assert_eq!(report.segments[0].last_offset, before.segments[0].last_offset);
        assert!(report.segments[0].findings.iter().all(|finding| finding.severity == Severity::Note));
    }
}

#[test]
fn entries_behind_zeros_are_found() {
    let partition = Partition::preallocated();
    let entry_in = |position: u64| partition.file("index").write_all_at(&[0, 0, 1, 0, 0, 0, 1, 0], position).unwrap();
    // In the middle: nothing but a hole in the file tells it at level quick, unless a sample meets it.
    entry_in(INDEX_BYTES / 2 + 4096);
    for (level, hides_holes) in [(Level::Quick, false), (Level::Default, false), (Level::Default, true)] {
        let (report, _) = partition.verify(level, hides_holes);
        assert_eq!(entries(&report).0, (INDEX_BYTES / 2 + 4096) / 8 + 1, "{level:?}, holes hidden: {hides_holes}");
        let is_told = report.all_findings().any(|finding| finding.code == Code::OffsetIndexOrder);
        assert_eq!(is_told, level == Level::Default);
    }
    // At the end.
    entry_in(INDEX_BYTES - 16);
    for level in [Level::Quick, Level::Default] {
        assert_eq!(entries(&partition.verify(level, true).0).0, INDEX_BYTES / 8 - 1);
    }
}

#[test]
fn no_more_entries_are_read_than_the_log_can_have_batches() {
    let partition = Partition::new();
    let index = partition.file("index");
    index.set_len(800 << 20).unwrap();
    index.write_all_at(&[0, 0, 1, 0, 0, 0, 1, 0], (800 << 20) - 8).unwrap();
    let (report, bytes) = partition.verify(Level::Default, false);
    assert!(bytes < 4 * INDEX_BYTES, "{bytes} bytes were read");
    let finding = report.all_findings().find(|finding| finding.code == Code::OffsetIndexSize).unwrap();
    assert!(finding.expected.starts_with("at most "), "{finding}");
    assert!(report.segments[0].offset_index.as_ref().unwrap().is_bad);
}

#[test]
fn files_larger_than_kafka_can_have_are_told() {
    let partition = Partition::new();
    for extension in ["log", "index", "timeindex"] {
        partition.file(extension).set_len(1 << 40).unwrap();
    }
    let (report, bytes) = partition.verify(Level::Quick, false);
    assert!(bytes < 1 << 20, "{bytes} bytes were read");
    let damage: Vec<_> = report.all_findings().filter(|f| f.severity == Severity::Damage).map(|f| f.code).collect();
    for code in [Code::SegmentSize, Code::OffsetIndexSize, Code::TimeIndexSize] {
        assert!(damage.contains(&code), "{code:?} is not among {damage:?}");
    }
    assert_eq!(report.segments[0].size, u64::from(i32::MAX as u32));
    let found = report.all_findings().find(|finding| finding.code == Code::SegmentSize).unwrap();
    assert_eq!(found.found, (1u64 << 40).to_string());
    // Another file system gives the same answer.
    assert_eq!(
        verify_partition(&OsFs, &partition.dir, &AuditOptions { level: Level::Quick, ..Default::default() }).unwrap(),
        report
    );
}
