//! Answers of a cluster without an authorizer (`AclApis`).

use kafka_rpc::ErrorCode;
use kafka_rpc::messages::create_acls_response::AclCreationResult;
use kafka_rpc::messages::delete_acls_response::DeleteAclsFilterResult;
use kafka_rpc::messages::{
    CreateAclsRequest, CreateAclsResponse, DeleteAclsRequest, DeleteAclsResponse, DescribeAclsRequest,
    DescribeAclsResponse,
};

const MESSAGE: &str = "No Authorizer is configured.";

/// Says that there is no authorizer.
pub(crate) fn describe(_request: &DescribeAclsRequest<'_>) -> DescribeAclsResponse<'static> {
    DescribeAclsResponse {
        error_code: ErrorCode::SecurityDisabled.code(),
        error_message: Some("No Authorizer is configured on the broker".into()),
        ..DescribeAclsResponse::default()
    }
}

/// Says of each entry that there is no authorizer.
pub(crate) fn create(request: &CreateAclsRequest<'_>) -> CreateAclsResponse<'static> {
    let result = |_| AclCreationResult {
        error_code: ErrorCode::SecurityDisabled.code(),
        error_message: Some(MESSAGE.into()),
        ..AclCreationResult::default()
    };
    CreateAclsResponse { results: request.creations.iter().map(result).collect(), ..CreateAclsResponse::default() }
}

/// Says of each filter that there is no authorizer.
pub(crate) fn delete(request: &DeleteAclsRequest<'_>) -> DeleteAclsResponse<'static> {
    let result = |_| DeleteAclsFilterResult {
        error_code: ErrorCode::SecurityDisabled.code(),
        error_message: Some(MESSAGE.into()),
        ..DeleteAclsFilterResult::default()
    };
    DeleteAclsResponse { filter_results: request.filters.iter().map(result).collect(), ..DeleteAclsResponse::default() }
}
