//! Options of the console producer, and the configurations that they make.

use kafka_options::{Options, Usage};
use kafka_thin_client::producer::ProducerConfig;
use kafka_thin_client::{ClientConfig, ConfigError, Properties};

use crate::properties;
use crate::terminal::{Stop, Terminal};

const READER: &str = "org.apache.kafka.tools.LineMessageReader";

/// Options, their newer names, and the release that will do without.
const DEPRECATED: [(&str, &str, &str); 4] = [
    ("producer-property", "command-property", "a future version"),
    ("producer.config", "command-config", "a future version"),
    ("property", "reader-property", "a future version"),
    ("max-partition-memory-bytes", "batch-size", "Apache Kafka 5.0"),
];

/// Refuses options that are missing or do not go together, and warns of old ones (`checkArgs`).
pub(super) fn check(options: &Options, usage: &Usage, terminal: &mut Terminal<'_>) -> Result<(), Stop> {
    if !options.has("topic") {
        return Err(Stop::usage("Missing required argument \"[topic]\"", usage));
    }
    for (one, other) in [
        ("command-config", "producer.config"),
        ("command-property", "producer-property"),
        ("reader-property", "property"),
    ] {
        if options.has(one) && options.has(other) {
            return Err(Stop::usage(format!("Options --{one} and --{other} cannot be specified together."), usage));
        }
    }
    for (old, new, end) in DEPRECATED {
        if options.has(old) {
            terminal.line(format_args!(
                "Warning: --{old} is deprecated and will be removed in {end}. Use --{new} instead."
            ))?;
        }
    }
    let servers = options.value("bootstrap-server")?.unwrap_or_default();
    if servers.is_empty() {
        return Err(Stop::usage("Error while validating the bootstrap address\n", usage));
    }
    if !servers.split(',').all(has_port) {
        return Err(Stop::usage("Please provide valid host:port like host1:9091,host2:9092\n ", usage));
    }
    Ok(())
}

/// `Utils.getPort` finds one.
fn has_port(server: &str) -> bool {
    let Some((host, port)) = server.rsplit_once(':') else { return false };
    let is_port = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    let host = host.rsplit_once("://").map_or(host, |(_, host)| host);
    is_port && host.chars().all(|c| c.is_ascii_alphanumeric() || "-._%[]:".contains(c))
}

/// What the command line says.
pub(super) struct Settings {
    pub(super) topic: String,
    pub(super) is_sync: bool,
    /// Properties of the line reader.
    pub(super) reader: Properties,
    pub(super) client: ClientConfig,
    pub(super) producer: ProducerConfig,
}

impl Settings {
    pub(super) fn read(options: &Options) -> Result<Self, Stop> {
        let class = options.value("line-reader")?.unwrap_or_else(|| READER.into());
        if class != READER {
            return Err(Stop::Failed(format!("java.lang.ClassNotFoundException: {class}")));
        }
        let mut reader = properties::file(options, &["reader-config"])?;
        reader.extend(properties::pairs(options, &["property", "reader-property"]));

        let mut producer = ProducerConfig::default();
        let mut client = ClientConfig::new(Vec::<String>::new());
        let others = producer.apply(&producer_properties(options)?).map_err(|error| config_failure(&error))?;
        client.apply(&others).map_err(|error| config_failure(&error))?;
        Ok(Settings {
            topic: options.value("topic")?.unwrap_or_default(),
            is_sync: options.has("sync"),
            reader,
            client,
            producer,
        })
    }
}

/// `ConsoleProducerOptions.producerProps`: an option beats a property, a property beats an option's default.
fn producer_properties(options: &Options) -> Result<Properties, Stop> {
    let mut all = properties::file(options, &["command-config", "producer.config"])?;
    all.extend(properties::pairs(options, &["command-property", "producer-property"]));
    let set = |all: &mut Properties, key: &str, value: String| {
        all.retain(|(known, _)| known != key);
        all.push((key.to_owned(), value));
    };
    set(&mut all, "bootstrap.servers", options.value("bootstrap-server")?.unwrap_or_default());
    let codec = match options.value("compression-codec")? {
        None if !options.has("compression-codec") => "none".to_owned(),
        codec => codec.filter(|codec| !codec.is_empty()).unwrap_or_else(|| "gzip".into()),
    };
    set(&mut all, "compression.type", codec);
    if !all.iter().any(|(key, _)| key == "client.id") {
        set(&mut all, "client.id", "console-producer".into());
    }
    for (key, option, kind, default) in [
        ("linger.ms", "timeout", Kind::Long, "1000"),
        ("acks", "request-required-acks", Kind::Text, "-1"),
        ("request.timeout.ms", "request-timeout-ms", Kind::Integer, "1500"),
        ("retries", "message-send-max-retries", Kind::Integer, "3"),
        ("retry.backoff.ms", "retry-backoff-ms", Kind::Long, "100"),
        ("send.buffer.bytes", "socket-buffer-size", Kind::Integer, "102400"),
        ("buffer.memory", "max-memory-bytes", Kind::Long, "33554432"),
        ("batch.size", "batch-size", Kind::Integer, "16384"),
        ("batch.size", "max-partition-memory-bytes", Kind::Integer, "16384"),
        ("metadata.max.age.ms", "metadata-expiry-ms", Kind::Long, "300000"),
        ("max.block.ms", "max-block-ms", Kind::Long, "60000"),
    ] {
        let value = match kind {
            Kind::Text => options.value(option)?,
            Kind::Integer => options.number::<i32>(option)?.map(|number| number.to_string()),
            Kind::Long => options.number::<i64>(option)?.map(|number| number.to_string()),
        };
        if value.is_some() || !all.iter().any(|(known, _)| known == key) {
            set(&mut all, key, value.unwrap_or_else(|| default.into()));
        }
    }
    Ok(all)
}

/// What an option's value is.
#[derive(Clone, Copy)]
enum Kind {
    Text,
    Integer,
    Long,
}

/// Kafka's exception for a configuration that is refused.
pub(super) fn config_failure(error: &ConfigError) -> Stop {
    Stop::Failed(properties::config_exception(error))
}
