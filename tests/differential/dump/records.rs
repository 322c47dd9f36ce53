//! Damage under a valid checksum: inside the records of a batch, inside its compressed stream, inside a wrapper.

use kafka_log::compression::{Codec, Compressor, Decompressor};
use kafka_log::format::checksum::{crc32, crc32c};
use kafka_log::format::varint::{read_varint, read_varlong, write_unsigned_varlong, write_varint, write_varlong};
use tests::Random;
use tests::hostile::mutate::mutate;
use tests::rewrite::DECOMPRESSED_MAX;

use crate::donors::Donors;
use crate::log::{batch_lens, header};
use crate::numbers::{get, odd, put};

/// Sets the length field and the checksum to what the bytes say.
pub(crate) fn seal(batch: &mut [u8]) {
    let length = batch.len() as i64 - 12;
    put(batch, 8, 4, length);
    fix_crc(batch);
}

pub(crate) fn fix_crc(batch: &mut [u8]) {
    match batch.get(16) {
        Some(0 | 1) => {
            let crc = crc32(&batch[16..]);
            put(batch, 12, 4, crc.into());
        }
        Some(_) if batch.len() > 21 => {
            let crc = crc32c(&batch[21..]);
            put(batch, 17, 4, crc.into());
        }
        _ => {}
    }
}

/// Damages what is inside a batch and makes everything around it fit again.
pub(crate) fn damage(random: &mut Random, donors: &Donors, batch: &mut Vec<u8>) {
    let legacy = batch.get(16).is_some_and(|&magic| magic < 2);
    if legacy {
        wrapper(random, donors, batch, 0)
    } else {
        default(random, donors, batch)
    }
    seal(batch);
}

fn default(random: &mut Random, donors: &Donors, batch: &mut Vec<u8>) {
    if batch.len() < 61 {
        return;
    }
    let codec = Codec::from_id(batch[22] & 7).unwrap_or(Codec::None);
    let mut decompressor = Decompressor::new(DECOMPRESSED_MAX);
    let plain = decompressor.decompress(codec, 2, &batch[61..]).map(<[u8]>::to_vec);
    let (Ok(mut plain), 1..) = (plain, random.below(8)) else {
        mutate_tail(random, donors, batch, 61);
        return;
    };
    match random.below(4) {
        0 => scramble(random, donors, &mut plain),
        1 => odd_varint(random, &mut plain),
        _ => {
            let control = batch[22] & 0x20 != 0;
            let count = rebuild(random, donors, &mut plain, control);
            if random.below(4) > 0 {
                put(batch, 57, 4, count);
            }
        }
    }
    let codec = if random.below(4) == 0 { Codec::ALL[random.below(5)] } else { codec };
    batch[22] = batch[22] & !7 | codec.id();
    batch.truncate(61);
    compress(codec, 2, &plain, batch);
}

fn wrapper(random: &mut Random, donors: &Donors, message: &mut Vec<u8>, depth: usize) {
    let key_at = if message.get(16) == Some(&0) { 18 } else { 26 };
    let key = get(message, key_at, 4).max(0) as usize;
    let value_at = key_at + 4 + key + 4;
    if value_at > message.len() {
        return mutate_tail(random, donors, message, key_at.min(message.len()));
    }
    let magic = message[16] as i8;
    let codec = Codec::from_id(message[17] & 7).unwrap_or(Codec::None);
    let mut decompressor = Decompressor::new(DECOMPRESSED_MAX);
    let plain = decompressor.decompress(codec, magic, &message[value_at..]).map(<[u8]>::to_vec);
    let (Ok(plain), 1.., true) = (plain, random.below(8), codec != Codec::None) else {
        if random.below(3) == 0 {
            let at = if random.below(2) == 0 { key_at } else { value_at - 4 };
            let number = odd(random, get(message, at, 4));
            put(message, at, 4, number);
        } else {
            mutate_tail(random, donors, message, key_at);
        }
        return;
    };
    let mut inner: Vec<Vec<u8>> = Vec::new();
    let mut rest = &plain[..];
    for len in batch_lens(&plain) {
        let (one, behind) = rest.split_at(len);
        inner.push(one.to_vec());
        rest = behind;
    }
    let mut rest = rest.to_vec();
    for _ in 0..1 + random.below(2) {
        let which = random.below(inner.len());
        match random.below(8) {
            0 => scramble(random, donors, &mut rest),
            1 if inner.len() > 1 => drop(inner.remove(which)),
            2 if !inner.is_empty() => inner.push(inner[which].clone()),
            3 => inner.truncate(which),
            4 if !inner.is_empty() => {
                let copy = if depth == 0 && random.below(2) == 0 { message.clone() } else { inner[0].clone() };
                inner.insert(which, copy);
            }
            5 if !inner.is_empty() && depth == 0 => {
                wrapper(random, donors, &mut inner[which], 1);
                seal(&mut inner[which]);
            }
            _ if !inner.is_empty() => header(random, &mut inner[which]),
            _ => rest.push(0),
        }
    }
    let mut plain = inner.concat();
    plain.append(&mut rest);
    let codec = if random.below(6) == 0 { Codec::ALL[random.below(5)] } else { codec };
    message[17] = message[17] & !7 | codec.id();
    message.truncate(value_at);
    compress(codec, magic, &plain, message);
    let size = (message.len() - value_at) as i64;
    put(message, value_at - 4, 4, size);
}

