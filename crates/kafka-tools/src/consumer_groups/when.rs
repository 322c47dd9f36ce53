//! Times as Kafka's tools read them.

use std::fmt;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

/// A text that is no time or no duration; what is shown is Java's message.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum TimeError {
    NoT,
    Unparseable(String),
    Duration,
}

impl fmt::Display for TimeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TimeError::NoT => f.write_str(
                "java.text.ParseException: Error parsing timestamp. It does not contain a 'T' according to ISO8601 format",
            ),
            TimeError::Unparseable(text) => write!(f, "java.text.ParseException: Unparseable date: \"{text}\""),
            TimeError::Duration => f.write_str("Text cannot be parsed to a Duration"),
        }
    }
}

/// Milliseconds since 1970 of `YYYY-MM-DDThh:mm:ss.sss` in the time zone of the machine, or with an offset from UTC
/// (`Utils.getDateTime`).
pub(super) fn date_time(text: &str) -> Result<i64, TimeError> {
    if !text.contains('T') {
        return Err(TimeError::NoT);
    }
    if let Ok(timestamp) = text.parse::<Timestamp>() {
        return Ok(timestamp.as_millisecond());
    }
    let unparseable = || TimeError::Unparseable(text.to_owned());
    let local: DateTime = text.parse().map_err(|_| unparseable())?;
    let timestamp = TimeZone::system().to_timestamp(local).map_err(|_| unparseable())?;
    Ok(timestamp.as_millisecond())
}

/// Milliseconds of `PnDTnHnMnS` (`Duration.parse`).
pub(super) fn duration(text: &str) -> Result<i64, TimeError> {
    let span: Span = text.parse().map_err(|_| TimeError::Duration)?;
    let is_iso = text.trim_start_matches(['-', '+']).starts_with(['P', 'p']);
    if !is_iso || span.get_years() != 0 || span.get_months() != 0 || span.get_weeks() != 0 {
        return Err(TimeError::Duration);
    }
    // The longest span has 20,000 years: no sum can overflow.
    let seconds = i64::from(span.get_days()) * 86_400
        + i64::from(span.get_hours()) * 3_600
        + span.get_minutes() * 60
        + span.get_seconds();
    Ok(seconds * 1_000 + span.get_milliseconds() + span.get_microseconds() / 1_000 + span.get_nanoseconds() / 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_durations_are_read_as_java_reads_them() {
        assert_eq!(date_time("2020-01-01T00:00:00.000Z"), Ok(1_577_836_800_000));
        assert_eq!(date_time("2020-01-01T00:00:00.000+02:00"), Ok(1_577_829_600_000));
        assert!(date_time("2020-01-01T00:00:00.000").is_ok());
        assert_eq!(date_time("2020-01-01"), Err(TimeError::NoT));
        assert_eq!(date_time("bogusT"), Err(TimeError::Unparseable("bogusT".into())));
        assert_eq!(duration("P1DT2H3M4.5S"), Ok(93_784_500));
        assert_eq!(duration("PT0S"), Ok(0));
        assert_eq!(duration("-PT1S"), Ok(-1_000));
        for wrong in ["bogus", "P1M", "P1Y", "1h"] {
            assert_eq!(duration(wrong), Err(TimeError::Duration), "{wrong}");
        }
    }
}
