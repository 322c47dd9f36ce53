//! Zstandard, read as `ZstdInputStreamNoFinalizer` (zstd-jni 1.5.6) reads it under Kafka's buffers.
//!
//! Its habits: no bytes at all are an empty stream; frames, skippable ones too, may follow each other; a frame that follows
//! another and breaks off is taken for the end if its first byte was in the input buffer already, as is less than a magic
//! number of bytes; other bytes after a frame are an error, and so is a window of more than 128 MiB.

use ::zstd::zstd_safe::{
    CCtx, CParameter, DCtx, ErrorCode, InBuffer, OutBuffer, ResetDirective, compress_bound, get_error_name,
};

use super::error::Fault;
use super::output::Output;
use super::{Codec, CompressError, Problem};

/// Input buffer of zstd-jni's streams: the largest block and its header.
const INPUT_CHUNK: usize = 128 * 1024 + 3;
/// `ZstdCompression.decompressionOutputSize`.
const OUTPUT_CHUNK: usize = 16 * 1024;
/// A context larger than this is not kept. It is as large as the largest window a header ever claimed, up to 128 MiB, though
/// only what was decompressed into it is in memory. Level 19 has windows of 8 MiB.
const KEPT_CONTEXT_MAX: usize = 16 * 1024 * 1024;
/// What a stream may take beyond the bound for a frame made in one piece: a flushed block and an empty last one.
const ENDS_MAX: usize = 64;

pub(super) struct Reader {
    context: DCtx<'static>,
}

impl Reader {
    pub(super) fn new() -> Result<Self, Problem> {
        let context = DCtx::try_create().ok_or(Problem::Corrupt("zstd: no memory for a context"))?;
        Ok(Reader { context })
    }

    /// Decodes in the steps of zstd-jni, so that what is accepted, and what is delivered before an error, is the same.
    ///
    /// In one piece it would be no faster, and some damaged frames pass: those with an oversized block, for example.
    pub(super) fn read(&mut self, input: &[u8], out: &mut Output) -> Result<(), Fault> {
        let result = self.read_stream(input, out);
        out.set_delivered(out.len());
        if self.context.sizeof() > KEPT_CONTEXT_MAX {
            *self = Self::new()?;
        }
        result
    }

    fn read_stream(&mut self, input: &[u8], out: &mut Output) -> Result<(), Fault> {
        self.context.reset(ResetDirective::SessionOnly).map_err(|code| corrupt(0, code))?;
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

pub(super) struct Writer {
    context: CCtx<'static>,
}

impl Writer {
    pub(super) fn new() -> Result<Self, CompressError> {
        let context = CCtx::try_create();
        let context = context.ok_or(CompressError::Failed { codec: Codec::Zstd, reason: "no memory for a context" })?;
        Ok(Writer { context })
    }

    /// As a stream of unknown size, flushed and then ended, which is how Kafka writes it.
    pub(super) fn write(&mut self, level: i32, input: &[u8], out: &mut Vec<u8>) -> Result<(), CompressError> {
        let failed = |code| CompressError::Failed { codec: Codec::Zstd, reason: get_error_name(code) };
        self.context.reset(ResetDirective::SessionOnly).map_err(failed)?;
        self.context.set_parameter(CParameter::CompressionLevel(level)).map_err(failed)?;
        let start = out.len();
        out.resize(start + compress_bound(input.len()) + ENDS_MAX, 0);
        let mut source = InBuffer::around(input);
        let mut target = OutBuffer::around_pos(&mut out[..], start);
        while source.pos() < input.len() {
            self.context.compress_stream(&mut target, &mut source).map_err(failed)?;
        }
        while self.context.flush_stream(&mut target).map_err(failed)? > 0 {}
        while self.context.end_stream(&mut target).map_err(failed)? > 0 {}
        let end = target.pos();
        out.truncate(end);
        Ok(())
    }
}
