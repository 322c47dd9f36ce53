//! Why a broker does not start with its settings, and what is said about settings that have no effect.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::PathBuf;

use kafka_log::format::FormatError;
use kafka_log::log::config::ConfigError as LogConfigError;
use kafka_security::SaslMechanism;
use kafka_security::jaas::JaasError;

use super::groups::Order;
use super::value::InvalidValue;

/// Where a setting was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a file.
    File {
        /// Its path.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// On the command line, or by a program.
    Override,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::File { path, line } => write!(f, "{}:{line}", path.display()),
            Place::Override => f.write_str("--override"),
        }
    }
}

/// A file of settings that cannot be read, or settings with which no broker starts.
#[derive(Debug)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    Read {
        /// Its path.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is not one of properties.
    Format {
        /// Where.
        place: Place,
        /// What is wrong.
        source: FormatError,
    },
    /// A value that its setting does not have.
    Value {
        /// Where.
        place: Place,
        /// What is wrong, in Kafka's words.
        source: SettingError,
    },
    /// Settings that do not go together, or a default that does not go with them.
    Together(SettingError),
}

/// What is wrong with a setting. `Display` has Kafka's words.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum SettingError {
    /// The value, as such.
    Value(InvalidValue),
    /// Settings of logs.
    Log(LogConfigError),
    /// A name of a listener that is none.
    ListenerName {
        /// The listener.
        listener: String,
    },
    /// A listener that is not `NAME://HOST:PORT`.
    ListenerFormat {
        /// All listeners.
        listeners: String,
        /// The one.
        listener: String,
    },
    /// A listener whose name has no protocol.
    NoProtocol {
        /// All listeners.
        listeners: String,
        /// Name of the one.
        name: String,
    },
    /// Two listeners have one name.
    SameName {
        /// All listeners.
        listeners: String,
    },
    /// Two listeners have one port.
    SamePort {
        /// All listeners.
        listeners: String,
    },
    /// A protocol in `listener.security.protocol.map` that Kafka does not have.
    UnknownProtocol {
        /// Its name.
        name: String,
    },
    /// Settings of TLS that cannot be used.
    Tls {
        /// Name of the listener.
        listener: String,
        /// What is wrong.
        problem: String,
    },
    /// A SASL mechanism that this broker does not have.
    UnsupportedMechanism {
        /// Name of the listener.
        listener: String,
        /// Name of the mechanism.
        name: String,
    },
    /// A SASL mechanism without the setting that it needs.
    NoJaasConfig {
        /// Name of the listener.
        listener: String,
        /// The mechanism.
        mechanism: SaslMechanism,
    },
    /// A `sasl.jaas.config` that cannot be read.
    Jaas {
        /// Name of the listener.
        listener: String,
        /// The mechanism.
        mechanism: SaslMechanism,
        /// What is wrong.
        source: JaasError,
    },
    /// A `sasl.jaas.config` with the login module of another mechanism.
    LoginModule {
        /// Name of the listener.
        listener: String,
        /// The mechanism.
        mechanism: SaslMechanism,
        /// The class.
        module: String,
    },
    /// A setting of OAUTHBEARER that cannot be used.
    Oauth {
        /// Name of the listener.
        listener: String,
        /// The setting.
        setting: &'static str,
        /// What is wrong.
        problem: String,
    },
    /// An entry of a map that is not `KEY:VALUE`.
    MapEntry {
        /// Name of the setting.
        name: &'static str,
        /// The entry.
        entry: String,
    },
    /// `group.consumer.assignors` names an assignor that this broker does not have.
    Assignor {
        /// The name, or the class.
        name: String,
    },
    /// `authorizer.class.name` names another class than the one that this broker stands in for.
    Authorizer {
        /// The class.
        class: String,
    },
    /// `replica.selector.class` names a class that this broker does not stand in for.
    ReplicaSelector {
        /// The class.
        class: String,
    },
    /// An entry of `super.users` that is not `TYPE:NAME`.
    SuperUser {
        /// The entry.
        entry: String,
    },
    /// `metrics.listener` is not `HOST:PORT`.
    MetricsListener {
        /// The value.
        value: String,
    },
    /// `advertised.listeners` names a listener that is none.
    NotAListener {
        /// The names that are advertised.
        advertised: String,
        /// The names of listeners.
        listeners: String,
    },
    /// `advertised.listeners` names the address of all interfaces.
    NonRoutable,
    /// No listener is left for clients.
    NoBrokerListener,
    /// `inter.broker.listener.name` has no protocol.
    InterBrokerProtocol {
        /// The name.
        name: String,
    },
    /// `inter.broker.listener.name` is not advertised.
    InterBrokerListener {
        /// The names that are.
        advertised: String,
    },
    /// `node.id` and `broker.id` differ.
    NodeIds,
    /// `queued.max.request.bytes` is less than one request may have.
    QueuedBytes,
    /// `max.connections.per.ip` is 0 and there are no exceptions.
    NoConnections,
    /// A controller that is not among its voters.
    NotAVoter {
        /// Its id.
        node_id: i32,
        /// The ids of the voters.
        voters: String,
    },
    /// A controller that shares the quorum with others.
    OtherVoters {
        /// Its id.
        node_id: i32,
        /// The ids of the voters.
        voters: String,
    },
    /// A node that is no broker.
    NotABroker,
    /// A broker alone that is among the voters.
    Voter {
        /// Its id.
        node_id: i32,
        /// The ids of the voters.
        voters: String,
    },
    /// A setting that must compare with another in some way.
    Order {
        /// Its name.
        name: String,
        /// How.
        order: Order,
        /// The other's name.
        other: String,
    },
    /// `group.coordinator.rebalance.protocols` lacks `classic`.
    NoClassicProtocol,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConfigError::Read { path, source } => write!(f, "{}: {source}", path.display()),
            ConfigError::Format { place, source } => write!(f, "{place}: {source}"),
            ConfigError::Value { place, source } => write!(f, "{place}: {source}"),
            ConfigError::Together(source) => source.fmt(f),
        }
    }
}

