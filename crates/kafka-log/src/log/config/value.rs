//! Values of settings as Kafka reads them from text (`ConfigDef.parseType`, `ConfigDef.Range`).
//!
//! All are trimmed as Java trims: of everything up to the space. Numbers are those of `Integer.parseInt` and
//! `Long.parseLong`; doubles those of `Double.parseDouble`, hexadecimal ones aside.

use std::fmt::Display;

use super::{CompressionType, ConfigError};
use crate::compression::Codec;
use crate::format::batch::TimestampType;
use crate::format::java_number::{parse_java_double, parse_java_int, parse_java_long};

/// `String.trim`.
pub fn trim(text: &str) -> &str {
    text.trim_matches(|c| c <= ' ')
}

/// True or false, in letters of any case.
pub fn boolean(text: &str) -> Option<bool> {
    // `equalsIgnoreCase` compares upper case too, which makes the long s an S.
    let is = |word: &str| {
        let lower = |c: char| if c == 'ſ' { 's' } else { c.to_ascii_lowercase() };
        trim(text).chars().map(lower).eq(word.chars())
    };
    match (is("true"), is("false")) {
        (true, _) => Some(true),
        (_, true) => Some(false),
        _ => None,
    }
}

/// The parts between commas, without white space at the commas; none in an empty text.
pub fn list(text: &str) -> Vec<&str> {
    let text = trim(text);
    let is_space = |c: char| matches!(c, ' ' | '\t' | '\n' | '\x0b' | '\x0c' | '\r');
    if text.is_empty() { Vec::new() } else { text.split(',').map(|part| part.trim_matches(is_space)).collect() }
}

/// A setting's name and text on its way to a value.
#[derive(Clone, Copy)]
pub(crate) struct Setting<'a> {
    pub(crate) name: &'static str,
    pub(crate) text: &'a str,
}

impl<'a> Setting<'a> {
    pub(crate) fn boolean(self) -> Result<bool, ConfigError> {
        boolean(self.text).ok_or_else(|| self.invalid("true or false"))
    }

    pub(crate) fn int(self) -> Result<i32, ConfigError> {
        parse_java_int(trim(self.text)).ok_or_else(|| self.invalid("a whole number of 32 bits"))
    }

    pub(crate) fn long(self) -> Result<i64, ConfigError> {
        parse_java_long(trim(self.text)).ok_or_else(|| self.invalid("a whole number of 64 bits"))
    }

    pub(crate) fn int_from(self, min: i32) -> Result<i32, ConfigError> {
        self.at_least(self.int()?, min)
    }

    pub(crate) fn int_between(self, min: i32, max: i32) -> Result<i32, ConfigError> {
        let value = self.int()?;
        if (min..=max).contains(&value) { Ok(value) } else { Err(self.invalid(format!("{min} to {max}"))) }
    }

    pub(crate) fn long_from(self, min: i64) -> Result<i64, ConfigError> {
        self.at_least(self.long()?, min)
    }

    fn at_least<T: PartialOrd + Display>(self, value: T, min: T) -> Result<T, ConfigError> {
        if value < min { Err(self.invalid(format!("{min} or more"))) } else { Ok(value) }
    }

    pub(crate) fn double(self) -> Result<f64, ConfigError> {
        parse_java_double(trim(self.text)).ok_or_else(|| self.invalid("a number"))
    }

    /// Between 0 and 1; what is not a number lies there too.
    pub(crate) fn ratio(self) -> Result<f64, ConfigError> {
        let value = self.double()?;
        if (0.0..=1.0).contains(&value) || value.is_nan() { Ok(value) } else { Err(self.invalid("0 to 1")) }
    }

    pub(crate) fn list(self) -> Vec<&'a str> {
        list(self.text)
    }

    /// `cleanup.policy`: whether it has `delete`, and whether it has `compact`.
    pub(crate) fn cleanup_policy(self) -> Result<(bool, bool), ConfigError> {
        let parts = self.list();
        match parts.iter().all(|part| matches!(*part, "delete" | "compact")) {
            true => Ok((parts.contains(&"delete"), parts.contains(&"compact"))),
            false => Err(self.invalid("delete, compact, both, or nothing")),
        }
    }

    pub(crate) fn compression_type(self) -> Result<CompressionType, ConfigError> {
        Ok(match trim(self.text) {
            "producer" => CompressionType::Producer,
            "uncompressed" => CompressionType::Always(Codec::None),
            "gzip" => CompressionType::Always(Codec::Gzip),
            "snappy" => CompressionType::Always(Codec::Snappy),
            "lz4" => CompressionType::Always(Codec::Lz4),
            "zstd" => CompressionType::Always(Codec::Zstd),
            _ => return Err(self.invalid("producer, uncompressed, gzip, snappy, lz4 or zstd")),
        })
    }

    /// `compression.gzip.level`: 1 to 9, or -1 for the library's own.
    pub(crate) fn gzip_level(self) -> Result<i32, ConfigError> {
        match self.int()? {
            level @ (-1 | 1..=9) => Ok(level),
            _ => Err(self.invalid("1 to 9, or -1")),
        }
    }

    pub(crate) fn timestamp_type(self) -> Result<TimestampType, ConfigError> {
        match trim(self.text) {
            "CreateTime" => Ok(TimestampType::CreateTime),
            "LogAppendTime" => Ok(TimestampType::LogAppendTime),
            _ => Err(self.invalid("CreateTime or LogAppendTime")),
        }
    }

    /// `partition:broker` each, empty ones, or the single `*` (`ThrottledReplicaListValidator`).
    pub(crate) fn throttled_replicas(self) -> Result<Vec<String>, ConfigError> {
        let parts = self.list();
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let is_replica = |part: &str| {
            part.is_empty()
                || part.split_once(':').is_some_and(|(partition, broker)| is_number(partition) && is_number(broker))
        };
        let trimmed = parts.iter().map(|part| trim(part));
        if trimmed.clone().all(is_replica) || trimmed.collect::<String>() == "*" {
            Ok(parts.into_iter().map(str::to_owned).collect())
        } else {
            Err(self.invalid("PARTITION:BROKER,PARTITION:BROKER,... or *"))
        }
    }

    pub(crate) fn invalid(self, expected: impl Into<String>) -> ConfigError {
        ConfigError::InvalidValue { name: self.name, value: self.text.to_owned(), expected: expected.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Setting<'_> {
        Setting { name: "test", text }
    }

    #[test]
    fn booleans_are_those_of_java() {
        for text in ["true", " TRUE\t", "True"] {
            assert_eq!(of(text).boolean(), Ok(true), "{text}");
        }
        assert_eq!(of("falſe").boolean(), Ok(false));
        for text in ["", "1", "yes", "tru e", "ｔrue"] {
            assert!(of(text).boolean().is_err(), "{text}");
        }
    }

    #[test]
    fn ratios_are_between_0_and_1() {
        assert!(of("NaN").ratio().is_ok_and(f64::is_nan));
        assert!(of("1.0000001").ratio().is_err());
    }

    #[test]
    fn lists_lose_white_space_at_commas_only() {
        assert_eq!(of(" a ,\tb b,, ").list(), ["a", "b b", "", ""]);
        assert_eq!(of(" ").list(), [""; 0]);
        assert_eq!(of("a,").list(), ["a", ""]);
    }
}
