//! `ApiVersions`, key 18.
//!
//! Written by `tests/differential/rpc/make_tables.py` from the definitions of Kafka 4.3.0 named below.

use kafka_schema::table::*;

/// `ApiVersionsRequest.json`.
pub static API_VERSIONS_REQUEST: Message = Message {
    name: "ApiVersionsRequest",
    api_key: 18,
    added_in: V4_3,
    versions: Versions(0, 4),
    flexible: 3,
    fields: &[
        field("clientSoftwareName", String).since(3).ignorable(),
        field("clientSoftwareVersion", String).since(3).ignorable(),
    ],
};

static API_VERSIONS_RESPONSE_API_VERSION: Struct = Struct {
    name: "ApiVersion",
    highest: 4,
    fields: &[field("apiKey", Int16), field("minVersion", Int16), field("maxVersion", Int16)],
};

static API_VERSIONS_RESPONSE_SUPPORTED_FEATURE_KEY: Struct = Struct {
    name: "SupportedFeatureKey",
    highest: 4,
    fields: &[field("name", String).since(3), field("minVersion", Int16).since(3), field("maxVersion", Int16).since(3)],
};

static API_VERSIONS_RESPONSE_FINALIZED_FEATURE_KEY: Struct = Struct {
    name: "FinalizedFeatureKey",
    highest: 4,
    fields: &[
        field("name", String).since(3),
        field("maxVersionLevel", Int16).since(3),
        field("minVersionLevel", Int16).since(3),
    ],
};

/// `ApiVersionsResponse.json`.
pub static API_VERSIONS_RESPONSE: Message = Message {
    name: "ApiVersionsResponse",
    api_key: 18,
    added_in: V4_3,
    versions: Versions(0, 4),
    flexible: 3,
    fields: &[
        field("errorCode", Int16),
        field("apiKeys", Array(&Struct(&API_VERSIONS_RESPONSE_API_VERSION))),
        field("throttleTimeMs", Int32).since(1).ignorable(),
        field("supportedFeatures", Array(&Struct(&API_VERSIONS_RESPONSE_SUPPORTED_FEATURE_KEY)))
            .since(3)
            .tag(0)
            .ignorable(),
        field("finalizedFeaturesEpoch", Int64).since(3).tag(1).default(-1).ignorable(),
        field("finalizedFeatures", Array(&Struct(&API_VERSIONS_RESPONSE_FINALIZED_FEATURE_KEY)))
            .since(3)
            .tag(2)
            .ignorable(),
        field("zkMigrationReady", Bool).since(3).tag(3).ignorable(),
    ],
};

/// The API.
pub static API_VERSIONS: Api = Api {
    key: 18,
    name: "ApiVersions",
    versions: Versions(0, 4),
    request: &API_VERSIONS_REQUEST,
    response: &API_VERSIONS_RESPONSE,
};
