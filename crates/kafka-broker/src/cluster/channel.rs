//! Requests to the active controller (`NodeToControllerChannelManager`).

use std::fmt;
use std::sync::Arc;

use kafka_rpc::{ApiKey, Request};
use kafka_thin_client::{ClientError, Connection, ConnectionConfig, Peer, Reply};
use parking_lot::Mutex;

/// Which controller is active, as far as the observer knows, and how to connect to it.
pub(crate) struct ActiveController {
    connection: ConnectionConfig,
    at: Mutex<Option<(i32, Peer)>>,
}

impl ActiveController {
    pub(crate) fn new(connection: ConnectionConfig) -> Self {
        ActiveController { connection, at: Mutex::new(None) }
    }

    pub(super) fn set(&self, leader: Option<(i32, Peer)>) {
        let mut at = self.at.lock();
        if *at != leader {
            match &leader {
                Some((id, peer)) => tracing::info!(id, %peer, "the active controller is known"),
                None => tracing::info!("the active controller is not known"),
            }
            *at = leader;
        }
    }

    fn get(&self) -> Option<(i32, Peer)> {
        self.at.lock().clone()
    }

    /// How to connect to controllers.
    pub(super) fn connection(&self) -> &ConnectionConfig {
        &self.connection
    }
}

/// Why the controller has not answered.
#[derive(Debug)]
pub(crate) enum ChannelError {
    /// It is not known.
    Unknown,
    /// The connection to it.
    Client(ClientError),
}

impl fmt::Display for ChannelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ChannelError::Unknown => f.write_str("the active controller is not known"),
            ChannelError::Client(error) => error.fmt(f),
        }
    }
}

impl From<ClientError> for ChannelError {
    fn from(error: ClientError) -> Self {
        ChannelError::Client(error)
    }
}

/// A connection to the active controller. It follows when another one becomes active.
pub(crate) struct ControllerChannel {
    active: Arc<ActiveController>,
    connected: Option<((i32, Peer), Connection)>,
}

impl ControllerChannel {
    pub(super) fn new(active: Arc<ActiveController>) -> Self {
        ControllerChannel { active, connected: None }
    }

    /// Sends a request and waits for the response. Tries once.
    ///
    /// # Errors
    /// The controller is not known, or does not answer.
    pub(crate) fn call<'a, R: Request<'a>>(&mut self, request: &R) -> Result<Reply<R>, ChannelError> {
        let called = self.connection().and_then(|connection| Ok(connection.call(request)?));
        if called.is_err() {
            self.connected = None;
        }
        called
    }

    /// Whether the controller serves a version of an API.
    ///
    /// # Errors
    /// As [`ControllerChannel::call`].
    pub(super) fn serves(&mut self, api: ApiKey, version: i16) -> Result<bool, ChannelError> {
        let served = self.connection()?.versions().range(api.number());
        Ok(served.is_some_and(|range| range.contains(&version)))
    }

    fn connection(&mut self) -> Result<&mut Connection, ChannelError> {
        let active = self.active.get().ok_or(ChannelError::Unknown)?;
        let connected = match self.connected.take() {
            Some(connected) if connected.0 == active => connected,
            _ => {
                let connection = Connection::connect(active.1.clone(), self.active.connection.clone())?;
                (active, connection)
            }
        };
        Ok(&mut self.connected.insert(connected).1)
    }

    /// Lets go of the connection: the other end is not the active controller any more.
    pub(crate) fn reset(&mut self) {
        self.connected = None;
    }
}
