//! What a fetch asks for.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use crate::disk::Log;
use kafka_log::log::types::{FetchIsolation, LogOffsetMetadata};
use kafka_rpc::acl::AclOperation;
use kafka_rpc::messages::FetchRequest;
use kafka_rpc::messages::fetch_request::FetchPartition;
use kafka_rpc::{ErrorCode, Uuid};

use super::read::{Read, Reads};
use super::session::{Opened, Session};
use crate::api::Rights;
use crate::broker::Shared;
use crate::partitions::Partition;

/// A fetch: partitions and limits.
pub(super) struct Plan {
    pub(super) partitions: Vec<Planned>,
    pub(super) max_wait: Duration,
    pub(super) min_bytes: usize,
    pub(super) max_bytes: usize,
    pub(super) isolation: FetchIsolation,
    pub(super) reader: Reader,
    /// The session that the response belongs to, and whether it names changed partitions alone.
    pub(super) session: Option<(Arc<Session>, bool)>,
}

/// Who fetches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reader {
    /// A consumer that knows leaders alone.
    Consumer,
    /// A consumer that can be sent to followers (KIP-392), with its rack. Empty: it has not said which.
    ConsumerInRack(Box<str>),
    /// A broker with a replica, and its epoch.
    Follower { id: i32, epoch: i64 },
}

/// The version since which consumers can be sent to followers.
const RACK_MIN_VERSION: i16 = 11;

/// How a topic is named in a request, and in its response.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct TopicKey {
    /// Empty where there is an id.
    pub(super) name: Arc<str>,
    pub(super) id: Uuid,
}

/// A partition of a fetch.
#[derive(Clone)]
pub(super) struct Planned {
    pub(super) topic: TopicKey,
    pub(super) number: i32,
    pub(super) found: Result<Arc<Partition>, ErrorCode>,
    pub(super) asked: Asked,
    /// Where the records start, in which file: from there bytes are counted.
    pub(super) from: LogOffsetMetadata,
}

/// What is asked of a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) fetch_offset: i64,
    pub(super) max_bytes: i32,
    pub(super) current_leader_epoch: i32,
    pub(super) last_fetched_epoch: i32,
    /// Of the log of a follower.
    pub(super) log_start_offset: i64,
}

impl Asked {
    pub(super) const fn of(partition: &FetchPartition) -> Self {
        Asked {
            fetch_offset: partition.fetch_offset,
            max_bytes: partition.partition_max_bytes,
            current_leader_epoch: partition.current_leader_epoch,
            last_fetched_epoch: partition.last_fetched_epoch,
            log_start_offset: partition.log_start_offset,
        }
    }
}

impl Planned {
    pub(super) fn new(shared: &Shared, topic: TopicKey, number: i32, asked: Asked) -> Self {
        let has_id = topic.id != Uuid::default();
        let found = shared.topics.find(has_id, &topic.name, topic.id);
        let found = found.and_then(|found| found.partition(number).cloned());
        Planned { topic, number, found, asked, from: asked.fetch_offset.into() }
    }

    pub(super) fn partition(&self) -> Option<&Arc<Partition>> {
        self.found.as_ref().ok()
    }
}

impl Plan {
    /// Reads a request, with what its session knows.
    ///
    /// # Errors
    /// What the whole request is answered with: errors of sessions; `INVALID_REQUEST` for an isolation level that there is not.
    pub(super) fn new(
        shared: &Shared,
        rights: &Rights<'_>,
        request: &FetchRequest<'_>,
        version: i16,
        now_ms: i64,
    ) -> Result<Self, ErrorCode> {
        let (replica_id, replica_epoch) = match version {
            15.. => (request.replica_state.replica_id, request.replica_state.replica_epoch),
            _ => (request.replica_id, -1),
        };
        let reader = match replica_id {
            0.. => Reader::Follower { id: replica_id, epoch: replica_epoch },
            _ if version >= RACK_MIN_VERSION => Reader::ConsumerInRack(Box::from(&*request.rack_id)),
            _ => Reader::Consumer,
        };
        let isolation = match reader {
            Reader::Follower { .. } => FetchIsolation::LogEnd,
            _ => FetchIsolation::from_wire(request.isolation_level).ok_or(ErrorCode::InvalidRequest)?,
        };
        let max_bytes = positive(request.max_bytes).min(shared.fetch_max_bytes());
        let mut plan = Plan {
            partitions: Vec::new(),
            max_wait: Duration::from_millis(positive(request.max_wait_ms) as u64),
            min_bytes: positive(request.min_bytes).min(max_bytes),
            max_bytes,
            isolation,
            reader,
            session: None,
        };
        match shared.sessions.open(request, version, now_ms)? {
            Opened::Sessionless => {
                for topic in &request.topics {
                    let key = TopicKey { name: Arc::from(&*topic.topic), id: topic.topic_id };
                    for asked in &topic.partitions {
                        let planned = Planned::new(shared, key.clone(), asked.partition, Asked::of(asked));
                        plan.partitions.push(planned);
                    }
                }
            }
            Opened::Session { session, is_incremental } => {
                plan.partitions = session.plan(shared);
                plan.session = Some((session, is_incremental));
            }
        }
        if plan.is_from_follower() {
            if !rights.may_on_cluster(AclOperation::ClusterAction) {
                let refused = Err(ErrorCode::TopicAuthorizationFailed);
                plan.partitions.iter_mut().for_each(|planned| planned.found.clone_from(&refused));
            }
        } else if rights.are_limited() {
            plan.deny(shared, rights);
        }
        Ok(plan)
    }

