//! The calls of Kafka's `Admin`: thin functions over messages, with its retries.
//!
//! Where a call is for several topics, groups or the like, each has its own result; the error of the call itself says that the
//! cluster gave no answer.

mod acls;
mod cluster;
mod configs;
mod features;
mod groups;
mod offsets;
mod partitions;
mod quorum;
mod quotas;
mod replica_log_dirs;
mod scram;
mod topics;
mod transactions;

use std::time::Duration;

use kafka_rpc::ErrorCode;

use crate::cluster::Client;
use crate::error::{ApiError, ClientError};

pub use acls::{AccessControlEntry, AclBinding, AclFilter, ResourcePattern, create_acls, delete_acls, describe_acls};
pub use cluster::{
    BrokerLogDirs, ClusterDescription, DescribedBroker, LogDir, LogDirReplica, describe_cluster, describe_log_dirs,
    unregister_broker,
};
pub use configs::{
    AlterConfigOp, ConfigEntry, ConfigOperation, ConfigResource, ConfigResourceType, ConfigSource, describe_configs,
    incremental_alter_configs, list_config_resources,
};
pub use features::{FeatureDescription, UpgradeType, describe_features, update_features};
pub use groups::{
    CommittedOffset, ConsumerMember, GroupDescription, GroupListing, GroupMember, alter_group_offsets,
    delete_group_offsets, delete_groups, describe_group, list_group_offsets, list_groups,
};
pub use offsets::{IsolationLevel, ListedOffset, OffsetSpec, delete_records, list_offsets};
pub use partitions::{
    ElectionType, PartitionReassignment, alter_partition_reassignments, create_partitions, elect_leaders,
    list_partition_reassignments,
};
pub use quorum::{
    Quorum, QuorumNode, QuorumReplica, VoterEndpoint, add_raft_voter, describe_metadata_quorum, remove_raft_voter,
};
pub use quotas::{QuotaEntity, QuotaMatch, Quotas, alter_client_quotas, describe_client_quotas};
pub use replica_log_dirs::{ReplicaLogDirs, TopicPartitionReplica, alter_replica_log_dirs, describe_replica_log_dirs};
pub use scram::{ScramUpsertion, alter_user_scram_credentials, describe_user_scram_credentials};
pub use topics::{
    PartitionDescription, TopicDescription, create_topics, delete_topics, describe_topics, describe_topics_by_id,
    list_topics,
};
pub use transactions::{
    ProducerState, TransactionDescription, TransactionFilter, TransactionListing, TransactionToAbort,
    abort_transaction, describe_producers, describe_transaction, force_terminate_transaction, list_transactions,
};

/// Results by what they are of: by name, unless said otherwise.
pub type Results<T, K = String> = Vec<(K, Result<T, ApiError>)>;

/// `Err` for an error that makes the whole call worth another attempt, at the controller that there is then.
fn still_controller(code: i16) -> Result<(), ClientError> {
    match ErrorCode::from_code(code) {
        Some(code @ ErrorCode::NotController) => Err(ApiError { code, message: None }.into()),
        _ => Ok(()),
    }
}

/// The time that a request gives a broker for its work.
fn timeout_ms(client: &Client) -> i32 {
    let timeout: Duration = client.config().connection.request_timeout;
    i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX)
}

/// The error of an item in a response, as its result.
fn result<T>(code: i16, message: Option<&str>, value: T) -> Result<T, ApiError> {
    ApiError::check(code, message).map(|()| value)
}
