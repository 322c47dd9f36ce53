//! The offset and time index beside a log file: are they there, of the right size, and what of them is in use?

use std::io;
use std::path::{Path, PathBuf};

use super::offset_index::OffsetIndexCheck;
use super::time_index::TimeIndexCheck;
use super::used::used_len;
use super::{Segment, SegmentReport};
use crate::audit::code::Code;
use crate::audit::finding::{Class, Finding, Remedy, Severity};
use crate::audit::report::{IndexReport, Level};
use crate::format::batch::{BATCH_LENGTH_MIN, LOG_OVERHEAD};
use crate::format::offset_index::{OFFSET_INDEX_ENTRY_LEN, OffsetIndex};
use crate::format::time_index::{TIME_INDEX_ENTRY_LEN, TimeIndex};
use crate::fs::{Fs, FsFile, INDEX_FILE_MAX, OpenMode, ReadAt};

/// Bytes of a log that has no index entry at all, at which one is missed: Kafka's default is one each 4 KiB.
const UNINDEXED_MAX: u64 = 256 * 1024;

/// Bytes of an index that are read however short its log is: what `segment.index.bytes` allows by default.
const CHECKED_MIN: u64 = 10 * 1024 * 1024;

/// Bytes of the smallest batch, a message of magic 0 without key and value. No batch has more than one entry.
const BATCH_BYTES_MIN: u64 = LOG_OVERHEAD as u64 + BATCH_LENGTH_MIN as u64;

/// An index file that is there.
struct Index<R> {
    path: PathBuf,
    file: R,
    len: u64,
    /// Bytes in use: whole entries up to the last that is not zero.
    used: u64,
    /// Bytes of them that are compared with the log.
    checked: u64,
}

impl<R: FsFile> Index<R> {
    /// More entries than a log of `log_len` bytes has batches are not read one by one.
    fn limit(&mut self, log_len: u64, kind: &Kind, report: &mut SegmentReport) {
        let entries_max = log_len / BATCH_BYTES_MIN;
        let limit = entries_max.saturating_mul(kind.entry_len).max(CHECKED_MIN / kind.entry_len * kind.entry_len);
        if self.used > limit {
            self.checked = limit;
            let expected = format!("at most {entries_max} entries, as the log has {log_len} bytes");
            let found = format!("{}", self.used / kind.entry_len);
            report.findings.push(Finding::new(kind.size, &self.path, expected, found).at(limit..self.used));
        }
    }

    /// The offset of the last entry.
    fn last_offset(&self, kind: &Kind, base_offset: i64) -> Option<i64> {
        let start = self.used.checked_sub(kind.entry_len)?;
        let mut bytes = [0; TIME_INDEX_ENTRY_LEN];
        let bytes = &mut bytes[..kind.entry_len as usize];
        self.file.read_full_at(bytes, start).ok()?;
        match kind.missing {
            Code::OffsetIndexMissing => OffsetIndex::new(base_offset, bytes).entry(0).map(|entry| entry.offset),
            _ => TimeIndex::new(base_offset, bytes).entry(0).map(|entry| entry.offset),
        }
    }

    /// Whether entries were added since it was opened.
    fn has_grown(&self, kind: &Kind) -> bool {
        let used = self.file.len().and_then(|len| used_len(&self.file, len, kind.entry_len, Level::Default));
        used.is_ok_and(|used| used > self.used)
    }
}

/// The indexes of a segment.
pub(super) struct Indexes<R> {
    offset: Option<Index<R>>,
    time: Option<Index<R>>,
}

/// The codes of one kind of index.
struct Kind {
    extension: &'static str,
    name: &'static str,
    entry_len: u64,
    missing: Code,
    size: Code,
    zeros: Code,
}

