//! Timestamps as milliseconds or as ISO-8601 in UTC.

use jiff::Timestamp;
use jiff::fmt::temporal::DateTimePrinter;
use kafka_log::format::batch::NO_TIMESTAMP;

use super::push::number;

const PRINTER: DateTimePrinter = DateTimePrinter::new().precision(Some(3));

/// Appends `ms` as `2024-05-01T12:30:00.000Z` if `iso` asks for it. The timestamp that stands for none, and those of
/// years that ISO-8601 has no four digits for, stay numbers. Tells whether it is text.
#[inline]
pub(crate) fn push_timestamp(out: &mut Vec<u8>, ms: i64, iso: bool) -> bool {
    if iso && push_iso(out, ms) {
        return true;
    }
    number(out, ms);
    false
}

/// Appends a timestamp as a JSON value.
pub(crate) fn push_json_timestamp(out: &mut Vec<u8>, ms: i64, iso: bool) {
    let start = out.len();
    if iso {
        out.push(b'"');
        if push_iso(out, ms) {
            return out.push(b'"');
        }
        out.truncate(start);
    }
    number(out, ms);
}

#[inline(never)]
fn push_iso(out: &mut Vec<u8>, ms: i64) -> bool {
    /// The first millisecond of the year 0.
    const MIN: i64 = -62_167_219_200_000;
    match Timestamp::from_millisecond(ms) {
        Ok(timestamp) if ms != NO_TIMESTAMP && ms >= MIN => PRINTER.print_timestamp(&timestamp, Append(out)).is_ok(),
        _ => false,
    }
}

struct Append<'o>(&'o mut Vec<u8>);

impl jiff::fmt::Write for Append<'_> {
    fn write_str(&mut self, text: &str) -> Result<(), jiff::Error> {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn iso(ms: i64) -> String {
        let mut out = Vec::new();
        push_timestamp(&mut out, ms, true);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn timestamps_are_printed_in_utc_to_the_millisecond() {
        assert_eq!(iso(1_714_566_600_000), "2024-05-01T12:30:00.000Z");
        assert_eq!(iso(1), "1970-01-01T00:00:00.001Z");
        assert_eq!(iso(-2), "1969-12-31T23:59:59.998Z");
    }

    #[test]
    fn what_is_no_date_stays_a_number() {
        for ms in [-1, i64::MIN, i64::MAX, 253_402_300_800_000, -62_167_219_200_001] {
            assert_eq!(iso(ms), ms.to_string());
        }
        let mut json = Vec::new();
        push_json_timestamp(&mut json, 0, true);
        push_json_timestamp(&mut json, i64::MAX, true);
        assert_eq!(json, b"\"1970-01-01T00:00:00.000Z\"9223372036854775807");
    }
}
