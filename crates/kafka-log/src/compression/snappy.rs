//! Snappy: blocks in the framing of Kafka's Java clients (xerial), or one raw block, as `SnappyInputStream` reads them.
//!
//! The frame: `82 53 4E 41 50 50 59 00`, int32 version, int32 lowest compatible version, then blocks of int32 length and
//! raw snappy. Further headers may stand between blocks. One to three bytes at the end, too few for a length, are ignored.

use snap::raw::{Decoder, decompress_len};

use super::decompressor::Fault;
use super::output::Output;
use super::snappy_encode::{self, Table};

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
const STORED_BLOCK_MAX: usize = 512 * 1024 * 1024;
/// Kafka's reader refuses such a length with an error of its own kind (`SnappyError`).
pub(super) const BLOCK_LENGTH: &str = "snappy block: expected a length of 0 to 536870912, found another";

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

    /// Reads the blocks behind the first header. `chunk` is where in the output Kafka's chunks are counted from.
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
                } else if i32::from_be_bytes([header[8], header[9], header[10], header[11]]) < 1 {
                    return Err(Fault::corrupt(position + 8, "snappy header: expected version 1 or later"));
                }
                position += HEADER_SIZE;
                continue;
            }
            let length = match usize::try_from(i32::from_be_bytes(length)) {
                Ok(length) if length <= STORED_BLOCK_MAX => length,
                _ => return Err(Fault::corrupt(position, BLOCK_LENGTH)),
            };
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

#[derive(Default)]
pub(super) struct Writer {
    table: Table,
}

impl Writer {
    pub(super) fn write(&mut self, input: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&VERSIONS);
        for plain in input.chunks(BLOCK_SIZE) {
            let start = out.len();
            out.extend_from_slice(&[0; 4]);
            snappy_encode::encode(plain, &mut self.table, out);
            let length = (out.len() - start - 4) as i32;
            out[start..start + 4].copy_from_slice(&length.to_be_bytes());
        }
    }
}
