//! `UpdateFeatures`, key 57.
//!
//! Written by `tests/differential/rpc/make_tables.py` from the definitions of Kafka 4.3.0 named below.

use kafka_schema::table::*;

static UPDATE_FEATURES_REQUEST_FEATURE_UPDATE_KEY: Struct = Struct {
    name: "FeatureUpdateKey",
    highest: 2,
    fields: &[
        field("feature", String),
        field("maxVersionLevel", Int16),
        field("allowDowngrade", Bool).versions(0, 0),
        field("upgradeType", Int8).since(1).default(1),
    ],
};

/// `UpdateFeaturesRequest.json`.
pub static UPDATE_FEATURES_REQUEST: Message = Message {
    name: "UpdateFeaturesRequest",
    api_key: 57,
    added_in: V4_3,
    versions: Versions(0, 2),
    flexible: 0,
    fields: &[
        field("timeoutMs", Int32).default(60000),
        field("featureUpdates", Array(&Struct(&UPDATE_FEATURES_REQUEST_FEATURE_UPDATE_KEY))),
        field("validateOnly", Bool).since(1),
    ],
};

static UPDATE_FEATURES_RESPONSE_UPDATABLE_FEATURE_RESULT: Struct = Struct {
    name: "UpdatableFeatureResult",
    highest: 2,
    fields: &[field("feature", String), field("errorCode", Int16), field("errorMessage", String).nullable()],
};

/// `UpdateFeaturesResponse.json`.
pub static UPDATE_FEATURES_RESPONSE: Message = Message {
    name: "UpdateFeaturesResponse",
    api_key: 57,
    added_in: V4_3,
    versions: Versions(0, 2),
    flexible: 0,
    fields: &[
        field("throttleTimeMs", Int32),
        field("errorCode", Int16),
        field("errorMessage", String).nullable(),
        field("results", Array(&Struct(&UPDATE_FEATURES_RESPONSE_UPDATABLE_FEATURE_RESULT))).versions(0, 1).ignorable(),
    ],
};

/// The API.
pub static UPDATE_FEATURES: Api = Api {
    key: 57,
    name: "UpdateFeatures",
    versions: Versions(0, 2),
    request: &UPDATE_FEATURES_REQUEST,
    response: &UPDATE_FEATURES_RESPONSE,
};
