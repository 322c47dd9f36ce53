//! What a client may do (`StandardAuthorizer`).
//!
//! The entries come from the metadata; a decision is a pure function of them and of the settings.

mod acl;
mod index;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use kafka_rpc::ApiKey;
use kafka_rpc::acl::{AclOperation, ResourceType};
use parking_lot::RwLock;

pub(crate) use acl::Acl;

use self::index::Index;
use crate::config::AuthorizerConfig;
use crate::metadata::{Delta, Image};

/// Where Kafka logs decisions.
const AUDIT: &str = "kafka.authorizer.logger";

/// Decides by entries and settings.
pub(crate) struct Authorizer {
    super_users: Vec<String>,
    allows_without_entries: bool,
    index: RwLock<Index>,
}

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Requester {
    /// `User:alice`
    pub(crate) principal: String,
    /// The address, as Java writes it.
    pub(crate) host: String,
    /// What was requested.
    pub(crate) api: ApiKey,
}

/// What is asked.
#[derive(Clone, Copy)]
pub(crate) struct Action<'a> {
    pub(crate) operation: AclOperation,
    pub(crate) resource_type: ResourceType,
    pub(crate) name: &'a str,
    /// How often the request names the resource.
    pub(crate) count: usize,
    pub(crate) log_if_allowed: bool,
    pub(crate) log_if_denied: bool,
}

/// Why a decision is what it is.
enum Rule {
    SuperUser,
    Default(bool),
    Matching(Arc<Acl>, bool),
}

impl Rule {
    const fn allows(&self) -> bool {
        match self {
            Rule::SuperUser => true,
            Rule::Default(allows) | Rule::Matching(_, allows) => *allows,
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Rule::SuperUser => f.write_str("SuperUser"),
            Rule::Default(true) => f.write_str("DefaultAllow"),
            Rule::Default(false) => f.write_str("DefaultDeny"),
            Rule::Matching(acl, _) => write!(f, "MatchingAcl(acl={acl})"),
        }
    }
}

impl Authorizer {
    /// An authorizer with the entries of an image, if the settings ask for one.
    pub(crate) fn of(config: &AuthorizerConfig, image: &Image) -> Option<Self> {
        if !config.is_enabled {
            return None;
        }
        let mut index = Index::default();
        image.acls().for_each(|record| index.insert(record.id, Acl::of(record)));
        tracing::info!(acls = index.len(), super_users = config.super_users.join(";"), "authorizing requests");
        Some(Authorizer {
            super_users: config.super_users.clone(),
            allows_without_entries: config.allow_everyone_if_no_acl_found,
            index: RwLock::new(index),
        })
    }

    /// Takes over what has changed.
    pub(crate) fn apply(&self, delta: &Delta, image: &Image) {
        let mut index = self.index.write();
        for id in &delta.changed_acls {
            match image.acl(*id) {
                Some(record) => index.insert(*id, Acl::of(record)),
                None => index.remove(*id),
            }
        }
    }

    /// Decides, and notes it in the audit log.
    pub(crate) fn authorize(&self, requester: &Requester, action: Action<'_>) -> bool {
        let rule = self.rule(requester, action);
        audit(requester, action, &rule);
        rule.allows()
    }

    fn rule(&self, requester: &Requester, action: Action<'_>) -> Rule {
        if self.super_users.contains(&requester.principal) {
            return Rule::SuperUser;
        }
        let Action { operation, resource_type, name, .. } = action;
        let found = self.index.read().find(&requester.principal, &requester.host, operation, resource_type, name);
        match (found.denied, found.allowed) {
            (Some(acl), _) => Rule::Matching(acl, false),
            (None, Some(acl)) => Rule::Matching(acl, true),
            (None, None) => Rule::Default(!found.has_entries && self.allows_without_entries),
        }
    }

    /// Whether the operation is allowed on some resource of the type.
    pub(crate) fn authorize_any(
        &self,
        requester: &Requester,
        operation: AclOperation,
        resource_type: ResourceType,
    ) -> bool {
        // Kafka asks for a resource of this name first: for super users, and for those who need no entries.
        let name = "hardcode";
        let action = Action { operation, resource_type, name, count: 0, log_if_allowed: true, log_if_denied: false };
        self.authorize(requester, action)
            || self.index.read().allows_any(&requester.principal, &requester.host, operation, resource_type)
    }
}

fn audit(requester: &Requester, action: Action<'_>, rule: &Rule) {
    use tracing::Level;
    let level = match (rule.allows(), action.log_if_allowed, action.log_if_denied) {
        (true, true, _) => Level::DEBUG,
        (false, _, true) => Level::INFO,
        _ => Level::TRACE,
    };
    let decision = || {
        let decision = format!(
            "Principal = {} is {} operation = {} from host = {} on resource = {}:LITERAL:{} for request = {} with \
             resourceRefCount = {} based on rule {rule}",
            requester.principal,
            if rule.allows() { "Allowed" } else { "Denied" },
            action.operation.name(),
            requester.host,
            action.resource_type.shown(),
            action.name,
            requester.api.name(),
            action.count,
        );
        // Names come from clients: a line break in one must not look like another line.
        if decision.contains(char::is_control) { decision.escape_debug().to_string() } else { decision }
    };
    match level {
        Level::INFO => tracing::info!(target: AUDIT, "{}", decision()),
        Level::DEBUG => tracing::debug!(target: AUDIT, "{}", decision()),
        _ => tracing::trace!(target: AUDIT, "{}", decision()),
    }
}
