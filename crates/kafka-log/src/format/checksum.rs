//! The two checksums of the log format.

#[cfg(target_arch = "x86_64")]
mod short;

use crc_fast::{CrcAlgorithm, Digest, checksum};

/// CRC-32C (Castagnoli): record batches of magic 2 and producer snapshots.
#[inline]
pub fn crc32c(bytes: &[u8]) -> u32 {
    #[cfg(target_arch = "x86_64")]
    if let Some(checksum) = short::crc32c(bytes) {
        return checksum;
    }
    checksum(CrcAlgorithm::Crc32Iscsi, bytes) as u32
}

/// CRC-32 (IEEE 802.3): messages of magic 0 and 1.
#[inline]
pub fn crc32(bytes: &[u8]) -> u32 {
    checksum(CrcAlgorithm::Crc32IsoHdlc, bytes) as u32
}

/// A checksum of bytes that come piece by piece.
#[derive(Clone, Debug)]
pub struct RunningChecksum(Digest);

impl RunningChecksum {
    /// The checksum of batches with this magic, over nothing yet: CRC-32C above 1, else CRC-32.
    pub fn of_magic(magic: i8) -> Self {
        RunningChecksum(Digest::new(if magic > 1 { CrcAlgorithm::Crc32Iscsi } else { CrcAlgorithm::Crc32IsoHdlc }))
    }

    /// Takes in the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The checksum of the bytes so far.
    pub fn value(&self) -> u32 {
        self.0.finalize() as u32
    }
}

#[cfg(test)]
mod tests {
    use super::RunningChecksum;

    #[test]
    fn a_checksum_of_pieces_is_that_of_the_whole() {
        for (magic, whole) in [(2, super::crc32c(b"123456789")), (1, super::crc32(b"123456789"))] {
            let mut running = RunningChecksum::of_magic(magic);
            running.update(b"1234");
            assert_eq!(running.value(), if magic == 2 { super::crc32c(b"1234") } else { super::crc32(b"1234") });
            running.update(b"56789");
            assert_eq!(running.value(), whole);
        }
    }

    /// By pieces it is the checksum of the library, which has its own way for each length.
    #[test]
    fn a_checksum_of_any_length_is_that_of_its_bytes_one_by_one() {
        let count = if cfg!(miri) { 80 } else { 1100_u32 };
        let bytes: Vec<u8> = (0..count).map(|i| (i.wrapping_mul(0x9e37_79b1) >> 15) as u8).collect();
        let starts = if cfg!(miri) { 1..3 } else { 0..9 };
        for start in starts {
            let mut running = RunningChecksum::of_magic(2);
            for end in start..bytes.len() {
                assert_eq!(super::crc32c(&bytes[start..end]), running.value(), "bytes {start} to {end}");
                running.update(&bytes[end..=end]);
            }
        }
    }

    #[test]
    fn checksums_are_those_of_the_catalogue() {
        assert_eq!(super::crc32c(b"123456789"), 0xe306_9283);
        assert_eq!(super::crc32(b"123456789"), 0xcbf4_3926);
    }
}
