//! What an embedder may do to a round of cleaning while it runs.

/// Called by the cleaner in between, on its own thread. `()` does nothing.
pub trait CleanerHooks {
    /// Whether to give up now; looked at before each read (`checkDone`).
    fn is_aborted(&self) -> bool {
        false
    }

    /// So many bytes were read or written. May wait, and so limit the rate (`Throttler.maybeThrottle`).
    fn throttle(&self, bytes: u64) {
        let _ = bytes;
    }
}

impl CleanerHooks for () {}
