//! Decodes the records of segments with `kafka_log` and with the kafka-protocol crate, in turn.
//!
//! Both check the CRC of each batch and visit the key, the value and the headers of each record; a digest shows that both
//! have seen the same. The segment is in memory, one thread works.
//!
//! usage: compare DIR [ROUNDS]   with segments made by `segments DIR`

use std::path::Path;
use std::time::{Duration, Instant};

use bytes::Bytes;
use kafka_log::compression::Decompressor;
use kafka_log::segment::batch::{Batch, RawBatch};
use kafka_protocol::records::RecordBatchDecoder;

/// Log, and the least ratio that is requested.
const LOGS: [(&str, Option<f64>); 7] = [
    ("plain1k", Some(1.3)),
    ("small100", Some(3.8)),
    ("tiny200", None),
    ("gzip1k", None),
    ("snappy1k", None),
    ("lz41k", None),
    ("zstd1k", None),
];

/// Bytes of a segment that a round decodes.
const BYTES_MAX: usize = 256 << 20;

type Error = Box<dyn std::error::Error>;

/// What a round has seen.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
struct Seen {
    records: u64,
    digest: u64,
}

impl Seen {
    #[inline(always)]
    fn field(&mut self, bytes: Option<&[u8]>) {
        let ends = bytes.map_or(u64::MAX, |b| b.len() as u64 + (u64::from(b.last().copied().unwrap_or(0)) << 32));
        self.digest = self.digest.rotate_left(5) ^ ends;
    }
}

fn ours(segment: &Bytes) -> Result<Seen, Error> {
    let mut seen = Seen::default();
    let mut decompressor = Decompressor::new(64 << 20);
    let mut rest = &segment[..];
    while let Some(raw) = RawBatch::split_first(rest, 0)? {
        let Batch::Default(batch) = raw.parse()? else { return Err("not magic 2".into()) };
        if !batch.is_valid() {
            return Err("crc".into());
        }
        for record in batch.records(&mut decompressor)? {
            let record = record?;
            seen.records += 1;
            seen.digest = seen.digest.wrapping_add(record.offset as u64 ^ record.timestamp as u64);
            seen.field(record.key);
            seen.field(record.value);
            for header in record.headers {
                seen.field(Some(header.key));
                seen.field(header.value);
            }
        }
        rest = &rest[raw.overhead.size()..];
    }
    Ok(seen)
}

fn kafka_protocol(segment: &Bytes) -> Result<Seen, Error> {
    let mut seen = Seen::default();
    let mut rest = segment.clone();
    while !rest.is_empty() {
        for record in RecordBatchDecoder::decode(&mut rest)?.records {
            seen.records += 1;
            seen.digest = seen.digest.wrapping_add(record.offset as u64 ^ record.timestamp as u64);
            seen.field(record.key.as_deref());
            seen.field(record.value.as_deref());
            for (key, value) in &record.headers {
                seen.field(Some(key.as_bytes()));
                seen.field(value.as_deref());
            }
        }
    }
    Ok(seen)
}

/// The whole batches of the file, as far as `BYTES_MAX`.
fn load(file: &Path) -> Result<Bytes, Error> {
    let mut bytes = std::fs::read(file)?;
    let mut end = 0;
    while let Some(raw) = RawBatch::split_first(&bytes[end..], end as u64)? {
        if end + raw.overhead.size() > BYTES_MAX {
            break;
        }
        end += raw.overhead.size();
    }
    bytes.truncate(end);
    Ok(bytes.into())
}

fn timed(decode: fn(&Bytes) -> Result<Seen, Error>, segment: &Bytes) -> Result<(Seen, Duration), Error> {
    let began = Instant::now();
    let seen = decode(segment)?;
    Ok((seen, began.elapsed()))
}

fn spread(mut times: Vec<Duration>) -> (f64, String) {
    times.sort();
    let [low, middle, high] = [0, times.len() / 2, times.len() - 1].map(|i| times[i].as_secs_f64());
    (middle, format!("{middle:.4} [{low:.4}-{high:.4}]"))
}

fn main() -> Result<(), Error> {
    let mut arguments = std::env::args().skip(1);
    let dir = arguments.next().ok_or("usage: compare DIR [ROUNDS]")?;
    let rounds: usize = arguments.next().map_or(Ok(9), |n| n.parse())?;
    let mut missed = Vec::new();
    println!("| log | ours s | MB/s | M records/s | kafka-protocol s | MB/s | ratio | bar |\n|{}", " --- |".repeat(8));
    for (log, bar) in LOGS {
        let segment = load(&Path::new(&dir).join(format!("{log}-0/00000000000000000000.log")))?;
        let (mut times, mut peers) = (Vec::new(), Vec::new());
        let mut records = 0;
        for round in 0..=rounds {
            let (seen, took) = timed(ours, &segment)?;
            let (peer, peer_took) = timed(kafka_protocol, &segment)?;
            if seen != peer {
                return Err(format!("{log}: {seen:?} and {peer:?}").into());
            }
            // The first round warms up.
            if round > 0 {
                times.push(took);
                peers.push(peer_took);
            }
            records = seen.records;
        }
        let ((time, ours), (peer, theirs)) = (spread(times), spread(peers));
        let megabytes = segment.len() as f64 / 1e6;
        let ratio = peer / time;
        let verdict = bar.map_or(String::new(), |bar| format!("{bar}x {}", if ratio >= bar { "met" } else { "MISSED" }));
        if bar.is_some_and(|bar| ratio < bar) {
            missed.push(log);
        }
        println!(
            "| {log} | {ours} | {:.0} | {:.1} | {theirs} | {:.0} | {ratio:.2}x | {verdict} |",
            megabytes / time,
            records as f64 / 1e6 / time,
            megabytes / peer,
        );
    }
    if missed.is_empty() { Ok(()) } else { Err(format!("missed: {missed:?}").into()) }
}
