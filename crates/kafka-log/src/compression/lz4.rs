//! LZ4 frames, read and written as Kafka's `Lz4BlockInputStream` and `Lz4BlockOutputStream` do.
//!
//! The frame: uint32 magic, flags, block size, content size if flagged, header checksum; blocks of uint32 length (top bit:
//! stored) and data, with a checksum if flagged; uint32 0. All little-endian. Content size and content checksum are passed
//! over unchecked, dependent blocks refused, bytes after the end mark ignored.

use lz4_flex::block::{CompressTable, compress_into_with_table, get_maximum_output_size};
use twox_hash::XxHash32;

use super::error::Fault;
use super::lz4_block::{self, BlockError};
use super::output::Output;
use super::{Codec, CompressError, Problem, StreamField};

const MAGIC: [u8; 4] = 0x184D_2204_u32.to_le_bytes();
/// Version 1, independent blocks.
const WRITTEN_FLAGS: u8 = 0x60;
/// Blocks of 64 KiB.
const WRITTEN_BLOCK_DESCRIPTOR: u8 = 0x40;
const WRITTEN_BLOCK_SIZE: usize = 64 * 1024;
const STORED: u32 = 1 << 31;
/// No byte of a block yields more than this many.
const EXPANSION_MAX: usize = 255;

/// What the header of a frame says.
struct Header {
    block_size_max: usize,
    block_checksums: bool,
    content_checksum: bool,
    /// Bytes of the header itself.
    len: usize,
}

/// What Kafka reads before anybody asks for a byte: the header of the frame.
pub(super) fn open(magic: i8, input: &[u8]) -> Result<(), Fault> {
    read_header(magic, input).map(|_| ())
}

/// Reads one frame, the only one Kafka looks at.
pub(super) fn read(magic: i8, input: &[u8], out: &mut Output) -> Result<(), Fault> {
    let result = read_frame(magic, input, out);
    // Kafka reads block by block and loses nothing.
    out.set_delivered(out.len());
    result
}

fn read_frame(magic: i8, input: &[u8], out: &mut Output) -> Result<(), Fault> {
    let header = read_header(magic, input)?;
    let mut position = header.len;
    loop {
        let start = position;
        let word = read_u32(input, &mut position)?;
        let length = (word & !STORED) as usize;
        if length == 0 {
            if header.content_checksum {
                read_u32(input, &mut position)?;
            }
            return Ok(());
        }
        if length > header.block_size_max {
            return Err(Fault::corrupt(start, "lz4 block: larger than its frame permits"));
        }
        let Some(block) = input.get(position..position + length) else { return Err(Fault::truncated(input.len())) };
        let before = out.len();
        if word & STORED != 0 {
            out.push(block)?;
        } else {
            read_block(position, block, header.block_size_max, out)?;
        }
        position += length;
        if header.block_checksums {
            let computed = xxhash32(block);
            let checked = read_u32(input, &mut position).and_then(|stored| match stored == computed {
                true => Ok(()),
                false => Err(Fault::mismatch(start, StreamField::Lz4BlockChecksum, computed, stored)),
            });
            if checked.is_err() {
                out.truncate(before);
                return checked;
            }
        }
        if out.len() == before {
            // Kafka takes a block without content for the end of the stream.
            return Ok(());
        }
    }
}

fn read_block(position: usize, block: &[u8], block_size_max: usize, out: &mut Output) -> Result<(), Fault> {
    let room = block_size_max.min(block.len().saturating_mul(EXPANSION_MAX));
    match lz4_block::decode(block, out.spare(room), block_size_max) {
        Ok(written) => Ok(out.advance(written)?),
        Err(BlockError::OutputFull) => Err(Fault { position: Some(position), problem: out.too_large() }),
        Err(BlockError::Corrupt) => Err(Fault::corrupt(position, "lz4 block: invalid data")),
    }
}

