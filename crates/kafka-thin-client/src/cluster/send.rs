//! Requests to the node that they are for. One attempt each.

use std::time::{Duration, Instant};

use kafka_rpc::Request;

use super::{Client, CoordinatorType};
use crate::connection::{Connection, ConnectionConfig, Reply};
use crate::error::{ClientError, Peer};

impl Client {
    /// Sends a request to the broker of this id.
    ///
    /// # Errors
    /// If there is none, and as [`Connection::call`].
    pub fn send_to<'a, R: Request<'a>>(&mut self, node: i32, request: &R) -> Result<Reply<R>, ClientError> {
        let peer = self.peer(node)?;
        self.call(&peer, request, None)
    }

    /// Like [`Client::send_to`], in this version of the request.
    ///
    /// # Errors
    /// As [`Client::send_to`].
    pub fn send_to_at<'a, R: Request<'a>>(
        &mut self,
        node: i32,
        request: &R,
        version: i16,
    ) -> Result<Reply<R>, ClientError> {
        let peer = self.peer(node)?;
        self.call(&peer, request, Some(version))
    }

    /// Sends a request to any node: the first one that can be reached, one that is connected already before others.
    ///
    /// # Errors
    /// If none can be reached, and as [`Connection::call`].
    pub fn send_to_any<'a, R: Request<'a>>(&mut self, request: &R) -> Result<Reply<R>, ClientError> {
        let known = self.cluster.nodes.values().map(|node| node.peer.clone());
        let mut peers: Vec<Peer> = known.chain(self.bootstrap.iter().cloned()).collect();
        peers.sort_by_key(|peer| !self.connections.contains_key(peer));
        let mut last = ClientError::NoNode;
        for peer in peers {
            match self.call(&peer, request, None) {
                Err(error @ ClientError::Connect { .. }) => last = error,
                outcome => return outcome,
            }
        }
        Err(last)
    }

    /// Sends a request to the node that takes those for the controller.
    ///
    /// # Errors
    /// If the cluster names none, and as [`Client::send_to`].
    pub fn send_to_controller<'a, R: Request<'a>>(&mut self, request: &R) -> Result<Reply<R>, ClientError> {
        self.ensure_nodes()?;
        let controller = self.cluster.controller.ok_or(ClientError::NoNode)?;
        self.send_to(controller, request)
    }

    /// Sends a request to any broker; to the active controller if the client talks to controllers
    /// (`LeastLoadedBrokerOrActiveKController`).
    ///
    /// # Errors
    /// As [`Client::send_to_any`] and [`Client::send_to_controller`].
    pub fn send_to_any_or_controller<'a, R: Request<'a>>(&mut self, request: &R) -> Result<Reply<R>, ClientError> {
        if self.config.bootstrap_controllers { self.send_to_controller(request) } else { self.send_to_any(request) }
    }

    /// The connection to the node that takes requests for the controller.
    ///
    /// # Errors
    /// If the cluster names none, or it cannot be reached.
    pub(crate) fn controller_connection(&mut self) -> Result<&mut Connection, ClientError> {
        self.ensure_nodes()?;
        let controller = self.cluster.controller.ok_or(ClientError::NoNode)?;
        self.connection(controller)
    }

    /// Sends a request to the coordinator of a group.
    ///
    /// # Errors
    /// As [`Client::coordinator`] and [`Client::send_to`].
    pub fn send_to_coordinator<'a, R: Request<'a>>(
        &mut self,
        group: &str,
        request: &R,
    ) -> Result<Reply<R>, ClientError> {
        let node = self.coordinator(CoordinatorType::Group, group)?;
        self.send_to(node, request)
    }

    /// The connection to a broker, made if need be: for requests in flight beside others, and for what it knows of the node.
    ///
    /// # Errors
    /// If there is no such broker, or it cannot be reached.
    pub fn connection(&mut self, node: i32) -> Result<&mut Connection, ClientError> {
        let peer = self.peer(node)?;
        self.connection_to(&peer)
    }

    /// Closes the connection to a broker, if there is one: after an error that made it useless.
    pub fn disconnect(&mut self, node: i32) {
        if let Some(node) = self.cluster.nodes.get(&node) {
            self.connections.remove(&node.peer);
        }
        self.refreshed = None;
    }

    fn peer(&mut self, id: i32) -> Result<Peer, ClientError> {
        self.ensure_nodes()?;
        self.cluster.nodes.get(&id).map(|node| node.peer.clone()).ok_or(ClientError::UnknownNode { id })
    }

    fn connection_to(&mut self, peer: &Peer) -> Result<&mut Connection, ClientError> {
        if !self.connections.contains_key(peer) {
            let remaining = self.remaining();
            let config = &self.config.connection;
            let config = ConnectionConfig { connect_timeout: config.connect_timeout.min(remaining), ..config.clone() };
            let connection = Connection::connect(peer.clone(), config);
            let connection = connection.inspect_err(|error| {
                tracing::warn!("Connection to {peer} could not be established: {error}. Node may not be available.");
            })?;
            self.connections.insert(peer.clone(), connection);
        }
        self.connections.get_mut(peer).ok_or(ClientError::NoNode)
    }

    fn call<'a, R: Request<'a>>(
        &mut self,
        peer: &Peer,
        request: &R,
        version: Option<i16>,
    ) -> Result<Reply<R>, ClientError> {
        let limit = self.config.connection.request_timeout.min(self.remaining());
        let connection = self.connection_to(peer)?;
        let outcome = match version {
            Some(version) => connection.send_at(request, version),
            None => connection.send(request),
        };
        let outcome = outcome.and_then(|pending| connection.receive_within(pending, limit));
        if outcome.as_ref().is_err_and(ends_connection) {
            self.connections.remove(peer);
            self.refreshed = None;
        }
        outcome
    }

    /// What is left of the call in progress.
    fn remaining(&self) -> Duration {
        self.deadline.map_or(Duration::MAX, |deadline| deadline.saturating_duration_since(Instant::now()))
    }
}

fn ends_connection(error: &ClientError) -> bool {
    !matches!(
        error,
        ClientError::UnsupportedApi { .. } | ClientError::UnsupportedVersion { .. } | ClientError::Request { .. }
    )
}