const OFFSET: Kind = Kind {
    extension: "index",
    name: "an offset index",
    entry_len: OFFSET_INDEX_ENTRY_LEN as u64,
    missing: Code::OffsetIndexMissing,
    size: Code::OffsetIndexSize,
    zeros: Code::OffsetIndexZeros,
};
const TIME: Kind = Kind {
    extension: "timeindex",
    name: "a time index",
    entry_len: TIME_INDEX_ENTRY_LEN as u64,
    missing: Code::TimeIndexMissing,
    size: Code::TimeIndexSize,
    zeros: Code::TimeIndexZeros,
};

impl<R: FsFile> Indexes<R> {
    /// Opens what is there, and looks at sizes.
    pub(super) fn open<F: Fs<File = R>>(fs: &F, segment: &Segment<'_>, report: &mut SegmentReport) -> Self {
        let is_last = segment.next.is_none();
        let path = |placed: Option<&Path>, kind: &Kind| {
            placed.map_or_else(|| segment.path.with_extension(kind.extension), Path::to_owned)
        };
        let (offset, time) = (path(segment.offset_index, &OFFSET), path(segment.time_index, &TIME));
        let level = segment.options.level;
        let mut indexes = Indexes {
            offset: open(fs, offset, &OFFSET, is_last, level, report),
            time: open(fs, time, &TIME, is_last, level, report),
        };
        // A log that grows has all that the indexes lead to by now.
        if let Ok(log) = fs.metadata(segment.path) {
            for (index, kind) in [(&mut indexes.offset, &OFFSET), (&mut indexes.time, &TIME)] {
                if let Some(index) = index {
                    index.limit(log.len, kind, report);
                }
            }
        }
        indexes
    }

    /// The offset index and the bytes of it to be checked.
    pub(super) fn offset_file(&self) -> Option<(&(dyn ReadAt + Sync), u64)> {
        self.offset.as_ref().map(|index| (&index.file as _, index.checked))
    }

    /// The time index and the bytes of it to be checked.
    pub(super) fn time_file(&self) -> Option<(&(dyn ReadAt + Sync), u64)> {
        self.time.as_ref().map(|index| (&index.file as _, index.checked))
    }

    /// Takes over what the merges with the log found.
    pub(super) fn report(
        &self,
        offset: OffsetIndexCheck<'_>,
        time: TimeIndexCheck<'_>,
        segment: &Segment<'_>,
        report: &mut SegmentReport,
    ) {
        let newest_time = time.newest();
        let at_last_entry = offset.max_timestamp_at_last_entry();
        let unindexed = offset.unindexed(report.valid_to);
        if let Some(index) = &self.offset {
            report.findings.extend(offset.findings(&index.path));
        }
        if let Some(index) = &self.time {
            let findings = time.findings(&index.path);
            let is_whole = findings.iter().all(|finding| finding.severity == Severity::Note);
            report.findings.extend(findings);
            // A roll writes the largest timestamp; any entry of the offset index brings the largest so far.
            let least = if segment.next.is_none() { at_last_entry } else { report.max_timestamp };
            let newest = newest_time.unwrap_or(-1);
            if is_whole
                && report.faults.is_empty()
                && let Some(least) = least.filter(|&least| newest < least)
            {
                let expected = format!("time {least} in the last entry, the largest of the log");
                let found = newest_time.map_or_else(|| "no entry".to_owned(), |time| time.to_string());
                report.findings.push(Finding::new(Code::TimeIndexEnd, &index.path, expected, found));
            }
        }
        if let (Some(index), Some((least, unindexed))) = (&self.offset, unindexed)
            && report.faults.is_empty()
            && !(segment.next.is_none() && index.has_grown(&OFFSET))
        {
            let expected = format!("an entry for each {least} bytes of the log or less");
            let found = format!("none for its last {unindexed} bytes");
            report.findings.push(Finding::new(Code::OffsetIndexSparse, &index.path, expected, found));
        }
        let (time_entries, offset_entries) = (self.entries(&self.time, &TIME), self.entries(&self.offset, &OFFSET));
        if let Some(index) = &self.offset
            && (offset_entries == 0 && report.valid_to > UNINDEXED_MAX || time_entries > 2 * offset_entries + 4)
        {
            let expected = format!("about as many entries as the time index, {time_entries}");
            report.findings.push(Finding::new(
                Code::OffsetIndexSparse,
                &index.path,
                expected,
                offset_entries.to_string(),
            ));
        }
    }

