//! Where the lines go: one sink for the process, a buffer for each thread.

use std::io::{self, Write};
use std::ops::ControlFlow;
use std::sync::{Mutex, MutexGuard, PoisonError};

use kafka_log::segment::scan::Turn;

/// Buffered bytes from which on a thread writes them, if its turn has come.
const WRITE_FROM: usize = 256 * 1024;

/// Bytes buffered since a thread last found that its turn has not come, before it looks again.
const LOOK_AGAIN_AFTER: usize = 32 * 1024;

/// Buffered bytes from which on a thread waits for its turn.
const WAIT_FROM: usize = 2 * 1024 * 1024;

/// The standard output, and what went wrong with it.
pub(crate) struct Sink<'w> {
    state: Mutex<SinkState<'w>>,
}

struct SinkState<'w> {
    write: &'w mut (dyn Write + Send),
    error: Option<io::Error>,
}

impl<'w> Sink<'w> {
    pub(crate) fn new(write: &'w mut (dyn Write + Send)) -> Self {
        Sink { state: Mutex::new(SinkState { write, error: None }) }
    }

    fn lock(&self) -> MutexGuard<'_, SinkState<'w>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes everything at once. `Break` once a write has failed: the reader has gone.
    pub(crate) fn write(&self, bytes: &[u8]) -> ControlFlow<()> {
        let mut state = self.lock();
        if state.error.is_none() {
            state.error = state.write.write_all(bytes).err();
        }
        if state.error.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    /// The first error of a write, taken out.
    pub(crate) fn take_error(&self) -> Option<io::Error> {
        self.lock().error.take()
    }
}

/// Takes whole lines from any thread.
pub(crate) trait LineSink: Sync {
    /// Writes a line with its end. Whether anybody listens does not matter.
    fn line(&self, line: &[u8]);
}

impl LineSink for Sink<'_> {
    fn line(&self, line: &[u8]) {
        let _ = self.write(line);
    }
}

impl Write for &Sink<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match Sink::write(self, bytes) {
            ControlFlow::Continue(()) => Ok(bytes.len()),
            ControlFlow::Break(()) => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The lines of one thread that are not written yet.
pub(crate) struct Output<'s> {
    pub(crate) buf: Vec<u8>,
    sink: &'s Sink<'s>,
    /// Buffered bytes from which on it is worth a lock to see whether the turn has come.
    look_from: usize,
}

impl<'s> Output<'s> {
    pub(crate) fn new(sink: &'s Sink<'s>) -> Self {
        Output { buf: Vec::new(), sink, look_from: WRITE_FROM }
    }

    /// Writes the buffer out; the caller has the turn.
    pub(crate) fn drain(&mut self) -> ControlFlow<()> {
        let flow = if self.buf.is_empty() { ControlFlow::Continue(()) } else { self.sink.write(&self.buf) };
        self.buf.clear();
        self.look_from = WRITE_FROM;
        flow
    }

    /// Ends a line that was broken off.
    pub(crate) fn end_line(&mut self) {
        if self.buf.last().is_some_and(|&byte| byte != b'\n') {
            self.buf.push(b'\n');
        }
    }

    /// Keeps the buffer small: writes it where that is possible, waits for the turn where it is too large.
    #[inline]
    pub(crate) fn relieve(&mut self, turn: &mut Turn<'_>) -> ControlFlow<()> {
        if self.buf.len() < self.look_from { ControlFlow::Continue(()) } else { self.relieve_now(turn) }
    }

    #[cold]
    fn relieve_now(&mut self, turn: &mut Turn<'_>) -> ControlFlow<()> {
        if self.buf.len() >= WAIT_FROM {
            turn.wait()?;
        } else if !turn.has_come() {
            self.look_from = self.buf.len() + LOOK_AGAIN_AFTER;
            return ControlFlow::Continue(());
        }
        self.drain()
    }
}
