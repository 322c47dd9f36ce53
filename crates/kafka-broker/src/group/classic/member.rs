//! A member of a classic group (`ClassicGroupMember`).

use std::sync::Arc;

use kafka_rpc::messages::join_group_request::JoinGroupRequestProtocol;

use super::super::outcome::Waiter;

/// An assignor that a member supports, and what it tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Protocol {
    pub(in super::super) name: Box<str>,
    pub(in super::super) metadata: Arc<[u8]>,
}

impl Protocol {
    /// The protocols in a request.
    pub(in super::super) fn list(protocols: &[JoinGroupRequestProtocol<'_>]) -> Vec<Protocol> {
        protocols
            .iter()
            .map(|p| Protocol { name: p.name.as_ref().into(), metadata: p.metadata.as_ref().into() })
            .collect()
    }
}

/// A member.
#[derive(Clone, Debug)]
pub(in super::super) struct Member<T> {
    pub(in super::super) id: Arc<str>,
    pub(in super::super) instance_id: Option<Arc<str>>,
    pub(in super::super) client_id: Box<str>,
    pub(in super::super) client_host: Box<str>,
    pub(in super::super) rebalance_timeout_ms: i32,
    pub(in super::super) session_timeout_ms: i32,
    pub(in super::super) protocols: Vec<Protocol>,
    pub(in super::super) assignment: Arc<[u8]>,
    pub(super) awaiting_join: Option<Waiter<T>>,
    pub(super) awaiting_sync: Option<Waiter<T>>,
    /// Has joined and was not answered yet.
    pub(super) is_new: bool,
}

impl<T> Member<T> {
    /// A member that waits for nothing and has no assignment: its client id and host, its rebalance and session timeouts.
    pub(in super::super) fn settled(
        id: Arc<str>,
        instance_id: Option<Arc<str>>,
        (client_id, client_host): (&str, &str),
        (rebalance_timeout_ms, session_timeout_ms): (i32, i32),
        protocols: Vec<Protocol>,
    ) -> Self {
        Member {
            id,
            instance_id,
            client_id: client_id.into(),
            client_host: client_host.into(),
            rebalance_timeout_ms,
            session_timeout_ms,
            protocols,
            assignment: [].into(),
            awaiting_join: None,
            awaiting_sync: None,
            is_new: false,
        }
    }

    /// What the member tells an assignor; nothing where it does not support it.
    pub(in super::super) fn metadata(&self, protocol: &str) -> Arc<[u8]> {
        self.protocols.iter().find(|p| &*p.name == protocol).map_or_else(|| [].into(), |p| Arc::clone(&p.metadata))
    }

    /// Whether a request has the same protocols.
    pub(super) fn matches(&self, protocols: &[JoinGroupRequestProtocol<'_>]) -> bool {
        let same =
            |(a, b): (&Protocol, &JoinGroupRequestProtocol<'_>)| *a.name == *b.name && *a.metadata == *b.metadata;
        self.protocols.len() == protocols.len() && self.protocols.iter().zip(protocols).all(same)
    }

    /// The first of the member's protocols that all members support.
    pub(super) fn vote(&self, is_candidate: impl Fn(&str) -> bool) -> Option<&str> {
        self.protocols.iter().map(|p| &*p.name).find(|name| is_candidate(name))
    }

    /// Members that wait for an answer need no heartbeats, except those that were never answered.
    pub(super) fn is_excused(&self) -> bool {
        !self.is_new && (self.awaiting_join.is_some() || self.awaiting_sync.is_some())
    }
}
