//! What a log must hold: its batches in a list, all that was ever written beside it, and how far it was flushed.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use kafka_log::compression::Decompressor;
use kafka_log::format::batch::RecordBatch;
use kafka_log::format::control::ControlRecordType;
use kafka_log::segment::batch::Batches;

/// A batch of magic 2 as it lies in the log.
#[derive(Debug, PartialEq, Eq)]
pub struct ModelBatch {
    /// First offset.
    pub base_offset: i64,
    /// Last offset; the records may end before it after compaction.
    pub last_offset: i64,
    /// The batch, byte for byte.
    pub bytes: Vec<u8>,
    /// Largest timestamp in ms.
    pub max_timestamp: i64,
    /// Leader epoch.
    pub leader_epoch: i32,
    /// Producer id, -1 none.
    pub producer_id: i64,
    /// Producer epoch.
    pub producer_epoch: i16,
    /// First and last sequence number, -1 none.
    pub sequences: (i32, i32),
    /// Part of a transaction?
    pub is_transactional: bool,
    /// Holds or held a marker?
    pub is_control: bool,
    /// The kind of marker it holds, if it holds one.
    pub control: Option<ControlRecordType>,
    /// Its records.
    pub records: Vec<ModelRecord>,
}

/// A record; every value that tests append is there only once.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ModelRecord {
    /// Offset.
    pub offset: i64,
    /// Timestamp in ms.
    pub timestamp: i64,
    /// Key.
    pub key: Option<Vec<u8>>,
    /// Value.
    pub value: Option<Vec<u8>>,
}

/// The batches in a run of bytes, and how many bytes at the end are no whole batch.
///
/// # Errors
/// What is wrong with the first batch that cannot be read, or whose checksum does not hold.
pub fn decode(bytes: &[u8]) -> Result<(Vec<Arc<ModelBatch>>, usize), String> {
    let mut found = Vec::new();
    let rest = decode_into(bytes, &mut found)?;
    Ok((found, rest))
}

/// The batches before the first one that cannot be read.
pub fn whole(bytes: &[u8]) -> Vec<Arc<ModelBatch>> {
    let mut found = Vec::new();
    // What comes before an error is all that is requested.
    let _ = decode_into(bytes, &mut found);
    found
}

fn decode_into(bytes: &[u8], found: &mut Vec<Arc<ModelBatch>>) -> Result<usize, String> {
    let mut batches = Batches::new(bytes);
    let mut decompressor = Decompressor::new(1 << 20);
    for batch in batches.by_ref() {
        let batch = batch.map_err(|e| e.to_string())?;
        let at = batch.position;
        let batch = RecordBatch::parse(batch.as_bytes()).map_err(|e| format!("batch at {at}: {e}"))?;
        if !batch.is_valid() {
            return Err(format!("batch at {at}, offset {}: checksum does not hold", batch.header().base_offset()));
        }
        found.push(Arc::new(model_batch(&batch, &mut decompressor).map_err(|e| format!("batch at {at}: {e}"))?));
    }
    Ok(batches.rest().len())
}

fn model_batch(batch: &RecordBatch<'_>, decompressor: &mut Decompressor) -> Result<ModelBatch, String> {
    let header = batch.header();
    let records = batch.records(decompressor).map_err(|e| e.to_string())?;
    let records: Vec<ModelRecord> = records
        .map(|record| {
            let record = record.map_err(|e| e.to_string())?;
            Ok(ModelRecord {
                offset: record.offset,
                timestamp: record.timestamp,
                key: record.key.map(<[u8]>::to_vec),
                value: record.value.map(<[u8]>::to_vec),
            })
        })
        .collect::<Result<_, String>>()?;
    let is_control = header.attributes().is_control();
    let control = records.first().filter(|_| is_control).map(|record| ControlRecordType::parse(record.key.as_deref()));
    Ok(ModelBatch {
        base_offset: header.base_offset(),
        last_offset: header.last_offset(),
        bytes: batch.as_bytes().to_vec(),
        max_timestamp: header.max_timestamp(),
        leader_epoch: header.partition_leader_epoch(),
        producer_id: header.producer_id(),
        producer_epoch: header.producer_epoch(),
        sequences: (header.base_sequence(), header.last_sequence()),
        is_transactional: header.attributes().is_transactional(),
        is_control,
        control: control.transpose().map_err(|e| e.to_string())?,
        records,
    })
}

