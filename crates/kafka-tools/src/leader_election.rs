//! `kafka-leader-election`: lets partitions elect leaders (`LeaderElectionCommand`).

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fmt;
use std::time::Duration;

use kafka_options::{Options, Usage};
use kafka_rpc::ErrorCode;
use kafka_thin_client::admin::{self, ElectionType};
use kafka_thin_client::{ApiError, ClientError, TopicPartition};

use crate::client::{adminclient, configure, exception, open, parse_or_explain, thrown};
use crate::json::{self, JsonError};
use crate::terminal::{Stop, Terminal};

const USAGE: &str = include_str!("../usage/leader_election.txt");
const ABOUT: &str = "This tool attempts to elect a new leader for a set of topic partitions. The type of elections supported \
                     are preferred replicas and unclean replicas.";
/// How long the tool tries, and how long it waits for one response, unless the configuration says otherwise.
const TIMEOUT: Duration = Duration::from_secs(30);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(15);

/// Why a command line cannot be run.
#[derive(Debug, PartialEq, Eq)]
enum ElectionError {
    Missing(Vec<&'static str>),
    OneOf,
    PartitionWithoutTopic,
    Type(String),
    Json(JsonError),
    Duplicates(Vec<TopicPartition>),
}

impl fmt::Display for ElectionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ElectionError::Missing(options) => write!(f, "Missing required option(s): {}", options.join(", ")),
            ElectionError::OneOf => f.write_str(
                "One and only one of the following options is required: topic, all-topic-partitions, path-to-json-file",
            ),
            ElectionError::PartitionWithoutTopic => f.write_str("Option partition is only allowed if topic is used"),
            ElectionError::Type(value) => write!(f, "Cannot parse argument '{value}' of option election-type"),
            ElectionError::Json(error) => error.fmt(f),
            ElectionError::Duplicates(partitions) => {
                let partitions: Vec<_> = partitions.iter().map(TopicPartition::to_string).collect();
                write!(f, "Replica election data contains duplicate partitions: [{}]", partitions.join(", "))
            }
        }
    }
}

impl From<ElectionError> for Stop {
    fn from(error: ElectionError) -> Self {
        Stop::Failed(error.to_string())
    }
}

impl From<JsonError> for ElectionError {
    fn from(error: JsonError) -> Self {
        ElectionError::Json(error)
    }
}

/// Runs the tool.
pub(crate) fn main(args: Vec<OsString>, terminal: &mut Terminal<'_>) -> Result<(), Stop> {
    let usage = Usage::read(USAGE);
    let options = parse_or_explain(&usage, ABOUT, args)?;
    check(&options, &usage)?;
    let election = election_type(&options.value("election-type")?.unwrap_or_default())?;
    let partitions = partitions(&options)?;
    let old_config = options.value("admin.config")?;
    if old_config.is_some() {
        terminal.line(
            "Option --admin.config has been deprecated and will be removed in a future version. Use --command-config \
             instead.",
        )?;
    }
    let mut settings = adminclient();
    settings.default_api_timeout = TIMEOUT;
    settings.connection.request_timeout = REQUEST_TIMEOUT;
    let config = old_config.map_or_else(|| options.value("command-config"), |path| Ok(Some(path)))?;
    let settings = configure(settings, config.as_deref(), options.value("bootstrap-server")?.as_deref())?;
    let results = admin::elect_leaders(&mut open(settings)?, election, partitions.as_deref());
    match results {
        Ok(results) => print(election, results, terminal),
        Err(error) => {
            let known = match &error {
                ClientError::TimedOut { .. } => Some("Timeout waiting for election results"),
                ClientError::Api(ApiError { code: ErrorCode::ClusterAuthorizationFailed, .. }) => {
                    Some("Not authorized to perform leader election")
                }
                _ => None,
            };
            known.map_or(Ok(()), |line| terminal.line(line))?;
            Err(Stop::Failed(known.map_or_else(|| thrown(&error, "electLeaders"), str::to_owned)))
        }
    }
}

fn check(options: &Options, usage: &Usage) -> Result<(), Stop> {
    let required = ["bootstrap-server", "election-type"];
    let missing: Vec<_> = required.into_iter().filter(|option| !options.has(option)).collect();
    if !missing.is_empty() {
        return Err(ElectionError::Missing(missing).into());
    }
    if options.has("admin.config") && options.has("command-config") {
        let why = "Option \"[admin.config]\" can't be used with option \"[command-config]\"";
        return Err(Stop::usage(why, usage));
    }
    let (has_topic, has_partition) = (options.has("topic"), options.has("partition"));
    if options.count(&["topic", "all-topic-partitions", "path-to-json-file"]) != 1 {
        return Err(ElectionError::OneOf.into());
    }
    match (has_topic, has_partition) {
        (true, false) => Err(ElectionError::Missing(vec!["partition"]).into()),
        (false, true) => Err(ElectionError::PartitionWithoutTopic.into()),
        _ => Ok(()),
    }
}

