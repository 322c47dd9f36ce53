//! Values that a key does not have, in Kafka's words (`ConfigException`).

use std::error::Error;
use std::fmt;

use kafka_log::format::java_number::parse_java_int;

use super::super::table::Kind;
use super::{Check, Value};

/// A value of another type than its key's, or one that the key does not have.
#[derive(Clone, Debug, PartialEq)]
pub struct InvalidValue {
    pub(crate) name: String,
    pub(crate) value: String,
    pub(crate) refusal: Refusal,
}

/// Why a value is refused; see [`InvalidValue`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Refusal {
    NotABoolean,
    NotANumber(Kind),
    BelowMin(i64),
    AboveMax(i64),
    BelowRealMin(f64),
    AboveRealMax(f64),
    NotOneOf(&'static [&'static str]),
    NotOneOfAnyCase(&'static [&'static str]),
    EmptyText,
    EmptyList(&'static [&'static str]),
    EmptyElement,
    NotAGzipLevel,
    NotThrottledReplicas,
    VoterFormat,
    VoterId,
    VoterHost,
    BootstrapServerHost,
    PortRange,
    NotAShareOffsetReset,
}

/// The value, or its part, that is refused, and why.
type Found = (String, Refusal);

impl Check {
    /// Why the value is refused; `None` if it is not.
    pub(super) fn refusal(&self, value: &Value) -> Option<Found> {
        let with = |refusal| Some((value.to_string(), refusal));
        match (*self, value) {
            (Check::AtLeast(min) | Check::Range(min, _), Value::Integer(number)) if *number < min => {
                with(Refusal::BelowMin(min))
            }
            (Check::Range(_, max), Value::Integer(number)) if *number > max => with(Refusal::AboveMax(max)),
            (Check::RealRange(min, _), Value::Double(number)) if *number < min => with(Refusal::BelowRealMin(min)),
            (Check::RealRange(_, max), Value::Double(number)) if *number > max => with(Refusal::AboveRealMax(max)),
            (Check::OneOf(words), Value::Text(text)) if !words.contains(&text.as_str()) => {
                with(Refusal::NotOneOf(words))
            }
            (Check::OneOfAnyCase(words), Value::Text(text))
                if !words.iter().any(|word| word.eq_ignore_ascii_case(text)) =>
            {
                with(Refusal::NotOneOfAnyCase(words))
            }
            (Check::NotEmpty, Value::Text(text)) if text.is_empty() => with(Refusal::EmptyText),
            (Check::GzipLevel, Value::Integer(number)) if !matches!(number, -1 | 1..=9) => with(Refusal::NotAGzipLevel),
            (Check::ShareOffsetReset, Value::Text(text)) if !is_share_offset_reset(text) => {
                with(Refusal::NotAShareOffsetReset)
            }
            (Check::Elements { words, may_be_empty }, Value::List(elements)) => {
                if elements.is_empty() && !may_be_empty {
                    return with(Refusal::EmptyList(words));
                }
                elements.iter().find_map(|element| match element.as_str() {
                    "" => with(Refusal::EmptyElement),
                    word if words.is_empty() || words.contains(&word) => None,
                    _ => Some((element.clone(), Refusal::NotOneOf(words))),
                })
            }
            (Check::ThrottledReplicas, Value::List(elements)) if !are_throttled_replicas(elements) => {
                Some((format!("[{}]", elements.join(", ")), Refusal::NotThrottledReplicas))
            }
            (Check::QuorumVoters, Value::List(voters)) => voters.iter().find_map(|voter| voter_refusal(voter)),
            (Check::BootstrapServers, Value::List(servers)) => {
                servers.iter().find_map(|server| server_refusal(server, server, Refusal::BootstrapServerHost))
            }
            _ => None,
        }
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `ThrottledReplicaListValidator`: `partition:broker` each, or the single `*`.
fn are_throttled_replicas(elements: &[String]) -> bool {
    let is_replica = |element: &String| {
        let parts = element.split_once(':');
        element.is_empty() || parts.is_some_and(|(partition, broker)| is_digits(partition) && is_digits(broker))
    };
    elements.iter().all(is_replica) || elements.concat() == "*"
}

fn voter_refusal(voter: &str) -> Option<Found> {
    let Some((id, server)) = voter.split_once('@').filter(|(_, server)| !server.contains('@')) else {
        return Some((voter.to_owned(), Refusal::VoterFormat));
    };
    match parse_java_int(id) {
        None => Some((id.to_owned(), Refusal::VoterId)),
        Some(_) => server_refusal(voter, server, Refusal::VoterHost),
    }
}

fn server_refusal(entry: &str, server: &str, refusal: Refusal) -> Option<Found> {
    let port = server.rsplit_once(':').map(|(_, port)| port).filter(|port| is_digits(port));
    match port.map(str::parse::<u16>) {
        None => Some((entry.to_owned(), refusal)),
        Some(Err(_)) => Some((port.unwrap_or_default().to_owned(), Refusal::PortRange)),
        Some(Ok(_)) => None,
    }
}

/// `latest`, `earliest`, or `by_duration:` and a duration of ISO 8601 that is not negative.
fn is_share_offset_reset(text: &str) -> bool {
    match text.strip_prefix("by_duration:") {
        Some(duration) => is_duration(duration),
        None => matches!(text, "latest" | "earliest"),
    }
}

/// Days, hours, minutes and seconds in this order, of which one at least is there: `P1DT2H3M4.5S`.
fn is_duration(text: &str) -> bool {
    let text = text.to_ascii_uppercase();
    let Some(rest) = text.strip_prefix('P') else { return false };
    let (days, time) = match rest.split_once('T') {
        Some((_, "")) => return false,
        Some((days, time)) => (days, time),
        None => (rest, ""),
    };
    let take = |text: &mut &str, unit: char| match text.split_once(unit) {
        None => true,
        Some((number, behind)) => {
            let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
            let has_fraction = number.contains('.');
            *text = behind;
            is_digits(whole.strip_prefix('+').unwrap_or(whole))
                && (!has_fraction || unit == 'S' && fraction.len() <= 9 && fraction.bytes().all(|b| b.is_ascii_digit()))
        }
    };
    let (mut days, mut time) = (days, time);
    let is_well_formed = take(&mut days, 'D') && take(&mut time, 'H') && take(&mut time, 'M') && take(&mut time, 'S');
    is_well_formed && days.is_empty() && time.is_empty() && !rest.is_empty()
}

impl fmt::Display for InvalidValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let InvalidValue { name, value, refusal } = self;
        match refusal {
            Refusal::EmptyList(words) => {
                write!(f, "Configuration '{name}' must not be empty. Valid values include: ")?;
                match words {
                    [] => f.write_str("any non-empty value"),
                    words => write!(f, "[{}]", words.join(", ")),
                }
            }
            Refusal::EmptyElement => write!(f, "Configuration '{name}' values must not be empty."),
            Refusal::VoterFormat => write!(
                f,
                "Invalid configuration value for {name}. Each entry should be in the form `{{id}}@{{host}}:{{port}}`."
            ),
            Refusal::VoterId => write!(f, "Failed to parse voter ID as an integer from {value}"),
            Refusal::VoterHost => write!(
                f,
                "Failed to parse host name from entry {value} for the configuration {name}. Each entry should be in the \
                 form `{{id}}@{{host}}:{{port}}`."
            ),
            Refusal::BootstrapServerHost => write!(
                f,
                "Failed to parse host name from {value} for the configuration {name}. Each entry should be in the form \
                 \"{{host}}:{{port}}\""
            ),
            Refusal::PortRange => write!(f, "port out of range:{value}"),
            _ => {
                write!(f, "Invalid value {value} for configuration {name}: ")?;
                refusal.write_reason(f, name, value)
            }
        }
    }
}

