//! What a broker whose controllers are elsewhere answers of the requests that are not forwarded: from the image, or because it
//! knows better than the controller (`KafkaApis`, `ConfigAdminManager`).

use kafka_rpc::acl::AclOperation;
use kafka_rpc::messages::{AlterConfigsRequest, IncrementalAlterConfigsRequest};
use kafka_rpc::{ApiKey, ErrorCode, Message, Request, RequestFrame};

use super::refused::Refuse;
use super::{Rights, memory_for};
use crate::broker::{Shared, frame};
use crate::config::Rules;
use crate::controller::{
    Context, Outcome, acls, acls::disabled, alter_configs, describe_client_quotas, describe_user_scram_credentials,
    free_of_charge, incremental_alter_configs,
};
use crate::metadata::{ConfigResourceType, Image, random_uuid};
use crate::net::{Peer, Ticket};

/// Whether the image has the answer.
pub(crate) fn is_local(api: ApiKey) -> bool {
    matches!(api, ApiKey::DescribeAcls | ApiKey::DescribeClientQuotas | ApiKey::DescribeUserScramCredentials)
}

/// Answers a request from the image.
///
/// # Errors
/// The request cannot be read, or the response not be written.
pub(crate) fn answer_from_image(
    request: &RequestFrame<'_>,
    ticket: Ticket,
    peer: &Peer,
    shared: &Shared,
) -> Result<(), ErrorCode> {
    use AclOperation::{Describe, DescribeConfigs};
    let rights = Rights::of(shared, peer, request.api_key);
    let call = Local { request, ticket, rights, shared };
    match request.api_key {
        ApiKey::DescribeAcls if shared.authorizer.is_some() => call.answer(Describe, acls::describe::plan),
        ApiKey::DescribeAcls => call.answer(Describe, |_, _, request| Outcome::none(disabled::describe(request))),
        ApiKey::DescribeClientQuotas => call.answer(DescribeConfigs, describe_client_quotas::plan),
        ApiKey::DescribeUserScramCredentials => call.answer(Describe, describe_user_scram_credentials::plan),
        _ => Err(ErrorCode::UnsupportedVersion),
    }
}

/// The answer to a change of settings of brokers that this broker would not take; `None` where the controller is to decide. A
/// request that names such a broker and other resources is refused as a whole.
pub(crate) fn refuse_configs(request: &RequestFrame<'_>, ticket: Ticket, shared: &Shared) -> Option<Vec<u8>> {
    let memory = memory_for(request.body);
    let rules = Rules::new(shared.config.config.clone());
    let settings = shared.config.controller();
    let context = context(&settings, &rules, shared);
    let is_of_broker = |kind: i8| kind == ConfigResourceType::Broker.id();
    let image = shared.image.read();
    // What is not right is forwarded, too: the controller refuses it in the same words.
    match request.api_key {
        ApiKey::AlterConfigs => {
            let message: AlterConfigsRequest<'_> = request.message(memory).ok()?;
            message.resources.iter().find(|resource| is_of_broker(resource.resource_type))?;
            let response = alter_configs::plan(&image, &context, &message).response;
            let is_refused = response.responses.iter().any(|of| is_of_broker(of.resource_type) && of.error_code != 0);
            is_refused.then(|| frame(&response, ticket).ok())?
        }
        ApiKey::IncrementalAlterConfigs => {
            let message: IncrementalAlterConfigsRequest<'_> = request.message(memory).ok()?;
            message.resources.iter().find(|resource| is_of_broker(resource.resource_type))?;
            let response = incremental_alter_configs::plan(&image, &context, &message).response;
            let is_refused = response.responses.iter().any(|of| is_of_broker(of.resource_type) && of.error_code != 0);
            is_refused.then(|| frame(&response, ticket).ok())?
        }
        _ => None,
    }
}

fn context<'c>(settings: &'c crate::controller::Settings, rules: &'c Rules, shared: &Shared) -> Context<'c> {
    Context {
        settings,
        rules,
        new_id: random_uuid,
        now_ms: shared.clock.now_ms(),
        next_offset: 0,
        charge: &free_of_charge,
    }
}

struct Local<'d> {
    request: &'d RequestFrame<'d>,
    ticket: Ticket,
    rights: Rights<'d>,
    shared: &'d Shared,
}

impl<'d> Local<'d> {
    fn answer<M: Request<'d> + Refuse<Response = R>, R: Message<'static>>(
        &self,
        operation: AclOperation,
        plan: impl FnOnce(&Image, &Context<'_>, &M) -> Outcome<R>,
    ) -> Result<(), ErrorCode> {
        let message: M = self.request.message(memory_for(self.request.body)).map_err(|error| {
            tracing::warn!(api = M::NAME, %error, "a request cannot be read");
            ErrorCode::InvalidRequest
        })?;
        let response = match self.rights.check_cluster(operation) {
            Ok(()) => {
                let rules = Rules::new(self.shared.config.config.clone());
                let settings = self.shared.config.controller();
                plan(&self.shared.image.read(), &context(&settings, &rules, self.shared), &message).response
            }
            Err(code) => message.refuse(&code.into()),
        };
        let frame = frame(&response, self.ticket).map_err(|error| {
            tracing::error!(api = M::NAME, %error, "a response cannot be written");
            ErrorCode::UnknownServerError
        })?;
        self.shared.answer(self.ticket, frame);
        Ok(())
    }
}
