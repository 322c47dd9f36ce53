//! `--since` and `--until` on batches whose headers do not tell how old or new their records are.

#![expect(clippy::unwrap_used, reason = "a test that cannot run has failed")]

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use kafka_log::compression::{Codec, Compressor};
use kafka_log::format::batch::TimestampType;
use kafka_log::format::batch_mut::BatchMut;
use kafka_log::format::builder::{BatchFields, RecordBatchBuilder};
use kafka_log::format::legacy_builder::{LegacyMessage, LegacyWrapperBuilder};
use serde_json::Value;

use super::support::{Json, json, json_of_any, kind, logs, scratch};

const CODECS: &[Codec] = &[Codec::None, Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd];

/// A log, as it is written.
#[derive(Default)]
struct Batches {
    bytes: Vec<u8>,
    /// Where each begins and what its last offset is.
    places: Vec<(usize, i64)>,
    next_offset: i64,
}

impl Batches {
    fn write(&mut self, timestamps: &[i64], write: impl FnOnce(&mut Vec<u8>, Range<i64>)) {
        let offsets = self.next_offset..self.next_offset + timestamps.len() as i64;
        self.places.push((self.bytes.len(), offsets.end - 1));
        self.next_offset = offsets.end;
        write(&mut self.bytes, offsets);
    }

    /// A batch of magic 2 with these timestamps.
    fn batch(&mut self, fields: BatchFields, timestamps: &[i64]) {
        self.write(timestamps, |out, offsets| {
            let mut builder = RecordBatchBuilder::new(BatchFields { base_offset: offsets.start, ..fields });
            for (offset, &timestamp) in offsets.zip(timestamps) {
                builder.append(offset, timestamp, None, Some(b"a value of some length"), &[]).unwrap();
            }
            builder.finish(&mut Compressor::new(), out).unwrap();
        });
    }

    /// A message of magic 0 or 1.
    fn message(&mut self, magic: i8, timestamp: i64) {
        self.write(&[timestamp], |out, offsets| {
            let timestamp_type = if magic == 0 { TimestampType::NoTimestampType } else { TimestampType::CreateTime };
            let (offset, value) = (offsets.start, Some(&b"a value"[..]));
            let message =
                LegacyMessage { offset, magic, codec: Codec::None, timestamp_type, timestamp, key: None, value };
            message.write(out).unwrap();
        });
    }

    /// A wrapper with this largest timestamp, if it is not to be the true one.
    fn wrapper(&mut self, magic: i8, log_append_time: Option<i64>, max: Option<i64>, timestamps: &[i64]) {
        self.write(timestamps, |out, offsets| {
            let mut builder = LegacyWrapperBuilder::new(magic, Codec::Gzip, log_append_time).unwrap();
            for (offset, &timestamp) in offsets.zip(timestamps) {
                builder.append(offset, timestamp, None, Some(b"a value of some length")).unwrap();
            }
            let place = builder.finish(&mut Compressor::new(), out).unwrap();
            if let Some(max) = max {
                set_max_timestamp(&mut out[place], max);
            }
        });
    }

    /// Writes the log, and indexes in which every batch has an entry.
    fn save(&self, name: &str) -> PathBuf {
        let log = scratch(name).join("00000000000000000000.log");
        fs::write(&log, &self.bytes).unwrap();
        let (mut offset_index, mut time_index) = (Vec::new(), Vec::new());
        let mut newest = -1;
        for (object, &(position, last)) in batches(&json(&log, &[])).into_iter().zip(&self.places) {
            let relative = (last as i32).to_be_bytes();
            offset_index.extend([relative, (position as i32).to_be_bytes()].concat());
            let max = object["max_timestamp"].as_i64().unwrap();
            if max > newest {
                newest = max;
                time_index.extend([&max.to_be_bytes()[..], &relative].concat());
            }
        }
        fs::write(log.with_extension("index"), offset_index).unwrap();
        fs::write(log.with_extension("timeindex"), time_index).unwrap();
        log
    }
}

