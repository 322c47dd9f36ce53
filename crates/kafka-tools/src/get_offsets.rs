//! `kafka-get-offsets`: first, last and other offsets of partitions (`GetOffsetShell`).

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;

use kafka_options::{OptionError, Options, Usage};
use kafka_thin_client::admin::{self, IsolationLevel, OffsetSpec};
use kafka_thin_client::{Client, ClientError, TopicPartition};

use crate::client::{connect, explain};
use crate::regex::{IncludeList, InvalidPattern};
use crate::terminal::{Stop, Terminal};

const USAGE: &str = include_str!("../usage/get_offsets.txt");
const ABOUT: &str = "An interactive shell for getting topic-partition offsets.";

/// Why the tool fails; what is shown is Kafka's message.
#[derive(Debug)]
enum OffsetsError {
    Option(OptionError),
    Client(&'static str, ClientError),
    Pattern(InvalidPattern),
    Conflict,
    Time(String),
    PartitionIds(String),
    Rule(String),
    NoMatch,
}

impl fmt::Display for OffsetsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OffsetsError::Option(error) => error.fmt(f),
            OffsetsError::Client(call, error) => f.write_str(&explain(error, call)),
            OffsetsError::Pattern(error) => error.fmt(f),
            OffsetsError::Conflict => f.write_str("--topic-partitions cannot be used with --topic or --partitions"),
            OffsetsError::Time(given) => write!(
                f,
                "Malformed time argument {given}. Please use -1 or latest / -2 or earliest / -3 or max-timestamp / \
                 -4 or earliest-local / -5 or latest-tiered / -6 or earliest-pending-upload, or a specified long \
                 format timestamp"
            ),
            OffsetsError::PartitionIds(given) => {
                write!(f, "--partitions expects a comma separated list of numeric partition ids, but received: {given}")
            }
            OffsetsError::Rule(rule) => write!(f, "Invalid rule specification: {rule}"),
            OffsetsError::NoMatch => f.write_str("Could not match any topic-partitions with the specified filters"),
        }
    }
}

impl From<OptionError> for OffsetsError {
    fn from(error: OptionError) -> Self {
        OffsetsError::Option(error)
    }
}

/// Runs the tool.
pub(crate) fn main(args: Vec<OsString>, terminal: &mut Terminal<'_>) -> Result<(), Stop> {
    let usage = Usage::read(USAGE);
    let options = match Options::parse(&usage, args) {
        Err(error) => return fail(error.into()),
        Ok(options) if options.is_empty() || options.has("help") => return Err(Stop::usage(ABOUT, &usage)),
        Ok(options) if options.has("version") => return Err(Stop::Version),
        Ok(options) => options,
    };
    if !options.has("bootstrap-server") {
        return Err(Stop::usage("Missing required argument \"[bootstrap-server]\"", &usage));
    }
    let query = match Query::read(&options) {
        Ok(query) => query,
        Err(error) => return fail(error),
    };
    let mut client = connect(&options, "bootstrap-server", "command-config")?;
    match query.run(&mut client, terminal) {
        Err(error) => fail(error),
        Ok(offsets) => {
            for (TopicPartition { topic, partition }, offset) in offsets {
                terminal.line(format_args!("{topic}:{partition}:{offset}"))?;
            }
            Ok(())
        }
    }
}

fn fail(error: OffsetsError) -> Result<(), Stop> {
    Err(Stop::Failed(format!("Error occurred: {error}")))
}

/// What is asked for.
struct Query {
    spec: OffsetSpec,
    rules: Vec<Rule>,
    exclude_internal: bool,
}

/// Topics, and partitions of them.
struct Rule {
    topics: IncludeList,
    partitions: Partitions,
}

#[derive(Debug, PartialEq, Eq)]
enum Partitions {
    Of(Vec<i32>),
    /// From the first to before the second.
    Range(i32, i32),
}

impl Query {
    fn read(options: &Options) -> Result<Self, OffsetsError> {
        let by_rules = options.value("topic-partitions")?;
        if by_rules.is_some() && (options.has("topic") || options.has("partitions")) {
            return Err(OffsetsError::Conflict);
        }
        let spec = offset_spec(&options.value("time")?.unwrap_or_else(|| "latest".into()))?;
        let rules = match by_rules {
            Some(rules) => rules.trim_end_matches(',').split(',').map(Rule::read).collect::<Result<_, _>>()?,
            None => vec![Rule {
                topics: include(options.value("topic")?.as_deref().unwrap_or(".*"))?,
                partitions: partition_ids(options.value("partitions")?.as_deref().unwrap_or_default())?,
            }],
        };
        Ok(Query { spec, rules, exclude_internal: options.has("exclude-internal-topics") })
    }

