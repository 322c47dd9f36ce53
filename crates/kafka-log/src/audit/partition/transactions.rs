//! Transactions across lost offsets: which of them ended there, and how. Otherwise a reader of committed data would be given
//! records that were aborted, or would wait forever for a transaction that ended long ago.
//!
//! A lost marker is put back where something proves it: the transaction index, which lists every abort with its offset, a
//! later producer snapshot, or what the producer did next. A transaction that ended and is not known to have been committed
//! counts as aborted.

use std::collections::{BTreeMap, HashMap};

use crate::audit::batch::{BatchSummary, Kind};
use crate::format::producer_snapshot::ProducerEntry;
use crate::format::transaction_index::AbortedTxn;

/// A batch that says something about transactions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Event {
    pub(crate) offset: i64,
    pub(crate) producer_id: i64,
    pub(crate) producer_epoch: i16,
    pub(crate) kind: Kind,
    pub(crate) timestamp: i64,
    pub(crate) leader_epoch: i32,
}

impl Event {
    pub(crate) fn of(batch: &BatchSummary) -> Option<Self> {
        (batch.kind != Kind::Plain && batch.producer_id >= 0).then_some(Event {
            offset: batch.first_offset,
            producer_id: batch.producer_id,
            producer_epoch: batch.producer_epoch,
            kind: batch.kind,
            timestamp: batch.max_timestamp,
            leader_epoch: batch.leader_epoch,
        })
    }
}

/// Offsets of which nothing survived, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hole {
    pub(crate) first: i64,
    pub(crate) last: i64,
    /// Whether the transaction index of its segment lists all aborts that were in it.
    pub(crate) aborts_are_known: bool,
}

/// A marker to be put into a hole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LostMarker {
    pub(crate) offset: i64,
    pub(crate) producer_id: i64,
    pub(crate) producer_epoch: i16,
    pub(crate) is_commit: bool,
    pub(crate) coordinator_epoch: i32,
    pub(crate) timestamp: i64,
    pub(crate) leader_epoch: i32,
    /// What proves it, for people.
    pub(crate) proof: &'static str,
}

/// The producers of snapshots, by the offsets of these.
pub(crate) type Snapshots = BTreeMap<i64, HashMap<i64, ProducerEntry>>;

/// All that is known.
pub(crate) struct Evidence<'a> {
    /// In the order of offsets.
    pub(crate) events: &'a [Event],
    pub(crate) holes: &'a [Hole],
    /// Entries of the transaction indexes, in the order of their last offsets.
    pub(crate) aborts: &'a [AbortedTxn],
    pub(crate) snapshots: &'a Snapshots,
    /// The transactions that run before the first event.
    pub(crate) open: &'a [Open],
    /// The coordinator epochs of the markers so far, by producer.
    pub(crate) coordinator_epochs: &'a HashMap<i64, i32>,
}

/// A transaction that runs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Open {
    pub(crate) first: i64,
    pub(crate) last_event: Event,
}

/// What follows from the evidence.
#[derive(Clone, Debug, Default)]
pub(crate) struct Resolved {
    pub(crate) markers: Vec<LostMarker>,
    /// Aborted transactions in the order of their markers, those put back among them.
    pub(crate) aborted: Vec<AbortedTxn>,
    /// Transactions that run at the end although something of them may be lost: producer, first offset.
    pub(crate) undecided: Vec<(i64, i64)>,
}

/// Replays all transactions and finds the markers that were lost.
pub(crate) fn resolve(evidence: &Evidence<'_>) -> Resolved {
    let mut replay = Replay {
        open: evidence.open.iter().map(|open| (open.last_event.producer_id, *open)).collect(),
        coordinator_epoch: evidence.coordinator_epochs.clone(),
        resolved: Resolved::default(),
    };
    let mut holes = evidence.holes.iter().peekable();
    let mut past_holes = Vec::new();
    for (at, event) in evidence.events.iter().enumerate() {
        while let Some(hole) = holes.next_if(|hole| hole.first < event.offset) {
            replay.cross(hole, &evidence.events[at..], evidence);
            past_holes.push(*hole);
        }
        replay.see(event);
    }
    for hole in holes {
        replay.cross(hole, &[], evidence);
        past_holes.push(*hole);
    }
    for (&producer_id, open) in &replay.open {
        if past_holes.iter().any(|hole| hole.first > open.first) {
            replay.resolved.undecided.push((producer_id, open.first));
        }
    }
    replay.resolved
}

struct Replay {
    open: BTreeMap<i64, Open>,
    coordinator_epoch: HashMap<i64, i32>,
    resolved: Resolved,
}

impl Replay {
    fn see(&mut self, event: &Event) {
        match event.kind {
            Kind::Plain => {}
            Kind::Transactional => {
                let open =
                    self.open.entry(event.producer_id).or_insert(Open { first: event.offset, last_event: *event });
                open.last_event = *event;
            }
            Kind::Marker { is_commit, coordinator_epoch } => {
                self.coordinator_epoch.insert(event.producer_id, coordinator_epoch);
                self.end(event.producer_id, event.offset, is_commit);
            }
        }
    }

