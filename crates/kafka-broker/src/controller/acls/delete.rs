//! `DeleteAcls`.

use std::collections::BTreeSet;

use kafka_rpc::messages::delete_acls_request::DeleteAclsFilter;
use kafka_rpc::messages::delete_acls_response::{DeleteAclsFilterResult, DeleteAclsMatchingAcl};
use kafka_rpc::messages::{DeleteAclsRequest, DeleteAclsResponse};
use kafka_rpc::stored::metadata::{MetadataRecord, RemoveAccessControlEntryRecord};
use kafka_rpc::{ErrorCode, Uuid};

use super::filter::Filter;
use crate::controller::{ApiError, Context, Outcome, RECORDS_MAX};
use crate::metadata::Image;
use crate::security::authorizer::Acl;

/// Removes the entries that match.
pub(crate) fn plan(
    image: &Image,
    _context: &Context<'_>,
    request: &DeleteAclsRequest<'_>,
) -> Outcome<DeleteAclsResponse<'static>> {
    let acls: Vec<(Uuid, Acl)> = image.acls().map(|record| (record.id, Acl::of(record))).collect();
    let mut removed = BTreeSet::new();
    let results = request.filters.iter().map(|filter| {
        let matching = remove(filter, &acls, &mut removed);
        matching.unwrap_or_else(|error| refused(&error))
    });
    let filter_results = results.collect();
    let remove = |id| {
        MetadataRecord::RemoveAccessControlEntry(RemoveAccessControlEntryRecord {
            id,
            ..RemoveAccessControlEntryRecord::default()
        })
    };
    let records = removed.into_iter().map(remove).collect();
    Outcome::atomic(records, DeleteAclsResponse { filter_results, ..DeleteAclsResponse::default() })
}

/// The answer for a filter that is refused.
pub(crate) fn refused(error: &ApiError) -> DeleteAclsFilterResult<'static> {
    DeleteAclsFilterResult {
        error_code: error.code.code(),
        error_message: error.message.clone(),
        ..DeleteAclsFilterResult::default()
    }
}

fn remove(
    filter: &DeleteAclsFilter<'_>,
    acls: &[(Uuid, Acl)],
    removed: &mut BTreeSet<Uuid>,
) -> Result<DeleteAclsFilterResult<'static>, ApiError> {
    let filter = Filter::of_delete(filter);
    if filter.has_unknown_pattern() {
        return Err(ApiError::new(ErrorCode::InvalidRequest, "Unknown patternFilter."));
    }
    if filter.has_unknown_entry() {
        return Err(ApiError::new(ErrorCode::InvalidRequest, "Unknown entryFilter."));
    }
    let matching = || acls.iter().filter(|(_, acl)| filter.matches(acl));
    let more = matching().filter(|(id, _)| !removed.contains(id)).count();
    if removed.len() + more > RECORDS_MAX {
        // Kafka's error has no message that clients get to see.
        return Err(ApiError::bare(ErrorCode::UnknownServerError));
    }
    removed.extend(matching().map(|(id, _)| *id));
    let matching_acls = matching().map(|(_, acl)| DeleteAclsMatchingAcl {
        error_message: None,
        resource_type: acl.resource_type.code(),
        resource_name: acl.name.to_string().into(),
        pattern_type: acl.pattern.code(),
        principal: acl.principal.to_string().into(),
        host: acl.host.to_string().into(),
        operation: acl.operation.code(),
        permission_type: acl.permission.code(),
        ..DeleteAclsMatchingAcl::default()
    });
    let matching_acls = matching_acls.collect();
    Ok(DeleteAclsFilterResult { error_message: None, matching_acls, ..DeleteAclsFilterResult::default() })
}
