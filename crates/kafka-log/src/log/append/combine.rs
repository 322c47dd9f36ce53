//! Appends of several threads to one log, none of which waits for the log's lock.

use parking_lot::Mutex;

use super::group::GroupAppend;
use crate::fs::Fs;
use crate::log::Log;

/// Groups the appends of several threads to one log. The first thread appends, also for the threads that submit in the
/// meantime; they queue their append and continue. No thread waits for the write of another.
///
/// An append is answered by [`GroupAppend::done`], which may be called by another thread than the one that submitted it: have it
/// wake the connection. Appends are written in the order in which they were submitted.
///
/// ```
/// # use kafka_log::{fs::OsFs, log::{Combiner, GroupedAppend, LeaderAppend, Log, LogOptions}};
/// # let dir = std::env::temp_dir().join(format!("combiner-{}", std::process::id())).join("t-0");
/// # let log = Log::open(OsFs, &dir, LogOptions::default()).unwrap().0;
/// # let (request, now_ms) = (vec![0; 100], 0);
/// let combiner = Combiner::default();
/// combiner.submit(&log, GroupedAppend::new(request, LeaderAppend::from_client(0)), now_ms);
/// # log.delete().unwrap();
/// ```
#[derive(Debug)]
pub struct Combiner<A>(Mutex<Queue<A>>);

#[derive(Debug)]
struct Queue<A> {
    waiting: Vec<A>,
    /// Emptied, to be filled again.
    spare: Vec<A>,
    is_busy: bool,
}

impl<A> Default for Combiner<A> {
    fn default() -> Self {
        Combiner(Mutex::new(Queue { waiting: Vec::new(), spare: Vec::new(), is_busy: false }))
    }
}

impl<A: GroupAppend> Combiner<A> {
    /// Appends, or leaves the append with the thread that is appending. Returns when no append is left to do, or at once.
    pub fn submit<F: Fs>(&self, log: &Log<F>, append: A, now_ms: i64) {
        let mut group = {
            let mut queue = self.0.lock();
            queue.waiting.push(append);
            if queue.is_busy {
                return;
            }
            queue.is_busy = true;
            queue.take()
        };
        // Dropped when `done` panics, too: the next to come goes on.
        let mut busy = Busy(Some(&self.0));
        while !group.is_empty() {
            log.append_group_as_leader(&mut group, now_ms);
            group.clear();
            let mut queue = self.0.lock();
            queue.spare = group;
            group = queue.take();
            if group.is_empty() {
                queue.is_busy = false;
                queue.spare = std::mem::take(&mut group);
                busy.0 = None;
            }
        }
    }
}

impl<A> Queue<A> {
    fn take(&mut self) -> Vec<A> {
        let spare = std::mem::take(&mut self.spare);
        std::mem::replace(&mut self.waiting, spare)
    }
}

/// Clears the busy flag if the work ends early.
struct Busy<'c, A>(Option<&'c Mutex<Queue<A>>>);

impl<A> Drop for Busy<'_, A> {
    fn drop(&mut self) {
        if let Some(queue) = self.0 {
            queue.lock().is_busy = false;
        }
    }
}
