//! Access control entries.

use kafka_rpc::acl::{AclOperation, AclPermissionType, PatternType, ResourceType};
use kafka_rpc::messages::create_acls_request::AclCreation;
use kafka_rpc::messages::delete_acls_request::DeleteAclsFilter;
use kafka_rpc::messages::{CreateAclsRequest, DeleteAclsRequest, DescribeAclsRequest};

use super::result;
use crate::cluster::Client;
use crate::error::{ApiError, ClientError};

/// Resources by type and name (`ResourcePattern`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ResourcePattern {
    /// What they are.
    pub resource_type: ResourceType,
    /// Their name, or what it begins with.
    pub name: String,
    /// Which of both.
    pub pattern_type: PatternType,
}

/// Who may, or may not, do what, and from where (`AccessControlEntry`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AccessControlEntry {
    /// `User:alice`
    pub principal: String,
    /// An address, or `*`.
    pub host: String,
    /// What.
    pub operation: AclOperation,
    /// Whether it is allowed.
    pub permission_type: AclPermissionType,
}

/// An entry, and what it is for (`AclBinding`).
pub type AclBinding = (ResourcePattern, AccessControlEntry);

/// Which entries are meant (`AclBindingFilter`): those of these resources, of all where there is no pattern; one entry, or all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AclFilter {
    /// The resources.
    pub resources: Option<ResourcePattern>,
    /// The entry.
    pub entry: Option<AccessControlEntry>,
}

impl AclFilter {
    fn to_delete(&self) -> DeleteAclsFilter<'static> {
        let (resources, entry) = (self.resources.as_ref(), self.entry.as_ref());
        DeleteAclsFilter {
            resource_type_filter: resources.map_or(ResourceType::Any, |of| of.resource_type).code(),
            resource_name_filter: resources.map(|of| of.name.clone().into()),
            pattern_type_filter: resources.map_or(PatternType::Any, |of| of.pattern_type).code(),
            principal_filter: entry.map(|of| of.principal.clone().into()),
            host_filter: entry.map(|of| of.host.clone().into()),
            operation: entry.map_or(AclOperation::Any, |of| of.operation).code(),
            permission_type: entry.map_or(AclPermissionType::Any, |of| of.permission_type).code(),
            ..Default::default()
        }
    }

    fn to_describe(&self) -> DescribeAclsRequest<'static> {
        let filter = self.to_delete();
        DescribeAclsRequest {
            resource_type_filter: filter.resource_type_filter,
            resource_name_filter: filter.resource_name_filter,
            pattern_type_filter: filter.pattern_type_filter,
            principal_filter: filter.principal_filter,
            host_filter: filter.host_filter,
            operation: filter.operation,
            permission_type: filter.permission_type,
            ..Default::default()
        }
    }
}

/// Reads the entries that match (`describeAcls`).
///
/// # Errors
/// If the cluster does not answer, or with an error.
pub fn describe_acls(client: &mut Client, filter: &AclFilter) -> Result<Vec<AclBinding>, ClientError> {
    let request = filter.to_describe();
    client.retry(|client| {
        let reply = client.send_to_any(&request)?;
        let response = reply.message()?;
        ApiError::check(response.error_code, response.error_message.as_deref())?;
        let of_resource = response.resources.iter().flat_map(|resource| {
            let pattern = ResourcePattern {
                resource_type: ResourceType::from_code(resource.resource_type),
                name: resource.resource_name.to_string(),
                pattern_type: PatternType::from_code(resource.pattern_type),
            };
            resource.acls.iter().map(move |acl| {
                let entry = AccessControlEntry {
                    principal: acl.principal.to_string(),
                    host: acl.host.to_string(),
                    operation: AclOperation::from_code(acl.operation),
                    permission_type: AclPermissionType::from_code(acl.permission_type),
                };
                (pattern.clone(), entry)
            })
        });
        Ok(of_resource.collect())
    })
}

/// Adds entries; gives the result of each (`createAcls`).
///
/// # Errors
/// If the cluster does not answer.
pub fn create_acls(client: &mut Client, bindings: &[AclBinding]) -> Result<Vec<Result<(), ApiError>>, ClientError> {
    let creation = |(resource, entry): &AclBinding| AclCreation {
        resource_type: resource.resource_type.code(),
        resource_name: resource.name.clone().into(),
        resource_pattern_type: resource.pattern_type.code(),
        principal: entry.principal.clone().into(),
        host: entry.host.clone().into(),
        operation: entry.operation.code(),
        permission_type: entry.permission_type.code(),
        ..Default::default()
    };
    let request = CreateAclsRequest { creations: bindings.iter().map(creation).collect(), ..Default::default() };
    client.retry(|client| {
        let reply = client.send_to_any(&request)?;
        let response = reply.message()?;
        let results = response.results.iter();
        Ok(results.map(|of| result(of.error_code, of.error_message.as_deref(), ())).collect())
    })
}

/// Removes the entries that match each filter; gives how many these were (`deleteAcls`).
///
/// # Errors
/// If the cluster does not answer.
pub fn delete_acls(client: &mut Client, filters: &[AclFilter]) -> Result<Vec<Result<usize, ApiError>>, ClientError> {
    let filters = filters.iter().map(AclFilter::to_delete).collect();
    let request = DeleteAclsRequest { filters, ..Default::default() };
    client.retry(|client| {
        let reply = client.send_to_any(&request)?;
        let response = reply.message()?;
        let results = response.filter_results.iter();
        let count = |of: &kafka_rpc::messages::delete_acls_response::DeleteAclsFilterResult<'_>| {
            result(of.error_code, of.error_message.as_deref(), of.matching_acls.len())
        };
        Ok(results.map(count).collect())
    })
}
