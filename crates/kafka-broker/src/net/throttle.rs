//! Where a response says how long its client has to wait (`throttle_time_ms`).

use kafka_rpc::{ApiKey, FRAME_LEN_BYTES};

/// Length and correlation id of a response.
const HEADER: usize = FRAME_LEN_BYTES + 4;

/// The place of the field in the frame of a response, for APIs that have it as the first one. Produce has it last and sets it
/// itself; what has it elsewhere, or not at all, is told nothing: its connection is left alone all the same.
fn place(api: ApiKey, version: i16) -> Option<usize> {
    use ApiKey::*;
    // The first version with the field, and with tagged fields in the header.
    let (since, flexible) = match api {
        Fetch => (1, 12),
        ListOffsets => (2, 6),
        Metadata => (3, 9),
        OffsetCommit => (3, 8),
        OffsetFetch => (3, 6),
        FindCoordinator => (1, 3),
        JoinGroup => (2, 6),
        Heartbeat => (1, 4),
        LeaveGroup => (1, 4),
        SyncGroup => (1, 4),
        DescribeGroups => (1, 5),
        ListGroups => (1, 3),
        CreateTopics => (2, 5),
        DeleteTopics => (1, 4),
        DeleteRecords => (0, 2),
        InitProducerId => (0, 2),
        OffsetForLeaderEpoch => (2, 4),
        DescribeAcls | CreateAcls | DeleteAcls => (0, 2),
        DescribeConfigs => (0, 4),
        AlterConfigs => (0, 2),
        AlterReplicaLogDirs => (0, 2),
        DescribeLogDirs => (0, 2),
        CreatePartitions => (0, 2),
        DeleteGroups => (0, 2),
        ElectLeaders => (0, 2),
        IncrementalAlterConfigs => (0, 1),
        AlterPartitionReassignments | ListPartitionReassignments => (0, 0),
        DescribeClientQuotas | AlterClientQuotas => (0, 1),
        DescribeUserScramCredentials | AlterUserScramCredentials => (0, 0),
        UpdateFeatures | DescribeCluster | UnregisterBroker | DescribeProducers => (0, 0),
        ListConfigResources | DescribeTopicPartitions | ConsumerGroupDescribe => (0, 0),
        ConsumerGroupHeartbeat | DescribeTransactions | ListTransactions => (0, 0),
        AddPartitionsToTxn | AddOffsetsToTxn | EndTxn | TxnOffsetCommit => (0, 3),
        _ => return None,
    };
    (version >= since).then_some(HEADER + usize::from(version >= flexible))
}

/// Puts at least this time into a response; gives the one that is in it then.
pub(super) fn put(frame: &mut [u8], api: ApiKey, version: i16, throttle_ms: i32) -> i32 {
    let field = place(api, version).and_then(|at| frame.get_mut(at..)?.first_chunk_mut::<4>());
    let Some(field) = field else { return throttle_ms };
    let throttle_ms = i32::from_be_bytes(*field).max(throttle_ms);
    *field = throttle_ms.to_be_bytes();
    throttle_ms
}

#[cfg(test)]
mod tests {
    use kafka_rpc::messages::*;
    use kafka_rpc::{Message, Parts, Request, write_response};

    use super::*;

