//! Independent pieces of work on several threads, with their results handed over in order.

use std::ops::ControlFlow;
use std::sync::{Condvar, Mutex, PoisonError};

/// Does the pieces 0 to `pieces` with one thread for each worker; `done` gets the results in order and may break off.
pub(crate) fn in_order<W: Send, T: Send>(
    workers: &mut [W],
    pieces: usize,
    work: impl Fn(&mut W, usize) -> T + Sync,
    done: impl FnMut(T) -> ControlFlow<()> + Send,
) {
    struct State<D> {
        next: usize,
        turn: usize,
        stopped: bool,
        done: D,
    }
    let state = Mutex::new(State { next: 0, turn: 0, stopped: false, done });
    let changed = Condvar::new();
    let lock = || state.lock().unwrap_or_else(PoisonError::into_inner);
    let run = |worker: &mut W| {
        // No thread waits for the turn of one that has ended.
        let _guard = OnPanic(|| {
            lock().stopped = true;
            changed.notify_all();
        });
        loop {
            let piece = {
                let mut state = lock();
                if state.stopped || state.next == pieces {
                    return;
                }
                state.next += 1;
                state.next - 1
            };
            let result = work(worker, piece);
            let mut state = lock();
            while state.turn != piece && !state.stopped {
                state = changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
            if state.stopped {
                return;
            }
            state.stopped = (state.done)(result).is_break();
            state.turn += 1;
            drop(state);
            changed.notify_all();
        }
    };
    match workers {
        [] => {}
        [only] => run(only),
        [first, others @ ..] => std::thread::scope(|scope| {
            let run = &run;
            for worker in others {
                scope.spawn(move || run(worker));
            }
            run(first);
        }),
    }
}

/// Calls a function when a panic drops it.
struct OnPanic<F: Fn()>(F);

impl<F: Fn()> Drop for OnPanic<F> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            (self.0)();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_of_one_thread_ends_all() {
        let work = |(): &mut (), piece: usize| assert_ne!(piece, 3);
        let panicked = std::panic::catch_unwind(|| in_order(&mut [(); 3], 500, work, ControlFlow::Continue));
        assert!(panicked.is_err());
    }

    #[test]
    fn results_come_in_order_until_one_breaks_off() {
        for threads in 1..4 {
            let mut seen = Vec::new();
            let mut workers = vec![(); threads];
            in_order(
                &mut workers,
                500,
                |(), piece| piece * 2,
                |result| {
                    seen.push(result);
                    if result == 600 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
                },
            );
            assert_eq!(seen, (0..=300).map(|i| i * 2).collect::<Vec<_>>());
        }
    }
}
