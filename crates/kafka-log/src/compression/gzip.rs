//! Gzip (RFC 1952), read as `GZIPInputStream` of Java 17 reads it under Kafka's buffers.
//!
//! Its habits: reserved flags are ignored; members may follow each other; whatever stands after a member and does not
//! start with a whole gzip header is ignored, and so are up to 18 bytes of anything, unless the reader's input buffer
//! happens to end before them.

use crc_fast::{CrcAlgorithm, checksum};
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

use super::error::Fault;
use super::output::Output;
use super::{Codec, CompressError, Problem, StreamField};

/// Input buffer of Kafka's `GZIPInputStream`.
const INPUT_CHUNK: usize = 8 * 1024;
/// `GzipCompression.decompressionOutputSize`.
const OUTPUT_CHUNK: usize = 16 * 1024;
const TRAILER_SIZE: usize = 8;
/// Bytes after the deflate stream that `GZIPInputStream` takes for a trailer with rubbish, not for another member.
const TRAILER_AND_RUBBISH_MAX: usize = 26;

const DEFLATE_CORRUPT: &str = "gzip: invalid deflate data";

const FLAG_HEADER_CRC: u8 = 1 << 1;
const FLAG_EXTRA: u8 = 1 << 2;
const FLAG_NAME: u8 = 1 << 3;
const FLAG_COMMENT: u8 = 1 << 4;

pub(super) struct Reader {
    inflate: Decompress,
}

impl Default for Reader {
    fn default() -> Self {
        Reader { inflate: Decompress::new(false) }
    }
}

/// How much is handed to the inflater at a time.
#[derive(Clone, Copy, PartialEq)]
enum Pace {
    /// Everything there is.
    Whole,
    /// The chunks that Kafka hands over: slower, but fails having delivered what Kafka delivers.
    Kafka,
}

impl Reader {
    pub(super) fn read(&mut self, input: &[u8], out: &mut Output) -> Result<(), Fault> {
        let fault = match self.read_at(Pace::Whole, input, out) {
            Ok(()) => return Ok(()),
            Err(fault) => fault,
        };
        let whole = out.len();
        if matches!(fault.problem, Problem::Corrupt(DEFLATE_CORRUPT)) {
            // Only here does the pace decide what is delivered. The bytes are the same, so the longer output is kept.
            out.truncate(0);
            let _ = self.read_at(Pace::Kafka, input, out);
            let delivered = out.len();
            out.truncate(0);
            let _ = out.advance(whole);
            out.set_delivered(delivered);
        } else {
            out.set_delivered(whole);
        }
        Err(fault)
    }

    fn read_at(&mut self, pace: Pace, input: &[u8], out: &mut Output) -> Result<(), Fault> {
        let mut position = header_len(input)?;
        // End of what Kafka's input buffer has taken from the input.
        let mut pulled = position;
        loop {
            let start = out.len();
            self.inflate_member(pace, input, &mut position, &mut pulled, out)?;
            let buffered = pulled - position;
            let trailer = input.get(position..).and_then(|rest| rest.first_chunk::<TRAILER_SIZE>());
            let Some([c0, c1, c2, c3, s0, s1, s2, s3]) = trailer.copied() else {
                return Err(Fault::truncated(input.len()));
            };
            let member = &out.filled()[start..];
            let (computed, stored) = (crc32(member), u32::from_le_bytes([c0, c1, c2, c3]));
            if computed != stored {
                return Err(Fault::mismatch(position, StreamField::GzipContentChecksum, computed, stored));
            }
            let (computed, stored) = (member.len() as u32, u32::from_le_bytes([s0, s1, s2, s3]));
            if computed != stored {
                return Err(Fault::mismatch(position + 4, StreamField::GzipContentSize, computed, stored));
            }
            position += TRAILER_SIZE;
            pulled = pulled.max(position);
            if pulled == input.len() && buffered <= TRAILER_AND_RUBBISH_MAX {
                return Ok(());
            }
            let Ok(header) = header_len(&input[position..]) else {
                return Ok(());
            };
            position += header;
            pulled = pulled.max(position);
        }
    }

