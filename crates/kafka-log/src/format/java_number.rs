//! Numbers in text as Java reads and writes them (`Integer.parseInt`, `Long.parseLong`, `Double.parseDouble`, `Double.toString`).
//!
//! Kafka takes numbers in file names, checkpoints and options this way: an optional `+` or `-`, then at least one
//! decimal digit of *any* script in the Basic Multilingual Plane, no spaces, no overflow.

pub use kafka_schema::push_double as push_java_double;

/// Code points of the digit zero in each script whose digits Java accepts; digits one to nine follow it.
const ZEROS: [u16; 37] = [
    0x0030, 0x0660, 0x06f0, 0x07c0, 0x0966, 0x09e6, 0x0a66, 0x0ae6, 0x0b66, 0x0be6, 0x0c66, 0x0ce6, 0x0d66, 0x0de6,
    0x0e50, 0x0ed0, 0x0f20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40,
    0x1c50, 0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10,
];

/// Reads a decimal `int` exactly when `Integer.parseInt` does.
pub fn parse_java_int(text: &str) -> Option<i32> {
    i32::try_from(parse_java_long(text)?).ok()
}

/// Reads a decimal `long` exactly when `Long.parseLong` does.
pub fn parse_java_long(text: &str) -> Option<i64> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    if digits.is_empty() {
        return None;
    }
    // Counted downwards, because the smallest value has no positive counterpart.
    let minus = digits.chars().try_fold(0i64, |sum, c| sum.checked_mul(10)?.checked_sub(digit(c)?))?;
    if negative { Some(minus) } else { minus.checked_neg() }
}

/// Reads a decimal number when `Double.parseDouble` does; hexadecimal ones are refused.
pub fn parse_java_double(text: &str) -> Option<f64> {
    let (sign, body) = match text.as_bytes().first()? {
        b'-' => (-1.0, &text[1..]),
        b'+' => (1.0, &text[1..]),
        _ => (1.0, text),
    };
    match body {
        "NaN" => return Some(f64::NAN),
        "Infinity" => return Some(sign * f64::INFINITY),
        _ => {}
    }
    let digits = body.strip_suffix(['d', 'D', 'f', 'F']).unwrap_or(body);
    // Rust reads words that Java does not.
    let is_decimal = digits.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'));
    if is_decimal { Some(sign * digits.parse::<f64>().ok()?) } else { None }
}

fn digit(c: char) -> Option<i64> {
    if c.is_ascii() {
        return c.to_digit(10).map(i64::from);
    }
    // Java looks at one UTF-16 unit at a time, so digits outside of the first plane are none.
    let unit = u16::try_from(u32::from(c)).ok()?;
    let zero = ZEROS[..ZEROS.partition_point(|&zero| zero <= unit)].last()?;
    Some(i64::from(unit - zero)).filter(|&value| value < 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn java_numbers_may_have_a_sign_and_digits_of_any_script() {
        for (text, value) in
            [("0", 0), ("+7", 7), ("-5", -5), ("-0", 0), ("007", 7), ("٣", 3), ("1٢", 12), ("４2", 42), ("9", 9)]
        {
            assert_eq!(parse_java_long(text), Some(value), "{text}");
        }
    }

    #[test]
    fn what_java_refuses_is_refused() {
        for text in ["", "+", "-", "--1", "+-1", " 7", "7 ", "7L", "0x7", "1_0", "𝟎", "½", "²", "1.0", "𝟜"] {
            assert_eq!(parse_java_long(text), None, "{text}");
        }
    }

    #[test]
    fn the_ends_of_the_range_are_numbers_and_one_further_is_not() {
        assert_eq!(parse_java_long("-9223372036854775808"), Some(i64::MIN));
        assert_eq!(parse_java_long("9223372036854775807"), Some(i64::MAX));
        assert_eq!(parse_java_long("9223372036854775808"), None);
        assert_eq!(parse_java_long("-9223372036854775809"), None);
        assert_eq!(parse_java_int("-2147483648"), Some(i32::MIN));
        assert_eq!(parse_java_int("2147483647"), Some(i32::MAX));
        assert_eq!(parse_java_int("2147483648"), None);
        assert_eq!(parse_java_int("-2147483649"), None);
        assert_eq!(parse_java_int(&"9".repeat(1000)), None);
    }

    #[test]
    fn doubles_are_those_of_java() {
        for (text, value) in [
            ("0.5", 0.5),
            (".5", 0.5),
            ("5.", 5.0),
            ("+1e-1", 0.1),
            ("0.25d", 0.25),
            ("1F", 1.0),
            ("-Infinity", f64::NEG_INFINITY),
        ] {
            assert_eq!(parse_java_double(text), Some(value), "{text}");
        }
        for text in ["", ".", "-", "inf", "infinity", "nan", "1e", "1ff", "0,5", "１", "+-1", "1_0", "Infinityd"] {
            assert_eq!(parse_java_double(text), None, "{text}");
        }
    }
}
