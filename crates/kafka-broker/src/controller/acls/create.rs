//! `CreateAcls`.

use std::collections::HashSet;

use kafka_rpc::ErrorCode;
use kafka_rpc::acl::{AclOperation, AclPermissionType, CLUSTER_NAME, PatternType, ResourceType};
use kafka_rpc::messages::create_acls_request::AclCreation;
use kafka_rpc::messages::create_acls_response::AclCreationResult;
use kafka_rpc::messages::{CreateAclsRequest, CreateAclsResponse};
use kafka_rpc::stored::metadata::MetadataRecord;

use crate::controller::outcome::check_count;
use crate::controller::{ApiError, Context, Outcome};
use crate::metadata::Image;
use crate::security::authorizer::Acl;

/// Adds entries. One that is there already is no error.
pub(crate) fn plan(
    image: &Image,
    context: &Context<'_>,
    request: &CreateAclsRequest<'_>,
) -> Outcome<CreateAclsResponse<'static>> {
    let mut known: HashSet<Acl> = image.acls().map(Acl::of).collect();
    let mut records = Vec::new();
    let mut create = |creation: &AclCreation<'_>| {
        let acl = check(creation)?;
        if !known.contains(&acl) {
            records.push(MetadataRecord::AccessControlEntry(acl.to_record((context.new_id)())));
            known.insert(acl);
        }
        Ok(())
    };
    let mut verdicts: Vec<Result<(), ApiError>> = request.creations.iter().map(&mut create).collect();
    if let Err(error) = check_count(&records) {
        records.clear();
        verdicts.iter_mut().filter(|verdict| verdict.is_ok()).for_each(|verdict| *verdict = Err(error.clone()));
    }
    let results = verdicts.iter().map(result).collect();
    Outcome::atomic(records, CreateAclsResponse { results, ..CreateAclsResponse::default() })
}

/// The answer for one entry.
pub(crate) fn result(verdict: &Result<(), ApiError>) -> AclCreationResult<'static> {
    let (error_code, error_message) = ApiError::parts(verdict);
    AclCreationResult { error_code, error_message, ..AclCreationResult::default() }
}

/// (`AclControlManager.validateNewAcl`)
fn check(creation: &AclCreation<'_>) -> Result<Acl, ApiError> {
    let acl = Acl {
        resource_type: ResourceType::from_code(creation.resource_type),
        name: creation.resource_name.as_ref().into(),
        pattern: PatternType::from_code(creation.resource_pattern_type),
        principal: creation.principal.as_ref().into(),
        host: creation.host.as_ref().into(),
        operation: AclOperation::from_code(creation.operation),
        permission: AclPermissionType::from_code(creation.permission_type),
    };
    let invalid = |why: String| Err(ApiError::new(ErrorCode::InvalidRequest, why));
    if acl.resource_type == ResourceType::Cluster && *acl.name != *CLUSTER_NAME {
        return invalid(format!("The only valid name for the CLUSTER resource is {CLUSTER_NAME}"));
    }
    if acl.name.is_empty() {
        return invalid("Invalid empty resource name".to_owned());
    }
    if matches!(acl.resource_type, ResourceType::Unknown | ResourceType::Any) {
        return invalid(format!("Invalid resourceType {}", acl.resource_type.name()));
    }
    if !matches!(acl.pattern, PatternType::Literal | PatternType::Prefixed) {
        return invalid(format!("Invalid patternType {}", acl.pattern.name()));
    }
    if matches!(acl.operation, AclOperation::Unknown | AclOperation::Any) {
        return invalid(format!("Invalid operation {}", acl.operation.name()));
    }
    if !matches!(acl.permission, AclPermissionType::Deny | AclPermissionType::Allow) {
        return invalid(format!("Invalid permissionType {}", acl.permission.name()));
    }
    if !acl.principal.contains(':') {
        return invalid(format!(
            "Could not parse principal from `{}` (no colon is present separating the principal type from the principal name)",
            acl.principal
        ));
    }
    Ok(acl)
}
