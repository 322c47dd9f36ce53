//! `AddRaftVoter`, key 80.
//!
//! Written by `tests/differential/rpc/make_tables.py` from the definitions of Kafka 4.3.0 named below.

use kafka_schema::table::*;

static ADD_RAFT_VOTER_REQUEST_LISTENER: Struct = Struct {
    name: "Listener",
    highest: 1,
    fields: &[field("name", String), field("host", String), field("port", Uint16)],
};

/// `AddRaftVoterRequest.json`.
pub static ADD_RAFT_VOTER_REQUEST: Message = Message {
    name: "AddRaftVoterRequest",
    api_key: 80,
    added_in: V4_3,
    versions: Versions(0, 1),
    flexible: 0,
    fields: &[
        field("clusterId", String).nullable(),
        field("timeoutMs", Int32),
        field("voterId", Int32),
        field("voterDirectoryId", Uuid),
        field("listeners", Array(&Struct(&ADD_RAFT_VOTER_REQUEST_LISTENER))),
        field("ackWhenCommitted", Bool).since(1).default(1),
    ],
};

/// `AddRaftVoterResponse.json`.
pub static ADD_RAFT_VOTER_RESPONSE: Message = Message {
    name: "AddRaftVoterResponse",
    api_key: 80,
    added_in: V4_3,
    versions: Versions(0, 1),
    flexible: 0,
    fields: &[
        field("throttleTimeMs", Int32),
        field("errorCode", Int16),
        field("errorMessage", String).nullable().ignorable(),
    ],
};

/// The API.
pub static ADD_RAFT_VOTER: Api = Api {
    key: 80,
    name: "AddRaftVoter",
    versions: Versions(0, 1),
    request: &ADD_RAFT_VOTER_REQUEST,
    response: &ADD_RAFT_VOTER_RESPONSE,
};
