//! Reading what a plan asks for (`ReplicaManager.readFromLog`).

use kafka_log::format::transaction_index::AbortedTxn;
use kafka_log::log::error::KafkaError as _;
use kafka_log::log::types::{LogOffsetMetadata, Watermarks};
use kafka_rpc::ErrorCode;

use super::plan::{Plan, Planned, Reader, positive};
use crate::broker::Shared;
use crate::disk::Slice;
use crate::partitions::Partition;
use crate::replication::FollowerFetch;

/// What was read, a result for each partition of the plan.
pub(super) struct Reads {
    pub(super) results: Vec<Read>,
    /// Bytes of records.
    pub(super) bytes: usize,
    /// Whether there is something that a client has to know at once: an error, or a log that has gone another way.
    pub(super) must_be_told: bool,
}

/// What was read from a partition.
pub(super) enum Read {
    Records {
        records: Slice,
        /// The offset that was asked for, and its place.
        from: LogOffsetMetadata,
        watermarks: Watermarks,
        aborted: Option<Vec<AbortedTxn>>,
    },
    /// The client has records that this log has not: of this epoch the log has those up to an offset.
    Diverging {
        epoch: i32,
        end_offset: i64,
        watermarks: Watermarks,
    },
    /// The client is to read from this follower.
    Elsewhere {
        replica: i32,
        watermarks: Watermarks,
    },
    Failed(ErrorCode),
}

/// Reads what is there. `is_first`: the fetch has just come, and tells where its follower is.
pub(super) fn read(shared: &Shared, plan: &Plan, is_first: bool) -> Reads {
    let mut reads = Reads { results: Vec::with_capacity(plan.partitions.len()), bytes: 0, must_be_told: false };
    for planned in &plan.partitions {
        let read = read_one(shared, plan, planned, reads.bytes, is_first).unwrap_or_else(Read::Failed);
        match &read {
            Read::Records { records, .. } => reads.bytes += records.len(),
            // A partition that does not exist is answered along with the others, which may have to be waited for.
            Read::Failed(_) if planned.found.is_err() => {}
            Read::Diverging { .. } | Read::Elsewhere { .. } | Read::Failed(_) => reads.must_be_told = true,
        }
        reads.results.push(read);
    }
    reads
}

fn read_one(
    shared: &Shared,
    plan: &Plan,
    planned: &Planned,
    bytes_before: usize,
    is_first: bool,
) -> Result<Read, ErrorCode> {
    let partition = planned.found.as_ref().map_err(|code| *code)?;
    let asked = planned.asked;
    let (log, leader_epoch) = plan.log_of(partition, &asked)?;
    if let Reader::ConsumerInRack(rack) = &plan.reader
        && let Some(replica) = replica_in(shared, rack, partition, asked.fetch_offset)
    {
        return Ok(Read::Elsewhere { replica, watermarks: log.watermarks() });
    }
    if asked.last_fetched_epoch >= 0 {
        // (`Partition.readRecords`)
        let end = log.end_offset_for_epoch(asked.last_fetched_epoch).ok_or(ErrorCode::OffsetOutOfRange)?;
        let (epoch, end_offset) = end;
        if asked.fetch_offset < log.log_start_offset() {
            return Err(ErrorCode::OffsetOutOfRange);
        }
        if epoch < asked.last_fetched_epoch || end_offset < asked.fetch_offset {
            return Ok(Read::Diverging { epoch, end_offset, watermarks: log.watermarks() });
        }
    }
    let left = plan.max_bytes.saturating_sub(bytes_before);
    let max = positive(asked.max_bytes).min(left);
    // The first records come whole, however long they are: otherwise a client could never read past them.
    let at_least_one = bytes_before == 0;
    let read = log.read(asked.fetch_offset, max, plan.isolation, at_least_one).map_err(|error| error.code())?;
    if let Reader::Follower { id, epoch } = plan.reader
        && is_first
    {
        let fetch = FollowerFetch {
            replica: id,
            broker_epoch: epoch,
            leader_epoch,
            offset: asked.fetch_offset,
            log_start: asked.log_start_offset,
            leader_end: read.watermarks.log_end,
            now_ms: shared.clock.now_ms(),
        };
        partition.follower_fetched(&fetch)?;
    }
    Ok(Read::Records {
        records: read.records,
        from: read.offset_metadata,
        watermarks: read.watermarks,
        aborted: read.aborted_transactions,
    })
}

/// The follower in the rack of a consumer that it is to read from (`RackAwareReplicaSelector`): none where the leader is in that
/// rack, or no follower in sync.
fn replica_in(shared: &Shared, rack: &str, partition: &Partition, offset: i64) -> Option<i32> {
    if !shared.config.config.is_rack_aware || rack.is_empty() || shared.config.rack.as_deref() == Some(rack) {
        return None;
    }
    let followers = partition.readable_from(offset);
    let image = shared.image.read();
    let is_there = |id: &i32| {
        let broker = image.broker(*id).filter(|broker| !broker.fenced);
        broker.is_some_and(|broker| broker.rack.as_deref() == Some(rack))
    };
    followers.into_iter().rfind(is_there)
}
