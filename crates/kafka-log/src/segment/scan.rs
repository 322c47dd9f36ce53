//! Walking through the batches of a file from front to back, on several threads, with results in file order.
//!
//! The file is cut into windows of a fixed size; a batch belongs to the window that its first byte lies in. Each thread
//! takes the next window, reads it at once, waits to be told where the first batch in it starts, hops from length to
//! length to tell its successor the same, and only then does the work on its batches. So reading and work run side by
//! side, and only the hopping, a few microseconds a window, is done one window after the other.

use std::io;
use std::ops::{ControlFlow, Range};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::batch::RawBatch;
use crate::format::FormatError;
use crate::format::batch::{BatchOverhead, HEADER_SIZE_UP_TO_MAGIC, RECORD_BATCH_OVERHEAD};
use crate::fs::ReadAt;

/// Bytes that a thread reads at once: small enough to stay in the second-level cache with what is printed of it.
const WINDOW: u64 = 256 * 1024;

/// Bytes after its window that a thread reads before its turn, to complete the last batch. What is longer is read when
/// the turn has come, so that only one long batch is in memory at a time.
const EARLY_OVERRUN_MAX: u64 = 1024 * 1024;

/// Why the walk ended.
#[derive(Debug)]
#[non_exhaustive]
pub enum ScanEnd {
    /// No whole batch is left. Fewer bytes than a batch may follow.
    NoMoreBatches,
    /// A batch with an impossible length; positions are those of the file.
    Corrupt(FormatError),
    /// The disk failed, or the file became shorter than it was.
    Io(io::Error),
}

/// Where the walk ended, and why.
#[derive(Debug)]
pub struct Scanned {
    /// Position after the last batch.
    pub position: u64,
    /// Why no batch follows.
    pub end: ScanEnd,
}

/// What one thread does with its batches.
pub trait BatchWorker: Send {
    /// One batch. `turn` lets the work wait until everything before its window is done; a worker that stops must have waited for its turn.
    fn batch(&mut self, batch: &RawBatch<'_>, turn: &mut Turn<'_>) -> ControlFlow<()>;

    /// The batches of a window are done, and so are all the windows before it.
    fn window_done(&mut self) -> ControlFlow<()>;
}

/// Walks through the whole batches in `range` of `file` with one thread for each worker.
///
/// The walk ends as Kafka's `FileLogInputStream` ends: with 17 bytes or fewer left, or with a batch that runs past the
/// end. `None` where a worker broke it off. `file_len` bounds what is read of a header that runs past `range`.
pub fn scan<R: ReadAt + Sync + ?Sized, W: BatchWorker>(
    file: &R,
    range: Range<u64>,
    file_len: u64,
    workers: &mut [W],
) -> Option<Scanned> {
    scan_windows(file, range, file_len, WINDOW, workers)
}

fn scan_windows<R: ReadAt + Sync + ?Sized, W: BatchWorker>(
    file: &R,
    range: Range<u64>,
    file_len: u64,
    window_len: u64,
    workers: &mut [W],
) -> Option<Scanned> {
    let shared = Shared { state: Mutex::new(State::new(range.start)), changed: Condvar::new() };
    let walk = Walk { file, range, file_len, window_len, shared: &shared };
    match workers {
        [] => {}
        [only] => walk.run(only),
        [first, others @ ..] => std::thread::scope(|scope| {
            let walk = &walk;
            for worker in others {
                scope.spawn(move || walk.run(worker));
            }
            walk.run(first);
        }),
    }
    shared.state.into_inner().unwrap_or_else(PoisonError::into_inner).result
}

struct State {
    /// Number of the window to be taken next, and where it starts.
    next_ticket: u64,
    next_start: u64,
    /// The window whose first batch is known, and where that starts.
    chain: (u64, u64),
    /// The window whose turn it is.
    turn: u64,
    /// Where the walk ended, once that is known.
    result: Option<Scanned>,
    /// No worker continues.
    stopped: bool,
}

