//! `AlterConfigs`: all settings of resources at once (`ConfigurationControlManager.legacyAlterConfigs`).

use kafka_rpc::messages::alter_configs_response::AlterConfigsResourceResponse;
use kafka_rpc::messages::{AlterConfigsRequest, AlterConfigsResponse};

use super::configs::{Change, Changes, alter, answers_of_resources};
use super::{Context, Outcome};
use crate::metadata::Image;

/// Gives resources these settings, and no others.
pub fn plan(
    image: &Image,
    context: &Context<'_>,
    request: &AlterConfigsRequest<'_>,
) -> Outcome<AlterConfigsResponse<'static>> {
    let changes = request.resources.iter().map(|resource| {
        let set = resource.configs.iter().map(|config| (config.name.as_ref(), Change::Set, config.value.as_deref()));
        Changes {
            kind: resource.resource_type,
            name: &resource.resource_name,
            changes: set.collect(),
            keeps_others: false,
        }
    });
    let (records, verdicts) = alter(image, context, &changes.collect::<Vec<_>>(), request.validate_only);
    let responses = verdicts.into_iter().map(response).collect();
    Outcome::atomic(records, AlterConfigsResponse { responses, ..AlterConfigsResponse::default() })
}

answers_of_resources!(AlterConfigsResourceResponse);
