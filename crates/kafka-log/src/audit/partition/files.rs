//! The one listing of a partition directory: which files make up the log, under which names they belong, and what becomes
//! of everything else.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use super::swaps;
use crate::audit::code::Code;
use crate::audit::finding::{Class, Finding, Remedy, Severity};
use crate::format::batch::{
    BATCH_LENGTH_MIN, BatchHeader, HEADER_SIZE_UP_TO_MAGIC, LOG_OVERHEAD, RECORD_BATCH_OVERHEAD,
};
use crate::format::file_name::{FileKind, FileName, FileState};
use crate::fs::{Fs, FsFile, OpenMode, ReadAt};

/// Position of the magic of a batch. In a message of magic 0 or 1 the attributes follow.
const MAGIC: usize = HEADER_SIZE_UP_TO_MAGIC - 1;
/// Bits of the codec in them.
const CODEC_MASK: u8 = 0x07;

/// A file, and the name that it must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Placed {
    pub(crate) from: String,
    pub(crate) to: String,
}

/// The files of one base offset.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SegmentFiles {
    pub(crate) log: Option<Placed>,
    pub(crate) offset_index: Option<Placed>,
    pub(crate) time_index: Option<Placed>,
    pub(crate) txn_index: Option<Placed>,
}

impl SegmentFiles {
    fn of(&mut self, kind: FileKind) -> Option<&mut Option<Placed>> {
        match kind {
            FileKind::Log => Some(&mut self.log),
            FileKind::OffsetIndex => Some(&mut self.offset_index),
            FileKind::TimeIndex => Some(&mut self.time_index),
            FileKind::TransactionIndex => Some(&mut self.txn_index),
            _ => None,
        }
    }

    /// All files there are.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Placed> {
        [&self.log, &self.offset_index, &self.time_index, &self.txn_index].into_iter().flatten()
    }
}

/// A file that is no part of the log, and why it goes or stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Leftover {
    pub(crate) name: String,
    /// Why a repair removes it; `None` where it stays.
    pub(crate) removed: Option<&'static str>,
}

/// What is in a partition directory.
#[derive(Debug, Default)]
pub(crate) struct PartitionFiles {
    /// By base offset.
    pub(crate) segments: BTreeMap<i64, SegmentFiles>,
    /// Producer snapshots by offset.
    pub(crate) snapshots: BTreeMap<i64, Placed>,
    /// Names of KRaft snapshots.
    pub(crate) kraft_snapshots: Vec<String>,
    pub(crate) has_epochs: bool,
    pub(crate) has_metadata: bool,
    pub(crate) leftovers: Vec<Leftover>,
    pub(crate) findings: Vec<Finding>,
    /// Whether a file could not be looked at.
    pub(crate) is_incomplete: bool,
}

/// A name in the directory, parsed.
pub(super) type Named = (String, FileName);

impl PartitionFiles {
    /// Lists a partition directory.
    ///
    /// # Errors
    /// The directory cannot be listed.
    pub(crate) fn list<F: Fs>(fs: &F, dir: &Path) -> io::Result<Self> {
        let mut entries = fs.read_dir(dir)?;
        entries.sort_unstable();
        let mut files = PartitionFiles::default();
        let mut named: Vec<Named> = Vec::with_capacity(entries.len());
        for entry in entries {
            match FileName::parse(&entry.name).filter(|_| !entry.is_dir) {
                Some(parsed) => named.push((entry.name, parsed)),
                None => {
                    let finding =
                        Finding::new(Code::UnknownFile, dir.join(&entry.name), "only files of Kafka", "another");
                    files.findings.push(finding);
                }
            }
        }
        swaps::settle(fs, dir, &mut named, &mut files);
        for (name, parsed) in named {
            files.add(dir, name, parsed);
        }
        files.segments.retain(|_, segment| segment.all().next().is_some());
        files.settle_names(fs, dir);
        Ok(files)
    }