impl State {
    fn new(start: u64) -> Self {
        State { next_ticket: 0, next_start: start, chain: (0, start), turn: 0, result: None, stopped: false }
    }
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until `ready` gives a value; `Break` when the walk was broken off.
    fn wait<T>(&self, mut ready: impl FnMut(&mut State) -> Option<T>) -> ControlFlow<(), T> {
        let mut state = self.lock();
        loop {
            if state.stopped {
                return ControlFlow::Break(());
            }
            if let Some(found) = ready(&mut state) {
                return ControlFlow::Continue(found);
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.lock());
        self.changed.notify_all();
    }

    /// Ends the walk for everybody.
    fn stop(&self, result: Option<Scanned>) {
        self.change(|state| {
            if !state.stopped {
                state.result = result;
                state.stopped = true;
            }
        });
    }
}

/// No thread waits for the turn of one that has ended.
struct StopOnPanic<'s>(&'s Shared);

impl Drop for StopOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.stop(None);
        }
    }
}

/// The place of a window in the order of the file.
pub struct Turn<'s> {
    /// `None` for a thread that works alone.
    place: Option<(&'s Shared, u64)>,
    mine: bool,
}

impl Turn<'_> {
    /// The turn of a thread that works alone: it has come.
    pub fn alone() -> Self {
        Turn { place: None, mine: true }
    }

    /// Waits until everything before this window is done. `Break` when the walk was broken off.
    pub fn wait(&mut self) -> ControlFlow<()> {
        if let (false, Some((shared, ticket))) = (self.mine, self.place) {
            shared.wait(|state| (state.turn == ticket).then_some(()))?;
            self.mine = true;
        }
        ControlFlow::Continue(())
    }

    /// Is everything before this window done?
    pub fn has_come(&mut self) -> bool {
        self.mine = self.mine || self.place.is_none_or(|(shared, ticket)| shared.lock().turn == ticket);
        self.mine
    }
}

struct Walk<'w, R: ?Sized> {
    file: &'w R,
    range: Range<u64>,
    file_len: u64,
    window_len: u64,
    shared: &'w Shared,
}

