//! Answers to requests of the controller that are refused as a whole (`AbstractRequest.getErrorResponse`).

use std::borrow::Cow;
use std::collections::BTreeSet;

use kafka_rpc::messages::alter_partition_reassignments_response::{
    ReassignablePartitionResponse, ReassignableTopicResponse,
};
use kafka_rpc::messages::describe_user_scram_credentials_response::DescribeUserScramCredentialsResult;
use kafka_rpc::messages::elect_leaders_response::{PartitionResult, ReplicaElectionResult};
use kafka_rpc::messages::list_partition_reassignments_response::{
    OngoingPartitionReassignment, OngoingTopicReassignment,
};
use kafka_rpc::messages::{
    AlterClientQuotasRequest, AlterClientQuotasResponse, AlterPartitionReassignmentsRequest,
    AlterPartitionReassignmentsResponse, AlterUserScramCredentialsRequest, AlterUserScramCredentialsResponse,
    CreateAclsRequest, CreateAclsResponse, DeleteAclsRequest, DeleteAclsResponse, DescribeAclsRequest,
    DescribeAclsResponse, DescribeClientQuotasRequest, DescribeClientQuotasResponse, DescribeQuorumRequest,
    DescribeQuorumResponse, DescribeUserScramCredentialsRequest, DescribeUserScramCredentialsResponse,
    ElectLeadersRequest, ElectLeadersResponse, ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse,
    UnregisterBrokerRequest, UnregisterBrokerResponse, UpdateFeaturesRequest, UpdateFeaturesResponse,
    alter_user_scram_credentials_response,
};

use crate::controller::{ApiError, acls, alter_client_quotas};

fn owned(text: &str) -> Cow<'static, str> {
    Cow::Owned(text.to_owned())
}

/// A request of the controller that can be refused.
pub(super) trait Refuse {
    type Response;

    fn refuse(&self, error: &ApiError) -> Self::Response;
}

/// Requests whose answers have one error and nothing else.
macro_rules! refuse_plainly {
    ($($request:ty => $response:ident,)*) => {
        $(impl Refuse for $request {
            type Response = $response<'static>;

            fn refuse(&self, error: &ApiError) -> Self::Response {
                let (error_code, error_message) = (error.code.code(), error.message.clone());
                $response { error_code, error_message, ..$response::default() }
            }
        })*
    };
}

refuse_plainly! {
    DescribeAclsRequest<'_> => DescribeAclsResponse,
    DescribeClientQuotasRequest<'_> => DescribeClientQuotasResponse,
    DescribeQuorumRequest<'_> => DescribeQuorumResponse,
    UpdateFeaturesRequest<'_> => UpdateFeaturesResponse,
    UnregisterBrokerRequest => UnregisterBrokerResponse,
}

impl Refuse for DescribeUserScramCredentialsRequest<'_> {
    type Response = DescribeUserScramCredentialsResponse<'static>;

    fn refuse(&self, error: &ApiError) -> Self::Response {
        let (error_code, error_message) = (error.code.code(), error.message.clone());
        // One result for each user asked for, without its name.
        let result = |_: &_| DescribeUserScramCredentialsResult {
            error_code,
            error_message: error_message.clone(),
            ..Default::default()
        };
        let results = self.users.iter().flatten().map(result).collect();
        DescribeUserScramCredentialsResponse { error_code, error_message, results, ..Default::default() }
    }
}

impl Refuse for CreateAclsRequest<'_> {
    type Response = CreateAclsResponse<'static>;

    fn refuse(&self, error: &ApiError) -> Self::Response {
        let results = self.creations.iter().map(|_| acls::create::result(&Err(error.clone()))).collect();
        CreateAclsResponse { results, ..Default::default() }
    }
}

impl Refuse for DeleteAclsRequest<'_> {
    type Response = DeleteAclsResponse<'static>;

    fn refuse(&self, error: &ApiError) -> Self::Response {
        let filter_results = self.filters.iter().map(|_| acls::delete::refused(error)).collect();
        DeleteAclsResponse { filter_results, ..Default::default() }
    }
}

impl Refuse for ElectLeadersRequest<'_> {
    type Response = ElectLeadersResponse<'static>;

    fn refuse(&self, error: &ApiError) -> Self::Response {
        let topics = self.topic_partitions.iter().flatten().map(|asked| ReplicaElectionResult {
            topic: owned(&asked.topic),
            partition_result: asked
                .partitions
                .iter()
                .map(|partition_id| PartitionResult {
                    partition_id: *partition_id,
                    error_code: error.code.code(),
                    error_message: error.message.clone(),
                    ..Default::default()
                })
                .collect(),
            ..Default::default()
        });
        let replica_election_results = topics.collect();
        ElectLeadersResponse { error_code: error.code.code(), replica_election_results, ..Default::default() }
    }
}

impl Refuse for AlterPartitionReassignmentsRequest<'_> {
    type Response = AlterPartitionReassignmentsResponse<'static>;

    fn refuse(&self, error: &ApiError) -> Self::Response {
        let (error_code, error_message) = (error.code.code(), error.message.clone());
        let topics = self.topics.iter().map(|asked| ReassignableTopicResponse {
            name: owned(&asked.name),
            partitions: asked
                .partitions
                .iter()
                .map(|partition| ReassignablePartitionResponse {
                    partition_index: partition.partition_index,
                    error_code,
                    error_message: error_message.clone(),
                    ..Default::default()
                })
                .collect(),
            ..Default::default()
        });
        let responses = topics.collect();
        AlterPartitionReassignmentsResponse { error_code, error_message, responses, ..Default::default() }
    }
}

impl Refuse for ListPartitionReassignmentsRequest<'_> {
    type Response = ListPartitionReassignmentsResponse<'static>;

    fn refuse(&self, error: &ApiError) -> Self::Response {
        let topics = self.topics.iter().flatten().map(|asked| OngoingTopicReassignment {
            name: owned(&asked.name),
            partitions: asked
                .partition_indexes
                .iter()
                .map(|partition_index| OngoingPartitionReassignment {
                    partition_index: *partition_index,
                    ..Default::default()
                })
                .collect(),
            ..Default::default()
        });
        let (error_code, error_message) = (error.code.code(), error.message.clone());
        ListPartitionReassignmentsResponse { error_code, error_message, topics: topics.collect(), ..Default::default() }
    }
}

impl Refuse for AlterClientQuotasRequest<'_> {
    type Response = AlterClientQuotasResponse<'static>;

    fn refuse(&self, error: &ApiError) -> Self::Response {
        let verdict = Err(error.clone());
        let entries = self.entries.iter().map(|entry| alter_client_quotas::answer(entry, &verdict)).collect();
        AlterClientQuotasResponse { entries, ..Default::default() }
    }
}

impl Refuse for AlterUserScramCredentialsRequest<'_> {
    type Response = AlterUserScramCredentialsResponse<'static>;

    fn refuse(&self, error: &ApiError) -> Self::Response {
        let deleted = self.deletions.iter().map(|deletion| deletion.name.as_ref());
        let users: BTreeSet<&str> = deleted.chain(self.upsertions.iter().map(|upsertion| &*upsertion.name)).collect();
        let result = |user| alter_user_scram_credentials_response::AlterUserScramCredentialsResult {
            user: owned(user),
            error_code: error.code.code(),
            error_message: error.message.clone(),
            ..Default::default()
        };
        AlterUserScramCredentialsResponse { results: users.into_iter().map(result).collect(), ..Default::default() }
    }
}
