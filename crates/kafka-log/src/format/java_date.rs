//! Dates as Java shows them.

use jiff::Timestamp;

/// A time in ms since 1970 as `java.util.Date` shows it in UTC: `Mon Nov 23 01:23:22 UTC 2026`. Years end with 9999 here.
pub fn java_date(ms: i64) -> String {
    let time = Timestamp::from_millisecond(ms).unwrap_or(if ms < 0 { Timestamp::MIN } else { Timestamp::MAX });
    time.strftime("%a %b %d %H:%M:%S UTC %Y").to_string()
}

#[cfg(test)]
mod tests {
    use super::java_date;

    #[test]
    fn dates_are_those_of_java() {
        assert_eq!(java_date(1_795_396_802_000), "Mon Nov 23 01:20:02 UTC 2026");
        assert_eq!(java_date(0), "Thu Jan 01 00:00:00 UTC 1970");
        assert_eq!(java_date(951_782_399_999), "Mon Feb 28 23:59:59 UTC 2000");
    }
}