fn compress(codec: Codec, magic: i8, plain: &[u8], out: &mut Vec<u8>) {
    Compressor::new().compress(codec, magic, None, plain, out).expect("this build has every codec");
}

fn mutate_tail(random: &mut Random, donors: &Donors, bytes: &mut Vec<u8>, from: usize) {
    let mut tail = bytes.split_off(from);
    scramble(random, donors, &mut tail);
    bytes.append(&mut tail);
}

/// Damages bytes anywhere; what is spliced in comes from another record.
fn scramble(random: &mut Random, donors: &Donors, bytes: &mut Vec<u8>) {
    let other = payload(random, donors);
    mutate(random, bytes, other);
}

fn payload<'d>(random: &mut Random, donors: &'d Donors) -> &'d [u8] {
    &donors.payloads[random.below(donors.payloads.len())]
}

/// Replaces a byte, most likely a whole varint, by the encoding of an odd number, sometimes a longer one than needed.
fn odd_varint(random: &mut Random, bytes: &mut Vec<u8>) {
    // The fields that say how long something is are in the first bytes of a record.
    let at = if random.below(3) > 0 { random.below(bytes.len().min(12)) } else { random.below(bytes.len()) };
    let old = bytes.get(at).copied().unwrap_or_default();
    let mut varint = Vec::new();
    let number = odd(random, i64::from(old >> 1));
    match random.below(3) {
        0 => write_varlong(&mut varint, number),
        1 => write_varint(&mut varint, number as i32),
        _ => write_unsigned_varlong(&mut varint, number as u64),
    }
    if random.below(8) == 0 {
        let last = varint.len() - 1;
        varint[last] |= 0x80;
        varint.extend([0x80; 9][..random.below(10)].iter());
        varint.push(random.below(2) as u8);
    }
    bytes.splice(at..(at + 1).min(bytes.len()), varint);
}

struct Plain {
    attributes: u8,
    timestamp_delta: i64,
    offset_delta: i32,
    key: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
    headers: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}

