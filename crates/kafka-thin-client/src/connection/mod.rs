//! One connection to one node.

mod authenticate;
mod receive;
mod reply;
mod transport;
mod versions;

use std::borrow::Cow;
use std::collections::VecDeque;
use std::io::{self, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use kafka_rpc::messages::{ApiVersionsRequest, ApiVersionsResponse};
use kafka_rpc::{ApiKey, ErrorCode, Message, Parts, Request, SchemaErrorKind, write_request};

use crate::error::{ApiError, ClientError, Peer};
use crate::security::Security;
use transport::Transport;

pub use reply::{Pending, Reply};
pub use versions::NodeVersions;

/// What the client calls itself in ApiVersions (KIP-511).
const SOFTWARE_NAME: &str = "kafka-thin-client";

/// The longest wait for a response, so that no deadline is too far away for the clock.
const WAIT_MAX: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// What every connection needs to know, with Kafka's defaults.
#[derive(Clone, Debug)]
pub struct ConnectionConfig {
    /// `client.id`: what the client calls itself in every request.
    pub client_id: String,
    /// `socket.connection.setup.timeout.ms`: for each address of a host. 10 seconds by default.
    pub connect_timeout: Duration,
    /// `request.timeout.ms`: how long a request waits for its response. 30 seconds by default.
    pub request_timeout: Duration,
    /// The longest response that is read. 256 MiB by default; Kafka's clients have no limit.
    pub response_bytes_max: usize,
    /// `security.protocol` and what goes with it.
    pub security: Security,
}

impl Default for ConnectionConfig {
    fn default() -> Self {
        ConnectionConfig {
            client_id: String::new(),
            connect_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_secs(30),
            response_bytes_max: 256 * 1024 * 1024,
            security: Security::default(),
        }
    }
}

/// A request without a response yet.
#[derive(Clone, Copy, Debug)]
struct InFlight {
    correlation_id: i32,
    api: ApiKey,
    version: i16,
}

/// A connection to a node. Requests may be sent before earlier ones are answered; a node answers in order.
///
/// After an error other than [`ClientError::UnsupportedApi`], [`ClientError::UnsupportedVersion`], [`ClientError::Request`] and
/// [`ClientError::Api`] the connection is of no use any more.
#[derive(Debug)]
pub struct Connection {
    peer: Peer,
    config: ConnectionConfig,
    stream: Transport,
    versions: NodeVersions,
    next_correlation_id: i32,
    /// Requests whose responses have not arrived, oldest first.
    in_flight: VecDeque<InFlight>,
    /// Responses that the caller has not taken yet.
    arrived: VecDeque<(i32, Vec<u8>)>,
    /// Bytes of the response that is arriving, and of later ones.
    inbox: Vec<u8>,
    /// When to prove again who the client is.
    reauthenticate_at: Option<Instant>,
}

impl Connection {
    /// Connects, asks the node for its versions, and logs in where that is configured.
    ///
    /// # Errors
    /// If no address of the host accepts, the node does not answer as a node of Kafka does, or refuses the login.
    pub fn connect(peer: Peer, config: ConnectionConfig) -> Result<Self, ClientError> {
        let mut connection = Self::open(peer, config)?;
        connection.negotiate()?;
        connection.authenticate()?;
        Ok(connection)
    }

    /// Connects only, without a login: for requests of fixed versions ([`Connection::send_at`]). The node counts as one that serves nothing.
    ///
    /// # Errors
    /// If no address of the host accepts.
    pub fn open(peer: Peer, config: ConnectionConfig) -> Result<Self, ClientError> {
        let stream = match dial(&peer, config.connect_timeout) {
            Ok(stream) => stream,
            Err(source) => return Err(ClientError::Connect { peer, source }),
        };
        let stream = match Transport::new(stream, &peer.host, config.security.tls(), config.request_timeout) {
            Ok(stream) => stream,
            Err(source) => {
                return Err(ClientError::of_tls(&peer, &source).unwrap_or(ClientError::Connect { peer, source }));
            }
        };
        Ok(Connection {
            peer,
            config,
            stream,
            versions: NodeVersions::default(),
            next_correlation_id: 0,
            in_flight: VecDeque::new(),
            arrived: VecDeque::new(),
            inbox: Vec::new(),
            reauthenticate_at: None,
        })
    }

    /// Asks for the node's versions, in the latest version that the node knows (KIP-511).
    fn negotiate(&mut self) -> Result<(), ClientError> {
        let request = ApiVersionsRequest {
            client_software_name: SOFTWARE_NAME.into(),
            client_software_version: env!("CARGO_PKG_VERSION").into(),
            ..Default::default()
        };
        let mut version = *ApiVersionsRequest::VERSIONS.end();
        loop {
            let pending = self.send_at(&request, version)?;
            let reply = self.receive::<ApiVersionsRequest>(pending)?;
            // A node that does not know the version answers in version 0.
            let unsupported = reply.body().starts_with(&ErrorCode::UnsupportedVersion.code().to_be_bytes());
            let response = if unsupported { reply.message_at(0)? } else { reply.message()? };
            if !unsupported || version == 0 {
                ApiError::check(response.error_code, None)?;
                self.versions = NodeVersions::new(&response);
                return Ok(());
            }
            version = fallback(&response, version);
        }
    }

    /// The other end.
    pub fn peer(&self) -> &Peer {
        &self.peer
    }

    /// What the node serves.
    pub fn versions(&self) -> &NodeVersions {
        &self.versions
    }

    /// How many requests wait for their response.
    pub fn in_flight(&self) -> usize {
        self.in_flight.len()
    }

    /// Sends a request in the latest common version and waits for the response.
    ///
    /// # Errors
    /// As [`Connection::send`] and [`Connection::receive`].
    pub fn call<'a, R: Request<'a>>(&mut self, request: &R) -> Result<Reply<R>, ClientError> {
        let pending = self.send(request)?;
        self.receive(pending)
    }

    /// Sends a request in the latest common version.
    ///
    /// # Errors
    /// If there is none, if it lacks a field that the request sets, and if the connection breaks.
    pub fn send<'a, R: Request<'a>>(&mut self, request: &R) -> Result<Pending, ClientError> {
        let version = self.latest::<R>()?;
        self.send_at(request, version)
    }

    /// The latest version of a request that client and node have.
    ///
    /// # Errors
    /// If there is none.
    pub fn latest<'a, R: Request<'a>>(&self) -> Result<i16, ClientError> {
        let ours = R::API_KEY.versions();
        self.versions.latest(R::API_KEY).ok_or_else(|| ClientError::UnsupportedApi {
            peer: self.peer.clone(),
            api: R::API_KEY,
            ours,
            theirs: self.versions.range(R::API_KEY.number()),
        })
    }

    /// Sends a request in this version, whatever the node says that it serves.
    ///
    /// # Errors
    /// If the version lacks a field that the request sets, and if the connection breaks.
    pub fn send_at<'a, R: Request<'a>>(&mut self, request: &R, version: i16) -> Result<Pending, ClientError> {
        self.keep_session()?;
        let correlation_id = self.write(request, version)?;
        self.in_flight.push_back(InFlight { correlation_id, api: R::API_KEY, version });
        Ok(Pending { correlation_id, api: R::API_KEY, version })
    }

    /// Sends a request that has no response: Produce with acks 0.
    ///
    /// # Errors
    /// As [`Connection::send`].
    pub fn send_without_response<'a, R: Request<'a>>(&mut self, request: &R) -> Result<(), ClientError> {
        let version = self.latest::<R>()?;
        self.keep_session()?;
        self.write(request, version).map(|_| ())
    }

    fn write<'a, R: Request<'a>>(&mut self, request: &R, version: i16) -> Result<i32, ClientError> {
        let correlation_id = self.next_correlation_id;
        let mut parts = Parts::default();
        write_request(&mut parts, request, version, correlation_id, Some(&self.config.client_id))
            .map_err(|source| self.unwritten(R::API_KEY, version, source))?;
        let bytes = parts.to_bytes().ok_or_else(|| {
            let source = kafka_rpc::SchemaError {
                at: 0,
                field: R::NAME,
                kind: SchemaErrorKind::RecordsInFile { len: parts.len() },
            };
            ClientError::Request { api: R::API_KEY, source }
        })?;
        self.next_correlation_id = self.next_correlation_id.wrapping_add(1) & i32::MAX;
        let written =
            self.stream.socket().set_write_timeout(Some(self.config.request_timeout.max(Duration::from_millis(1))));
        let written = written.and_then(|()| self.stream.write_all(&bytes)).and_then(|()| self.stream.flush());
        written.map_err(|source| self.broken(source))?;
        Ok(correlation_id)
    }

    fn unwritten(&self, api: ApiKey, version: i16, source: kafka_rpc::SchemaError) -> ClientError {
        match source.kind {
            SchemaErrorKind::NotInVersion { .. } | SchemaErrorKind::UnexpectedNull { .. } => {
                ClientError::UnsupportedVersion { peer: self.peer.clone(), api, version, field: source.field }
            }
            _ => ClientError::Request { api, source },
        }
    }

    fn broken(&self, source: io::Error) -> ClientError {
        // What the node finds wrong with a certificate of the client comes after the handshake of TLS 1.3.
        ClientError::of_tls(&self.peer, &source).unwrap_or(ClientError::Io { peer: self.peer.clone(), source })
    }

    /// Waits for a response, up to `request.timeout.ms`. Responses to other requests that arrive before it are kept.
    ///
    /// # Errors
    /// If none comes in time, if the connection breaks, and for bytes that are no response to the request.
    pub fn receive<'a, R: Request<'a>>(&mut self, pending: Pending) -> Result<Reply<R>, ClientError> {
        let after = self.config.request_timeout;
        self.receive_within(pending, after)
    }

    /// Like [`Connection::receive`], with a time limit of the caller's.
    ///
    /// # Errors
    /// As [`Connection::receive`].
    pub fn receive_within<'a, R: Request<'a>>(
        &mut self,
        pending: Pending,
        limit: Duration,
    ) -> Result<Reply<R>, ClientError> {
        let reply = self.poll(pending, limit)?;
        reply.ok_or_else(|| ClientError::RequestTimedOut { peer: self.peer.clone(), api: R::API_KEY, after: limit })
    }

    /// Waits for a response as long as the caller likes to; `None` if it has not come. The caller may ask again.
    ///
    /// # Errors
    /// If the connection breaks, and for bytes that are no response to the request.
    pub fn poll<'a, R: Request<'a>>(
        &mut self,
        pending: Pending,
        wait: Duration,
    ) -> Result<Option<Reply<R>>, ClientError> {
        if pending.api != R::API_KEY {
            return Err(ClientError::WrongApi { sent: pending.api, expected: R::API_KEY });
        }
        let deadline = Instant::now() + wait.min(WAIT_MAX);
        loop {
            let found = self.arrived.iter().position(|(id, _)| *id == pending.correlation_id);
            if let Some((_, frame)) = found.and_then(|at| self.arrived.remove(at)) {
                return Reply::new(self.peer.clone(), frame, pending.version).map(Some);
            }
            if !self.in_flight.iter().any(|request| request.correlation_id == pending.correlation_id) {
                let (peer, found) = (self.peer.clone(), pending.correlation_id);
                return Err(ClientError::Correlation { peer, expected: None, found });
            }
            if !self.arrive(deadline)? {
                return Ok(None);
            }
        }
    }
}

/// The version in which to ask again: the node's latest, if it told, else 0.
fn fallback(response: &ApiVersionsResponse<'_>, refused: i16) -> i16 {
    let api = ApiKey::ApiVersions.number();
    let range = response.api_keys.iter().find(|range| range.api_key == api);
    range.map_or(0, |range| range.max_version).clamp(0, (refused - 1).max(0))
}

fn dial(peer: &Peer, timeout: Duration) -> io::Result<TcpStream> {
    let mut last = None;
    for address in (peer.host.as_str(), peer.port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, timeout.max(Duration::from_millis(1))) {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| io::Error::new(io::ErrorKind::NotFound, Cow::from("the host has no address"))))
}