impl ConfigError {
    /// The message of Kafka's exception, without the place.
    pub(super) fn kafka_message(&self) -> String {
        match self {
            ConfigError::Value { source, .. } | ConfigError::Together(source) => match source {
                // `require` of Scala.
                SettingError::Log(LogConfigError::Requirement(why)) => format!("requirement failed: {why}"),
                SettingError::NoConnections => format!("requirement failed: {source}"),
                source => source.to_string(),
            },
            other => other.to_string(),
        }
    }
}

impl Error for ConfigError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            ConfigError::Read { source, .. } => Some(source),
            ConfigError::Format { source, .. } => Some(source),
            ConfigError::Value { source, .. } | ConfigError::Together(source) => Some(source),
        }
    }
}

impl fmt::Display for SettingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let creating = "Error creating broker listeners from";
        match self {
            SettingError::Value(error) => error.fmt(f),
            SettingError::Log(error) => error.fmt(f),
            SettingError::ListenerName { listener } => write!(f, "Unable to parse a listener name from {listener}"),
            SettingError::ListenerFormat { listeners, listener } => {
                write!(f, "{creating} '{listeners}': Unable to parse {listener} to a broker endpoint")
            }
            SettingError::NoProtocol { listeners, name } => {
                write!(f, "{creating} '{listeners}': No security protocol defined for listener {name}")
            }
            SettingError::SameName { listeners } => {
                write!(f, "{creating} '{listeners}': Each listener must have a different name, listeners: {listeners}")
            }
            SettingError::SamePort { listeners } => {
                write!(f, "{creating} '{listeners}': Each listener must have a different port, listeners: {listeners}")
            }
            SettingError::UnknownProtocol { name } => {
                write!(f, "Invalid security protocol `{name}` defined in listener.security.protocol.map")
            }
            SettingError::Tls { listener, problem } => write!(f, "listener {listener}: {problem}"),
            SettingError::UnsupportedMechanism { listener, name } => {
                let known = SaslMechanism::ALL.map(SaslMechanism::name).join(", ");
                write!(f, "listener {listener}: sasl.enabled.mechanisms has {name}, expected one of {known}")
            }
            SettingError::NoJaasConfig { listener, mechanism } => {
                let (listener, lower) = (listener.to_ascii_lowercase(), mechanism.name().to_ascii_lowercase());
                write!(f, "{mechanism} needs the setting listener.name.{listener}.{lower}.sasl.jaas.config")
            }
            SettingError::Jaas { listener, mechanism, source } => {
                write!(f, "listener {listener}: sasl.jaas.config of {mechanism}: {source}")
            }
            SettingError::LoginModule { listener, mechanism, module } => {
                write!(f, "listener {listener}: sasl.jaas.config of {mechanism} has the login module {module}")
            }
            SettingError::Oauth { listener, setting, problem } => {
                write!(f, "listener {listener}: {setting}: {problem}")
            }
            SettingError::MapEntry { name, entry } => {
                write!(f, "Error parsing configuration property '{name}': expected KEY:VALUE, found {entry}")
            }
            SettingError::Assignor { name } => {
                write!(
                    f,
                    "Invalid value {name} for configuration group.consumer.assignors: this broker has uniform and range alone"
                )
            }
            SettingError::Authorizer { class } => {
                write!(f, "Invalid value {class} for configuration authorizer.class.name: this broker has ")?;
                f.write_str("org.apache.kafka.metadata.authorizer.StandardAuthorizer alone")
            }
            SettingError::ReplicaSelector { class } => {
                write!(f, "Invalid value {class} for configuration replica.selector.class: this broker has ")?;
                f.write_str("RackAwareReplicaSelector and LeaderSelector of org.apache.kafka.common.replica alone")
            }
            SettingError::SuperUser { entry } => {
                write!(f, "Invalid value {entry} for configuration super.users: expected principalType:principalName")
            }
            SettingError::MetricsListener { value } => {
                write!(f, "Invalid value {value} for configuration metrics.listener: expected HOST:PORT")
            }
            SettingError::NotAListener { advertised, listeners } => write!(
                f,
                "advertised.listeners listener names must be equal to or a subset of the ones defined in listeners. Found \
                 {advertised}. The valid options based on the current configuration are {listeners}"
            ),
            SettingError::NonRoutable => f.write_str(
                "advertised.listeners cannot use the nonroutable meta-address 0.0.0.0. Use a routable IP address.",
            ),
            SettingError::NoBrokerListener => f.write_str(
                "There must be at least one broker advertised listener. Perhaps all listeners appear in \
                 controller.listener.names?",
            ),
            SettingError::InterBrokerProtocol { name } => write!(
                f,
                "Listener with name {name} defined in inter.broker.listener.name not found in \
                 listener.security.protocol.map."
            ),
            SettingError::InterBrokerListener { advertised } => write!(
                f,
                "inter.broker.listener.name must be a listener name defined in advertised.listeners. The valid options \
                 based on currently configured listeners are {advertised}"
            ),
            SettingError::NodeIds => f.write_str("You must set `node.id` to the same value as `broker.id`."),
            SettingError::QueuedBytes => {
                f.write_str("queued.max.request.bytes must be larger or equal to socket.request.max.bytes")
            }
            SettingError::NoConnections => f.write_str(
                "max.connections.per.ip can be set to zero only if max.connections.per.ip.overrides property is set.",
            ),
            SettingError::NotAVoter { node_id, voters } => write!(
                f,
                "If process.roles contains the 'controller' role, the node id {node_id} must be included in the set of \
                 voters controller.quorum.voters=Set({voters})"
            ),
            SettingError::OtherVoters { node_id, voters } => write!(
                f,
                "the controller of this broker must be the only voter: controller.quorum.voters names {voters}, the node id is \
                 {node_id}. With other controllers process.roles must be broker"
            ),
            SettingError::NotABroker => {
                f.write_str("process.roles must contain broker: a node that is a controller alone is not supported")
            }
            SettingError::Voter { node_id, voters } => write!(
                f,
                "If process.roles contains just the 'broker' role, the node id {node_id} must not be included in the set \
                 of voters controller.quorum.voters=Set({voters})"
            ),
            SettingError::Order { name, order, other } => write!(f, "{name} must be {order} {other}"),
            SettingError::NoClassicProtocol => f.write_str("Disabling the 'classic' protocol is not supported."),
        }
    }
}

impl Error for SettingError {}

impl From<InvalidValue> for SettingError {
    fn from(error: InvalidValue) -> Self {
        SettingError::Value(error)
    }
}

impl From<LogConfigError> for SettingError {
    fn from(error: LogConfigError) -> Self {
        SettingError::Log(error)
    }
}

/// A setting that has no effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigWarning {
    /// Kafka does not have it.
    Unknown {
        /// Where.
        place: Place,
        /// Its name.
        name: String,
        /// A setting with a similar name.
        nearest: Option<&'static str>,
    },
    /// Kafka has it, this broker does without.
    Ignored {
        /// Where.
        place: Place,
        /// Its name.
        name: String,
    },
}

impl fmt::Display for ConfigWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConfigWarning::Unknown { place, name, nearest } => {
                write!(f, "{place}: the setting {name} is unknown and has no effect")?;
                nearest.map_or(Ok(()), |nearest| write!(f, "; did you mean {nearest}?"))
            }
            ConfigWarning::Ignored { place, name } => {
                write!(f, "{place}: the setting {name} is not supported and has no effect")
            }
        }
    }
}