/// A transaction that was aborted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Aborted {
    /// Producer id.
    pub producer_id: i64,
    /// First offset of its data.
    pub first_offset: i64,
    /// Offset of the marker.
    pub last_offset: i64,
}

/// What a log must hold.
#[derive(Clone, Debug, Default)]
pub struct Model {
    /// The batches of the log, oldest first, those below the log start as long as they were not seen to be gone.
    pub batches: Vec<Arc<ModelBatch>>,
    /// Every batch that was ever in the log, by its base offset: a crash may bring back what was cut, and nothing else.
    written: HashMap<i64, Vec<Arc<ModelBatch>>>,
    /// Log start offset.
    pub start: i64,
    /// Log end offset.
    pub end: i64,
    /// High watermark.
    pub high_watermark: i64,
    /// Everything below was synced.
    pub flushed: i64,
    /// Records were cut off or thinned out, or lie below the log start: segments may be older than their records tell.
    pub was_cut: bool,
    /// Producers were reloaded by a cut and the high watermark was not set since: transactions that it has passed count
    /// as undecided again, as in Kafka.
    pub is_cut_since_high_watermark: bool,
    /// Last stable offsets before that cut, which hold until something else moves.
    pub before_cut: Vec<i64>,
    /// Records below this were deleted once, and came back; no flush has promised them anything.
    pub promised_from: i64,
    /// Base offset of the batch that had the log start when it was set.
    pub stand_in: i64,
    /// A segment was rolled since the last flush.
    pub is_seal_unsynced: bool,
    /// A time index lacks its last entry.
    pub has_old_times: bool,
    /// Log end when producers were last reloaded.
    pub reloaded_at: i64,
    /// Log start then: of producers that have all their batches below, the log may know nothing.
    pub reloaded_start: i64,
    /// The highest log start with which producers were reloaded: what transactions have below is forgotten, also when it
    /// comes back because the log start was not written down.
    forgotten_below: i64,
    /// Batches of transactions that compaction dropped: a snapshot remembers their transactions as it took them, and a
    /// transaction can be open once more when its marker is cut.
    cleaned_away: Vec<Arc<ModelBatch>>,
    /// Neighbours that batches had: last offset of the one, base offset of the other.
    neighbours: HashSet<(i64, i64)>,
}

impl Model {
    /// Adds batches at the end.
    pub fn append(&mut self, batches: Vec<Arc<ModelBatch>>) {
        for batch in batches {
            self.end = batch.last_offset + 1;
            self.note(&batch);
            self.neighbours.extend(self.batches.last().map(|before| (before.last_offset, batch.base_offset)));
            self.batches.push(batch);
        }
    }

    /// Whether a batch that ends at `last_offset` was ever followed by one at `base_offset`, or might be.
    pub fn were_neighbours(&self, last_offset: i64, base_offset: i64) -> bool {
        base_offset == last_offset + 1 || self.neighbours.contains(&(last_offset, base_offset))
    }

    /// Takes what was found in the log for what must be there.
    pub fn adopt(&mut self, found: Vec<Arc<ModelBatch>>, start: i64, end: i64) {
        let first = found.first().map_or(end, |batch| batch.base_offset);
        self.batches.retain(|batch| batch.last_offset < first.min(start));
        for batch in &found {
            self.note(batch);
        }
        self.batches.extend(found);
        self.neighbours.extend(self.batches.windows(2).map(|pair| (pair[0].last_offset, pair[1].base_offset)));
        (self.start, self.end) = (start, end);
        self.flushed = self.flushed.min(end).max(start);
        (self.reloaded_at, self.reloaded_start) = (end, start);
        self.cleaned_away.retain(|batch| batch.last_offset < end);
    }

