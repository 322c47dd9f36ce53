//! Snappy: blocks in the framing of Kafka's Java clients (xerial), or one raw block, as `SnappyInputStream` reads them.
//!
//! The frame: `82 53 4E 41 50 50 59 00`, int32 version, int32 lowest compatible version, then blocks of int32 length and
//! raw snappy. Further headers may stand between blocks. One to three bytes at the end, too few for a length, are ignored.

use snap::raw::{Decoder, Encoder, decompress_len, max_compress_len};

use super::error::Fault;
use super::output::Output;
use super::{Codec, CompressError, Problem, StreamField};

const MAGIC: [u8; 8] = [0x82, b'S', b'N', b'A', b'P', b'P', b'Y', 0];
const MAGIC_HEAD: [u8; 4] = [0x82, b'S', b'N', b'A'];
const HEADER_SIZE: usize = 16;
/// Version and lowest compatible version that Kafka's clients write.
const VERSIONS: [u8; 8] = [0, 0, 0, 1, 0, 0, 0, 1];
/// Decompressed size of the blocks that Kafka's clients write.
const BLOCK_SIZE: usize = 32 * 1024;
/// `SnappyCompression.decompressionOutputSize`.
const OUTPUT_CHUNK: usize = 2 * 1024;
/// No snappy element yields more bytes per input byte than this (a copy of 64 bytes in 3).
const EXPANSION_MAX: usize = 22;
/// `SnappyInputStream.MAX_CHUNK_SIZE`.
const STORED_BLOCK_MAX: i32 = 512 * 1024 * 1024;

pub(super) struct Reader {
    decoder: Decoder,
}

impl Default for Reader {
    fn default() -> Self {
        Reader { decoder: Decoder::new() }
    }
}

impl Reader {
    pub(super) fn read(&mut self, input: &[u8], out: &mut Output) -> Result<(), Fault> {
        let mut chunk = 0;
        let result = match input.first_chunk::<HEADER_SIZE>() {
            // Kafka does not look at the versions here, only those of further headers.
            Some(header) if header.starts_with(&MAGIC) => self.read_blocks(input, &mut chunk, out),
            _ if input.is_empty() => Err(Fault::truncated(0)),
            _ => self.read_block(0, input, out),
        };
        if result.is_err() {
            // Kafka loses the chunk it was about to fill when the next block failed.
            out.set_delivered(chunk + (out.len() - chunk) / OUTPUT_CHUNK * OUTPUT_CHUNK);
        }
        result
    }

    /// What Kafka reads before anybody asks for a byte: a header, or all of a raw block.
    pub(super) fn open(&mut self, input: &[u8], out: &mut Output) -> Result<(), Fault> {
        match input.first_chunk::<HEADER_SIZE>() {
            Some(header) if header.starts_with(&MAGIC) => Ok(()),
            _ if input.is_empty() => Err(Fault::truncated(0)),
            _ => self.read_block(0, input, out),
        }
    }

    /// Reads the blocks after the first header. `chunk` is where in the output Kafka's chunks are counted from.
    fn read_blocks(&mut self, input: &[u8], chunk: &mut usize, out: &mut Output) -> Result<(), Fault> {
        let mut position = HEADER_SIZE;
        while let Some(&length) = input[position..].first_chunk::<4>() {
            if length == MAGIC_HEAD {
                let Some(header) = input[position..].first_chunk::<HEADER_SIZE>() else {
                    return Err(Fault::truncated(input.len()));
                };
                if !header.starts_with(&MAGIC) {
                    // To Kafka this is the end of the chunk it is filling, and of the stream if that has nothing yet.
                    if (out.len() - *chunk).is_multiple_of(OUTPUT_CHUNK) {
                        return Ok(());
                    }
                    *chunk = out.len();
                }
                let found = i32::from_be_bytes([header[8], header[9], header[10], header[11]]);
                if header.starts_with(&MAGIC) && found < 1 {
                    let problem =
                        Problem::OutOfRange { field: StreamField::SnappyVersion, min: 1, max: i32::MAX, found };
                    return Err(Fault { position: Some(position + 8), problem });
                }
                position += HEADER_SIZE;
                continue;
            }
            let found = i32::from_be_bytes(length);
            let length = usize::try_from(found).ok().filter(|_| found <= STORED_BLOCK_MAX).ok_or_else(|| {
                let problem = Problem::SnappyBlockLength { max: STORED_BLOCK_MAX, found };
                Fault { position: Some(position), problem }
            })?;
            position += 4;
            let block = position.checked_add(length).and_then(|end| input.get(position..end));
            let Some(block) = block else { return Err(Fault::truncated(input.len())) };
            self.read_block(position, block, out)?;
            position += length;
        }
        Ok(())
    }

    fn read_block(&mut self, position: usize, block: &[u8], out: &mut Output) -> Result<(), Fault> {
        let corrupt = |what| Fault::corrupt(position, what);
        let size = match decompress_len(block) {
            // Kafka's decoder takes no longer form of the size than 32 bits need.
            Ok(size) if !block.is_empty() && block.iter().take(5).any(|byte| byte & 0x80 == 0) => size,
            _ => return Err(corrupt("snappy block: invalid size")),
        };
        if size > block.len().saturating_mul(EXPANSION_MAX) {
            return Err(corrupt("snappy block: size larger than the block can hold"));
        }
        let spare = out.spare(size.max(1));
        let Some(spare) = spare.get_mut(..size) else {
            return Err(Fault { position: Some(position), problem: out.too_large() });
        };
        match self.decoder.decompress(block, spare) {
            Ok(written) => Ok(out.advance(written)?),
            Err(_) => Err(corrupt("snappy block: invalid data")),
        }
    }
}

pub(super) struct Writer {
    encoder: Encoder,
}

impl Default for Writer {
    fn default() -> Self {
        Writer { encoder: Encoder::new() }
    }
}

impl Writer {
    pub(super) fn write(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<(), CompressError> {
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&VERSIONS);
        for plain in input.chunks(BLOCK_SIZE) {
            let length_at = out.len();
            let block = length_at + 4;
            out.resize(block + max_compress_len(plain.len()), 0);
            let written = self.encoder.compress(plain, &mut out[block..]);
            let written =
                written.map_err(|_| CompressError::Failed { codec: Codec::Snappy, reason: "block not written" })?;
            out.truncate(block + written);
            out[length_at..block].copy_from_slice(&(written as u32).to_be_bytes());
        }
        Ok(())
    }
}
