//! Producer snapshots against a replay of the batches (`ProducerStateManager`).

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::path::PathBuf;

use super::replay::Replay;
use crate::audit::code::Code;
use crate::audit::finding::{Finding, Severity};
use crate::format::producer_snapshot::{ProducerEntry, ProducerSnapshot, write_producer_snapshot};

/// A snapshot that waits for the replay to get there. Its bytes are read when it is its turn.
pub(super) struct Snapshot {
    /// Offset in its name: the state up to it, not including it.
    pub(super) offset: i64,
    pub(super) path: PathBuf,
    /// Reads the file; `None` where it is gone or cannot be read.
    pub(super) read: Box<dyn Fn() -> Option<Vec<u8>> + Send>,
}

/// What is wrong with a snapshot, and what helps.
pub(crate) struct WrongSnapshot {
    pub(crate) offset: i64,
    pub(crate) finding: Finding,
    /// The content that the batches prove; without it the file goes.
    pub(crate) content: Option<Vec<u8>>,
    /// Whether compaction may explain it: then nothing is wrong.
    pub(crate) is_excused_by_compaction: bool,
}

/// Snapshots in the order of their offsets.
#[derive(Default)]
pub(super) struct Snapshots {
    waiting: VecDeque<Snapshot>,
    /// First offset of the log.
    pub(super) log_start: i64,
    /// Offset after the last batch so far.
    pub(super) reached: i64,
    /// How many can be read.
    readable: usize,
    pub(super) wrong: Vec<WrongSnapshot>,
}

impl Snapshots {
    /// Adds the next snapshot.
    pub(super) fn push(&mut self, snapshot: Snapshot) {
        self.waiting.push_back(snapshot);
    }

    /// Whether a snapshot describes the state before `offset`.
    #[inline]
    pub(super) fn is_due(&self, offset: i64) -> bool {
        self.waiting.front().is_some_and(|snapshot| snapshot.offset <= offset)
    }

    /// Compares the snapshots up to `offset` with what the replay knows before it.
    pub(super) fn compare_up_to(&mut self, offset: i64, replay: &mut Replay) {
        while self.is_due(offset) {
            let Some(snapshot) = self.waiting.pop_front() else { return };
            if snapshot.offset < self.reached && snapshot.offset > self.log_start {
                let expected = "a snapshot between two batches".to_owned();
                let finding =
                    Finding::new(Code::SnapshotStray, snapshot.path, expected, "one in the middle of a batch");
                self.wrong.push(WrongSnapshot {
                    offset: snapshot.offset,
                    finding: finding.graded(Severity::Warning),
                    content: None,
                    is_excused_by_compaction: false,
                });
                continue;
            }
            let Some(bytes) = (snapshot.read)() else { continue };
            match ProducerSnapshot::read(&bytes) {
                Err(error) => {
                    let (expected, found) = match bytes.iter().all(|&byte| byte == 0) {
                        true if bytes.is_empty() => ("a snapshot".to_owned(), "an empty file".to_owned()),
                        true => ("a snapshot".to_owned(), "zeros, as after a power failure".to_owned()),
                        false => ("a snapshot that Kafka can read".to_owned(), error.to_string()),
                    };
                    // Below the start of the log nothing is known but from snapshots.
                    let is_known = replay.is_exact(self.log_start) && snapshot.offset > self.log_start;
                    let content = is_known.then(|| content(replay.producers.values().map(|known| known.entry)));
                    self.wrong.push(WrongSnapshot {
                        offset: snapshot.offset,
                        finding: Finding::new(Code::SnapshotCorrupt, snapshot.path, expected, found),
                        content,
                        is_excused_by_compaction: false,
                    });
                }
                Ok(read) => {
                    self.readable += 1;
                    let wrong = self.compare(&snapshot, &read, replay);
                    let is_believed = wrong.is_none();
                    self.wrong.extend(wrong);
                    // What came before the log, and what cannot be read of it, is known from here alone.
                    let is_past_all = snapshot.offset >= replay.unknown_before;
                    if snapshot.offset <= self.log_start
                        || is_believed && is_past_all && replay.unknown_before > self.log_start
                    {
                        replay.load(read.iter());
                        replay.unknown_before = i64::MIN;
                    }
                }
            }
        }
    }

