//! Who is told when the offsets of a log move, or when it ends.

use std::fmt;
use std::sync::{Arc, OnceLock};

use super::error::StorageError;
use super::types::Watermarks;
use super::{Log, TopicPartition};
use crate::fs::Fs;
use crate::sync::Mutex;

/// Is told what waiting fetches, acknowledgements and followers have to know, instead of asking for it again and again.
///
/// Calls come from the thread whose call of the log has caused them, before that call returns and after all locks of the log are
/// released: the observer may use the log. It must not block. Calls of several threads may overtake one another, so the numbers
/// are those of some moment since the move; the latest are [`Log::watermarks`]. Each move is followed by a call that was made
/// after it.
pub trait LogObserver: Send + Sync {
    /// One of the offsets moved: log end, high watermark, last stable offset or log start; back after a truncation.
    fn moved(&self, partition: &TopicPartition, at: Watermarks) {
        let _ = (partition, at);
    }

    /// The log takes no calls any more, for this reason: it was closed, deleted or replaced by a copy elsewhere, or its directory
    /// failed. Called once.
    fn ended(&self, partition: &TopicPartition, why: &StorageError) {
        let _ = (partition, why);
    }
}

impl fmt::Debug for dyn LogObserver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LogObserver")
    }
}

/// The observer of a log, and what it was told last.
struct Watch {
    observer: Arc<dyn LogObserver>,
    told: Mutex<Told>,
}

struct Told {
    watermarks: Watermarks,
    is_end: bool,
}

/// Place for the observer of a log.
#[derive(Default)]
pub(in crate::log) struct Observed(OnceLock<Watch>);

/// Tells the observer what has changed when it is dropped: declared before the locks of a call, it is dropped after them.
pub(in crate::log) struct TellWhenDone<'l, F: Fs>(&'l Log<F>);

impl<F: Fs> Drop for TellWhenDone<'_, F> {
    fn drop(&mut self) {
        self.0.tell();
    }
}

impl<F: Fs> Log<F> {
    /// Has `observer` told of what happens from now on; says whether it is. A log has one observer, the first.
    pub fn observe(&self, observer: Arc<dyn LogObserver>) -> bool {
        let told = Mutex::new(Told { watermarks: self.watermarks(), is_end: false });
        self.observed.0.set(Watch { observer, told }).is_ok()
    }

    /// Called first by every call that may move offsets or end the log. Without an observer it costs one load.
    pub(in crate::log) fn tell_when_done(&self) -> Option<TellWhenDone<'_, F>> {
        self.observed.0.get().map(|_| TellWhenDone(self))
    }

    /// Tells the observer what it does not know yet. No lock of the log may be held.
    pub(crate) fn tell(&self) {
        let Some(watch) = self.observed.0.get() else { return };
        let (moved, ended) = {
            let mut told = watch.told.lock();
            // Read under the lock: the last thread to take it reports the newest watermarks.
            let watermarks = self.watermarks();
            let moved = (told.watermarks != watermarks).then_some(watermarks);
            told.watermarks = watermarks;
            let ended = if told.is_end { None } else { self.check_usable().err() };
            told.is_end |= ended.is_some();
            (moved, ended)
        };
        if let Some(watermarks) = moved {
            watch.observer.moved(&self.topic_partition, watermarks);
        }
        if let Some(why) = ended {
            watch.observer.ended(&self.topic_partition, &why);
        }
    }
}
