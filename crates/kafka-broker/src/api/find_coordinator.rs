//! FindCoordinator, 0 to 6.

use std::borrow::Cow;

use kafka_rpc::ErrorCode;
use kafka_rpc::acl::AclOperation;
use kafka_rpc::messages::find_coordinator_response::Coordinator;
use kafka_rpc::messages::{FindCoordinatorRequest, FindCoordinatorResponse};

use super::{Call, Handled, Refusal};
use crate::group::partition_for;
use crate::topics::{GROUP_METADATA_TOPIC, TRANSACTION_STATE_TOPIC};

/// Type of a key that is the id of a group (`CoordinatorType`).
const GROUP: i8 = 0;
/// Type of a key that is a transactional id.
const TRANSACTION: i8 = 1;

pub(super) fn handle(call: &mut Call<'_>) -> Result<Handled, Refusal> {
    let request: FindCoordinatorRequest<'_> = call.message()?;
    if call.version() < 4 {
        let found = find(call, request.key_type, &request.key);
        let (node_id, host, port, code) = unpack(&found);
        return call.respond(&FindCoordinatorResponse {
            error_code: code.code(),
            error_message: Some(code.message().into()),
            node_id,
            host: host.into(),
            port,
            ..Default::default()
        });
    }
    let coordinators = request.coordinator_keys.iter().map(|key| {
        let found = find(call, request.key_type, key);
        let (node_id, host, port, code) = unpack(&found);
        Coordinator {
            key: Cow::Borrowed(key),
            node_id,
            host: host.to_owned().into(),
            port,
            error_code: code.code(),
            ..Default::default()
        }
    });
    let response = FindCoordinatorResponse { coordinators: coordinators.collect(), ..Default::default() };
    call.respond(&response)
}

/// Id, host and port of a coordinator.
type Found = Result<(i32, String, i32), ErrorCode>;

/// Where the coordinator is: at the leader of the partition of its topic.
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
    let image = shared.image.read();
    let Some(of) = image.topic(topic) else {
        shared.controller.auto_create(vec![topic.to_owned()]);
        return Err(ErrorCode::CoordinatorNotAvailable);
    };
    let count = i32::try_from(of.partition_count()).unwrap_or(i32::MAX);
    let leader = of.partition(partition_for(key, count)).map(|partition| partition.leader);
    let leader = leader.and_then(|leader| image.broker(leader)).filter(|broker| !broker.fenced);
    let endpoint = leader.and_then(|broker| {
        let (host, port) = shared.endpoint_of(broker, call.peer.listener)?;
        Some((broker.broker_id, host, port))
    });
    endpoint.ok_or(ErrorCode::CoordinatorNotAvailable)
}

fn unpack(found: &Found) -> (i32, &str, i32, ErrorCode) {
    match found {
        Ok((id, host, port)) => (*id, host, *port, ErrorCode::None),
        Err(code) => (-1, "", -1, *code),
    }
}