fn election_type(value: &str) -> Result<ElectionType, ElectionError> {
    match value.to_ascii_lowercase().as_str() {
        "preferred" => Ok(ElectionType::Preferred),
        "unclean" => Ok(ElectionType::Unclean),
        _ => Err(ElectionError::Type(value.to_owned())),
    }
}

const fn name(election: ElectionType) -> &'static str {
    match election {
        ElectionType::Preferred => "PREFERRED",
        ElectionType::Unclean => "UNCLEAN",
    }
}

/// The partitions that are named; `None` stands for all.
fn partitions(options: &Options) -> Result<Option<Vec<TopicPartition>>, Stop> {
    if let Some(path) = options.value("path-to-json-file")? {
        let text = std::fs::read_to_string(&path);
        let text = text.map_err(|_| Stop::Failed(format!("java.io.IOException: Unable to read file {path}")))?;
        return Ok(Some(listed(&text)?));
    }
    match (options.value("topic")?, options.number("partition")?) {
        (Some(topic), Some(partition)) => Ok(Some(vec![TopicPartition::new(topic, partition)])),
        _ => Ok(None),
    }
}

/// Reads `{"partitions": [{"topic": "foo", "partition": 1}]}`.
fn listed(text: &str) -> Result<Vec<TopicPartition>, ElectionError> {
    let value = json::read(text)?;
    let partitions = json::field(&value, "partitions")?;
    let mut listed = BTreeSet::new();
    let mut duplicates = BTreeSet::new();
    for item in json::array(partitions)? {
        let partition = TopicPartition::new(
            json::string(json::field(item, "topic")?)?,
            json::integer(json::field(item, "partition")?)?,
        );
        if !listed.insert(partition.clone()) {
            duplicates.insert(partition);
        }
    }
    match duplicates.is_empty() {
        true => Ok(listed.into_iter().collect()),
        false => Err(ElectionError::Duplicates(duplicates.into_iter().collect())),
    }
}

fn print(
    election: ElectionType,
    mut results: admin::Results<(), TopicPartition>,
    terminal: &mut Terminal<'_>,
) -> Result<(), Stop> {
    results.sort_by(|(a, _), (b, _)| a.cmp(b));
    let election = name(election);
    let is_not_needed = |error: &ApiError| error.code == ErrorCode::ElectionNotNeeded;
    let of = |wanted: fn(&Result<(), ApiError>) -> bool| {
        let of = results.iter().filter(|(_, result)| wanted(result)).map(|(partition, _)| partition.to_string());
        Some(of.collect::<Vec<_>>().join(", ")).filter(|text| !text.is_empty())
    };
    if let Some(partitions) = of(Result::is_ok) {
        terminal
            .line(format_args!("Successfully completed leader election ({election}) for partitions {partitions}"))?;
    }
    if let Some(partitions) =
        of(|result| result.as_ref().is_err_and(|error| error.code == ErrorCode::ElectionNotNeeded))
    {
        terminal.line(format_args!("Valid replica already elected for partitions {partitions}"))?;
    }
    let mut failed = 0;
    for (partition, result) in &results {
        if let Some(error) = result.as_ref().err().filter(|error| !is_not_needed(error)) {
            failed += 1;
            let why = exception(error);
            let line = format_args!("Error completing leader election ({election}) for partition: {partition}: {why}");
            terminal.line(line)?;
        }
    }
    match failed {
        0 => Ok(()),
        failed => Err(Stop::Failed(format!("{failed} replica(s) could not be elected"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_lists_partitions() {
        let one = r#"{"topic": "foo", "partition": 1}"#;
        let found = listed(&format!(r#"{{"partitions": [{one}]}}"#));
        assert_eq!(found, Ok(vec![TopicPartition::new("foo", 1)]));
        let twice = listed(&format!(r#"{{"partitions": [{one}, {one}]}}"#)).map_err(|error| error.to_string());
        assert_eq!(twice, Err("Replica election data contains duplicate partitions: [foo-1]".into()));
        assert!(listed("{}").is_err());
    }

    #[test]
    fn results_are_told_by_kind() {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let failed = |code| Err(ApiError { code, message: Some("No.".into()) });
        let results = vec![
            (TopicPartition::new("t", 2), failed(ErrorCode::ElectionNotNeeded)),
            (TopicPartition::new("t", 1), Ok(())),
            (TopicPartition::new("t", 0), Ok(())),
            (TopicPartition::new("u", 0), failed(ErrorCode::UnknownTopicOrPartition)),
        ];
        let outcome = print(ElectionType::Preferred, results, &mut Terminal::new(&mut out, &mut err));
        assert!(matches!(outcome, Err(Stop::Failed(why)) if why == "1 replica(s) could not be elected"));
        assert_eq!(
            String::from_utf8(out).expect("text"),
            "Successfully completed leader election (PREFERRED) for partitions t-0, t-1\n\
             Valid replica already elected for partitions t-2\n\
             Error completing leader election (PREFERRED) for partition: u-0: \
             org.apache.kafka.common.errors.UnknownTopicOrPartitionException: No.\n"
        );
    }
}
