//! Random batches of all versions, and in words what they hold.

use std::fmt::Write as _;

use kafka_log::compression::{Codec, Compressor};
use kafka_log::format::batch::TimestampType;
use kafka_log::format::builder::{BatchFields, RecordBatchBuilder};
use kafka_log::format::control::{ControlRecordType, EndTransactionMarker};
use kafka_log::format::legacy_builder::{LegacyMessage, LegacyWrapperBuilder};
use kafka_log::format::record::Header;
use tests::Random;

/// A batch, its bytes and the lines that describe it.
pub(crate) struct Planned {
    pub(crate) bytes: Vec<u8>,
    pub(crate) lines: String,
    pub(crate) last_offset: i64,
    pub(crate) max_timestamp: i64,
}

/// A record as it is meant.
struct Meant {
    offset: i64,
    timestamp: i64,
    key: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
    headers: Vec<(String, Option<Vec<u8>>)>,
}

#[derive(Default)]
pub(crate) struct Planner {
    compressor: Compressor,
}

impl Planner {
    /// The next batch, which starts at `offset` and lies at `position`.
    pub(crate) fn plan(&mut self, random: &mut Random, offset: i64, position: usize) -> Planned {
        match random.below(10) {
            0 => self.plain(random, offset, position, 0),
            1 => self.plain(random, offset, position, 1),
            2 => self.wrapper(random, offset, position, 0),
            3 => self.wrapper(random, offset, position, 1),
            _ => self.default(random, offset, position),
        }
    }

    fn default(&mut self, random: &mut Random, base_offset: i64, position: usize) -> Planned {
        let is_control = random.below(8) == 0;
        let is_empty = !is_control && random.below(12) == 0;
        let codec = if is_empty { Codec::None } else { Codec::ALL[random.below(5)] };
        let has_producer = is_control || random.below(3) == 0;
        let log_append_time = (random.below(4) == 0).then(|| timestamp(random));
        let sequence =
            if random.below(4) == 0 { i32::MAX - random.below(9) as i32 } else { random.below(1 << 20) as i32 };
        let mut records = match (is_control, is_empty) {
            (true, _) => vec![marker(random, base_offset)],
            (_, true) => Vec::new(),
            _ => some_records(random, base_offset, true),
        };
        let last_offset = (is_empty || random.below(6) == 0)
            .then(|| records.last().map_or(base_offset, |r| r.offset) + random.below(50) as i64);
        let fields = BatchFields {
            base_offset,
            partition_leader_epoch: random.below(100) as i32 - 1,
            codec,
            level: level(random, codec),
            timestamp_type: kind(log_append_time),
            is_transactional: has_producer && random.below(2) == 0,
            is_control,
            delete_horizon_ms: (!is_empty && random.below(6) == 0).then(|| timestamp(random)),
            producer_id: if has_producer { (random.number() >> 1) as i64 } else { -1 },
            producer_epoch: if has_producer { random.below(0x8000) as i16 } else { -1 },
            base_sequence: if has_producer && !is_control { sequence } else { -1 },
            max_timestamp: log_append_time.or(is_empty.then(|| timestamp(random))),
            last_offset,
            ..BatchFields::default()
        };
        let mut builder = RecordBatchBuilder::new(fields);
        for record in &records {
            let headers: Vec<_> =
                record.headers.iter().map(|(k, v)| Header { key: k.as_bytes(), value: v.as_deref() }).collect();
            let (key, value) = (record.key.as_deref(), record.value.as_deref());
            builder.append(record.offset, record.timestamp, key, value, &headers).expect("offsets rise");
        }
        let mut bytes = Vec::new();
        builder.finish(&mut self.compressor, &mut bytes).expect("it can be written");

        let last_offset = last_offset.or(records.last().map(|r| r.offset)).unwrap_or(base_offset);
        let created = records.iter().map(|r| r.timestamp).max().unwrap_or(-1);
        let max_timestamp = fields.max_timestamp.unwrap_or(created);
        let sequence_at = |delta: i64| match fields.base_sequence {
            -1 => -1,
            base => (i64::from(base) + delta) % (1 << 31),
        };
        let mut lines = format!(
            "B {position} {} 2 {base_offset} {last_offset} {codec} {} {max_timestamp} {} {} {} {} {} {} {} {} {}\n",
            bytes.len(),
            fields.timestamp_type.name(),
            fields.producer_id,
            fields.producer_epoch,
            fields.base_sequence,
            sequence_at(last_offset - base_offset),
            fields.is_transactional,
            fields.is_control,
            fields.delete_horizon_ms.map_or("-".into(), |ms| ms.to_string()),
            fields.partition_leader_epoch,
            records.len(),
        );
        for record in &mut records {
            record.timestamp = log_append_time.unwrap_or(record.timestamp);
            record.describe(sequence_at(record.offset - base_offset), &mut lines);
        }
        Planned { bytes, lines, last_offset, max_timestamp }
    }

    fn plain(&mut self, random: &mut Random, offset: i64, position: usize, magic: i8) -> Planned {
        let log_append_time = (magic == 1 && random.below(3) == 0).then(|| timestamp(random));
        let mut record = some_records(random, offset, false).swap_remove(0);
        let mut bytes = Vec::new();
        let message = LegacyMessage {
            offset: record.offset,
            magic,
            codec: Codec::None,
            timestamp_type: kind(log_append_time),
            timestamp: log_append_time.unwrap_or(record.timestamp),
            key: record.key.as_deref(),
            value: record.value.as_deref(),
        };
        message.write(&mut bytes).expect("it can be written");
        record.timestamp = if magic == 0 { -1 } else { message.timestamp };
        let meant = Wrapper { magic, codec: Codec::None, log_append_time, max_timestamp: record.timestamp };
        meant.planned(bytes, position, vec![record])
    }

