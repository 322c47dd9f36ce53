//! What was gathered of a segment, settled: headers restored, claims decided, holes measured, and all of it shown to the
//! deciders in order.

use std::io;

use super::deciders::Deciders;
use super::gather::Gathered;
use super::holes::{self, End, Hole};
use super::runs::{self, KEPT, each};
use super::settle::{Around, HeaderField, Restored, settle_epochs, settle_offsets};
use super::{Hold, Segment, SegmentAudit, claims};
use crate::audit::batch::{BatchSummary, Fate};
use crate::audit::code::Code;
use crate::audit::finding::{Class, Finding, OffsetRange, Remedy, Severity};
use crate::audit::report::FaultKind;
use crate::format::batch::{HEADER_SIZE_UP_TO_MAGIC, LENGTH};
use crate::format::offset_index::OffsetIndex;
use crate::fs::ReadAt;
use crate::segment::error::StorageError;

/// A settled segment.
pub(super) struct Settled {
    base_offset: i64,
    prefix: Option<BatchSummary>,
    batches: Vec<BatchSummary>,
    holes: Vec<Hole>,
    restored: Vec<Restored>,
    is_changed: bool,
    /// The base offset that it must have instead.
    pub(super) lower_base: Option<i64>,
}

/// Settles what was gathered, and shows it to the deciders.
///
/// # Errors
/// I/O errors.
pub(super) fn settle<R: ReadAt + Sync + ?Sized>(
    file: &R,
    segment: &Segment<'_>,
    index: Option<(&(dyn ReadAt + Sync), u64)>,
    gathered: Gathered,
    deciders: &mut Deciders<'_>,
) -> io::Result<Settled> {
    let Gathered { prefix, batches, holes, is_in_order } = gathered;
    let mut settled = Settled {
        base_offset: segment.base_offset.unwrap_or(0),
        prefix,
        batches,
        holes,
        restored: Vec::new(),
        is_changed: false,
        lower_base: None,
    };
    if segment.is_kraft_snapshot || segment.base_offset.is_none() {
        let expected = settled.batches.first().map_or(0, |batch| batch.first_offset);
        holes::settle(&mut settled.holes, &settled.batches, expected, End { next: None, is_segment: false });
    } else {
        settled.headers(file, segment, index.filter(|_| !is_in_order), is_in_order)?;
    }
    settled.show(file, segment, deciders)?;
    Ok(settled)
}

impl Settled {
    fn headers<R: ReadAt + Sync + ?Sized>(
        &mut self,
        file: &R,
        segment: &Segment<'_>,
        index: Option<(&(dyn ReadAt + Sync), u64)>,
        is_in_order: bool,
    ) -> io::Result<()> {
        let superseded = if is_in_order { Vec::new() } else { self.claims(file, segment)? };
        self.base_offset = self.true_base(segment);
        let before = match &self.prefix {
            Some(prefix) => prefix.last_offset,
            None => segment.before.map_or(i64::MIN, |(last, _)| last).max(self.base_offset - 1),
        };
        let epoch_before = match &self.prefix {
            Some(prefix) => prefix.leader_epoch.max(segment.before.map_or(-1, |(_, epoch)| epoch)),
            None => segment.before.map_or(-1, |(_, epoch)| epoch),
        };
        let indexed = indexed_positions(index, self.base_offset)?;
        let around = Around {
            last_before: before,
            end: segment.end(),
            end_is_next_segment: segment.next.is_some(),
            next_has_batch: segment.next.is_some_and(|next| next.has_batch),
            snapshot: segment.snapshot,
            log_bases: segment.log_bases,
            indexed: &indexed,
            has_gaps: segment.has_gaps,
        };
        let epoch_after = segment.next.and_then(|next| next.leader_epoch);
        let epochs = (!segment.epochs.is_empty()).then_some(segment.epochs);
        loop {
            let mut restored = settle_offsets(&mut self.batches, &around, |batch| head(file, batch))?;
            restored.extend(settle_epochs(&mut self.batches, epoch_before, epoch_after, epochs, |b| head(file, b))?);
            for mut now in restored {
                // What was restored before is what is examined now.
                let same = |earlier: &Restored| earlier.position == now.position && earlier.field == now.field;
                if let Some(at) = self.restored.iter().position(same) {
                    now.found = self.restored.swap_remove(at).found;
                }
                self.restored.push(now);
            }
            if self.batches.iter().all(|batch| batch.batches == 1 || batch.is_kept()) {
                self.lower_base = self.find_lower_base(segment);
                break;
            }
            // A whole stretch is out of place: each batch of it is judged by itself.
            self.batches = expand(file, segment, std::mem::take(&mut self.batches))?;
        }
        self.lengths_and_magics(file)?;
        let left_out = self.batches.extract_if(.., |batch| !batch.is_kept()).chain(superseded);
        let left_out: Vec<Hole> = left_out.map(|batch| Hole::left_out(&batch)).collect();
        if self.prefix.is_none() && self.batches.is_empty() {
            self.base_offset = base_without_batches(segment, self.base_offset);
        }
        self.holes.extend(left_out);
        self.holes.sort_by_key(|hole| hole.bytes.start);
        let expected = before.saturating_add(1).max(self.base_offset);
        let end = End { next: self.end_after_loss(segment), is_segment: segment.next.is_some() };
        holes::settle(&mut self.holes, &self.batches, expected, end);
        Ok(())
    }

