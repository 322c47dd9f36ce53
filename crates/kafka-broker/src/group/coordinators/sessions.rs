//! Sessions that a test ends.

use kafka_rpc::ErrorCode;

use super::Coordinators;

/// The time of day and that of timers are read one after the other: a session that ends now must be due with either reading.
const JITTER_MS: i64 = 10;

impl<T: Copy> Coordinators<T> {
    /// Ends the sessions of a member, or of all members of a group; gives their number.
    pub(crate) fn end_sessions(&self, group: &str, member: Option<&str>, now_ms: i64) -> Result<usize, ErrorCode> {
        let ended = {
            let mut slot = self.slot(self.partition_for(group)).ok_or(ErrorCode::NotCoordinator)?.lock();
            let shard = slot.shard_mut()?;
            shard.set_skew(self.replies.skew_ms());
            shard.end_sessions(group, member, now_ms.saturating_sub(JITTER_MS))
        };
        self.expire(now_ms);
        // The timers' thread does not know what this has set.
        if let Some(deadline) = self.next_deadline() {
            self.replies.wake_at(deadline);
        }
        Ok(ended)
    }
}
