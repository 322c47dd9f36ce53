//! How far a long scan is, on stderr.

use std::io::{self, IsTerminal, Write};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle, TermLike};

/// A scan that is over by then shows nothing.
const SILENCE: Duration = Duration::from_millis(500);

const TEMPLATE: &str = "{percent:>3}% [{bar:30}] {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left";

/// Bytes that were read of all that are to be read.
#[derive(Debug)]
pub(crate) struct Progress {
    total: u64,
    read: AtomicU64,
    started: Instant,
    bar: OnceLock<ProgressBar>,
}

/// `--progress`: when progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ProgressOption {
    /// If stderr is a terminal
    Auto,
    /// Not at all
    Never,
    /// In any case
    Always,
}

impl ProgressOption {
    /// Whether progress is shown, where `fits` says whether `auto` would show it.
    pub(crate) fn is_wanted(self, fits: impl FnOnce() -> bool) -> bool {
        match self {
            ProgressOption::Never => false,
            ProgressOption::Always => true,
            ProgressOption::Auto => fits(),
        }
    }
}

impl Progress {
    pub(crate) fn new(total: u64) -> Self {
        Progress { total, read: AtomicU64::new(0), started: Instant::now(), bar: OnceLock::new() }
    }

    /// More bytes were read.
    pub(crate) fn add(&self, bytes: u64) {
        let read = self.read.fetch_add(bytes, Ordering::Relaxed) + bytes;
        let elapsed = self.started.elapsed();
        if elapsed >= SILENCE {
            self.bar.get_or_init(|| self.new_bar(elapsed)).set_position(read.min(self.total));
        }
    }

    /// A file is done, read in full or not; this many bytes of all the files before it and itself count as read.
    pub(crate) fn reach(&self, bytes: u64) {
        self.read.store(bytes, Ordering::Relaxed);
    }

    /// Takes the bar away.
    pub(crate) fn finish(&self) {
        if let Some(bar) = self.bar.get() {
            bar.finish_and_clear();
        }
    }

    fn new_bar(&self, elapsed: Duration) -> ProgressBar {
        let target = if io::stderr().is_terminal() {
            ProgressDrawTarget::stderr_with_hz(10)
        } else {
            ProgressDrawTarget::term_like_with_hz(Box::new(Lines), 1)
        };
        let style = ProgressStyle::with_template(TEMPLATE).unwrap_or_else(|_| ProgressStyle::default_bar());
        ProgressBar::with_draw_target(Some(self.total), target).with_style(style).with_elapsed(elapsed)
    }
}

/// A stream that may be shown on the terminal of the bar: the bar makes room for what is written.
pub(crate) struct Beside<'p> {
    pub(crate) write: &'p mut (dyn Write + Send),
    pub(crate) progress: Option<&'p Progress>,
}

impl Write for Beside<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.progress.and_then(|progress| progress.bar.get()) {
            Some(bar) => bar.suspend(|| self.write.write(bytes)),
            None => self.write.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.write.flush()
    }
}

/// Where there is no terminal: each state on a line of its own.
#[derive(Debug)]
struct Lines;

impl TermLike for Lines {
    fn width(&self) -> u16 {
        120
    }

    fn move_cursor_up(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_down(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_right(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn move_cursor_left(&self, _: usize) -> io::Result<()> {
        Ok(())
    }

    fn write_line(&self, line: &str) -> io::Result<()> {
        self.write_str(line)
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        let text = text.trim();
        if text.is_empty() { Ok(()) } else { writeln!(io::stderr(), "{text}") }
    }

    fn clear_line(&self) -> io::Result<()> {
        Ok(())
    }

    fn flush(&self) -> io::Result<()> {
        Ok(())
    }
}