    fn check<'a, Q: Request<'a>, R: Message<'a>>(response: R) {
        for version in Q::API_KEY.versions() {
            let Some(at) = place(Q::API_KEY, version) else { continue };
            let mut parts = Parts::default();
            write_response(&mut parts, &response, Q::API_KEY, version, 1).expect("a response that is empty");
            let bytes = parts.to_bytes().expect("no files");
            let field = bytes.get(at..).and_then(|rest| rest.first_chunk::<4>()).copied().map(i32::from_be_bytes);
            assert_eq!(field, Some(0x0102_0304), "{} {version}", Q::API_KEY.name());
        }
    }

    macro_rules! check_all {
        ($($request:ty => $response:ident,)*) => {
            $(check::<$request, _>($response { throttle_time_ms: 0x0102_0304, ..Default::default() });)*
        };
    }

    #[test]
    fn the_field_is_where_responses_have_it() {
        check_all! {
            FetchRequest<'_> => FetchResponse,
            ListOffsetsRequest<'_> => ListOffsetsResponse,
            MetadataRequest<'_> => MetadataResponse,
            OffsetCommitRequest<'_> => OffsetCommitResponse,
            OffsetFetchRequest<'_> => OffsetFetchResponse,
            FindCoordinatorRequest<'_> => FindCoordinatorResponse,
            HeartbeatRequest<'_> => HeartbeatResponse,
            LeaveGroupRequest<'_> => LeaveGroupResponse,
            SyncGroupRequest<'_> => SyncGroupResponse,
            DescribeGroupsRequest<'_> => DescribeGroupsResponse,
            ListGroupsRequest<'_> => ListGroupsResponse,
            CreateTopicsRequest<'_> => CreateTopicsResponse,
            DeleteTopicsRequest<'_> => DeleteTopicsResponse,
            DeleteRecordsRequest<'_> => DeleteRecordsResponse,
            InitProducerIdRequest<'_> => InitProducerIdResponse,
            OffsetForLeaderEpochRequest<'_> => OffsetForLeaderEpochResponse,
            DescribeAclsRequest<'_> => DescribeAclsResponse,
            CreateAclsRequest<'_> => CreateAclsResponse,
            DeleteAclsRequest<'_> => DeleteAclsResponse,
            DescribeConfigsRequest<'_> => DescribeConfigsResponse,
            AlterConfigsRequest<'_> => AlterConfigsResponse,
            AlterReplicaLogDirsRequest<'_> => AlterReplicaLogDirsResponse,
            DescribeLogDirsRequest<'_> => DescribeLogDirsResponse,
            CreatePartitionsRequest<'_> => CreatePartitionsResponse,
            DeleteGroupsRequest<'_> => DeleteGroupsResponse,
            ElectLeadersRequest<'_> => ElectLeadersResponse,
            IncrementalAlterConfigsRequest<'_> => IncrementalAlterConfigsResponse,
            AlterPartitionReassignmentsRequest<'_> => AlterPartitionReassignmentsResponse,
            ListPartitionReassignmentsRequest<'_> => ListPartitionReassignmentsResponse,
            DescribeClientQuotasRequest<'_> => DescribeClientQuotasResponse,
            AlterClientQuotasRequest<'_> => AlterClientQuotasResponse,
            DescribeUserScramCredentialsRequest<'_> => DescribeUserScramCredentialsResponse,
            AlterUserScramCredentialsRequest<'_> => AlterUserScramCredentialsResponse,
            UpdateFeaturesRequest<'_> => UpdateFeaturesResponse,
            DescribeClusterRequest => DescribeClusterResponse,
            UnregisterBrokerRequest => UnregisterBrokerResponse,
            DescribeProducersRequest<'_> => DescribeProducersResponse,
            ListConfigResourcesRequest => ListConfigResourcesResponse,
            DescribeTopicPartitionsRequest<'_> => DescribeTopicPartitionsResponse,
            ConsumerGroupDescribeRequest<'_> => ConsumerGroupDescribeResponse,
            ConsumerGroupHeartbeatRequest<'_> => ConsumerGroupHeartbeatResponse,
            DescribeTransactionsRequest<'_> => DescribeTransactionsResponse,
            ListTransactionsRequest<'_> => ListTransactionsResponse,
            AddPartitionsToTxnRequest<'_> => AddPartitionsToTxnResponse,
            AddOffsetsToTxnRequest<'_> => AddOffsetsToTxnResponse,
            EndTxnRequest<'_> => EndTxnResponse,
            TxnOffsetCommitRequest<'_> => TxnOffsetCommitResponse,
        }
        let join =
            JoinGroupResponse { throttle_time_ms: 0x0102_0304, protocol_name: Some("".into()), ..Default::default() };
        check::<JoinGroupRequest<'_>, _>(join);
    }

    #[test]
    fn the_longer_time_counts() {
        let mut frame = [0; 16];
        assert_eq!(put(&mut frame, ApiKey::Heartbeat, 4, 70), 70);
        assert_eq!(put(&mut frame, ApiKey::Heartbeat, 4, 0), 70);
        assert_eq!(frame, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 70, 0, 0, 0]);
        assert_eq!(put(&mut frame, ApiKey::SaslHandshake, 1, 5), 5, "a response without the field");
    }
}
