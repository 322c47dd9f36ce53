//! Writing: bytes to a compressed stream that Kafka's clients read.

#[cfg(feature = "gzip")]
use super::gzip;
#[cfg(feature = "lz4")]
use super::lz4;
#[cfg(feature = "snappy")]
use super::snappy;
#[cfg(feature = "zstd")]
use super::zstd;
use super::{Codec, CompressError};

/// Compresses the records of batches with any codec (`Compression.wrapForOutput`), keeping its contexts between calls.
#[derive(Default)]
pub struct Compressor {
    #[cfg(feature = "gzip")]
    gzip: Option<gzip::Writer>,
    #[cfg(feature = "snappy")]
    snappy: snappy::Writer,
    #[cfg(feature = "lz4")]
    lz4: lz4::Writer,
    #[cfg(feature = "zstd")]
    zstd: Option<zstd::Writer>,
}

impl Compressor {
    /// A compressor that makes its contexts when a codec is first used.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends `input`, compressed as one stream, to `out`.
    ///
    /// `level` must be one of [`Codec::levels`]; `None` is Kafka's default. `magic` matters for lz4 only: with magic 0
    /// its header checksum is the wrong one that the first clients expect. Whether zstd may be used (magic 2 only) is
    /// for the caller to say. Lz4 checks its level but always runs the fast compressor. The bytes are those of the codec's library:
    /// readable by Kafka, not equal to what Kafka would write.
    ///
    /// # Errors
    ///
    /// A level the codec does not have, or a codec this build does not have. `out` is then as it was.
    pub fn compress(
        &mut self,
        codec: Codec,
        magic: i8,
        level: Option<i32>,
        input: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), CompressError> {
        if let Some(level) = level {
            check_level(codec, level)?;
        }
        let level = level.or(codec.default_level()).unwrap_or_default();
        let start = out.len();
        let written = self.write(codec, magic, level, input, out);
        if written.is_err() {
            out.truncate(start);
        }
        written
    }

    fn write(
        &mut self,
        codec: Codec,
        magic: i8,
        level: i32,
        input: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), CompressError> {
        match codec {
            Codec::None => {
                out.extend_from_slice(input);
                Ok(())
            }
            #[cfg(feature = "gzip")]
            Codec::Gzip => self.gzip.get_or_insert_default().write(level, input, out),
            #[cfg(feature = "snappy")]
            Codec::Snappy => self.snappy.write(input, out),
            #[cfg(feature = "lz4")]
            Codec::Lz4 => self.lz4.write(magic, input, out),
            #[cfg(feature = "zstd")]
            Codec::Zstd => match &mut self.zstd {
                Some(writer) => writer.write(level, input, out),
                empty => empty.insert(zstd::Writer::new()?).write(level, input, out),
            },
            #[allow(unreachable_patterns, reason = "reached by the codecs whose feature is off")]
            _ => {
                let _ = (magic, level);
                Err(CompressError::Unsupported { codec })
            }
        }
    }
}

fn check_level(codec: Codec, level: i32) -> Result<(), CompressError> {
    let permitted =
        codec.default_level() == Some(level) || codec.levels().is_some_and(|levels| levels.contains(&level));
    if permitted { Ok(()) } else { Err(CompressError::Level { codec, level }) }
}