    /// Inflates one deflate stream at `position` and leaves `position` after it.
    fn inflate_member(
        &mut self,
        pace: Pace,
        input: &[u8],
        position: &mut usize,
        pulled: &mut usize,
        out: &mut Output,
    ) -> Result<(), Fault> {
        self.inflate.reset(false);
        loop {
            if *position >= *pulled {
                // Filled as often as it was used up on the way here.
                let chunks = (*position - *pulled) / INPUT_CHUNK + 1;
                *pulled = pulled.saturating_add(chunks * INPUT_CHUNK).min(input.len());
            }
            let given = match pace {
                Pace::Whole => &input[*position..],
                Pace::Kafka => &input[*position..*pulled],
            };
            let spare = out.spare(OUTPUT_CHUNK);
            let room = match pace {
                Pace::Whole => spare.len(),
                Pace::Kafka => spare.len().min(OUTPUT_CHUNK),
            };
            let (before_in, before_out) = (self.inflate.total_in(), self.inflate.total_out());
            let status = self.inflate.decompress(given, &mut spare[..room], FlushDecompress::None);
            let consumed = (self.inflate.total_in() - before_in) as usize;
            let produced = (self.inflate.total_out() - before_out) as usize;
            *position += consumed;
            match status {
                Ok(Status::StreamEnd) => {
                    out.advance(produced)?;
                    if *position > *pulled {
                        let chunks = (*position - *pulled).div_ceil(INPUT_CHUNK);
                        *pulled = pulled.saturating_add(chunks * INPUT_CHUNK).min(input.len());
                    }
                    return Ok(());
                }
                Ok(Status::Ok | Status::BufError) => out.advance(produced)?,
                Err(_) => {
                    if pace == Pace::Whole {
                        out.advance(produced)?;
                    }
                    return Err(Fault::corrupt(*position, DEFLATE_CORRUPT));
                }
            }
            if consumed == 0 && produced == 0 && *position + given.len() >= input.len() {
                return Err(Fault::truncated(input.len()));
            }
        }
    }
}

/// What Kafka reads before anybody asks for a byte: the header.
pub(super) fn open(input: &[u8]) -> Result<(), Fault> {
    header_len(input).map(|_| ())
}

/// Length of the gzip header at the start of `input`.
fn header_len(input: &[u8]) -> Result<usize, Fault> {
    let truncated = || Fault::truncated(input.len());
    let &[id1, id2, method, flags, ..] = input.first_chunk::<10>().ok_or_else(truncated)?;
    if [id1, id2] != [0x1F, 0x8B] {
        return Err(Fault::corrupt(0, "gzip header: expected 1F 8B"));
    }
    if method != 8 {
        return Err(Fault::corrupt(2, "gzip header: expected method 8, deflate"));
    }
    let mut len = 10;
    if flags & FLAG_EXTRA != 0 {
        let size = input[len..].first_chunk::<2>().ok_or_else(truncated)?;
        len += 2 + usize::from(u16::from_le_bytes(*size));
    }
    for flag in [FLAG_NAME, FLAG_COMMENT] {
        if flags & flag != 0 {
            let text = input.get(len..).ok_or_else(truncated)?;
            len += 1 + text.iter().position(|&byte| byte == 0).ok_or_else(truncated)?;
        }
    }
    let header = input.get(..len).ok_or_else(truncated)?;
    if flags & FLAG_HEADER_CRC != 0 {
        let stored = input[len..].first_chunk::<2>().ok_or_else(truncated)?;
        let (computed, stored) = (crc32(header) as u16, u16::from_le_bytes(*stored));
        if computed != stored {
            return Err(Fault::mismatch(len, StreamField::GzipHeaderChecksum, computed.into(), stored.into()));
        }
        len += 2;
    }
    Ok(len)
}

fn crc32(bytes: &[u8]) -> u32 {
    checksum(CrcAlgorithm::Crc32IsoHdlc, bytes) as u32
}

/// Level of zlib that Kafka's default, -1, stands for.
const LEVEL_DEFAULT: u32 = 6;
/// No flags, no time, no extra flags, operating system unknown: the header that Java writes.
const WRITTEN_HEADER: [u8; 10] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF];

pub(super) struct Writer {
    deflate: Compress,
    level: u32,
}

impl Default for Writer {
    fn default() -> Self {
        Writer::new(LEVEL_DEFAULT)
    }
}

impl Writer {
    fn new(level: u32) -> Self {
        Writer { deflate: Compress::new(Compression::new(level), false), level }
    }

    pub(super) fn write(&mut self, level: i32, input: &[u8], out: &mut Vec<u8>) -> Result<(), CompressError> {
        let level = u32::try_from(level).unwrap_or(LEVEL_DEFAULT);
        if level == self.level {
            self.deflate.reset();
        } else {
            *self = Writer::new(level);
        }
        out.extend_from_slice(&WRITTEN_HEADER);
        loop {
            // `compress_vec` fills the spare capacity and does not add to it.
            out.reserve(input.len() / 2 + 64);
            let rest = &input[self.deflate.total_in() as usize..];
            match self.deflate.compress_vec(rest, out, FlushCompress::Finish) {
                Ok(Status::StreamEnd) => break,
                Ok(Status::Ok | Status::BufError) => {}
                Err(_) => return Err(CompressError::Failed { codec: Codec::Gzip, reason: "deflate stream error" }),
            }
        }
        out.extend_from_slice(&crc32(input).to_le_bytes());
        out.extend_from_slice(&(input.len() as u32).to_le_bytes());
        Ok(())
    }
}