    fn entries(&self, index: &Option<Index<R>>, kind: &Kind) -> u64 {
        index.as_ref().map_or(0, |index| index.used / kind.entry_len)
    }

    /// Sums up, after everything is found; returns what is wrong with the offset index and the time index.
    pub(super) fn close(self, report: &mut SegmentReport) -> (Option<Code>, Option<Code>) {
        for finding in &mut report.findings {
            // An empty log needs no index.
            if report.size == 0 && matches!(finding.code, Code::OffsetIndexMissing | Code::TimeIndexMissing) {
                (finding.severity, finding.remedy) = (Severity::Note, Remedy::Nothing);
            }
        }
        let fault = |missing: Code, index: &Option<Index<R>>| {
            let is_of_index = |finding: &&Finding| match index {
                Some(index) => finding.path == index.path,
                None => finding.code == missing,
            };
            let bad = |finding: &&Finding| finding.severity > Severity::Note && finding.class == Class::IndexOnly;
            report.findings.iter().filter(is_of_index).find(bad).map(|finding| finding.code)
        };
        let faults = (fault(OFFSET.missing, &self.offset), fault(TIME.missing, &self.time));
        let sum_up = |index: Option<Index<R>>, kind: &Kind, is_bad: bool, last_offset| {
            index.map(|index| IndexReport {
                size: index.len,
                entries: index.used / kind.entry_len,
                is_bad,
                last_offset,
            })
        };
        let last_of = |index: &Option<Index<R>>, kind| index.as_ref()?.last_offset(kind, report.base_offset?);
        let last_offsets = (last_of(&self.offset, &OFFSET), last_of(&self.time, &TIME));
        report.offset_index = sum_up(self.offset, &OFFSET, faults.0.is_some(), last_offsets.0);
        report.time_index = sum_up(self.time, &TIME, faults.1.is_some(), last_offsets.1);
        faults
    }
}

fn open<F: Fs>(
    fs: &F,
    path: PathBuf,
    kind: &Kind,
    is_last: bool,
    level: Level,
    report: &mut SegmentReport,
) -> Option<Index<F::File>> {
    let opened = fs.open(&path, OpenMode::Read).and_then(|file| {
        let len = file.len()?;
        let used = used_len(&file, len.min(INDEX_FILE_MAX), kind.entry_len, level)?;
        Ok(Index { path: path.clone(), file, len, used, checked: used })
    });
    let index = match opened {
        Ok(index) => index,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            report.findings.push(Finding::new(kind.missing, path, kind.name, "no file"));
            return None;
        }
        Err(error) => {
            report.findings.push(Finding::new(Code::ReadFailed, path, "a file to read", error.to_string()));
            return None;
        }
    };
    let rest = index.len % kind.entry_len;
    if index.len > INDEX_FILE_MAX {
        let expected = format!("at most {INDEX_FILE_MAX} bytes, more than which Kafka cannot map");
        let finding = Finding::new(kind.size, &index.path, expected, index.len.to_string());
        report.findings.push(finding.graded(Severity::Damage));
    } else if rest != 0 {
        let expected = format!("whole entries of {} bytes", kind.entry_len);
        let finding = Finding::new(kind.size, &index.path, expected, format!("{rest} bytes more"));
        report.findings.push(finding.at(index.len - rest..index.len));
    } else if index.used < index.len {
        let zeros = index.len - index.used;
        let finding = Finding::new(kind.zeros, &index.path, "entries to the end", format!("{zeros} bytes of zeros"));
        // The active segment's index is as long as it may get until it is closed.
        let finding = match is_last {
            true => finding.graded(Severity::Note).with(Remedy::Nothing),
            false => finding,
        };
        report.findings.push(finding.at(index.used..index.len));
    }
    Some(index)
}
