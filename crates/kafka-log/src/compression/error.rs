//! The errors of compression, one for each direction.

use std::fmt;

use super::Codec;

/// A compressed stream that cannot be read to its end.
///
/// `Copy` and without allocation, so that scanning a broken file stays fast.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DecompressError {
    /// Codec that was reading.
    pub codec: Codec,
    /// Position in the compressed stream, where it is known: start of the part that is wrong, or the end if it is
    /// truncated.
    pub position: Option<usize>,
    /// What is wrong.
    pub problem: Problem,
}

/// What is wrong with a compressed stream; see [`DecompressError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// The stream ends before its format says so.
    Truncated,
    /// The stream contradicts its format in the way the text says.
    Corrupt(&'static str),
    /// A number outside of its permitted range, ends included.
    OutOfRange {
        /// What the number is.
        field: StreamField,
        /// Smallest permitted value.
        min: i32,
        /// Largest permitted value.
        max: i32,
        /// Value found.
        found: i32,
    },
    /// A checksum or size that does not match the bytes it is about.
    Mismatch {
        /// What the number is.
        field: StreamField,
        /// Value computed over the bytes.
        computed: u32,
        /// Value stored beside them.
        stored: u32,
    },
    /// The length of a block of snappy outside of its permitted range: Kafka's reader refuses it with an error of its own
    /// kind (`SnappyError`).
    SnappyBlockLength {
        /// Largest permitted length.
        max: i32,
        /// Length found.
        found: i32,
    },
    /// More decompressed bytes than permitted.
    TooLarge {
        /// Permitted decompressed bytes.
        limit: usize,
    },
    /// The library was built without this codec.
    Unsupported,
}

/// A number in a compressed stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StreamField {
    /// Checksum of the content of a member of gzip.
    GzipContentChecksum,
    /// Size of the content of a member of gzip.
    GzipContentSize,
    /// Checksum of the header of a member of gzip.
    GzipHeaderChecksum,
    /// Block size in the header of a frame of lz4.
    Lz4BlockSize,
    /// Checksum of the header of a frame of lz4.
    Lz4HeaderChecksum,
    /// Checksum of a block of lz4.
    Lz4BlockChecksum,
    /// Version in a header between the blocks of snappy.
    SnappyVersion,
}

impl StreamField {
    const fn name(self) -> &'static str {
        match self {
            StreamField::GzipContentChecksum => "checksum of the content",
            StreamField::GzipContentSize => "size of the content",
            StreamField::GzipHeaderChecksum => "checksum of the header",
            StreamField::Lz4BlockSize => "block size",
            StreamField::Lz4HeaderChecksum => "checksum of the header",
            StreamField::Lz4BlockChecksum => "checksum of the block",
            StreamField::SnappyVersion => "version",
        }
    }
}

impl DecompressError {
    /// Simple name of the class that Kafka throws when it comes to the place: `KafkaException`, or what escapes from its
    /// codec's library.
    pub fn exception(&self) -> &'static str {
        match self.problem {
            Problem::SnappyBlockLength { .. } => "SnappyError",
            _ => "KafkaException",
        }
    }
}

impl fmt::Display for DecompressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { codec, position, problem } = self;
        write!(f, "{codec} stream")?;
        if let Some(position) = position {
            if *problem == Problem::Truncated {
                return write!(f, ": expected more than its {position} bytes");
            }
            write!(f, " at byte {position}")?;
        }
        match problem {
            Problem::Truncated => f.write_str(": expected more bytes"),
            Problem::Corrupt(what) => write!(f, ": {what}"),
            Problem::OutOfRange { field, min, max, found } => {
                write!(f, ": {}: expected {min} to {max}, found {found}", field.name())
            }
            Problem::Mismatch { field, computed, stored } => {
                write!(f, ": {}: expected {computed} (computed), found {stored}", field.name())
            }
            Problem::SnappyBlockLength { max, found } => {
                write!(f, ": block length: expected 0 to {max}, found {found}")
            }
            Problem::TooLarge { limit } => write!(f, ": expected at most {limit} decompressed bytes, found more"),
            Problem::Unsupported => write!(f, ": this build has no {codec} (Cargo feature `{codec}`)"),
        }
    }
}

impl std::error::Error for DecompressError {}

/// Bytes that could not be compressed as asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CompressError {
    /// A level that Kafka does not permit for the codec; see [`Codec::levels`].
    Level {
        /// Codec asked for.
        codec: Codec,
        /// Level asked for.
        level: i32,
    },
    /// The library was built without this codec.
    Unsupported {
        /// Codec asked for.
        codec: Codec,
    },
    /// The codec's library refused, in its own words.
    Failed {
        /// Codec asked for.
        codec: Codec,
        /// What the library says.
        reason: &'static str,
    },
}

impl fmt::Display for CompressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Level { codec, level } => match codec.levels() {
                Some(levels) => {
                    write!(f, "{codec} level: expected {} to {}", levels.start(), levels.end())?;
                    if *codec == Codec::Gzip {
                        f.write_str(" or -1")?;
                    }
                    write!(f, ", found {level}")
                }
                None => write!(f, "{codec} level: expected none, found {level}"),
            },
            Self::Unsupported { codec } => write!(f, "this build has no {codec} (Cargo feature `{codec}`)"),
            Self::Failed { codec, reason } => write!(f, "{codec} compression failed: {reason}"),
        }
    }
}

impl std::error::Error for CompressError {}

/// Where and why a codec stopped; the decompressor adds which codec.
pub(super) struct Fault {
    pub(super) position: Option<usize>,
    pub(super) problem: Problem,
}

impl Fault {
    pub(super) fn truncated(position: usize) -> Self {
        Fault { position: Some(position), problem: Problem::Truncated }
    }

    pub(super) fn corrupt(position: usize, what: &'static str) -> Self {
        Fault { position: Some(position), problem: Problem::Corrupt(what) }
    }

    #[cfg(any(feature = "gzip", feature = "lz4"))]
    pub(super) fn mismatch(position: usize, field: StreamField, computed: u32, stored: u32) -> Self {
        Fault { position: Some(position), problem: Problem::Mismatch { field, computed, stored } }
    }
}

impl From<Problem> for Fault {
    fn from(problem: Problem) -> Self {
        Fault { position: None, problem }
    }
}
