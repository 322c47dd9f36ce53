//! A number of bytes, with a unit.

use std::fmt;
use std::str::FromStr;

/// A number of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ByteSize(pub u64);

impl ByteSize {
    /// What a batch may decompress to by default.
    pub const DECOMPRESSED_MAX: ByteSize = ByteSize(kafka_log::compression::DECOMPRESSED_MAX as u64);

    /// As a number of bytes in memory; the largest there is where it is larger.
    pub fn in_memory(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

const UNITS: [(&str, u32); 4] = [("GiB", 30), ("MiB", 20), ("KiB", 10), ("B", 0)];

/// A number, alone or followed by `B`, `K`/`KiB`, `M`/`MiB` or `G`/`GiB`, powers of 1024 in either case.
impl FromStr for ByteSize {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const EXPECTED: &str = "a number of bytes such as 1048576, 512KiB, 256MiB or 1G";
        let (digits, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
        let fits = |name: &str| unit.eq_ignore_ascii_case(name) || unit.eq_ignore_ascii_case(&name[..1]);
        let shift = match unit {
            "" => 0,
            _ => UNITS.iter().find(|(name, _)| fits(name)).ok_or(EXPECTED)?.1,
        };
        let number: u64 = digits.parse().map_err(|_| EXPECTED)?;
        number.checked_mul(1 << shift).map(ByteSize).ok_or(EXPECTED)
    }
}

/// With the largest unit that leaves a whole number.
impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, shift) =
            UNITS.iter().find(|(_, shift)| self.0 != 0 && self.0.is_multiple_of(1 << shift)).unwrap_or(&UNITS[3]);
        write!(f, "{}{name}", self.0 >> shift)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units_of_1024() {
        for (text, bytes, shown) in [
            ("0", 0, "0B"),
            ("1500", 1500, "1500B"),
            ("64k", 65536, "64KiB"),
            ("256MiB", 256 << 20, "256MiB"),
            ("1024m", 1 << 30, "1GiB"),
            ("7b", 7, "7B"),
        ] {
            assert_eq!(text.parse(), Ok(ByteSize(bytes)), "{text}");
            assert_eq!(ByteSize(bytes).to_string(), shown);
        }
        for text in ["", "M", "-1", "1.5G", "1 M", "1MB", "1T", "99999999999G", "18446744073709551616", "1é"] {
            assert!(text.parse::<ByteSize>().is_err(), "{text}");
        }
    }
}
