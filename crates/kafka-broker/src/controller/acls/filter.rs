//! Which entries are meant (`AclBindingFilter`).

use kafka_rpc::acl::{AclOperation, AclPermissionType, PatternType, ResourceType, WILDCARD};
use kafka_rpc::messages::DescribeAclsRequest;
use kafka_rpc::messages::delete_acls_request::DeleteAclsFilter;

use crate::security::authorizer::Acl;

/// A filter; what is `None` or `Any` matches everything.
pub(super) struct Filter<'f> {
    resource_type: ResourceType,
    name: Option<&'f str>,
    pattern: PatternType,
    principal: Option<&'f str>,
    host: Option<&'f str>,
    operation: AclOperation,
    permission: AclPermissionType,
}

/// Both messages have the same fields.
macro_rules! of {
    ($request:expr) => {
        Filter {
            resource_type: ResourceType::from_code($request.resource_type_filter),
            name: $request.resource_name_filter.as_deref(),
            pattern: PatternType::from_code($request.pattern_type_filter),
            principal: $request.principal_filter.as_deref(),
            host: $request.host_filter.as_deref(),
            operation: AclOperation::from_code($request.operation),
            permission: AclPermissionType::from_code($request.permission_type),
        }
    };
}

impl<'f> Filter<'f> {
    pub(super) fn of_describe(request: &'f DescribeAclsRequest<'_>) -> Self {
        of!(request)
    }

    pub(super) fn of_delete(filter: &'f DeleteAclsFilter<'_>) -> Self {
        of!(filter)
    }

    /// Whether its resource type or pattern type is unknown.
    pub(super) fn has_unknown_pattern(&self) -> bool {
        self.resource_type == ResourceType::Unknown || self.pattern == PatternType::Unknown
    }

    /// Whether its operation or permission is unknown.
    pub(super) fn has_unknown_entry(&self) -> bool {
        self.operation == AclOperation::Unknown || self.permission == AclPermissionType::Unknown
    }

    pub(super) fn matches(&self, acl: &Acl) -> bool {
        self.matches_pattern(acl)
            && self.principal.is_none_or(|principal| *principal == *acl.principal)
            && self.host.is_none_or(|host| *host == *acl.host)
            && (self.operation == AclOperation::Any || self.operation == acl.operation)
            && (self.permission == AclPermissionType::Any || self.permission == acl.permission)
    }

    /// (`ResourcePatternFilter.matches`)
    fn matches_pattern(&self, acl: &Acl) -> bool {
        if self.resource_type != ResourceType::Any && self.resource_type != acl.resource_type {
            return false;
        }
        let Some(name) = self.name else {
            return matches!(self.pattern, PatternType::Any | PatternType::Match) || self.pattern == acl.pattern;
        };
        match self.pattern {
            PatternType::Any => *name == *acl.name,
            // All entries that would be looked at for a resource of this name.
            PatternType::Match if acl.pattern == PatternType::Prefixed => name.starts_with(&*acl.name),
            PatternType::Match => *name == *acl.name || *acl.name == *WILDCARD,
            other => other == acl.pattern && *name == *acl.name,
        }
    }
}
