//! Strings (RFC 8259, section 7): only what must be escaped is.

/// Appends `value` in quotes.
#[inline]
pub(crate) fn push_string(out: &mut Vec<u8>, value: &str) {
    out.reserve(value.len() + 2);
    out.push(b'"');
    push_escaped(out, value.as_bytes());
    out.push(b'"');
}

/// Appends the inside of a string. `bytes` are UTF-8, which is not changed beyond ASCII.
pub(super) fn push_escaped(out: &mut Vec<u8>, bytes: &[u8]) {
    let mut rest = bytes;
    while let Some(at) = rest.iter().position(|&byte| ESCAPED[usize::from(byte)]) {
        let (plain, from) = rest.split_at(at);
        out.extend_from_slice(plain);
        push_escape(out, from[0]);
        rest = &from[1..];
    }
    out.extend_from_slice(rest);
}

/// Which bytes must be escaped.
const ESCAPED: [bool; 256] = {
    let mut escaped = [false; 256];
    let mut byte = 0;
    while byte < 0x20 {
        escaped[byte] = true;
        byte += 1;
    }
    escaped[b'"' as usize] = true;
    escaped[b'\\' as usize] = true;
    escaped
};

fn push_escape(out: &mut Vec<u8>, byte: u8) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let short = match byte {
        b'"' | b'\\' => byte,
        0x08 => b'b',
        b'\t' => b't',
        b'\n' => b'n',
        0x0c => b'f',
        b'\r' => b'r',
        _ => {
            out.extend_from_slice(b"\\u00");
            return out.extend([HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
        }
    };
    out.extend([b'\\', short]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_comes_back_from_its_string() {
        let all: String = (0..0x300).chain([0x2028, 0xfffd, 0xffff, 0x1f389]).filter_map(char::from_u32).collect();
        let mut out = Vec::new();
        push_string(&mut out, &all);
        assert!(!out.iter().any(|&byte| byte < 0x20), "no line end inside of a line");
        assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), all);
    }

    #[test]
    fn only_quotes_backslashes_and_control_characters_are_escaped() {
        let mut out = Vec::new();
        push_string(&mut out, "a\"b\\c\u{1}\n/\u{7f}ž");
        assert_eq!(out, "\"a\\\"b\\\\c\\u0001\\n/\u{7f}ž\"".as_bytes());
    }
}
