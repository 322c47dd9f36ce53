//! Values of `__remote_log_metadata`.
//!
//! Written by `tests/differential/schema/make_tables.py` from the definitions of Kafka 4.3.0 and 4.4.0 named below.

use crate::table::*;

static REMOTE_LOG_SEGMENT_METADATA_RECORD_TOPIC_ID_PARTITION_ENTRY: Struct = Struct {
    name: "TopicIdPartitionEntry",
    highest: 0,
    fields: &[field("name", String), field("id", Uuid), field("partition", Int32)],
};

static REMOTE_LOG_SEGMENT_METADATA_RECORD_REMOTE_LOG_SEGMENT_ID_ENTRY: Struct = Struct {
    name: "RemoteLogSegmentIdEntry",
    highest: 0,
    fields: &[
        field("topicIdPartition", Struct(&REMOTE_LOG_SEGMENT_METADATA_RECORD_TOPIC_ID_PARTITION_ENTRY)),
        field("id", Uuid),
    ],
};

static REMOTE_LOG_SEGMENT_METADATA_RECORD_SEGMENT_LEADER_EPOCH_ENTRY: Struct = Struct {
    name: "SegmentLeaderEpochEntry",
    highest: 0,
    fields: &[field("leaderEpoch", Int32), field("offset", Int64)],
};

/// `RemoteLogSegmentMetadataRecord.json`.
pub static REMOTE_LOG_SEGMENT_METADATA_RECORD: Message = Message {
    name: "RemoteLogSegmentMetadataRecord",
    api_key: 0,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: 0,
    fields: &[
        field("remoteLogSegmentId", Struct(&REMOTE_LOG_SEGMENT_METADATA_RECORD_REMOTE_LOG_SEGMENT_ID_ENTRY)),
        field("startOffset", Int64),
        field("endOffset", Int64),
        field("brokerId", Int32),
        field("maxTimestampMs", Int64),
        field("eventTimestampMs", Int64),
        field("segmentLeaderEpochs", Array(&Struct(&REMOTE_LOG_SEGMENT_METADATA_RECORD_SEGMENT_LEADER_EPOCH_ENTRY))),
        field("segmentSizeInBytes", Int32),
        field("customMetadata", Bytes).nullable().default_null(),
        field("remoteLogSegmentState", Int8),
        field("txnIndexEmpty", Bool).tag(0),
    ],
};

static REMOTE_LOG_SEGMENT_METADATA_SNAPSHOT_RECORD_SEGMENT_LEADER_EPOCH_ENTRY: Struct = Struct {
    name: "SegmentLeaderEpochEntry",
    highest: 0,
    fields: &[field("leaderEpoch", Int32), field("offset", Int64)],
};

/// `RemoteLogSegmentMetadataSnapshotRecord.json`.
pub static REMOTE_LOG_SEGMENT_METADATA_SNAPSHOT_RECORD: Message = Message {
    name: "RemoteLogSegmentMetadataSnapshotRecord",
    api_key: 3,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: 0,
    fields: &[
        field("segmentId", Uuid),
        field("startOffset", Int64),
        field("endOffset", Int64),
        field("brokerId", Int32),
        field("maxTimestampMs", Int64),
        field("eventTimestampMs", Int64),
        field(
            "segmentLeaderEpochs",
            Array(&Struct(&REMOTE_LOG_SEGMENT_METADATA_SNAPSHOT_RECORD_SEGMENT_LEADER_EPOCH_ENTRY)),
        ),
        field("segmentSizeInBytes", Int32),
        field("customMetadata", Bytes).nullable().default_null(),
        field("remoteLogSegmentState", Int8),
        field("txnIndexEmpty", Bool).tag(0),
    ],
};

static REMOTE_LOG_SEGMENT_METADATA_UPDATE_RECORD_TOPIC_ID_PARTITION_ENTRY: Struct = Struct {
    name: "TopicIdPartitionEntry",
    highest: 0,
    fields: &[field("name", String), field("id", Uuid), field("partition", Int32)],
};

static REMOTE_LOG_SEGMENT_METADATA_UPDATE_RECORD_REMOTE_LOG_SEGMENT_ID_ENTRY: Struct = Struct {
    name: "RemoteLogSegmentIdEntry",
    highest: 0,
    fields: &[
        field("topicIdPartition", Struct(&REMOTE_LOG_SEGMENT_METADATA_UPDATE_RECORD_TOPIC_ID_PARTITION_ENTRY)),
        field("id", Uuid),
    ],
};

/// `RemoteLogSegmentMetadataUpdateRecord.json`.
pub static REMOTE_LOG_SEGMENT_METADATA_UPDATE_RECORD: Message = Message {
    name: "RemoteLogSegmentMetadataUpdateRecord",
    api_key: 1,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: 0,
    fields: &[
        field("remoteLogSegmentId", Struct(&REMOTE_LOG_SEGMENT_METADATA_UPDATE_RECORD_REMOTE_LOG_SEGMENT_ID_ENTRY)),
        field("brokerId", Int32),
        field("eventTimestampMs", Int64),
        field("customMetadata", Bytes).nullable().default_null(),
        field("remoteLogSegmentState", Int8),
    ],
};

static REMOTE_PARTITION_DELETE_METADATA_RECORD_TOPIC_ID_PARTITION_ENTRY: Struct = Struct {
    name: "TopicIdPartitionEntry",
    highest: 0,
    fields: &[field("name", String), field("id", Uuid), field("partition", Int32)],
};

/// `RemotePartitionDeleteMetadataRecord.json`.
pub static REMOTE_PARTITION_DELETE_METADATA_RECORD: Message = Message {
    name: "RemotePartitionDeleteMetadataRecord",
    api_key: 2,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: 0,
    fields: &[
        field("topicIdPartition", Struct(&REMOTE_PARTITION_DELETE_METADATA_RECORD_TOPIC_ID_PARTITION_ENTRY)),
        field("brokerId", Int32),
        field("eventTimestampMs", Int64),
        field("remotePartitionDeleteState", Int8),
    ],
};

/// Records by type.
pub static RECORD_TYPES: &[&Message] = &[
    &REMOTE_LOG_SEGMENT_METADATA_RECORD,
    &REMOTE_LOG_SEGMENT_METADATA_UPDATE_RECORD,
    &REMOTE_PARTITION_DELETE_METADATA_RECORD,
    &REMOTE_LOG_SEGMENT_METADATA_SNAPSHOT_RECORD,
];