    fn claims<R: ReadAt + ?Sized>(&mut self, file: &R, segment: &Segment<'_>) -> io::Result<Vec<BatchSummary>> {
        let next = segment.next.filter(|next| next.first_offset == next.base_offset);
        let before = match &self.prefix {
            Some(prefix) => Some((prefix.last_offset, prefix.leader_epoch)),
            None => segment.before,
        };
        let outside = claims::Outside {
            base_offset: self.base_offset,
            before,
            next: next.and_then(|next| Some((next.first_offset, next.leader_epoch?))),
            epochs: segment.epochs,
        };
        claims::settle(&mut self.batches, outside, |run| single(file, segment, run))
    }

    /// The base offset that the segment must have: a higher one than in its name where the segment before reaches over
    /// that.
    fn true_base(&self, segment: &Segment<'_>) -> i64 {
        let named = self.base_offset;
        let Some((last, _)) = segment.before.filter(|(last, _)| *last >= named) else { return named };
        let grows = self.batches.windows(2).all(|pair| pair[0].last_offset < pair[1].first_offset);
        let first = self.prefix.as_ref().or(self.batches.first()).map(|batch| batch.first_offset);
        let follows = |first: &i64| *first > last && !segment.log_bases.contains(first);
        first.filter(|_| grows).filter(follows).unwrap_or(named)
    }

    /// First offset after the file where its end is lost: the one in the name of the next segment, unless that is too low.
    fn end_after_loss(&self, segment: &Segment<'_>) -> Option<i64> {
        let kept = self.prefix.iter().chain(&self.batches).rfind(|batch| batch.is_kept());
        let reached = kept.map_or(self.base_offset, BatchSummary::end_offset);
        let by_name = segment.next.map(|next| next.base_offset).filter(|&base| base >= reached);
        let by_log = segment.log_bases.iter().copied().filter(|&base| base >= reached && base > self.base_offset).min();
        by_name.or(by_log.into_iter().chain(segment.end()).min())
    }

    /// A base offset below the one in the name, where the first batch would be lost otherwise: nothing proves its header
    /// wrong, and the segments before it leave room.
    fn find_lower_base(&self, segment: &Segment<'_>) -> Option<i64> {
        let first = self.batches.first().filter(|first| self.prefix.is_none() && first.fate == Fate::Misplaced)?;
        let offset = first.first_offset;
        let room = segment.before.map_or(0, |(last, _)| last.saturating_add(1))..self.base_offset;
        let is_alone =
            (first.magic > 1 || first.knows_first) && first.has_end() && !segment.log_bases.contains(&offset);
        (room.contains(&offset) && is_alone).then_some(offset)
    }

    /// Lengths and magics that were restored while the file was read.
    fn lengths_and_magics<R: ReadAt + ?Sized>(&mut self, file: &R) -> io::Result<()> {
        for batch in self.batches.iter().filter(|batch| batch.is_kept()) {
            let Some(restored) = batch.restored() else { continue };
            let found = head(file, batch)?;
            let offsets = (batch.first_offset, batch.last_offset);
            let length = |head: &[u8; HEADER_SIZE_UP_TO_MAGIC]| {
                i32::from_be_bytes([head[LENGTH], head[LENGTH + 1], head[LENGTH + 2], head[LENGTH + 3]])
            };
            let magic = |head: &[u8; HEADER_SIZE_UP_TO_MAGIC]| head[HEADER_SIZE_UP_TO_MAGIC - 1] as i8;
            let fields = [
                (HeaderField::BatchLength, i64::from(length(&found)), i64::from(length(restored))),
                (HeaderField::Magic, i64::from(magic(&found)), i64::from(magic(restored))),
            ];
            let wrong = fields.into_iter().filter(|(_, found, proven)| found != proven);
            let position = batch.position;
            self.restored.extend(wrong.map(|(field, found, proven)| Restored {
                position,
                field,
                found,
                proven,
                offsets,
            }));
        }
        self.restored.sort_by_key(|restored| restored.position);
        Ok(())
    }

