//! `BrokerHeartbeat`, key 63.
//!
//! Written by `tests/differential/rpc/make_tables.py` from the definitions of Kafka 4.3.0 named below.

use kafka_schema::table::*;

/// `BrokerHeartbeatRequest.json`.
pub static BROKER_HEARTBEAT_REQUEST: Message = Message {
    name: "BrokerHeartbeatRequest",
    api_key: 63,
    added_in: V4_3,
    versions: Versions(0, 2),
    flexible: 0,
    fields: &[
        field("brokerId", Int32),
        field("brokerEpoch", Int64).default(-1),
        field("currentMetadataOffset", Int64),
        field("wantFence", Bool),
        field("wantShutDown", Bool),
        field("offlineLogDirs", Array(&Uuid)).since(1).tag(0),
        field("cordonedLogDirs", Array(&Uuid)).since(2).nullable().tag(1).default_null(),
    ],
};

/// `BrokerHeartbeatResponse.json`.
pub static BROKER_HEARTBEAT_RESPONSE: Message = Message {
    name: "BrokerHeartbeatResponse",
    api_key: 63,
    added_in: V4_3,
    versions: Versions(0, 2),
    flexible: 0,
    fields: &[
        field("throttleTimeMs", Int32),
        field("errorCode", Int16),
        field("isCaughtUp", Bool),
        field("isFenced", Bool).default(1),
        field("shouldShutDown", Bool),
    ],
};

/// The API.
pub static BROKER_HEARTBEAT: Api = Api {
    key: 63,
    name: "BrokerHeartbeat",
    versions: Versions(0, 2),
    request: &BROKER_HEARTBEAT_REQUEST,
    response: &BROKER_HEARTBEAT_RESPONSE,
};
