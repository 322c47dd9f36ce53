//! Bytes to text: Kafka's deserializers, and Java's `toString` of what they return.

use std::fmt;
use std::fmt::Write as _;

/// Bytes that a deserializer refuses. What is shown is Kafka's exception.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum DeserializeError {
    /// Of another size.
    Size {
        /// As the exception calls the deserializer.
        name: &'static str,
        expected: usize,
    },
    /// Neither 0 nor 1.
    Boolean(u8),
    /// Not null, which is all that this deserializer takes.
    Void,
    /// No UUID.
    Uuid(String),
}

impl fmt::Display for DeserializeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            DeserializeError::Void => "java.lang.IllegalArgumentException: ",
            _ => "org.apache.kafka.common.errors.SerializationException: ",
        })?;
        match self {
            DeserializeError::Size { name, expected } => {
                write!(f, "Size of data received by {name} is not {expected}")
            }
            DeserializeError::Boolean(byte) => {
                write!(f, "Unexpected byte received by BooleanDeserializer: {}", byte.cast_signed())
            }
            DeserializeError::Void => f.write_str("Data should be null for a VoidDeserializer."),
            DeserializeError::Uuid(_) => f.write_str("Error parsing data into UUID"),
        }
    }
}

/// A class of Kafka's (`org.apache.kafka.common.serialization`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deserializer {
    String,
    Short,
    Integer,
    Long,
    Float,
    Double,
    Boolean,
    Uuid,
    Bytes,
    ByteBuffer,
    Void,
}

impl Deserializer {
    pub(super) fn of_class(class: &str) -> Option<Self> {
        match class.strip_prefix("org.apache.kafka.common.serialization.")?.strip_suffix("Deserializer")? {
            "String" => Some(Deserializer::String),
            "Short" => Some(Deserializer::Short),
            "Integer" => Some(Deserializer::Integer),
            "Long" => Some(Deserializer::Long),
            "Float" => Some(Deserializer::Float),
            "Double" => Some(Deserializer::Double),
            "Boolean" => Some(Deserializer::Boolean),
            "UUID" => Some(Deserializer::Uuid),
            "Bytes" => Some(Deserializer::Bytes),
            "ByteBuffer" => Some(Deserializer::ByteBuffer),
            "Void" => Some(Deserializer::Void),
            _ => None,
        }
    }

    pub(super) fn text(self, bytes: &[u8]) -> Result<String, DeserializeError> {
        match self {
            Deserializer::String => Ok(String::from_utf8_lossy(bytes).into_owned()),
            Deserializer::Short => sized(bytes, "ShortDeserializer").map(|b| i16::from_be_bytes(b).to_string()),
            Deserializer::Integer => sized(bytes, "IntegerDeserializer").map(|b| i32::from_be_bytes(b).to_string()),
            Deserializer::Long => sized(bytes, "LongDeserializer").map(|b| i64::from_be_bytes(b).to_string()),
            Deserializer::Float => sized(bytes, "Deserializer").map(|b| {
                let float = f32::from_be_bytes(b);
                java_float(float.is_finite(), f64::from(float), format!("{float:e}"))
            }),
            Deserializer::Double => sized(bytes, "Deserializer").map(|b| {
                let double = f64::from_be_bytes(b);
                java_float(double.is_finite(), double, format!("{double:e}"))
            }),
            Deserializer::Boolean => match sized::<1>(bytes, "BooleanDeserializer")? {
                [0] => Ok("false".into()),
                [1] => Ok("true".into()),
                [byte] => Err(DeserializeError::Boolean(byte)),
            },
            Deserializer::Uuid => uuid(&String::from_utf8_lossy(bytes)),
            Deserializer::Bytes => Ok(escaped(bytes)),
            Deserializer::ByteBuffer => {
                let len = bytes.len();
                Ok(format!("java.nio.HeapByteBuffer[pos=0 lim={len} cap={len}]"))
            }
            Deserializer::Void => Err(DeserializeError::Void),
        }
    }
}

fn sized<const N: usize>(bytes: &[u8], name: &'static str) -> Result<[u8; N], DeserializeError> {
    bytes.try_into().map_err(|_| DeserializeError::Size { name, expected: N })
}

