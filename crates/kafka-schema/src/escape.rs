//! Text for other programs: the characters that terminals act on, and JSON strings (RFC 8259, section 7).

/// Returns whether terminals and editors act on `c` instead of showing it.
///
/// These are the C0 and C1 controls (`ESC`, `CSI` and line ends among them), DEL, and the marks, embeddings, overrides and
/// isolates that change the direction of text (UAX #9).
pub const fn is_display_control(c: char) -> bool {
    matches!(c, '\0'..='\x1f' | '\x7f'..='\u{9f}' | '\u{61c}' | '\u{200e}' | '\u{200f}'
        | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Which characters of a JSON string are escaped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonEscapes {
    /// Those that JSON requires: quotes, backslashes and C0 controls. This is how Jackson writes the JSON of Kafka's tools.
    Required,
    /// The required ones, and everything that [`is_display_control`] names.
    DisplayControls,
}

/// Appends `text` in quotes.
#[inline]
pub fn push_json_string(out: &mut Vec<u8>, text: &str, escapes: JsonEscapes) {
    out.reserve(text.len() + 2);
    out.push(b'"');
    push_json_escaped(out, text, escapes);
    out.push(b'"');
}

/// Appends the inside a string.
pub fn push_json_escaped(out: &mut Vec<u8>, text: &str, escapes: JsonEscapes) {
    let table = match escapes {
        JsonEscapes::Required => &REQUIRED,
        JsonEscapes::DisplayControls => &CANDIDATES,
    };
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|byte| table[usize::from(byte)]) {
        // Every byte in the tables begins a character.
        let (plain, from) = rest.split_at(at);
        out.extend_from_slice(plain.as_bytes());
        let mut chars = from.chars();
        let Some(c) = chars.next() else { return };
        rest = chars.as_str();
        if c.is_ascii() || is_display_control(c) {
            push_escape(out, c);
        } else {
            out.extend_from_slice(&from.as_bytes()[..c.len_utf8()]);
        }
    }
    out.extend_from_slice(rest.as_bytes());
}

/// Escapes the display controls in the JSON text that `out` holds from `start` on.
///
/// JSON text on one line has them inside strings only, where an escape means the same character.
pub fn escape_display_controls_in_json(out: &mut Vec<u8>, start: usize) {
    if !out[start..].iter().any(|&byte| CONTROL_STARTS[usize::from(byte)]) {
        return;
    }
    let json = out.split_off(start);
    for c in String::from_utf8_lossy(&json).chars() {
        if is_display_control(c) {
            push_escape(out, c);
        } else {
            out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }
}

/// Bytes that JSON requires to be escaped.
const REQUIRED: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 0x20 {
        table[byte] = true;
        byte += 1;
    }
    table[b'"' as usize] = true;
    table[b'\\' as usize] = true;
    table
};

/// Bytes that display controls begin with; other characters may begin with them as well.
const CONTROL_STARTS: [bool; 256] = {
    let mut table = [false; 256];
    let mut c = 0;
    while c < 0x3000 {
        if let Some(control) = char::from_u32(c)
            && is_display_control(control)
        {
            let mut utf8 = [0; 4];
            control.encode_utf8(&mut utf8);
            table[utf8[0] as usize] = true;
        }
        c += 1;
    }
    table
};

/// Bytes of which [`JsonEscapes::DisplayControls`] looks at the character.
const CANDIDATES: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = REQUIRED[byte] || CONTROL_STARTS[byte];
        byte += 1;
    }
    table
};

/// Appends a character of the basic plane as JSON's short escape where there is one, else as `\uXXXX`.
#[cold]
fn push_escape(out: &mut Vec<u8>, c: char) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let short = match c {
        '"' => b'"',
        '\\' => b'\\',
        '\x08' => b'b',
        '\t' => b't',
        '\n' => b'n',
        '\x0c' => b'f',
        '\r' => b'r',
        _ => {
            out.extend_from_slice(b"\\u");
            return out.extend([12, 8, 4, 0].map(|shift| HEX[(u32::from(c) >> shift) as usize & 15]));
        }
    };
    out.extend([b'\\', short]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn string(text: &str, escapes: JsonEscapes) -> String {
        let mut out = Vec::new();
        push_json_string(&mut out, text, escapes);
        String::from_utf8(out).unwrap()
    }

    fn all() -> String {
        (0..0x3000).chain([0xfffd, 0xffff, 0x1f389]).filter_map(char::from_u32).collect()
    }

    #[test]
    fn every_character_comes_back_from_its_string() {
        for escapes in [JsonEscapes::Required, JsonEscapes::DisplayControls] {
            let json = string(&all(), escapes);
            assert!(!json.bytes().any(|byte| byte < 0x20), "no line end inside of a line");
            assert_eq!(serde_json::from_str::<String>(&json).unwrap(), all());
        }
    }

    #[test]
    fn a_string_as_jackson_writes_it_escapes_what_json_requires_only() {
        let json = string("a\"b\\c\u{1}\u{1b}\n/\u{7f}\u{9b}\u{202e}ž", JsonEscapes::Required);
        assert_eq!(json, "\"a\\\"b\\\\c\\u0001\\u001B\\n/\u{7f}\u{9b}\u{202e}ž\"");
    }

    #[test]
    fn display_controls_are_escaped_and_their_neighbours_are_not() {
        let json = string(
            "\u{7f}\u{80}\u{9b}\u{9f}\u{a0}é\u{61b}\u{61c}\u{200d}\u{200e}\u{202e}\u{2030}\u{2069}\u{206a}",
            JsonEscapes::DisplayControls,
        );
        let expected =
            "\"\\u007F\\u0080\\u009B\\u009F\u{a0}é\u{61b}\\u061C\u{200d}\\u200E\\u202E\u{2030}\\u2069\u{206a}\"";
        assert_eq!(json, expected);
        assert!(!string(&all(), JsonEscapes::DisplayControls).chars().any(is_display_control));
    }

    #[test]
    fn json_text_is_escaped_from_a_position_on() {
        let mut out = b"\x1b{".to_vec();
        push_json_string(&mut out, &all(), JsonEscapes::Required);
        escape_display_controls_in_json(&mut out, 2);
        let json = String::from_utf8(out).unwrap();
        assert!(json.starts_with("\x1b{"));
        assert!(!json[1..].chars().any(is_display_control));
        assert_eq!(serde_json::from_str::<String>(&json[2..]).unwrap(), all());
    }
}
