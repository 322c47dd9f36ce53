//! Values of settings: from text, checked as their key says, and as text again, in Kafka's form (`ConfigDef.parse`,
//! `ConfigDef.convertToString`).

mod refusal;
#[cfg(test)]
mod tests;

use std::fmt;

use kafka_log::format::java_number::{parse_java_double, parse_java_int, parse_java_long, push_java_double};
use kafka_log::log::config::value::{boolean, list, trim};

use super::table::{ConfigKey, Kind};

pub use refusal::InvalidValue;
use refusal::Refusal;

/// A value of a setting.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Boolean(bool),
    /// Of 16, 32 or 64 bits.
    Integer(i64),
    Double(f64),
    /// Text, or the name of a class.
    Text(String),
    Password(String),
    List(Vec<String>),
}

/// What values a key may have, besides its type (`ConfigDef.Validator`).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Check {
    Any,
    AtLeast(i64),
    Range(i64, i64),
    RealRange(f64, f64),
    OneOf(&'static [&'static str]),
    OneOfAnyCase(&'static [&'static str]),
    /// A list without empty elements. Where there are words, no others; a word counts once.
    Elements {
        words: &'static [&'static str],
        may_be_empty: bool,
    },
    NotEmpty,
    GzipLevel,
    ThrottledReplicas,
    QuorumVoters,
    BootstrapServers,
    ShareOffsetReset,
}

impl ConfigKey {
    /// Reads a value.
    pub(crate) fn parse(&self, text: &str) -> Result<Value, InvalidValue> {
        let error =
            |value: &str, refusal| InvalidValue { name: self.name.to_owned(), value: value.to_owned(), refusal };
        let not_a_number = || error(text, Refusal::NotANumber(self.kind));
        let trimmed = trim(text);
        let value = match self.kind {
            Kind::Boolean => Value::Boolean(boolean(text).ok_or_else(|| error(text, Refusal::NotABoolean))?),
            Kind::Short => {
                let number = parse_java_int(trimmed).and_then(|number| i16::try_from(number).ok());
                Value::Integer(number.ok_or_else(not_a_number)?.into())
            }
            Kind::Int => Value::Integer(parse_java_int(trimmed).ok_or_else(not_a_number)?.into()),
            Kind::Long => Value::Integer(parse_java_long(trimmed).ok_or_else(not_a_number)?),
            Kind::Double => Value::Double(parse_java_double(trimmed).ok_or_else(not_a_number)?),
            Kind::String | Kind::Class => Value::Text(trimmed.to_owned()),
            Kind::Password => Value::Password(trimmed.to_owned()),
            Kind::List => Value::List(self.elements(list(text))),
        };
        match self.check.refusal(&value) {
            None => Ok(value),
            Some((found, refusal)) => Err(error(&found, refusal)),
        }
    }

    /// The elements of a list; where each counts once, the first of equal ones.
    fn elements(&self, parts: Vec<&str>) -> Vec<String> {
        let mut elements: Vec<String> = Vec::with_capacity(parts.len());
        for part in parts {
            if !matches!(self.check, Check::Elements { .. }) || !elements.iter().any(|other| other == part) {
                elements.push(part.to_owned());
            }
        }
        elements
    }

    /// The default as Kafka shows it.
    pub(crate) fn default_value(&self) -> Option<Value> {
        // Defaults are in range: tests read all of them.
        self.default.and_then(|text| self.parse(text).ok())
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Boolean(value) => value.fmt(f),
            Value::Integer(value) => value.fmt(f),
            Value::Double(value) => f.write_str(&java_double(*value)),
            Value::Text(value) => f.write_str(value),
            Value::Password(_) => f.write_str("[hidden]"),
            Value::List(values) => f.write_str(&values.join(",")),
        }
    }
}

fn java_double(value: f64) -> String {
    let mut out = Vec::new();
    push_java_double(&mut out, value);
    String::from_utf8(out).unwrap_or_default()
}