impl Refusal {
    fn write_reason(&self, f: &mut fmt::Formatter<'_>, name: &str, value: &str) -> fmt::Result {
        match self {
            Refusal::NotABoolean => f.write_str("Expected value to be either true or false"),
            Refusal::NotANumber(kind) => write!(f, "Not a number of type {}", format!("{kind:?}").to_ascii_uppercase()),
            Refusal::BelowMin(min) => write!(f, "Value must be at least {min}"),
            Refusal::AboveMax(max) => write!(f, "Value must be no more than {max}"),
            Refusal::BelowRealMin(min) => write!(f, "Value must be at least {min}"),
            Refusal::AboveRealMax(max) => write!(f, "Value must be no more than {max}"),
            Refusal::NotOneOf(words) => write!(f, "String must be one of: {}", words.join(", ")),
            Refusal::NotOneOfAnyCase(words) => {
                write!(f, "String must be one of (case insensitive): {}", words.join(", "))
            }
            Refusal::EmptyText => f.write_str("String must be non-empty"),
            Refusal::NotAGzipLevel => f.write_str("Value must be between 1 and 9 or equal to -1"),
            Refusal::NotThrottledReplicas => write!(
                f,
                "{name} must be the literal '*' or a list of replicas in the following format: \
                 [partitionId]:[brokerId],[partitionId]:[brokerId],..."
            ),
            Refusal::NotAShareOffsetReset => write!(
                f,
                "Invalid value `{value}` for configuration {name}. The value must be either 'earliest', 'latest' or of the \
                 format 'by_duration:<PnDTnHnMn.nS>'."
            ),
            _ => Ok(()),
        }
    }
}

impl Error for InvalidValue {}