/// `Double.toString` and `Float.toString`, from the shortest digits in Rust's `1.5e-7`.
fn java_float(is_finite: bool, value: f64, shortest: String) -> String {
    if !is_finite {
        return if value.is_nan() {
            "NaN"
        } else if value > 0.0 {
            "Infinity"
        } else {
            "-Infinity"
        }
        .to_owned();
    }
    let (digits, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
    if value != 0.0 && !(1e-3..1e7).contains(&value.abs()) {
        let point = if digits.contains('.') { "" } else { ".0" };
        return format!("{digits}{point}E{exponent}");
    }
    let sign = if digits.starts_with('-') { "-" } else { "" };
    let digits = digits.trim_start_matches('-').replace('.', "");
    let exponent: i32 = exponent.parse().unwrap_or(0);
    match usize::try_from(exponent) {
        Ok(exponent) => {
            let padded = format!("{digits:0<width$}", width = exponent + 2);
            let (whole, fraction) = padded.split_at(exponent + 1);
            format!("{sign}{whole}.{fraction}")
        }
        Err(_) => {
            let zeros = "0".repeat(exponent.unsigned_abs() as usize - 1);
            format!("{sign}0.{zeros}{digits}")
        }
    }
}

/// `UUID.fromString`, then `UUID.toString`.
fn uuid(text: &str) -> Result<String, DeserializeError> {
    let refused = || DeserializeError::Uuid(text.to_owned());
    let parts: Vec<&str> = text.split('-').collect();
    let [a, b, c, d, e] = parts.as_slice() else { return Err(refused()) };
    let mut out = String::new();
    // Java takes parts that are too short, and of longer ones the low digits.
    for (part, digits) in [(a, 8), (b, 4), (c, 4), (d, 4), (e, 12)] {
        let is_hex = !part.is_empty() && part.len() <= 16 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = u64::from_str_radix(part, 16).ok().filter(|_| is_hex).ok_or_else(refused)?;
        let low = number & ((1u64 << (4 * digits)) - 1);
        let dash = if out.is_empty() { "" } else { "-" };
        // Writing to a string does not fail.
        let _ = write!(out, "{dash}{low:0digits$x}");
    }
    Ok(out)
}

/// `Bytes.toString`: bytes that are not printable as `\xNN`.
fn escaped(bytes: &[u8]) -> String {
    let mut out = String::new();
    for byte in bytes {
        let printable = matches!(byte, b' '..=b'~') && *byte != b'\\';
        if printable {
            out.push(char::from(*byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(out, "\\x{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(class: &str, bytes: &[u8]) -> Result<String, String> {
        let deserializer =
            Deserializer::of_class(&format!("org.apache.kafka.common.serialization.{class}Deserializer"));
        deserializer.ok_or("unknown".to_owned())?.text(bytes).map_err(|error| error.to_string())
    }

    #[test]
    fn values_are_shown_as_java_does() {
        for (class, bytes, expected) in [
            ("Integer", &[0xff; 4][..], "-1"),
            ("Long", &[0, 0, 0, 0, 0, 0, 1, 0], "256"),
            ("Double", &1.0f64.to_be_bytes(), "1.0"),
            ("Double", &0.0f64.to_be_bytes(), "0.0"),
            ("Double", &(-123.456f64).to_be_bytes(), "-123.456"),
            ("Double", &1e7f64.to_be_bytes(), "1.0E7"),
            ("Double", &9_999_999.5f64.to_be_bytes(), "9999999.5"),
            ("Double", &0.001f64.to_be_bytes(), "0.001"),
            ("Double", &1.25e-9f64.to_be_bytes(), "1.25E-9"),
            ("Double", &f64::NEG_INFINITY.to_be_bytes(), "-Infinity"),
            ("Float", &0.1f32.to_be_bytes(), "0.1"),
            ("Boolean", &[1], "true"),
            ("Bytes", b"a\\\x00", "a\\x5C\\x00"),
            ("UUID", b"1-2-3-4-5", "00000001-0002-0003-0004-000000000005"),
            ("ByteBuffer", b"abc", "java.nio.HeapByteBuffer[pos=0 lim=3 cap=3]"),
        ] {
            assert_eq!(text(class, bytes).as_deref(), Ok(expected), "{class} {bytes:?}");
        }
        let error =
            "org.apache.kafka.common.errors.SerializationException: Size of data received by LongDeserializer is not 8";
        assert_eq!(text("Long", b"null").unwrap_err(), error);
        assert_eq!(text("Nope", b""), Err("unknown".into()));
    }
}
