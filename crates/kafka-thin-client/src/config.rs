//! Configuration of a client, under the names of Kafka's Java clients.

use std::fmt;
use std::time::Duration;

use kafka_log::format::java_number::{parse_java_int, parse_java_long};
use kafka_log::format::{FormatError, java_properties};
use kafka_security::jaas::JaasError;

use crate::connection::ConnectionConfig;
use crate::error::Peer;

/// Keys and values in the order in which they were given; of two with one key, the later counts.
pub type Properties = Vec<(String, String)>;

/// A configuration that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConfigError {
    /// A file that is no properties file.
    Properties(FormatError),
    /// An element of `bootstrap.servers` that is no `host:port`.
    Url(String),
    /// `bootstrap.servers` has no element.
    NoBootstrapServers,
    /// Stores of keys and certificates that cannot be used.
    Tls(String),
    /// Settings of OAUTHBEARER that cannot be used.
    Oauth(String),
    /// There is no `sasl.jaas.config`.
    NoJaasConfig,
    /// `sasl.jaas.config` cannot be read.
    Jaas(JaasError),
    /// `sasl.jaas.config` has the login module of another mechanism.
    LoginModule {
        /// The class that the mechanism needs.
        expected: &'static str,
        /// The class.
        found: String,
    },
    /// `sasl.jaas.config` lacks an option.
    JaasOption {
        /// The option.
        name: &'static str,
    },
    /// A value that its key does not allow.
    Value {
        /// The key.
        key: &'static str,
        /// The value.
        value: String,
        /// What is allowed.
        expected: &'static str,
    },
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConfigError::Properties(error) => error.fmt(f),
            ConfigError::Url(url) => write!(f, "Invalid url in bootstrap.servers: {url}"),
            ConfigError::NoBootstrapServers => f.write_str("No resolvable bootstrap urls given in bootstrap.servers"),
            ConfigError::Tls(problem) | ConfigError::Oauth(problem) => f.write_str(problem),
            ConfigError::NoJaasConfig => f.write_str(
                "Could not find a 'KafkaClient' entry in the JAAS configuration: sasl.jaas.config is not set",
            ),
            ConfigError::Jaas(error) => error.fmt(f),
            ConfigError::LoginModule { expected, found } => {
                write!(f, "sasl.jaas.config: expected the login module {expected}, found {found}")
            }
            ConfigError::JaasOption { name } => write!(f, "sasl.jaas.config: the option {name} is missing"),
            ConfigError::Value { key, value, expected } => {
                write!(f, "Invalid value {value} for configuration {key}: expected {expected}")
            }
        }
    }
}

impl std::error::Error for ConfigError {}

/// Configuration of a [`Client`](crate::Client), with Kafka's defaults.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// `bootstrap.servers`: nodes that the client asks for all others.
    pub bootstrap_servers: Vec<String>,
    /// Whether these nodes are controllers (`bootstrap.controllers`): the client talks to controllers alone then.
    pub bootstrap_controllers: bool,
    /// What every connection needs.
    pub connection: ConnectionConfig,
    /// `default.api.timeout.ms`: how long the client tries. 1 minute by default.
    pub default_api_timeout: Duration,
    /// `retry.backoff.ms`: pause after the first failed attempt; it doubles with each further one. 100 ms by default.
    pub retry_backoff: Duration,
    /// `retry.backoff.max.ms`: the longest pause. 1 s by default.
    pub retry_backoff_max: Duration,
    /// `metadata.max.age.ms`: how long the client believes what it knows of the cluster. 5 minutes by default.
    pub metadata_max_age: Duration,
}

impl ClientConfig {
    /// Kafka's defaults, for a cluster that has these nodes.
    pub fn new<S: Into<String>>(bootstrap_servers: impl IntoIterator<Item = S>) -> Self {
        ClientConfig {
            bootstrap_servers: bootstrap_servers.into_iter().map(Into::into).collect(),
            bootstrap_controllers: false,
            connection: ConnectionConfig::default(),
            default_api_timeout: Duration::from_secs(60),
            retry_backoff: Duration::from_millis(100),
            retry_backoff_max: Duration::from_secs(1),
            metadata_max_age: Duration::from_secs(300),
        }
    }

    /// Reads the pairs of a properties file, such as a tool's `--command-config`.
    ///
    /// # Errors
    /// For a malformed escape.
    pub fn read_properties(bytes: &[u8]) -> Result<Properties, ConfigError> {
        let read = java_properties::read(bytes).map_err(ConfigError::Properties)?;
        Ok(read.into_iter().map(|property| (property.key, property.value)).collect())
    }

