//! The two checksums of the log format.

use crc_fast::{CrcAlgorithm, Digest, checksum};

/// CRC-32C (Castagnoli): record batches of magic 2 and producer snapshots.
#[inline]
pub fn crc32c(bytes: &[u8]) -> u32 {
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

    /// The library has its own way for each range of lengths. Another library is the referee.
    #[test]
    fn a_checksum_of_any_length_is_that_of_another_library() {
        let mut random = fastrand::Rng::with_seed(1);
        let bytes: Vec<u8> = (0..70_000).map(|_| random.u8(..)).collect();
        for start in 0..9 {
            let lengths = (0..1100).chain((0..50).map(|_| random.usize(1100..bytes.len() - start)));
            for length in lengths.collect::<Vec<_>>() {
                let bytes = &bytes[start..start + length];
                assert_eq!(super::crc32c(bytes), ::crc32c::crc32c(bytes), "{length} bytes from {start}");
            }
        }
    }

    #[test]
    fn checksums_are_those_of_the_catalogue() {
        assert_eq!(super::crc32c(b"123456789"), 0xe306_9283);
        assert_eq!(super::crc32(b"123456789"), 0xcbf4_3926);
    }
}