    fn end(&mut self, producer_id: i64, last_offset: i64, is_commit: bool) {
        let Some(open) = self.open.remove(&producer_id) else { return };
        if !is_commit {
            let oldest = self.open.values().map(|open| open.first).min();
            self.resolved.aborted.push(AbortedTxn {
                producer_id,
                first_offset: open.first,
                last_offset,
                last_stable_offset: oldest.unwrap_or(last_offset.saturating_add(1)),
            });
        }
    }

    /// Ends the transactions that ended in the hole.
    fn cross(&mut self, hole: &Hole, later: &[Event], evidence: &Evidence<'_>) {
        let mut ended = Vec::new();
        for (&producer_id, open) in &self.open {
            let abort = evidence.aborts.iter().find(|abort| {
                abort.producer_id == producer_id
                    && (hole.first..=hole.last).contains(&abort.last_offset)
                    && abort.first_offset <= open.last_event.offset
            });
            if let Some(abort) = abort {
                ended.push((
                    producer_id,
                    *open,
                    false,
                    Some(abort.last_offset),
                    "the transaction index lists the abort",
                ));
            } else if let Some(proof) = ended_within(producer_id, open, hole, later, evidence) {
                let is_commit = hole.aborts_are_known;
                ended.push((producer_id, *open, is_commit, None, proof));
            }
        }
        // From the end of the hole down, where no abort is known to have been.
        let mut next = hole.last;
        let mut markers = Vec::new();
        let taken: Vec<i64> = ended.iter().filter_map(|(.., at, _)| *at).collect();
        for (producer_id, open, is_commit, at, proof) in ended {
            let offset = at.or_else(|| {
                while taken.contains(&next) && next > hole.first {
                    next -= 1;
                }
                let free = (next >= hole.first && !taken.contains(&next)).then_some(next);
                next -= 1;
                free
            });
            let Some(offset) = offset else { continue };
            let mut marker = LostMarker {
                offset,
                producer_id,
                producer_epoch: open.last_event.producer_epoch,
                is_commit,
                coordinator_epoch: self.coordinator_epoch.get(&producer_id).copied().unwrap_or(0),
                timestamp: open.last_event.timestamp,
                leader_epoch: open.last_event.leader_epoch,
                proof,
            };
            if let Some(left) = left_by_marker(producer_id, hole, later, evidence) {
                marker.producer_epoch = left.producer_epoch;
                marker.coordinator_epoch = left.coordinator_epoch;
                marker.timestamp = left.timestamp;
            }
            markers.push(marker);
        }
        markers.sort_by_key(|marker| marker.offset);
        for marker in &markers {
            self.end(marker.producer_id, marker.offset, marker.is_commit);
        }
        // Without an epoch no marker can be written; its snapshot is all that is known of the producer.
        self.resolved.markers.extend(markers.into_iter().filter(|marker| marker.producer_epoch >= 0));
    }
}

/// What a producer was like after the marker in a hole, where a snapshot tells: its last action before the snapshot.
fn left_by_marker<'e>(
    producer_id: i64,
    hole: &Hole,
    later: &[Event],
    evidence: &'e Evidence<'_>,
) -> Option<&'e ProducerEntry> {
    let next = later.iter().find(|event| event.producer_id == producer_id).map_or(i64::MAX, |event| event.offset);
    let (_, producers) = evidence.snapshots.range(hole.last.saturating_add(1)..=next).next()?;
    let left = producers.get(&producer_id)?;
    (left.open_txn_first_offset().is_none() && left.coordinator_epoch >= 0).then_some(left)
}

/// What proves that a running transaction ended in a hole, if anything does.
fn ended_within(
    producer_id: i64,
    open: &Open,
    hole: &Hole,
    later: &[Event],
    evidence: &Evidence<'_>,
) -> Option<&'static str> {
    let next = later.iter().find(|event| event.producer_id == producer_id);
    let next_marker =
        later.iter().find(|event| event.producer_id == producer_id && matches!(event.kind, Kind::Marker { .. }));
    // What a snapshot says of the time before the next marker.
    let until = next_marker.map_or(i64::MAX, |marker| marker.offset);
    let snapshot =
        (until > hole.last).then(|| evidence.snapshots.range(hole.last.saturating_add(1)..=until).next()).flatten();
    if let Some((_, running)) = snapshot {
        let running = running.get(&producer_id).and_then(ProducerEntry::open_txn_first_offset);
        return match running {
            Some(first) if first < hole.first => None,
            _ => Some("a later producer snapshot has it ended"),
        };
    }
    let epoch = open.last_event.producer_epoch;
    if let Some(next) =
        next.filter(|next| next.kind == Kind::Transactional && next.producer_epoch > epoch && epoch >= 0)
    {
        let _ = next;
        return Some("its producer goes on with a higher epoch");
    }
    let marker = next_marker?;
    if let Kind::Marker { is_commit: false, .. } = marker.kind {
        let entry =
            evidence.aborts.iter().find(|abort| abort.producer_id == producer_id && abort.last_offset == marker.offset);
        if entry.is_some_and(|entry| entry.first_offset >= hole.first) {
            return Some("the transaction index lists a later transaction of its producer");
        }
    }
    None
}
