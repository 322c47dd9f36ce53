//! Appends of a run: as a leader with all kinds of producers, or as a follower with gaps and new epochs.

use std::sync::Arc;

use kafka_log::format::batch::TimestampType;
use kafka_log::format::batch_mut::BatchMut;
use kafka_log::format::control::ControlRecordType;
use kafka_log::log::LeaderAppend;
use kafka_log::log::error::AppendError;
use kafka_log::log::types::{AppendOrigin, LogAppendInfo};

use super::check::Stop;
use super::make::Producer;
use super::model::{ModelBatch, decode};
use super::run::{Profile, Run};

/// A batch as it is handed to the log, and what is to become of it.
struct Attempt {
    bytes: Vec<u8>,
    append: LeaderAppend,
    expected: Expected,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
    /// It is taken.
    Taken,
    /// It is refused.
    Refused,
    /// It was there already, at these offsets.
    Duplicate(i64, i64),
}

impl Run {
    pub(super) fn append(&mut self) -> Result<(), Stop> {
        self.counts.appends += 1;
        if self.random.below(12) == 0 {
            self.epoch += 1;
        }
        if self.profile == Profile::Follower && self.random.below(8) > 0 { self.follow() } else { self.lead() }
    }

    fn lead(&mut self) -> Result<(), Stop> {
        let attempt = match self.random.below(10) {
            0..4 => self.data(Producer::NONE, Expected::Taken),
            4..6 => self.idempotent(),
            6..8 => self.transactional(),
            8 => self.marker(),
            _ => self.again(),
        };
        let Attempt { bytes, append, expected } = attempt;
        let placed = self.placed(&bytes)?;
        self.tell(|| {
            let (id, sequences) = (placed.producer_id, placed.sequences);
            let what = placed.control.map_or(String::new(), |kind| format!("{kind:?} "));
            let size = placed.bytes.len();
            format!(
                "lead {what}{}..{} of {id} {sequences:?} txn {} epoch {}, {size} bytes: {expected:?}",
                placed.base_offset, placed.last_offset, placed.is_transactional, append.leader_epoch
            )
        });
        self.model.note(&placed);
        let outcome = self.log()?.append_as_leader(&bytes, append, self.now_ms);
        let is_certain = !self.is_uncertain;
        let known = self.model.producer(placed.producer_id);
        let last = known.and_then(|known| known.batches.last().map(|(.., last)| *last));
        let is_unknown = last.is_some_and(|last| last < self.model.reloaded_start);
        match outcome {
            Ok(info) if info.is_duplicate => match expected {
                Expected::Duplicate(first, last) if (info.first_offset, info.last_offset) == (first, last) => Ok(()),
                _ if is_certain => wrong(format!("taken for a duplicate: {info:?}")),
                _ => Ok(()),
            },
            Ok(info) => {
                check_info(&info, &placed)?;
                if is_certain && expected != Expected::Taken && !is_unknown {
                    return wrong(format!("taken, though {expected:?}"));
                }
                self.model.append(vec![placed]);
                Ok(())
            }
            Err(AppendError::Storage(error)) => Err(Stop::Medium(error.to_string())),
            // More batches in a call than there is room for entries: as in Kafka they are written, and the log is none any more.
            Err(error) if error.to_string().contains("index is full") => Err(Stop::Refused),
            Err(AppendError::RecordBatchTooLarge { .. }) if placed.bytes.len() > self.segment_bytes() => Ok(()),
            Err(error) => {
                self.counts.refused += 1;
                self.tell(|| format!("  refused: {error}"));
                // A snapshot holds the last batch of each producer alone.
                let is_forgotten = matches!(expected, Expected::Duplicate(_, last) if last < self.model.reloaded_at);
                let is_uncertain = self.is_uncertain && placed.producer_id >= 0;
                let may_be = expected == Expected::Refused || is_forgotten || is_uncertain || is_unknown;
                if may_be { Ok(()) } else { wrong(format!("refused: {error:?}")) }
            }
        }
    }

    fn segment_bytes(&self) -> usize {
        self.config.segment_bytes as usize
    }

    fn follow(&mut self) -> Result<(), Stop> {
        let (mut bytes, mut placed) = (Vec::new(), Vec::new());
        let mut offset = self.model.end;
        for _ in 0..1 + self.random.below(3) {
            if self.random.below(12) == 0 {
                offset += 1 + self.random.below(4) as i64;
            }
            let attempt = match self.random.below(6) {
                0 => self.marker(),
                1 => self.transactional(),
                2 => self.idempotent(),
                _ => self.data(Producer::NONE, Expected::Taken),
            };
            let mut batch = attempt.bytes;
            let count = decoded(&batch)?.records.len() as i64;
            let mut view = BatchMut::parse(&mut batch).map_err(|e| e.to_string())?;
            view.set_last_offset(offset + count - 1);
            view.set_partition_leader_epoch(self.epoch).map_err(|e| e.to_string())?;
            if !placed.is_empty() && attempt.append.origin != AppendOrigin::Client
                || bytes.len() + batch.len() > self.segment_bytes()
            {
                break;
            }
            offset += count;
            let batch_there = decoded(&batch)?;
            // The next batch of a producer in the same call would need a model of this one.
            let is_plain = batch_there.producer_id < 0;
            self.model.note(&batch_there);
            placed.push(batch_there);
            bytes.extend(batch);
            if !is_plain {
                break;
            }
        }
        if bytes.is_empty() {
            return Ok(());
        }
        let offsets: Vec<_> = placed.iter().map(|batch| (batch.base_offset, batch.last_offset)).collect();
        let epoch = self.epoch;
        self.tell(|| format!("follow {offsets:?}, epoch {epoch}, {} bytes", bytes.len()));
        match self.log()?.append_as_follower(&bytes, self.epoch, self.now_ms) {
            Ok(info) => {
                let last = placed.last().map_or(-1, |batch| batch.last_offset);
                if info.last_offset != last {
                    return wrong(format!("followed up to {}, not {last}", info.last_offset));
                }
                self.model.append(placed);
                Ok(())
            }
            Err(AppendError::Storage(error)) => Err(Stop::Medium(error.to_string())),
            // More batches in a call than there is room for entries: as in Kafka they are written, and the log is none any more.
            Err(error) if error.to_string().contains("index is full") => Err(Stop::Refused),
            Err(error) => wrong(format!("refused: {error:?}")),
        }
    }

