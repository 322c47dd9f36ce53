//! WriteTxnMarkers, 1 to 2: from coordinators on other brokers, and from tools that end a hanging transaction.

use std::borrow::Cow;

use kafka_rpc::ErrorCode;
use kafka_rpc::acl::AclOperation;
use kafka_rpc::messages::write_txn_markers_request::WritableTxnMarker;
use kafka_rpc::messages::write_txn_markers_response::{
    WritableTxnMarkerPartitionResult, WritableTxnMarkerResult, WritableTxnMarkerTopicResult,
};
use kafka_rpc::messages::{WriteTxnMarkersRequest, WriteTxnMarkersResponse};

use super::{Call, Handled, Refusal};
use crate::marker::Marker;
use crate::transaction::Host as _;

pub(super) fn handle(call: &mut Call<'_>) -> Result<Handled, Refusal> {
    let request: WriteTxnMarkersRequest<'_> = call.message()?;
    let rights = call.rights();
    let checked = match rights.may_on_cluster_quietly(AclOperation::Alter) {
        true => Ok(()),
        false => rights.check_cluster(AclOperation::ClusterAction),
    };
    let markers = request.markers.iter().map(|marker| write(call, marker, checked));
    let response = WriteTxnMarkersResponse { markers: markers.collect(), ..Default::default() };
    call.respond(&response)
}

fn write(
    call: &Call<'_>,
    of: &WritableTxnMarker<'_>,
    checked: Result<(), ErrorCode>,
) -> WritableTxnMarkerResult<'static> {
    let marker = Marker {
        producer_id: of.producer_id,
        producer_epoch: of.producer_epoch,
        coordinator_epoch: of.coordinator_epoch,
        is_commit: of.transaction_result,
        transaction_version: of.transaction_version.into(),
    };
    let topics = of.topics.iter().map(|topic| {
        let partitions = topic.partition_indexes.iter().map(|&partition_index| {
            let written = checked.and_then(|()| call.shared.write_marker(&topic.name, partition_index, &marker));
            WritableTxnMarkerPartitionResult {
                partition_index,
                error_code: written.err().unwrap_or(ErrorCode::None).code(),
                ..Default::default()
            }
        });
        WritableTxnMarkerTopicResult {
            partitions: partitions.collect(),
            name: Cow::Owned(topic.name.to_string()),
            ..Default::default()
        }
    });
    WritableTxnMarkerResult { producer_id: of.producer_id, topics: topics.collect(), ..Default::default() }
}
