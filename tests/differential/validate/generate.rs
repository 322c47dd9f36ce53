//! Random appends, right and wrong in every way that a log looks at. One line each, fields after a tab: number, `leader` or
//! `follower`, origin, leader epoch, log end offset, now, `compression.type`, its level or `-`, compacted or not, `create` or
//! `append` time, `message.timestamp.before.max.ms`, `message.timestamp.after.max.ms`, `max.message.bytes`, bytes in hexadecimal.

use std::io::{self, Write};

use kafka_log::compression::{Codec, Compressor};
use kafka_log::format::checksum::crc32c;
use kafka_log::format::varint::{write_varint, write_varlong};
use tests::Random;
use tests::hostile::mutate::mutate;

use crate::old;

pub(crate) const NOW: i64 = 1_700_000_000_000;

/// Where a record is larger than the chunk that Kafka reads of a stream at a time, a broken stream fails at another place than
/// elsewhere (`Decompressor::delivered`), which may hide that the record is broken too, or show it.
pub(crate) const CHUNK: usize = 2 * 1024;

/// Kinds of wrong things are rare, so that most appends have one at most.
pub(crate) fn rarely(random: &mut Random) -> bool {
    random.below(24) == 0
}

pub(crate) fn generate(seed: u64, cases: u64, out: &mut impl Write) -> io::Result<()> {
    let mut random = Random::new(seed);
    let mut compressor = Compressor::new();
    for case in 0..cases {
        writeln!(out, "{case}\t{}", line(&mut random, &mut compressor))?;
    }
    Ok(())
}

fn line(random: &mut Random, compressor: &mut Compressor) -> String {
    let leader = random.below(6) > 0;
    let origin = ["client", "client", "client", "client", "client", "coordinator", "raft_leader"][random.below(7)];
    let codec = Codec::ALL[random.below(5)];
    let topic_codec = match random.below(3) {
        0 => codec.name(),
        1 => "producer",
        _ => Codec::ALL[random.below(5)].name(),
    };
    let level = match topic_codec {
        "gzip" | "lz4" | "zstd" if random.below(2) == 0 => (1 + random.below(9)).to_string(),
        _ => "-".to_owned(),
    };
    let free = leader && origin == "client";
    let mut bytes = append(random, compressor, codec, free);
    let max = if random.below(12) == 0 { random.below(2 * bytes.len() + 2) } else { 1_048_588 };
    if rarely(random) {
        bytes.truncate(random.below(bytes.len() + 1));
    }
    if random.below(60) == 0 {
        let size = (0x7fff_fff0u32 + random.below(16) as u32).to_be_bytes();
        let at = random.below(bytes.len() / 26 + 1) * 26;
        bytes.extend_from_slice(&[0; 26]);
        bytes[at + 8..at + 12].copy_from_slice(&size);
    }
    if random.below(40) == 0 {
        mutate(random, &mut bytes, b"spliced");
    }
    let before = ["9223372036854775807", "3600000", "0"][[0, 0, 0, 0, 0, 1, 1, 2][random.below(8)]];
    let after = ["9223372036854775807", "3600000", "0"][[0, 1, 1, 1, 1, 1, 1, 2][random.below(8)]];
    let hex = data_encoding::HEXLOWER.encode(&bytes);
    format!(
        "{}\t{origin}\t{}\t{}\t{NOW}\t{topic_codec}\t{level}\t{}\t{}\t{before}\t{after}\t{max}\t{hex}",
        if leader { "leader" } else { "follower" },
        random.below(4),
        [0, 1, 77, 5_000_000_000i64][random.below(4)],
        u8::from(random.below(4) == 0),
        if random.below(4) == 0 { "append" } else { "create" },
    )
}

