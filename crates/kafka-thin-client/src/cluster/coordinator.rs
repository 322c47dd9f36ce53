//! Coordinators of groups and transactions.

use kafka_rpc::messages::FindCoordinatorRequest;
use kafka_rpc::{ApiKey, ErrorCode};

use super::Client;
use crate::error::{ApiError, ClientError};

/// The first version of FindCoordinator that takes several keys.
const BATCHED_VERSION_MIN: i16 = 4;

/// What a coordinator is for (`CoordinatorType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CoordinatorType {
    /// Groups.
    Group,
    /// Transactions.
    Transaction,
}

impl Client {
    /// The broker that coordinates a group or a transactional id, asked for if it is not known yet.
    ///
    /// # Errors
    /// If no node answers, and the error of the answer; `COORDINATOR_NOT_AVAILABLE` is retriable.
    pub fn coordinator(&mut self, of: CoordinatorType, key: &str) -> Result<i32, ClientError> {
        self.ensure_nodes()?;
        if let Some(node) = self.coordinators.get(&(of, key.to_owned())) {
            return Ok(*node);
        }
        let key_type = match of {
            CoordinatorType::Group => 0,
            CoordinatorType::Transaction => 1,
        };
        let any = self.cluster.nodes.keys().next().copied().ok_or(ClientError::NoNode)?;
        let node = match self.connection(any)?.versions().latest(ApiKey::FindCoordinator) {
            Some(version) if version < BATCHED_VERSION_MIN => {
                let request = FindCoordinatorRequest { key: key.into(), key_type, ..Default::default() };
                let reply = self.send_to(any, &request)?;
                let response = reply.message()?;
                ApiError::check(response.error_code, response.error_message.as_deref())?;
                response.node_id
            }
            _ => {
                let coordinator_keys = vec![key.into()];
                let request = FindCoordinatorRequest { key_type, coordinator_keys, ..Default::default() };
                let reply = self.send_to(any, &request)?;
                let response = reply.message()?;
                let found = response.coordinators.iter().find(|coordinator| coordinator.key == key);
                let missing = ApiError { code: ErrorCode::CoordinatorNotAvailable, message: None };
                let found = found.ok_or(missing)?;
                ApiError::check(found.error_code, found.error_message.as_deref())?;
                found.node_id
            }
        };
        self.coordinators.insert((of, key.to_owned()), node);
        Ok(node)
    }

    /// Lets the next call ask for all coordinators again: a node said that it is none.
    pub fn forget_coordinators(&mut self) {
        self.coordinators.clear();
    }
}
