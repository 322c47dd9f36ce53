//! A point in time, absolute or counted back from now: the values of `--since` and `--until`.

use std::str::FromStr;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Span, SpanRelativeTo, Timestamp};

/// A point in time, in milliseconds as Kafka's timestamps are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeBound {
    /// Milliseconds since the epoch.
    At(i64),
    /// Milliseconds before now.
    BeforeNow(i64),
}

impl TimeBound {
    /// Milliseconds since the epoch, if it is `now_ms` now.
    pub fn resolve(self, now_ms: i64) -> i64 {
        match self {
            TimeBound::At(ms) => ms,
            TimeBound::BeforeNow(ms) => now_ms.saturating_sub(ms),
        }
    }
}

/// Milliseconds since the epoch (`1700000000000`), ISO-8601 date and time with an offset or in UTC
/// (`2024-05-01T12:30:00+02:00`, `2024-05-01 12:30`), a date (its midnight in UTC), or a time back from now
/// (`-2h`, `90s`, `15m ago`, `1 day 6 hours ago`, `PT2H`).
impl FromStr for TimeBound {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const EXPECTED: &str =
            "a time (2024-05-01T12:30:00Z, 2024-05-01), milliseconds since the epoch, or a time back (-2h, 15m ago)";
        if let Ok(ms) = text.parse() {
            return Ok(TimeBound::At(ms));
        }
        if let Some(timestamp) = timestamp(text) {
            return Ok(TimeBound::At(timestamp.as_nanosecond().div_euclid(1_000_000) as i64));
        }
        let span: Span = text.parse().map_err(|_| EXPECTED)?;
        let duration = span.to_duration(SpanRelativeTo::days_are_24_hours()).map_err(|_| EXPECTED)?;
        let back = i64::try_from(duration.unsigned_abs().as_millis()).map_err(|_| EXPECTED)?;
        if text.trim_start().starts_with('+') { Err(EXPECTED) } else { Ok(TimeBound::BeforeNow(back)) }
    }
}

fn timestamp(text: &str) -> Option<Timestamp> {
    text.parse().ok().or_else(|| {
        let in_utc = text.parse::<DateTime>().ok()?;
        TimeZone::UTC.to_timestamp(in_utc).ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_without_an_offset_is_in_utc() {
        for text in [
            "2024-05-01T12:30:00Z",
            "2024-05-01T14:30:00+02:00",
            "2024-05-01 12:30",
            "20240501T123000",
            "1714566600000",
        ] {
            assert_eq!(text.parse(), Ok(TimeBound::At(1_714_566_600_000)), "{text}");
        }
        assert_eq!("2024-05-01".parse(), Ok(TimeBound::At(1_714_521_600_000)));
        assert_eq!("1969-12-31T23:59:59.9995Z".parse(), Ok(TimeBound::At(-1)));
        assert_eq!("-5".parse(), Ok(TimeBound::At(-5)));
    }

    #[test]
    fn a_duration_counts_back_from_now() {
        for text in ["-2h", "2h", "2h ago", "2 hours ago", "120m", "PT2H", "-PT2H", "1h 3600s"] {
            assert_eq!(text.parse(), Ok(TimeBound::BeforeNow(7_200_000)), "{text}");
        }
        assert_eq!("1d ago".parse::<TimeBound>().unwrap().resolve(86_400_005), 5);
        assert_eq!("2w".parse(), Ok(TimeBound::BeforeNow(14 * 86_400_000)));
        assert_eq!(TimeBound::BeforeNow(i64::MAX).resolve(-5), i64::MIN);
    }

    #[test]
    fn what_has_no_fixed_length_or_lies_ahead_is_refused() {
        for text in
            ["", "1mo ago", "1y", "+2h", "yesterday", "12:30", "2024-13-01", "2024-02-30", "99999999999999999999"]
        {
            assert!(text.parse::<TimeBound>().is_err(), "{text}");
        }
    }
}
