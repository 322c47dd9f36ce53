//! FindCoordinator, 0 to 6.

use std::borrow::Cow;

use kafka_rpc::ErrorCode;
use kafka_rpc::acl::AclOperation;
use kafka_rpc::messages::find_coordinator_response::Coordinator;
use kafka_rpc::messages::{FindCoordinatorRequest, FindCoordinatorResponse};

use super::{Call, Handled, Refusal};
use crate::topics::{GROUP_METADATA_TOPIC, TRANSACTION_STATE_TOPIC};

/// Type of a key that is the id of a group (`CoordinatorType`).
const GROUP: i8 = 0;
/// Type of a key that is a transactional id.
const TRANSACTION: i8 = 1;

pub(super) fn handle(call: &mut Call<'_>) -> Result<Handled, Refusal> {
    let request: FindCoordinatorRequest<'_> = call.message()?;
    if call.version() < 4 {
        let found = find(call, request.key_type, &request.key);
        let (host, port, code) = unpack(&found);
        return call.respond(&FindCoordinatorResponse {
            error_code: code.code(),
            error_message: Some(code.message().into()),
            node_id: node_id(call, &found),
            host: host.into(),
            port,
            ..Default::default()
        });
    }
    let coordinators = request.coordinator_keys.iter().map(|key| {
        let found = find(call, request.key_type, key);
        let (host, port, code) = unpack(&found);
        Coordinator {
            key: Cow::Borrowed(key),
            node_id: node_id(call, &found),
            host: host.to_owned().into(),
            port,
            error_code: code.code(),
            ..Default::default()
        }
    });
    let response = FindCoordinatorResponse { coordinators: coordinators.collect(), ..Default::default() };
    call.respond(&response)
}

type Found = Result<(String, i32), ErrorCode>;

/// Where the coordinator is: here, once its topic is.
fn find(call: &Call<'_>, key_type: i8, key: &str) -> Found {
    let rights = call.rights();
    let topic = match key_type {
        GROUP => {
            rights.check_group(AclOperation::Describe, key)?;
            GROUP_METADATA_TOPIC
        }
        TRANSACTION => {
            rights.check_transactional_id(AclOperation::Describe, key)?;
            TRANSACTION_STATE_TOPIC
        }
        _ => return Err(ErrorCode::InvalidRequest),
    };
    let shared = call.shared;
    if shared.topics.named(topic).is_err() {
        shared.controller.auto_create(vec![topic.to_owned()]);
        return Err(ErrorCode::CoordinatorNotAvailable);
    }
    let image = shared.image.read();
    let here = image.broker(shared.node_id).and_then(|broker| shared.endpoint_of(broker, call.peer.listener));
    here.ok_or(ErrorCode::CoordinatorNotAvailable)
}

fn unpack(found: &Found) -> (&str, i32, ErrorCode) {
    match found {
        Ok((host, port)) => (host, *port, ErrorCode::None),
        Err(code) => ("", -1, *code),
    }
}

const fn node_id(call: &Call<'_>, found: &Found) -> i32 {
    if found.is_ok() { call.shared.node_id } else { -1 }
}