    fn run(
        &self,
        client: &mut Client,
        terminal: &mut Terminal<'_>,
    ) -> Result<Vec<(TopicPartition, i64)>, OffsetsError> {
        let topics = admin::list_topics(client).map_err(|error| OffsetsError::Client("listTopics", error))?;
        let wanted: Vec<_> = topics
            .iter()
            .filter(|topic| !(self.exclude_internal && topic.is_internal))
            .flat_map(|topic| {
                topic.partitions.iter().map(|partition| TopicPartition::new(&topic.name, partition.index))
            })
            .filter(|partition| self.rules.iter().any(|rule| rule.has(partition)))
            .map(|partition| (partition, self.spec))
            .collect();
        if wanted.is_empty() {
            return Err(OffsetsError::NoMatch);
        }
        let offsets = admin::list_offsets(client, &wanted, IsolationLevel::ReadUncommitted);
        let offsets = offsets.map_err(|error| OffsetsError::Client("listOffsets", error))?;
        // Kafka sorts by names such as `topic-10`.
        let mut found = BTreeMap::new();
        for (partition, result) in offsets {
            let name = partition.to_string();
            match result {
                Ok(listed) if listed.offset >= 0 => {
                    found.insert(name, (partition, listed.offset));
                }
                Ok(_) => {}
                Err(error) => {
                    let line = format_args!("Skip getting offsets for topic-partition {name} due to error: {error}");
                    // The offsets that there are count more than this line.
                    let _ = terminal.error(line);
                }
            }
        }
        Ok(found.into_values().collect())
    }
}

impl Rule {
    /// Reads `TOPICS`, `TOPICS:PARTITION`, `TOPICS:FROM-BEFORE`, the latter two without one or the other.
    fn read(text: &str) -> Result<Self, OffsetsError> {
        let (topics, partitions) = text.split_once(':').unwrap_or((text, ""));
        let invalid = || OffsetsError::Rule(text.to_owned());
        let number = |text: &str, default| match text {
            "" => Ok(default),
            text if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse::<i32>().map_err(|_| invalid()),
            _ => Err(invalid()),
        };
        let partitions = match partitions.split_once('-') {
            Some((from, before)) => Partitions::Range(number(from, 0)?, number(before, i32::MAX)?),
            None if partitions.is_empty() => Partitions::Range(0, i32::MAX),
            None => Partitions::Of(vec![number(partitions, 0)?]),
        };
        Ok(Rule { topics: include(if topics.is_empty() { ".*" } else { topics })?, partitions })
    }

    fn has(&self, TopicPartition { topic, partition }: &TopicPartition) -> bool {
        let has_partition = match &self.partitions {
            Partitions::Of(ids) => ids.contains(partition),
            Partitions::Range(from, before) => (*from..*before).contains(partition),
        };
        has_partition && self.topics.has(topic, false)
    }
}

fn include(topics: &str) -> Result<IncludeList, OffsetsError> {
    IncludeList::read(topics).map_err(OffsetsError::Pattern)
}

fn partition_ids(text: &str) -> Result<Partitions, OffsetsError> {
    if text.is_empty() {
        return Ok(Partitions::Range(0, i32::MAX));
    }
    let ids = text.trim_end_matches(',').split(',').map(str::parse).collect::<Result<_, _>>();
    ids.map(Partitions::Of).map_err(|_| OffsetsError::PartitionIds(text.to_owned()))
}

fn offset_spec(text: &str) -> Result<OffsetSpec, OffsetsError> {
    Ok(match text {
        "latest" | "-1" => OffsetSpec::Latest,
        "earliest" | "-2" => OffsetSpec::Earliest,
        "max-timestamp" | "-3" => OffsetSpec::MaxTimestamp,
        "earliest-local" | "-4" => OffsetSpec::EarliestLocal,
        "latest-tiered" | "-5" => OffsetSpec::LatestTiered,
        "earliest-pending-upload" | "-6" => OffsetSpec::EarliestPendingUpload,
        text => OffsetSpec::Timestamp(text.parse().map_err(|_| OffsetsError::Time(text.to_owned()))?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_names_topics_and_partitions() {
        let of = |text: &str| {
            Rule::read(text).map_or_else(|error| error.to_string(), |rule| format!("{:?}", rule.partitions))
        };
        assert_eq!(of("topic"), format!("Range(0, {})", i32::MAX));
        assert_eq!(of("topic:"), format!("Range(0, {})", i32::MAX));
        assert_eq!(of(":3"), "Of([3])");
        assert_eq!(of("topic:1-4"), "Range(1, 4)");
        assert_eq!(of("topic:-4"), "Range(0, 4)");
        assert_eq!(of("topic:5-"), format!("Range(5, {})", i32::MAX));
        for wrong in ["topic:x", "topic:1-2-3", "topic:1:2"] {
            assert_eq!(of(wrong), format!("Invalid rule specification: {wrong}"));
        }
    }
}