    /// Remembers a batch that may be found from now on.
    pub fn note(&mut self, batch: &Arc<ModelBatch>) {
        let known = self.written.entry(batch.base_offset).or_default();
        if !known.iter().any(|known| known.bytes == batch.bytes) {
            known.push(Arc::clone(batch));
        }
    }

    /// Whether this very batch was ever in the log.
    pub fn was_written(&self, batch: &ModelBatch) -> bool {
        self.written.get(&batch.base_offset).is_some_and(|known| known.iter().any(|known| known.bytes == batch.bytes))
    }

    /// Whether the batch is one that was ever in the log but for its offset or its leader epoch, which no checksum covers.
    pub fn is_torn(&self, batch: &ModelBatch) -> bool {
        const COVERED_FROM: usize = 16;
        let mut known = self.written.values().flatten();
        known.any(|known| known.bytes[COVERED_FROM..] == batch.bytes[COVERED_FROM..])
    }

    /// Whether the batch is one that was ever in the log, with fewer records.
    pub fn was_thinned(&self, batch: &ModelBatch) -> bool {
        let known = self.written.get(&batch.base_offset);
        known.is_some_and(|known| {
            known.iter().any(|known| {
                known.last_offset == batch.last_offset
                    && known.producer_id == batch.producer_id
                    && known.sequences == batch.sequences
                    && batch.records.iter().all(|record| known.records.contains(record))
            })
        })
    }

    /// Whether compaction may drop the record where it leaves these batches: a later record of the key must be among
    /// them.
    pub fn may_be_cleaned(&self, record: &ModelRecord, left: &[Arc<ModelBatch>]) -> bool {
        if record.value.is_none() || record.key.is_none() {
            return true;
        }
        let transactions = Transactions::of(&self.batches);
        let mut with_it =
            self.batches.iter().filter(|batch| (batch.base_offset..=batch.last_offset).contains(&record.offset));
        let is_later = |other: &ModelRecord| other.offset > record.offset && other.key == record.key;
        // A tombstone may go together with what it deletes.
        let is_later_tombstone = |other: &ModelRecord| other.value.is_none() && is_later(other);
        let has = |batches: &[Arc<ModelBatch>], wanted: &dyn Fn(&ModelRecord) -> bool| {
            batches.iter().any(|batch| !transactions.is_aborted(batch) && batch.records.iter().any(wanted))
        };
        with_it.any(|batch| transactions.is_aborted(batch) || batch.control.is_some())
            || has(left, &is_later)
            || has(&self.batches, &is_later_tombstone)
    }

    /// Takes what a round of cleaning left, if that is all right: nothing new, and nothing missing that had to stay.
    ///
    /// # Errors
    /// What is wrong.
    pub fn take_cleaned(&mut self, found: Vec<Arc<ModelBatch>>, first_uncleanable: i64) -> Result<(), String> {
        for batch in &found {
            if !self.was_written(batch) && !self.was_thinned(batch) {
                return Err(format!("cleaning made {batch:?}"));
            }
        }
        let kept: HashSet<i64> = found.iter().flat_map(|batch| &batch.records).map(|record| record.offset).collect();
        for record in self.visible().flat_map(|batch| &batch.records) {
            if !kept.contains(&record.offset)
                && (record.offset >= first_uncleanable || !self.may_be_cleaned(record, &found))
            {
                return Err(format!("cleaning below {first_uncleanable} dropped {record:?}"));
            }
        }
        let (start, end, flushed) = (self.start, self.end, self.flushed);
        let (reloaded_at, reloaded_start) = (self.reloaded_at, self.reloaded_start);
        self.was_cut = true;
        let before = std::mem::take(&mut self.batches);
        self.adopt(found, start, end);
        let is_gone = |batch: &ModelBatch| !self.batches.iter().any(|left| left.base_offset == batch.base_offset);
        self.cleaned_away.extend(before.into_iter().filter(|batch| batch.is_transactional && is_gone(batch)));
        (self.flushed, self.reloaded_at, self.reloaded_start) = (flushed, reloaded_at, reloaded_start);
        Ok(())
    }

