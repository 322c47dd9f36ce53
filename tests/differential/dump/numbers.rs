//! Numbers that arithmetic on offsets, lengths, counts and timestamps trips over.

use tests::Random;

const ODD: &[i64] = &[
    0,
    1,
    2,
    3,
    4,
    5,
    7,
    8,
    12,
    13,
    14,
    15,
    16,
    17,
    18,
    21,
    26,
    34,
    48,
    49,
    61,
    62,
    100,
    127,
    128,
    129,
    255,
    256,
    1000,
    0x7fff,
    0x8000,
    0xffff,
    0x10000,
    0x7fff_fffe,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    0x1_0000_0000,
    0x7fff_ffff_ffff_fffe,
    i64::MAX,
    1_700_000_000_000,
    253_402_300_800_000,
    0x0101_0101_0101_0101,
];

/// An odd number, of either sign, or near `old`, or any number whatever.
pub(crate) fn odd(random: &mut Random, old: i64) -> i64 {
    let number = ODD[random.below(ODD.len())];
    match random.below(10) {
        0..=3 => number,
        4 | 5 => number.wrapping_neg(),
        6 => i64::MIN.wrapping_add(random.below(3) as i64),
        7 | 8 => old.wrapping_add(random.below(9) as i64 - 4),
        _ => random.number() as i64 >> random.below(64),
    }
}

/// The big-endian number of `size` bytes at `at`, sign extended; 0 where the bytes end first.
pub(crate) fn get(bytes: &[u8], at: usize, size: usize) -> i64 {
    let Some(field) = bytes.get(at..at + size) else { return 0 };
    let raw = field.iter().fold(0u64, |n, &byte| n << 8 | u64::from(byte));
    let unused = 64 - 8 * size as u32;
    (raw << unused) as i64 >> unused
}

/// Writes the low `size` bytes of a number at `at`, where there is room for it.
pub(crate) fn put(bytes: &mut [u8], at: usize, size: usize, number: i64) {
    if let Some(field) = bytes.get_mut(at..at + size) {
        field.copy_from_slice(&number.to_be_bytes()[8 - size..]);
    }
}

/// Replaces the number of `size` bytes at `at` by an odd one.
pub(crate) fn replace(random: &mut Random, bytes: &mut [u8], at: usize, size: usize) {
    let number = odd(random, get(bytes, at, size));
    put(bytes, at, size, number);
}
