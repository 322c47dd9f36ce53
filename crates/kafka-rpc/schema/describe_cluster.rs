//! `DescribeCluster`, key 60.
//!
//! Written by `tests/differential/rpc/make_tables.py` from the definitions of Kafka 4.3.0 named below.

use kafka_schema::table::*;

/// `DescribeClusterRequest.json`.
pub static DESCRIBE_CLUSTER_REQUEST: Message = Message {
    name: "DescribeClusterRequest",
    api_key: 60,
    added_in: V4_3,
    versions: Versions(0, 2),
    flexible: 0,
    fields: &[
        field("includeClusterAuthorizedOperations", Bool),
        field("endpointType", Int8).since(1).default(1),
        field("includeFencedBrokers", Bool).since(2),
    ],
};

static DESCRIBE_CLUSTER_RESPONSE_DESCRIBE_CLUSTER_BROKER: Struct = Struct {
    name: "DescribeClusterBroker",
    highest: 2,
    fields: &[
        field("brokerId", Int32),
        field("host", String),
        field("port", Int32),
        field("rack", String).nullable().default_null(),
        field("isFenced", Bool).since(2),
    ],
};

/// `DescribeClusterResponse.json`.
pub static DESCRIBE_CLUSTER_RESPONSE: Message = Message {
    name: "DescribeClusterResponse",
    api_key: 60,
    added_in: V4_3,
    versions: Versions(0, 2),
    flexible: 0,
    fields: &[
        field("throttleTimeMs", Int32),
        field("errorCode", Int16),
        field("errorMessage", String).nullable().default_null(),
        field("endpointType", Int8).since(1).default(1),
        field("clusterId", String),
        field("controllerId", Int32).default(-1),
        field("brokers", Array(&Struct(&DESCRIBE_CLUSTER_RESPONSE_DESCRIBE_CLUSTER_BROKER))),
        field("clusterAuthorizedOperations", Int32).default(-2147483648),
    ],
};

/// The API.
pub static DESCRIBE_CLUSTER: Api = Api {
    key: 60,
    name: "DescribeCluster",
    versions: Versions(0, 2),
    request: &DESCRIBE_CLUSTER_REQUEST,
    response: &DESCRIBE_CLUSTER_RESPONSE,
};
