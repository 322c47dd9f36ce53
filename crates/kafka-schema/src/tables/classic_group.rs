//! Keys and values of `__consumer_offsets`: committed offsets and classic groups.
//!
//! Written by `tests/differential/schema/make_tables.py` from the definitions of Kafka 4.3.0 and 4.4.0 named below.

use crate::table::*;

/// `GroupMetadataKey.json`.
pub static GROUP_METADATA_KEY: Message = Message {
    name: "GroupMetadataKey",
    api_key: 2,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: NEVER,
    fields: &[field("group", String)],
};

static GROUP_METADATA_VALUE_MEMBER_METADATA: Struct = Struct {
    name: "MemberMetadata",
    highest: MAX,
    fields: &[
        field("memberId", String),
        field("groupInstanceId", String).since(3).nullable().default_null().ignorable(),
        field("clientId", String),
        field("clientHost", String),
        field("rebalanceTimeout", Int32).since(1).default(-1).ignorable(),
        field("sessionTimeout", Int32),
        field("subscription", Bytes),
        field("assignment", Bytes),
    ],
};

/// `GroupMetadataValue.json`.
pub static GROUP_METADATA_VALUE: Message = Message {
    name: "GroupMetadataValue",
    api_key: 2,
    added_in: V4_3,
    versions: Versions(0, 4),
    flexible: 4,
    fields: &[
        field("protocolType", String),
        field("generation", Int32),
        field("protocol", String).nullable(),
        field("leader", String).nullable(),
        field("currentStateTimestamp", Int64).since(2).default(-1).ignorable(),
        field("members", Array(&Struct(&GROUP_METADATA_VALUE_MEMBER_METADATA))),
    ],
};

/// `LegacyOffsetCommitKey.json`.
pub static LEGACY_OFFSET_COMMIT_KEY: Message = Message {
    name: "LegacyOffsetCommitKey",
    api_key: 0,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: NEVER,
    fields: &[field("group", String), field("topic", String), field("partition", Int32)],
};

/// `LegacyOffsetCommitValue.json`.
pub static LEGACY_OFFSET_COMMIT_VALUE: Message = Message {
    name: "LegacyOffsetCommitValue",
    api_key: 0,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: NEVER,
    fields: &[field("offset", Int64), field("metadata", String), field("commitTimestamp", Int64)],
};

/// `OffsetCommitKey.json`.
pub static OFFSET_COMMIT_KEY: Message = Message {
    name: "OffsetCommitKey",
    api_key: 1,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: NEVER,
    fields: &[field("group", String), field("topic", String), field("partition", Int32)],
};

/// `OffsetCommitValue.json`.
pub static OFFSET_COMMIT_VALUE: Message = Message {
    name: "OffsetCommitValue",
    api_key: 1,
    added_in: V4_3,
    versions: Versions(0, 4),
    flexible: 4,
    fields: &[
        field("offset", Int64),
        field("leaderEpoch", Int32).since(3).default(-1).ignorable(),
        field("metadata", String),
        field("commitTimestamp", Int64),
        field("expireTimestamp", Int64).versions(1, 1).default(-1).ignorable(),
        field("topicId", Uuid).since(4).tag(0).ignorable(),
    ],
};

/// Keys and values by record type.
pub static RECORD_TYPES: &[(&Message, &Message)] = &[
    (&LEGACY_OFFSET_COMMIT_KEY, &LEGACY_OFFSET_COMMIT_VALUE),
    (&OFFSET_COMMIT_KEY, &OFFSET_COMMIT_VALUE),
    (&GROUP_METADATA_KEY, &GROUP_METADATA_VALUE),
];
