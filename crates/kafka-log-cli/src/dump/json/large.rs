//! Keys and values that may be large: they go out piece by piece, so that they are not in memory twice.

use kafka_log::format::schema::base64::push_base64;
use kafka_log::segment::scan::Turn;

use super::Object;
use super::string::push_escaped;
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
    let is_text = std::str::from_utf8(bytes).is_ok();
    Object::resume(&mut out.buf).open(name, if is_text { "\":\"" } else { "Base64\":\"" });
    for piece in bytes.chunks(PIECE) {
        // A piece of text may end inside of a character: only ASCII is ever escaped.
        if is_text {
            push_escaped(&mut out.buf, piece)
        } else {
            push_base64(&mut out.buf, piece)
        }
        out.relieve(turn).or_stopped()?;
    }
    out.buf.push(b'"');
    Ok(())
}