    /// The log ends at `end`: what is said of later offsets never happened.
    pub(super) fn finish(&mut self, end: i64, replay: &mut Replay) {
        self.compare_up_to(end, replay);
        for snapshot in self.waiting.drain(..) {
            let expected = format!("no snapshot above the log end offset, {end}");
            let finding = Finding::new(Code::SnapshotStray, snapshot.path, expected, snapshot.offset.to_string());
            self.wrong.push(WrongSnapshot {
                offset: snapshot.offset,
                finding: finding.graded(Severity::Warning),
                content: None,
                is_excused_by_compaction: false,
            });
        }
        if self.readable == 0
            && let Some(last) = self.wrong.iter_mut().rev().find(|wrong| wrong.offset <= end && wrong.content.is_none())
        {
            // Without any snapshot Kafka takes a log that was closed for one without producers.
            last.content = Some(content(replay.producers.values().map(|known| known.entry)));
        }
    }

    fn compare(&self, snapshot: &Snapshot, read: &ProducerSnapshot<'_>, replay: &Replay) -> Option<WrongSnapshot> {
        if snapshot.offset <= self.log_start {
            return None;
        }
        let (mut differences, mut first, mut is_impossible) = (0u64, None, false);
        let mut differ = |expected: String, found: String| {
            differences += 1;
            first.get_or_insert((expected, found));
        };
        let mut oldest_kept = i64::MAX;
        let mut stated = HashSet::with_capacity(read.len());
        let mut proven: BTreeMap<i64, ProducerEntry> = BTreeMap::new();
        for entry in read.iter() {
            stated.insert(entry.producer_id);
            proven.insert(entry.producer_id, entry);
            if entry.open_txn_first_offset().is_none() {
                oldest_kept = oldest_kept.min(entry.timestamp);
            }
            if entry.last_offset >= snapshot.offset || entry.current_txn_first_offset >= snapshot.offset {
                differ(format!("offsets below {}", snapshot.offset), shown(&entry));
                is_impossible = true;
                proven.remove(&entry.producer_id);
            }
            match replay.producers.get(&entry.producer_id) {
                Some(known) if replay.is_certain(known) => {
                    let known = known.proven(&entry);
                    if known != entry {
                        differ(shown(&known), shown(&entry));
                    }
                    proven.insert(entry.producer_id, known);
                }
                Some(_) => {}
                // Its batches may be gone; those that are there are known.
                None if entry.last_offset >= self.log_start.max(replay.unknown_before) => {
                    differ("no such producer".into(), shown(&entry));
                    proven.remove(&entry.producer_id);
                }
                None => {}
            }
        }
        // A producer is forgotten when it has been idle for long; not before one that has been so for longer.
        for (id, producer) in &replay.producers {
            let is_newer = producer.entry.timestamp > oldest_kept || producer.entry.open_txn_first_offset().is_some();
            if replay.is_certain(producer) && is_newer && !stated.contains(id) {
                differ(shown(&producer.entry), format!("no producer {id}"));
                proven.insert(*id, producer.entry);
            }
        }
        let (expected, found) = first?;
        let found = match differences {
            1 => found,
            more => format!("{found}, and {} more differences", more - 1),
        };
        let finding = Finding::new(Code::SnapshotMismatch, snapshot.path.clone(), expected, found);
        Some(WrongSnapshot {
            offset: snapshot.offset,
            finding: finding.of(snapshot.offset, None),
            content: Some(content(proven.into_values())),
            is_excused_by_compaction: !is_impossible,
        })
    }
}

fn content(entries: impl Iterator<Item = ProducerEntry>) -> Vec<u8> {
    let mut entries: Vec<ProducerEntry> = entries.collect();
    entries.sort_unstable_by_key(|entry| entry.producer_id);
    let mut bytes = Vec::new();
    write_producer_snapshot(entries.into_iter(), &mut bytes);
    bytes
}

fn shown(entry: &ProducerEntry) -> String {
    let ProducerEntry { producer_id, producer_epoch, last_sequence, last_offset, .. } = entry;
    let mut text =
        format!("producer {producer_id} epoch {producer_epoch} at sequence {last_sequence}, offset {last_offset}");
    if let Some(first) = entry.open_txn_first_offset() {
        text.push_str(&format!(", in a transaction from {first} on"));
    }
    text
}
