//! A line to headers, key and value (`LineMessageReader`).

use std::fmt;

use regex_lite::Regex;

/// Why a line, or the reader's configuration, is refused. What is shown is Kafka's exception.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum LineError {
    /// Two separators that must differ.
    Equal(&'static str, &'static str),
    /// A separator of headers that is no pattern.
    Pattern(String),
    /// No separator in a line.
    NoSeparator { what: &'static str, line_number: u64, line: String },
    /// A header without a separator between key and value.
    NoHeaderSeparator { pair: String, line_number: u64 },
    /// A header whose key is the null marker.
    NullHeaderKey(String),
}

impl fmt::Display for LineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LineError::Pattern(pattern) => {
                write!(f, "java.util.regex.PatternSyntaxException: Not a valid pattern: {pattern}")
            }
            LineError::Equal(one, other) => {
                write!(f, "org.apache.kafka.common.KafkaException: {one} and {other} may not be equal")
            }
            LineError::NoSeparator { what, line_number, line } => {
                write!(
                    f,
                    "org.apache.kafka.common.KafkaException: No {what} found on line number {line_number}: '{line}'"
                )
            }
            LineError::NoHeaderSeparator { pair, line_number } => write!(
                f,
                "org.apache.kafka.common.KafkaException: No header key separator found in pair '{pair}' on line number \
                 {line_number}"
            ),
            LineError::NullHeaderKey(marker) => write!(
                f,
                "org.apache.kafka.common.KafkaException: Header keys should not be equal to the null marker '{marker}' as \
                 they can't be null"
            ),
        }
    }
}

/// What a line says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Parsed<'l> {
    pub(super) headers: Vec<(&'l str, Option<&'l str>)>,
    pub(super) key: Option<&'l str>,
    pub(super) value: Option<&'l str>,
}

/// The configured reader.
#[derive(Debug)]
pub(super) struct LineReader {
    parse_key: bool,
    key_separator: String,
    parse_headers: bool,
    headers_delimiter: String,
    headers_separator: Regex,
    headers_key_separator: String,
    ignore_error: bool,
    null_marker: Option<String>,
    line_number: u64,
}

impl LineReader {
    /// A reader with these properties, of which the last one with a key counts. Others than the reader's are ignored.
    pub(super) fn new(properties: &[(String, String)]) -> Result<Self, LineError> {
        let get = |key: &str| properties.iter().rev().find(|(known, _)| known == key).map(|(_, value)| value.as_str());
        let flag = |key: &str| get(key).is_some_and(|value| value.trim().eq_ignore_ascii_case("true"));
        let text = |key: &str, default: &str| get(key).unwrap_or(default).to_owned();
        let headers_separator = text("headers.separator", ",");
        let reader = LineReader {
            parse_key: flag("parse.key"),
            key_separator: text("key.separator", "\t"),
            parse_headers: flag("parse.headers"),
            headers_delimiter: text("headers.delimiter", "\t"),
            headers_key_separator: text("headers.key.separator", ":"),
            ignore_error: flag("ignore.error"),
            null_marker: get("null.marker").map(str::to_owned),
            headers_separator: Regex::new(&headers_separator)
                .map_err(|_| LineError::Pattern(headers_separator.clone()))?,
            line_number: 0,
        };
        let marker = reader.null_marker.as_deref();
        for (equal, one, other) in [
            (reader.headers_delimiter == headers_separator, "headers.delimiter", "headers.separator"),
            (reader.headers_delimiter == reader.headers_key_separator, "headers.delimiter", "headers.key.separator"),
            (headers_separator == reader.headers_key_separator, "headers.separator", "headers.key.separator"),
            (marker == Some(&reader.key_separator), "null.marker", "key.separator"),
            (marker == Some(&headers_separator), "null.marker", "headers.separator"),
            (marker == Some(&reader.headers_delimiter), "null.marker", "headers.delimiter"),
            (marker == Some(&reader.headers_key_separator), "null.marker", "headers.key.separator"),
        ] {
            if equal {
                return Err(LineError::Equal(one, other));
            }
        }
        Ok(reader)
    }

