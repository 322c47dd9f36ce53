//! Text as Java makes it of bytes (`new String(bytes, UTF_8)`), for output that must equal that of Kafka's tools.

const REPLACEMENT: &[u8] = "\u{fffd}".as_bytes();

/// Appends `bytes` to `out` as UTF-8, with U+FFFD where `new String(bytes, UTF_8)` puts it.
///
/// Java replaces the same maximal broken pieces as Rust's lossy conversion, except that an encoded surrogate
/// (`ED A0..BF xx`) becomes one U+FFFD, where Rust writes one for each byte.
#[inline]
pub fn push_java_utf8(out: &mut Vec<u8>, bytes: &[u8]) {
    if is_utf8(bytes) { out.extend_from_slice(bytes) } else { push_repaired(out, bytes) }
}

/// Is it UTF-8? The standard library is faster on short text, simdutf8 on long, by far where that is not ASCII.
#[inline]
fn is_utf8(bytes: &[u8]) -> bool {
    if bytes.len() < 256 { std::str::from_utf8(bytes).is_ok() } else { simdutf8::basic::from_utf8(bytes).is_ok() }
}

#[cold]
fn push_repaired(out: &mut Vec<u8>, bytes: &[u8]) {
    let mut rest = bytes;
    while let Err(error) = std::str::from_utf8(rest) {
        let (valid, broken) = rest.split_at(error.valid_up_to());
        out.extend_from_slice(valid);
        out.extend_from_slice(REPLACEMENT);
        let skip = match broken {
            [0xed, 0xa0..=0xbf, 0x80..=0xbf, ..] => 3,
            [0xed, 0xa0..=0xbf, ..] => 2,
            _ => error.error_len().unwrap_or(broken.len()),
        };
        rest = broken.get(skip..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn java(bytes: &[u8]) -> String {
        let mut out = Vec::new();
        push_java_utf8(&mut out, bytes);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn valid_text_stays_as_it_is() {
        assert_eq!(java("a ž 漢 🎉".as_bytes()), "a ž 漢 🎉");
        assert_eq!(java(b""), "");
    }

    /// Expected texts printed by Java 17.
    #[test]
    fn broken_text_is_replaced_piece_by_piece_like_java_does() {
        let cases: &[(&[u8], &str)] = &[
            (b"\xff\xfea", "\u{fffd}\u{fffd}a"),
            (b"\xc3", "\u{fffd}"),
            (b"\xc0\x80", "\u{fffd}\u{fffd}"),
            (b"\xe1\x80", "\u{fffd}"),
            (b"\xe1\x80a", "\u{fffd}a"),
            (b"\xe0\x80\x80", "\u{fffd}\u{fffd}\u{fffd}"),
            (b"\xed\xa0\x80", "\u{fffd}"),
            (b"\xed\xbf\xbfz", "\u{fffd}z"),
            (b"\xed\xa0a", "\u{fffd}a"),
            (b"\xed\xa0", "\u{fffd}"),
            (b"\xf0\x9f\x8e", "\u{fffd}"),
            (b"\xf0\x9f\x8ea", "\u{fffd}a"),
            (b"\xf4\x90\x80\x80", "\u{fffd}\u{fffd}\u{fffd}\u{fffd}"),
            (b"\xf5\x80", "\u{fffd}\u{fffd}"),
        ];
        for (bytes, text) in cases {
            assert_eq!(java(bytes), *text, "{bytes:x?}");
            // Long text takes another way.
            let around = "ž".repeat(150);
            let long = [around.as_bytes(), bytes, b" ", around.as_bytes()].concat();
            // Bytes that need more after them do not get it from a space.
            assert_eq!(java(&long), format!("{around}{text} {around}"), "{bytes:x?}");
        }
    }
}
