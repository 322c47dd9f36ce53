//! A partition directory of any bytes whatever.

use std::path::{Path, PathBuf};

use kafka_log::audit::Checkpoints;
use kafka_log::audit::{AuditOptions, FaultKind, Level, verify_partition};
use kafka_log::fs::overlay::OverlayFs;
use kafka_log::fs::{Fs, FsFile, OpenMode, OsFs, read_whole};
use kafka_log::repair::{Options, apply, plan_partition, undo};

use super::{DECOMPRESSED_MAX, Dice};

/// Files beside the log, each as long as two bytes before the input say.
const BESIDE: [&str; 6] = [
    "00000000000000000000.index",
    "00000000000000000000.timeindex",
    "00000000000000000000.txnindex",
    "00000000000000000000.snapshot",
    "leader-epoch-checkpoint",
    "partition.metadata",
];

/// The directory that the bytes stand for.
fn directory(bytes: &[u8]) -> (OverlayFs<OsFs>, PathBuf) {
    let fs = OverlayFs::new(OsFs);
    let dir = Path::new("hostile-partition").join("topic-0");
    fs.create_dir_all(&dir).expect("directories in memory can be made");
    let write = |name: &str, bytes: &[u8]| {
        let file = fs.open(&dir.join(name), OpenMode::CreateNew).expect("files in memory can be made");
        file.write_all_at(bytes, 0).expect("files in memory can be written");
    };
    let mut dice = Dice(bytes);
    for name in BESIDE {
        if let Some(bytes) = dice.nullable() {
            write(name, bytes);
        }
    }
    write("00000000000000000000.log", dice.0);
    (fs, dir)
}

/// A verification ends, and what it says about a log covers it once, in order, and lies inside it.
pub(super) fn verify(bytes: &[u8]) {
    let (fs, dir) = directory(bytes);
    for level in [Level::Quick, Level::Default, Level::Deep] {
        let options = AuditOptions { level, decompressed_max: DECOMPRESSED_MAX, ..AuditOptions::default() };
        let report = verify_partition(&fs, &dir, &options).expect("the directory is there");
        for segment in &report.segments {
            assert!(segment.valid_to <= segment.size);
            let mut at = 0;
            // One batch may have several header fields wrong, each a fault of its own over the same bytes.
            for fault in &segment.faults {
                let is_header = !matches!(
                    fault.kind,
                    FaultKind::BadBatch
                        | FaultKind::Unreadable
                        | FaultKind::Torn
                        | FaultKind::Zeros
                        | FaultKind::Misplaced
                );
                assert!(fault.bytes.start >= at || is_header, "{:?}", segment.faults);
                assert!(fault.bytes.end <= segment.size && fault.bytes.start < fault.bytes.end, "{fault:?}");
                at = if is_header { fault.bytes.start } else { fault.bytes.end };
            }
        }
        assert!(report.log_end_offset >= 0 || level == Level::Quick, "{}", report.log_end_offset);
    }
}

/// A repair ends, a second one does nothing, and an undo restores every byte.
pub(super) fn repair(bytes: &[u8]) {
    let (fs, dir) = directory(bytes);
    let files = || {
        let mut names: Vec<_> =
            fs.read_dir(&dir).expect("the directory is there").into_iter().map(|e| e.name).collect();
        names.sort();
        let read =
            |name: String| (name.clone(), read_whole(&fs, &dir.join(name)).expect("files in memory can be read"));
        names.into_iter().map(read).collect::<Vec<_>>()
    };
    let before = files();
    let options = Options { decompressed_max: DECOMPRESSED_MAX, ..Options::default() };
    let plan = || plan_partition(&fs, &dir, &Checkpoints::default(), &options).expect("files in memory can be read");
    let first = plan();
    apply(&fs, &dir, false, &first.changes).expect("files in memory can be written");
    let second = plan();
    assert!(second.changes.is_empty(), "{:?} after {:?}", second.changes, first.changes);
    assert!(second.lost.is_empty(), "{:?}", second.lost);
    undo(&fs, &dir, false, false).expect("files in memory can be written");
    assert!(files() == before, "an undo restores every byte");
}