    fn wrapper(&mut self, random: &mut Random, offset: i64, position: usize, magic: i8) -> Planned {
        let log_append_time = (magic == 1 && random.below(3) == 0).then(|| timestamp(random));
        let codec = [Codec::Gzip, Codec::Snappy, Codec::Lz4][random.below(3)];
        let mut builder = LegacyWrapperBuilder::new(magic, codec, log_append_time).expect("they know the codec");
        let mut records = some_records(random, offset, false);
        for record in &records {
            let (key, value) = (record.key.as_deref(), record.value.as_deref());
            builder.append(record.offset, record.timestamp, key, value).expect("offsets rise");
        }
        let mut bytes = Vec::new();
        builder.finish(&mut self.compressor, &mut bytes).expect("it can be written");
        for record in &mut records {
            record.timestamp = if magic == 0 { -1 } else { log_append_time.unwrap_or(record.timestamp) };
        }
        let max_timestamp = records.iter().map(|r| r.timestamp).max().unwrap_or(-1);
        Wrapper { magic, codec, log_append_time, max_timestamp }.planned(bytes, position, records)
    }
}

/// What is said of a batch of magic 0 or 1.
struct Wrapper {
    magic: i8,
    codec: Codec,
    log_append_time: Option<i64>,
    max_timestamp: i64,
}

impl Wrapper {
    fn planned(self, bytes: Vec<u8>, position: usize, records: Vec<Meant>) -> Planned {
        let Wrapper { magic, codec, log_append_time, max_timestamp } = self;
        let (first, last_offset) = (records[0].offset, records[records.len() - 1].offset);
        let size = bytes.len();
        let kind = if magic == 0 { TimestampType::NoTimestampType } else { kind(log_append_time) };
        let kind = kind.name();
        let mut lines = format!(
            "B {position} {size} {magic} {first} {last_offset} {codec} {kind} {max_timestamp} -1 -1 -1 -1 false false - -1 -\n"
        );
        records.iter().for_each(|record| record.describe(-1, &mut lines));
        Planned { bytes, lines, last_offset, max_timestamp }
    }
}

impl Meant {
    fn describe(&self, sequence: i64, lines: &mut String) {
        let _ = write!(lines, "R {} {} {sequence} ", self.offset, self.timestamp);
        push_hex(lines, self.key.as_deref());
        lines.push(' ');
        push_hex(lines, self.value.as_deref());
        for (key, value) in &self.headers {
            lines.push(' ');
            push_hex(lines, Some(key.as_bytes()));
            lines.push('=');
            push_hex(lines, value.as_deref());
        }
        lines.push('\n');
    }
}

fn push_hex(lines: &mut String, bytes: Option<&[u8]>) {
    let Some(bytes) = bytes else { return lines.push('-') };
    lines.push('x');
    data_encoding::HEXLOWER.encode_append(bytes, lines);
}

fn kind(log_append_time: Option<i64>) -> TimestampType {
    if log_append_time.is_some() { TimestampType::LogAppendTime } else { TimestampType::CreateTime }
}

fn timestamp(random: &mut Random) -> i64 {
    match random.below(20) {
        0 => 0,
        1 => (random.number() >> 1) as i64,
        _ => 1_700_000_000_000 + random.below(1_000_000) as i64,
    }
}

fn level(random: &mut Random, codec: Codec) -> Option<i32> {
    let levels = codec.levels()?;
    let least = (*levels.start()).max(-50);
    let span = (levels.end() - least) as usize + 1;
    (random.below(3) > 0)
        .then(|| if random.below(9) == 0 { *levels.start() } else { least + random.below(span) as i32 })
}

fn marker(random: &mut Random, offset: i64) -> Meant {
    let kind = [ControlRecordType::Abort, ControlRecordType::Commit][random.below(2)];
    let value = EndTransactionMarker { coordinator_epoch: random.below(1 << 30) as i32 }.to_bytes();
    let (key, value) = (Some(kind.key().to_vec()), Some(value.to_vec()));
    Meant { offset, timestamp: timestamp(random), key, value, headers: Vec::new() }
}

/// At least one record, sometimes with gaps between their offsets.
fn some_records(random: &mut Random, first: i64, with_headers: bool) -> Vec<Meant> {
    let gaps = random.below(4) == 0;
    let mut offset = first + if gaps { random.below(3) as i64 } else { 0 };
    let mut records = Vec::new();
    for _ in 0..1 + random.below(20) {
        let count = if with_headers && random.below(3) == 0 { random.below(5) } else { 0 };
        let names = ["h", "h", "", "naïve", "a longer name of a header"];
        let headers = (0..count).map(|_| (names[random.below(5)].to_owned(), content(random, 30))).collect();
        let (key, value) = (content(random, 20), content(random, 2_000));
        records.push(Meant { offset, timestamp: timestamp(random), key, value, headers });
        offset += 1 + if gaps { random.below(20) as i64 } else { 0 };
    }
    records
}

/// Null, nothing, noise, or something that can be compressed; sometimes much of it.
fn content(random: &mut Random, len_max: usize) -> Option<Vec<u8>> {
    let len = if random.below(400) == 0 { len_max * 100 } else { random.below(len_max) };
    match random.below(8) {
        0 => None,
        1 => Some(Vec::new()),
        2 => Some((0..len).map(|_| random.number() as u8).collect()),
        _ => {
            let word = random.number().to_be_bytes();
            Some(word.iter().copied().cycle().take(len).collect())
        }
    }
}
