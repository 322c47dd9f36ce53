//! The codecs of record batches, each behind a Cargo feature of its own name.

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
