//! What can go wrong between a client and a cluster.

use std::fmt;
use std::io;
use std::ops::RangeInclusive;
use std::time::Duration;

use kafka_rpc::{ApiKey, ErrorCode, FrameError, SchemaError};
use kafka_security::oauth::LoginError;
use kafka_security::scram::ScramError;

use crate::config::ConfigError;

/// The other end of a connection, as the errors name it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Peer {
    /// Host name or address, without brackets.
    pub host: String,
    /// Port.
    pub port: u16,
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// An error code in a response, with the text that came with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    /// The code.
    pub code: ErrorCode,
    /// The broker's text; `None` where it gave none.
    pub message: Option<String>,
}

impl ApiError {
    /// The error of a response, `Ok` for code 0. A code that Kafka 4.3 does not have is `UNKNOWN_SERVER_ERROR`, as in Kafka.
    ///
    /// # Errors
    /// For every other code.
    pub fn check(code: i16, message: Option<&str>) -> Result<(), ApiError> {
        match ErrorCode::from_code(code).unwrap_or(ErrorCode::UnknownServerError) {
            ErrorCode::None => Ok(()),
            code => Err(ApiError { code, message: message.map(str::to_owned) }),
        }
    }
}

impl fmt::Display for ApiError {
    /// The text that Kafka's exception has: the broker's, else the one of the code.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message.as_deref().unwrap_or(self.code.message()))
    }
}

impl std::error::Error for ApiError {}

/// Why a request has no usable response.
#[derive(Debug)]
#[non_exhaustive]
pub enum ClientError {
    /// The configuration is wrong.
    Config(ConfigError),
    /// No connection could be made.
    Connect {
        /// To whom.
        peer: Peer,
        /// Why.
        source: io::Error,
    },
    /// The connection broke.
    Io {
        /// With whom.
        peer: Peer,
        /// Why.
        source: io::Error,
    },
    /// The peer closed the connection.
    Disconnected {
        /// Who.
        peer: Peer,
    },
    /// The response did not come in time (`request.timeout.ms`).
    RequestTimedOut {
        /// From whom.
        peer: Peer,
        /// Of which request.
        api: ApiKey,
        /// How long the client waited.
        after: Duration,
    },
    /// No response came within `default.api.timeout.ms`, however often the client tried.
    TimedOut {
        /// How many times it tried.
        attempts: u32,
        /// How the last attempt failed.
        last: Box<ClientError>,
    },
    /// A frame that is none.
    Frame {
        /// Who sent it.
        peer: Peer,
        /// What is wrong with it.
        source: FrameError,
    },
    /// A response that cannot be read.
    Response {
        /// Who sent it.
        peer: Peer,
        /// To which request.
        api: ApiKey,
        /// What is wrong with it.
        source: SchemaError,
    },
    /// A request that cannot be written.
    Request {
        /// Which.
        api: ApiKey,
        /// What is wrong with it.
        source: SchemaError,
    },
    /// A response that belongs to no request, or to another one than the next.
    Correlation {
        /// Who sent it.
        peer: Peer,
        /// The id of the oldest request without a response, if there is one.
        expected: Option<i32>,
        /// The id in the response.
        found: i32,
    },
    /// The response to one API was asked for as one to another.
    WrongApi {
        /// The API of the request.
        sent: ApiKey,
        /// The API that the caller named.
        expected: ApiKey,
    },
    /// The peer has no version of the API that the client has too (`UnsupportedVersionException`).
    UnsupportedApi {
        /// The peer.
        peer: Peer,
        /// The API.
        api: ApiKey,
        /// The client's versions.
        ours: RangeInclusive<i16>,
        /// The peer's versions; `None` if it does not serve the API.
        theirs: Option<RangeInclusive<i16>>,
    },
    /// The best common version of the API lacks a field that the request sets (`UnsupportedVersionException`).
    UnsupportedVersion {
        /// The peer.
        peer: Peer,
        /// The API.
        api: ApiKey,
        /// The version.
        version: i16,
        /// The field.
        field: &'static str,
    },
    /// TLS cannot be agreed upon (`SslAuthenticationException`).
    Tls {
        /// With whom.
        peer: Peer,
        /// Why.
        source: rustls::Error,
    },
    /// The node does not log the client in as its mechanism says.
    Sasl {
        /// The node.
        peer: Peer,
        /// What is wrong.
        source: ScramError,
    },
    /// There is no token to log in with.
    Token {
        /// The node.
        peer: Peer,
        /// Why.
        source: Box<LoginError>,
    },
    /// The cluster has no such node.
    UnknownNode {
        /// The id that was asked for.
        id: i32,
    },
    /// The cluster has no node at all, or none is the controller.
    NoNode,
    /// An error code that stands for the whole response.
    Api(ApiError),
}