    /// Drops the batches that reach `offset` or lie above it.
    pub fn truncate(&mut self, offset: i64) {
        self.before_cut = self.last_stable_offsets();
        self.was_cut |= self.batches.last().is_some_and(|batch| batch.last_offset >= offset);
        self.batches.retain(|batch| batch.last_offset < offset);
        self.cleaned_away.retain(|batch| batch.last_offset < offset);
        self.end = offset;
        self.start = self.start.min(offset);
        self.high_watermark = self.high_watermark.min(offset);
        self.flushed = self.flushed.min(offset);
        (self.reloaded_at, self.reloaded_start) = (offset, self.start);
        self.forgotten_below = self.forgotten_below.max(self.start).min(offset);
        self.is_cut_since_high_watermark = true;
    }

    /// Drops everything.
    pub fn truncate_fully(&mut self, offset: i64, start: i64) {
        self.batches.clear();
        self.cleaned_away.clear();
        self.forgotten_below = 0;
        (self.start, self.end, self.high_watermark, self.flushed) = (start, offset, offset, offset);
    }

    /// Raises the log start. What lies below it stays known: it may have begun a transaction.
    pub fn raise_start(&mut self, start: i64) {
        if start > self.start {
            self.was_cut = true;
            // A high watermark that a read moved to the start of a batch may lie below a start in the middle of it.
            self.high_watermark = self.high_watermark.max(start);
        }
        if self.flushed < start {
            self.promised_from = self.promised_from.max(start);
        }
        self.start = self.start.max(start);
        self.stand_in = self.found_at(self.start);
        self.flushed = self.flushed.max(self.start);
    }

    /// The batches that a reader from the log start on gets.
    pub fn visible(&self) -> impl Iterator<Item = &Arc<ModelBatch>> + Clone {
        self.batches.iter().filter(|batch| batch.last_offset >= self.start)
    }

    /// Last stable offsets that the log may give: after an opening or a cut it may have forgotten that markers written
    /// before are not below the high watermark, and transactions that began below its start. Where the first batch of a
    /// transaction is not there any more, the next one stands in for it.
    pub fn last_stable_offsets(&self) -> Vec<i64> {
        let mut all = if self.is_cut_since_high_watermark { self.before_cut.clone() } else { Vec::new() };
        let visible: Vec<_> = self.visible().cloned().collect();
        let mut with_cleaned = [&self.batches[..], &self.cleaned_away].concat();
        with_cleaned.sort_by_key(|batch| batch.base_offset);
        let is_remembered = |batch: &&Arc<ModelBatch>| batch.last_offset >= self.forgotten_below;
        let remembered: Vec<_> = self.batches.iter().filter(is_remembered).cloned().collect();
        for batches in [&self.batches, &visible, &with_cleaned, &remembered] {
            let Transactions { open, mut finished, .. } = Transactions::of(batches);
            if !self.is_cut_since_high_watermark {
                finished.retain(|(_, marker)| *marker >= self.high_watermark);
            }
            finished.sort_by_key(|(_, marker)| *marker);
            let settled = self.reloaded_at.max(self.high_watermark);
            let forgotten = finished.iter().filter(|(_, marker)| *marker < settled).count();
            for skipped in 0..=forgotten {
                let undecided = finished[skipped..].iter().map(|(first, _)| *first);
                let first = open.values().copied().chain(undecided).min().unwrap_or(i64::MAX);
                all.push(first.max(self.start).min(self.high_watermark));
                if self.cleaned_away.iter().any(|batch| batch.base_offset == first) {
                    all.push(self.found_at(first).min(self.high_watermark));
                }
                if first < self.start {
                    // The batch that has the log start stands in, also when it was cut since.
                    all.push(self.found_at(self.start).min(self.high_watermark));
                    all.push(self.stand_in.min(self.high_watermark));
                }
            }
        }
        all
    }

    /// What a read makes of the high watermark: the base offset of the batch that it finds there.
    pub fn found_high_watermark(&self) -> i64 {
        self.found_at(self.high_watermark)
    }