fn read_header(magic: i8, input: &[u8]) -> Result<Header, Fault> {
    let Some(&[m0, m1, m2, m3, flags, block_descriptor]) = input.first_chunk::<6>() else {
        return Err(Fault::truncated(input.len()));
    };
    if [m0, m1, m2, m3] != MAGIC {
        return Err(Fault::corrupt(0, "lz4 frame: expected the magic 04 22 4D 18"));
    }
    if flags & 0b0000_0011 != 0 {
        return Err(Fault::corrupt(4, "lz4 frame: reserved flags set"));
    }
    if flags & 0b0010_0000 == 0 {
        return Err(Fault::corrupt(4, "lz4 frame: blocks depend on each other, which Kafka does not read"));
    }
    if flags >> 6 != 1 {
        return Err(Fault::corrupt(4, "lz4 frame: expected version 1"));
    }
    if block_descriptor & 0b1000_1111 != 0 {
        return Err(Fault::corrupt(5, "lz4 frame: reserved bits beside the block size set"));
    }
    let block_size = block_descriptor >> 4;
    if block_size < 4 {
        let problem =
            Problem::OutOfRange { field: StreamField::Lz4BlockSize, min: 4, max: 7, found: block_size.into() };
        return Err(Fault { position: Some(5), problem });
    }
    let checksum_at = if flags & 0b0000_1000 != 0 { 14 } else { 6 };
    let Some(&checksum) = input.get(checksum_at) else { return Err(Fault::truncated(input.len())) };
    let computed = header_checksum(&input[4..checksum_at]);
    if magic != 0 && checksum != computed {
        return Err(Fault::mismatch(checksum_at, StreamField::Lz4HeaderChecksum, computed.into(), checksum.into()));
    }
    Ok(Header {
        block_size_max: 1 << (8 + 2 * block_size),
        block_checksums: flags & 0b0001_0000 != 0,
        content_checksum: flags & 0b0000_0100 != 0,
        len: checksum_at + 1,
    })
}

fn xxhash32(bytes: &[u8]) -> u32 {
    XxHash32::oneshot(0, bytes)
}

fn header_checksum(bytes: &[u8]) -> u8 {
    (xxhash32(bytes) >> 8) as u8
}

fn read_u32(input: &[u8], position: &mut usize) -> Result<u32, Fault> {
    let bytes = input.get(*position..).and_then(|rest| rest.first_chunk::<4>());
    let bytes = bytes.ok_or_else(|| Fault::truncated(input.len()))?;
    *position += 4;
    Ok(u32::from_le_bytes(*bytes))
}

#[derive(Default)]
pub(super) struct Writer {
    table: CompressTable,
}

impl Writer {
    pub(super) fn write(&mut self, magic: i8, input: &[u8], out: &mut Vec<u8>) -> Result<(), CompressError> {
        let header = out.len();
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&[WRITTEN_FLAGS, WRITTEN_BLOCK_DESCRIPTOR]);
        // The first clients hashed the magic as well; magic 0 keeps their mistake.
        let hashed = if magic == 0 { header } else { header + MAGIC.len() };
        out.push(header_checksum(&out[hashed..]));
        for plain in input.chunks(WRITTEN_BLOCK_SIZE) {
            let length_at = out.len();
            let block = length_at + 4;
            out.resize(block + get_maximum_output_size(plain.len()), 0);
            let written = compress_into_with_table(plain, &mut out[block..], &mut self.table);
            let written =
                written.map_err(|_| CompressError::Failed { codec: Codec::Lz4, reason: "block not written" })?;
            out.truncate(block + written);
            let mut word = written as u32;
            if written >= plain.len() {
                out.truncate(block);
                out.extend_from_slice(plain);
                word = plain.len() as u32 | STORED;
            }
            out[length_at..block].copy_from_slice(&word.to_le_bytes());
        }
        out.extend_from_slice(&0u32.to_le_bytes());
        Ok(())
    }
}
