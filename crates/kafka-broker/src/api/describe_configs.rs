//! DescribeConfigs, 1 to 4 (`ConfigHelper`).

use std::collections::HashSet;

use kafka_rpc::ErrorCode;
use kafka_rpc::acl::{AclOperation, ResourceType};
use kafka_rpc::messages::describe_configs_request::DescribeConfigsResource;
use kafka_rpc::messages::describe_configs_response::DescribeConfigsResult;
use kafka_rpc::messages::{DescribeConfigsRequest, DescribeConfigsResponse};
use tracing::level_filters::LevelFilter;

use super::{Call, Handled, Refusal, Rights};
use crate::broker::Shared;
use crate::config::{DynamicConfigs, Row, broker_logger_rows, client_metrics_rows, configs_of, document};
use crate::controller::{ApiError, check_topic_name};
use crate::metadata::{ConfigResource, ConfigResourceType, Image};

pub(super) fn handle(call: &mut Call<'_>) -> Result<Handled, Refusal> {
    let request: DescribeConfigsRequest<'_> = call.message()?;
    let rights = call.rights();
    let results = {
        let image = call.shared.image.read();
        let describe = |resource: &DescribeConfigsResource<'_>| match check(&rights, resource) {
            Ok(()) => result(call.shared, &image, resource, &request),
            Err(code) => DescribeConfigsResult {
                error_code: code.code(),
                error_message: Some(code.message().into()),
                resource_type: resource.resource_type,
                resource_name: resource.resource_name.clone().into_owned().into(),
                ..Default::default()
            },
        };
        // Each resource once: a short request could name one many times, and each answer is long.
        let mut seen = HashSet::new();
        let asked = request.resources.iter();
        asked.filter(|asked| seen.insert((asked.resource_type, asked.resource_name.as_ref()))).map(describe).collect()
    };
    call.respond(&DescribeConfigsResponse { results, ..Default::default() })
}

/// Settings of topics and groups are theirs, the others are the cluster's. Kinds that there are not are refused later.
fn check(rights: &Rights<'_>, resource: &DescribeConfigsResource<'_>) -> Result<(), ErrorCode> {
    let (operation, name) = (AclOperation::DescribeConfigs, &*resource.resource_name);
    match ConfigResourceType::from_id(resource.resource_type) {
        Some(ConfigResourceType::Topic) if !rights.may(operation, ResourceType::Topic, name) => {
            Err(ErrorCode::TopicAuthorizationFailed)
        }
        Some(ConfigResourceType::Group) => rights.check_group(operation, name),
        Some(ConfigResourceType::Topic) | None => Ok(()),
        Some(_) => rights.check_cluster(operation),
    }
}

fn result(
    shared: &Shared,
    image: &Image,
    resource: &DescribeConfigsResource<'_>,
    request: &DescribeConfigsRequest<'_>,
) -> DescribeConfigsResult<'static> {
    let mut result = DescribeConfigsResult {
        resource_type: resource.resource_type,
        resource_name: resource.resource_name.clone().into_owned().into(),
        ..Default::default()
    };
    match rows(shared, image, resource) {
        Ok(mut rows) => {
            if let Some(wanted) = resource.configuration_keys.as_ref().filter(|wanted| !wanted.is_empty()) {
                let wanted: HashSet<&str> = wanted.iter().map(AsRef::as_ref).collect();
                rows.retain(|row| wanted.contains(row.name.as_ref()));
            }
            if request.include_documentation
                && let Some(kind) = ConfigResourceType::from_id(resource.resource_type)
            {
                document(kind, &mut rows);
            }
            if !request.include_synonyms {
                rows.iter_mut().for_each(|row| row.synonyms.clear());
            }
            result.configs = rows;
        }
        Err(error) => {
            result.error_code = error.code.code();
            result.error_message = error.message;
        }
    }
    result
}

fn rows(shared: &Shared, image: &Image, resource: &DescribeConfigsResource<'_>) -> Result<Vec<Row>, ApiError> {
    let invalid = |why: String| ApiError::new(ErrorCode::InvalidRequest, why);
    let kind = ConfigResourceType::from_id(resource.resource_type)
        .ok_or_else(|| invalid(format!("Unsupported resource type: {}", resource.resource_type)))?;
    let name = resource.resource_name.as_ref();
    let node_id = shared.node_id;
    let id = || {
        let not_a_number = |_| invalid(format!("Broker id must be an integer, but it is: {name}"));
        name.parse::<i32>().map_err(not_a_number)
    };
    let own = || configs_of(image, &ConfigResource { kind, name: name.to_owned() });
    let dynamic = DynamicConfigs::of(image, node_id);
    let broker = dynamic.over(&shared.config.config);
    match kind {
        ConfigResourceType::Topic => {
            check_topic_name(name)?;
            match image.topic(name) {
                Some(_) => Ok(broker.topic_rows(&own())),
                None => Err(ApiError::new(ErrorCode::UnknownTopicOrPartition, "")),
            }
        }
        ConfigResourceType::Broker if name.is_empty() => Ok(broker.all_brokers_rows()),
        ConfigResourceType::Broker => match id()? {
            id if id == node_id => Ok(broker.broker_rows()),
            _ => Err(invalid(format!("Unexpected broker id, expected {node_id} or empty string, but received {name}"))),
        },
        ConfigResourceType::BrokerLogger if name.is_empty() => Err(invalid("Broker id must not be empty".to_owned())),
        ConfigResourceType::BrokerLogger => match id()? {
            id if id == node_id => Ok(broker_logger_rows(&LevelFilter::current().to_string().to_uppercase())),
            _ => Err(invalid(format!("Unexpected broker id, expected {node_id} but received {name}"))),
        },
        ConfigResourceType::ClientMetrics if name.is_empty() => {
            Err(invalid("Client metrics subscription name must not be empty".to_owned()))
        }
        ConfigResourceType::ClientMetrics => Ok(client_metrics_rows(&own())),
        ConfigResourceType::Group if name.is_empty() => Err(invalid("Group name must not be empty".to_owned())),
        ConfigResourceType::Group => Ok(broker.group_rows(&own())),
    }
}
