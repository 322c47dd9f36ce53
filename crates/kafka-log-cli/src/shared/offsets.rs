//! A range of offsets: the value of `--offset`.

use std::str::FromStr;

/// Offsets from `first` to `last`, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OffsetRange {
    /// The lowest.
    pub first: i64,
    /// The highest.
    pub last: i64,
}

impl OffsetRange {
    /// Whether `offset` is one of them.
    pub fn contains(self, offset: i64) -> bool {
        (self.first..=self.last).contains(&offset)
    }
}

/// `N`, `FROM..`, `..TO`, `FROM..TO` (without `TO`) or `FROM..=TO` (with it).
impl FromStr for OffsetRange {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const EXPECTED: &str = "N, FROM.., ..TO, FROM..TO (without TO) or FROM..=TO (with TO)";
        let number = |text: &str, open: i64| match text {
            "" => Ok(open),
            _ => text.parse().map_err(|_| EXPECTED),
        };
        let (first, last) = match text.split_once("..") {
            None => {
                let only = text.parse().map_err(|_| EXPECTED)?;
                (only, only)
            }
            Some((from, to)) => {
                let last = match to.strip_prefix('=') {
                    Some(to) => to.parse().map_err(|_| EXPECTED)?,
                    None if to.is_empty() => i64::MAX,
                    None => to.parse::<i64>().map_err(|_| EXPECTED)?.checked_sub(1).ok_or(EXPECTED)?,
                };
                (number(from, i64::MIN)?, last)
            }
        };
        if first > last { Err("a range that contains an offset") } else { Ok(OffsetRange { first, last }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_range_is_excluded_unless_an_equals_sign_includes_it() {
        for (text, first, last) in [
            ("7", 7, 7),
            ("5..8", 5, 7),
            ("5..=8", 5, 8),
            ("5..", 5, i64::MAX),
            ("..8", i64::MIN, 7),
            ("..", i64::MIN, i64::MAX),
            ("-3..0", -3, -1),
            ("0..=9223372036854775807", 0, i64::MAX),
        ] {
            assert_eq!(text.parse(), Ok(OffsetRange { first, last }), "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", "x", "1..x", "x..1", "8..5", "5..5", "1...3", "1-3", "1..=", "..-9223372036854775808", "1e3"] {
            assert!(text.parse::<OffsetRange>().is_err(), "{text}");
        }
    }
}
