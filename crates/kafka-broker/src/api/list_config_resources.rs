//! ListConfigResources, 0 and 1: what has settings.

use kafka_rpc::ErrorCode;
use kafka_rpc::acl::AclOperation;
use kafka_rpc::messages::list_config_resources_response::ConfigResource;
use kafka_rpc::messages::{ListConfigResourcesRequest, ListConfigResourcesResponse};

use super::{Call, Handled, Refusal};
use crate::metadata::{ConfigResourceType, Image};

pub(super) fn handle(call: &mut Call<'_>) -> Result<Handled, Refusal> {
    use ConfigResourceType::*;
    let request: ListConfigResourcesRequest = call.message()?;
    if let Err(code) = call.rights().check_cluster(AclOperation::DescribeConfigs) {
        return call.respond(&ListConfigResourcesResponse { error_code: code.code(), ..Default::default() });
    }
    let asked: Option<Vec<_>> = match (call.version(), request.resource_types.is_empty()) {
        (0, _) => Some(vec![ClientMetrics]),
        (_, true) => Some(vec![Topic, Broker, BrokerLogger, ClientMetrics, Group]),
        (_, false) => request.resource_types.iter().map(|id| ConfigResourceType::from_id(*id)).collect(),
    };
    let Some(mut asked) = asked else {
        let error_code = ErrorCode::UnsupportedVersion.code();
        return call.respond(&ListConfigResourcesResponse { error_code, ..Default::default() });
    };
    asked.sort();
    asked.dedup();
    let config_resources = {
        let image = call.shared.image.read();
        asked
            .into_iter()
            .flat_map(|kind| names(&image, kind).into_iter().map(move |name| resource(kind, name)))
            .collect()
    };
    call.respond(&ListConfigResourcesResponse { config_resources, ..Default::default() })
}

/// All topics and brokers, and the groups and subscriptions that set something.
fn names(image: &Image, kind: ConfigResourceType) -> Vec<String> {
    match kind {
        ConfigResourceType::Topic => image.topics().map(|topic| topic.name.to_string()).collect(),
        ConfigResourceType::Broker | ConfigResourceType::BrokerLogger => {
            image.brokers().filter(|broker| !broker.fenced).map(|broker| broker.broker_id.to_string()).collect()
        }
        ConfigResourceType::ClientMetrics | ConfigResourceType::Group => {
            let resources = image.config_resources().filter(|resource| resource.kind == kind);
            resources.map(|resource| resource.name.clone()).collect()
        }
    }
}

fn resource(kind: ConfigResourceType, name: String) -> ConfigResource<'static> {
    ConfigResource { resource_name: name.into(), resource_type: kind.id(), ..Default::default() }
}
