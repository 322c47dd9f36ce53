//! Values of `__cluster_metadata` (`MetadataRecordType`).
//!
//! Written by `tests/differential/schema/make_tables.py` from the definitions of Kafka 4.3.0 and 4.4.0 named below.

use crate::table::*;

/// `AbortTransactionRecord.json`.
pub static ABORT_TRANSACTION_RECORD: Message = Message {
    name: "AbortTransactionRecord",
    api_key: 25,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: 0,
    fields: &[field("reason", String).nullable().tag(0).default_null()],
};

/// `AccessControlEntryRecord.json`.
pub static ACCESS_CONTROL_ENTRY_RECORD: Message = Message {
    name: "AccessControlEntryRecord",
    api_key: 18,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: 0,
    fields: &[
        field("id", Uuid),
        field("resourceType", Int8),
        field("resourceName", String),
        field("patternType", Int8),
        field("principal", String),
        field("host", String),
        field("operation", Int8),
        field("permissionType", Int8),
    ],
};

/// `BeginTransactionRecord.json`.
pub static BEGIN_TRANSACTION_RECORD: Message = Message {
    name: "BeginTransactionRecord",
    api_key: 23,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: 0,
    fields: &[field("name", String).nullable().tag(0).default_null()],
};

/// `BrokerRegistrationChangeRecord.json`.
pub static BROKER_REGISTRATION_CHANGE_RECORD: Message = Message {
    name: "BrokerRegistrationChangeRecord",
    api_key: 17,
    added_in: V4_3,
    versions: Versions(0, 3),
    flexible: 0,
    fields: &[
        field("brokerId", Int32),
        field("brokerEpoch", Int64),
        field("fenced", Int8).tag(0),
        field("inControlledShutdown", Int8).since(1).tag(1),
        field("logDirs", Array(&Uuid)).since(2).tag(2),
        field("cordonedLogDirs", Array(&Uuid)).since(3).nullable().tag(3).default_null(),
    ],
};

/// `ClearElrRecord.json`.
pub static CLEAR_ELR_RECORD: Message = Message {
    name: "ClearElrRecord",
    api_key: 28,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: 0,
    fields: &[field("topicName", String)],
};

static CLIENT_QUOTA_RECORD_ENTITY_DATA: Struct = Struct {
    name: "EntityData",
    highest: 0,
    fields: &[field("entityType", String), field("entityName", String).nullable()],
};

/// `ClientQuotaRecord.json`.
pub static CLIENT_QUOTA_RECORD: Message = Message {
    name: "ClientQuotaRecord",
    api_key: 14,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: 0,
    fields: &[
        field("entity", Array(&Struct(&CLIENT_QUOTA_RECORD_ENTITY_DATA))),
        field("key", String),
        field("value", Float64),
        field("remove", Bool),
    ],
};

/// `ConfigRecord.json`.
pub static CONFIG_RECORD: Message = Message {
    name: "ConfigRecord",
    api_key: 4,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: 0,
    fields: &[
        field("resourceType", Int8),
        field("resourceName", String),
        field("name", String),
        field("value", String).nullable(),
    ],
};

/// `DelegationTokenRecord.json`.
pub static DELEGATION_TOKEN_RECORD: Message = Message {
    name: "DelegationTokenRecord",
    api_key: 10,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: 0,
    fields: &[
        field("owner", String),
        field("requester", String),
        field("renewers", Array(&String)),
        field("issueTimestamp", Int64),
        field("maxTimestamp", Int64),
        field("expirationTimestamp", Int64),
        field("tokenId", String),
    ],
};

/// `EndTransactionRecord.json`.
pub static END_TRANSACTION_RECORD: Message = Message {
    name: "EndTransactionRecord",
    api_key: 24,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: 0,
    fields: &[],
};

/// `FeatureLevelRecord.json`.
pub static FEATURE_LEVEL_RECORD: Message = Message {
    name: "FeatureLevelRecord",
    api_key: 12,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: 0,
    fields: &[field("name", String), field("featureLevel", Int16)],
};

/// `FenceBrokerRecord.json`.
pub static FENCE_BROKER_RECORD: Message = Message {
    name: "FenceBrokerRecord",
    api_key: 7,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: 0,
    fields: &[field("id", Int32), field("epoch", Int64)],
};

/// `NoOpRecord.json`.
pub static NO_OP_RECORD: Message =
    Message { name: "NoOpRecord", api_key: 20, added_in: V4_3, versions: Versions(0, 0), flexible: 0, fields: &[] };

