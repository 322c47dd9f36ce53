//! What a consumer sees of a log.

use std::collections::HashMap;
use std::io::{self, Write};

use kafka_log::compression::Decompressor;
use kafka_log::format::control::ControlRecordType;
use kafka_log::log::Log;
use kafka_log::log::types::FetchIsolation;
use kafka_log::segment::batch::{Batch, Batches};

use crate::other;

/// Bytes of a fetch; small, so that there are many.
const FETCH: usize = 16 * 1024;

/// A line for each record, as `BothWays.dump` writes them.
pub(crate) fn dump(log: &Log, is_committed: bool, out: &mut impl Write) -> io::Result<()> {
    let (isolation, name) = if is_committed {
        (FetchIsolation::TxnCommitted, "read_committed")
    } else {
        (FetchIsolation::HighWatermark, "read_uncommitted")
    };
    let end = if is_committed { log.last_stable_offset() } else { log.high_watermark() };
    let mut decompressor = Decompressor::new(64 * 1024 * 1024);
    let tp = log.topic_partition();
    let mut offset = log.log_start_offset();
    while offset < end {
        let read = log.read(offset, FETCH, isolation, true).map_err(other)?;
        // First offsets of aborted transactions; a producer is in one from there to its marker.
        let mut aborted = read.aborted_transactions.unwrap_or_default();
        aborted.sort_by_key(|txn| txn.first_offset);
        let mut aborted = aborted.into_iter().peekable();
        let mut in_aborted: HashMap<i64, ()> = HashMap::new();
        let bytes = read.records.read()?;
        let mut next = offset;
        for batch in Batches::new(&bytes) {
            // The end of the fetch may lie in a batch.
            let Ok(batch) = batch else { break };
            let Batch::Default(batch) = batch.parse().map_err(other)? else { return Err(other("an old batch")) };
            if !batch.is_valid() {
                return Err(other(format!("{tp}: the batch at {} has a wrong checksum", batch.header().base_offset())));
            }
            let header = batch.header();
            while let Some(txn) = aborted.next_if(|txn| txn.first_offset <= header.last_offset()) {
                in_aborted.insert(txn.producer_id, ());
            }
            next = header.last_offset() + 1;
            let attributes = header.attributes();
            for record in batch.records(&mut decompressor).map_err(other)? {
                let record = record.map_err(other)?;
                if attributes.is_control() {
                    if ControlRecordType::parse(record.key).map_err(other)? == ControlRecordType::Abort {
                        in_aborted.remove(&header.producer_id());
                    }
                    continue;
                }
                if record.offset < offset
                    || attributes.is_transactional() && in_aborted.contains_key(&header.producer_id())
                {
                    continue;
                }
                let mut value = hash(HASH, record.value);
                for header in record.headers {
                    value = hash(hash(value, Some(header.key)), header.value);
                }
                let (offset, timestamp, key) = (record.offset, record.timestamp, hash(HASH, record.key));
                writeln!(out, "{name} {} {} {offset} {timestamp} {key:x} {value:x}", tp.topic(), tp.partition())?;
            }
        }
        if next == offset {
            return Err(other(format!("{tp}: no way past offset {offset}, the end is {end}")));
        }
        offset = next;
    }
    Ok(())
}

const HASH: u64 = 0xcbf2_9ce4_8422_2325;

/// FNV-1a over the length, -1 for null, and the bytes.
fn hash(hash: u64, bytes: Option<&[u8]>) -> u64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
    let length = bytes.map_or(-1, |bytes| bytes.len() as i32).to_be_bytes();
    bytes.unwrap_or_default().iter().fold(length.iter().fold(hash, step), step)
}
