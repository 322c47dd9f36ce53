//! `ConsumerGroupDescribe`, key 69.
//!
//! Written by `tests/differential/rpc/make_tables.py` from the definitions of Kafka 4.3.0 named below.

use kafka_schema::table::*;

/// `ConsumerGroupDescribeRequest.json`.
pub static CONSUMER_GROUP_DESCRIBE_REQUEST: Message = Message {
    name: "ConsumerGroupDescribeRequest",
    api_key: 69,
    added_in: V4_3,
    versions: Versions(0, 1),
    flexible: 0,
    fields: &[field("groupIds", Array(&String)), field("includeAuthorizedOperations", Bool)],
};

static CONSUMER_GROUP_DESCRIBE_RESPONSE_TOPIC_PARTITIONS: Struct = Struct {
    name: "TopicPartitions",
    highest: MAX,
    fields: &[field("topicId", Uuid), field("topicName", String), field("partitions", Array(&Int32))],
};

static CONSUMER_GROUP_DESCRIBE_RESPONSE_ASSIGNMENT: Struct = Struct {
    name: "Assignment",
    highest: MAX,
    fields: &[field("topicPartitions", Array(&Struct(&CONSUMER_GROUP_DESCRIBE_RESPONSE_TOPIC_PARTITIONS)))],
};

static CONSUMER_GROUP_DESCRIBE_RESPONSE_MEMBER: Struct = Struct {
    name: "Member",
    highest: 1,
    fields: &[
        field("memberId", String),
        field("instanceId", String).nullable().default_null(),
        field("rackId", String).nullable().default_null(),
        field("memberEpoch", Int32),
        field("clientId", String),
        field("clientHost", String),
        field("subscribedTopicNames", Array(&String)),
        field("subscribedTopicRegex", String).nullable().default_null(),
        field("assignment", Struct(&CONSUMER_GROUP_DESCRIBE_RESPONSE_ASSIGNMENT)),
        field("targetAssignment", Struct(&CONSUMER_GROUP_DESCRIBE_RESPONSE_ASSIGNMENT)),
        field("memberType", Int8).since(1).default(-1).ignorable(),
    ],
};

static CONSUMER_GROUP_DESCRIBE_RESPONSE_DESCRIBED_GROUP: Struct = Struct {
    name: "DescribedGroup",
    highest: 1,
    fields: &[
        field("errorCode", Int16),
        field("errorMessage", String).nullable().default_null(),
        field("groupId", String),
        field("groupState", String),
        field("groupEpoch", Int32),
        field("assignmentEpoch", Int32),
        field("assignorName", String),
        field("members", Array(&Struct(&CONSUMER_GROUP_DESCRIBE_RESPONSE_MEMBER))),
        field("authorizedOperations", Int32).default(-2147483648),
    ],
};

/// `ConsumerGroupDescribeResponse.json`.
pub static CONSUMER_GROUP_DESCRIBE_RESPONSE: Message = Message {
    name: "ConsumerGroupDescribeResponse",
    api_key: 69,
    added_in: V4_3,
    versions: Versions(0, 1),
    flexible: 0,
    fields: &[
        field("throttleTimeMs", Int32),
        field("groups", Array(&Struct(&CONSUMER_GROUP_DESCRIBE_RESPONSE_DESCRIBED_GROUP))),
    ],
};

/// The API.
pub static CONSUMER_GROUP_DESCRIBE: Api = Api {
    key: 69,
    name: "ConsumerGroupDescribe",
    versions: Versions(0, 1),
    request: &CONSUMER_GROUP_DESCRIBE_REQUEST,
    response: &CONSUMER_GROUP_DESCRIBE_RESPONSE,
};
