//! The files beside a log, as `LogSegment` writes them.

use std::fmt::Write as _;
use std::path::Path;
use std::{fs, io};

use kafka_log::format::leader_epoch_checkpoint::{EpochEntry, write_leader_epoch_checkpoint};
use kafka_log::format::offset_checkpoint::{PartitionOffset, write_offset_checkpoint};
use kafka_log::format::offset_index::{OffsetIndex, OffsetIndexAppender};
use kafka_log::format::partition_metadata::PartitionMetadata;
use kafka_log::format::producer_snapshot::{ProducerEntry, write_producer_snapshot};
use kafka_log::format::time_index::{TimeIndex, TimeIndexAppender};
use kafka_log::format::transaction_index::{AbortedTxn, TransactionIndexAppender};
use kafka_log::format::uuid::Uuid;
use tests::Random;

const INDEX_BYTES_MAX: usize = 1024 * 1024;

pub(crate) struct SegmentFiles {
    base_offset: i64,
    offsets: (OffsetIndexAppender, Vec<u8>),
    times: (TimeIndexAppender, Vec<u8>),
    bytes_since_entry: usize,
    largest: (i64, i64),
    time_lines: String,
    lines: String,
}

impl SegmentFiles {
    pub(crate) fn new(base_offset: i64) -> Self {
        let offsets = OffsetIndexAppender::new(OffsetIndex::new(base_offset, &[]), INDEX_BYTES_MAX);
        let times = TimeIndexAppender::new(TimeIndex::new(base_offset, &[]), INDEX_BYTES_MAX);
        SegmentFiles {
            base_offset,
            offsets: (offsets, Vec::new()),
            times: (times, Vec::new()),
            bytes_since_entry: 0,
            largest: (-1, base_offset),
            time_lines: String::new(),
            lines: String::new(),
        }
    }

    /// A batch was appended to the log at `position`.
    pub(crate) fn appended(
        &mut self,
        last_offset: i64,
        max_timestamp: i64,
        position: usize,
        size: usize,
        random: &mut Random,
    ) {
        if max_timestamp > self.largest.0 {
            self.largest = (max_timestamp, last_offset);
        }
        if self.bytes_since_entry > random.below(4096) {
            let (appender, out) = &mut self.offsets;
            appender.append(last_offset, position as i32, out).expect("offsets rise");
            let _ = writeln!(self.lines, "O {last_offset} {position}");
            self.time_entry();
            self.bytes_since_entry = 0;
        }
        self.bytes_since_entry += size;
    }

    fn time_entry(&mut self) {
        let ((timestamp, offset), (appender, out)) = (self.largest, &mut self.times);
        if appender.maybe_append(timestamp, offset, true, out).expect("times rise") {
            let _ = writeln!(self.time_lines, "T {timestamp} {offset}");
        }
    }

    /// Writes all the files into `folder`; returns what they mean.
    pub(crate) fn write(mut self, folder: &Path, random: &mut Random) -> io::Result<String> {
        self.time_entry();
        self.lines.push_str(&self.time_lines);
        let base = self.base_offset;
        let name = |ending: &str| folder.join(format!("{base:020}.{ending}"));
        fs::write(name("index"), &self.offsets.1)?;
        fs::write(name("timeindex"), &self.times.1)?;
        fs::write(name("txnindex"), self.transactions(random))?;
        fs::write(name("snapshot"), self.producers(random))?;
        let mut bytes = Vec::new();
        let epochs: Vec<_> = (0..random.below(6) as i32)
            .map(|n| EpochEntry { epoch: n * 3, start_offset: i64::from(n) * 1_000 })
            .collect();
        write_leader_epoch_checkpoint(&epochs, &mut bytes);
        for entry in &epochs {
            let _ = writeln!(self.lines, "E {} {}", entry.epoch, entry.start_offset);
        }
        fs::write(folder.join("leader-epoch-checkpoint"), &bytes)?;
        bytes.clear();
        let offsets: Vec<_> = (0..random.below(6) as i32)
            .map(|partition| PartitionOffset { topic: "some.topic-1", partition, offset: random.below(1 << 40) as i64 })
            .collect();
        write_offset_checkpoint(&offsets, &mut bytes);
        for entry in &offsets {
            let _ = writeln!(self.lines, "C {} {} {}", entry.topic, entry.partition, entry.offset);
        }
        fs::write(folder.join("recovery-point-offset-checkpoint"), &bytes)?;
        bytes.clear();
        let mut id = [0; 16];
        id.iter_mut().for_each(|byte| *byte = random.number() as u8);
        let metadata = PartitionMetadata { version: 0, topic_id: Uuid(id) };
        metadata.write(&mut bytes);
        let _ = writeln!(self.lines, "D {}", metadata.topic_id);
        fs::write(folder.join("partition.metadata"), &bytes)?;
        Ok(self.lines)
    }

    fn transactions(&mut self, random: &mut Random) -> Vec<u8> {
        let (mut appender, mut out, mut last_offset) =
            (TransactionIndexAppender::default(), Vec::new(), self.base_offset);
        for _ in 0..random.below(20) {
            last_offset += 1 + random.below(1_000) as i64;
            let txn = AbortedTxn {
                producer_id: (random.number() >> 1) as i64,
                first_offset: last_offset - random.below(100) as i64,
                last_offset,
                last_stable_offset: last_offset + random.below(100) as i64,
            };
            appender.append(txn, &mut out).expect("offsets rise");
            let AbortedTxn { producer_id, first_offset, last_offset, last_stable_offset } = txn;
            let _ = writeln!(self.lines, "A {producer_id} {first_offset} {last_offset} {last_stable_offset}");
        }
        out
    }

    fn producers(&mut self, random: &mut Random) -> Vec<u8> {
        let entry = |producer: i64| ProducerEntry {
            producer_id: producer * 7,
            producer_epoch: random.below(0x8000) as i16,
            last_sequence: random.below(1 << 31) as i32,
            last_offset: random.below(1 << 50) as i64,
            offset_delta: random.below(1 << 20) as i32,
            timestamp: (random.number() >> 1) as i64,
            coordinator_epoch: random.below(1 << 31) as i32 - 1,
            current_txn_first_offset: random.below(1 << 40) as i64 - 1,
        };
        let entries: Vec<_> = (0..7).map(entry).collect();
        for e in &entries {
            let (id, epoch, sequence, offset) = (e.producer_id, e.producer_epoch, e.last_sequence, e.last_offset);
            let (delta, timestamp, first) = (e.offset_delta, e.timestamp, e.current_txn_first_offset);
            let coordinator = e.coordinator_epoch;
            let _ =
                writeln!(self.lines, "P {id} {epoch} {sequence} {offset} {delta} {timestamp} {coordinator} {first}");
        }
        let mut out = Vec::new();
        write_producer_snapshot(entries.into_iter(), &mut out);
        out
    }
}