    fn found_at(&self, offset: i64) -> i64 {
        if offset >= self.end {
            return offset;
        }
        let found = self.batches.iter().find(|batch| batch.last_offset >= offset);
        found.map_or(self.end, |batch| batch.base_offset)
    }

    /// Offsets of the data records below `limit` that a reader of committed data must get.
    pub fn committed(&self, limit: i64) -> Vec<i64> {
        let transactions = Transactions::of(&self.batches);
        // A limit inside a batch hides all of it.
        let data = self.visible().filter(|batch| batch.control.is_none() && batch.last_offset < limit);
        data.filter(|batch| !transactions.is_aborted(batch))
            .flat_map(|batch| batch.records.iter().map(|record| record.offset))
            .filter(|offset| (self.start..limit).contains(offset))
            .collect()
    }
}

/// The transactions in a log.
#[derive(Debug, Default)]
pub struct Transactions {
    /// First offsets of open ones, by producer.
    pub open: BTreeMap<i64, i64>,
    /// Aborted ones.
    pub aborted: Vec<Aborted>,
    /// First offset and marker of all finished ones.
    pub finished: Vec<(i64, i64)>,
}

impl Transactions {
    /// Those in `batches`.
    pub fn of(batches: &[Arc<ModelBatch>]) -> Self {
        let mut all = Transactions::default();
        // A batch that compaction emptied belongs to its transaction still, and compaction keeps the marker as long as there is
        // such a batch. A marker that was emptied says nothing any more.
        for batch in
            batches.iter().filter(|batch| batch.is_transactional && batch.is_control == batch.control.is_some())
        {
            let Some(kind) = batch.control else {
                all.open.entry(batch.producer_id).or_insert(batch.base_offset);
                continue;
            };
            let Some(first_offset) = all.open.remove(&batch.producer_id) else { continue };
            all.finished.push((first_offset, batch.base_offset));
            if kind == ControlRecordType::Abort {
                let last_offset = batch.base_offset;
                all.aborted.push(Aborted { producer_id: batch.producer_id, first_offset, last_offset });
            }
        }
        all
    }

    /// Whether the batch belongs to an aborted one.
    pub fn is_aborted(&self, batch: &ModelBatch) -> bool {
        batch.is_transactional
            && self.aborted.iter().any(|txn| {
                txn.producer_id == batch.producer_id
                    && (txn.first_offset..=txn.last_offset).contains(&batch.base_offset)
            })
    }
}

/// What the batches of a log say about a producer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProducerView {
    /// Its epoch.
    pub epoch: i16,
    /// Last sequence number in that epoch, -1 none.
    pub last_sequence: i32,
    /// Its last batches in that epoch, oldest first, 5 at the most: first and last sequence, first and last offset.
    pub batches: Vec<(i32, i32, i64, i64)>,
    /// First offset of its open transaction.
    pub open_from: Option<i64>,
}

/// Batches of a producer that a log remembers.
const REMEMBERED: usize = 5;

impl Model {
    /// What the batches say about a producer; `None` where they say nothing.
    pub fn producer(&self, id: i64) -> Option<ProducerView> {
        let mut view: Option<ProducerView> = None;
        for batch in self.batches.iter().filter(|batch| batch.producer_id == id) {
            let known = view.get_or_insert_with(|| ProducerView { last_sequence: -1, epoch: -1, ..Default::default() });
            if known.epoch != batch.producer_epoch {
                known.epoch = batch.producer_epoch;
                known.last_sequence = -1;
                known.batches.clear();
            }
            if batch.is_control {
                known.open_from = None;
                continue;
            }
            known.last_sequence = batch.sequences.1;
            known.batches.push((batch.sequences.0, batch.sequences.1, batch.base_offset, batch.last_offset));
            if known.batches.len() > REMEMBERED {
                known.batches.remove(0);
            }
            if batch.is_transactional {
                known.open_from.get_or_insert(batch.base_offset);
            }
        }
        view
    }
}