/// `PartitionChangeRecord.json`.
pub static PARTITION_CHANGE_RECORD: Message = Message {
    name: "PartitionChangeRecord",
    api_key: 5,
    added_in: V4_3,
    versions: Versions(0, 2),
    flexible: 0,
    fields: &[
        field("partitionId", Int32).default(-1),
        field("topicId", Uuid),
        field("isr", Array(&Int32)).nullable().tag(0).default_null(),
        field("leader", Int32).tag(1).default(-2),
        field("replicas", Array(&Int32)).nullable().tag(2).default_null(),
        field("removingReplicas", Array(&Int32)).nullable().tag(3).default_null(),
        field("addingReplicas", Array(&Int32)).nullable().tag(4).default_null(),
        field("leaderRecoveryState", Int8).tag(5).default(-1),
        field("directories", Array(&Uuid)).since(1).nullable().tag(8).default_null(),
        field("eligibleLeaderReplicas", Array(&Int32)).since(2).nullable().tag(6).default_null(),
        field("lastKnownElr", Array(&Int32)).since(2).nullable().tag(7).default_null(),
    ],
};

/// `PartitionRecord.json`.
pub static PARTITION_RECORD: Message = Message {
    name: "PartitionRecord",
    api_key: 3,
    added_in: V4_3,
    versions: Versions(0, 2),
    flexible: 0,
    fields: &[
        field("partitionId", Int32).default(-1),
        field("topicId", Uuid),
        field("replicas", Array(&Int32)),
        field("isr", Array(&Int32)),
        field("removingReplicas", Array(&Int32)),
        field("addingReplicas", Array(&Int32)),
        field("leader", Int32).default(-1),
        field("leaderRecoveryState", Int8).tag(0),
        field("leaderEpoch", Int32).default(-1),
        field("partitionEpoch", Int32).default(-1),
        field("directories", Array(&Uuid)).since(1),
        field("eligibleLeaderReplicas", Array(&Int32)).since(2).nullable().tag(1).default_null(),
        field("lastKnownElr", Array(&Int32)).since(2).nullable().tag(2).default_null(),
    ],
};

/// `ProducerIdsRecord.json`.
pub static PRODUCER_IDS_RECORD: Message = Message {
    name: "ProducerIdsRecord",
    api_key: 15,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: 0,
    fields: &[field("brokerId", Int32), field("brokerEpoch", Int64).default(-1), field("nextProducerId", Int64)],
};

static REGISTER_BROKER_RECORD_BROKER_ENDPOINT: Struct = Struct {
    name: "BrokerEndpoint",
    highest: 4,
    fields: &[field("name", String), field("host", String), field("port", Uint16), field("securityProtocol", Int16)],
};

static REGISTER_BROKER_RECORD_BROKER_FEATURE: Struct = Struct {
    name: "BrokerFeature",
    highest: 4,
    fields: &[field("name", String), field("minSupportedVersion", Int16), field("maxSupportedVersion", Int16)],
};

/// `RegisterBrokerRecord.json`.
pub static REGISTER_BROKER_RECORD: Message = Message {
    name: "RegisterBrokerRecord",
    api_key: 0,
    added_in: V4_3,
    versions: Versions(0, 4),
    flexible: 0,
    fields: &[
        field("brokerId", Int32),
        field("isMigratingZkBroker", Bool).since(2),
        field("incarnationId", Uuid),
        field("brokerEpoch", Int64),
        field("endPoints", Array(&Struct(&REGISTER_BROKER_RECORD_BROKER_ENDPOINT))),
        field("features", Array(&Struct(&REGISTER_BROKER_RECORD_BROKER_FEATURE))),
        field("rack", String).nullable(),
        field("fenced", Bool).default(1),
        field("inControlledShutdown", Bool).since(1),
        field("logDirs", Array(&Uuid)).since(3).tag(0),
        field("cordonedLogDirs", Array(&Uuid)).since(4).nullable().tag(1).default_null(),
    ],
};

static REGISTER_CONTROLLER_RECORD_CONTROLLER_ENDPOINT: Struct = Struct {
    name: "ControllerEndpoint",
    highest: 0,
    fields: &[field("name", String), field("host", String), field("port", Uint16), field("securityProtocol", Int16)],
};

static REGISTER_CONTROLLER_RECORD_CONTROLLER_FEATURE: Struct = Struct {
    name: "ControllerFeature",
    highest: 0,
    fields: &[field("name", String), field("minSupportedVersion", Int16), field("maxSupportedVersion", Int16)],
};

/// `RegisterControllerRecord.json`.
pub static REGISTER_CONTROLLER_RECORD: Message = Message {
    name: "RegisterControllerRecord",
    api_key: 27,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: 0,
    fields: &[
        field("controllerId", Int32),
        field("incarnationId", Uuid),
        field("zkMigrationReady", Bool),
        field("endPoints", Array(&Struct(&REGISTER_CONTROLLER_RECORD_CONTROLLER_ENDPOINT))),
        field("features", Array(&Struct(&REGISTER_CONTROLLER_RECORD_CONTROLLER_FEATURE))),
    ],
};