/// The batches of one call.
fn append(random: &mut Random, compressor: &mut Compressor, codec: Codec, from_client: bool) -> Vec<u8> {
    let magic = [0, 1, 1, 2, 2, 2, 2, 2][random.below(8)];
    let count = match random.below(8) {
        0 => 2,
        1 => 3,
        2 if magic < 2 => 1 + random.below(6),
        3 if !from_client => 1 + random.below(4),
        _ => 1,
    };
    // A call with several batches is nearly always refused if any is compressed.
    let codec = if count > 1 && random.below(2) == 0 { Codec::None } else { codec };
    let mut offset = if from_client { 0 } else { [0, 990, 1000, 1500][random.below(4)] };
    let mut out = Vec::new();
    for _ in 0..count {
        let magic = if random.below(40) == 0 { random.below(3) as i8 } else { magic };
        let batch = match magic {
            2 => batch(random, compressor, codec, offset),
            _ => old::messages(random, compressor, magic, codec, offset),
        };
        out.extend_from_slice(&batch);
        if !from_client {
            offset += [10, 10, 10, 100, 0, 1, -5][random.below(7)];
        }
    }
    out
}

pub(crate) fn timestamp(random: &mut Random) -> i64 {
    match random.below(30) {
        0 => -1,
        1 => [-5, i64::MIN, i64::MAX, 0, -2][random.below(5)],
        2 => NOW + [3_600_000, 3_600_001, 0, 1, 10_000_000][random.below(5)],
        3 => NOW - [3_600_000, 3_600_001, 0, 1, 10_000_000][random.below(5)],
        _ => NOW - 1000 + random.below(1001) as i64,
    }
}

pub(crate) fn some_bytes(random: &mut Random) -> Option<Vec<u8>> {
    let size = match random.below(40) {
        0 => return None,
        1 => 0,
        2 => 3000,
        3 if random.below(4) == 0 => 20_000 + random.below(30_000),
        _ => random.below(60),
    };
    let (start, noise) = (random.number(), random.below(4) == 0);
    Some(
        (0..size)
            .map(|i| if noise { random.number() as u8 } else { b'a' + ((start as usize + i) % 26) as u8 })
            .collect(),
    )
}