    /// Shows batches and holes to the deciders in file order.
    fn show<R: ReadAt + Sync + ?Sized>(
        &mut self,
        file: &R,
        segment: &Segment<'_>,
        deciders: &mut Deciders<'_>,
    ) -> io::Result<()> {
        for restored in &self.restored {
            tell(segment, restored, &self.batches, deciders);
        }
        let mut holes = self.holes.iter().peekable();
        for batch in &self.batches {
            while let Some(hole) = holes.next_if(|hole| hole.bytes.end <= batch.position) {
                deciders.hole(hole);
            }
            if batch.batches == 1 {
                deciders.batch(batch);
            } else {
                in_io(each(file, segment.path, batch, &mut |one| deciders.batch(&one)))?;
            }
        }
        holes.for_each(|hole| deciders.hole(hole));
        let is_log = segment.base_offset.is_some() && !segment.is_kraft_snapshot;
        let mut all = self.prefix.iter().chain(&self.batches);
        if let Some(batch) = all.find(|batch| is_log && !batch.fits(self.base_offset)) {
            let expected = format!("offsets up to {}", self.base_offset.saturating_add(i32::MAX.into()));
            let finding = Finding::new(Code::OffsetOverflow, segment.path, expected, batch.last_offset.to_string());
            let finding = finding.at(batch.position..batch.end()).of(batch.first_offset, Some(batch.last_offset));
            deciders.find(finding.graded(Severity::Warning).classed(Class::OddButLegal));
            self.is_changed = true;
        }
        if segment.base_offset.is_some_and(|named| named != self.base_offset) {
            let expected = format!("the name of offset {}, where its batches begin", self.base_offset);
            let found = segment.base_offset.unwrap_or_default().to_string();
            deciders.find(Finding::new(Code::SegmentName, segment.path, expected, found));
            self.is_changed = true;
        }
        self.is_changed |=
            !self.restored.is_empty() || !self.holes.is_empty() || self.batches.iter().any(BatchSummary::is_changed);
        Ok(())
    }

    /// Hands over what was settled. `leads_into_hole` tells that entries of the offset index lead into the last hole.
    pub(super) fn finish(mut self, segment: &Segment<'_>, leads_into_hole: bool, audit: &mut SegmentAudit) {
        let end = self.end_after_loss(segment);
        if let Some(hole) = self.holes.last_mut().filter(|hole| hole.kind == FaultKind::Zeros && leads_into_hole) {
            // The index leads into the zeros at the end of the file: there were batches.
            let first = audit.report.last_offset.map_or(self.base_offset, |last| last.saturating_add(1));
            hole.offsets = Some(OffsetRange { first, last: end.map(|end| end - 1) });
            (hole.kind, hole.code, hole.severity) = (FaultKind::Unreadable, Code::UnreadableBytes, Severity::Damage);
            let findings = audit.report.findings.iter_mut();
            for finding in findings.filter(|finding| finding.bytes.as_ref() == Some(&hole.bytes)) {
                finding.found.push_str(", and the index has batches there");
                (finding.code, finding.offsets, finding.severity) = (hole.code, hole.offsets, hole.severity);
                (finding.class, finding.remedy) = (Class::Damage, Remedy::Salvage);
            }
            for fault in audit.report.faults.iter_mut().filter(|fault| fault.bytes == hole.bytes) {
                (fault.kind, fault.offsets) = (hole.kind, hole.offsets);
            }
        }
        audit.base_offset = self.base_offset;
        audit.is_changed = self.is_changed;
        audit.restored = self.restored;
        audit.holes = self.holes;
        let mut batches: Vec<BatchSummary> = self.prefix.into_iter().collect();
        if self.is_changed || segment.hold != Hold::Nothing {
            batches.append(&mut self.batches);
        } else {
            for batch in self.batches {
                match batches.first_mut() {
                    Some(all) => {
                        runs::fold(all, &batch);
                        all.leader_epoch = batch.leader_epoch;
                    }
                    None => batches.push(BatchSummary { rare: None, ..batch }),
                }
            }
        }
        audit.batches = batches;
    }
}

