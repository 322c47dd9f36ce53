//! Keys and values of `__share_group_state`.
//!
//! Written by `tests/differential/schema/make_tables.py` from the definitions of Kafka 4.3.0 and 4.4.0 named below.

use crate::table::*;

/// `ShareSnapshotKey.json`.
pub static SHARE_SNAPSHOT_KEY: Message = Message {
    name: "ShareSnapshotKey",
    api_key: 0,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: NEVER,
    fields: &[field("groupId", String), field("topicId", Uuid), field("partition", Int32)],
};

static SHARE_SNAPSHOT_VALUE_STATE_BATCH: Struct = Struct {
    name: "StateBatch",
    highest: 0,
    fields: &[
        field("firstOffset", Int64),
        field("lastOffset", Int64),
        field("deliveryState", Int8),
        field("deliveryCount", Int16),
    ],
};

/// `ShareSnapshotValue.json`.
pub static SHARE_SNAPSHOT_VALUE: Message = Message {
    name: "ShareSnapshotValue",
    api_key: 0,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: 0,
    fields: &[
        field("snapshotEpoch", Int32),
        field("stateEpoch", Int32),
        field("leaderEpoch", Int32),
        field("startOffset", Int64),
        field("deliveryCompleteCount", Int32).tag(0).default(-1),
        field("createTimestamp", Int64),
        field("writeTimestamp", Int64),
        field("stateBatches", Array(&Struct(&SHARE_SNAPSHOT_VALUE_STATE_BATCH))),
    ],
};

/// `ShareUpdateKey.json`.
pub static SHARE_UPDATE_KEY: Message = Message {
    name: "ShareUpdateKey",
    api_key: 1,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: NEVER,
    fields: &[field("groupId", String), field("topicId", Uuid), field("partition", Int32)],
};

static SHARE_UPDATE_VALUE_STATE_BATCH: Struct = Struct {
    name: "StateBatch",
    highest: 0,
    fields: &[
        field("firstOffset", Int64),
        field("lastOffset", Int64),
        field("deliveryState", Int8),
        field("deliveryCount", Int16),
    ],
};

/// `ShareUpdateValue.json`.
pub static SHARE_UPDATE_VALUE: Message = Message {
    name: "ShareUpdateValue",
    api_key: 1,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: 0,
    fields: &[
        field("snapshotEpoch", Int32),
        field("leaderEpoch", Int32),
        field("startOffset", Int64),
        field("deliveryCompleteCount", Int32).tag(0).default(-1),
        field("stateBatches", Array(&Struct(&SHARE_UPDATE_VALUE_STATE_BATCH))),
    ],
};

/// Keys and values by record type.
pub static RECORD_TYPES: &[(&Message, &Message)] =
    &[(&SHARE_SNAPSHOT_KEY, &SHARE_SNAPSHOT_VALUE), (&SHARE_UPDATE_KEY, &SHARE_UPDATE_VALUE)];
