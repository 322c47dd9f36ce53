//! `DeleteTopics`, key 20.
//!
//! Written by `tests/differential/rpc/make_tables.py` from the definitions of Kafka 4.3.0 named below.

use kafka_schema::table::*;

static DELETE_TOPICS_REQUEST_DELETE_TOPIC_STATE: Struct = Struct {
    name: "DeleteTopicState",
    highest: 6,
    fields: &[field("name", String).since(6).nullable().default_null(), field("topicId", Uuid).since(6)],
};

/// `DeleteTopicsRequest.json`.
pub static DELETE_TOPICS_REQUEST: Message = Message {
    name: "DeleteTopicsRequest",
    api_key: 20,
    added_in: V4_3,
    versions: Versions(1, 6),
    flexible: 4,
    fields: &[
        field("topics", Array(&Struct(&DELETE_TOPICS_REQUEST_DELETE_TOPIC_STATE))).since(6),
        field("topicNames", Array(&String)).versions(0, 5).ignorable(),
        field("timeoutMs", Int32),
    ],
};

static DELETE_TOPICS_RESPONSE_DELETABLE_TOPIC_RESULT: Struct = Struct {
    name: "DeletableTopicResult",
    highest: 6,
    fields: &[
        field("name", String).nullable_since(6),
        field("topicId", Uuid).since(6).ignorable(),
        field("errorCode", Int16),
        field("errorMessage", String).since(5).nullable().default_null().ignorable(),
    ],
};

/// `DeleteTopicsResponse.json`.
pub static DELETE_TOPICS_RESPONSE: Message = Message {
    name: "DeleteTopicsResponse",
    api_key: 20,
    added_in: V4_3,
    versions: Versions(1, 6),
    flexible: 4,
    fields: &[
        field("throttleTimeMs", Int32).ignorable(),
        field("responses", Array(&Struct(&DELETE_TOPICS_RESPONSE_DELETABLE_TOPIC_RESULT))),
    ],
};

/// The API.
pub static DELETE_TOPICS: Api = Api {
    key: 20,
    name: "DeleteTopics",
    versions: Versions(1, 6),
    request: &DELETE_TOPICS_REQUEST,
    response: &DELETE_TOPICS_RESPONSE,
};
