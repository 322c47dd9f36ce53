//! Reading what a plan asks for (`ReplicaManager.readFromLog`).

use kafka_log::format::transaction_index::AbortedTxn;
use kafka_log::log::error::KafkaError as _;
use kafka_log::log::types::{LogOffsetMetadata, Watermarks};
use kafka_rpc::ErrorCode;

use super::plan::{Plan, Planned, positive};
use crate::net::Slice;

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
    Failed(ErrorCode),
}

pub(super) fn read(plan: &Plan) -> Reads {
    let mut reads = Reads { results: Vec::with_capacity(plan.partitions.len()), bytes: 0, must_be_told: false };
    for planned in &plan.partitions {
        let read = read_one(plan, planned, reads.bytes).unwrap_or_else(Read::Failed);
        match &read {
            Read::Records { records, .. } => reads.bytes += records.len(),
            // A partition that does not exist is answered along with the others, which may have to be waited for.
            Read::Failed(_) if planned.found.is_err() => {}
            Read::Diverging { .. } | Read::Failed(_) => reads.must_be_told = true,
        }
        reads.results.push(read);
    }
    reads
}

fn read_one(plan: &Plan, planned: &Planned, bytes_before: usize) -> Result<Read, ErrorCode> {
    let partition = planned.found.as_ref().map_err(|code| *code)?;
    let asked = planned.asked;
    let (log, _) = partition.leader_log(asked.current_leader_epoch)?;
    if asked.last_fetched_epoch >= 0 {
        // (`Partition.readRecords`)
        let end = log.end_offset_for_epoch(asked.last_fetched_epoch).ok_or(ErrorCode::OffsetOutOfRange)?;
        let (epoch, end_offset) = end;
        if epoch < asked.last_fetched_epoch || end_offset < asked.fetch_offset {
            return Ok(Read::Diverging { epoch, end_offset, watermarks: log.watermarks() });
        }
    }
    let left = plan.max_bytes.saturating_sub(bytes_before);
    let max = positive(asked.max_bytes).min(left);
    // The first records come whole, however long they are: otherwise a client could never read past them.
    let at_least_one = bytes_before == 0;
    let read = log.read(asked.fetch_offset, max, plan.isolation, at_least_one).map_err(|error| error.code())?;
    Ok(Read::Records {
        records: read.records,
        from: read.offset_metadata,
        watermarks: read.watermarks,
        aborted: read.aborted_transactions,
    })
}