impl ClientError {
    /// Whether another attempt can succeed: the network failed, or the error is retriable in Kafka (`RetriableException`).
    pub fn is_retriable(&self) -> bool {
        match self {
            ClientError::Connect { .. }
            | ClientError::Io { .. }
            | ClientError::Disconnected { .. }
            | ClientError::RequestTimedOut { .. }
            | ClientError::UnknownNode { .. }
            | ClientError::NoNode => true,
            ClientError::Api(error) => error.code.is_retriable(),
            _ => false,
        }
    }

    /// The error of TLS in an I/O error, if there is one: it will not go away by itself.
    pub(crate) fn of_tls(peer: &Peer, error: &io::Error) -> Option<Self> {
        let source = error.get_ref()?.downcast_ref::<rustls::Error>()?;
        Some(ClientError::Tls { peer: peer.clone(), source: source.clone() })
    }

    /// The error code of the response, if that is what went wrong.
    pub fn code(&self) -> Option<ErrorCode> {
        match self {
            ClientError::Api(error) => Some(error.code),
            _ => None,
        }
    }
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ClientError::Config(error) => error.fmt(f),
            ClientError::Connect { peer, source } => write!(f, "could not connect to {peer}: {source}"),
            ClientError::Io { peer, source } => write!(f, "connection with {peer} failed: {source}"),
            ClientError::Disconnected { peer } => write!(f, "{peer} closed the connection"),
            ClientError::RequestTimedOut { peer, api, after } => {
                write!(f, "{peer} sent no response to {} within {} ms", api.name(), after.as_millis())
            }
            ClientError::TimedOut { attempts, last } => write!(f, "gave up after {attempts} attempt(s): {last}"),
            ClientError::Frame { peer, source } => write!(f, "{peer} sent a malformed frame: {source}"),
            ClientError::Response { peer, api, source } => {
                write!(f, "{peer} sent a malformed response to {}: {source}", api.name())
            }
            ClientError::Request { api, source } => write!(f, "cannot write {} request: {source}", api.name()),
            ClientError::Correlation { peer, expected: Some(expected), found } => {
                write!(f, "{peer} sent a response with correlation id {found}, expected {expected}")
            }
            ClientError::Correlation { peer, expected: None, found } => {
                write!(f, "{peer} sent a response with correlation id {found}, expected none")
            }
            ClientError::WrongApi { sent, expected } => {
                write!(f, "the request was {}, not {}", sent.name(), expected.name())
            }
            ClientError::UnsupportedApi { peer, api, theirs: None, .. } => {
                write!(f, "The node {peer} does not support {}", api.name())
            }
            ClientError::UnsupportedApi { peer, api, ours, theirs: Some(theirs) } => write!(
                f,
                "The node {peer} does not support {} with version in range [{},{}]. The supported range is [{},{}].",
                api.name(),
                ours.start(),
                ours.end(),
                theirs.start(),
                theirs.end()
            ),
            ClientError::UnsupportedVersion { peer, api, version, field } => {
                write!(f, "{} version {version}, the latest that {peer} supports, has no field {field}", api.name())
            }
            ClientError::Tls { peer, source } => write!(f, "SSL handshake with {peer} failed: {source}"),
            ClientError::Sasl { peer, source } => write!(f, "{peer}: {source}"),
            ClientError::Token { peer, source } => write!(f, "cannot log in at {peer}: {source}"),
            ClientError::UnknownNode { id } => write!(f, "the cluster has no node {id}"),
            ClientError::NoNode => f.write_str("the cluster has no node for the request"),
            ClientError::Api(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ClientError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            ClientError::Config(error) => Some(error),
            ClientError::Connect { source, .. } | ClientError::Io { source, .. } => Some(source),
            ClientError::Frame { source, .. } => Some(source),
            ClientError::Response { source, .. } | ClientError::Request { source, .. } => Some(source),
            ClientError::Tls { source, .. } => Some(source),
            ClientError::Sasl { source, .. } => Some(source),
            ClientError::Token { source, .. } => Some(source),
            ClientError::TimedOut { last, .. } => Some(last),
            ClientError::Api(error) => Some(error),
            _ => None,
        }
    }
}

impl From<ApiError> for ClientError {
    fn from(error: ApiError) -> Self {
        ClientError::Api(error)
    }
}

impl From<ConfigError> for ClientError {
    fn from(error: ConfigError) -> Self {
        ClientError::Config(error)
    }
}
