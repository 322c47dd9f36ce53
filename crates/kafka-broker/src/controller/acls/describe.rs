//! `DescribeAcls`.

use std::collections::BTreeMap;

use kafka_rpc::messages::describe_acls_response::{AclDescription, DescribeAclsResource};
use kafka_rpc::messages::{DescribeAclsRequest, DescribeAclsResponse};

use super::filter::Filter;
use crate::controller::{Context, Outcome};
use crate::metadata::Image;
use crate::security::authorizer::Acl;

/// The entries that match, by resource.
pub(crate) fn plan(
    image: &Image,
    _context: &Context<'_>,
    request: &DescribeAclsRequest<'_>,
) -> Outcome<DescribeAclsResponse<'static>> {
    let filter = Filter::of_describe(request);
    let mut by_resource: BTreeMap<_, Vec<AclDescription<'static>>> = BTreeMap::new();
    for acl in image.acls().map(Acl::of).filter(|acl| filter.matches(acl)) {
        let description = AclDescription {
            principal: acl.principal.to_string().into(),
            host: acl.host.to_string().into(),
            operation: acl.operation.code(),
            permission_type: acl.permission.code(),
            ..AclDescription::default()
        };
        by_resource.entry((acl.resource_type, acl.name, acl.pattern)).or_default().push(description);
    }
    let resources = by_resource.into_iter().map(|((resource_type, name, pattern), acls)| DescribeAclsResource {
        resource_type: resource_type.code(),
        resource_name: name.to_string().into(),
        pattern_type: pattern.code(),
        acls,
        ..DescribeAclsResource::default()
    });
    let resources = resources.collect();
    Outcome::none(DescribeAclsResponse { resources, error_message: None, ..DescribeAclsResponse::default() })
}
