//! The way to the coordinator of a group.

use kafka_rpc::Request;

use crate::cluster::{Client, CoordinatorType};
use crate::connection::{Connection, Reply};
use crate::error::ClientError;

/// A connection of its own to the coordinator of a group: a broker answers the requests of a connection in order, and a fetch may
/// wait for half a second, a join for minutes.
#[derive(Debug)]
pub(crate) struct Coordinator {
    group_id: String,
    connection: Option<Connection>,
}

impl Coordinator {
    pub(crate) fn new(group_id: String) -> Self {
        Coordinator { group_id, connection: None }
    }

    pub(crate) fn group_id(&self) -> &str {
        &self.group_id
    }

    /// The connection, made if need be.
    pub(crate) fn connect(&mut self, client: &mut Client) -> Result<&mut Connection, ClientError> {
        if self.connection.is_none() {
            let node = client.coordinator(CoordinatorType::Group, &self.group_id)?;
            let found = client.cluster().nodes.get(&node).map(|node| node.peer.clone());
            let peer = found.ok_or(ClientError::UnknownNode { id: node })?;
            self.connection = Some(Connection::connect(peer, client.config().connection.clone())?);
        }
        self.connection.as_mut().ok_or(ClientError::NoNode)
    }

    /// Sends a request and waits for the response.
    pub(crate) fn call<'a, R: Request<'a>>(
        &mut self,
        client: &mut Client,
        request: &R,
    ) -> Result<Reply<R>, ClientError> {
        let reply = self.connect(client).and_then(|connection| connection.call(request));
        if reply.is_err() {
            self.disconnect();
        }
        reply
    }

    /// The connection, if there is one.
    pub(crate) fn connection(&mut self) -> Option<&mut Connection> {
        self.connection.as_mut()
    }

    /// Closes the connection: it broke, or the node is no longer the coordinator.
    pub(crate) fn disconnect(&mut self) {
        self.connection = None;
    }
}