impl<R: ReadAt + Sync + ?Sized> Walk<'_, R> {
    fn run(&self, worker: &mut dyn BatchWorker) {
        let _guard = StopOnPanic(self.shared);
        let mut window = Window::default();
        while let ControlFlow::Continue(()) = self.next_window(&mut window, worker) {}
    }

    /// One window, from its first byte read to its last result handed over.
    fn next_window(&self, window: &mut Window, worker: &mut dyn BatchWorker) -> ControlFlow<()> {
        let (ticket, start) = self.take_ticket()?;
        let end = start.saturating_add(self.window_len).min(self.range.end);
        window.clear(start);
        let read = window.read_to(self.file, end);
        // A batch longer than a window covers windows in which nothing starts, so `first` may lie after `end`.
        let first = self.shared.wait(|state| match state.result {
            Some(_) => Some(None),
            None => (state.chain.0 == ticket).then_some(Some(state.chain.1)),
        })?;
        let Some(first) = first else { return ControlFlow::Break(()) };
        let (behind, scan_end) = match read {
            Ok(()) => self.hop_to(window, first, end),
            // The batches that are there in spite of it are not lost.
            Err(e) => {
                let read_end = window.end();
                let (behind, scan_end) = self.hop_to(window, first, read_end);
                (behind, scan_end.or(Some(ScanEnd::Io(e))))
            }
        };
        self.shared.change(|state| match scan_end {
            None => state.chain = (ticket + 1, behind),
            // Where the walk was broken off, that is how it ended.
            Some(_) if state.stopped => {}
            Some(end) => state.result = Some(Scanned { position: behind, end }),
        });

        let mut turn = Turn { place: Some((self.shared, ticket)), mine: false };
        let flow = self.work(window, first..behind, &mut turn, worker);
        // The next long batch may be read as soon as the turn has passed on, so the memory of this one goes first.
        window.shrink();
        match flow {
            ControlFlow::Continue(()) => self.shared.change(|state| state.turn += 1),
            // The turn is not passed on: a thread that works ahead must not take it.
            ControlFlow::Break(()) => self.shared.stop(None),
        }
        flow
    }

    fn take_ticket(&self) -> ControlFlow<(), (u64, u64)> {
        let mut state = self.shared.lock();
        if state.stopped || state.result.is_some() || state.next_start >= self.range.end && state.next_ticket > 0 {
            return ControlFlow::Break(());
        }
        let ticket = state.next_ticket;
        let known = if state.chain.0 == ticket { state.chain.1 } else { 0 };
        let start = state.next_start.max(known);
        state.next_ticket += 1;
        state.next_start = start.saturating_add(self.window_len);
        ControlFlow::Continue((ticket, start))
    }

    /// Hops from the batch at `at` to the first that does not start before `end`.
    fn hop_to(&self, window: &mut Window, mut at: u64, end: u64) -> (u64, Option<ScanEnd>) {
        while at < end {
            match self.hop(window, at) {
                Ok(next) => at = next,
                Err(end) => return (at, Some(end)),
            }
        }
        (at, (at >= self.range.end).then_some(ScanEnd::NoMoreBatches))
    }

    /// Position after the batch at `at`, which starts in the window.
    fn hop(&self, window: &mut Window, at: u64) -> Result<u64, ScanEnd> {
        let header_end = at.saturating_add(HEADER_SIZE_UP_TO_MAGIC as u64);
        if header_end >= self.range.end {
            return Err(ScanEnd::NoMoreBatches);
        }
        if header_end > window.end() {
            window.read_to(self.file, header_end).map_err(ScanEnd::Io)?;
        }
        let Some(overhead) = window.from(at).first_chunk() else { return Err(ScanEnd::NoMoreBatches) };
        let overhead = BatchOverhead::parse(overhead).map_err(|e| ScanEnd::Corrupt(e.shifted(at)))?;
        let behind = at + overhead.size() as u64;
        if behind > self.range.end { Err(ScanEnd::NoMoreBatches) } else { Ok(behind) }
    }

    fn work(
        &self,
        window: &mut Window,
        batches: Range<u64>,
        turn: &mut Turn<'_>,
        worker: &mut dyn BatchWorker,
    ) -> ControlFlow<()> {
        let mut at = batches.start;
        while at < batches.end {
            if let Err(e) = self.complete(window, at, batches.end, turn)? {
                turn.wait()?;
                worker.window_done()?;
                self.shared.stop(Some(Scanned { position: at, end: ScanEnd::Io(e) }));
                return ControlFlow::Break(());
            }
            match RawBatch::split_first(window.from(at), at) {
                Ok(Some(batch)) => {
                    at += batch.overhead.size() as u64;
                    worker.batch(&batch, turn)?;
                }
                // `hop` saw this batch whole in the same bytes.
                _ => break,
            }
        }
        turn.wait()?;
        worker.window_done()
    }

    /// Reads what is missing of the batch at `at` and of the header of 61 bytes that may run past it. Only the last
    /// batch of a window can be incomplete, and it ends at `behind`.
    fn complete(
        &self,
        window: &mut Window,
        at: u64,
        behind: u64,
        turn: &mut Turn<'_>,
    ) -> ControlFlow<(), io::Result<()>> {
        let header_end = at.saturating_add(RECORD_BATCH_OVERHEAD as u64).min(self.file_len);
        if header_end <= window.end() && (behind <= window.end() || window.holds_batch(at)) {
            return ControlFlow::Continue(Ok(()));
        }
        let need = if window.holds_batch(at) { header_end } else { header_end.max(behind) };
        if need - at > EARLY_OVERRUN_MAX {
            turn.wait()?;
        }
        window.drop_before(at);
        ControlFlow::Continue(window.read_to(self.file, need))
    }
}

/// What a thread holds of the file: the bytes from `start` on.
#[derive(Default)]
struct Window {
    buf: Vec<u8>,
    len: usize,
    start: u64,
}

impl Window {
    fn clear(&mut self, start: u64) {
        self.len = 0;
        self.start = start;
    }

    fn end(&self) -> u64 {
        self.start + self.len as u64
    }

    fn from(&self, at: u64) -> &[u8] {
        self.buf[..self.len].get((at - self.start) as usize..).unwrap_or_default()
    }

    fn holds_batch(&self, at: u64) -> bool {
        matches!(RawBatch::split_first(self.from(at), at), Ok(Some(_)))
    }

