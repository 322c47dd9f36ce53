//! Values of control records (`ControlRecordType`), other than those of transactions.
//!
//! Written by `tests/differential/schema/make_tables.py` from the definitions of Kafka 4.3.0 and 4.4.0 named below.

use crate::table::*;

/// `KRaftVersionRecord.json`.
pub static KRAFT_VERSION_RECORD: Message = Message {
    name: "KRaftVersionRecord",
    api_key: -1,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: 0,
    fields: &[field("version", Int16), field("kRaftVersion", Int16)],
};

static LEADER_CHANGE_MESSAGE_VOTER: Struct = Struct {
    name: "Voter",
    highest: MAX,
    fields: &[field("voterId", Int32), field("voterDirectoryId", Uuid).since(1)],
};

/// `LeaderChangeMessage.json`.
pub static LEADER_CHANGE_MESSAGE: Message = Message {
    name: "LeaderChangeMessage",
    api_key: -1,
    added_in: V4_3,
    versions: Versions(0, 1),
    flexible: 0,
    fields: &[
        field("version", Int16),
        field("leaderId", Int32),
        field("voters", Array(&Struct(&LEADER_CHANGE_MESSAGE_VOTER))),
        field("grantingVoters", Array(&Struct(&LEADER_CHANGE_MESSAGE_VOTER))),
    ],
};

/// `SnapshotFooterRecord.json`.
pub static SNAPSHOT_FOOTER_RECORD: Message = Message {
    name: "SnapshotFooterRecord",
    api_key: -1,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: 0,
    fields: &[field("version", Int16)],
};

/// `SnapshotHeaderRecord.json`.
pub static SNAPSHOT_HEADER_RECORD: Message = Message {
    name: "SnapshotHeaderRecord",
    api_key: -1,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: 0,
    fields: &[field("version", Int16), field("lastContainedLogTimestamp", Int64)],
};

static VOTERS_RECORD_ENDPOINT: Struct = Struct {
    name: "Endpoint",
    highest: 0,
    fields: &[field("name", String), field("host", String), field("port", Uint16)],
};

static VOTERS_RECORD_KRAFT_VERSION_FEATURE: Struct = Struct {
    name: "KRaftVersionFeature",
    highest: 0,
    fields: &[field("minSupportedVersion", Int16), field("maxSupportedVersion", Int16)],
};

static VOTERS_RECORD_VOTER: Struct = Struct {
    name: "Voter",
    highest: 0,
    fields: &[
        field("voterId", Int32),
        field("voterDirectoryId", Uuid),
        field("endpoints", Array(&Struct(&VOTERS_RECORD_ENDPOINT))),
        field("kRaftVersionFeature", Struct(&VOTERS_RECORD_KRAFT_VERSION_FEATURE)),
    ],
};

/// `VotersRecord.json`.
pub static VOTERS_RECORD: Message = Message {
    name: "VotersRecord",
    api_key: -1,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: 0,
    fields: &[field("version", Int16), field("voters", Array(&Struct(&VOTERS_RECORD_VOTER)))],
};
