//! Seeded damage.

use crate::Random;

/// Numbers that arithmetic on lengths and counts trips over.
const ODD: [i64; 14] = [
    0,
    1,
    -1,
    2,
    13,
    14,
    127,
    128,
    0x7fff,
    i32::MAX as i64,
    i32::MIN as i64,
    i64::MAX,
    i64::MIN,
    0x0101_0101_0101_0101,
];

/// Damages `bytes` in one to four places; `other` is what may be spliced in.
pub fn mutate(random: &mut Random, bytes: &mut Vec<u8>, other: &[u8]) {
    for _ in 0..1 + random.below(4) {
        let at = random.below(bytes.len());
        match random.below(8) {
            0 | 1 if !bytes.is_empty() => bytes[at] ^= 1 << random.below(8),
            2 if !bytes.is_empty() => bytes[at] = random.number() as u8,
            3 => {
                let number = ODD[random.below(ODD.len())].to_be_bytes();
                let size = 1 << random.below(4);
                let end = (at + size).min(bytes.len());
                let number = &number[8 - (end - at)..];
                bytes[at..end].copy_from_slice(number);
            }
            4 => bytes.truncate(at),
            5 => {
                let end = (at + random.below(64)).min(bytes.len());
                let copy = bytes[at..end].to_vec();
                let to = random.below(bytes.len());
                bytes.splice(to..to, copy);
            }
            6 => {
                let end = (at + random.below(64)).min(bytes.len());
                bytes.drain(at..end);
            }
            _ => {
                let from = random.below(other.len());
                let until = (from + random.below(200)).min(other.len());
                bytes.splice(at..at, other[from..until].iter().copied());
            }
        }
    }
}
