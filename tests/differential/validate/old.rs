//! Messages of magic 0 and 1, alone and wrapped.

use kafka_log::compression::{Codec, Compressor};
use kafka_log::format::batch::TimestampType;
use kafka_log::format::checksum::crc32;
use kafka_log::format::legacy_builder::LegacyMessage;
use tests::Random;
use tests::hostile::mutate::mutate;

use crate::generate::{CHUNK, rarely, some_bytes, timestamp};

/// A batch of these versions: a message, or a wrapper if there is a codec.
pub(crate) fn messages(
    random: &mut Random,
    compressor: &mut Compressor,
    magic: i8,
    codec: Codec,
    offset: i64,
) -> Vec<u8> {
    let keys = random.below(4) > 0;
    if codec == Codec::None {
        let mut out = Vec::new();
        let time = timestamp(random);
        message(random, offset, magic, time, keys, &mut out);
        return out;
    }
    let mut inner = Vec::new();
    let count = [1, 2, 3, 9, 0][random.below(5).min(if rarely(random) { 4 } else { 3 })];
    let (mut last, mut max, mut largest) = (offset, -1, 0);
    // Magic 0 has absolute offsets, magic 1 relative ones. Some clients get it wrong.
    let base = if (magic == 0) != rarely(random) { offset } else { 0 };
    for index in 0..count {
        let time = timestamp(random);
        max = max.max(time);
        last = base + index + if rarely(random) { random.below(7) as i64 } else { 0 };
        let magic = if random.below(60) == 0 { [0, 1, 2, -1, 1][random.below(5)] } else { magic };
        let before = inner.len();
        message(random, last, magic, time, keys, &mut inner);
        largest = largest.max(inner.len() - before);
    }
    if random.below(12) == 0 {
        mutate(random, &mut inner, b"abc");
    }
    if random.below(12) == 0 {
        inner.truncate(random.below(inner.len() + 1));
    }
    let mut value = Vec::new();
    compressor.compress(codec, magic, None, &inner, &mut value).expect("a codec that can");
    if largest < CHUNK && random.below(12) == 0 {
        mutate(random, &mut value, b"abc");
    }
    let key = rarely(random).then_some(&b"key of a wrapper"[..]);
    let offset = match random.below(8) {
        0 => 0,
        1 => last + random.below(9) as i64 - 4,
        _ => last + offset - base,
    };
    let log_append_time = random.below(10) == 0;
    let wrapper = LegacyMessage {
        offset,
        magic,
        codec,
        timestamp_type: if log_append_time { TimestampType::LogAppendTime } else { TimestampType::CreateTime },
        timestamp: if random.below(6) == 0 { timestamp(random) } else { max },
        key,
        value: (!rarely(random)).then_some(&value[..]),
    };
    let mut out = Vec::new();
    wrapper.write(&mut out).expect("a message of possible size");
    damage(random, &mut out);
    out
}

fn message(random: &mut Random, offset: i64, magic: i8, timestamp: i64, keys: bool, out: &mut Vec<u8>) {
    let log_append_time = random.below(24) == 0;
    let (key, value) = (if keys { some_bytes(random) } else { None }, some_bytes(random));
    let message = LegacyMessage {
        offset,
        magic: magic.clamp(0, 1),
        codec: if random.below(120) == 0 { Codec::ALL[random.below(5)] } else { Codec::None },
        timestamp_type: if log_append_time { TimestampType::LogAppendTime } else { TimestampType::CreateTime },
        timestamp,
        key: key.as_deref(),
        value: value.as_deref(),
    };
    let mut bytes = Vec::new();
    message.write(&mut bytes).expect("a message of possible size");
    if !(0..=1).contains(&magic) {
        bytes[16] = magic as u8;
        seal(&mut bytes);
    }
    damage(random, &mut bytes);
    out.extend_from_slice(&bytes);
}

/// Lengths that lie under a checksum that is right, or a checksum that is wrong.
fn damage(random: &mut Random, message: &mut Vec<u8>) {
    match random.below(150) {
        0 => {
            let at = 17 + random.below(message.len() - 17);
            message[at] ^= 1 << random.below(8);
            seal(message);
        }
        1 => {
            let at = (if message[16] == 0 { 18 } else { 26 }) + 4 * random.below(2);
            let length = [0i32, 1, -7, i32::MAX, 0x7fff_fff0, 30][random.below(6)];
            if let Some(field) = message.get_mut(at..at + 4) {
                field.copy_from_slice(&length.to_be_bytes());
            }
            seal(message);
        }
        2 => {
            let size = (26 + random.below(14)).min(message.len());
            message.truncate(size);
            message[8..12].copy_from_slice(&(size as i32 - 12).to_be_bytes());
            seal(message);
        }
        3 => {
            message[17] = message[17] & !7 | random.below(8) as u8;
            seal(message);
        }
        4 => {
            let at = 12 + random.below(message.len() - 12);
            message[at] ^= 1 << random.below(8);
        }
        5 => message[8..12].copy_from_slice(&[13i32, 14, -1, i32::MAX][random.below(4)].to_be_bytes()),
        _ => {}
    }
}

fn seal(message: &mut [u8]) {
    let crc = crc32(&message[16..]);
    message[12..16].copy_from_slice(&crc.to_be_bytes());
}
