//! The codecs of record batches, each behind a Cargo feature of its own name.
//!
//! Reading agrees with Kafka's own reader (Java 17) on every input, healthy or damaged: the same streams are accepted
//! with the same bytes and the same ones refused, oddities included. Writing is left to the codecs' libraries: Kafka reads the
//! streams, but their bytes are not those that Kafka writes. `tests/differential/compression` checks both.

mod compressor;
#[cfg_attr(
    not(all(feature = "gzip", feature = "snappy", feature = "lz4", feature = "zstd")),
    allow(dead_code, reason = "each codec uses a part of it")
)]
mod decompressor;
#[cfg_attr(
    not(any(feature = "gzip", feature = "snappy", feature = "lz4", feature = "zstd")),
    allow(dead_code, reason = "only codecs say where they stopped")
)]
mod error;
#[cfg(feature = "gzip")]
mod gzip;
#[cfg(feature = "lz4")]
mod lz4;
#[cfg(feature = "lz4")]
mod lz4_block;
#[cfg_attr(
    not(all(feature = "gzip", feature = "snappy", feature = "lz4", feature = "zstd")),
    allow(dead_code, reason = "each codec uses a part of it")
)]
mod output;
#[cfg(feature = "snappy")]
mod snappy;
#[cfg(test)]
#[cfg_attr(
    not(all(feature = "gzip", feature = "snappy", feature = "lz4", feature = "zstd")),
    allow(dead_code, reason = "each codec uses a part of it")
)]
mod tests;
#[cfg(feature = "zstd")]
mod zstd;

use std::ops::RangeInclusive;

pub use compressor::Compressor;
pub use decompressor::Decompressor;
pub use error::{CompressError, DecompressError, Problem, StreamField};

/// Bytes that a batch may decompress to, unless the caller says otherwise.
///
/// Kafka has no such limit, only its heap: where it need not build a batch again it decompresses piece by piece, and a small batch may keep
/// it busy for minutes. 256 MiB is 256 times the largest batch that a topic takes by default.
pub const DECOMPRESSED_MAX: usize = 256 * 1024 * 1024;

/// Codec of a batch, bits 0 to 2 of its attributes (`CompressionType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Codec {
    /// Records stored as they are.
    None,
    /// RFC 1952.
    Gzip,
    /// Snappy blocks in the framing of Kafka's Java clients, or one raw block.
    Snappy,
    /// LZ4 frame.
    Lz4,
    /// Zstandard frames; magic 2 only.
    Zstd,
}

impl Codec {
    /// Every codec, in the order of their ids.
    pub const ALL: [Codec; 5] = [Codec::None, Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd];

    /// The codec with this id (`CompressionType.forId`); `None` for 5 to 7, which no codec has yet.
    pub const fn from_id(id: u8) -> Option<Self> {
        match id {
            0 => Some(Codec::None),
            1 => Some(Codec::Gzip),
            2 => Some(Codec::Snappy),
            3 => Some(Codec::Lz4),
            4 => Some(Codec::Zstd),
            _ => None,
        }
    }

    /// Number in the attributes of a batch (`CompressionType.id`).
    pub const fn id(self) -> u8 {
        match self {
            Codec::None => 0,
            Codec::Gzip => 1,
            Codec::Snappy => 2,
            Codec::Lz4 => 3,
            Codec::Zstd => 4,
        }
    }

    /// Kafka's name of it, as in `compression.type` (`CompressionType.name`).
    pub const fn name(self) -> &'static str {
        match self {
            Codec::None => "none",
            Codec::Gzip => "gzip",
            Codec::Snappy => "snappy",
            Codec::Lz4 => "lz4",
            Codec::Zstd => "zstd",
        }
    }

    /// Levels that Kafka's configuration permits, if the codec has any (`CompressionType.minLevel`, `maxLevel`).
    ///
    /// Gzip also takes -1, the default of its library.
    pub const fn levels(self) -> Option<RangeInclusive<i32>> {
        match self {
            Codec::None | Codec::Snappy => None,
            Codec::Gzip => Some(1..=9),
            Codec::Lz4 => Some(1..=17),
            Codec::Zstd => Some(-131_072..=22),
        }
    }

    /// Level used when none is configured (`CompressionType.defaultLevel`).
    pub const fn default_level(self) -> Option<i32> {
        match self {
            Codec::None | Codec::Snappy => None,
            Codec::Gzip => Some(-1),
            Codec::Lz4 => Some(9),
            Codec::Zstd => Some(3),
        }
    }
}

impl std::fmt::Display for Codec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}
