//! Options of the console consumer, and the configurations that they make (`ConsoleConsumerOptions`).

use std::collections::BTreeSet;
use std::time::Duration;

use kafka_options::{Options, Usage};
use kafka_thin_client::consumer::{Consumer, ConsumerConfig, OffsetReset};
use kafka_thin_client::{ClientConfig, Properties};
use regex_lite::Regex;

use super::formatter::Formatter;
use crate::properties::{self, config_exception, get};
use crate::terminal::{Stop, Terminal};

const FORMATTER: &str = "org.apache.kafka.tools.consumer.DefaultMessageFormatter";

/// Where to start in a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start {
    At(i64),
    End(OffsetReset),
}

/// What to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Topic(String),
    Pattern(String),
    Partition(String, i32, Start),
}

/// What the command line says.
pub(super) struct Settings {
    pub(super) source: Source,
    consumer: Properties,
    pub(super) formatter: Formatter,
    /// `None` for no end.
    pub(super) max_messages: Option<u64>,
    pub(super) timeout: Option<Duration>,
    pub(super) skips_errors: bool,
    /// Whether to say so at the end, for system tests.
    pub(super) announces_end: bool,
    /// Whether the group is one of the classic protocol.
    pub(super) is_classic: bool,
}

impl Settings {
    /// Checks and reads the options in the order in which Kafka's tool does, which decides the error that is shown.
    pub(super) fn read(options: &Options, usage: &Usage, terminal: &mut Terminal<'_>) -> Result<Self, Stop> {
        check_source(options, usage)?;
        for (old, new) in [("consumer-property", "command-property"), ("consumer.config", "command-config")] {
            exclude(options, usage, old, new)?;
        }
        for (old, new) in [("consumer-property", "command-property"), ("consumer.config", "command-config")] {
            deprecate(options, terminal, old, new)?;
        }
        let file = properties::file(options, &["consumer.config", "command-config"])?;
        let pairs = properties::pairs(options, &["consumer-property", "command-property"]);
        let group = group(options, usage, &file, &pairs)?;
        let consumer = consumer_properties(options, terminal, file, pairs, group)?;
        let start = start(options, usage)?;
        let timeout = options.number::<i64>("timeout-ms")?.and_then(|timeout| u64::try_from(timeout).ok());
        let formatter = formatter(options, usage, terminal)?;
        let source = match (options.value("topic")?, options.number("partition")?) {
            (Some(topic), Some(partition)) => Source::Partition(topic, partition, start),
            (Some(topic), None) => Source::Topic(topic),
            (None, _) => Source::Pattern(options.value("include")?.unwrap_or_default()),
        };
        Ok(Settings {
            is_classic: !get(&consumer, "group.protocol").is_some_and(|value| value.eq_ignore_ascii_case("consumer")),
            source,
            consumer,
            formatter,
            // -1 is Kafka's word for no end.
            max_messages: match options.number::<i32>("max-messages")? {
                None | Some(-1) => None,
                Some(max) => Some(u64::try_from(max).unwrap_or(0)),
            },
            timeout: timeout.map(Duration::from_millis),
            skips_errors: options.has("skip-message-on-error"),
            announces_end: options.has("enable-systest-events"),
        })
    }

    /// The consumer, and the pattern of its topics; an error is the exception of Kafka's tool.
    pub(super) fn connect(&self) -> Result<(Consumer, Option<Regex>), String> {
        let mut config = ConsumerConfig::default();
        let mut client = ClientConfig::new(Vec::<String>::new());
        let others = config.apply(&self.consumer).map_err(|error| config_exception(&error))?;
        client.apply(&others).map_err(|error| config_exception(&error))?;
        let consumer = Consumer::new(client, config);
        let consumer = consumer.map_err(|error| {
            format!("org.apache.kafka.common.KafkaException: Failed to construct kafka consumer: {error}")
        })?;
        let pattern = match &self.source {
            Source::Pattern(pattern) => Some(
                Regex::new(&format!("^(?:{pattern})$"))
                    .map_err(|_| format!("java.util.regex.PatternSyntaxException: Not a valid pattern: {pattern}"))?,
            ),
            Source::Topic(_) | Source::Partition(..) => None,
        };
        Ok((consumer, pattern))
    }
}

/// `checkRequiredArgs`.
fn check_source(options: &Options, usage: &Usage) -> Result<(), Stop> {
    let refuse = |message: &str| Err(Stop::usage(message, usage));
    if options.count(&["topic", "include"]) != 1 {
        return refuse("Exactly one of the following arguments is required: [topic], [include]");
    }
    if options.has("partition") {
        if !options.has("topic") {
            return refuse("The topic is required when partition is specified.");
        }
        if options.has("from-beginning") && options.has("offset") {
            return refuse("Options from-beginning and offset cannot be specified together.");
        }
    } else if options.has("offset") {
        return refuse("The partition is required when offset is specified.");
    }
    if !options.has("bootstrap-server") {
        return refuse("Missing required argument \"[bootstrap-server]\"");
    }
    Ok(())
}

