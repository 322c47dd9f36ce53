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
    /// More decompressed bytes than permitted.
    TooLarge {
        /// Permitted decompressed bytes.
        limit: usize,
    },
    /// The library was built without this codec.
    Unsupported,
}

impl DecompressError {
    /// Simple name of the class that Kafka throws when it comes to the place: `KafkaException`, or what escapes from its
    /// codec's library.
    pub fn exception(&self) -> &'static str {
        match self.problem {
            #[cfg(feature = "snappy")]
            Problem::Corrupt(super::snappy::BLOCK_LENGTH) => "SnappyError",
            _ => "KafkaException",
        }
    }
}

impl fmt::Display for DecompressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { codec, position, problem } = self;
        write!(f, "{codec} stream")?;
        if let Some(position) = position {
            write!(f, " at byte {position}")?;
        }
        match problem {
            Problem::Truncated => f.write_str(": expected more bytes, found the end"),
            Problem::Corrupt(what) => write!(f, ": {what}"),
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
