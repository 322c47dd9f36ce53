//! `quorum-state`, the vote of a controller: a start makes a new one where it is missing, and ends over one it cannot read.

use super::evidence::{Evidence, Step};
use super::listing::Folder;
use super::small::{Small, looks};
use crate::audit::{Code, Finding, Remedy};
use crate::format::quorum_state::QuorumState;
use crate::fs::Fs;

const NAME: &str = "quorum-state";

/// Reads the file in the directory of the metadata log: what it says, or what is wrong with it; `None` where there is none.
pub(super) fn read<F: Fs>(fs: &F, folder: &Folder) -> Option<Result<QuorumState, String>> {
    if !folder.entries.iter().any(|entry| entry.name == NAME) {
        return None;
    }
    match Small::read(fs, &folder.path.join(NAME)) {
        Small::Missing => None,
        Small::Unreadable(why) => Some(Err(why)),
        Small::Bytes(bytes) => Some(QuorumState::read(&bytes).map_err(|error| looks(&bytes, || error.to_string()))),
    }
}

/// Judges a file that cannot be read, in which `found` is wrong.
pub(super) fn check(folder: &Folder, found: &str, has_other_voters: bool, evidence: &mut Evidence) {
    let path = folder.path.join(NAME);
    let finding = Finding::new(Code::QuorumState, &path, "the vote of this controller", found);
    evidence.findings.push(finding.with(Remedy::SetAside));
    evidence.refuse(Step::Quorum, "UncheckedIOException", &path, format!("the quorum state cannot be read: {found}"));
    let why = if has_other_voters {
        "a start makes a new one and takes the epoch from the metadata log; the controller no longer knows for whom it \
         voted in an election that was going on"
    } else {
        "a start makes a new one and takes the epoch from the metadata log; no record is lost"
    };
    evidence.change(&folder.path, NAME, None, why);
}
