//! Who does the work that goes on many threads at once.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Threads for loading and closing many logs. The manager starts none by itself: it asks these.
pub trait Workers: Send + Sync {
    /// Calls `work` with each number below `count`, if possible all at the same time, and returns when all calls have.
    fn run(&self, count: usize, work: &(dyn Fn(usize) + Sync));
}

/// One thread of the operating system for each piece of work, gone when the work is done.
#[derive(Clone, Copy, Debug, Default)]
pub struct StdThreads;

impl Workers for StdThreads {
    fn run(&self, count: usize, work: &(dyn Fn(usize) + Sync)) {
        thread::scope(|scope| {
            for number in 1..count {
                let builder = thread::Builder::new().name(format!("log-worker-{number}"));
                // Without a thread the work is done all the same, by those that there are.
                if builder.spawn_scoped(scope, move || work(number)).is_err() {
                    work(number);
                }
            }
            if count > 0 {
                work(0);
            }
        });
    }
}

/// The thread that calls: one piece of work after the other, always in the same order.
#[derive(Clone, Copy, Debug, Default)]
pub struct CallingThread;

impl Workers for CallingThread {
    fn run(&self, count: usize, work: &(dyn Fn(usize) + Sync)) {
        (0..count).for_each(work);
    }
}

/// Jobs that several threads take from, each job once.
pub(super) struct Queue<T> {
    jobs: Vec<T>,
    next: AtomicUsize,
}

impl<T> Queue<T> {
    pub(super) fn new(jobs: Vec<T>) -> Self {
        Queue { jobs, next: AtomicUsize::new(0) }
    }

    pub(super) fn take(&self) -> Option<&T> {
        self.jobs.get(self.next.fetch_add(1, Ordering::Relaxed))
    }

    pub(super) fn len(&self) -> usize {
        self.jobs.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use parking_lot::Mutex;

    #[test]
    fn every_job_is_done_once_whoever_does_it() {
        for workers in [&StdThreads as &dyn Workers, &CallingThread] {
            let queue = Queue::new((0..1000).collect::<Vec<u32>>());
            let done = Mutex::new(Vec::new());
            workers.run(4, &|_| {
                while let Some(job) = queue.take() {
                    done.lock().push(*job);
                }
            });
            let mut done = done.into_inner();
            done.sort_unstable();
            assert_eq!(done, (0..1000).collect::<Vec<u32>>());
        }
    }
}
