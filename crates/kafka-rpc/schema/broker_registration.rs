//! `BrokerRegistration`, key 62.
//!
//! Written by `tests/differential/rpc/make_tables.py` from the definitions of Kafka 4.3.0 named below.

use kafka_schema::table::*;

static BROKER_REGISTRATION_REQUEST_LISTENER: Struct = Struct {
    name: "Listener",
    highest: 4,
    fields: &[field("name", String), field("host", String), field("port", Uint16), field("securityProtocol", Int16)],
};

static BROKER_REGISTRATION_REQUEST_FEATURE: Struct = Struct {
    name: "Feature",
    highest: 4,
    fields: &[field("name", String), field("minSupportedVersion", Int16), field("maxSupportedVersion", Int16)],
};

/// `BrokerRegistrationRequest.json`.
pub static BROKER_REGISTRATION_REQUEST: Message = Message {
    name: "BrokerRegistrationRequest",
    api_key: 62,
    added_in: V4_3,
    versions: Versions(0, 4),
    flexible: 0,
    fields: &[
        field("brokerId", Int32),
        field("clusterId", String),
        field("incarnationId", Uuid),
        field("listeners", Array(&Struct(&BROKER_REGISTRATION_REQUEST_LISTENER))),
        field("features", Array(&Struct(&BROKER_REGISTRATION_REQUEST_FEATURE))),
        field("rack", String).nullable(),
        field("isMigratingZkBroker", Bool).since(1),
        field("logDirs", Array(&Uuid)).since(2).ignorable(),
        field("previousBrokerEpoch", Int64).since(3).default(-1).ignorable(),
    ],
};

/// `BrokerRegistrationResponse.json`.
pub static BROKER_REGISTRATION_RESPONSE: Message = Message {
    name: "BrokerRegistrationResponse",
    api_key: 62,
    added_in: V4_3,
    versions: Versions(0, 4),
    flexible: 0,
    fields: &[field("throttleTimeMs", Int32), field("errorCode", Int16), field("brokerEpoch", Int64).default(-1)],
};

/// The API.
pub static BROKER_REGISTRATION: Api = Api {
    key: 62,
    name: "BrokerRegistration",
    versions: Versions(0, 4),
    request: &BROKER_REGISTRATION_REQUEST,
    response: &BROKER_REGISTRATION_RESPONSE,
};
