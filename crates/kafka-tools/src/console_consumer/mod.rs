//! `kafka-console-consumer`: records to standard output (`ConsoleConsumer`).

mod coordinator_records;
mod deserializer;
mod formatter;
mod settings;

use std::ffi::OsString;
use std::io;
use std::time::{Duration, Instant};

use kafka_options::{Options, Usage};
use kafka_thin_client::TopicPartition;
use kafka_thin_client::consumer::{ConsumeError, Consumer, ConsumerRecord};
use regex_lite::Regex;

use crate::signals::Signals;
use crate::terminal::{Stop, Terminal};
use formatter::FormatError;
use settings::{Settings, Source, Start};

const USAGE: &str = include_str!("../../usage/console_consumer.txt");
const ABOUT: &str = "This tool helps to read data from Kafka topics and outputs it to standard output.";
const TARGET: &str = "org.apache.kafka.tools.consumer.ConsoleConsumer";

/// What Kafka's tool says to members of classic groups.
const ADVERT: &str = "The consumer rebalance protocol (KIP-848) is production-ready! Set group.protocol=consumer to try it out. \
                      See https://kafka.apache.org/documentation/#consumer_rebalance_protocol";

/// How long to wait for records before signals are looked at.
const MOMENT: Duration = Duration::from_millis(100);

/// Runs the tool.
pub(crate) fn main(args: Vec<OsString>, terminal: &mut Terminal<'_>) -> Result<(), Stop> {
    let usage = Usage::read(USAGE);
    let options = match Options::parse(&usage, args) {
        Err(error) => return Err(Stop::usage(error.to_string(), &usage)),
        Ok(options) if options.is_empty() || options.has("help") => return Err(Stop::usage(ABOUT, &usage)),
        Ok(options) if options.has("version") => return Err(Stop::Version),
        Ok(options) => options,
    };
    let mut settings = Settings::read(&options, &usage, terminal)?;
    let signals = Signals::catch()?;
    let (mut consumer, pattern) = match settings.connect() {
        Ok(connected) => connected,
        Err(exception) => return unknown_error(terminal, &exception),
    };
    if let Err(error) = start(&mut consumer, &settings.source, pattern, terminal, settings.is_classic) {
        return unknown_error(terminal, &exception(&error));
    }
    let mut count = 0;
    let outcome = consume(&mut consumer, &mut settings, &signals, &mut count, terminal);
    let closed = consumer.close();
    terminal.error(format_args!("Processed a total of {count} messages"))?;
    if let Err(error) = closed {
        tracing::warn!(target: TARGET, "The offsets of what was consumed could not be committed: {error}");
    }
    let outcome = match outcome {
        Err(End::Failed(failure)) => unknown_error(terminal, &failure),
        Err(End::Stop(stop)) => Err(stop),
        Ok(()) => signals.exit_code().map_or(Ok(()), |code| Err(Stop::Exit(code))),
    };
    if settings.announces_end {
        terminal.line("shutdown_complete")?;
    }
    outcome
}

/// Why the loop ends with an exit code other than 0.
enum End {
    /// With this exception.
    Failed(String),
    Stop(Stop),
}

impl From<io::Error> for End {
    fn from(error: io::Error) -> Self {
        End::Stop(error.into())
    }
}

fn start(
    consumer: &mut Consumer,
    source: &Source,
    pattern: Option<Regex>,
    terminal: &mut Terminal<'_>,
    is_classic: bool,
) -> Result<(), ConsumeError> {
    let advertise = |terminal: &mut Terminal<'_>| {
        if is_classic {
            // Nothing else depends on it.
            let _ = terminal.error(ADVERT);
        }
    };
    match source {
        Source::Partition(topic, partition, start) => {
            let partition = TopicPartition::new(topic.as_str(), *partition);
            consumer.assign(std::slice::from_ref(&partition));
            match start {
                Start::At(offset) => consumer.seek(&partition, *offset),
                Start::End(end) => consumer.seek_to(&partition, *end),
            }
            Ok(())
        }
        Source::Topic(topic) => {
            advertise(terminal);
            consumer.subscribe(&[topic])
        }
        Source::Pattern(_) => {
            advertise(terminal);
            consumer.subscribe_matching(move |topic| pattern.as_ref().is_some_and(|pattern| pattern.is_match(topic)))
        }
    }
}

/// Writes records until there are enough of them, none has come for too long, or a signal comes.
fn consume(
    consumer: &mut Consumer,
    settings: &mut Settings,
    signals: &Signals,
    count: &mut u64,
    terminal: &mut Terminal<'_>,
) -> Result<(), End> {
    let is_done = |count: u64| settings.max_messages.is_some_and(|max| count >= max);
    let mut last = Instant::now();
    while !is_done(*count) && signals.exit_code().is_none() {
        let left = settings.timeout.map_or(MOMENT, |timeout| timeout.saturating_sub(last.elapsed()).min(MOMENT));
        let records = match consumer.poll(left) {
            Ok(records) => records,
            Err(error) => return Ok(terminated(terminal, &exception(&error))?),
        };
        if records.is_empty() {
            if settings.timeout.is_some_and(|timeout| last.elapsed() > timeout) {
                return Ok(terminated(terminal, "org.apache.kafka.common.errors.TimeoutException")?);
            }
            continue;
        }
        last = Instant::now();
        let mut records = records.into_iter();
        let written = loop {
            if is_done(*count) {
                break Ok(());
            }
            let Some(record) = records.next() else { break Ok(()) };
            *count += 1;
            match settings.formatter.write(&record, terminal.out()) {
                Ok(()) => {}
                Err(FormatError::Output(error)) => break Err(FormatError::Output(error)),
                Err(error) if settings.skips_errors => {
                    tracing::error!(target: TARGET, "Error processing message, skipping this message: ");
                    terminal.error(error)?;
                }
                Err(error) => break Err(error),
            }
        };
        // What is left is for the next consumer of the group.
        rewind(consumer, records.as_slice());
        match written.and_then(|()| terminal.out().flush().map_err(FormatError::Output)) {
            Ok(()) => {}
            Err(FormatError::Output(_)) => {
                return Ok(terminal.error("Unable to write to standard out, closing consumer.")?);
            }
            Err(error) => return Err(End::Failed(error.to_string())),
        }
    }
    Ok(())
}

/// Puts the consumer back to records that were not written (`resetUnconsumedOffsets`).
fn rewind(consumer: &mut Consumer, records: &[ConsumerRecord]) {
    // The first record of a partition comes last, and stays.
    for record in records.iter().rev() {
        consumer.seek(&TopicPartition::new(&*record.topic, record.partition), record.offset);
    }
}

fn terminated(terminal: &mut Terminal<'_>, exception: &str) -> io::Result<()> {
    tracing::error!(target: TARGET, "Error processing message, terminating consumer process: ");
    terminal.error(exception)
}

fn unknown_error(terminal: &mut Terminal<'_>, exception: &str) -> Result<(), Stop> {
    tracing::error!(target: TARGET, "Unknown error when running consumer: ");
    terminal.error(exception)?;
    Err(Stop::Exit(1))
}

fn exception(error: &ConsumeError) -> String {
    match error {
        ConsumeError::Config(error) => crate::properties::config_exception(error),
        error => format!("org.apache.kafka.common.errors.{}: {error}", error.exception()),
    }
}