/// Sets the largest timestamp, and the checksum with it.
fn set_max_timestamp(batch: &mut [u8], max: i64) {
    BatchMut::parse(batch).unwrap().set_max_timestamp(TimestampType::CreateTime, max).unwrap();
}

fn batches(objects: &Json) -> Vec<&Value> {
    objects.iter().filter(|object| kind(object) == "batch").collect()
}

/// Positions of the batches with a record whose timestamp is right, and how many records have one.
fn expected(all: &Json, is_right: impl Fn(i64) -> bool) -> (Vec<&Value>, usize) {
    let (mut positions, mut records, mut position) = (Vec::new(), 0, &Value::Null);
    for object in all {
        if kind(object) == "batch" {
            position = &object["position"];
        } else if is_right(object["timestamp"].as_i64().unwrap()) {
            records += 1;
            if positions.last() != Some(&position) {
                positions.push(position);
            }
        }
    }
    (positions, records)
}

fn positions(objects: &Json) -> Vec<&Value> {
    batches(objects).into_iter().map(|batch| &batch["position"]).collect()
}

fn every_range_shows_the_batches_of_its_records(log: &Path, times: &[i64]) {
    let alone = log.with_file_name("alone").join(log.file_name().unwrap());
    fs::create_dir_all(alone.parent().unwrap()).unwrap();
    fs::copy(log, &alone).unwrap();
    let all = json(log, &["--deep-iteration"]);
    let since = times.iter().map(|&time| (time, i64::MAX));
    let until = times.iter().map(|&time| (i64::MIN, time));
    let windows = times.windows(3).map(|times| (times[0], times[2]));
    for (since, until) in since.chain(until).chain(windows) {
        let (since_text, until_text) = (format!("--since={since}"), format!("--until={until}"));
        let mut args = Vec::new();
        args.extend((since > i64::MIN).then_some(since_text.as_str()));
        args.extend((until < i64::MAX).then_some(until_text.as_str()));
        let (want, records) = expected(&all, |timestamp| (since..until).contains(&timestamp));
        for file in [log, &alone] {
            let shallow = json(file, &args);
            // The cleaner keeps batches without records; where only batches are shown, their headers decide.
            let shallow: Json = shallow.into_iter().filter(|batch| batch["count"] != 0).collect();
            assert_eq!(positions(&shallow), want, "{} {args:?}", file.display());
            let deep = json(file, &[&args[..], &["--deep-iteration"]].concat());
            assert_eq!(positions(&deep), want, "{} {args:?} --deep-iteration", file.display());
            assert_eq!(deep.len() - want.len(), records, "{} {args:?} --deep-iteration", file.display());
        }
    }
}

#[test]
fn the_records_decide_where_the_times_of_a_header_do_not() {
    let mut log = Batches::default();
    for &codec in CODECS {
        let fields = BatchFields { codec, ..BatchFields::default() };
        log.batch(BatchFields { max_timestamp: Some(-1), ..fields }, &[7_000, 7_500]);
        log.batch(fields, &[1_000, 1_001]);
        log.batch(BatchFields { max_timestamp: Some(-1), ..fields }, &[6_000, 8_000]);
        log.batch(BatchFields { max_timestamp: Some(1_500), ..fields }, &[6_500, 7_000]);
        // Records older than the first, which is the newest or not.
        log.batch(fields, &[5_000, 1_200, 4_000]);
        log.batch(fields, &[5_000, 1_200, 9_000]);
        log.batch(BatchFields { base_timestamp: Some(-1), ..fields }, &[7_000, 7_001]);
        log.batch(BatchFields { base_timestamp: Some(9_999), max_timestamp: Some(-1), ..fields }, &[2_500, 3_500]);
        log.batch(fields, &[-1, -1]);
        log.batch(fields, &[2_000, 2_001]);
        // The cleaner's: the base timestamp is the delete horizon.
        let cleaned = BatchFields { delete_horizon_ms: Some(99_000), ..fields };
        log.batch(cleaned, &[2_100, 2_200]);
        log.batch(BatchFields { max_timestamp: Some(-1), ..cleaned }, &[7_100, 2_300]);
        let appended = BatchFields { timestamp_type: TimestampType::LogAppendTime, ..fields };
        log.batch(BatchFields { max_timestamp: Some(3_000), ..appended }, &[1_000, 9_000]);
        log.batch(BatchFields { max_timestamp: Some(-1), ..appended }, &[1_000, 9_000]);
        log.batch(fields, &[9_000, 9_500]);
    }
    let log = log.save("records-decide");
    let times = [-1, 0, 1_000, 1_201, 2_000, 2_400, 3_000, 5_000, 7_050, 9_000, 9_600, 99_000, 100_000];
    every_range_shows_the_batches_of_its_records(&log, &times);
}

