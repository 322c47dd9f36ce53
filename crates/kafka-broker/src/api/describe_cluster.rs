//! DescribeCluster, 0 to 2.

use kafka_rpc::ErrorCode;
use kafka_rpc::messages::describe_cluster_response::DescribeClusterBroker;
use kafka_rpc::messages::{DescribeClusterRequest, DescribeClusterResponse};

use super::{Call, Handled, Refusal};

/// Brokers are asked for, as opposed to controllers (`EndpointType`).
const BROKERS: i8 = 1;
const CONTROLLERS: i8 = 2;

pub(super) fn handle(call: &mut Call<'_>) -> Result<Handled, Refusal> {
    let request: DescribeClusterRequest = call.message()?;
    let refused = match request.endpoint_type {
        BROKERS => None,
        CONTROLLERS => Some((
            ErrorCode::MismatchedEndpointType,
            "The request was sent to an endpoint of type BROKER, but we wanted an endpoint of type CONTROLLER",
        )),
        _ => Some((ErrorCode::UnsupportedEndpointType, "Unsupported endpoint type")),
    };
    if let Some((code, why)) = refused {
        return call.respond(&DescribeClusterResponse {
            error_code: code.code(),
            error_message: Some(why.into()),
            ..Default::default()
        });
    }
    let cluster_authorized_operations = call.rights().on_cluster(request.include_cluster_authorized_operations);
    let response = {
        let image = call.shared.image.read();
        let shown = image.brokers().filter(|broker| request.include_fenced_brokers || !broker.fenced);
        let brokers = shown.filter_map(|broker| {
            let (host, port) = call.shared.endpoint_of(broker, call.peer.listener)?;
            Some(DescribeClusterBroker {
                broker_id: broker.broker_id,
                host: host.into(),
                port,
                rack: broker.rack.as_deref().map(|rack| rack.to_owned().into()),
                is_fenced: broker.fenced,
                ..Default::default()
            })
        });
        DescribeClusterResponse {
            cluster_id: call.shared.cluster_id.as_str().into(),
            controller_id: call.shared.node_id,
            brokers: brokers.collect(),
            cluster_authorized_operations,
            ..Default::default()
        }
    };
    call.respond(&response)
}
