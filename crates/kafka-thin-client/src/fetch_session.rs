//! Incremental fetches (KIP-227): what a node still knows of the last request is left out (`FetchSessionHandler`). No I/O.

use std::collections::BTreeMap;

use kafka_rpc::Uuid;

/// What is fetched of a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FetchFrom {
    /// The id of the topic.
    pub topic_id: Uuid,
    /// The first offset.
    pub offset: i64,
    /// The epoch of the leader, -1 if unknown.
    pub leader_epoch: i32,
    /// The epoch of the last record that a follower has, -1 without one.
    pub last_fetched_epoch: i32,
    /// The log start of a follower, -1 for others.
    pub log_start_offset: i64,
}

/// The session part of a Fetch request.
#[derive(Debug, PartialEq, Eq)]
pub struct SessionRequest<P> {
    /// The session.
    pub id: i32,
    /// Number of the request in the session.
    pub epoch: i32,
    /// Partitions that are new or have changed.
    pub changed: Vec<(P, FetchFrom)>,
    /// Partitions that are no longer wanted.
    pub forgotten: Vec<(P, Uuid)>,
}

/// The epoch that asks for a new session (`FetchMetadata.INITIAL_EPOCH`).
const INITIAL_EPOCH: i32 = 0;

/// A session with one node. `P` names a partition.
#[derive(Debug)]
pub struct FetchSession<P> {
    id: i32,
    epoch: i32,
    partitions: BTreeMap<P, FetchFrom>,
}

impl<P> Default for FetchSession<P> {
    fn default() -> Self {
        FetchSession { id: 0, epoch: INITIAL_EPOCH, partitions: BTreeMap::new() }
    }
}

impl<P: Clone + Ord> FetchSession<P> {
    /// The next request, which asks for these partitions.
    pub fn request(&mut self, wanted: BTreeMap<P, FetchFrom>) -> SessionRequest<P> {
        let is_full = self.epoch == INITIAL_EPOCH;
        let known = |partition: &P, from: &FetchFrom| !is_full && self.partitions.get(partition) == Some(from);
        let changed = wanted.iter().filter(|(partition, from)| !known(partition, from));
        let changed = changed.map(|(partition, from)| (partition.clone(), *from)).collect();
        // A topic that was made again under its name has another id.
        let is_gone =
            |partition: &P, from: &FetchFrom| wanted.get(partition).is_none_or(|other| other.topic_id != from.topic_id);
        let gone = self.partitions.iter().filter(|(partition, from)| !is_full && is_gone(partition, from));
        let forgotten = gone.map(|(partition, from)| (partition.clone(), from.topic_id)).collect();
        self.partitions = wanted;
        SessionRequest { id: self.id, epoch: self.epoch, changed, forgotten }
    }

    /// The node has answered without an error. It gives no session if it has too many; all requests are full then.
    pub fn answered(&mut self, session_id: i32) {
        if session_id == 0 {
            *self = FetchSession::default();
        } else {
            self.id = session_id;
            self.epoch = self.epoch.checked_add(1).unwrap_or(1);
        }
    }

    /// The node does not know the session. The next request is a full one, for a new session.
    pub fn forget(&mut self) {
        *self = FetchSession::default();
    }

    /// A response was lost, or the node does not take the request. The next one is a full one, which also ends the session that the
    /// node may still have (`FetchMetadata.nextCloseExistingAttemptNew`).
    pub fn reset(&mut self) {
        *self = FetchSession { id: self.id, ..FetchSession::default() };
    }

    /// Partitions of the last request.
    pub fn partitions(&self) -> &BTreeMap<P, FetchFrom> {
        &self.partitions
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TopicPartition;

    fn wanted(partitions: &[(i32, i64)]) -> BTreeMap<TopicPartition, FetchFrom> {
        let from = |offset| FetchFrom {
            topic_id: Uuid::default(),
            offset,
            leader_epoch: 0,
            last_fetched_epoch: -1,
            log_start_offset: -1,
        };
        partitions.iter().map(|(number, offset)| (TopicPartition::new("t", *number), from(*offset))).collect()
    }

    fn sent(request: &SessionRequest<TopicPartition>) -> (i32, i32, Vec<i32>, Vec<i32>) {
        let numbers = |partition: &TopicPartition| partition.partition;
        let changed = request.changed.iter().map(|(partition, _)| numbers(partition)).collect();
        let forgotten = request.forgotten.iter().map(|(partition, _)| numbers(partition)).collect();
        (request.id, request.epoch, changed, forgotten)
    }

    #[test]
    fn a_session_sends_what_has_changed() {
        let mut session = FetchSession::default();
        assert_eq!(sent(&session.request(wanted(&[(0, 0), (1, 0)]))), (0, 0, vec![0, 1], vec![]));
        session.answered(7);
        assert_eq!(sent(&session.request(wanted(&[(0, 5), (1, 0)]))), (7, 1, vec![0], vec![]));
        session.answered(7);
        assert_eq!(sent(&session.request(wanted(&[(1, 0), (2, 0)]))), (7, 2, vec![2], vec![0]));
        session.reset();
        assert_eq!(sent(&session.request(wanted(&[(1, 0)]))), (7, 0, vec![1], vec![]));
        session.forget();
        assert_eq!(sent(&session.request(wanted(&[(1, 0)]))), (0, 0, vec![1], vec![]));
        session.answered(0);
        assert_eq!(sent(&session.request(wanted(&[(1, 0)]))), (0, 0, vec![1], vec![]));
    }
}
