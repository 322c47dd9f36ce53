//! Why a broker does not start.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use kafka_log::manager::ManagerError;
use kafka_security::tls::TlsError;
use kafka_thin_client::ConfigError as ClientConfigError;

use crate::cluster::ObserverError;
use crate::config::ConfigError;
use crate::controller::ControllerError;
use crate::metadata::FormatError;

/// Why a broker does not start.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// The settings.
    Config(ConfigError),
    /// The log directories cannot be formatted.
    Format(FormatError),
    /// The log directories cannot be used.
    Logs(ManagerError),
    /// A `meta.properties` cannot be read.
    MetaProperties {
        /// The file.
        path: PathBuf,
        /// The error.
        source: io::Error,
    },
    /// The metadata cannot be used.
    Metadata(ControllerError),
    /// The metadata of the cluster cannot be had.
    Observer(ObserverError),
    /// Controllers cannot be reached with the settings of security.
    Controllers(ClientConfigError),
    /// The log directories have not been formatted with the id of the cluster.
    NotFormatted,
    /// The controllers have not unfenced the broker.
    NotUnfenced,
    /// A name of a host in the settings has no address.
    Resolve {
        /// The name.
        host: String,
        /// The error.
        source: io::Error,
    },
    /// The keys of a listener cannot be used.
    Tls {
        /// Its name.
        listener: String,
        /// The error.
        source: TlsError,
    },
    /// Connections to other brokers cannot be made with the settings.
    InterBroker(ClientConfigError),
    /// The keys of those who issue tokens for a listener cannot be had.
    Jwks {
        /// Its name.
        listener: String,
        /// What is wrong.
        problem: String,
    },
    /// A listener cannot be bound.
    Listen {
        /// Its address.
        address: SocketAddr,
        /// The error.
        source: io::Error,
    },
    /// The operating system gives no thread or event queue.
    Threads(io::Error),
    /// Signals cannot be handled.
    Signals(io::Error),
    /// The temporary directory of an ephemeral broker cannot be created.
    Temporary(io::Error),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StartError::Config(error) => error.fmt(f),
            StartError::Format(error) => error.fmt(f),
            StartError::Logs(error) => error.fmt(f),
            StartError::Metadata(error) => error.fmt(f),
            StartError::Observer(error) => error.fmt(f),
            StartError::Controllers(error) => write!(f, "controller.listener.names: {error}"),
            StartError::NotFormatted => {
                f.write_str("the log directories must be formatted with the id of the cluster (kafka-storage format)")
            }
            StartError::NotUnfenced => f.write_str("the controllers have not let the broker join"),
            StartError::InterBroker(error) => write!(f, "inter.broker.listener.name: {error}"),
            StartError::MetaProperties { path, source } => write!(f, "{}: {source}", path.display()),
            StartError::Resolve { host, source } => write!(f, "host {host}: {source}"),
            StartError::Listen { address, source } => write!(f, "cannot listen at {address}: {source}"),
            StartError::Tls { listener, source } => write!(f, "listener {listener}: {source}"),
            StartError::Jwks { listener, problem } => {
                write!(f, "listener {listener}: sasl.oauthbearer.jwks.endpoint.url: {problem}")
            }
            StartError::Threads(error) => write!(f, "cannot start a thread: {error}"),
            StartError::Signals(error) => write!(f, "cannot handle signals: {error}"),
            StartError::Temporary(error) => write!(f, "cannot create a temporary directory: {error}"),
        }
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            StartError::Config(error) => Some(error),
            StartError::Format(error) => Some(error),
            StartError::Logs(error) => Some(error),
            StartError::Metadata(error) => Some(error),
            StartError::Observer(error) => Some(error),
            StartError::NotFormatted | StartError::NotUnfenced | StartError::Jwks { .. } => None,
            StartError::InterBroker(error) | StartError::Controllers(error) => Some(error),
            StartError::Tls { source, .. } => Some(source),
            StartError::MetaProperties { source: error, .. }
            | StartError::Resolve { source: error, .. }
            | StartError::Listen { source: error, .. }
            | StartError::Threads(error)
            | StartError::Signals(error)
            | StartError::Temporary(error) => Some(error),
        }
    }
}

macro_rules! from {
    ($($error:ty => $variant:ident)*) => {
        $(impl From<$error> for StartError {
            fn from(error: $error) -> Self {
                StartError::$variant(error)
            }
        })*
    };
}

from! {
    ConfigError => Config
    FormatError => Format
    ManagerError => Logs
    ControllerError => Metadata
    ObserverError => Observer
}
