//! What the dump of a log is about: the file, the settings, and what its threads have in common.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use kafka_log::audit::Finding;
use kafka_log::compression::Decompressor;
use kafka_log::format::file_name::{FileKind, FileName, FileState};
use kafka_log::segment::scan::Turn;

use super::decode::Decoder;
use super::error::{DumpError, OrStopped};
use super::filter::Selection;
use super::finding::Findings;
use super::gaps::Gaps;
use super::options::{Filter, OutputFormat};
use super::output::Output;
use super::printer::Shown;
use super::source::Source;

/// Largest file that Kafka opens, in bytes: positions are Java integers.
pub(crate) const FILE_BYTES_MAX: u64 = i32::MAX as u64;

/// A file of batches.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LogFile<'f> {
    pub(crate) file: &'f Source<'f>,
    /// Where it is; its indexes are searched for beside it.
    pub(crate) path: &'f Path,
    /// As it was named on the command line.
    pub(crate) shown: &'f str,
    /// Name without folder.
    pub(crate) name: &'f str,
    /// The lowest offset that may be in it.
    pub(crate) base_offset: i64,
    /// Whether it is a KRaft snapshot, which is written whole or not at all.
    pub(crate) is_snapshot: bool,
}

impl LogFile<'_> {
    /// Is the offset one that the file can hold? The base offset of a batch is not covered by its checksum.
    pub(super) fn may_hold(&self, offset: i64) -> bool {
        (0..=i64::from(i32::MAX)).contains(&offset.wrapping_sub(self.base_offset))
    }

    /// The highest offset that the file can hold.
    pub(super) fn last_offset_max(&self) -> i64 {
        self.base_offset.saturating_add(i32::MAX.into())
    }

    /// Whether it is the segment of a log in use, and another one follows it in its directory: then nothing writes to it
    /// any more.
    #[cold]
    pub(super) fn is_followed(&self) -> bool {
        let log = |name: &str| {
            FileName::parse(name).filter(|name| (name.kind, name.state) == (FileKind::Log, FileState::Live))
        };
        let Some(base) = log(self.name).and_then(|name| name.offset) else { return false };
        let dir = self.path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
        entries.filter_map(|entry| log(&entry.file_name().to_string_lossy())?.offset).any(|offset| offset > base)
    }
}

/// What of a log is dumped, and how.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LogSettings<'o> {
    /// Look into the batches?
    pub(crate) deep: bool,
    pub(crate) shown: Shown,
    pub(crate) decoder: Decoder,
    pub(crate) output: OutputFormat,
    pub(crate) filter: &'o Filter,
    /// What `--since` and `--until` count back from.
    pub(crate) now_ms: i64,
    /// Continue after damage?
    pub(crate) resync: bool,
    /// Batches are read up to this many bytes, `i32::MAX` for all.
    pub(crate) max_bytes: i32,
    /// Most bytes that the records of one batch may decompress to.
    pub(crate) decompressed_bytes_max: usize,
    pub(crate) threads: usize,
}

/// What the threads have found so far, in file order.
pub(super) struct Joined {
    pub(super) gaps: Gaps,
    pub(super) end: WorkEnd,
    /// Last offset of the last batch.
    pub(super) last_offset: Option<i64>,
}

/// Why the threads break off.
#[derive(Debug)]
pub(super) enum WorkEnd {
    /// They do not.
    No,
    /// Everything that was requested has been printed.
    Finished,
    /// The output is closed.
    Stopped,
    /// The batch at this position is damaged, and the dump is to go on after it.
    Damaged(u64),
    /// The dump ends here.
    Error(DumpError),
}

/// What the threads of a dump have in common.
pub(super) struct Shared<'d> {
    pub(super) log: &'d LogFile<'d>,
    pub(super) findings: &'d Findings<'d>,
    pub(super) deep: bool,
    pub(super) resync: bool,
    pub(super) decompressed_bytes_max: usize,
    /// Kafka's report of gaps makes sense for its lines of all records only.
    pub(super) sees_gaps: bool,
    pub(super) selection: Option<Selection<'d>>,
    /// Records, or batches where only these are dumped, that may still be printed. The thread whose turn it is counts down.
    left: Option<AtomicU64>,
    joined: Mutex<Joined>,
    /// The thread that has the turn decompresses long batches with it.
    pub(super) for_long_batches: Mutex<Decompressor>,
}

impl<'d> Shared<'d> {
    pub(super) fn new(
        log: &'d LogFile<'d>,
        findings: &'d Findings<'d>,
        settings: &LogSettings<'d>,
        selection: Option<Selection<'d>>,
    ) -> Self {
        Shared {
            log,
            findings,
            deep: settings.deep,
            resync: settings.resync,
            decompressed_bytes_max: settings.decompressed_bytes_max,
            sees_gaps: settings.output == OutputFormat::Text && selection.is_none() && !settings.resync,
            selection,
            left: settings.filter.limit.map(AtomicU64::new),
            joined: Mutex::new(Joined { gaps: Gaps::at_start(), end: WorkEnd::No, last_offset: None }),
            for_long_batches: Mutex::new(Decompressor::new(settings.decompressed_bytes_max)),
        }
    }

    /// Changes or takes what has been found so far.
    pub(super) fn joined<T>(&self, change: impl FnOnce(&mut Joined) -> T) -> T {
        change(&mut self.joined.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Something is about to be printed: with a limit, everything before it must have been counted.
    #[inline]
    pub(super) fn wait_for_count(&self, turn: &mut Turn<'_>) -> Result<(), DumpError> {
        if self.left.is_some() { turn.wait().or_stopped() } else { Ok(()) }
    }

    /// Something was printed. `Break` where the limit is reached.
    #[inline]
    pub(super) fn count(&self) -> ControlFlow<()> {
        match &self.left {
            Some(left) if left.fetch_sub(1, Ordering::Relaxed) <= 1 => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    }
}

/// Reports a finding after everything printed before it. Findings of threads that work ahead of an early end do not count,
/// so each waits for its turn.
#[cold]
pub(super) fn report(
    findings: &Findings<'_>,
    out: &mut Output<'_>,
    turn: &mut Turn<'_>,
    finding: &Finding,
) -> Result<(), DumpError> {
    if findings.are_shown() {
        turn.wait().or_stopped()?;
        out.drain().or_stopped()?;
        findings.report(finding, &mut out.buf);
    }
    Ok(())
}
