//! `IncrementalAlterConfigs` (`ConfigurationControlManager.incrementalAlterConfigs`).

use kafka_rpc::messages::incremental_alter_configs_response::AlterConfigsResourceResponse;
use kafka_rpc::messages::{IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse};

use super::configs::{Change, Changes, alter, answers_of_resources};
use super::{Context, Outcome};
use crate::metadata::Image;

/// Changes settings of resources.
pub fn plan(
    image: &Image,
    context: &Context<'_>,
    request: &IncrementalAlterConfigsRequest<'_>,
) -> Outcome<IncrementalAlterConfigsResponse<'static>> {
    let changes = request.resources.iter().map(|resource| {
        let change = |config: &'_ kafka_rpc::messages::incremental_alter_configs_request::AlterableConfig<'_>| {
            Change::from_id(config.config_operation)
        };
        let changes =
            resource.configs.iter().map(|config| (config.name.as_ref(), change(config), config.value.as_deref()));
        Changes {
            kind: resource.resource_type,
            name: &resource.resource_name,
            changes: changes.collect(),
            keeps_others: true,
        }
    });
    let (records, verdicts) = alter(image, context, &changes.collect::<Vec<_>>(), request.validate_only);
    let responses = verdicts.into_iter().map(response).collect();
    Outcome::atomic(
        records,
        IncrementalAlterConfigsResponse { responses, ..IncrementalAlterConfigsResponse::default() },
    )
}

answers_of_resources!(AlterConfigsResourceResponse);