fn exclude(options: &Options, usage: &Usage, old: &str, new: &str) -> Result<(), Stop> {
    if options.has(old) && options.has(new) {
        return Err(Stop::usage(format!("Options --{old} and --{new} cannot be specified together."), usage));
    }
    Ok(())
}

fn deprecate(options: &Options, terminal: &mut Terminal<'_>, old: &str, new: &str) -> Result<(), Stop> {
    if options.has(old) {
        terminal.line(format_args!(
            "Option --{old} is deprecated and will be removed in a future version. Use --{new} instead."
        ))?;
    }
    Ok(())
}

/// The group, if one is named anywhere (`checkConsumerGroup`).
fn group(options: &Options, usage: &Usage, file: &Properties, pairs: &Properties) -> Result<Option<String>, Stop> {
    let named =
        [options.value("group")?, get(file, "group.id").map(str::to_owned), get(pairs, "group.id").map(str::to_owned)];
    let named: BTreeSet<String> = named.into_iter().flatten().collect();
    if named.len() > 1 {
        let quoted: Vec<String> = named.iter().map(|group| format!("'{group}'")).collect();
        return Err(Stop::usage(
            format!(
                "The group ids provided in different places (directly using '--group', via '--consumer-property', or via \
                 '--consumer.config') do not match. Detected group ids: {}",
                quoted.join(", ")
            ),
            usage,
        ));
    }
    if !named.is_empty() && options.has("partition") {
        return Err(Stop::usage("Options group and partition cannot be specified together.", usage));
    }
    Ok(named.into_iter().next())
}

/// `buildConsumerProps`.
fn consumer_properties(
    options: &Options,
    terminal: &mut Terminal<'_>,
    file: Properties,
    pairs: Properties,
    group: Option<String>,
) -> Result<Properties, Stop> {
    let mut all = file;
    all.extend(pairs);
    let from_beginning = options.has("from-beginning");
    match get(&all, "auto.offset.reset") {
        Some(reset) if from_beginning && reset != "earliest" => {
            terminal.error(format_args!(
                "Can't simultaneously specify --from-beginning and 'auto.offset.reset={reset}', please remove one option"
            ))?;
            return Err(Stop::Exit(1));
        }
        Some(_) => {}
        None => {
            let reset = if from_beginning { "earliest" } else { "latest" };
            all.push(("auto.offset.reset".into(), reset.into()));
        }
    }
    all.push(("bootstrap.servers".into(), options.value("bootstrap-server")?.unwrap_or_default()));
    if get(&all, "client.id").is_none() {
        all.push(("client.id".into(), "console-consumer".into()));
    }
    match options.value("isolation-level")? {
        Some(level) => all.push(("isolation.level".into(), level)),
        None if get(&all, "isolation.level").is_some() => {}
        None => all.push(("isolation.level".into(), "read_uncommitted".into())),
    }
    match group {
        Some(group) => all.push(("group.id".into(), group)),
        None => {
            all.push(("group.id".into(), format!("console-consumer-{}", fastrand::u32(0..100_000))));
            // The offsets of a group with a generated name are not needed later.
            if get(&all, "enable.auto.commit").is_none() {
                all.push(("enable.auto.commit".into(), "false".into()));
            }
        }
    }
    Ok(all)
}

/// `parseOffset`.
fn start(options: &Options, usage: &Usage) -> Result<Start, Stop> {
    let Some(offset) = options.value("offset")? else {
        let end = if options.has("from-beginning") { OffsetReset::Earliest } else { OffsetReset::Latest };
        return Ok(Start::End(end));
    };
    match offset.to_lowercase().as_str() {
        "earliest" => Ok(Start::End(OffsetReset::Earliest)),
        "latest" => Ok(Start::End(OffsetReset::Latest)),
        _ => offset.parse().ok().filter(|offset| *offset >= 0).map(Start::At).ok_or_else(|| {
            Stop::usage(
                format!(
                    "The provided offset value '{offset}' is incorrect. Valid values are 'earliest', 'latest', or a \
                     non-negative long."
                ),
                usage,
            )
        }),
    }
}

/// `buildFormatter`.
fn formatter(options: &Options, usage: &Usage, terminal: &mut Terminal<'_>) -> Result<Formatter, Stop> {
    let class = options.value("formatter")?.unwrap_or_else(|| FORMATTER.into());
    let Some(kind) = Formatter::of_class(&class) else { return Err(Stop::usage(class, usage)) };
    exclude(options, usage, "property", "formatter-property")?;
    deprecate(options, terminal, "property", "formatter-property")?;
    let mut all = properties::file(options, &["formatter-config"])?;
    for (option, key) in [("key-deserializer", "key.deserializer"), ("value-deserializer", "value.deserializer")] {
        if let Some(class) = options.value(option)?.filter(|class| !class.is_empty()) {
            all.push((key.into(), class));
        }
    }
    all.extend(properties::pairs(options, &["property", "formatter-property"]));
    Ok(kind.configured(&all))
}