    /// Removes what the client may not read.
    fn deny(&mut self, shared: &Shared, rights: &Rights<'_>) {
        let name_of = |planned: &Planned| match planned.topic.id {
            Uuid::ZERO => Some(Arc::clone(&planned.topic.name)),
            id => shared.topics.with_id(id).ok().map(|topic| Arc::clone(&topic.name)),
        };
        let names: Vec<Option<Arc<str>>> = self.partitions.iter().map(name_of).collect();
        rights.deny_topics(AclOperation::Read, &names, self.partitions.iter_mut().map(|planned| &mut planned.found));
    }

    pub(super) const fn is_from_follower(&self) -> bool {
        matches!(self.reader, Reader::Follower { .. })
    }

    /// The log of a partition, if it may be read here (`FetchParams.fetchOnlyLeader`). For a follower with the epoch of the leader.
    pub(super) fn log_of(&self, partition: &Partition, asked: &Asked) -> Result<(Arc<Log>, i32), ErrorCode> {
        let known_epoch = asked.current_leader_epoch;
        match self.reader {
            Reader::Follower { id, .. } => partition.log_for_follower(known_epoch, id),
            Reader::Consumer => partition.leader_log(known_epoch),
            Reader::ConsumerInRack(_) => partition.replica_log(known_epoch),
        }
    }

    /// Lowers the limit of the response.
    pub(super) fn at_most(&mut self, max_bytes: usize) {
        self.max_bytes = self.max_bytes.min(max_bytes);
        self.min_bytes = self.min_bytes.min(self.max_bytes);
    }

    /// The session of a response without partitions. One that has just begun ends: the client begins again.
    pub(super) fn keep_session(&self, shared: &Shared) -> i32 {
        match &self.session {
            Some((session, true)) => session.id(),
            Some((session, false)) => {
                shared.sessions.end(session.id());
                0
            }
            None => 0,
        }
    }

    /// Whether these reads are the answer, without waiting for more.
    pub(super) fn is_satisfied_by(&self, reads: &Reads) -> bool {
        self.max_wait.is_zero()
            || self.partitions.iter().all(|planned| planned.found.is_err())
            || reads.must_be_told
            || reads.bytes >= self.min_bytes
    }

    /// Notes where reads have found the offsets.
    pub(super) fn note_places(&mut self, reads: &Reads) {
        for (planned, read) in self.partitions.iter_mut().zip(&reads.results) {
            if let Read::Records { from, .. } = read {
                // The batch that has the offset may begin before it.
                planned.from = LogOffsetMetadata { message_offset: planned.asked.fetch_offset, ..*from };
            }
        }
    }

    /// Whether the request names a partition more than once. Such a request does not wait: each append would check it once for each
    /// time that it names the partition.
    pub(super) fn names_a_partition_twice(&self) -> bool {
        let mut seen = HashSet::with_capacity(self.partitions.len());
        !self.partitions.iter().filter_map(Planned::partition).all(|partition| seen.insert(Arc::as_ptr(partition)))
    }

    /// Whether the fetch can be answered: there is enough to read, or an error. Reads no file (`DelayedFetch.tryComplete`).
    pub(super) fn has_enough(&self) -> bool {
        let mut bytes = 0_usize;
        for planned in &self.partitions {
            let Ok(partition) = &planned.found else { continue };
            let Ok((log, _)) = self.log_of(partition, &planned.asked) else { return true };
            let Ok(readable) = log.readable_bytes(planned.from, self.isolation) else { return true };
            bytes = bytes
                .saturating_add(usize::try_from(readable).unwrap_or(usize::MAX).min(positive(planned.asked.max_bytes)));
            if bytes >= self.min_bytes {
                return true;
            }
        }
        false
    }
}

/// A number that must not be negative, or 0.
pub(super) fn positive(number: i32) -> usize {
    usize::try_from(number).unwrap_or(0)
}