    fn add(&mut self, dir: &Path, name: String, parsed: FileName) {
        let to = FileName { state: FileState::Live, ..parsed }.to_string();
        let placed = Placed { to, from: name };
        if parsed.state == FileState::Live && parsed.offset.is_some() && placed.from != placed.to {
            // Kafka takes the offset from the name, and then opens the file that it would have written.
            let finding =
                Finding::new(Code::FileName, dir.join(&placed.from), placed.to.as_str(), placed.from.as_str());
            self.findings.push(finding.with(Remedy::RenameSegment));
        }
        let is_in_use = matches!(parsed.state, FileState::Live | FileState::Swap);
        match (parsed.kind, parsed.offset) {
            (FileKind::ProducerSnapshot, Some(offset)) if is_in_use => {
                self.snapshots.entry(offset).or_insert(placed);
            }
            (kind, Some(base_offset)) if is_in_use && parsed.remote_segment_id.is_none() => {
                match self.segments.entry(base_offset).or_default().of(kind) {
                    // The right name wins over one that Kafka reads as the same offset.
                    Some(slot) if slot.is_none() || placed.from == placed.to => *slot = Some(placed),
                    Some(_) => self.leave(dir, placed.from, parsed),
                    None if kind == FileKind::KRaftSnapshot => self.kraft_snapshots.push(placed.from),
                    None => self.leave(dir, placed.from, parsed),
                }
            }
            (FileKind::LeaderEpochCheckpoint, _) if parsed.state == FileState::Live => self.has_epochs = true,
            (FileKind::PartitionMetadata, _) if parsed.state == FileState::Live => self.has_metadata = true,
            (FileKind::QuorumState, _) if parsed.state == FileState::Live => {}
            (FileKind::KRaftSnapshot, _) if parsed.state == FileState::Live => self.kraft_snapshots.push(placed.from),
            _ => self.leave(dir, placed.from, parsed),
        }
    }

    /// A file that the log does not need, and that hurts nothing.
    pub(super) fn leave(&mut self, dir: &Path, name: String, parsed: FileName) {
        let what = match parsed.state {
            FileState::Cleaned => "a file that the cleaner did not finish",
            FileState::Swap => "a file that is about to replace another",
            FileState::Deleted => "a file that waits to be deleted",
            FileState::Partial => "a snapshot that is not complete",
            FileState::Temporary => "a file that is about to be renamed",
            FileState::Live => {
                let finding = Finding::new(Code::UnknownFile, dir.join(name), "only files of a partition", "another");
                self.findings.push(finding);
                return;
            }
        };
        let finding = Finding::new(Code::Leftover, dir.join(&name), "only files in use", what);
        self.findings.push(finding.with(Remedy::Nothing));
        self.leftovers.push(Leftover { name, removed: None });
    }

    /// A file that a repair removes.
    pub(super) fn remove(&mut self, dir: &Path, name: String, why: &'static str) {
        self.findings.push(Finding::new(Code::Leftover, dir.join(&name), "only files in use", why));
        self.leftovers.push(Leftover { name, removed: Some(why) });
    }

    /// Gives files their base offset back whose batches are not where their name puts them.
    fn settle_names<F: Fs>(&mut self, fs: &F, dir: &Path) {
        let named: Vec<i64> = self.segments.keys().copied().collect();
        for (at, &base_offset) in named.iter().enumerate() {
            let Some(log) = self.segments.get(&base_offset).and_then(|segment| segment.log.clone()) else { continue };
            let path = dir.join(&log.from);
            // A file that cannot be read is told when its batches are examined.
            let Ok(Some(Front { first, is_followed })) = Front::read(fs, &path) else { continue };
            // A gap before the first batch is nothing odd, unless another segment is in it.
            let is_outside = first < base_offset || named.get(at + 1).is_some_and(|&next| next <= first);
            if !is_outside {
                continue;
            }
            // It takes two that say so: the batch after it, or indexes that are left without a log.
            let first = match self.segments.range(..=first).next_back() {
                Some((&base, left)) if left.log.is_none() => base,
                Some((&base, there)) if base == first => {
                    let log = there.log.clone().filter(|log| is_followed && is_blank(fs, &dir.join(&log.from)));
                    let Some(blank) = log else { continue };
                    if let Some(there) = self.segments.get_mut(&base) {
                        there.log = None;
                    }
                    self.remove(dir, blank.from, "it has no batch, and those of its offsets are in another file");
                    base
                }
                _ if is_followed => first,
                _ => continue,
            };
            self.move_segment(dir, base_offset, first);
        }
    }