/// Takes the records apart, changes some, and writes them again with lengths that fit. Gives their number.
fn rebuild(random: &mut Random, donors: &Donors, bytes: &mut Vec<u8>, control: bool) -> i64 {
    let (mut at, mut records) = (0, Vec::new());
    while let Some(record) = take(bytes, &mut at) {
        records.push(record);
    }
    records.truncate(20);
    if records.is_empty() {
        records.push(Plain {
            attributes: 0,
            timestamp_delta: 0,
            offset_delta: 0,
            key: None,
            value: None,
            headers: vec![],
        });
    }
    for _ in 0..1 + random.below(4) {
        let which = random.below(records.len());
        let record = &mut records[which];
        match random.below(if control { 8 } else { 14 }) {
            0 | 1 => change(random, donors, &mut record.key),
            2 | 3 => change(random, donors, &mut record.value),
            4 if control => record.key = Some([[0, 0, 0].as_slice(), &[random.below(9) as u8]].concat()),
            5 => record.timestamp_delta = odd(random, record.timestamp_delta),
            6 => record.offset_delta = odd(random, record.offset_delta.into()) as i32,
            7 => {
                let mut key = Some(b"h".to_vec());
                let mut value = Some(b"x".to_vec());
                change(random, donors, &mut key);
                change(random, donors, &mut value);
                record.headers.push((key.unwrap_or_default(), value));
            }
            8 => record.attributes = random.number() as u8,
            // A key and a value of another record: whole ones that a decoder knows.
            9 | 10 => record.value = Some(payload(random, donors).to_vec()),
            11 => record.key = Some(payload(random, donors).to_vec()),
            12 => {
                let size = [2, 4, 8][random.below(3)];
                let number = odd(random, 0).to_be_bytes();
                let field = if random.below(2) == 0 { &mut record.key } else { &mut record.value };
                *field = Some(number[8 - size..].to_vec());
            }
            _ => {
                // The version or type at the front.
                let field = if random.below(2) == 0 { &mut record.key } else { &mut record.value };
                if let Some(bytes) = field {
                    let size = 1 + random.below(2);
                    let number = random.below(30) as i64 - 2;
                    put(bytes, 0, size, number);
                }
            }
        }
    }
    bytes.clear();
    for record in &records {
        give(record, bytes);
    }
    records.len() as i64
}

fn change(random: &mut Random, donors: &Donors, field: &mut Option<Vec<u8>>) {
    const TEXTS: [&[u8]; 10] = [
        b"",
        b"\0",
        b"\xff\xfe",
        b"\xed\xa0\x80",
        b"\xf0\x9f\x98\x80",
        b"\xc3",
        b"\xe2\x82",
        b"\r\n\t\x1b\x7f",
        b"\xc2\x85\xe2\x80\xa8",
        b"\xf4\x90\x80\x80",
    ];
    match (random.below(8), &mut *field) {
        (0, _) => *field = None,
        (1, _) => *field = Some(TEXTS[random.below(TEXTS.len())].to_vec()),
        (2, Some(bytes)) => bytes.extend(TEXTS[random.below(TEXTS.len())]),
        (3, Some(bytes)) => {
            let (at, size) = (random.below(bytes.len()), 1 << random.below(4));
            let number = odd(random, get(bytes, at, size));
            put(bytes, at, size, number);
        }
        (4, Some(bytes)) if !bytes.is_empty() => odd_varint(random, bytes),
        (_, Some(bytes)) => scramble(random, donors, bytes),
        (_, None) => *field = Some(payload(random, donors).to_vec()),
    }
}

fn take(bytes: &[u8], at: &mut usize) -> Option<Plain> {
    read_varint(bytes, at, "size").ok()?;
    let attributes = *bytes.get(*at)?;
    *at += 1;
    let timestamp_delta = read_varlong(bytes, at, "timestamp").ok()?;
    let offset_delta = read_varint(bytes, at, "offset").ok()?;
    let field = |at: &mut usize| -> Option<Option<Vec<u8>>> {
        let Ok(len) = usize::try_from(read_varint(bytes, at, "length").ok()?) else { return Some(None) };
        let field = bytes.get(*at..*at + len)?.to_vec();
        *at += len;
        Some(Some(field))
    };
    let (key, value) = (field(at)?, field(at)?);
    let count = read_varint(bytes, at, "headers").ok()?;
    let mut headers = Vec::new();
    for _ in 0..count {
        headers.push((field(at)?.unwrap_or_default(), field(at)?));
    }
    Some(Plain { attributes, timestamp_delta, offset_delta, key, value, headers })
}

fn give(record: &Plain, out: &mut Vec<u8>) {
    let mut body = vec![record.attributes];
    write_varlong(&mut body, record.timestamp_delta);
    write_varint(&mut body, record.offset_delta);
    let field = |field: Option<&[u8]>, body: &mut Vec<u8>| {
        write_varint(body, field.map_or(-1, |bytes| bytes.len() as i32));
        body.extend(field.unwrap_or_default());
    };
    field(record.key.as_deref(), &mut body);
    field(record.value.as_deref(), &mut body);
    write_varint(&mut body, record.headers.len() as i32);
    for (key, value) in &record.headers {
        field(Some(key), &mut body);
        field(value.as_deref(), &mut body);
    }
    write_varint(out, body.len() as i32);
    out.append(&mut body);
}