    /// The batch as it will lie in the log.
    fn placed(&self, bytes: &[u8]) -> Result<Arc<ModelBatch>, Stop> {
        let mut bytes = bytes.to_vec();
        let batch = decoded(&bytes)?;
        let mut view = BatchMut::parse(&mut bytes).map_err(|e| e.to_string())?;
        view.set_last_offset(self.model.end + batch.records.len() as i64 - 1);
        view.set_partition_leader_epoch(self.epoch).map_err(|e| e.to_string())?;
        if self.config.message_timestamp_type == TimestampType::LogAppendTime {
            view.set_max_timestamp(TimestampType::LogAppendTime, self.now_ms).map_err(|e| e.to_string())?;
        }
        decoded(&bytes)
    }

    fn data(&mut self, producer: Producer, expected: Expected) -> Attempt {
        let count = 1 + self.random.below(4) as i64;
        self.counted(producer, count, expected)
    }

    fn counted(&mut self, producer: Producer, count: i64, expected: Expected) -> Attempt {
        let timestamp = self.now_ms - self.random.below(200) as i64;
        let keyed = self.profile == Profile::Compacted;
        let bytes = self.maker.data(&mut self.random, 0, count, (timestamp, keyed), producer, -1);
        Attempt { bytes, append: LeaderAppend::from_client(self.epoch), expected }
    }

    fn idempotent(&mut self) -> Attempt {
        let id = 1 + self.random.below(2) as i64;
        self.sequenced(id, false)
    }

    fn transactional(&mut self) -> Attempt {
        let id = 11 + self.random.below(3) as i64;
        self.sequenced(id, true)
    }

    /// The next batch of a producer, of a new epoch now and then, and out of sequence rarely.
    fn sequenced(&mut self, id: i64, is_transactional: bool) -> Attempt {
        let known = self.model.producer(id);
        let (mut epoch, mut sequence) = known.as_ref().map_or((0, 0), |known| (known.epoch, known.last_sequence + 1));
        let mut expected = Expected::Taken;
        match self.random.below(20) {
            0 if known.as_ref().is_none_or(|known| known.open_from.is_none()) => (epoch, sequence) = (epoch + 1, 0),
            1 if known.is_some() && self.profile != Profile::Follower => {
                (sequence, expected) = (sequence + 3, Expected::Refused);
            }
            _ => {}
        }
        self.data(Producer { id, epoch, sequence, is_transactional }, expected)
    }

    fn marker(&mut self) -> Attempt {
        let open: Vec<_> =
            (11..14).filter(|id| self.model.producer(*id).is_some_and(|p| p.open_from.is_some())).collect();
        let id = match open.get(self.random.below(open.len())) {
            Some(&id) if self.random.below(10) > 0 => id,
            _ => 11 + self.random.below(3) as i64,
        };
        let epoch = self.model.producer(id).map_or(0, |known| known.epoch);
        let kind = [ControlRecordType::Commit, ControlRecordType::Abort][self.random.below(2)];
        let bytes = self.maker.marker(0, self.now_ms, (id, epoch), (kind, 0), -1);
        let append = LeaderAppend {
            origin: AppendOrigin::Coordinator,
            transaction_version: 1,
            ..LeaderAppend::from_client(self.epoch)
        };
        Attempt { bytes, append, expected: Expected::Taken }
    }

    /// A batch that a producer sends again.
    fn again(&mut self) -> Attempt {
        let id = [1, 2, 11, 12, 13][self.random.below(5)];
        let Some(known) = self.model.producer(id).filter(|known| !known.batches.is_empty()) else {
            return self.data(Producer::NONE, Expected::Taken);
        };
        let (first, last, first_offset, last_offset) = known.batches[self.random.below(known.batches.len())];
        let producer = Producer { id, epoch: known.epoch, sequence: first, is_transactional: id > 10 };
        let expected = Expected::Duplicate(first_offset, last_offset);
        self.counted(producer, i64::from(last - first) + 1, expected)
    }
}

fn check_info(info: &LogAppendInfo, placed: &ModelBatch) -> Result<(), Stop> {
    let found = (info.first_offset, info.last_offset);
    if found != (placed.base_offset, placed.last_offset) {
        return wrong(format!("appended at {found:?}"));
    }
    Ok(())
}

fn decoded(bytes: &[u8]) -> Result<Arc<ModelBatch>, Stop> {
    let (batches, _) = decode(bytes)?;
    batches.into_iter().next().ok_or_else(|| Stop::Wrong("no batch was made".to_owned()))
}

fn wrong<T>(text: String) -> Result<T, Stop> {
    Err(Stop::Wrong(text))
}
