//! One access control entry (`StandardAcl`).

use std::fmt;

use kafka_rpc::Uuid;
use kafka_rpc::acl::{AclOperation, AclPermissionType, PatternType, ResourceType, WILDCARD};
use kafka_rpc::stored::metadata::AccessControlEntryRecord;

/// Who may, or may not, do what to which resources, and from where.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Acl {
    pub(crate) resource_type: ResourceType,
    pub(crate) name: Box<str>,
    pub(crate) pattern: PatternType,
    /// As it was given, `User:alice` for example.
    pub(crate) principal: Box<str>,
    pub(crate) host: Box<str>,
    pub(crate) operation: AclOperation,
    pub(crate) permission: AclPermissionType,
}

impl Acl {
    /// The entry of a record.
    pub(crate) fn of(record: &AccessControlEntryRecord<'_>) -> Self {
        Acl {
            resource_type: ResourceType::from_code(record.resource_type),
            name: record.resource_name.as_ref().into(),
            pattern: PatternType::from_code(record.pattern_type),
            principal: record.principal.as_ref().into(),
            host: record.host.as_ref().into(),
            operation: AclOperation::from_code(record.operation),
            permission: AclPermissionType::from_code(record.permission_type),
        }
    }

    /// The record of the entry.
    pub(crate) fn to_record(&self, id: Uuid) -> AccessControlEntryRecord<'static> {
        AccessControlEntryRecord {
            id,
            resource_type: self.resource_type.code(),
            resource_name: self.name.to_string().into(),
            pattern_type: self.pattern.code(),
            principal: self.principal.to_string().into(),
            host: self.host.to_string().into(),
            operation: self.operation.code(),
            permission_type: self.permission.code(),
            ..AccessControlEntryRecord::default()
        }
    }

    /// Whether it allows the operation, or denies it; `None` where it says nothing of host or operation
    /// (`StandardAuthorizerData.findResult`). Principal and resource have to match already.
    pub(super) fn says(&self, operation: AclOperation, host: &str) -> Option<bool> {
        if *self.host != *WILDCARD && *self.host != *host {
            return None;
        }
        let allows = self.permission == AclPermissionType::Allow;
        let is_meant = self.operation == AclOperation::All
            || self.operation == operation
            // What implies something allows it. A denial denies nothing but itself.
            || (allows && implies(self.operation, operation));
        is_meant.then_some(allows)
    }
}

/// Who may do `operation` may do `other`, too.
fn implies(operation: AclOperation, other: AclOperation) -> bool {
    use AclOperation::*;
    match other {
        Describe => matches!(operation, Read | Write | Delete | Alter),
        DescribeConfigs => operation == AlterConfigs,
        _ => false,
    }
}

impl fmt::Display for Acl {
    /// As Kafka's audit log shows it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "StandardAcl(resourceType={}, resourceName={}, patternType={}, principal={}, host={}, operation={}, permissionType={})",
            self.resource_type.name(),
            self.name,
            self.pattern.name(),
            self.principal,
            self.host,
            self.operation.name(),
            self.permission.name()
        )
    }
}