    /// Reads on up to `end`, a position in the file.
    fn read_to<R: ReadAt + ?Sized>(&mut self, file: &R, end: u64) -> io::Result<()> {
        let want = usize::try_from(end.saturating_sub(self.start)).map_err(|_| io::ErrorKind::OutOfMemory)?;
        if want > self.buf.len() {
            self.buf.reserve_exact(want - self.buf.len());
            self.buf.resize(want, 0);
        }
        if want > self.len {
            let end = self.end();
            self.len += file.read_full_at(&mut self.buf[self.len..want], end)?;
        }
        if self.len < want {
            let found = self.end();
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                format!("expected {end} bytes as when it was opened, found {found}"),
            ));
        }
        Ok(())
    }

    fn drop_before(&mut self, at: u64) {
        let from = (at - self.start) as usize;
        self.buf.copy_within(from..self.len, 0);
        self.len -= from;
        self.start = at;
    }

    fn shrink(&mut self) {
        if self.buf.len() > WINDOW as usize + EARLY_OVERRUN_MAX as usize {
            self.buf = Vec::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::Duration;

    use super::*;

    /// Collects the batches it sees, in the order in which windows are handed over.
    struct Collector<'c> {
        own: Vec<(u64, usize)>,
        all: &'c Mutex<Vec<(u64, usize)>>,
        stop_at: Option<u64>,
    }

    impl BatchWorker for Collector<'_> {
        fn batch(&mut self, batch: &RawBatch<'_>, turn: &mut Turn<'_>) -> ControlFlow<()> {
            assert_eq!(batch.as_bytes()[16], 2);
            if Some(batch.position) == self.stop_at {
                turn.wait()?;
                self.all.lock().unwrap().append(&mut self.own);
                return ControlFlow::Break(());
            }
            self.own.push((batch.position, batch.as_bytes().len()));
            ControlFlow::Continue(())
        }

        fn window_done(&mut self) -> ControlFlow<()> {
            self.all.lock().unwrap().append(&mut self.own);
            ControlFlow::Continue(())
        }
    }

    fn file_of(sizes: &[usize]) -> (Vec<u8>, Vec<(u64, usize)>) {
        let (mut file, mut batches) = (Vec::new(), Vec::new());
        for &size in sizes {
            let at = file.len();
            file.resize(at + size, 0xab);
            file[at + 8..at + 12].copy_from_slice(&(size as i32 - 12).to_be_bytes());
            file[at + 16] = 2;
            batches.push((at as u64, size));
        }
        (file, batches)
    }

    fn run(
        file: &[u8],
        end: u64,
        window: u64,
        threads: usize,
        stop_at: Option<u64>,
    ) -> (Vec<(u64, usize)>, Option<Scanned>) {
        let all = Mutex::new(Vec::new());
        let mut workers: Vec<_> = (0..threads).map(|_| Collector { own: Vec::new(), all: &all, stop_at }).collect();
        let scanned = scan_windows(file, 0..end, file.len() as u64, window, &mut workers);
        drop(workers);
        (all.into_inner().unwrap(), scanned)
    }

    fn sizes(seed: u64) -> Vec<usize> {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut next = |n: u64| random.u64(..n);
        let top = [40, 300, 5_000][next(3) as usize];
        (0..next(200)).map(|_| 26 + next(top) as usize).collect()
    }

    #[test]
    fn every_batch_is_seen_once_and_in_order_whatever_the_windows_and_threads() {
        for seed in 0..60 {
            let (file, batches) = file_of(&sizes(seed));
            for window in [30, 100, 1_000, 100_000] {
                for threads in [1, 2, 3] {
                    let (seen, scanned) = run(&file, file.len() as u64, window, threads, None);
                    assert_eq!(seen, batches, "seed {seed} window {window} threads {threads}");
                    let scanned = scanned.unwrap();
                    assert!(matches!(scanned.end, ScanEnd::NoMoreBatches));
                    assert_eq!(scanned.position, file.len() as u64);
                }
            }
        }
    }

    #[test]
    fn the_walk_ends_where_a_batch_is_cut_or_its_length_impossible() {
        for seed in 1..30 {
            let (mut file, batches) = file_of(&sizes(seed));
            let Some(&(last, size)) = batches.last() else { continue };
            for threads in [1, 2] {
                let (seen, scanned) = run(&file, last + size as u64 - 1, 64, threads, None);
                assert_eq!(seen, batches[..batches.len() - 1]);
                assert_eq!(scanned.unwrap().position, last);
            }
            file[last as usize + 8..last as usize + 12].copy_from_slice(&13i32.to_be_bytes());
            let (seen, scanned) = run(&file, file.len() as u64, 64, 2, None);
            assert_eq!(seen, batches[..batches.len() - 1]);
            let Some(Scanned { position, end: ScanEnd::Corrupt(e) }) = scanned else { panic!("{scanned:?}") };
            assert_eq!((position, e.at), (last, last + 8));
        }
    }

    #[test]
    fn a_worker_that_breaks_off_ends_the_walk_with_all_before_it_handed_over() {
        for seed in 1..30 {
            let (file, batches) = file_of(&sizes(seed));
            let Some(&(stop, _)) = batches.get(batches.len() / 2) else { continue };
            let (seen, scanned) = run(&file, file.len() as u64, 100, 3, Some(stop));
            assert_eq!(seen, batches[..batches.len() / 2]);
            assert!(scanned.is_none());
        }
    }

    /// Breaks off in the first window as soon as another thread works on the second, which asks for its turn all along.
    struct Ahead<'c> {
        is_ahead: &'c AtomicBool,
        had_the_turn: &'c AtomicBool,
    }

    impl BatchWorker for Ahead<'_> {
        fn batch(&mut self, batch: &RawBatch<'_>, turn: &mut Turn<'_>) -> ControlFlow<()> {
            if batch.position == 0 {
                turn.wait()?;
                while !self.is_ahead.load(Ordering::Relaxed) {
                    std::thread::yield_now();
                }
                return ControlFlow::Break(());
            }
            self.is_ahead.store(true, Ordering::Relaxed);
            for _ in 0..20 {
                std::thread::sleep(Duration::from_millis(1));
                self.had_the_turn.fetch_or(turn.has_come(), Ordering::Relaxed);
            }
            ControlFlow::Continue(())
        }

        fn window_done(&mut self) -> ControlFlow<()> {
            ControlFlow::Continue(())
        }
    }

    #[test]
    fn who_works_ahead_never_has_the_turn_once_the_walk_is_broken_off() {
        let (file, _) = file_of(&[100; 2]);
        let (is_ahead, had_the_turn) = (AtomicBool::new(false), AtomicBool::new(false));
        let mut workers = [(); 2].map(|()| Ahead { is_ahead: &is_ahead, had_the_turn: &had_the_turn });
        assert!(scan_windows(&file[..], 0..200, 200, 100, &mut workers).is_none());
        assert!(!had_the_turn.into_inner());
    }

    /// A file in which a header is slow to read that reaches from the second window into the third.
    struct Slow<'c>(Vec<u8>, &'c AtomicBool);

    impl ReadAt for Slow<'_> {
        fn read_at(&self, buf: &mut [u8], position: u64) -> io::Result<usize> {
            if position == 200 {
                self.1.store(true, Ordering::Relaxed);
                std::thread::sleep(Duration::from_millis(20));
            }
            self.0[..].read_at(buf, position)
        }
    }

    #[test]
    fn who_finds_the_end_after_the_walk_is_broken_off_does_not_make_it_the_result() {
        let (is_ahead, had_the_turn) = (AtomicBool::new(false), AtomicBool::new(false));
        let file = Slow(file_of(&[100, 90, 60]).0, &is_ahead);
        let mut workers = [(); 2].map(|()| Ahead { is_ahead: &is_ahead, had_the_turn: &had_the_turn });
        assert!(scan_windows(&file, 0..250, 250, 100, &mut workers).is_none());
    }

    #[test]
    fn what_was_read_before_the_medium_failed_is_handed_over() {
        let (file, batches) = file_of(&[100; 10]);
        for threads in [1, 2] {
            let all = Mutex::new(Vec::new());
            let mut workers: Vec<_> =
                (0..threads).map(|_| Collector { own: Vec::new(), all: &all, stop_at: None }).collect();
            // The first window ends inside the fourth batch, and the file ends there now.
            let scanned = scan_windows(&file[..350], 0..1_000, 1_000, 350, &mut workers).unwrap();
            assert!(matches!(scanned.end, ScanEnd::Io(_)));
            assert_eq!(scanned.position, 300);
            assert_eq!(*all.lock().unwrap(), batches[..3]);
        }
    }

    #[test]
    fn a_file_that_shrank_meanwhile_is_an_error_behind_what_is_left() {
        let (file, batches) = file_of(&[100; 50]);
        let all = Mutex::new(Vec::new());
        let mut workers: Vec<_> = (0..2).map(|_| Collector { own: Vec::new(), all: &all, stop_at: None }).collect();
        let scanned = scan_windows(&file[..2_050], 0..5_000, 5_000, 300, &mut workers).unwrap();
        assert!(matches!(scanned.end, ScanEnd::Io(e) if e.kind() == io::ErrorKind::UnexpectedEof));
        assert_eq!(scanned.position, 2_000);
        assert_eq!(*all.lock().unwrap(), batches[..20]);
    }
}