/// `RemoveAccessControlEntryRecord.json`.
pub static REMOVE_ACCESS_CONTROL_ENTRY_RECORD: Message = Message {
    name: "RemoveAccessControlEntryRecord",
    api_key: 19,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: 0,
    fields: &[field("id", Uuid)],
};

/// `RemoveDelegationTokenRecord.json`.
pub static REMOVE_DELEGATION_TOKEN_RECORD: Message = Message {
    name: "RemoveDelegationTokenRecord",
    api_key: 26,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: 0,
    fields: &[field("tokenId", String)],
};

/// `RemoveTopicRecord.json`.
pub static REMOVE_TOPIC_RECORD: Message = Message {
    name: "RemoveTopicRecord",
    api_key: 9,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: 0,
    fields: &[field("topicId", Uuid)],
};

/// `RemoveUserScramCredentialRecord.json`.
pub static REMOVE_USER_SCRAM_CREDENTIAL_RECORD: Message = Message {
    name: "RemoveUserScramCredentialRecord",
    api_key: 22,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: 0,
    fields: &[field("name", String), field("mechanism", Int8)],
};

/// `TopicRecord.json`.
pub static TOPIC_RECORD: Message = Message {
    name: "TopicRecord",
    api_key: 2,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: 0,
    fields: &[field("name", String), field("topicId", Uuid)],
};

/// `UnfenceBrokerRecord.json`.
pub static UNFENCE_BROKER_RECORD: Message = Message {
    name: "UnfenceBrokerRecord",
    api_key: 8,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: 0,
    fields: &[field("id", Int32), field("epoch", Int64)],
};

/// `UnregisterBrokerRecord.json`.
pub static UNREGISTER_BROKER_RECORD: Message = Message {
    name: "UnregisterBrokerRecord",
    api_key: 1,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: 0,
    fields: &[field("brokerId", Int32), field("brokerEpoch", Int64)],
};

/// `UnregisterControllerRecord.json`.
pub static UNREGISTER_CONTROLLER_RECORD: Message = Message {
    name: "UnregisterControllerRecord",
    api_key: 29,
    added_in: V4_4,
    versions: Versions(0, 0),
    flexible: 0,
    fields: &[field("controllerId", Int32)],
};

/// `UserScramCredentialRecord.json`.
pub static USER_SCRAM_CREDENTIAL_RECORD: Message = Message {
    name: "UserScramCredentialRecord",
    api_key: 11,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: 0,
    fields: &[
        field("name", String),
        field("mechanism", Int8),
        field("salt", Bytes),
        field("storedKey", Bytes),
        field("serverKey", Bytes),
        field("iterations", Int32),
    ],
};

/// `ZkMigrationRecord.json`.
pub static ZK_MIGRATION_STATE_RECORD: Message = Message {
    name: "ZkMigrationStateRecord",
    api_key: 21,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: 0,
    fields: &[field("zkMigrationState", Int8)],
};

/// Records by type.
pub static RECORD_TYPES: &[&Message] = &[
    &REGISTER_BROKER_RECORD,
    &UNREGISTER_BROKER_RECORD,
    &TOPIC_RECORD,
    &PARTITION_RECORD,
    &CONFIG_RECORD,
    &PARTITION_CHANGE_RECORD,
    &FENCE_BROKER_RECORD,
    &UNFENCE_BROKER_RECORD,
    &REMOVE_TOPIC_RECORD,
    &DELEGATION_TOKEN_RECORD,
    &USER_SCRAM_CREDENTIAL_RECORD,
    &FEATURE_LEVEL_RECORD,
    &CLIENT_QUOTA_RECORD,
    &PRODUCER_IDS_RECORD,
    &BROKER_REGISTRATION_CHANGE_RECORD,
    &ACCESS_CONTROL_ENTRY_RECORD,
    &REMOVE_ACCESS_CONTROL_ENTRY_RECORD,
    &NO_OP_RECORD,
    &ZK_MIGRATION_STATE_RECORD,
    &REMOVE_USER_SCRAM_CREDENTIAL_RECORD,
    &BEGIN_TRANSACTION_RECORD,
    &END_TRANSACTION_RECORD,
    &ABORT_TRANSACTION_RECORD,
    &REMOVE_DELEGATION_TOKEN_RECORD,
    &REGISTER_CONTROLLER_RECORD,
    &CLEAR_ELR_RECORD,
    &UNREGISTER_CONTROLLER_RECORD,
];
