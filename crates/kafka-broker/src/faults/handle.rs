//! What tests do to a broker.

use std::sync::Arc;
use std::time::Duration;

use kafka_rpc::ErrorCode;

use super::{Fault, FaultError};
use crate::broker::Shared;

/// Faults of a broker on demand ([`Broker::faults`](crate::Broker::faults)). Clones are for the same broker.
///
/// ```
/// use std::time::Duration;
///
/// use kafka_broker::{ApiKey, Broker, ErrorCode, Fault};
///
/// let broker = Broker::ephemeral()?;
/// let faults = broker.faults();
/// // The next two attempts of the client "orders" to produce fail; the next fetch of anybody is slow.
/// faults.add(Fault::fail(ApiKey::Produce, ErrorCode::NotEnoughReplicas).times(2).of_client("orders"))?;
/// faults.add(Fault::delay(ApiKey::Fetch, Duration::from_millis(500)))?;
/// assert_eq!(faults.waiting().len(), 2);
/// // An hour goes by.
/// let before_ms = faults.now_ms();
/// faults.freeze_time();
/// faults.advance_time(Duration::from_secs(3600));
/// assert!(faults.now_ms() >= before_ms + 3_600_000);
/// faults.resume_time();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Faults {
    shared: Arc<Shared>,
}

impl Faults {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Faults { shared }
    }

    /// Arms a fault. Of several for the same request, the one that was armed first happens. Gives its number.
    ///
    /// # Errors
    /// See [`FaultError`].
    pub fn add(&self, fault: Fault) -> Result<u64, FaultError> {
        self.shared.faults.add(fault)
    }

    /// The faults that wait for requests, with their numbers.
    pub fn waiting(&self) -> Vec<(u64, Fault)> {
        self.shared.faults.waiting()
    }

    /// Forgets the faults that wait for requests.
    pub fn clear(&self) {
        self.shared.faults.clear();
    }

    /// The time of the broker, in ms since 1970.
    pub fn now_ms(&self) -> i64 {
        self.shared.clock.now_ms()
    }

    /// Whether the time stands still.
    pub fn is_frozen(&self) -> bool {
        self.shared.clock.is_frozen()
    }

    /// Has the time stand still: no session of a group ends, and nothing gets older.
    pub fn freeze_time(&self) {
        self.shared.clock.freeze();
        self.shared.alarm.look();
    }

    /// Lets the time go on from where it stands.
    pub fn resume_time(&self) {
        self.shared.clock.resume();
        self.shared.alarm.look();
    }

    /// Moves the time forward, whether or not it stands still. What is due then happens at once: sessions and rebalances end;
    /// retention and other upkeep follow within a second.
    pub fn advance_time(&self, by: Duration) {
        self.shared.clock.advance(by);
        self.shared.alarm.look();
    }

    /// Ends the sessions of all members of a group, as if they had sent no heartbeat for too long. Gives their number.
    ///
    /// # Errors
    /// `NOT_COORDINATOR`, `COORDINATOR_LOAD_IN_PROGRESS`.
    pub fn expire_group(&self, group: &str) -> Result<usize, ErrorCode> {
        self.shared.groups.end_sessions(group, None, self.now_ms())
    }

    /// Ends the session of one member. Returns the number of sessions: 0 if the group does not have the member.
    ///
    /// # Errors
    /// As [`Faults::expire_group`].
    pub fn expire_member(&self, group: &str, member_id: &str) -> Result<usize, ErrorCode> {
        self.shared.groups.end_sessions(group, Some(member_id), self.now_ms())
    }

    /// Has the coordinator of a group go away, with all groups of its partition of `__consumer_offsets`: requests that wait and
    /// those that come are answered `NOT_COORDINATOR`. It comes back, read from its log, when so much time of the broker has
    /// gone by, up to a second later. Gives the partition.
    pub fn move_coordinator(&self, group: &str, away: Duration) -> i32 {
        let partition = self.shared.groups.partition_for(group);
        let away_ms = i64::try_from(away.as_millis()).unwrap_or(i64::MAX);
        let until = self.shared.clock.steady_ms().saturating_add(away_ms);
        self.shared.groups.unload(partition, None);
        self.shared.moved_groups.lock().insert(partition, until);
        partition
    }
}
