//! Several threads on one segment: what is read, window by window, is worked on side by side and used in the order of the
//! file.
//!
//! Each thread reads the next window of a segment, looks at its batches when its turn has come, because what a batch is may
//! depend on those before it (a transaction, say), does the work that needs nothing but them, waits until everything before
//! them is done, and hands over what came of it. Where the first batch of a window starts is known when the one before was
//! looked at; a thread that reads earlier reads a part of a batch too much, and one that is followed so early completes its last batch.

use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use parking_lot::{Condvar, Mutex};

use super::error::FilterError;
use super::hooks::CleanerHooks;
use super::io_buffer::IoBuffer;
use super::source::{Source, Window};
use super::transactions::CleanedTransactionMetadata;
use crate::fs::Fs;
use crate::log::error::LogError;
use crate::segment::batch::RawBatch;

/// Below so many bytes a thread is not worth starting.
const BYTES_FOR_THREADS: u64 = 1024 * 1024;

/// What is done with the batches of a segment; `S` is where it goes.
pub(crate) trait Pass<S>: Sync {
    /// What one thread has for itself, and what it makes of a window.
    type Lane: Send;

    /// Starts a window: what the lane holds of the one before is done with.
    fn begin(&self, lane: &mut Self::Lane);

    /// Looks at the next batch, in the order of the file.
    fn plan(
        &self,
        transactions: &mut CleanedTransactionMetadata,
        lane: &mut Self::Lane,
        batch: &RawBatch<'_>,
    ) -> Result<(), FilterError>;

    /// Works on the batches of a window that were looked at, whatever others do meanwhile.
    fn work(&self, lane: &mut Self::Lane, window: &Window) -> Result<(), LogError>;

    /// Hands over what was made of a window, in the order of the file; also what there is of one that failed.
    fn apply(&self, sink: &mut S, lane: &mut Self::Lane) -> Result<Applied, LogError>;
}

/// What came of handing over a window.
#[derive(Default)]
pub(crate) struct Applied {
    pub(crate) bytes_written: u64,
    /// The batch of the window after which nothing more is wanted.
    pub(crate) stop_at: Option<NonZero<usize>>,
}

/// How the walk through a segment ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Walked {
    /// All of it was read, so many bytes.
    All(u64),
    /// No more was wanted.
    Stopped,
}

/// Takes a segment from `position` on through a pass, with a thread for each lane; the first of them is the caller's.
///
/// # Errors
/// I/O errors, those of the pass; a batch that cannot be read, or is larger than it may be; an abort.
pub(crate) fn walk<F: Fs, S: Send, P: Pass<S>>(
    pass: &P,
    source: &Source<'_, F>,
    position: u32,
    (transactions, io_buffer): (&mut CleanedTransactionMetadata, &mut IoBuffer),
    sink: &mut S,
    lanes: &mut [(Window, P::Lane)],
    hooks: &impl CleanerHooks,
) -> Result<Walked, LogError> {
    let (from, end) = (u64::from(position), u64::from(source.segment.size()));
    let [first, others @ ..] = lanes else { return Ok(Walked::All(0)) };
    let before = *io_buffer;
    let walk = Walk {
        pass,
        source,
        end,
        reading: Mutex::new(Reading {
            file: source.segment.file(source.home)?,
            at: from,
            next: from,
            windows: 0,
            looked_at: 0,
            is_done: from >= end,
            transactions,
            io_buffer: before,
        }),
        using: Mutex::new(Using {
            windows: 0,
            sink,
            io_buffer: before,
            result: Ok(Walked::All(end.saturating_sub(from))),
        }),
        looked: Condvar::new(),
        used: Condvar::new(),
        is_over: AtomicBool::new(false),
        bytes_moved: AtomicU64::new(0),
    };
    if end.saturating_sub(from) < BYTES_FOR_THREADS || others.is_empty() {
        walk.run(first, Some(hooks));
    } else {
        thread::scope(|scope| {
            for lane in others {
                let walk = &walk;
                // Without it the others do its work.
                let _ = thread::Builder::new().spawn_scoped(scope, move || walk.run::<()>(lane, None));
            }
            walk.run(first, Some(hooks));
        });
    }
    let using = walk.using.into_inner();
    *io_buffer = using.io_buffer;
    using.result
}

struct Walk<'w, F: Fs, S, P> {
    pass: &'w P,
    source: &'w Source<'w, F>,
    end: u64,
    reading: Mutex<Reading<'w, F>>,
    using: Mutex<Using<'w, S>>,
    looked: Condvar,
    used: Condvar,
    /// No thread continues: the work was stopped, or it failed.
    is_over: AtomicBool,
    /// Bytes read and written that the hooks have not been told of.
    bytes_moved: AtomicU64,
}

/// What has to do with reading, in the order of the file.
struct Reading<'w, F: Fs> {
    file: Arc<F::File>,
    /// Where the batches end that were looked at.
    at: u64,
    /// Where the next window starts, and how many started before it.
    next: u64,
    windows: u64,
    /// Windows whose batches were looked at.
    looked_at: u64,
    is_done: bool,
    transactions: &'w mut CleanedTransactionMetadata,
    io_buffer: IoBuffer,
}

