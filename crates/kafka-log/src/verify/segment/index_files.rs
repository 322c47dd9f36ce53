//! The offset and time index beside a log file: are they there, of the right size, and what of them is in use?

use std::io;
use std::path::{Path, PathBuf};

use super::entries::used_len;
use super::offset_index::OffsetIndexCheck;
use super::time_index::TimeIndexCheck;
use super::{Segment, SegmentReport};
use crate::format::offset_index::OFFSET_INDEX_ENTRY_LEN;
use crate::format::time_index::TIME_INDEX_ENTRY_LEN;
use crate::fs::{Fs, FsFile, OpenMode, ReadAt};
use crate::verify::code::Code;
use crate::verify::finding::{Class, Finding, Remedy, Severity};
use crate::verify::report::IndexReport;

/// Bytes of a log that has no index entry at all, at which one is missed: Kafka's default is one each 4 KiB.
const UNINDEXED_MAX: u64 = 256 * 1024;

/// An index file that is there.
struct Index<R> {
    path: PathBuf,
    file: R,
    len: u64,
    /// Bytes in use: whole entries up to the last that is not zero.
    used: u64,
}

impl<R: FsFile> Index<R> {
    /// Whether entries were added since it was opened.
    fn has_grown(&self, kind: &Kind) -> bool {
        let used = self.file.len().and_then(|len| used_len(&self.file, len, kind.entry_len));
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
    pub(super) fn open<F: Fs<File = R>>(fs: &F, log: &Path, is_last: bool, report: &mut SegmentReport) -> Self {
        Indexes { offset: open(fs, log, &OFFSET, is_last, report), time: open(fs, log, &TIME, is_last, report) }
    }

    /// The offset index and the bytes of it in use.
    pub(super) fn offset_file(&self) -> Option<(&(dyn ReadAt + Sync), u64)> {
        self.offset.as_ref().map(|index| (&index.file as _, index.used))
    }

    /// The time index and the bytes of it in use.
    pub(super) fn time_file(&self) -> Option<(&(dyn ReadAt + Sync), u64)> {
        self.time.as_ref().map(|index| (&index.file as _, index.used))
    }

    /// Takes over what the merges with the log found.
    pub(super) fn report(
        &self,
        offset: OffsetIndexCheck<'_>,
        time: TimeIndexCheck<'_>,
        segment: Segment<'_>,
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
            let least = if segment.is_last { at_last_entry } else { report.max_timestamp };
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
            && !(segment.is_last && index.has_grown(&OFFSET))
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

    /// Sums up, after everything is found.
    pub(super) fn close(self, report: &mut SegmentReport) {
        let sum_up = |index: Option<Index<R>>, kind: &Kind| {
            index.map(|index| IndexReport {
                size: index.len,
                entries: index.used / kind.entry_len,
                is_bad: report.findings.iter().any(|finding| {
                    finding.path == index.path && finding.severity > Severity::Note && finding.class == Class::IndexOnly
                }),
            })
        };
        let (offset, time) = (sum_up(self.offset, &OFFSET), sum_up(self.time, &TIME));
        report.offset_index = offset;
        report.time_index = time;
    }
}

fn open<F: Fs>(fs: &F, log: &Path, kind: &Kind, is_last: bool, report: &mut SegmentReport) -> Option<Index<F::File>> {
    let path = log.with_extension(kind.extension);
    let opened = fs.open(&path, OpenMode::Read).and_then(|file| {
        let len = file.len()?;
        let used = used_len(&file, len, kind.entry_len)?;
        Ok(Index { path: path.clone(), file, len, used })
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
    if rest != 0 {
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