/// A batch of magic 2 that starts at `offset` unless something is wrong with it.
fn batch(random: &mut Random, compressor: &mut Compressor, codec: Codec, offset: i64) -> Vec<u8> {
    let count = [1, 1, 1, 2, 3, 5, 9, 40, 0][random.below(9).min(if rarely(random) { 8 } else { 7 })];
    let base_timestamp = timestamp(random);
    let keys = random.below(4) > 0;
    let mut max_timestamp = -1;
    let mut records = Vec::new();
    let gaps = rarely(random);
    let (mut delta, mut largest) = (0, 0);
    for index in 0..count {
        if gaps {
            delta += random.below(4) as i32 - 1;
        }
        let timestamp = if index == 0 { base_timestamp } else { timestamp(random) };
        max_timestamp = max_timestamp.max(timestamp);
        let before = records.len();
        record(random, delta, timestamp.wrapping_sub(base_timestamp), keys, &mut records);
        largest = largest.max(records.len() - before);
        delta += 1;
    }
    if random.below(12) == 0 {
        mutate(random, &mut records, b"abc");
    }
    let mut stored = Vec::new();
    let level = match codec {
        Codec::Gzip | Codec::Zstd if random.below(2) == 0 => Some(1 + random.below(9) as i32),
        _ => None,
    };
    compressor.compress(codec, 2, level, &records, &mut stored).expect("a codec that can");
    if codec != Codec::None && largest < CHUNK && random.below(10) == 0 {
        mutate(random, &mut stored, b"abc");
    }
    let has_producer = random.below(4) == 0;
    let control = random.below(20) == 0;
    let transactional = (has_producer || rarely(random)) && random.below(2) == 0;
    let log_append_time = random.below(12) == 0;
    let mut attributes = i16::from(codec.id())
        | i16::from(log_append_time) << 3
        | i16::from(transactional) << 4
        | i16::from(control) << 5
        | i16::from(random.below(40) == 0) << 6;
    if random.below(60) == 0 {
        attributes ^= 1 << random.below(16);
    }
    let odd = |random: &mut Random, usual: i64| if rarely(random) { usual + random.below(9) as i64 - 4 } else { usual };
    let mut out = Vec::new();
    out.extend_from_slice(&odd(random, offset).to_be_bytes());
    out.extend_from_slice(&(49 + stored.len() as i32).to_be_bytes());
    out.extend_from_slice(&[-1i32, 0, 1, 2, 3, 9][random.below(6)].to_be_bytes());
    out.extend_from_slice(&[2, 0, 0, 0, 0]);
    out.extend_from_slice(&attributes.to_be_bytes());
    let last_delta = if rarely(random) { random.number() as i32 } else { odd(random, i64::from(count) - 1) as i32 };
    out.extend_from_slice(&last_delta.to_be_bytes());
    out.extend_from_slice(&base_timestamp.to_be_bytes());
    let max_timestamp = if random.below(6) == 0 { timestamp(random) } else { max_timestamp };
    out.extend_from_slice(&max_timestamp.to_be_bytes());
    let (id, epoch, sequence) = if has_producer { (7, 0, 0) } else { (-1, -1, -1) };
    out.extend_from_slice(&odd(random, id).to_be_bytes());
    out.extend_from_slice(&(odd(random, epoch) as i16).to_be_bytes());
    out.extend_from_slice(&(odd(random, sequence) as i32).to_be_bytes());
    let count = if rarely(random) { odd(random, i64::from(count)) as i32 } else { count };
    out.extend_from_slice(&count.to_be_bytes());
    out.extend_from_slice(&stored);
    if random.below(60) == 0 {
        // A header that says so itself, and is too short for it.
        let size = 26 + random.below(40);
        out.truncate(size);
        out.resize(size, 0);
        out[8..12].copy_from_slice(&(size as i32 - 12).to_be_bytes());
    }
    if out.len() >= 21 {
        let crc = crc32c(&out[21..]);
        out[17..21].copy_from_slice(&crc.to_be_bytes());
    }
    if random.below(60) == 0 {
        mutate(random, &mut out, b"abc");
    }
    out
}

/// One record, whose lengths may lie.
fn record(random: &mut Random, offset_delta: i32, timestamp_delta: i64, keys: bool, out: &mut Vec<u8>) {
    let mut body = vec![if rarely(random) { random.number() as u8 } else { 0 }];
    write_varlong(&mut body, timestamp_delta);
    write_varint(&mut body, offset_delta);
    let key = if keys { some_bytes(random) } else { None };
    for bytes in [key, some_bytes(random)] {
        bytes_field(random, bytes.as_deref(), &mut body);
    }
    let headers = if random.below(3) == 0 { random.below(4) } else { 0 };
    write_varint(&mut body, headers as i32);
    for _ in 0..headers {
        let names: [&[u8]; 6] = [b"name", b"", "ž漢🎉".as_bytes(), b"a\xffb", b"\xed\xa0\x80", b"\xe1\x80"];
        let name = names[random.below(6).min(if random.below(4) == 0 { 5 } else { 2 })];
        bytes_field(random, Some(name), &mut body);
        let value = some_bytes(random);
        bytes_field(random, value.as_deref(), &mut body);
    }
    let length = body.len() as i32;
    write_varint(out, if random.below(300) == 0 { length + random.below(5) as i32 - 2 } else { length });
    out.extend_from_slice(&body);
}

fn bytes_field(random: &mut Random, bytes: Option<&[u8]>, out: &mut Vec<u8>) {
    let length = bytes.map_or(-1, |bytes| bytes.len() as i32);
    let lie = random.below(600) == 0;
    write_varint(out, if lie { [length + 1, length - 1, -7, i32::MAX][random.below(4)] } else { length });
    out.extend_from_slice(bytes.unwrap_or_default());
}
