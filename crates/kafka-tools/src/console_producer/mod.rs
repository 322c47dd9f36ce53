//! `kafka-console-producer`: lines of standard input to records (`ConsoleProducer`).

mod input;
mod line;
mod settings;

use std::ffi::OsString;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use kafka_options::{Options, Usage};
use kafka_thin_client::producer::{ProduceError, Producer, ProducerRecord};

use crate::signals::Signals;
use crate::terminal::{Stop, Terminal};
use line::LineReader;
use settings::Settings;

const USAGE: &str = include_str!("../../usage/console_producer.txt");
const ABOUT: &str = "This tool helps to read data from standard input and publish it to Kafka.";

/// How long to wait for a line before signals are looked at.
const MOMENT: Duration = Duration::from_millis(100);

/// Runs the tool.
pub(crate) fn main(args: Vec<OsString>, terminal: &mut Terminal<'_>) -> Result<(), Stop> {
    let usage = Usage::read(USAGE);
    let options = match Options::parse(&usage, args.into_iter().map(bootstrap_server)) {
        Err(error) => return Err(Stop::usage(error.to_string(), &usage)),
        Ok(options) if options.is_empty() || options.has("help") => return Err(Stop::usage(ABOUT, &usage)),
        Ok(options) if options.has("version") => return Err(Stop::Version),
        Ok(options) => options,
    };
    settings::check(&options, &usage, terminal)?;
    let settings = Settings::read(&options)?;
    let reader = LineReader::new(&settings.reader).map_err(|error| Stop::Failed(error.to_string()))?;
    let producer = Producer::new(settings.client, settings.producer);
    let mut producer = producer.map_err(|error| settings::config_failure(&error))?;

    let signals = Signals::catch()?;
    let (failures, failed) = mpsc::channel();
    let mut session = Session { topic: settings.topic, reader, failures, failed, is_sync: settings.is_sync };
    let outcome = session.run(&mut producer, &signals, terminal);
    // What was read before an error is sent all the same.
    producer.flush();
    session.report(terminal)?;
    outcome
}

/// `--broker-list`, the older name of `--bootstrap-server`, is still in handbooks.
fn bootstrap_server(word: OsString) -> OsString {
    match word.to_str() {
        Some("--broker-list") => "--bootstrap-server".into(),
        Some(text) => match text.strip_prefix("--broker-list=") {
            Some(servers) => format!("--bootstrap-server={servers}").into(),
            None => word,
        },
        None => word,
    }
}

/// A record that could not be sent: sizes of key and value, and why.
type Failure = (Option<usize>, Option<usize>, ProduceError);

struct Session {
    topic: String,
    reader: LineReader,
    failures: Sender<Failure>,
    failed: Receiver<Failure>,
    is_sync: bool,
}

impl Session {
    fn run(&mut self, producer: &mut Producer, signals: &Signals, terminal: &mut Terminal<'_>) -> Result<(), Stop> {
        let prompt = input::is_interactive();
        let lines = input::lines();
        let mut prompted = false;
        loop {
            if let Some(code) = signals.exit_code() {
                return Err(Stop::Exit(code));
            }
            if prompt && !prompted {
                write!(terminal.out(), ">")?;
                terminal.out().flush()?;
                prompted = true;
            }
            let event = producer.next_event();
            let wait = event.map_or(MOMENT, |event| event.saturating_duration_since(Instant::now()).min(MOMENT));
            match lines.recv_timeout(wait) {
                Ok(line) => {
                    prompted = false;
                    self.send(producer, &line.map_err(|error| Stop::Failed(error.to_string()))?)?;
                }
                Err(RecvTimeoutError::Timeout) => producer.poll(Duration::ZERO),
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
            self.report(terminal)?;
        }
    }

    fn send(&mut self, producer: &mut Producer, line: &str) -> Result<(), Stop> {
        let parsed = self.reader.read(line).map_err(|error| Stop::Failed(error.to_string()))?;
        let headers = parsed.headers.iter().map(|(key, value)| (*key, value.map(str::as_bytes)));
        let (key, value) = (parsed.key.map(str::as_bytes), parsed.value.map(str::as_bytes));
        let record =
            ProducerRecord { topic: &self.topic, key, value, headers: headers.collect(), ..Default::default() };
        let (key_bytes, value_bytes) = (key.map(<[u8]>::len), value.map(<[u8]>::len));
        let failures = self.failures.clone();
        let callback = move |outcome: Result<_, ProduceError>| {
            if let Err(error) = outcome {
                // The receiver lives as long as the producer.
                let _ = failures.send((key_bytes, value_bytes, error));
            }
        };
        producer.send(&record, Box::new(callback));
        if self.is_sync {
            producer.flush();
            if let Ok((_, _, error)) = self.failed.try_recv() {
                return Err(Stop::Failed(exception(&error)));
            }
        }
        Ok(())
    }

    /// Says which records could not be sent (`ErrorLoggingCallback`).
    fn report(&mut self, terminal: &mut Terminal<'_>) -> Result<(), Stop> {
        for (key, value, error) in self.failed.try_iter() {
            let size = |bytes: Option<usize>| bytes.map_or("null".to_owned(), |bytes| format!("{bytes} bytes"));
            tracing::error!(
                target: "org.apache.kafka.clients.producer.internals.ErrorLoggingCallback",
                "Error when sending message to topic {} with key: {}, value: {} with error:",
                self.topic,
                size(key),
                size(value)
            );
            terminal.error(exception(&error))?;
        }
        Ok(())
    }
}

fn exception(error: &ProduceError) -> String {
    format!("org.apache.kafka.common.errors.{}: {error}", error.exception())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broker_list_is_bootstrap_server() {
        for (word, expected) in [
            ("--broker-list", "--bootstrap-server"),
            ("--broker-list=a:1", "--bootstrap-server=a:1"),
            ("--topic", "--topic"),
            ("a--broker-list", "a--broker-list"),
        ] {
            assert_eq!(bootstrap_server(word.into()), expected);
        }
    }
}
