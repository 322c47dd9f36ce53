//! The two checksums of the log format.

use crc_fast::{CrcAlgorithm, checksum};

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

#[cfg(test)]
mod tests {
    #[test]
    fn checksums_are_those_of_the_catalogue() {
        assert_eq!(super::crc32c(b"123456789"), 0xe306_9283);
        assert_eq!(super::crc32(b"123456789"), 0xcbf4_3926);
    }
}
