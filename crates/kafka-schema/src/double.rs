//! Doubles in JSON, as Java 19 and later write them (`Double.toString`, JDK-4511638): the fewest digits that name the value.
//!
//! Earlier versions of Java print more digits of some values, `1.9999999999999998E23` for 2e23.

/// Appends `value`: `1.0`, `1.2345E-10`, `NaN`, `-Infinity`.
pub fn push_double(out: &mut Vec<u8>, value: f64) {
    if value.is_nan() {
        return out.extend_from_slice(b"NaN");
    }
    if value.is_sign_negative() {
        out.push(b'-');
    }
    if value.is_infinite() {
        return out.extend_from_slice(b"Infinity");
    }
    let magnitude = value.abs();
    let text = if magnitude == 0.0 || (1e-3..1e7).contains(&magnitude) {
        format!("{magnitude:?}")
    } else {
        let shortest = format!("{magnitude:e}");
        let digits = shortest.bytes().take_while(|&byte| byte != b'e').filter(u8::is_ascii_digit).count();
        // Of the numbers with that many digits, two at least, Java takes the closest, and of two the one that ends in an even digit.
        let fraction_digits = digits.saturating_sub(1).max(1);
        format!("{magnitude:.fraction_digits$e}").replace('e', "E")
    };
    out.extend_from_slice(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expected texts printed by Java 25.
    #[test]
    fn doubles_are_written_as_java_writes_them() {
        let cases = [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (-100.0, "-100.0"),
            (0.1, "0.1"),
            (0.001, "0.001"),
            (0.000_999_999, "9.99999E-4"),
            (9_999_999.0, "9999999.0"),
            (1e7, "1.0E7"),
            (12345.678, "12345.678"),
            (9007199254740993.0, "9.007199254740992E15"),
            (1e21, "1.0E21"),
            (2e23, "2.0E23"),
            (1e23, "1.0E23"),
            (0.002, "0.002"),
            (2.5e-10, "2.5E-10"),
            (f64::MAX, "1.7976931348623157E308"),
            (f64::MIN_POSITIVE, "2.2250738585072014E-308"),
            (1e-323, "9.9E-324"),
            (5e-324, "4.9E-324"),
            (-6_555_917_543_521_657.0 / 4.0, "-1.6389793858804142E15"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-Infinity"),
        ];
        for (value, text) in cases {
            let mut out = Vec::new();
            push_double(&mut out, value);
            assert_eq!(String::from_utf8(out).unwrap(), text);
        }
    }
}
