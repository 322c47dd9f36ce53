//! The command `kafka-broker`.

use std::io::{self, IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use clap::Parser;
use kafka_broker::{Broker, BrokerConfig, StartError};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// A broker that speaks Apache Kafka's protocol and keeps Kafka's own data directory.
///
/// Without arguments: data in ./kafka-data, which is formatted at the first start, and clients at localhost:9092.
#[derive(Parser)]
#[command(name = "kafka-broker", version)]
struct Arguments {
    /// Settings, as for Apache Kafka
    #[arg(value_name = "server.properties")]
    properties: Option<PathBuf>,
    /// Sets one setting, whatever the file says; may be repeated
    #[arg(long = "override", value_name = "KEY=VALUE", value_parser = pair)]
    overrides: Vec<(String, String)>,
    /// For tests: a free port and a temporary directory; prints HOST:PORT
    #[arg(long, conflicts_with = "properties")]
    ephemeral: bool,
    /// With --ephemeral: serves faults on demand over HTTP, and prints the address as a second line
    #[arg(long, requires = "ephemeral")]
    control: bool,
    /// What to log: error, warn, info, debug or trace
    #[arg(long, value_name = "LEVEL", default_value = "info")]
    log_level: tracing::Level,
}

fn pair(text: &str) -> Result<(String, String), &'static str> {
    let (key, value) = text.split_once('=').ok_or("expected KEY=VALUE")?;
    Ok((key.trim().to_owned(), value.trim().to_owned()))
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    tracing_subscriber::fmt()
        .with_max_level(arguments.log_level)
        .with_ansi(io::stderr().is_terminal())
        .with_writer(io::stderr)
        .init();
    match run(&arguments) {
        Ok(code) => code,
        Err(error) => {
            // There is nowhere else to say it.
            let _ = writeln!(io::stderr(), "kafka-broker: {error}");
            ExitCode::FAILURE
        }
    }
}

/// How often to look whether the broker has failed.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// What holds without a file of settings.
const LOCAL: [(&str, &str); 2] = [("log.dirs", "kafka-data"), ("listeners", "PLAINTEXT://localhost:9092")];

fn run(arguments: &Arguments) -> Result<ExitCode, StartError> {
    let mut settings = Vec::new();
    if arguments.properties.is_none() && !arguments.ephemeral {
        settings.extend(LOCAL.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
    settings.extend(arguments.overrides.iter().cloned());
    let mut signals = Signals::new([SIGTERM, SIGINT]).map_err(StartError::Signals)?;
    let (received, is_received) = channel();
    thread::spawn(move || {
        let mut signals = signals.forever();
        signals.next();
        let _ = received.send(());
        // A second signal ends the process at once, also while it starts: what was acknowledged is in the files, and the next start recovers them.
        signals.next();
        std::process::exit(130);
    });
    let mut broker = if arguments.ephemeral {
        Broker::ephemeral_with(&settings)?
    } else {
        let (config, warnings) = BrokerConfig::load(arguments.properties.as_deref(), &settings)?;
        warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
        Broker::start(config)?
    };
    let mut ready = if arguments.ephemeral { broker.bootstrap() } else { format!("ready: {}", broker.bootstrap()) };
    if arguments.control {
        ready = format!("{ready}\nhttp://{}", broker.serve_control()?);
    }
    // The parent process may have closed the output.
    drop(writeln!(io::stdout(), "{ready}").and_then(|()| io::stdout().flush()));
    // A broker that has failed ends, too.
    while !broker.has_failed() && is_received.recv_timeout(LOOK_AGAIN) == Err(RecvTimeoutError::Timeout) {}
    let report = broker.stop();
    Ok(if report.is_clean { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