#[test]
fn messages_have_their_own_timestamp_and_wrappers_may_lack_it() {
    let mut log = Batches::default();
    log.message(1, 1_000);
    log.wrapper(1, None, Some(-1), &[7_000, 7_500]);
    log.message(0, -1);
    log.wrapper(1, None, None, &[5_000, 1_200, 4_000]);
    log.wrapper(1, Some(3_000), None, &[1_000, 1_001]);
    log.wrapper(0, None, None, &[-1, -1]);
    log.message(1, -1);
    log.message(1, 8_000);
    log.batch(BatchFields { max_timestamp: Some(-1), ..BatchFields::default() }, &[8_000, 2_000]);
    let log = log.save("messages");
    every_range_shows_the_batches_of_its_records(
        &log,
        &[-1, 0, 1_000, 1_201, 2_000, 3_000, 5_000, 7_100, 8_000, 9_000],
    );
}

#[test]
fn logs_of_kafka_show_the_batches_of_their_records() {
    for log in
        ["broker-log-append-time", "broker-compacted", "mixed-magic", "format-v1-lz4"].iter().flat_map(|n| logs(n))
    {
        let all = json(&log, &["--deep-iteration"]);
        let mut times: Vec<i64> = all.iter().filter_map(|object| object["timestamp"].as_i64()).collect();
        times.sort_unstable();
        times.dedup();
        let copy = scratch("of-kafka").join(log.file_name().unwrap());
        fs::copy(&log, &copy).unwrap();
        for index in ["index", "timeindex"] {
            let _ = fs::copy(log.with_extension(index), copy.with_extension(index));
        }
        let picked: Vec<i64> = times.iter().copied().step_by(times.len().div_ceil(4).max(1)).collect();
        every_range_shows_the_batches_of_its_records(&copy, &picked);
    }
}

#[test]
fn a_batch_without_times_that_cannot_be_read_is_shown() {
    let mut damaged = Batches::default();
    damaged.batch(BatchFields { codec: Codec::Gzip, max_timestamp: Some(0), ..BatchFields::default() }, &[1_000; 9]);
    let batch = &mut damaged.bytes;
    // In the header of the compressed stream.
    batch[61] ^= 1;
    set_max_timestamp(batch, -1);
    damaged.batch(BatchFields { max_timestamp: Some(-1), ..BatchFields::default() }, &[1_000; 9]);
    *damaged.bytes.last_mut().unwrap() = 9;
    let log = scratch("unreadable-times").join("00000000000000000000.log");
    fs::write(&log, &damaged.bytes).unwrap();
    let starts: Vec<_> = damaged.places.iter().map(|(position, _)| *position).collect();
    for time in ["--since=5000", "--until=500"] {
        for resync in [&[][..], &["--resync"]] {
            for (depth, shown) in [(&[][..], &starts[..]), (&["--deep-iteration"], &starts[..1 + resync.len()])] {
                let found = json_of_any(&log, &[&[time], resync, depth].concat());
                assert_eq!(positions(&found), shown, "{time} {resync:?} {depth:?}");
            }
        }
    }
}
