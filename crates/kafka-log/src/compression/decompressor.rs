//! Reading: a compressed stream to the bytes in it.

use super::error::Fault;
#[cfg(feature = "gzip")]
use super::gzip;
#[cfg(feature = "lz4")]
use super::lz4;
use super::output::Output;
#[cfg(feature = "snappy")]
use super::snappy;
#[cfg(feature = "zstd")]
use super::zstd;
use super::{Codec, DecompressError, Problem};

/// Decompresses streams of any codec (`Compression.wrapForInput`), one after the other, into one buffer it keeps.
///
/// Contexts are made when a codec is first met. Once these and the buffer have met the largest batch, a call
/// allocates nothing.
///
/// ```
/// use kafka_log::compression::{Codec, Compressor, Decompressor};
///
/// let mut stream = Vec::new();
/// Compressor::new().compress(Codec::Lz4, 2, None, b"twenty-one bytes of it", &mut stream)?;
/// let mut decompressor = Decompressor::new(1024 * 1024);
/// assert_eq!(decompressor.decompress(Codec::Lz4, 2, &stream)?, b"twenty-one bytes of it");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Decompressor {
    output: Output,
    #[cfg(feature = "gzip")]
    gzip: Option<gzip::Reader>,
    #[cfg(feature = "snappy")]
    snappy: snappy::Reader,
    #[cfg(feature = "zstd")]
    zstd: Option<zstd::Reader>,
}

impl Decompressor {
    /// A decompressor that refuses streams of more than `limit` decompressed bytes.
    ///
    /// The buffer grows with what a stream really yields, never because of what a header claims, and not beyond
    /// `limit` + 1 bytes.
    pub fn new(limit: usize) -> Self {
        Decompressor {
            output: Output::new(limit),
            #[cfg(feature = "gzip")]
            gzip: None,
            #[cfg(feature = "snappy")]
            snappy: snappy::Reader::default(),
            #[cfg(feature = "zstd")]
            zstd: None,
        }
    }

    /// Decompresses the whole of `input`, the records of a batch (magic 2) or the value of a wrapper message (0, 1).
    ///
    /// `magic` matters for lz4 only: Kafka does not check the header checksum of magic 0. With [`Codec::None`] the
    /// answer is `input` itself.
    ///
    /// # Errors
    ///
    /// Where Kafka's reader fails, if only at the very end (a missing end mark, a wrong checksum), and beyond the limit.
    /// What came out before the error is kept: see [`Decompressor::output`] and [`Decompressor::delivered`].
    pub fn decompress<'a>(&'a mut self, codec: Codec, magic: i8, input: &'a [u8]) -> Result<&'a [u8], DecompressError> {
        self.output.clear();
        let result = self.read(codec, magic, input);
        match result {
            Ok(()) if codec == Codec::None => Ok(input),
            Ok(()) => {
                self.output.set_delivered(self.output.len());
                Ok(self.output.filled())
            }
            Err(Fault { position, problem }) => Err(DecompressError { codec, position, problem }),
        }
    }

    /// Checks what Kafka's reader looks at when it opens a stream, before anybody asks for a byte of it: all there is to know
    /// of the stream of a batch without records (`Compression.wrapForInput`).
    ///
    /// # Errors
    /// Where Kafka's reader cannot be opened.
    pub fn open(&mut self, codec: Codec, magic: i8, input: &[u8]) -> Result<(), DecompressError> {
        self.output.clear();
        let opened = match codec {
            #[cfg(feature = "gzip")]
            Codec::Gzip => gzip::open(input),
            #[cfg(feature = "snappy")]
            Codec::Snappy => self.snappy.open(input, &mut self.output),
            #[cfg(feature = "lz4")]
            Codec::Lz4 => lz4::open(magic, input),
            _ => {
                let _ = (magic, input);
                Ok(())
            }
        };
        opened.map_err(|Fault { position, problem }| DecompressError { codec, position, problem })
    }

    /// Everything the last call decompressed, up to its error if it had one. Empty after [`Codec::None`].
    pub fn output(&self) -> &[u8] {
        self.output.filled()
    }

    /// What a Kafka consumer has received of the last stream when it meets the error, a prefix of
    /// [`Decompressor::output`].
    ///
    /// Kafka reads in chunks (16 KiB of gzip and zstd, 2 KiB of snappy, one block of lz4) and loses the chunk in which
    /// its codec fails. Exact as long as each record is smaller than a chunk: larger ones are read in one piece, which
    /// shifts the borders of the chunks.
    pub fn delivered(&self) -> &[u8] {
        self.output.delivered()
    }

    #[cfg(test)]
    pub(super) fn buffer_capacity(&self) -> usize {
        self.output.capacity()
    }

    fn read(&mut self, codec: Codec, magic: i8, input: &[u8]) -> Result<(), Fault> {
        let output = &mut self.output;
        match codec {
            Codec::None => Ok(()),
            #[cfg(feature = "gzip")]
            Codec::Gzip => self.gzip.get_or_insert_default().read(input, output),
            #[cfg(feature = "snappy")]
            Codec::Snappy => self.snappy.read(input, output),
            #[cfg(feature = "lz4")]
            Codec::Lz4 => lz4::read(magic, input, output),
            #[cfg(feature = "zstd")]
            Codec::Zstd => match &mut self.zstd {
                Some(reader) => reader.read(input, output),
                empty => empty.insert(zstd::Reader::new()?).read(input, output),
            },
            #[allow(unreachable_patterns, reason = "reached by the codecs whose feature is off")]
            _ => {
                let _ = (magic, input, output);
                Err(Problem::Unsupported.into())
            }
        }
    }
}
