//! Keys and values that may be large: they go out piece by piece, so that they are not in memory twice.

use kafka_log::format::escape::{JsonEscapes, push_json_escaped};
use kafka_log::format::schema::push_base64;
use kafka_log::segment::scan::Turn;

use super::Object;
use crate::dump::error::{DumpError, OrStopped};
use crate::dump::output::Output;

/// Bytes that are written at a time; a multiple of three, so that base64 has no padding in between.
const PIECE: usize = 48 * 1024;

/// Appends a member to an object that was paused, as [`Object::bytes`] does.
pub(super) fn push_large(
    out: &mut Output<'_>,
    turn: &mut Turn<'_>,
    name: &str,
    bytes: Option<&[u8]>,
) -> Result<(), DumpError> {
    let Some(bytes) = bytes.filter(|bytes| bytes.len() > PIECE) else {
        Object::resume(&mut out.buf).bytes(name, bytes);
        return Ok(());
    };
    let text = std::str::from_utf8(bytes);
    Object::resume(&mut out.buf).open(name, if text.is_ok() { "\":\"" } else { "_base64\":\"" });
    match text {
        Ok(mut text) => {
            while !text.is_empty() {
                let (piece, rest) = text.split_at(char_boundary(text, PIECE));
                push_json_escaped(&mut out.buf, piece, JsonEscapes::DisplayControls);
                out.relieve(turn).or_stopped()?;
                text = rest;
            }
        }
        Err(_) => {
            for piece in bytes.chunks(PIECE) {
                push_base64(&mut out.buf, piece);
                out.relieve(turn).or_stopped()?;
            }
        }
    }
    out.buf.push(b'"');
    Ok(())
}

/// The last boundary of a character at or before `at`.
fn char_boundary(text: &str, at: usize) -> usize {
    if at >= text.len() {
        return text.len();
    }
    (0..=at).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}