    /// Gives the files of a segment another base offset than the one in their names.
    pub(super) fn move_segment(&mut self, dir: &Path, named: i64, base_offset: i64) {
        let Some(moved) = self.segments.remove(&named) else { return };
        if let Some(log) = &moved.log {
            let expected = format!("the name of offset {base_offset}, where its batches begin");
            self.findings.push(Finding::new(Code::SegmentName, dir.join(&log.from), expected, named.to_string()));
        }
        let kinds = [
            (FileKind::Log, moved.log),
            (FileKind::OffsetIndex, moved.offset_index),
            (FileKind::TimeIndex, moved.time_index),
            (FileKind::TransactionIndex, moved.txn_index),
        ];
        let segment = self.segments.entry(base_offset).or_default();
        let mut superfluous = Vec::new();
        for (kind, placed) in kinds {
            let (Some(slot), Some(Placed { from, .. })) = (segment.of(kind), placed) else { continue };
            if slot.is_none() {
                *slot = Some(Placed { from, to: name(kind, base_offset) });
            } else {
                superfluous.push(from);
            }
        }
        for from in superfluous {
            self.remove(dir, from, "its log gets another name");
        }
    }
}

/// Name of a file of the segment at `base_offset`.
pub(crate) fn name(kind: FileKind, base_offset: i64) -> String {
    FileName { kind, state: FileState::Live, offset: Some(base_offset), epoch: None, remote_segment_id: None }
        .to_string()
}

/// The front of a log file.
pub(super) struct Front {
    /// First offset.
    pub(super) first: i64,
    /// Whether the second batch is the very next, so that one wrong offset is not taken for a wrong name.
    is_followed: bool,
}

impl Front {
    /// Reads the headers of the first two batches; `None` where the first makes no sense.
    pub(super) fn read<F: Fs>(fs: &F, path: &Path) -> io::Result<Option<Self>> {
        let file = fs.open(path, OpenMode::Read)?;
        let len = file.len()?;
        let header_at = |at: u64| {
            let mut bytes = [0; RECORD_BATCH_OVERHEAD];
            let got = file.read_full_at(&mut bytes, at)?;
            let header = BatchHeader::split_first(&bytes[..got]).ok().map(|(header, _)| header);
            let found = header.filter(|header| header.base_offset() >= 0).and_then(|header| {
                let (first, length) = (header.base_offset(), header.length());
                match header.magic() {
                    2 => (header.last_offset_delta() >= 0).then(|| (first, header.last_offset(), length)),
                    // A message that wraps others has the offset of the last of them.
                    _ => is_single_message(&bytes[..got]).then_some((first, first, length)),
                }
            });
            io::Result::Ok(found)
        };
        let Some((first, first_end, length)) = header_at(0)? else { return Ok(None) };
        let second_at = LOG_OVERHEAD as u64 + u64::try_from(length).unwrap_or(len);
        let second = if second_at < len { header_at(second_at)? } else { None };
        let is_followed = second.is_some_and(|(second, second_end, _)| {
            first <= first_end && first_end.checked_add(1) == Some(second) && second <= second_end
        });
        Ok(Some(Front { first, is_followed }))
    }
}

/// Whether the first bytes of a log are those of a message of magic 0 or 1 that wraps no others.
pub(super) fn is_single_message(bytes: &[u8]) -> bool {
    let Some(&[_, _, _, _, a, b, c, d, _, _, _, _, magic, attributes]) = bytes.get(4..MAGIC + 2) else { return false };
    i32::from_be_bytes([a, b, c, d]) >= BATCH_LENGTH_MIN && magic < 2 && attributes & CODEC_MASK == 0
}

/// Whether a file has nothing but zeros.
fn is_blank<F: Fs>(fs: &F, path: &Path) -> bool {
    let read = || {
        let file = fs.open(path, OpenMode::Read)?;
        let (mut block, mut at) = ([0; 8192], 0);
        loop {
            let got = file.read_full_at(&mut block, at)?;
            if got == 0 || block[..got].iter().any(|&byte| byte != 0) {
                return io::Result::Ok(got == 0);
            }
            at += got as u64;
        }
    };
    read().unwrap_or(false)
}

/// A finding about files whose replacement was interrupted.
pub(super) fn swap_finding(path: &Path, is_whole: bool, found: String) -> Finding {
    let finding = Finding::new(Code::SwapFile, path, "no replacement under way", found);
    if is_whole { finding } else { finding.graded(Severity::Damage).classed(Class::Damage).with(Remedy::KeepOriginals) }
}
