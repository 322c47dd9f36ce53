//! `RemoveRaftVoter`, key 81.
//!
//! Written by `tests/differential/rpc/make_tables.py` from the definitions of Kafka 4.3.0 named below.

use kafka_schema::table::*;

/// `RemoveRaftVoterRequest.json`.
pub static REMOVE_RAFT_VOTER_REQUEST: Message = Message {
    name: "RemoveRaftVoterRequest",
    api_key: 81,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: 0,
    fields: &[field("clusterId", String).nullable(), field("voterId", Int32), field("voterDirectoryId", Uuid)],
};

/// `RemoveRaftVoterResponse.json`.
pub static REMOVE_RAFT_VOTER_RESPONSE: Message = Message {
    name: "RemoveRaftVoterResponse",
    api_key: 81,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: 0,
    fields: &[
        field("throttleTimeMs", Int32),
        field("errorCode", Int16),
        field("errorMessage", String).nullable().ignorable(),
    ],
};

/// The API.
pub static REMOVE_RAFT_VOTER: Api = Api {
    key: 81,
    name: "RemoveRaftVoter",
    versions: Versions(0, 0),
    request: &REMOVE_RAFT_VOTER_REQUEST,
    response: &REMOVE_RAFT_VOTER_RESPONSE,
};
