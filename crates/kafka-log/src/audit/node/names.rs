//! File names that a start takes for numbers (`LogFileUtils.offsetFromFile`, `Snapshots.parse`) where they are none.

use super::evidence::{Evidence, Step};
use super::listing::Folder;
use crate::audit::{Code, Finding};
use crate::format::file_name::{offset_from_file_name, parse_snapshot_id};

/// Ends of names before which Kafka expects an offset. Names that end in `.deleted` are removed unread.
const WITH_OFFSET: [&str; 7] = [".log", ".index", ".timeindex", ".txnindex", ".snapshot", ".cleaned", ".swap"];
/// Ends of the names of KRaft snapshots.
const KRAFT_SNAPSHOT: [&str; 3] = [".checkpoint", ".checkpoint.part", ".checkpoint.deleted"];

/// Judges the names of the files in the directory of a partition.
pub(super) fn check(folder: &Folder, is_metadata: bool, evidence: &mut Evidence) {
    for entry in folder.entries.iter().filter(|entry| !entry.is_dir) {
        let name = entry.name.as_str();
        let expects_offset = WITH_OFFSET.iter().any(|end| name.ends_with(end)) && offset_from_file_name(name).is_none();
        let expects_id =
            is_metadata && KRAFT_SNAPSHOT.iter().any(|end| name.ends_with(end)) && parse_snapshot_id(name).is_none();
        let (expected, exception) = if expects_offset {
            ("an offset before the first dot of the name", "NumberFormatException")
        } else if expects_id {
            ("an offset and an epoch in the name", "StringIndexOutOfBoundsException")
        } else {
            continue;
        };
        let path = folder.path.join(name);
        evidence.findings.push(Finding::new(Code::FileName, &path, expected, format!("{name:?}")));
        let step = if is_metadata { Step::Metadata } else { Step::Logs };
        evidence.refuse(step, exception, path, format!("{name:?} is not the name of a file of a log"));
        evidence.change(&folder.path, name, None, "Kafka takes its name for an offset and does not start over it");
    }
}