    /// Takes over the properties that a client has. The caller gets back those that this client does not know; Kafka's clients
    /// warn of them or, like this one, know what they do not need.
    ///
    /// # Errors
    /// For a value that its key does not allow, and for settings of security that do not go together.
    pub fn apply(&mut self, properties: &Properties) -> Result<Vec<String>, ConfigError> {
        let mut unknown = Vec::new();
        for (key, value) in properties {
            let value = value.trim();
            match key.as_str() {
                "bootstrap.servers" => {
                    self.bootstrap_servers =
                        value.split(',').map(|url| url.trim().to_owned()).filter(|url| !url.is_empty()).collect();
                }
                "client.id" => self.connection.client_id = value.to_owned(),
                "request.timeout.ms" => {
                    self.connection.request_timeout = millis("request.timeout.ms", value, i64::from(i32::MAX))?;
                }
                "socket.connection.setup.timeout.ms" => {
                    self.connection.connect_timeout = millis("socket.connection.setup.timeout.ms", value, i64::MAX)?;
                }
                "default.api.timeout.ms" => {
                    self.default_api_timeout = millis("default.api.timeout.ms", value, i64::from(i32::MAX))?;
                }
                "retry.backoff.ms" => self.retry_backoff = millis("retry.backoff.ms", value, i64::MAX)?,
                "retry.backoff.max.ms" => self.retry_backoff_max = millis("retry.backoff.max.ms", value, i64::MAX)?,
                "metadata.max.age.ms" => self.metadata_max_age = millis("metadata.max.age.ms", value, i64::MAX)?,
                "receive.buffer.bytes" | "send.buffer.bytes" => {
                    parse_java_int(value).ok_or(ConfigError::Value {
                        key: "receive.buffer.bytes or send.buffer.bytes",
                        value: value.to_owned(),
                        expected: "a number from -2147483648 to 2147483647",
                    })?;
                }
                _ if self.connection.security.set(key, value) => {}
                _ => unknown.push(key.clone()),
            }
        }
        self.connection.security.settle()?;
        Ok(unknown)
    }

    /// The nodes of `bootstrap.servers` (`ClientUtils.parseAndValidateAddresses`).
    pub(crate) fn bootstrap_peers(&self) -> Result<Vec<Peer>, ConfigError> {
        if self.bootstrap_servers.is_empty() {
            return Err(ConfigError::NoBootstrapServers);
        }
        self.bootstrap_servers.iter().map(|url| peer(url).ok_or_else(|| ConfigError::Url(url.clone()))).collect()
    }
}

fn millis(key: &'static str, value: &str, max: i64) -> Result<Duration, ConfigError> {
    let millis = parse_java_long(value).filter(|millis| *millis <= max).and_then(|millis| u64::try_from(millis).ok());
    let expected = "a number of milliseconds, 0 or more";
    millis.map(Duration::from_millis).ok_or_else(|| ConfigError::Value { key, value: value.to_owned(), expected })
}

/// Host and port of `host:port`, `[address]:port` or, as Kafka accepts it, `PROTOCOL://host:port`.
fn peer(url: &str) -> Option<Peer> {
    let address = url.split_once("://").map_or(url, |(_, address)| address);
    let (host, port) = address.rsplit_once(':')?;
    let host = host.strip_prefix('[').map_or(Some(host), |host| host.strip_suffix(']'))?;
    let is_host = !host.is_empty() && host.chars().all(|c| c.is_ascii_alphanumeric() || "-._%:".contains(c));
    let port = port.parse().ok()?;
    is_host.then(|| Peer { host: host.to_owned(), port })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bootstrap_server_is_a_host_and_a_port() {
        let of = |url: &str| peer(url).map(|peer| peer.to_string());
        assert_eq!(of("localhost:9092").as_deref(), Some("localhost:9092"));
        assert_eq!(of("PLAINTEXT://127.0.0.1:1").as_deref(), Some("127.0.0.1:1"));
        assert_eq!(of("[::1]:9092").as_deref(), Some("[::1]:9092"));
        for wrong in ["localhost", "localhost:", ":9092", "localhost:x", "localhost:65536", "a b:1", "[::1:9092"] {
            assert_eq!(of(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn properties_are_read_under_kafkas_names() {
        let mut config = ClientConfig::new(["localhost:9092"]);
        let properties = ClientConfig::read_properties(b"client.id=me\nrequest.timeout.ms: 5000\nlinger.ms=1\n");
        let unknown = properties.and_then(|properties| config.apply(&properties));
        assert_eq!(unknown, Ok(vec!["linger.ms".to_owned()]));
        assert_eq!(config.connection.client_id, "me");
        assert_eq!(config.connection.request_timeout, Duration::from_millis(5000));
        for wrong in [("request.timeout.ms", "-1"), ("request.timeout.ms", "x"), ("security.protocol", "TLS")] {
            assert!(config.apply(&vec![(wrong.0.into(), wrong.1.into())]).is_err(), "{wrong:?}");
        }
    }
}