/// The base offset of a segment of which no batch is kept: after the batches of the segments before it.
fn base_without_batches(segment: &Segment<'_>, named: i64) -> i64 {
    let after = segment.before.map(|(last, _)| last.saturating_add(1)).filter(|&after| after > named);
    after.filter(|after| !segment.log_bases.contains(after)).unwrap_or(named)
}

/// Tells of a header field that was wrong.
fn tell(segment: &Segment<'_>, restored: &Restored, batches: &[BatchSummary], deciders: &mut Deciders<'_>) {
    let Restored { position, field, found, proven, offsets: (first, last) } = *restored;
    let (kind, code, why) = match field {
        HeaderField::BaseOffset => {
            (FaultKind::WrongBaseOffset { proven, found }, Code::BatchBaseOffset, "as its neighbours prove")
        }
        HeaderField::LeaderEpoch => {
            let (proven, found) = (proven as i32, found as i32);
            (FaultKind::WrongEpoch { proven, found }, Code::BatchEpoch, "as its neighbours prove")
        }
        HeaderField::BatchLength => {
            let (proven, found) = (proven as i32, found as i32);
            (FaultKind::WrongLength { proven, found }, Code::BatchLength, "for which the checksum holds")
        }
        HeaderField::Magic => {
            let (proven, found) = (proven as i8, found as i8);
            (FaultKind::WrongMagic { proven, found }, Code::BatchMagic, "for which the checksum holds")
        }
    };
    let expected = format!("{} {proven}, {why}", field.name());
    let end = batches.iter().find(|batch| batch.position == position).map_or(position, BatchSummary::end);
    let finding = Finding::new(code, segment.path, expected, found.to_string());
    deciders.restored(kind, position..end, OffsetRange { first, last: Some(last) }, finding);
}

/// The first bytes of a batch as they are in the file.
fn head<R: ReadAt + ?Sized>(file: &R, batch: &BatchSummary) -> io::Result<[u8; HEADER_SIZE_UP_TO_MAGIC]> {
    let mut head = [0; HEADER_SIZE_UP_TO_MAGIC];
    file.read_full_at(&mut head, batch.position)?;
    Ok(head)
}

/// The single batches of a stretch.
fn single<R: ReadAt + ?Sized>(file: &R, segment: &Segment<'_>, run: &BatchSummary) -> io::Result<Vec<BatchSummary>> {
    let mut batches = Vec::with_capacity(run.batches as usize);
    in_io(each(file, segment.path, run, &mut |one| batches.push(one)))?;
    Ok(batches)
}

/// The same with every stretch that is not kept taken apart, and all fates open again.
fn expand<R: ReadAt + ?Sized>(
    file: &R,
    segment: &Segment<'_>,
    batches: Vec<BatchSummary>,
) -> io::Result<Vec<BatchSummary>> {
    let mut expanded = Vec::with_capacity(batches.len() + KEPT);
    for mut batch in batches {
        if batch.batches > 1 && !batch.is_kept() {
            expanded.append(&mut single(file, segment, &batch)?);
        } else {
            batch.fate = Fate::Kept;
            expanded.push(batch);
        }
    }
    Ok(expanded)
}

fn in_io<T>(result: Result<T, StorageError>) -> io::Result<T> {
    result.map_err(|error| match error {
        StorageError::Io { source, .. } => source,
        other => io::Error::new(io::ErrorKind::InvalidData, other.to_string()),
    })
}

/// Last offsets by position, as the offset index has them, as far as it grows. `used` bytes of the file count.
fn indexed_positions(index: Option<(&(dyn ReadAt + Sync), u64)>, base_offset: i64) -> io::Result<Vec<(u64, i64)>> {
    let Some((file, used)) = index else { return Ok(Vec::new()) };
    let mut bytes = vec![0; usize::try_from(used).unwrap_or(usize::MAX)];
    let got = file.read_full_at(&mut bytes, 0)?;
    let mut positions = Vec::new();
    let mut last = None;
    for entry in OffsetIndex::new(base_offset, &bytes[..got]).iter() {
        if last.is_some_and(|last| entry.offset <= last) {
            break;
        }
        last = Some(entry.offset);
        if let Ok(position) = u64::try_from(entry.position) {
            positions.push((position, entry.offset));
        }
    }
    positions.sort_unstable();
    Ok(positions)
}
