//! How far a verification is: a bar with rate and time left on a terminal, lines elsewhere on request.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use kafka_log::audit::Level;
use kafka_log::format::file_name::{FileKind, FileName};

use super::options::VerifyOptions;
use super::scrub_fs::ScrubFs;
use crate::shared::progress::Progress as Bar;

/// How often the bar is moved.
const TICK: Duration = Duration::from_millis(100);

/// A bar that follows what a file system has read, until it is finished.
pub(super) struct Progress {
    thread: Option<JoinHandle<()>>,
    is_over: Arc<AtomicBool>,
}

impl Progress {
    /// Starts to show how far the verification is, if that is wanted.
    pub(super) fn new(options: &VerifyOptions, is_terminal: bool, fs: &ScrubFs) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let is_wanted = options.progress.is_wanted(|| is_terminal);
        let thread = (is_wanted && Level::from(options.level) != Level::Quick).then(|| {
            let (over, fs, paths) = (Arc::clone(&is_over), fs.clone(), options.paths.clone());
            std::thread::spawn(move || follow(&paths, &fs, &over))
        });
        Progress { thread, is_over }
    }

    /// Takes the bar away.
    pub(super) fn finish(self) {
        self.is_over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread {
            thread.thread().unpark();
            let _ = thread.join();
        }
    }
}

fn follow(paths: &[PathBuf], fs: &ScrubFs, is_over: &AtomicBool) {
    let bar = Bar::new(paths.iter().map(|path| all_bytes(path)).sum());
    let mut shown = 0;
    while !is_over.load(Ordering::Relaxed) {
        let read = fs.bytes_read();
        bar.add(read - shown);
        shown = read;
        std::thread::park_timeout(TICK);
    }
    bar.finish();
}

/// Bytes of the logs below a path.
fn all_bytes(path: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(path) else { return std::fs::metadata(path).map_or(0, |found| found.len()) };
    let of = |entry: std::fs::DirEntry| {
        let name = entry.file_name();
        let is_log = FileName::parse(&name.to_string_lossy()).is_some_and(|name| name.kind == FileKind::Log);
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => all_bytes(&entry.path()),
            Ok(_) if is_log => entry.metadata().map_or(0, |found| found.len()),
            _ => 0,
        }
    };
    entries.flatten().map(of).sum()
}
