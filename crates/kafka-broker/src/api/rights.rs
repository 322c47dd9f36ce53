//! What the sender of a request may do (`AuthHelper`).

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use kafka_rpc::acl::{AclOperation, CLUSTER_NAME, ResourceType};
use kafka_rpc::{ApiKey, ErrorCode};

use super::operations::{NOT_ASKED, ON_CLUSTER, ON_GROUPS, ON_TOPICS};
use crate::broker::Shared;
use crate::net::{Peer, java_address};
use crate::security::authorizer::{Action, Authorizer, Requester};

/// The rights of a client. Everything is allowed where there is no authorizer.
pub(crate) struct Rights<'s>(Option<(&'s Authorizer, Requester)>);

/// Names that a request may not use.
pub(crate) struct Denied<'n>(HashSet<&'n str>);

impl Denied<'_> {
    pub(crate) fn contains(&self, name: &str) -> bool {
        // Most clients are allowed all they ask for: no hash is computed.
        !self.0.is_empty() && self.0.contains(name)
    }
}

impl<'s> Rights<'s> {
    /// The rights of a client that has sent a request of this API.
    pub(crate) fn of(shared: &'s Shared, peer: &Peer, api: ApiKey) -> Self {
        Rights(shared.authorizer.as_deref().map(|authorizer| {
            let (principal, host) = (peer.principal.to_string(), java_address(peer.address.ip()));
            (authorizer, Requester { principal, host, api })
        }))
    }

    /// Whose rights these are, where there is something to decide.
    pub(crate) const fn requester(&self) -> Option<&Requester> {
        match &self.0 {
            Some((_, requester)) => Some(requester),
            None => None,
        }
    }

    /// Whether there is something to decide.
    pub(crate) const fn are_limited(&self) -> bool {
        self.0.is_some()
    }

    /// Whether an operation on a resource is allowed.
    pub(crate) fn may(&self, operation: AclOperation, resource_type: ResourceType, name: &str) -> bool {
        self.decide(operation, resource_type, name, 1, (true, true))
    }

    /// The same, where a denial is not the last word and is not logged.
    pub(crate) fn may_quietly(&self, operation: AclOperation, resource_type: ResourceType, name: &str) -> bool {
        self.decide(operation, resource_type, name, 1, (true, false))
    }

    /// Whether an operation on the cluster is allowed.
    pub(crate) fn may_on_cluster(&self, operation: AclOperation) -> bool {
        self.may(operation, ResourceType::Cluster, CLUSTER_NAME)
    }

    /// The same, where a denial is not the last word and is not logged.
    pub(crate) fn may_on_cluster_quietly(&self, operation: AclOperation) -> bool {
        self.may_quietly(operation, ResourceType::Cluster, CLUSTER_NAME)
    }

    /// Refuses where an operation on the cluster is not allowed.
    pub(crate) fn check_cluster(&self, operation: AclOperation) -> Result<(), ErrorCode> {
        if self.may_on_cluster(operation) { Ok(()) } else { Err(ErrorCode::ClusterAuthorizationFailed) }
    }

    /// Refuses where an operation on a group is not allowed.
    pub(crate) fn check_group(&self, operation: AclOperation, group_id: &str) -> Result<(), ErrorCode> {
        let is_allowed = self.may(operation, ResourceType::Group, group_id);
        if is_allowed { Ok(()) } else { Err(ErrorCode::GroupAuthorizationFailed) }
    }

    /// Refuses where an operation on a transactional id is not allowed.
    pub(crate) fn check_transactional_id(&self, operation: AclOperation, id: &str) -> Result<(), ErrorCode> {
        let is_allowed = self.may(operation, ResourceType::TransactionalId, id);
        if is_allowed { Ok(()) } else { Err(ErrorCode::TransactionalIdAuthorizationFailed) }
    }

    /// Whether an operation on some resource of a type is allowed.
    pub(crate) fn may_on_any(&self, operation: AclOperation, resource_type: ResourceType) -> bool {
        let Some((authorizer, requester)) = &self.0 else { return true };
        authorizer.authorize_any(requester, operation, resource_type)
    }

    /// Which of these topics an operation is not allowed on. Each is decided once.
    pub(crate) fn denied_topics<'n>(
        &self,
        operation: AclOperation,
        names: impl IntoIterator<Item = &'n str>,
    ) -> Denied<'n> {
        self.denied(operation, ResourceType::Topic, names)
    }

    /// Answers for topics that an operation is not allowed on. What has no name is an unknown topic id, which is answered as unknown.
    pub(crate) fn deny_topics<'f, T: 'f>(
        &self,
        operation: AclOperation,
        names: &[Option<Arc<str>>],
        found: impl Iterator<Item = &'f mut Result<T, ErrorCode>>,
    ) {
        let denied = self.denied_topics(operation, names.iter().flatten().map(AsRef::as_ref));
        for (found, name) in found.zip(names) {
            if name.as_ref().is_some_and(|name| denied.contains(name)) {
                *found = Err(ErrorCode::TopicAuthorizationFailed);
            }
        }
    }

    /// Which of these resources an operation is not allowed on.
    pub(crate) fn denied<'n>(
        &self,
        operation: AclOperation,
        resource_type: ResourceType,
        names: impl IntoIterator<Item = &'n str>,
    ) -> Denied<'n> {
        if self.0.is_none() {
            return Denied(HashSet::new());
        }
        let mut counts: HashMap<&str, usize> = HashMap::new();
        names.into_iter().for_each(|name| *counts.entry(name).or_default() += 1);
        let is_denied =
            |(name, count): &(&str, usize)| !self.decide(operation, resource_type, name, *count, (true, true));
        Denied(counts.into_iter().filter(is_denied).map(|(name, _)| name).collect())
    }

    /// What is allowed on a topic, if that was asked.
    pub(crate) fn on_topic(&self, is_asked: bool, name: &str) -> i32 {
        self.operations(is_asked, ON_TOPICS, ResourceType::Topic, name)
    }

    /// What is allowed on a group, if that was asked.
    pub(crate) fn on_group(&self, is_asked: bool, group_id: &str) -> i32 {
        self.operations(is_asked, ON_GROUPS, ResourceType::Group, group_id)
    }

    /// What is allowed on the cluster, if that was asked. Nothing is told to those who may not describe it.
    pub(crate) fn on_cluster(&self, is_asked: bool) -> i32 {
        if is_asked && !self.may_on_cluster(AclOperation::Describe) {
            return 0;
        }
        self.operations(is_asked, ON_CLUSTER, ResourceType::Cluster, CLUSTER_NAME)
    }

    fn operations(&self, is_asked: bool, all: i32, resource_type: ResourceType, name: &str) -> i32 {
        if !is_asked {
            return NOT_ASKED;
        }
        if self.0.is_none() {
            return all;
        }
        let bit = |operation: &AclOperation| 1 << operation.code();
        let supported = AclOperation::ALL.iter().filter(|operation| all & bit(operation) != 0);
        let allowed = supported.filter(|operation| self.decide(**operation, resource_type, name, 1, (false, false)));
        allowed.fold(0, |bits, operation| bits | bit(operation))
    }

    fn decide(
        &self,
        operation: AclOperation,
        resource_type: ResourceType,
        name: &str,
        count: usize,
        (log_if_allowed, log_if_denied): (bool, bool),
    ) -> bool {
        let Some((authorizer, requester)) = &self.0 else { return true };
        let action = Action { operation, resource_type, name, count, log_if_allowed, log_if_denied };
        authorizer.authorize(requester, action)
    }
}
