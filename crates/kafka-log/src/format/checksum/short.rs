//! CRC-32C of short inputs: batches of a record or two.
//!
//! The instruction for eight bytes takes three cycles until the next can use its result, and one can begin in each. So the bytes are cut
//! into three lanes of the same length, whose checksums are computed side by side and put together at the last word.

#![expect(unsafe_code, reason = "instructions that not every processor has")]

use std::arch::x86_64::{
    _mm_clmulepi64_si128, _mm_crc32_u8, _mm_crc32_u16, _mm_crc32_u32, _mm_crc32_u64, _mm_cvtsi32_si128,
    _mm_cvtsi64_si128, _mm_cvtsi128_si64,
};

/// From here on `crc_fast` is as fast or faster, in bytes.
const SHORT_MAX: usize = 512;
const WORD: usize = 8;
const LANES: usize = 3;
const LANE_WORDS_MAX: usize = SHORT_MAX / (LANES * WORD);
/// The polynomial of CRC-32C, its highest power in the lowest bit.
const POLYNOMIAL: u32 = 0x82f6_3b78;

/// At `n` what a checksum is multiplied with to stand where `n` words more have followed: x^(64 n - 33) modulo the polynomial. 32 of the
/// 33 come back with the checksum instruction, one with the product of numbers whose bits are in reverse order.
const BEHIND_WORDS: [u32; 2 * LANE_WORDS_MAX + 1] = {
    let mut factors = [0; 2 * LANE_WORDS_MAX + 1];
    let mut factor: u32 = 1; // x^31
    let mut words = 1;
    while words < factors.len() {
        factors[words] = factor;
        let mut bit = 0;
        while bit < 64 {
            factor = (factor >> 1) ^ (POLYNOMIAL & 0_u32.wrapping_sub(factor & 1));
            bit += 1;
        }
        words += 1;
    }
    factors
};

/// The checksum, where the input is short and the processor has the instructions.
#[inline]
pub(super) fn crc32c(bytes: &[u8]) -> Option<u32> {
    if bytes.len() > SHORT_MAX || !is_x86_feature_detected!("sse4.2") || !is_x86_feature_detected!("pclmulqdq") {
        return None;
    }
    // SAFETY: the processor has both features.
    Some(unsafe { of_lanes(bytes) })
}

#[inline]
#[target_feature(enable = "sse4.2,pclmulqdq")]
fn of_lanes(bytes: &[u8]) -> u32 {
    let mut crc = u64::from(u32::MAX);
    let (words, rest) = bytes.as_chunks::<WORD>();
    let lane = words.len() / LANES;
    let (first, others) = words.split_at(lane);
    let (second, others) = others.split_at(lane);
    let (third, words) = others.split_at(lane);
    if let Some((last, third)) = third.split_last() {
        let (mut a, mut b, mut c) = (crc, 0, 0);
        for ((first, second), third) in first.iter().zip(second).zip(third) {
            a = _mm_crc32_u64(a, u64::from_le_bytes(*first));
            b = _mm_crc32_u64(b, u64::from_le_bytes(*second));
            c = _mm_crc32_u64(c, u64::from_le_bytes(*third));
        }
        a = _mm_crc32_u64(a, u64::from_le_bytes(first[lane - 1]));
        b = _mm_crc32_u64(b, u64::from_le_bytes(second[lane - 1]));
        crc = _mm_crc32_u64(c, u64::from_le_bytes(*last) ^ behind(a, 2 * lane) ^ behind(b, lane));
    }
    for word in words {
        crc = _mm_crc32_u64(crc, u64::from_le_bytes(*word));
    }
    !of_rest(crc as u32, rest)
}

/// What the checksum `crc` adds to the last of `words` words that follow.
#[inline]
#[target_feature(enable = "sse4.2,pclmulqdq")]
fn behind(crc: u64, words: usize) -> u64 {
    let factor = _mm_cvtsi32_si128(BEHIND_WORDS[words].cast_signed());
    let product = _mm_clmulepi64_si128::<0>(_mm_cvtsi64_si128(crc.cast_signed()), factor);
    _mm_cvtsi128_si64(product).cast_unsigned()
}

/// Goes on with less than a word.
#[inline]
#[target_feature(enable = "sse4.2")]
fn of_rest(mut crc: u32, mut rest: &[u8]) -> u32 {
    if let Some((four, others)) = rest.split_first_chunk() {
        crc = _mm_crc32_u32(crc, u32::from_le_bytes(*four));
        rest = others;
    }
    if let Some((two, others)) = rest.split_first_chunk() {
        crc = _mm_crc32_u16(crc, u16::from_le_bytes(*two));
        rest = others;
    }
    rest.first().map_or(crc, |&byte| _mm_crc32_u8(crc, byte))
}