/// What has to do with results, in the order of the file.
struct Using<'w, S> {
    /// Windows done.
    windows: u64,
    sink: &'w mut S,
    /// As it was after the last batch that was used.
    io_buffer: IoBuffer,
    result: Result<Walked, LogError>,
}

impl<F: Fs, S: Send, P: Pass<S>> Walk<'_, F, S, P> {
    /// Takes window after window. The hooks belong to the thread of the caller.
    fn run<H: CleanerHooks>(&self, lane: &mut (Window, P::Lane), hooks: Option<&H>) {
        let _guard = OverOnPanic(self);
        let (window, lane) = lane;
        while !self.is_over.load(Ordering::Acquire) {
            let Some((number, mut outcome)) = self.read(window, lane, hooks) else { break };
            self.tell(hooks);
            if let Err(error) = self.pass.work(lane, window) {
                // Of the batches that were looked at one comes before what went wrong in looking.
                outcome = Err(error);
            }
            if !self.hand_over(number, window, lane, outcome) {
                break;
            }
            self.tell(hooks);
        }
    }

    /// Reads the next window and looks at its batches. `None` where there is none; otherwise its number and whether
    /// anything went wrong after the batches that are in it.
    fn read<H: CleanerHooks>(
        &self,
        window: &mut Window,
        lane: &mut P::Lane,
        hooks: Option<&H>,
    ) -> Option<(u64, Result<(), LogError>)> {
        let (file, number, start) = {
            let mut reading = self.reading.lock();
            if reading.looked_at == reading.windows {
                reading.next = reading.at;
            }
            if reading.is_done || reading.next >= self.end {
                return None;
            }
            let (number, start) = (reading.windows, reading.next);
            reading.windows += 1;
            reading.next = Window::end(start);
            (Arc::clone(&reading.file), number, start)
        };
        self.pass.begin(lane);
        window.clear(start);
        let fetched = if hooks.is_some_and(CleanerHooks::is_aborted) {
            Err(LogError::CleaningAborted)
        } else {
            window.fetch(self.source, &file, self.end)
        };

        let mut reading = self.reading.lock();
        while reading.looked_at != number && !reading.is_done && !self.is_over.load(Ordering::Acquire) {
            self.looked.wait(&mut reading);
        }
        let reading = &mut *reading;
        if reading.looked_at != number || reading.is_done {
            return None;
        }
        let outcome = fetched.and_then(|bytes| {
            self.bytes_moved.fetch_add(bytes, Ordering::Relaxed);
            let places = (reading.at, Window::end(start), self.end);
            let leaves_rest = reading.windows == number + 1;
            window.look_through(self.source, &file, places, leaves_rest, &mut reading.io_buffer, |batch| {
                self.pass.plan(reading.transactions, lane, batch)
            })
        });
        reading.at += window.batches_len();
        reading.looked_at += 1;
        reading.is_done = outcome.is_err() || reading.at >= self.end;
        self.looked.notify_all();
        Some((number, outcome))
    }

    /// Waits for the turn of a window and uses what came of it; says whether to go on.
    fn hand_over(&self, number: u64, window: &Window, lane: &mut P::Lane, outcome: Result<(), LogError>) -> bool {
        let mut using = self.using.lock();
        loop {
            // The window that ended it counts as done as well.
            if self.is_over.load(Ordering::Acquire) {
                return false;
            }
            if using.windows == number {
                break;
            }
            self.used.wait(&mut using);
        }
        let using = &mut *using;
        let applied = self.pass.apply(using.sink, lane);
        using.windows += 1;
        let result = match (applied, outcome) {
            (Err(error), _) => Err(error),
            (Ok(Applied { stop_at: Some(batch), .. }), outcome)
                if !matches!(outcome, Err(LogError::CleaningAborted)) =>
            {
                using.io_buffer = window.io_buffer_behind(batch.get() - 1).unwrap_or(using.io_buffer);
                Ok(Walked::Stopped)
            }
            (Ok(_), Err(error)) => Err(error),
            (Ok(applied), Ok(())) => {
                using.io_buffer = window.io_buffer_behind_all().unwrap_or(using.io_buffer);
                self.bytes_moved.fetch_add(applied.bytes_written, Ordering::Relaxed);
                self.used.notify_all();
                return true;
            }
        };
        using.result = result;
        self.is_over.store(true, Ordering::Release);
        self.used.notify_all();
        drop(self.reading.lock());
        self.looked.notify_all();
        false
    }

    fn tell<H: CleanerHooks>(&self, hooks: Option<&H>) {
        if let Some(hooks) = hooks {
            let bytes = self.bytes_moved.swap(0, Ordering::Relaxed);
            if bytes > 0 {
                hooks.throttle(bytes);
            }
        }
    }
}

/// No thread waits for the turn of one that has ended.
struct OverOnPanic<'r, 'w, F: Fs, S, P>(&'r Walk<'w, F, S, P>);

impl<F: Fs, S, P> Drop for OverOnPanic<'_, '_, F, S, P> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.is_over.store(true, Ordering::Release);
            // A thread that is about to wait holds the lock until it waits.
            drop(self.0.reading.lock());
            self.0.looked.notify_all();
            drop(self.0.using.lock());
            self.0.used.notify_all();
        }
    }
}
