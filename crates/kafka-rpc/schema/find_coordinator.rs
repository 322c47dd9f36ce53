//! `FindCoordinator`, key 10.
//!
//! Written by `tests/differential/rpc/make_tables.py` from the definitions of Kafka 4.3.0 named below.

use kafka_schema::table::*;

/// `FindCoordinatorRequest.json`.
pub static FIND_COORDINATOR_REQUEST: Message = Message {
    name: "FindCoordinatorRequest",
    api_key: 10,
    added_in: V4_3,
    versions: Versions(0, 6),
    flexible: 3,
    fields: &[
        field("key", String).versions(0, 3),
        field("keyType", Int8).since(1),
        field("coordinatorKeys", Array(&String)).since(4),
    ],
};

static FIND_COORDINATOR_RESPONSE_COORDINATOR: Struct = Struct {
    name: "Coordinator",
    highest: 6,
    fields: &[
        field("key", String).since(4),
        field("nodeId", Int32).since(4),
        field("host", String).since(4),
        field("port", Int32).since(4),
        field("errorCode", Int16).since(4),
        field("errorMessage", String).since(4).nullable().ignorable(),
    ],
};

/// `FindCoordinatorResponse.json`.
pub static FIND_COORDINATOR_RESPONSE: Message = Message {
    name: "FindCoordinatorResponse",
    api_key: 10,
    added_in: V4_3,
    versions: Versions(0, 6),
    flexible: 3,
    fields: &[
        field("throttleTimeMs", Int32).since(1).ignorable(),
        field("errorCode", Int16).versions(0, 3),
        field("errorMessage", String).versions(1, 3).nullable().ignorable(),
        field("nodeId", Int32).versions(0, 3),
        field("host", String).versions(0, 3),
        field("port", Int32).versions(0, 3),
        field("coordinators", Array(&Struct(&FIND_COORDINATOR_RESPONSE_COORDINATOR))).since(4),
    ],
};

/// The API.
pub static FIND_COORDINATOR: Api = Api {
    key: 10,
    name: "FindCoordinator",
    versions: Versions(0, 6),
    request: &FIND_COORDINATOR_REQUEST,
    response: &FIND_COORDINATOR_RESPONSE,
};