    /// Reads the next line.
    pub(super) fn read<'l>(&mut self, line: &'l str) -> Result<Parsed<'l>, LineError> {
        self.line_number += 1;
        let (headers, rest) =
            self.split(self.parse_headers, line, line, &self.headers_delimiter, "headers delimiter")?;
        let (key, rest) = self.split(self.parse_key, line, rest, &self.key_separator, "key separator")?;
        let headers = match self.unless_null(headers) {
            Some(headers) => self.headers(headers)?,
            None => Vec::new(),
        };
        Ok(Parsed { headers, key: self.unless_null(key), value: self.unless_null(Some(rest)) })
    }

    /// What stands before the separator, and the rest.
    fn split<'l>(
        &self,
        enabled: bool,
        line: &str,
        rest: &'l str,
        separator: &str,
        what: &'static str,
    ) -> Result<(Option<&'l str>, &'l str), LineError> {
        if !enabled {
            return Ok((None, rest));
        }
        match rest.split_once(separator) {
            Some((before, after)) => Ok((Some(before), after)),
            None if self.ignore_error => Ok((None, rest)),
            None => Err(LineError::NoSeparator { what, line_number: self.line_number, line: line.to_owned() }),
        }
    }

    fn headers<'l>(&self, headers: &'l str) -> Result<Vec<(&'l str, Option<&'l str>)>, LineError> {
        let mut pairs: Vec<&str> = self.headers_separator.split(headers).collect();
        // Java drops empty texts at the end, but keeps one that is all there is.
        while pairs.len() > 1 && pairs.last() == Some(&"") {
            pairs.pop();
        }
        let header = |pair: &'l str| match pair.split_once(&self.headers_key_separator) {
            None if self.ignore_error => Ok((pair, None)),
            None => Err(LineError::NoHeaderSeparator { pair: pair.to_owned(), line_number: self.line_number }),
            Some((key, _)) if self.null_marker.as_deref() == Some(key) => Err(LineError::NullHeaderKey(key.to_owned())),
            Some((key, value)) => Ok((key, self.unless_null(Some(value)))),
        };
        pairs.into_iter().map(header).collect()
    }

    fn unless_null<'l>(&self, text: Option<&'l str>) -> Option<&'l str> {
        text.filter(|text| self.null_marker.as_deref() != Some(*text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(properties: &[(&str, &str)]) -> Result<LineReader, LineError> {
        let owned = properties.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        LineReader::new(&owned.collect::<Vec<_>>())
    }

    #[test]
    fn lines_are_taken_apart_as_the_properties_say() {
        let all = [("parse.key", "true"), ("parse.headers", "TRUE"), ("null.marker", "NULL")];
        let mut reader = reader(&all).unwrap();
        let parsed = reader.read("h1:a,,\tkey\tvalue").unwrap();
        assert_eq!(parsed.headers, [("h1", Some("a"))], "Java drops empty texts at the end");
        let parsed = reader.read("h1:a,h2:NULL\tkey\tvalue\twith tab").unwrap();
        let headers = vec![("h1", Some("a")), ("h2", None)];
        assert_eq!(parsed, Parsed { headers, key: Some("key"), value: Some("value\twith tab") });
        let parsed = reader.read("NULL\tNULL\tNULL").unwrap();
        assert_eq!(parsed, Parsed::default());
        let error = reader.read("h:1\tno key").unwrap_err();
        assert_eq!(
            error.to_string(),
            "org.apache.kafka.common.KafkaException: No key separator found on line number 4: 'h:1\tno key'"
        );
    }

    #[test]
    fn errors_can_be_ignored() {
        let mut reader = reader(&[("parse.key", "true"), ("parse.headers", "true"), ("ignore.error", "true")]).unwrap();
        let parsed = reader.read("plain").unwrap();
        assert_eq!(parsed, Parsed { value: Some("plain"), ..Parsed::default() });
        let parsed = reader.read("h\tk\tv").unwrap();
        assert_eq!(parsed, Parsed { headers: vec![("h", None)], key: Some("k"), value: Some("v") });
    }

    #[test]
    fn separators_must_differ() {
        let refused = |properties: &[(&str, &str)]| reader(properties).map(|_| ()).unwrap_err();
        assert_eq!(refused(&[("headers.delimiter", ",")]), LineError::Equal("headers.delimiter", "headers.separator"));
        assert_eq!(refused(&[("null.marker", "\t")]), LineError::Equal("null.marker", "key.separator"));
        assert_eq!(refused(&[("headers.separator", "[")]), LineError::Pattern("[".into()));
    }
}
