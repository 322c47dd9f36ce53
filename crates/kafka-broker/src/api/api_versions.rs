//! ApiVersions, 0 to 4: what is served, and the features of the cluster.

use kafka_rpc::messages::api_versions_response::{ApiVersion, FinalizedFeatureKey, SupportedFeatureKey};
use kafka_rpc::messages::{ApiVersionsRequest, ApiVersionsResponse};
use kafka_rpc::{ApiKey, ErrorCode};

use super::{Call, Handled, Refusal};
use crate::metadata::{FEATURES, MetadataVersion};

/// What is served. What is not served is not stated.
pub(super) const SERVED: &[ApiKey] = &[
    ApiKey::Produce,
    ApiKey::Fetch,
    ApiKey::ListOffsets,
    ApiKey::Metadata,
    ApiKey::OffsetCommit,
    ApiKey::OffsetFetch,
    ApiKey::FindCoordinator,
    ApiKey::JoinGroup,
    ApiKey::Heartbeat,
    ApiKey::LeaveGroup,
    ApiKey::SyncGroup,
    ApiKey::DescribeGroups,
    ApiKey::ListGroups,
    ApiKey::SaslHandshake,
    ApiKey::ApiVersions,
    ApiKey::CreateTopics,
    ApiKey::DeleteTopics,
    ApiKey::DeleteRecords,
    ApiKey::InitProducerId,
    ApiKey::OffsetForLeaderEpoch,
    ApiKey::AddPartitionsToTxn,
    ApiKey::AddOffsetsToTxn,
    ApiKey::EndTxn,
    ApiKey::WriteTxnMarkers,
    ApiKey::TxnOffsetCommit,
    ApiKey::DescribeAcls,
    ApiKey::CreateAcls,
    ApiKey::DeleteAcls,
    ApiKey::DescribeConfigs,
    ApiKey::AlterConfigs,
    ApiKey::AlterReplicaLogDirs,
    ApiKey::DescribeLogDirs,
    ApiKey::SaslAuthenticate,
    ApiKey::CreatePartitions,
    ApiKey::DeleteGroups,
    ApiKey::ElectLeaders,
    ApiKey::IncrementalAlterConfigs,
    ApiKey::AlterPartitionReassignments,
    ApiKey::ListPartitionReassignments,
    ApiKey::OffsetDelete,
    ApiKey::DescribeClientQuotas,
    ApiKey::AlterClientQuotas,
    ApiKey::DescribeUserScramCredentials,
    ApiKey::AlterUserScramCredentials,
    ApiKey::DescribeQuorum,
    ApiKey::UpdateFeatures,
    ApiKey::DescribeCluster,
    ApiKey::DescribeProducers,
    ApiKey::UnregisterBroker,
    ApiKey::DescribeTransactions,
    ApiKey::ListTransactions,
    ApiKey::ConsumerGroupHeartbeat,
    ApiKey::ConsumerGroupDescribe,
    ApiKey::ListConfigResources,
    ApiKey::DescribeTopicPartitions,
];

pub(super) fn handle(call: &mut Call<'_>) -> Result<Handled, Refusal> {
    if !call.request.is_supported() {
        // The client cannot know which version the broker can answer in: it is 0, with the versions of this API.
        let only = ApiKey::ApiVersions.versions();
        let response = ApiVersionsResponse {
            error_code: ErrorCode::UnsupportedVersion.code(),
            api_keys: vec![api_version(ApiKey::ApiVersions, &only)],
            ..Default::default()
        };
        call.request.version = 0;
        return call.respond(&response);
    }
    let request: ApiVersionsRequest<'_> = call.message()?;
    let is_named = |text: &str| {
        let is_inner = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
        let is_outer = |c: char| c.is_ascii_alphanumeric();
        text.starts_with(is_outer) && text.ends_with(is_outer) && text.chars().all(is_inner)
    };
    let names_are_right = is_named(&request.client_software_name) && is_named(&request.client_software_version);
    if call.version() >= 3 && !names_are_right {
        let error_code = ErrorCode::InvalidRequest.code();
        return call.respond(&ApiVersionsResponse { error_code, ..Default::default() });
    }
    let response = {
        let image = call.shared.image.read();
        let finalized = image.finalized_features().map(|(name, level)| FinalizedFeatureKey {
            name: name.to_owned().into(),
            max_version_level: level,
            min_version_level: level,
            ..Default::default()
        });
        ApiVersionsResponse {
            api_keys: SERVED.iter().map(|&api| api_version(api, &api.advertised_versions())).collect(),
            supported_features: supported_features(call.version()),
            finalized_features_epoch: image.position().offset,
            finalized_features: finalized.collect(),
            ..Default::default()
        }
    };
    call.respond(&response)
}

/// Before version 4 clients could not read a feature whose lowest level is 0 (KAFKA-17011): it is left out.
fn supported_features(version: i16) -> Vec<SupportedFeatureKey<'static>> {
    let feature = |name: &'static str, min_version, max_version| SupportedFeatureKey {
        name: name.into(),
        min_version,
        max_version,
        ..Default::default()
    };
    let mut features =
        vec![feature(MetadataVersion::FEATURE, MetadataVersion::MINIMUM.level(), MetadataVersion::LATEST.level())];
    if version >= 4 {
        features.extend(FEATURES.iter().map(|of| feature(of.name, 0, of.max_level())));
    }
    features
}

fn api_version(api: ApiKey, versions: &std::ops::RangeInclusive<i16>) -> ApiVersion {
    ApiVersion {
        api_key: api.number(),
        min_version: *versions.start(),
        max_version: *versions.end(),
        ..Default::default()
    }
}
