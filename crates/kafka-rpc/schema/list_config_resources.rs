//! `ListConfigResources`, key 74.
//!
//! Written by `tests/differential/rpc/make_tables.py` from the definitions of Kafka 4.3.0 named below.

use kafka_schema::table::*;

/// `ListConfigResourcesRequest.json`.
pub static LIST_CONFIG_RESOURCES_REQUEST: Message = Message {
    name: "ListConfigResourcesRequest",
    api_key: 74,
    added_in: V4_3,
    versions: Versions(0, 1),
    flexible: 0,
    fields: &[field("resourceTypes", Array(&Int8)).since(1)],
};

static LIST_CONFIG_RESOURCES_RESPONSE_CONFIG_RESOURCE: Struct = Struct {
    name: "ConfigResource",
    highest: 1,
    fields: &[field("resourceName", String), field("resourceType", Int8).since(1).default(16).ignorable()],
};

/// `ListConfigResourcesResponse.json`.
pub static LIST_CONFIG_RESOURCES_RESPONSE: Message = Message {
    name: "ListConfigResourcesResponse",
    api_key: 74,
    added_in: V4_3,
    versions: Versions(0, 1),
    flexible: 0,
    fields: &[
        field("throttleTimeMs", Int32),
        field("errorCode", Int16),
        field("configResources", Array(&Struct(&LIST_CONFIG_RESOURCES_RESPONSE_CONFIG_RESOURCE))),
    ],
};

/// The API.
pub static LIST_CONFIG_RESOURCES: Api = Api {
    key: 74,
    name: "ListConfigResources",
    versions: Versions(0, 1),
    request: &LIST_CONFIG_RESOURCES_REQUEST,
    response: &LIST_CONFIG_RESOURCES_RESPONSE,
};
