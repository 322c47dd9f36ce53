//! A file system in memory that fails as disks and machines do, driven by a seed: the same seed, the same faults.
//!
//! # What it promises, and what it takes away
//!
//! Every file and every directory has two images: the *live* one, which all calls see (the page cache), and the *durable*
//! one, which is on disk. [`SimFs::crash`] makes a new file system out of what survives; [`Crash`] says which rule
//! that follows.
//!
//! **Content of a file.** `sync` makes content and length durable, as `fdatasync` does, and nothing about its name. What was
//! written or cut since then survives in any mixture: each sector holds what it held at *some* moment since the last sync,
//! independently of its neighbours, and the length is that of some moment too. Sectors of 512 bytes are atomic, as disks
//! promise it; whether the unit is a sector or a page of 4 KiB is drawn for each crash. Places that a length reaches without
//! their data having arrived hold zeros (ext4 with `data=ordered`, XFS), or garbage where [`Crash::Garbage`] asks for it
//! (ext4 with `data=writeback`). Bytes that were synced and not written since never change in a crash.
//!
//! **Names.** Making, renaming and removing are journalled by ext4 and XFS in one order for the whole file system, and a
//! crash loses a suffix of that order. POSIX promises less, and other file systems log directories apart. So
//! [`Crash::Ordered`] loses a suffix of the one order and all other rules lose a suffix for each directory by itself; a
//! rename is atomic, and what happened later in the same directory never survives without what happened before.
//! `sync_dir` makes the names in that one directory durable, not the name of the directory itself, and not the content of
//! the files. ext4 would also make a new file's name durable with the file's own sync: not promised anywhere, not here.
//! A removed file whose removal is lost is there again, with what its content had been.
//!
//! **Failing calls.** [`SimFs::fail_change`] and [`SimFs::fail_read`] let the n-th call fail. A failing write leaves any
//! prefix of its bytes. A failing `sync` does what Linux does since it reports errors at all: what was dirty is partly
//! written and then *counted as clean*, so that a second sync succeeds and says nothing; readers go on seeing the content
//! until the crash. [`Fault::PowerOff`] lets that call and all later ones fail and change nothing: so a crash can be put
//! at every call of a run.
//!
//! **Reads** may return fewer bytes than asked for, or be interrupted ([`SimFs::set_short_reads`]). [`SimFs::rot`] turns
//! bits at rest.
//!
//! Broken promises of the caller are kept in [`SimFs::complaints`]: a sync retried after it failed. Last-modified times come from a clock that [`SimFs::set_clock`] moves.

mod append;
pub mod check;
mod crash;
mod file;
pub mod make;
pub mod model;
mod names;
mod node;
mod operations;
mod reopen;
pub mod run;
mod state;
mod transfer;

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use crash::Crash;
pub use file::{SimFile, SimLock};
pub use state::Fault;
pub use transfer::copy_tree;

use crate::Random;
use state::State;

/// The simulated file system; clones are handles to the same one.
#[derive(Clone)]
pub struct SimFs {
    state: Arc<Mutex<State>>,
}

impl fmt::Debug for SimFs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SimFs")
    }
}

impl SimFs {
    /// An empty file system whose faults follow from `seed`.
    pub fn new(seed: u64) -> Self {
        SimFs::with(State::new(seed))
    }

    fn with(state: State) -> Self {
        SimFs { state: Arc::new(Mutex::new(state)) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A call takes its time, and others go on meanwhile.
        #[cfg(feature = "shuttle")]
        shuttle::thread::yield_now();
        // A check that fails panics in the middle of a call; what it left is what the report should show.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets the time that changed files get, in ms since 1970.
    pub fn set_clock(&self, now_ms: i64) {
        self.state().now_ms = now_ms;
    }

    /// Whether reads may be short or interrupted.
    pub fn set_short_reads(&self, on: bool) {
        self.state().short_reads = on;
    }

    /// Changing calls so far, failed ones among them: opens that make a file, writes, cuts, syncs, renames, removals...
    pub fn changes(&self) -> u64 {
        self.state().changes
    }

    /// Reading calls so far: reads, lengths, listings, opens of what is there.
    pub fn reads(&self) -> u64 {
        self.state().reads
    }

    /// Lets changing call number `call` fail, counted from 1 as [`SimFs::changes`] does.
    pub fn fail_change(&self, call: u64, fault: Fault) {
        self.state().change_fault = Some((call, fault));
    }

    /// Lets reading call number `call` fail, counted from 1 as [`SimFs::reads`] does.
    pub fn fail_read(&self, call: u64, fault: Fault) {
        self.state().read_fault = Some((call, fault));
    }

    /// Lets no call fail that has not failed yet.
    pub fn disarm(&self) {
        let mut state = self.state();
        (state.change_fault, state.read_fault) = (None, None);
    }

    /// Whether all calls fail.
    pub fn power_is_off(&self) -> bool {
        self.state().power_off
    }

    /// Whether a sync of a file has failed: what it left cannot be seen before a crash.
    pub fn sync_failed(&self) -> bool {
        self.state().sync_failed
    }

    /// Faults that came due so far.
    pub fn faults(&self) -> u64 {
        self.state().faults
    }

    /// What callers did that no caller may do.
    pub fn complaints(&self) -> Vec<String> {
        self.state().complaints.clone()
    }

    /// The file system that is there after a crash. This one stays as it is, so that one moment can crash in several ways.
    pub fn crash(&self, crash: Crash, seed: u64) -> SimFs {
        SimFs::with(crash::survivors(&self.state(), crash, Random::new(seed)))
    }

    /// Turns bits of a file at rest, in both images; nothing happens outside of the file.
    ///
    /// # Panics
    /// Where there is no such file.
    pub fn rot(&self, path: &Path, position: usize, mask: u8) {
        self.state().file_at(path).expect("a file to rot").rot(position, mask);
    }
}
