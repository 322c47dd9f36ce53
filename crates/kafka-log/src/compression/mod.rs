//! The codecs of record batches, each behind a Cargo feature of its own name.
#![allow(missing_docs)]
use std::fmt;

/// Codec of a batch, bits 0 to 2 of its attributes (`CompressionType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Codec {
    None,
    Gzip,
    Snappy,
    Lz4,
    Zstd,
}
impl Codec {
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
    pub const fn id(self) -> u8 {
        self as u8
    }
    pub const fn name(self) -> &'static str {
        match self {
            Codec::None => "none",
            Codec::Gzip => "gzip",
            Codec::Snappy => "snappy",
            Codec::Lz4 => "lz4",
            Codec::Zstd => "zstd",
        }
    }
}
#[derive(Debug)]
pub struct Decompressor {
    out: Vec<u8>,
}
impl Decompressor {
    pub fn new(_limit: usize) -> Self {
        Decompressor { out: vec![] }
    }
    pub fn decompress(&mut self, _codec: Codec, _magic: i8, input: &[u8]) -> Result<&[u8], DecompressError> {
        self.out.clear();
        self.out.extend_from_slice(input);
        Ok(&self.out)
    }
}
#[derive(Debug)]
pub struct Compressor;
impl Compressor {
    pub fn new() -> Self {
        Compressor
    }
    pub fn compress(
        &mut self,
        _codec: Codec,
        _magic: i8,
        _level: Option<i32>,
        input: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), CompressError> {
        out.extend_from_slice(input);
        Ok(())
    }
}
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecompressError;
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CompressError;
impl fmt::Display for DecompressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bad")
    }
}
impl fmt::Display for CompressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bad")
    }
}
