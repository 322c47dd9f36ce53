//! Zstandard, read as `ZstdInputStreamNoFinalizer` (zstd-jni 1.5.6) reads it under Kafka's buffers.
//!
//! Its habits: no bytes at all are an empty stream; frames, skippable ones too, may follow each other; a frame that follows
//! another and breaks off is taken for the end if its first byte was in the input buffer already, as is less than a magic
//! number of bytes; other bytes behind a frame are an error. Frames of zstd before 0.8, which zstd-jni would still read, are
//! not supported: no Kafka client ever wrote them.

use ::zstd::zstd_safe::zstd_sys::ZSTD_ErrorCode::ZSTD_error_dstSize_tooSmall;
use ::zstd::zstd_safe::{
    CCtx, CParameter, DCtx, ErrorCode, InBuffer, OutBuffer, ResetDirective, compress_bound, find_frame_compressed_size,
    get_error_name, is_error_kind,
};

use super::decompressor::Fault;
use super::output::Output;
use super::{Codec, CompressError, Problem};

const MAGIC: [u8; 4] = 0xFD2F_B528_u32.to_le_bytes();
/// Input buffer of zstd-jni's streams: the largest block and its header.
const INPUT_CHUNK: usize = 128 * 1024 + 3;
/// `ZstdCompression.decompressionOutputSize`.
const OUTPUT_CHUNK: usize = 16 * 1024;
/// Windows larger than this are refused by zstd's streams (`ZSTD_WINDOWLOG_LIMIT_DEFAULT`).
const WINDOW_MAX: u64 = 1 << 27;

pub(super) struct Reader {
    context: DCtx<'static>,
}

impl Reader {
    pub(super) fn new() -> Result<Self, Problem> {
        let context = DCtx::try_create().ok_or(Problem::Corrupt("zstd: no memory for a context"))?;
        Ok(Reader { context })
    }

    pub(super) fn read(&mut self, input: &[u8], out: &mut Output) -> Result<(), Fault> {
        if let Some(window) = single_frame_window(input)
            && self.read_at_once(window, input, out)?
        {
            return Ok(());
        }
        out.truncate(0);
        let result = self.read_as_stream(input, out);
        out.set_delivered(out.len());
        result
    }

    /// Decodes a lone frame in one piece, which is faster; false if only a stream can tell what Kafka makes of it.
    ///
    /// A stream forgets what is further back than the window, so nothing may come out that is longer.
    fn read_at_once(&mut self, window: u64, input: &[u8], out: &mut Output) -> Result<bool, Fault> {
        let window = usize::try_from(window).unwrap_or(usize::MAX);
        let mut wanted = input.len().saturating_mul(4).min(window).max(1);
        loop {
            let spare = out.spare(wanted);
            let room = spare.len().min(window);
            match self.context.decompress(&mut spare[..room], input) {
                Ok(written) => {
                    out.advance(written)?;
                    return Ok(true);
                }
                Err(code) if is_error_kind(code, ZSTD_error_dstSize_tooSmall) && room < window => {
                    if room < wanted {
                        return Err(out.too_large().into());
                    }
                    wanted = room.saturating_mul(2).min(window);
                }
                Err(_) => return Ok(false),
            }
        }
    }

    /// Decodes step by step as zstd-jni does, so that what is accepted and what is delivered before an error is the same.
    fn read_as_stream(&mut self, input: &[u8], out: &mut Output) -> Result<(), Fault> {
        let at_start = |code| corrupt(0, code);
        self.context.reset(ResetDirective::SessionOnly).map_err(at_start)?;
        // Input buffer of the stream: what of the input is in it and not used.
        let (mut position, mut pulled) = (0, 0);
        let mut needs_input = true;
        let mut frame_finished = true;
        // One turn of the outer loop is one read of zstd-jni, whose output is lost if it fails.
        loop {
            let mut chunk = 0;
            loop {
                if needs_input && (pulled < input.len() || chunk == 0) {
                    if pulled == input.len() {
                        return if frame_finished { Ok(()) } else { Err(Fault::truncated(input.len())) };
                    }
                    position = pulled;
                    pulled = pulled.saturating_add(INPUT_CHUNK).min(input.len());
                    frame_finished = false;
                }
                let spare = out.spare(OUTPUT_CHUNK);
                let room = spare.len().min(OUTPUT_CHUNK);
                let mut source = InBuffer::around(&input[position..pulled]);
                let mut target = OutBuffer::around(&mut spare[chunk..room]);
                let hint = self.context.decompress_stream(&mut target, &mut source);
                let hint = hint.map_err(|code| corrupt(position, code))?;
                let written = target.pos();
                position += source.pos();
                chunk += written;
                if hint == 0 {
                    frame_finished = true;
                    needs_input = position == pulled;
                    break;
                }
                needs_input = chunk < OUTPUT_CHUNK;
                if !needs_input || written == 0 {
                    break;
                }
            }
            out.advance(chunk)?;
        }
    }
}

fn corrupt(position: usize, code: ErrorCode) -> Fault {
    Fault::corrupt(position, get_error_name(code))
}

/// Window of the frame that `input` consists of; none if it is more, less, or something else than one frame, or if its
/// window is too large for a stream.
fn single_frame_window(input: &[u8]) -> Option<u64> {
    let &[m0, m1, m2, m3, descriptor, window] = input.first_chunk::<6>()?;
    if [m0, m1, m2, m3] != MAGIC || find_frame_compressed_size(input).ok()? != input.len() {
        return None;
    }
    let single_segment = descriptor & 0b0010_0000 != 0;
    let window = if single_segment {
        let dictionary_id = [0, 1, 2, 4][usize::from(descriptor & 3)];
        let content_size = input.get(5 + dictionary_id..)?;
        match descriptor >> 6 {
            0 => u64::from(*content_size.first()?),
            1 => u64::from(u16::from_le_bytes(*content_size.first_chunk()?)) + 256,
            2 => u64::from(u32::from_le_bytes(*content_size.first_chunk()?)),
            _ => u64::from_le_bytes(*content_size.first_chunk()?),
        }
    } else {
        let base = 1u64 << (10 + (window >> 3));
        base + base / 8 * u64::from(window & 7)
    };
    (window <= WINDOW_MAX).then_some(window)
}

pub(super) struct Writer {
    context: CCtx<'static>,
    frame: Vec<u8>,
}

impl Writer {
    pub(super) fn new() -> Result<Self, CompressError> {
        let context = CCtx::try_create();
        let context = context.ok_or(CompressError::Failed { codec: Codec::Zstd, reason: "no memory for a context" })?;
        Ok(Writer { context, frame: Vec::new() })
    }

    pub(super) fn write(&mut self, level: i32, input: &[u8], out: &mut Vec<u8>) -> Result<(), CompressError> {
        let failed = |code| CompressError::Failed { codec: Codec::Zstd, reason: get_error_name(code) };
        self.context.set_parameter(CParameter::CompressionLevel(level)).map_err(failed)?;
        let bound = compress_bound(input.len());
        if self.frame.len() < bound {
            self.frame.resize(bound, 0);
        }
        let length = self.context.compress2(&mut self.frame[..], input).map_err(failed)?;
        out.extend_from_slice(&self.frame[..length]);
        Ok(())
    }
}
